"""Changes of Pods: of those that have a node, of others that wait, and of the rejected one itself."""

import copy

from .world import World


def of_others(world: World, items: list[dict], pod: dict) -> tuple[dict | None, dict | None]:
    """Another Pod, that may be much like this one: it is of its kind, has its ports, its volumes, its labels."""
    others = [item for item in items if item["kind"] == "Pod"]
    kind = world.pick(("add", "update", "update", "delete", "delete")) if others else "add"
    if kind == "add":
        other = copy.deepcopy(world.pick(others)) if others and world.chance(0.5) else _like(world, pod)
        other["metadata"] |= {"name": "other-new", "uid": world.uid()}
        if world.chance(0.85):
            other["spec"]["nodeName"] = _node(world, items)
        return None, _alike(world, other, pod)
    near = [other for other in others if other["metadata"]["namespace"] == pod["metadata"]["namespace"]]
    old = copy.deepcopy(world.pick(near if near and world.chance(0.6) else others))
    if kind == "delete":
        if world.chance(0.4):
            _share_claims(pod, old)
        return old, None
    new = copy.deepcopy(old)
    for change in world.some(_CHANGES, 1, 2):
        change(world, new, pod)
    if world.chance(0.2):
        # Its selectors are often about its own kind.
        new["metadata"]["labels"] = dict(pod["metadata"]["labels"])
    return old, new


def of_itself(world: World, pod: dict) -> tuple[dict, dict]:
    """What the Pod was, and is."""
    if world.chance(0.2):
        pod["status"]["nominatedNodeName"] = "node-00"
    new = copy.deepcopy(pod)
    for change in world.some((*_CHANGES, _gate, _no_gates, _no_gates, *[_tolerations] * 4, _nomination), 1, 2):
        change(world, new, pod)
    return pod, new


def _share_claims(pod: dict, other: dict) -> None:
    """The Pod waits for the claims that the other one has, if they are of one Namespace."""
    if pod["metadata"]["namespace"] != other["metadata"]["namespace"]:
        return
    claims = [volume for volume in other["spec"].get("volumes", ()) if "persistentVolumeClaim" in volume]
    volumes = pod["spec"].setdefault("volumes", [])
    volumes += [{**copy.deepcopy(volume), "name": f"shared-{i}"} for i, volume in enumerate(claims)]


def _like(world: World, pod: dict) -> dict:
    other = copy.deepcopy(pod)
    other["status"] = {"phase": "Running", "qosClass": pod["status"]["qosClass"]}
    return other


def _alike(world: World, other: dict, pod: dict) -> dict:
    if world.chance(0.4):
        other["metadata"]["namespace"] = pod["metadata"]["namespace"]
    if world.chance(0.3):
        other["metadata"]["labels"] = dict(pod["metadata"]["labels"])
    return other


def _node(world: World, items: list[dict]) -> str:
    return world.pick([item for item in items if item["kind"] == "Node"])["metadata"]["name"]


def _labels(world: World, other: dict, pod: dict) -> None:
    labels = other["metadata"].setdefault("labels", {})
    key = world.pick(("app", "app", "tier", "pod-template-hash", "new"))
    if key in labels and world.chance(0.2):
        del labels[key]
    else:
        values = {"app": ("web", "db", "cache"), "tier": ("front", "back")}
        labels[key] = world.pick(values.get(key, ("one", "two")))


def _requests(world: World, other: dict, pod: dict) -> None:
    resources = world.pick(other["spec"]["containers"]).setdefault("resources", {})
    requests = resources.setdefault("requests", {})
    resource, amounts = world.pick((
        ("cpu", ("1m", "10")), ("memory", ("1Mi", "20Gi")), ("ephemeral-storage", ("1Mi", "90Gi")),
        ("example.com/device", ("1", "8")), ("hugepages-2Mi", ("2Mi", "128Mi"))))
    if resource in requests and world.chance(0.4):
        del requests[resource]
        resources.get("limits", {}).pop(resource, None)
        return
    requests[resource] = world.pick(amounts)
    if resource in resources.get("limits", {}):
        resources["limits"][resource] = requests[resource]


def _status(world: World, other: dict, pod: dict) -> None:
    other["status"]["podIP"] = "10.0.0.8"


def _deleting(world: World, other: dict, pod: dict) -> None:
    other["metadata"] |= {"deletionTimestamp": "2026-01-01T01:00:00Z", "deletionGracePeriodSeconds": 30}


def _tolerations(world: World, other: dict, pod: dict) -> None:
    other["spec"].setdefault("tolerations", []).append(world.pick((
        {"key": "dedicated", "operator": "Exists"}, {"operator": "Exists"},
        {"key": "node.kubernetes.io/unschedulable", "operator": "Exists", "effect": "NoSchedule"})))


def _gate(world: World, other: dict, pod: dict) -> None:
    if other["spec"].get("schedulingGates"):
        other["spec"]["schedulingGates"].pop()


def _no_gates(world: World, other: dict, pod: dict) -> None:
    other["spec"].pop("schedulingGates", None)


def _nomination(world: World, other: dict, pod: dict) -> None:
    if not other["status"].pop("nominatedNodeName", None) or world.chance(0.5):
        other["status"]["nominatedNodeName"] = "node-01"


_CHANGES = (_labels, _labels, _requests, _requests, _requests, _status, _deleting, _tolerations)
