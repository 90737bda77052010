"""What systemd knows of pins, and what it does to them: it writes the cpusets of its units anew from their properties."""

import contextlib
import time

import pytest

from objects import NAMESPACE
from guest import CPUS, FULL_LOOKS, PATIENCE
from rest import eventually

PINNED = {4, 5, 12}


@pytest.fixture
def pinned(guest, unbound):
    """The UID of a Pod on CPUs of both NUMA nodes, of which systemd knows."""
    guest.bind("one", PINNED, level="CPU")
    guest.applied("one")
    guest.wait_on(unbound["one"], PINNED)
    guest.wait_told(unbound["one"], PINNED)
    return unbound["one"]


@contextlib.contextmanager
def stopped(guest):
    """No D-Bus is there. systemctl needs none."""
    guest.sh("systemctl stop dbus.socket dbus.service")
    try:
        yield
    finally:
        guest.sh("systemctl start dbus.socket dbus.service")


@contextlib.contextmanager
def mute(guest):
    """D-Bus takes connections, and never answers."""
    guest.sh("kill -STOP $(pidof dbus-daemon)")
    try:
        yield
    finally:
        guest.sh("kill -CONT $(pidof dbus-daemon)")


def test_systemd_knows_pins_and_when_they_change_and_end(guest, unbound):
    drifts = guest.drifts()
    for cpus in (PINNED, {9}, {0, 15}):
        guest.bind("one", cpus)
        guest.wait_on(unbound["one"], cpus)
        guest.wait_told(unbound["one"], cpus)
    guest.delete("pcb", "one")
    guest.wait_told(unbound["one"], ())
    guest.wait_in_pool(unbound["one"], CPUS)
    # What systemd writes because of what it was told is no drift.
    assert guest.drifts() == drifts


def test_systemd_knows_the_shared_pool_for_as_long_as_it_has_not_all_cpus(guest, unbound):
    guest.told(unbound["other"], ())
    for own in ({4, 5, 12}, {4, 5, 6, 12}):
        guest.bind("one", own, level="CPU")
        guest.wait_in_pool(unbound["other"], CPUS - own)
        guest.wait_told_pool(unbound["other"], CPUS - own)
        guest.sh("systemctl daemon-reload")
        guest.in_pool(unbound["other"], CPUS - own)
    guest.delete("pcb", "one")
    guest.wait_told_pool(unbound["other"], ())
    guest.in_pool(unbound["other"], CPUS)


def test_a_new_pod_is_where_it_belongs_while_systemd_makes_its_units(guest, unbound, pinned):
    before = guest.drifts()
    with guest.observed() as seen:
        guest.create("new")
        new = guest.uid("new")
        guest.create("new-bound", scheduler="maestro", workload="cpu-bound", cpu="1", level="CPU")
        bound, cpus = guest.uid("new-bound"), guest.granted("new-bound-pcb")
        pool = CPUS - PINNED - cpus
        guest.wait_in_pool(new, pool)
        guest.wait_on(bound, cpus)
        guest.wait_told_pool(new, pool)
    assert seen.between(new, CPUS - PINNED, pool), seen.of(new)
    assert seen.between(bound, cpus), seen.of(bound)
    assert guest.drifts() == before
    guest.drop("pod", "new", "new-bound")


def test_what_has_not_changed_is_not_told_again(guest, unbound, pinned):
    def after_two_looks() -> float:
        looks = guest.metric("actimanager_reconciles_total")
        eventually(lambda: guest.metric("actimanager_reconciles_total") >= looks + 2, PATIENCE, every=0.5)
        return guest.metric("actimanager_unit_writes_total")

    # Those in the shared pool, the agent's own Pod among them, are told of it a moment after the pin.
    guest.wait_told_pool(unbound["other"], CPUS - PINNED)
    before = after_two_looks()
    assert after_two_looks() == before


@pytest.mark.parametrize("command, times", [("daemon-reload", 5), ("daemon-reexec", 2)])
def test_a_pin_is_kept_when_systemd_begins_anew(guest, pinned, command, times):
    before = guest.drifts()
    for _ in range(times):
        guest.sh(f"systemctl {command}")
        guest.on(pinned, PINNED)
    # An unrelated change makes systemd write all that it has of a unit.
    for unit in guest.told(pinned, PINNED):
        guest.sh(f"systemctl set-property --runtime {unit} CPUWeight=77")
        guest.on(pinned, PINNED)
    guest.told(pinned, PINNED)
    assert guest.drifts() == before


def test_a_property_that_somebody_else_sets_is_put_back(guest, pinned):
    before = guest.drifts()
    for unit in guest.properties(pinned):
        guest.sh(f"systemctl set-property --runtime {unit} AllowedCPUs=0-15")
        guest.wait_told(pinned, PINNED)
        guest.wait_on(pinned, PINNED)
    assert guest.drifts() > before
    guest.sh("systemctl daemon-reload")
    guest.on(pinned, PINNED)


@pytest.mark.parametrize("broken", [stopped, mute])
def test_without_dbus_the_files_alone_hold_pins_until_it_is_back(guest, unbound, broken):
    def told() -> int:
        log = guest.api.kubectl("logs", "-n", NAMESPACE, "daemonset/actimanager")
        return log.count("systemd cannot be told of pins")

    guest.wait_told(unbound["one"], ())
    restarts, before = guest.agent()["restarts"], told()
    with broken(guest):
        guest.bind("one", PINNED)
        guest.wait_on(unbound["one"], PINNED)
        eventually(lambda: told() > before, PATIENCE, every=0.5)
        time.sleep(2 * FULL_LOOKS[guest.variant])  # more attempts: one line of the log
        guest.on(unbound["one"], PINNED)
        guest.told(unbound["one"], ())
        assert told() == before + 1
    guest.wait_told(unbound["one"], PINNED)
    assert guest.agent() == {"ready": True, "restarts": restarts}


def test_an_agent_that_was_away_finds_what_its_properties_are(guest, unbound, pinned):
    guest.bind("two", {8})
    guest.wait_told(unbound["two"], {8})
    guest.wait_told_pool(unbound["other"], CPUS - PINNED)
    time.sleep(1)  # the agent's own Pod is told the pool with the other one
    with guest.agent_away():
        guest.delete("pcb", "two")
    guest.wait_told_pool(unbound["two"], CPUS - PINNED)
    guest.wait_told(pinned, PINNED)
    # Of what was right nothing was told: the slice of the other one was.
    assert guest.metric("actimanager_unit_writes_total") == 1


def test_reset_takes_the_properties_back(guest, pinned):
    guest.sh("kill -STOP $(pidof actimanager)")
    try:
        assert "AllowedCPUs: 4-5,12 -> none" in guest.reset("--dry-run")
        guest.told(pinned, PINNED)
        assert "properties taken back" in guest.reset("--force")
        guest.told(pinned, ())
        guest.sh("systemctl daemon-reload")
        guest.in_pool(pinned, CPUS)
    finally:
        guest.sh("kill -CONT $(pidof actimanager)")
    # The agent that was not asked pins anew.
    guest.wait_on(pinned, PINNED)
    guest.wait_told(pinned, PINNED)
