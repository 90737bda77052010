"""Bindings made by hand on running Pods of the guest."""

import pytest

from guest import CPUS, PATIENCE
from objects import condition
from rest import eventually


def test_a_binding_moves_a_running_pod_and_its_deletion_frees_it(guest, unbound):
    for cpus in ({3, 12}, {9}, {4, 5, 6, 7}):
        guest.bind("one", cpus)
        guest.applied("one")
        guest.wait_on(unbound["one"], cpus)
    guest.delete("pcb", "one")
    guest.wait_in_pool(unbound["one"], CPUS)


@pytest.fixture
def narrow(guest):
    """Leaves all Pods these CPUs, as an administrator may; "": what they had. (A level with Pods cannot ask for none again.)"""
    before = guest.sh(f"cat {guest.kubepods}/cpuset.cpus").strip() or "0-15"

    def leave(cpus: str) -> None:
        guest.sh(f"echo '{cpus or before}' >{guest.kubepods}/cpuset.cpus")

    yield leave
    leave("")


def test_what_a_level_above_withholds_is_told_and_made_good(guest, unbound, narrow):
    """Cgroup v2 takes CPUs that the level above has not got, and does not grant them: nobody's write fails."""
    narrow("0-5,8-15")
    guest.bind("one", {4, 5, 6, 7})

    def told():
        binding = guest.rest.get("podcpubindings", "one")
        applied = condition(binding, "Applied")
        assert (binding["status"]["resourceStatus"], applied["status"], applied["reason"]) == ("Failed", "False", "KernelRefused")
        assert applied["message"].startswith(f"CPU 6-7 is not granted: {guest.kubepods} has only 0-5,8-15"), applied
        return True

    eventually(told, PATIENCE, every=0.5)
    guest.wait_on(unbound["one"], {4, 5})
    guest.bind("one", {8})
    guest.applied("one")
    guest.bind("one", {4, 5, 6, 7})
    eventually(told, PATIENCE, every=0.5)
    narrow("")
    guest.applied("one")
    guest.wait_on(unbound["one"], {4, 5, 6, 7})


@pytest.mark.parametrize("level, exclusive", [("CPU", {10}), ("Core", {10, 11}), ("Socket", set(range(8, 16))),
                                              ("NUMA", set(range(8, 16)))])
def test_an_exclusive_binding_sends_the_others_away(guest, unbound, level, exclusive):
    guest.bind("one", {10}, level=level)
    guest.applied("one")
    guest.wait_on(unbound["one"], {10})
    guest.wait_in_pool(unbound["other"], CPUS - exclusive)
