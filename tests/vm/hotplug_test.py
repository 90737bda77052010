"""CPUs that go offline and come back while Pods run on them."""

import pytest

from guest import CPUS, PATIENCE
from rest import eventually


@pytest.fixture
def pods(guest):
    """Two pinned Pods, one with a CPU, one with two, and one with the shared pool."""
    guest.clear()
    for name in ("one", "two", "shared"):
        guest.create(name)
    uids = {name: guest.uid(name) for name in ("one", "two", "shared")}
    guest.bind("one", {4}, level="CPU")
    guest.bind("two", {12, 14}, level="CPU")
    guest.applied("one")
    guest.applied("two")
    yield uids
    for cpu in sorted(CPUS - guest.online()):
        guest.set_online(cpu, True)
    guest.clear()


def held(guest, uids, one, two, shared):
    guest.wait_on(uids["one"], one)
    guest.wait_on(uids["two"], two)
    guest.wait_on(uids["shared"], shared)


def published(guest, cpus):
    eventually(lambda: set(guest.topology()["spec"]["topology"]["cpus"]) == cpus, PATIENCE, every=0.5)


@pytest.mark.parametrize("cpu, one, two", [(7, {4}, {12, 14}), (14, {4}, {12}), (4, None, {12, 14})],
                         ids=["a CPU of the pool", "one of a Pod's two", "a Pod's only one"])
def test_a_cpu_goes_offline_and_comes_back(guest, pods, cpu, one, two):
    pool = CPUS - {4, 12, 14}
    held(guest, pods, {4}, {12, 14}, pool)
    guest.set_online(cpu, False)
    published(guest, CPUS - {cpu})
    # Who has none left runs with the others: a set is never empty.
    held(guest, pods, one or pool, two, pool - {cpu})
    guest.set_online(cpu, True)
    published(guest, CPUS)
    held(guest, pods, {4}, {12, 14}, pool)
    for name in ("one", "two"):
        guest.applied(name)
