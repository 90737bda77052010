"""Where Pods go because of other Pods: near them, away from them, spread; in kube-scheduler's words where nowhere."""

import collections
import re

import pytest

from conftest import NODES, configuration, same_as_kube_scheduler, told
from objects import pod
from rest import eventually, ignoring

HOSTNAME = "kubernetes.io/hostname"
ZONE = "topology.kubernetes.io/zone"
ZONES = {"a": ("node-0000", "node-0001"), "b": ("node-0002", "node-0003"), "c": ("node-0004", "node-0005")}
ZONE_OF = {node: zone for zone, nodes in ZONES.items() for node in nodes}  # two nodes have none
HALF = "20"  # CPUs, each on a core of its own: a second such Pod does not fit on a node


@pytest.fixture
def zones(api):
    for node, zone in ZONE_OF.items():
        api.patch("nodes", node, {"metadata": {"labels": {ZONE: zone}}})
    yield ZONES
    for node in ZONE_OF:
        api.patch("nodes", node, {"metadata": {"labels": {ZONE: None}}})


@pytest.fixture
def pool(api):
    """Three nodes, to be had by a nodeSelector."""
    for node in (three := ("node-0001", "node-0003", "node-0006")):
        api.patch("nodes", node, {"metadata": {"labels": {"pool": "three"}}})
    yield set(three)
    for node in three:
        api.patch("nodes", node, {"metadata": {"labels": {"pool": None}}})


@pytest.fixture
def elsewhere(api):
    """A Namespace with the label team=loud. It stays, because its end takes time; its Pods do not."""
    with ignoring(409):
        api.create("namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "elsewhere"}})
    api.patch("namespaces", "elsewhere", {"metadata": {"labels": {"team": "loud"}}})
    eventually(lambda: api.find("serviceaccounts", "default", "elsewhere"))
    yield "elsewhere"
    api.delete_all("pods", "elsewhere")
    eventually(lambda: not api.all("pods", "elsewhere"))


def of(app: str, name: str, cpu: str = "1", **more) -> dict:
    obj = pod(name, cpu, **more)
    obj["metadata"]["labels"] = {"app": app}
    return obj


def selecting(app: str) -> dict:
    return {"labelSelector": {"matchLabels": {"app": app}}}


def near(app: str, key: str) -> dict:
    return {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{"topologyKey": key, **selecting(app)}]}}


def away(app: str, key: str = HOSTNAME, **term) -> dict:
    return {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [
        {"topologyKey": key, **selecting(app), **term}]}}


def test_replicas_that_avoid_each_other_get_a_node_each(api, start, bound, pool):
    start()
    spec = {"affinity": away("db"), "nodeSelector": {"pool": "three"}}
    for i in range(3):
        api.create("pods", of("db", f"db-{i}", **spec))
    placed = bound("db-0", "db-1", "db-2")
    assert {p.node for p in placed.values()} == pool
    message = same_as_kube_scheduler(api, of("db", "ours", **spec))
    assert message.startswith(f"0/{NODES} nodes are available: 3 node(s) didn't match pod anti-affinity rules, "
                              "5 node(s) didn't match Pod's node affinity/selector.")
    api.delete("pods", "db-1", grace=0)
    assert bound("ours")["ours"].node == placed["db-1"].node


def test_who_runs_already_keeps_others_away(api, start, bound, pool):
    """They ask for nothing themselves. The answers for the first of them are not good for those after it."""
    start()
    noisy = {"cpu": HALF, "nodeSelector": {"pool": "three"}}
    api.create("pods", of("noisy", "first", **noisy))
    first = bound("first")["first"].node
    quiet = min(pool - {first})
    api.create("pods", of("quiet", "quiet", affinity=away("noisy"), node=quiet))
    bound("quiet")
    api.create("pods", of("noisy", "second", **noisy))
    assert bound("second")["second"].node == (pool - {first, quiet}).pop()
    api.create("pods", of("noisy", "third", **noisy))
    assert "1 node(s) didn't satisfy existing pods anti-affinity rules" in told(api, "third")
    api.create("pods", of("other", "other", **noisy))
    assert bound("other")["other"].node == quiet
    api.delete("pods", "other", grace=0)
    api.delete("pods", "quiet", grace=0)
    assert bound("third")["third"].node == quiet


def test_the_words_are_kube_schedulers_for_who_runs_already(api, start, bound):
    start()
    api.create("pods", of("quiet", "quiet", affinity=away("noisy"), node="node-0000"))
    bound("quiet")
    message = same_as_kube_scheduler(api, of("noisy", "ours", node="node-0000"))
    assert "1 node(s) didn't satisfy existing pods anti-affinity rules" in message


def test_near_another_is_in_its_zone(api, start, bound, zones):
    start()
    api.create("pods", of("cache", "cache", node="node-0002"))
    bound("cache")
    for i in range(2):
        api.create("pods", of("web", f"web-{i}", HALF, affinity=near("cache", ZONE)))
    assert {p.node for p in bound("web-0", "web-1").values()} == set(zones["b"])
    api.create("pods", of("web", "web-2", HALF, affinity=near("cache", ZONE)))
    assert "6 node(s) didn't match pod affinity rules" in told(api, "web-2")
    api.create("pods", of("cache", "more", node="node-0004"))
    assert bound("web-2")["web-2"].node in zones["c"]


def test_the_words_are_kube_schedulers_for_nobody_to_be_near(api, start):
    start()
    assert f"{NODES} node(s) didn't match pod affinity rules" in same_as_kube_scheduler(
        api, of("web", "ours", affinity=near("none", HOSTNAME)))


def test_pods_that_want_to_be_together_begin_somewhere(api, start, bound, zones):
    start()
    for i in range(2):
        api.create("pods", of("ring", f"ring-{i}", HALF, affinity=near("ring", ZONE)))
    placed = bound("ring-0", "ring-1")
    assert {ZONE_OF[p.node] for p in placed.values()} in ({"a"}, {"b"}, {"c"})


def test_no_zone_gets_more_than_one_pod_ahead(api, start, bound, zones):
    start()
    spec = {"topologySpreadConstraints": [
        {"maxSkew": 1, "topologyKey": ZONE, "whenUnsatisfiable": "DoNotSchedule", **selecting("web")}]}
    count = collections.Counter(dict.fromkeys(zones, 0))

    def one_more(name: str) -> None:
        api.create("pods", of("web", name, **spec))
        count[ZONE_OF[bound(name)[name].node]] += 1
        assert max(count.values()) - min(count.values()) <= 1, count

    for i in range(6):
        one_more(f"web-{i}")
    for node in zones["c"]:
        api.patch("nodes", node, {"spec": {"unschedulable": True}})
    eventually(lambda: all(api.get("nodes", node)["spec"].get("taints") for node in zones["c"]))
    one_more("web-6")
    one_more("web-7")
    # Its Pods still count, and it gets no more: neither do the others.
    message = same_as_kube_scheduler(api, of("web", "ours", **spec))
    assert re.search(r"\b4 node\(s\) didn't match pod topology spread constraints\b(?! \()", message), message
    assert "2 node(s) didn't match pod topology spread constraints (missing required label)" in message
    for node in zones["c"]:
        api.patch("nodes", node, {"spec": {"unschedulable": None}})
    assert ZONE_OF[bound("ours")["ours"].node] == "c"


def test_namespaces_are_chosen_by_their_labels(api, start, bound, elsewhere):
    start()
    api.create("pods", of("noisy", "noisy", namespace=elsewhere, node="node-0000"))
    eventually(lambda: api.get("pods", "noisy", elsewhere)["spec"].get("nodeName"))
    # Without a selector only the own Namespace is meant.
    api.create("pods", of("quiet", "here", affinity=away("noisy"), node="node-0000"))
    bound("here")
    loud = {"namespaceSelector": {"matchLabels": {"team": "loud"}}}
    message = same_as_kube_scheduler(api, of("quiet", "ours", affinity=away("noisy", **loud), node="node-0000"))
    assert "1 node(s) didn't match pod anti-affinity rules" in message
    api.patch("namespaces", elsewhere, {"metadata": {"labels": {"team": "gone"}}})
    bound("ours")


def test_what_a_service_selects_is_spread(api, start, bound):
    """By constraints that no Pod names. They weigh more here than the policy, which is to fill one node."""
    config = configuration()
    config["profiles"][0]["plugins"]["multiPoint"]["enabled"].append({"name": "PodTopologySpread", "weight": 100})
    start(config=config)
    api.create("services", {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "default"},
                            "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]}})
    try:
        for app in ("web", "batch"):
            for i in range(4):
                api.create("pods", of(app, f"{app}-{i}"))
                bound(f"{app}-{i}")
        placed = bound(*(f"{app}-{i}" for app in ("web", "batch") for i in range(4)))
    finally:
        api.delete("services", "web")
    assert len({placed[f"web-{i}"].node for i in range(4)}) == 4
    assert len({placed[f"batch-{i}"].node for i in range(4)}) == 1
