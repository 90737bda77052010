"""What a kernel without remote partitions refuses, and what it leaves as it was: Linux 6.1, cgroup v2."""

import pytest

from guest import CPUS
from partitions import exclusive_lists, refused, states

pytestmark = pytest.mark.guests("v2-linux6.1")


def test_an_isolated_partition_is_refused_and_the_pod_is_pinned_all_the_same(guest, unbound):
    assert guest.sh("uname -r").startswith("6.1.")
    written = guest.metric("actimanager_cpuset_writes_total")
    refused(guest, unbound, "isolated invalid (Parent is not a partition root)")
    assert guest.metric("actimanager_cpuset_writes_total") > written
    assert states(guest) == {"member"} and exclusive_lists(guest) == {}
    guest.delete("pcb", "one")
    guest.wait_in_pool(unbound["one"], CPUS)
