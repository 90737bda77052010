"""What a kernel without remote partitions refuses, and what it leaves as it was: Linux 6.1, cgroup v2."""

import pytest

from guest import CPUS

pytestmark = pytest.mark.guests("v2-linux6.1")

ALONE = frozenset({6, 7})


def test_an_isolated_partition_is_refused_and_the_pod_is_pinned_all_the_same(guest, unbound):
    assert guest.sh("uname -r").startswith("6.1.")
    written = guest.metric("actimanager_cpuset_writes_total")
    guest.bind("one", ALONE, level="CPU", isolation="partition")
    guest.applied("one")
    about = guest.said("one", "Isolated", "KernelRefused")
    assert about["status"] == "False" and "isolated invalid (Parent is not a partition root)" in about["message"], about
    guest.wait_on(unbound["one"], ALONE)
    guest.wait_in_pool(unbound["other"], CPUS - ALONE)
    assert guest.metric("actimanager_cpuset_writes_total") > written
    partitions = guest.sh("cat $(find /sys/fs/cgroup -name cpuset.cpus.partition)").split()
    assert set(partitions) == {"member"}
    assert guest.sh("grep -rs '' /sys/fs/cgroup --include=cpuset.cpus.exclusive || true") == ""
    guest.delete("pcb", "one")
    guest.wait_in_pool(unbound["one"], CPUS)
