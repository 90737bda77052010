"""What the program says of Pods and nodes, against what kube-scheduler's plugins say."""

import pytest

from clusters.families import COMPARED

_MIXED = 0.4


def test_all_families(differ):
    differ(_MIXED)


@pytest.mark.parametrize("family", COMPARED)
def test_family(differ, family):
    differ((1 - _MIXED) / len(COMPARED), [family])
