"""Bindings made by hand on running Pods of the guest."""

import pytest

from guest import CPUS


def test_a_binding_moves_a_running_pod_and_its_deletion_frees_it(guest, unbound):
    for cpus in ({3, 12}, {9}, {4, 5, 6, 7}):
        guest.bind("one", cpus)
        guest.applied("one")
        guest.wait_on(unbound["one"], cpus)
    guest.delete("pcb", "one")
    guest.wait_in_pool(unbound["one"], CPUS)


@pytest.mark.parametrize("level, exclusive", [("CPU", {10}), ("Core", {10, 11}), ("Socket", set(range(8, 16))),
                                              ("NUMA", set(range(8, 16)))])
def test_an_exclusive_binding_sends_the_others_away(guest, unbound, level, exclusive):
    guest.bind("one", {10}, level=level)
    guest.applied("one")
    guest.wait_on(unbound["one"], {10})
    guest.wait_in_pool(unbound["other"], CPUS - exclusive)
