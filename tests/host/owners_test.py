"""Somebody else owns the cpusets of the node: the agent keeps off, says so, and is back when he is gone."""

import contextlib
import json

import pytest

from kernel import cpuset_directories, cpusets
from objects import condition
from rest import eventually

GUARANTEED = {"name": "main", "image": "localhost/busybox:1", "imagePullPolicy": "Never", "command": ["sleep", "infinity"],
              "resources": {"limits": {"cpu": "1", "memory": "32Mi"}}}


def set_policy(node, **settings) -> None:
    """Starts the kubelet with another configuration, as an administrator has to: without its old state."""
    config = node.kubelet / "config.json"
    node.api.command("kill", "kubelet")
    config.write_text(json.dumps(json.loads(config.read_text()) | settings, indent=1))
    (node.kubelet / "root" / "cpu_manager_state").unlink()
    node.api.command("start", "kubelet")


@pytest.fixture
def static_kubelet(node):
    """Turns the kubelet's CPU manager to its static policy, with CPU `reserved` for the system; it is put back later."""
    before = (node.kubelet / "config.json").read_text()

    @contextlib.contextmanager
    def turn(reserved: int):
        set_policy(node, cpuManagerPolicy="static", reservedSystemCPUs=str(reserved))
        try:
            yield
        finally:
            node.api.command("kill", "kubelet")
            (node.kubelet / "config.json").write_text(before)
            (node.kubelet / "root" / "cpu_manager_state").unlink()
            node.api.command("start", "kubelet")

    return turn


def topology(node) -> dict:
    return node.api.get("nct", f"{node.api.node()}-cputopology")


def node_events(node) -> set[str]:
    uid = node.api.get("node", node.api.node())["metadata"]["uid"]
    return set(node.api.kubectl("get", "events", "-n", "default", "--field-selector", f"involvedObject.uid={uid}",
                                "-o", "jsonpath={.items[*].reason}").split())


def writes(agent) -> float:
    return agent.metrics()["actimanager_cpuset_writes_total"]


def test_a_static_kubelet_is_not_fought_and_pinning_goes_on_when_it_is_none_again(node, start, static_kubelet):
    agent = start("--reconcile-period=1s")
    first, second = sorted(node.cpus)[:2]
    with static_kubelet(reserved=first):
        eventually(lambda: condition(topology(node), "Undisturbed").get("reason") == "KubeletCPUManager", 20)
        before = writes(agent)
        uid = node.run("owned", containers=[GUARANTEED])
        # The kubelet's own pin: the container that asked for one whole CPU has the one that is not reserved.
        eventually(lambda: frozenset({second}) in cpusets(uid).values(), 20)
        node.bind("owned", {first})
        status = node.wait_status("owned", "Failed")
        applied = node.condition(status, "Applied")
        assert applied["status"] == "False" and applied["reason"] == "KubeletCPUManager", applied
        assert "policy static" in applied["message"] and str(node.kubelet) in applied["message"]
        reconciles = agent.metrics()["actimanager_reconciles_total"]
        eventually(lambda: agent.metrics()["actimanager_reconciles_total"] > reconciles + 2, 20)
        assert frozenset({second}) in cpusets(uid).values(), cpusets(uid)
        assert writes(agent) == before
        assert agent.get("/readyz")[0] == 503
        assert "KubeletCPUManager" in node_events(node)
    node.wait_status("owned", "Applied")
    node.wait_on(uid, {first})
    eventually(lambda: condition(topology(node), "Undisturbed") == {}, 20)
    eventually(lambda: "PinningResumed" in node_events(node), 20)
    assert agent.get("/readyz")[0] == 200


def test_an_agent_that_starts_on_a_node_with_a_static_kubelet_moves_nobody(node, start, static_kubelet):
    first, second = sorted(node.cpus)[:2]
    with static_kubelet(reserved=first):
        uid = node.run("owned", containers=[GUARANTEED])
        eventually(lambda: frozenset({second}) in cpusets(uid).values(), 20)
        agent = start("--reconcile-period=1s", ready=False)
        eventually(lambda: agent.metrics()["actimanager_reconciles_total"] >= 3, 20)
        assert frozenset({second}) in cpusets(uid).values(), cpusets(uid)
        assert writes(agent) == 0


def test_of_two_agents_one_pins_and_the_other_when_it_has_ended(node, start):
    first = start("--reconcile-period=1s", "--roles=agent,endpoint")
    second = start("--reconcile-period=1s", "--roles=agent,endpoint", ready=False)
    assert b"another agent" in second.get("/readyz")[1]
    cpu = min(node.cpus)
    uid = node.run("claimed")
    node.bind("claimed", {cpu})
    node.wait_status("claimed", "Applied")
    node.wait_on(uid, {cpu})
    assert writes(second) == 0 and second.metrics()["actimanager_status_writes_total"] == 0
    assert condition(topology(node), "Undisturbed") == {}
    eventually(lambda: "AnotherAgent" in node_events(node), 20)
    first.kill()
    eventually(lambda: second.get("/readyz")[0] == 200, 20)
    (cpuset_directories(uid)[0] / "cpuset.cpus").write_text(",".join(map(str, sorted(node.cpus))))
    node.wait_on(uid, {cpu})
    assert writes(second) > 0
