"""A node that is booted again, with Pods on CPUs of their own."""

import subprocess

import pytest

from guest import CPUS, PATIENCE
from objects import condition
from rest import eventually

pytestmark = pytest.mark.guests("v2-linux6.1")


def test_a_node_that_is_booted_again_has_its_pods_back_on_their_cpus(guest, unbound):
    guest.create_whole("whole")
    uid = guest.uid("whole")
    cpus = guest.granted("whole-pcb")
    alone = {max(CPUS - cpus)}
    guest.bind("one", alone, level="CPU")
    guest.applied("one")
    booted = guest.sh("cat /proc/sys/kernel/random/boot_id")
    guest.api.command("reset", timeout=PATIENCE)

    def again() -> bool:
        try:
            return guest.sh("cat /proc/sys/kernel/random/boot_id", check=False) not in ("", booted)
        except subprocess.TimeoutExpired:
            return False

    eventually(again, 2 * PATIENCE, every=2)
    eventually(lambda: guest.agent()["ready"] and guest.kubelet_is_healthy(), 2 * PATIENCE, every=1)
    for name in ("whole", "one", "other"):
        eventually(lambda: guest.restarted(name), 2 * PATIENCE, every=1)
    guest.wait_on(uid, cpus, PATIENCE)
    guest.wait_on(unbound["one"], alone, PATIENCE)
    guest.wait_in_pool(unbound["other"], CPUS - cpus - alone, PATIENCE)
    assert guest.granted("whole-pcb") == cpus
    assert condition(guest.api.get("pcb", "one"), "Applied")["status"] == "True"
    guest.delete("pod", "whole")
