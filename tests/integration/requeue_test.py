"""A Pod that was refused is tried again when something happened that could help it, and not else."""

import dataclasses
import re
from collections.abc import Callable

import pytest

from conftest import NODES, told
from objects import pod
from rest import eventually, stays

ALL = [f"node-{i:04}" for i in range(NODES)]
RACK = "example.com/rack"
# More than half of a simulated node's memory, which is 256 GiB.
HALF = {"resources": {"requests": {"cpu": "1", "memory": "150Gi"}}}
# Longer than the backoff after a first attempt, which is a second.
LONG_ENOUGH = 2.5


def of(app: str, name: str, **spec) -> dict:
    obj = pod(name, **spec)
    obj["metadata"]["labels"] = {"app": app}
    return obj


def label(api, node: str, key: str, value: str) -> None:
    api.patch("nodes", node, {"metadata": {"labels": {key: value}}})


def set_spec(api, nodes: list[str], **spec) -> None:
    for node in nodes:
        api.patch("nodes", node, {"spec": spec})


def placed(api, *pods: dict) -> None:
    for obj in pods:
        api.create("pods", obj)
    names = {obj["metadata"]["name"] for obj in pods}
    eventually(lambda: names == {p["metadata"]["name"] for p in api.all("pods")
                                 if p["metadata"]["name"] in names and p["spec"].get("nodeName")})


def whole(name: str, node: str) -> dict:
    """Takes one of the node's two sockets: the other stays for those without CPUs of their own."""
    return pod(name, "2", workload="cpu-bound", level="Socket", node=node)


@dataclasses.dataclass
class Situation:
    """Why a Pod is refused on every node by one plugin, a change that is nothing to it, and one that helps."""

    plugin: str
    event: str
    waits: Callable[[], dict]
    helps: Callable
    # How the nodes are before the leader looks at them, so that it does not place the Pod first.
    nodes: Callable = lambda api: None
    before: Callable = lambda api: None
    unrelated: Callable = lambda api: label(api, "node-0003", "note", "something")


SITUATIONS = [
    Situation("NodeUnschedulable", "NodeUpdateNodeTaint", lambda: pod("waits"),
              nodes=lambda api: set_spec(api, ALL, unschedulable=True),
              helps=lambda api: set_spec(api, ["node-0002"], unschedulable=None)),
    Situation("TaintToleration", "NodeUpdateNodeTaint", lambda: pod("waits"),
              nodes=lambda api: set_spec(api, ALL, taints=[{"key": "closed", "effect": "NoSchedule"}]),
              helps=lambda api: set_spec(api, ["node-0002"], taints=None)),
    Situation("NodeAffinity", "NodeUpdateNodeLabel", lambda: pod("waits", nodeSelector={"pool": "x"}),
              helps=lambda api: label(api, "node-0002", "pool", "x")),
    Situation("NodeResourcesFit", "AssignedPodDelete",
              lambda: pod("waits", containers=[{"name": "main", "image": "simulated"} | HALF]),
              before=lambda api: placed(api, *(pod(f"large-{i}", node=node, containers=[{"name": "main", "image": "x"} | HALF])
                                               for i, node in enumerate(ALL))),
              helps=lambda api: api.delete("pods", "large-4", grace=0)),
    Situation("WorkloadAware", "AssignedPodDelete", lambda: pod("waits", "2", workload="cpu-bound", level="Socket"),
              before=lambda api: placed(api, *(whole(f"whole-{i}", node) for i, node in enumerate(ALL)),
                                        pod("small", "1", node="node-0003")),
              # What becomes free is no socket.
              unrelated=lambda api: api.delete("pods", "small", grace=0),
              helps=lambda api: api.delete("pods", "whole-4", grace=0)),
    Situation("PodTopologySpread", "NodeUpdateNodeLabel",
              lambda: of("web", "waits", topologySpreadConstraints=[{
                  "maxSkew": 1, "topologyKey": RACK, "whenUnsatisfiable": "DoNotSchedule",
                  "labelSelector": {"matchLabels": {"app": "web"}}}]),
              helps=lambda api: label(api, "node-0002", RACK, "r1")),
    Situation("InterPodAffinity", "AssignedPodAdd",
              lambda: pod("waits", affinity={"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{
                  "topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": "web"}}}]}}),
              unrelated=lambda api: placed(api, of("db", "other")),
              helps=lambda api: placed(api, of("web", "wanted"))),
]


@pytest.fixture
def plain_nodes(api):
    yield
    for node in ALL:
        api.patch("nodes", node, {"metadata": {"labels": {"note": None, "pool": None, RACK: None}}})


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda situation: situation.plugin)
def test_a_refused_pod_is_tried_again_only_when_it_may_help(api, start, plain_nodes, situation):
    situation.nodes(api)
    leader = start()
    situation.before(api)
    api.create("pods", situation.waits())
    told(api, "waits")
    seen = refused(leader)
    situation.unrelated(api)
    stays(lambda: refused(leader) == seen and not requeues(leader), LONG_ENOUGH)
    situation.helps(api)
    eventually(lambda: api.get("pods", "waits")["spec"].get("nodeName"))
    assert requeues(leader)[situation.event, situation.plugin] >= 1


def test_a_label_of_its_own_may_help_a_pod(api, start):
    """It asks for a class that there is not."""
    leader = start()
    api.create("pods", pod("waits", workload="unheard-of"))
    assert "unheard-of" in told(api, "waits")
    seen = refused(leader)
    api.patch("pods", "waits", {"metadata": {"labels": {"note": "something"}, "annotations": {"note": "something"}}})
    stays(lambda: refused(leader) == seen, LONG_ENOUGH)
    api.patch("pods", "waits", {"metadata": {"labels": {"cslab.ece.ntua.gr/workload-type": "io-bound"}}})
    eventually(lambda: api.get("pods", "waits")["spec"].get("nodeName"))
    assert requeues(leader) == {("UnschedulablePodUpdatePodLabel", "WorkloadAware"): 1}


def refused(leader) -> float:
    return leader.metrics()['actimanager_scheduling_attempts_total{result="unschedulable"}']


def requeues(leader) -> dict[tuple[str, str], float]:
    """By event and plugin."""
    found = {}
    for name, value in leader.metrics().items():
        if known := re.fullmatch(r'actimanager_requeues_total\{event="(.*)",plugin="(.*)"\}', name):
            found[known[1], known[2]] = value
    return found
