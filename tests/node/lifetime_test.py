"""Pods of every kind of container, on their CPUs from the first thread to the last, whatever is restarted meanwhile.
ACTI_TEST_ROUNDS: how often twelve Pods come and go at once."""

import contextlib
import json

import pytest

from churn import PODS, Churn, rounds
from guest import CPUS, PATIENCE, SLEEPS
from observer import Seen
from rest import Rest, eventually

pytestmark = pytest.mark.guests("v2-linux6.1")


@pytest.fixture(scope="module", autouse=True)
def crun(guest):
    guest.api.apply({"apiVersion": "node.k8s.io/v1", "kind": "RuntimeClass", "metadata": {"name": "crun"}, "handler": "crun"})
    yield
    guest.delete("runtimeclass", "crun")


def add_ephemeral(guest, name: str) -> None:
    """A container that is added to the running Pod; once it runs."""
    patch = {"spec": {"ephemeralContainers": [{"name": "ephemeral", **SLEEPS}]}}
    guest.api.kubectl("patch", "pod", name, "--subresource=ephemeralcontainers", "-p", json.dumps(patch))

    def running():
        (state,) = guest.rest.get("pods", name)["status"].get("ephemeralContainerStatuses", [])
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
    """The observer saw the Pod's processes and those of runc that start them, and none of their threads ever outside. (crun
    is gone before anybody looks.)"""
    found = {s.name for s in seen.of(uid)}
    assert found >= {"sleep", "usleep"} and (runtime == "crun" or any(name.startswith(runtime) for name in found)), found
    outside = seen.roaming({uid: cpus})
    assert not outside, f"not on {sorted(cpus)}: {outside[:3]} of {len(outside)}"


def test_every_container_of_a_pod_is_on_its_cpus_all_its_life(guest, unbound):
    names = {"runc": "whole", "crun": "whole-crun"}  # by who runs their containers
    with guest.observed() as seen, reloads(guest):
        guest.create_whole(names["runc"])
        guest.create_whole(names["crun"], runtimeClassName="crun")
        uids = {runtime: guest.uid(name) for runtime, name in names.items()}
        cpus = {runtime: guest.granted(f"{name}-pcb") for runtime, name in names.items()}
        for unit in ("containerd", "kubelet"):
            guest.sh(f"systemctl restart {unit}")
            eventually(guest.kubelet_is_healthy, PATIENCE, every=1)
        for runtime, name in names.items():
            add_ephemeral(guest, name)
            guest.exec(name, "sh", "-c", "sleep 1; exec usleep 200000")
            guest.uid(name)  # as many cgroups as it has now
            guest.wait_on(uids[runtime], cpus[runtime])
        guest.wait_in_pool(unbound["other"], CPUS - cpus["runc"] - cpus["crun"])
        guest.delete("pod", *names.values())
        for uid in uids.values():
            eventually(lambda: not guest.slice_of(uid), PATIENCE, every=0.5)
    for runtime, uid in uids.items():
        hold(seen, uid, cpus[runtime], runtime)
        assert len({s.thread for s in seen.of(uid)}) >= 6


def test_pods_that_come_and_go_at_once_are_never_where_they_do_not_belong(guest):
    turns = rounds(1)
    with guest.observed() as seen, Churn(Rest(guest.api.kubeconfig)) as churn:
        for number in range(turns):
            churn.turn(number, exclusive=PODS // 3, patience=2 * PATIENCE)
    print(churn.check(seen, turns, exclusive=PODS // 3))
