"""Tests of scripts/cluster itself."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from cluster import cluster  # noqa: E402


@pytest.fixture(scope="module")
def real():
    """A cluster with a real node."""
    with cluster("cluster-test-node", "--node") as instance:
        yield instance
