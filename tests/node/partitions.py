"""Isolated partitions: what the guest's kernel has of them, and a Pod for which it refuses one."""

from guest import CPUS

ALONE = frozenset({6, 7})


def exclusive_lists(guest) -> dict[str, str]:
    """All that have something in them, by their cgroup's path."""
    lines = guest.sh("cd /sys/fs/cgroup && grep -rsH . --include=cpuset.cpus.exclusive . || true").splitlines()
    return {path.removesuffix("/cpuset.cpus.exclusive"): text for path, _, text in (x.partition(":") for x in lines)}


def states(guest) -> set[str]:
    """Of all cgroups."""
    return set(guest.sh("cat $(find /sys/fs/cgroup -name cpuset.cpus.partition)").splitlines())


def refused(guest, uids: dict[str, str], why: str) -> None:
    """A Pod that is to be isolated is not, for that reason, and is pinned all the same."""
    guest.bind("one", ALONE, level="CPU", isolation="partition")
    guest.applied("one")
    about = guest.said("one", "Isolated", "KernelRefused")
    assert about["status"] == "False" and why in about["message"], about
    guest.wait_on(uids["one"], ALONE)
    guest.wait_in_pool(uids["other"], CPUS - ALONE)
