"""A more important Pod finds room: others are evicted for it, as few and as unimportant as possible."""

import pytest

from conftest import same_as_kube_scheduler
from objects import condition, pod
from rest import ApiError, eventually, stays

VALUES = {"low": 10, "middle": 20, "high": 30, "modest": 30}
HOLD = "example.com/hold"
NODE, OTHER = "node-0000", "node-0001"


@pytest.fixture(autouse=True)
def priorities(api):
    for name, value in VALUES.items():
        try:
            api.create("priorityclasses", {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass",
                                           "metadata": {"name": name}, "value": value,
                                           "preemptionPolicy": "Never" if name == "modest" else "PreemptLowerPriority"})
        except ApiError as error:
            assert error.code == 409, error
    yield
    for obj in api.all("pods"):
        if obj["metadata"].get("finalizers"):
            release(api, obj["metadata"]["name"])
    for name in VALUES:
        api.delete("priorityclasses", name)


def socket(name: str, priority: str, *nodes: str, **spec) -> dict:
    """Takes a whole socket of one of the nodes; they have two, of which one must stay for the shared pool."""
    spec["affinity"] = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
        {"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": list(nodes or (NODE,))}]}]}}}
    return pod(name, "2", "cpu-bound", level="Socket", priorityClassName=priority, **spec)


def held(obj: dict) -> dict:
    """It stays, being deleted, until release()."""
    obj["metadata"]["finalizers"] = [HOLD]
    return obj


def release(api, name: str) -> None:
    api.patch("pods", name, {"metadata": {"finalizers": None}})


def nominated(api, name: str) -> str:
    return api.get("pods", name)["status"].get("nominatedNodeName", "")


def test_the_least_important_one_makes_room_with_its_cpus(api, start, bound):
    start()
    api.create("pods", socket("lesser", "low", NODE))
    api.create("pods", socket("better", "middle", OTHER))
    before = bound("lesser", "better")
    victim = before["lesser"].pod["metadata"]
    api.create("pods", socket("important", "high", NODE, OTHER))
    after = bound("important", "better")
    assert after["important"].node == NODE and after["important"].level == "Socket"
    assert after["better"].pod["metadata"]["uid"] == before["better"].pod["metadata"]["uid"]
    assert api.find("pods", "lesser") is None
    uid = after["important"].pod["metadata"]["uid"]
    said = eventually(lambda: [e for e in api.all("events") if e["reason"] == "Preempted"])
    assert [(e["involvedObject"]["uid"], e["message"]) for e in said] == [
        (victim["uid"], f"Preempted by pod {uid} on node {NODE}")]


def test_the_pod_waits_for_its_victim_and_keeps_its_place_meanwhile(api, start, bound):
    start()
    api.create("pods", held(socket("leaving", "low")))
    bound("leaving")
    api.create("pods", pod("small", "1", "cpu-bound", node=NODE, priorityClassName="low"))
    bound("small")
    api.create("pods", socket("important", "high"))
    eventually(lambda: api.get("pods", "leaving")["metadata"].get("deletionTimestamp"))
    target = condition(api.get("pods", "leaving"), "DisruptionTarget")
    assert (target["status"], target["reason"]) == ("True", "PreemptionByScheduler"), target
    assert target["message"] == "maestro: preempting to accommodate a higher priority pod"
    eventually(lambda: nominated(api, "important") == NODE)
    # It waits for this one, and nobody else is evicted; who is less important does not get its place.
    api.create("pods", socket("late", "middle"))
    stays(lambda: not api.get("pods", "important")["spec"].get("nodeName") and
          not api.get("pods", "small")["metadata"].get("deletionTimestamp"), 4)
    release(api, "leaving")
    assert bound("important")["important"].node == NODE
    stays(lambda: not api.get("pods", "late")["spec"].get("nodeName"), 3)
    assert api.find("pods", "small")


def test_another_leader_goes_on_where_the_first_ended(api, start, bound):
    first = start(lease="handed-on")
    api.create("pods", held(socket("leaving", "low")))
    bound("leaving")
    api.create("pods", socket("important", "high"))
    eventually(lambda: nominated(api, "important") == NODE)
    eventually(lambda: api.get("pods", "leaving")["metadata"].get("deletionTimestamp"))
    first.end()
    start(lease="handed-on")
    api.create("pods", socket("late", "middle"))
    stays(lambda: not api.get("pods", "late")["spec"].get("nodeName") and nominated(api, "important") == NODE, 4)
    release(api, "leaving")
    assert bound("important")["important"].node == NODE


def test_a_budget_protects_as_long_as_others_can_go(api, start, bound):
    start()
    api.create("pods", socket("protected", "low", NODE))
    api.create("pods", socket("other", "middle", OTHER))
    bound("protected", "other")
    api.patch("pods", "protected", {"metadata": {"labels": {"app": "protected"}}})
    api.create("poddisruptionbudgets", {
        "apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "all", "namespace": "default"},
        "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "protected"}}}})
    try:
        eventually(lambda: api.get("poddisruptionbudgets", "all").get("status", {}).get("expectedPods") == 1)
        api.create("pods", socket("important", "high", NODE, OTHER))
        assert bound("important")["important"].node == OTHER
        assert api.find("pods", "other") is None
        assert api.find("pods", "protected")
    finally:
        api.delete("poddisruptionbudgets", "all")


@pytest.mark.parametrize("how", ["no less important Pod", "preemptionPolicy Never"])
def test_who_cannot_preempt_is_told_so_in_kube_schedulers_words(api, start, bound, how):
    start()
    api.create("pods", pod("full", "64", scheduler="default-scheduler", node=NODE, priorityClassName="middle"))
    eventually(lambda: api.get("pods", "full")["spec"].get("nodeName"))
    if how == "preemptionPolicy Never":
        message = same_as_kube_scheduler(api, pod("ours", node=NODE, priorityClassName="modest"))
        assert message.endswith("preemption: not eligible due to preemptionPolicy=Never.")
    else:
        message = same_as_kube_scheduler(api, pod("ours", node=NODE, priorityClassName="low"))
        assert "1 No preemption victims found for incoming pod" in message
    assert api.get("pods", "full")["spec"]["nodeName"] == NODE
