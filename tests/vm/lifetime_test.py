"""Pods of every kind of container, on their CPUs from the first thread to the last, whatever is restarted meanwhile."""

import contextlib
import json
import subprocess

import pytest

from guest import CPUS, PATIENCE
from objects import condition
from observer import Seen
from rest import eventually

_IMAGE = {"image": "localhost/busybox:1", "imagePullPolicy": "Never"}
_SLEEP = {**_IMAGE, "command": ["sleep", "infinity"]}


@pytest.fixture(scope="module", autouse=True)
def crun(guest):
    guest.api.apply({"apiVersion": "node.k8s.io/v1", "kind": "RuntimeClass", "metadata": {"name": "crun"}, "handler": "crun"})
    yield
    guest.delete("runtimeclass", "crun")


def create(guest, name: str, **spec) -> None:
    """An init container that ends, a sidecar, a main container; alone on two cores."""
    init = [{"name": "init", **_IMAGE, "command": ["sleep", "1"]}, {"name": "sidecar", "restartPolicy": "Always", **_SLEEP}]
    guest.create(name, scheduler="maestro", workload="cpu-bound", cpu="2", level="CPU", initContainers=init, **spec)


def add_ephemeral(guest, name: str) -> None:
    """A container that is added to the running Pod; once it runs."""
    patch = {"spec": {"ephemeralContainers": [{"name": "ephemeral", **_SLEEP}]}}
    guest.api.kubectl("patch", "pod", name, "--subresource=ephemeralcontainers", "-p", json.dumps(patch))

    def running():
        (state,) = guest.api.get("pod", name)["status"].get("ephemeralContainerStatuses", [])
        return "running" in state["state"]

    eventually(running, PATIENCE, every=0.5)


@contextlib.contextmanager
def reloads(guest):
    """systemd reads its units anew, again and again."""
    guest.sh("systemd-run --quiet --collect --unit=reloads sh -c 'while :; do systemctl daemon-reload; sleep 1; done'")
    try:
        yield
    finally:
        guest.sh("systemctl stop reloads")


def hold(seen: Seen, uid: str, cpus: frozenset[int], runtime: str) -> None:
    """The observer saw the Pod's processes and the runtime's that start them, and none of their threads ever outside."""
    found = {s.name for s in seen.of(uid)}
    assert found >= {"sleep", "usleep"} and any(name.startswith(runtime) for name in found), found
    outside = seen.roaming({uid: cpus})
    assert not outside, f"not on {sorted(cpus)}: {outside[:3]} of {len(outside)}"


@pytest.mark.parametrize("runtime", ["runc", "crun"])
def test_every_container_of_a_pod_is_on_its_cpus_all_its_life(guest, unbound, runtime):
    spec = {"runtimeClassName": runtime} if runtime != "runc" else {}
    with guest.observed() as seen, reloads(guest):
        create(guest, "whole", **spec)
        uid = guest.uid("whole")
        cpus = guest.granted("whole-pcb")
        for unit in ("containerd", "kubelet"):
            guest.sh(f"systemctl restart {unit}")
            eventually(guest.kubelet_is_healthy, PATIENCE, every=1)
        add_ephemeral(guest, "whole")
        guest.exec("whole", "sh", "-c", "sleep 1; exec usleep 200000")
        guest.uid("whole")  # as many cgroups as it has now
        guest.wait_on(uid, cpus)
        guest.wait_in_pool(unbound["other"], CPUS - cpus)
        guest.delete("pod", "whole")
        eventually(lambda: not guest.slice_of(uid), PATIENCE, every=0.5)
    hold(seen, uid, cpus, runtime)
    assert len({s.thread for s in seen.of(uid)}) >= 6


def test_a_node_that_is_booted_again_has_its_pods_back_on_their_cpus(guest, unbound):
    create(guest, "whole")
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
