"""Pods that cannot be placed: what they are told, and that they are tried again when there is a reason to."""

import pytest

from conftest import NODES, same_as_kube_scheduler, told
from objects import condition, pod
from rest import eventually

HOSTNAME = "kubernetes.io/hostname"


def with_affinity(**affinity) -> dict:
    return {"affinity": affinity}


def term(key: str, operator: str, *values: str) -> dict:
    return {"matchExpressions": [{"key": key, "operator": operator, "values": list(values)}]}


def test_resource_claims_are_refused_by_name(api, start):
    start()
    api.create("pods", pod("wants", resourceClaims=[{"name": "c", "resourceClaimName": "none"}]))
    message = told(api, "wants")
    assert "spec.resourceClaims" in message and "which this scheduler does not support" in message
    assert not api.all("podcpubindings")
    assert not api.get("pods", "wants")["spec"].get("nodeName")


def requesting(**requests) -> dict:
    return {"containers": [{"name": "main", "image": "simulated", "resources": {"requests": requests}}]}


def port(number: int) -> dict:
    return {"containers": [{"name": "main", "image": "simulated", "ports": [{"containerPort": 80, "hostPort": number}]}]}


REFUSED = {
    "cpu": requesting(cpu="65"),
    "memory": requesting(cpu="1", memory="1Ti"),
    "cpu and memory": requesting(cpu="65", memory="1Ti"),
    "an unknown resource": {"containers": [{"name": "main", "image": "simulated",
                                            "resources": {"limits": {"example.com/gpu": "1"}}}]},
    "a selector": {"nodeSelector": {"no": "such"}},
    "affinity": with_affinity(nodeAffinity={"requiredDuringSchedulingIgnoredDuringExecution": {
        "nodeSelectorTerms": [term(HOSTNAME, "In", "none"), term(HOSTNAME, "DoesNotExist")]}}),
    "one node, and it is too small": {"nodeSelector": {HOSTNAME: "node-0001"}, **requesting(cpu="65")},
}


@pytest.mark.parametrize("why", REFUSED)
def test_the_words_are_kube_schedulers(api, start, why):
    start()
    message = same_as_kube_scheduler(api, pod("ours", **REFUSED[why]))
    assert message.startswith(f"0/{NODES} nodes are available: ")


def test_the_words_are_kube_schedulers_for_nodes_that_differ(api, start):
    taint = {"key": "dedicated", "value": "x", "effect": "NoSchedule"}
    for i in (0, 1):
        api.patch("nodes", f"node-000{i}", {"spec": {"taints": [taint]}})
    api.patch("nodes", "node-0002", {"spec": {"unschedulable": True}})
    # The node controller turns that into a taint, for all to see.
    eventually(lambda: api.get("nodes", "node-0002")["spec"].get("taints"))
    start()
    message = same_as_kube_scheduler(api, pod("ours", **requesting(cpu="65")))
    assert message == (f"0/{NODES} nodes are available: 1 node(s) were unschedulable, 2 node(s) had untolerated taint(s), "
                       f"5 Insufficient cpu. no new claims to deallocate, preemption: 0/{NODES} nodes are available: "
                       f"{NODES} Preemption is not helpful for scheduling.")


def test_the_words_are_kube_schedulers_for_ports(api, start, bound):
    start()
    api.create("pods", pod("first", node="node-0000", **port(8080)))
    bound("first")
    same_as_kube_scheduler(api, pod("ours", node="node-0000", **port(8080)))


def test_a_pod_that_waits_is_placed_on_a_node_that_comes(api, start, bound, nodes):
    start()
    api.create("pods", pod("waits", node="node-0200"))
    assert "didn't match Pod's node affinity/selector" in told(api, "waits")
    nodes("node-0200")
    assert bound("waits")["waits"].node == "node-0200"
    # The API server notes it when the Pod is assigned.
    assert condition(api.get("pods", "waits"), "PodScheduled")["status"] == "True"


def test_a_pod_that_waits_is_placed_when_another_goes(api, start, bound):
    start()
    api.create("pods", pod("holds", "31", node="node-0000"))
    bound("holds")
    api.create("pods", pod("waits", "2", node="node-0000"))
    assert "1 node(s) had no 2 idle physical cores" in told(api, "waits")
    api.delete("pods", "holds", grace=0)
    bound("waits")


def test_a_pod_that_waits_is_placed_when_another_has_finished(api, start, bound):
    start()
    api.create("pods", pod("holds", "31", node="node-0000"))
    bound("holds")
    api.create("pods", pod("waits", "2", node="node-0000"))
    told(api, "waits")
    api.patch("pods", "holds", {"status": {"phase": "Succeeded"}}, sub="status")
    bound("waits")


def test_a_pod_that_waits_is_placed_when_a_taint_goes(api, start, bound):
    # Before the leader looks at the cluster, so that it does not place the Pod first.
    api.patch("nodes", "node-0003", {"spec": {"taints": [{"key": "dedicated", "value": "x", "effect": "NoSchedule"}]}})
    start()
    api.create("pods", pod("waits", node="node-0003"))
    assert "1 node(s) had untolerated taint(s)" in told(api, "waits")
    api.patch("nodes", "node-0003", {"spec": {"taints": None}})
    bound("waits")


def test_a_pod_that_waits_is_placed_when_a_node_is_uncordoned(api, start, bound):
    api.patch("nodes", "node-0003", {"spec": {"unschedulable": True}})
    start()
    api.create("pods", pod("waits", node="node-0003"))
    assert "1 node(s) were unschedulable" in told(api, "waits")
    api.patch("nodes", "node-0003", {"spec": {"unschedulable": None}})
    bound("waits")


def test_a_pod_that_waits_is_placed_when_a_node_gets_the_label(api, start, bound):
    start()
    api.create("pods", pod("waits", nodeSelector={"disk": "fast"}))
    told(api, "waits")
    api.patch("nodes", "node-0004", {"metadata": {"labels": {"disk": "fast"}}})
    try:
        assert bound("waits")["waits"].node == "node-0004"
    finally:
        api.patch("nodes", "node-0004", {"metadata": {"labels": {"disk": None}}})


def test_a_pod_that_waits_is_placed_when_a_topology_comes(api, start, bound, nodes):
    start()
    nodes("node-0201", topology=False)
    api.create("pods", pod("waits", node="node-0201"))
    assert "1 node(s) had no CPU topology" in told(api, "waits")
    shape = api.get("nodecputopologies", "node-0000-cputopology")["spec"]["topology"]
    api.create("nodecputopologies", {"apiVersion": "cslab.ece.ntua.gr/v1alpha1", "kind": "NodeCPUTopology",
                                     "metadata": {"name": "node-0201-cputopology"},
                                     "spec": {"nodeName": "node-0201", "topology": shape}})
    bound("waits")


def test_a_gated_pod_is_placed_when_the_gate_goes(api, start, bound):
    leader = start()
    api.create("pods", pod("gated", schedulingGates=[{"name": "example.com/wait"}]))
    eventually(lambda: leader.metrics()['actimanager_pending_pods{queue="gated"}'] == 1)
    assert condition(api.get("pods", "gated"), "PodScheduled")["reason"] == "SchedulingGated"
    api.patch("pods", "gated", {"spec": {"schedulingGates": None}})
    bound("gated")


def test_a_pod_of_a_higher_priority_is_placed_first(api, start, bound):
    """Both wait for the same cores; the younger one is the more important."""
    api.request("DELETE", "/apis/scheduling.k8s.io/v1/priorityclasses")
    api.request("POST", "/apis/scheduling.k8s.io/v1/priorityclasses", {
        "apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": "important"}, "value": 1000})
    # The class is known to what admits Pods a moment later.
    eventually(lambda: api.create("pods", pod("more", "20", node="node-0000", priorityClassName="important")))
    api.create("pods", pod("less", "20", node="node-0000"))
    start()
    bound("more")
    told(api, "less")


def test_a_pod_that_goes_while_it_waits_is_forgotten(api, start):
    leader = start()
    api.create("pods", pod("waits", nodeSelector={"no": "such"}))
    told(api, "waits")
    api.delete("pods", "waits", grace=0)
    eventually(lambda: leader.metrics()['actimanager_pending_pods{queue="unschedulable"}'] == 0)


def test_pods_of_other_schedulers_are_left_to_them(api, start):
    leader = start()
    api.create("pods", pod("other", scheduler="nobody"))
    api.create("pods", pod("theirs", scheduler="default-scheduler"))
    eventually(lambda: api.get("pods", "theirs")["spec"].get("nodeName"))
    assert not api.get("pods", "other")["spec"].get("nodeName")
    assert not api.all("podcpubindings")
    assert leader.metrics()['actimanager_scheduling_attempts_total{result="scheduled"}'] == 0


def test_pods_of_other_schedulers_take_their_share_of_a_node(api, start, bound):
    """They have no CPUs of their own, but what they request is not there for others."""
    start()
    api.create("pods", pod("theirs", "60", scheduler="default-scheduler", node="node-0000"))
    eventually(lambda: api.get("pods", "theirs")["spec"].get("nodeName"))
    api.create("pods", pod("waits", "5", workload="io-bound", node="node-0000"))
    assert "1 Insufficient cpu" in told(api, "waits")
