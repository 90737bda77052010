"""CPUs that go offline and come back while Pods run on them."""

import pytest

from guest import CPUS, PATIENCE
from objects import condition
from rest import eventually

pytestmark = pytest.mark.guests("v2", "v1")


@pytest.fixture
def bound(guest, unbound):
    """One Pod on a CPU, one on two, and one in the shared pool."""
    guest.bind("one", {4}, level="CPU")
    guest.bind("two", {12, 14}, level="CPU")
    guest.applied("one")
    guest.applied("two")
    yield unbound
    for cpu in sorted(CPUS - guest.online()):
        guest.set_online(cpu, True)


def held(guest, uids, one, two, pool):
    if one:
        guest.wait_on(uids["one"], one)
    else:  # who has no CPU left runs with the others: a set is never empty
        guest.wait_in_pool(uids["one"], pool)
    guest.wait_on(uids["two"], two)
    guest.wait_in_pool(uids["other"], pool)


def published(guest, cpus):
    # Whoever asks now is to know: not after a minute, as when each write that another crossed was waited for.
    eventually(lambda: set(guest.topology()["spec"]["topology"]["cpus"]) == cpus, 30, every=0.5)


def degraded(guest, name, *expected):
    """What the binding's condition Degraded is: its status, reason and message."""
    def said():
        found = condition(guest.rest.get("podcpubindings", name), "Degraded")
        assert tuple(found.get(key, "") for key in ("status", "reason", "message")) == expected, found
        return True

    eventually(said, PATIENCE, every=0.5)


@pytest.mark.parametrize("cpu, one, two", [(7, {4}, {12, 14}), (14, {4}, {12}), (4, None, {12, 14})],
                         ids=["a CPU of the pool", "one of a Pod's two", "a Pod's only one"])
def test_a_cpu_goes_offline_and_comes_back(guest, bound, cpu, one, two):
    pool = CPUS - {4, 12, 14}
    held(guest, bound, {4}, {12, 14}, pool)
    hit = {4: "one", 14: "two"}.get(cpu)  # whose CPU it is
    refused = guest.metric("actimanager_cpuset_errors_total")
    with guest.observed() as seen:
        guest.set_online(cpu, False)
        published(guest, CPUS - {cpu})
        held(guest, bound, one, two, pool - {cpu})
        if hit:
            degraded(guest, hit, "True", "CPUOffline", f"CPU {cpu} is offline")
        guest.set_online(cpu, True)
        published(guest, CPUS)
        held(guest, bound, {4}, {12, 14}, pool)
    for name in ("one", "two"):
        guest.applied(name)
    # Also where the kernel gives a CPU back to no cgroup, nothing was tried that it refuses.
    assert guest.metric("actimanager_cpuset_errors_total") == refused
    if hit:
        degraded(guest, hit, "False", "Recovered", "")
    # Who has lost its only CPU is anywhere until the agent sees that: so the kernel has it. All others are where they belong.
    assert seen.between(bound["two"], {12, 14}, two), seen
    assert seen.between(bound["other"], pool, pool - {cpu}), seen
    if one:
        assert seen.between(bound["one"], {4}), seen
