"""Bindings made by hand on running Pods of the guest."""

import pytest

from guest import CPUS


@pytest.fixture(autouse=True)
def empty(guest):
    guest.clear()
    yield
    guest.clear()


def test_a_binding_moves_a_running_pod_and_its_deletion_frees_it(guest):
    guest.create("moved")
    uid = guest.uid("moved")
    guest.wait_on(uid, CPUS)
    for cpus in ({3, 12}, {9}, {4, 5, 6, 7}):
        guest.bind("moved", cpus)
        guest.applied("moved")
        guest.wait_on(uid, cpus)
    guest.delete("pcb", "moved")
    guest.wait_on(uid, CPUS)


@pytest.mark.parametrize("level, exclusive", [("CPU", {10}), ("Core", {10, 11}), ("Socket", set(range(8, 16))),
                                              ("NUMA", set(range(8, 16)))])
def test_an_exclusive_binding_sends_the_others_away(guest, level, exclusive):
    for name in ("mine", "other"):
        guest.create(name)
    mine, other = guest.uid("mine"), guest.uid("other")
    guest.bind("mine", {10}, level=level)
    guest.applied("mine")
    guest.wait_on(mine, {10})
    guest.wait_on(other, CPUS - exclusive)
    guest.delete("pcb", "mine")
    guest.wait_on(mine, CPUS)
    guest.wait_on(other, CPUS)
