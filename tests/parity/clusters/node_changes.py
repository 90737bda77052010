"""Changes of nodes: what the scheduler tells apart, and what is nothing to it."""

import copy

from .world import HOST, ZONE, ZONES, World

_TAINT = {"key": "dedicated", "value": "a", "effect": "NoSchedule"}


def node_change(world: World, items: list[dict], pod: dict) -> tuple[dict | None, dict | None]:
    nodes = [item for item in items if item["kind"] == "Node"]
    kind = world.pick(("add", "update", "update", "update", "delete"))
    old = copy.deepcopy(world.pick(nodes))
    if kind == "delete":
        return old, None
    new = copy.deepcopy(old)
    for change in world.some(_CHANGES, 0 if kind == "add" else 1, 2):
        change(world, new, pod)
    if kind == "update":
        return old, new
    # A node that is new may be as another is.
    new["metadata"] |= {"name": "node-new", "uid": world.uid()}
    if HOST in new["metadata"].get("labels", {}):
        new["metadata"]["labels"][HOST] = "node-new"
    return None, new


def _labels(world: World, node: dict, pod: dict) -> None:
    labels = node["metadata"].setdefault("labels", {})
    key = world.pick((ZONE, HOST, "disk", "generation", "rack", "kubernetes.io/os", "missing"))
    values = {ZONE: ZONES, "disk": ("ssd", "hdd", "tape"), "generation": ("3", "7", "12"), "rack": ("r1", "r2")}
    if key in labels and world.chance(0.3):
        del labels[key]
    else:
        labels[key] = world.pick(values.get(key, ("a", "b")))


def _topology(world: World, node: dict, pod: dict) -> None:
    """A label by which the Pod's own terms and constraints tell nodes apart comes, goes or changes."""
    keys = sorted(set(_topology_keys(pod["spec"])))
    if not keys:
        return
    key, labels = world.pick(keys), node["metadata"].setdefault("labels", {})
    if key in labels and world.chance(0.4):
        del labels[key]
    else:
        labels[key] = world.pick(("here-1-a", "here-1-b", "node-00", "ssd"))


def _topology_keys(found) -> list[str]:
    """Wherever there is one below."""
    if isinstance(found, list):
        return [key for item in found for key in _topology_keys(item)]
    if not isinstance(found, dict):
        return []
    return [key for name, item in found.items() for key in ([item] if name == "topologyKey" else _topology_keys(item))]


def _selected(world: World, node: dict, pod: dict) -> None:
    """The label that the Pod's own selector asks for comes or goes."""
    for key, value in pod["spec"].get("nodeSelector", {}).items():
        if world.chance(0.8):
            node["metadata"].setdefault("labels", {})[key] = value
        else:
            node["metadata"].get("labels", {}).pop(key, None)


def _taints(world: World, node: dict, pod: dict) -> None:
    if node["spec"].get("taints") and world.chance(0.6):
        node["spec"]["taints"].pop(world.rng.randrange(len(node["spec"]["taints"])))
    else:
        node["spec"].setdefault("taints", []).append(
            _TAINT | {"effect": world.pick(("NoSchedule", "PreferNoSchedule", "NoExecute"))})


def _unschedulable(world: World, node: dict, pod: dict) -> None:
    if not node["spec"].pop("unschedulable", False):
        node["spec"]["unschedulable"] = True


def _allocatable(world: World, node: dict, pod: dict) -> None:
    # Of each, less than there is, or more.
    amounts = {"cpu": ("0", "1", "16", "64"), "memory": ("1Gi", "64Gi"), "pods": ("1", "200", "200"),
               "ephemeral-storage": ("1Gi", "500Gi"), "example.com/device": ("0", "8", "8"),
               "hugepages-2Mi": ("0", "1Gi"), "example.com/other": ("3",)}
    for resource in world.some(sorted(amounts), 1, 1 if world.chance(0.6) else 3):
        node["status"]["allocatable"][resource] = world.pick(amounts[resource])


def _grown(world: World, node: dict, pod: dict) -> None:
    """There is far more of something that the Pod asks for."""
    asked = {resource for container in pod["spec"]["containers"]
             for resource in container.get("resources", {}).get("requests", {})}
    if asked:
        node["status"]["allocatable"][world.pick(sorted(asked))] = "4Ti"


def _conditions(world: World, node: dict, pod: dict) -> None:
    node["status"]["conditions"][0] |= world.pick((
        {"status": "False"}, {"status": "Unknown"}, {"lastHeartbeatTime": "2026-01-01T02:00:00Z"}))


def _annotations(world: World, node: dict, pod: dict) -> None:
    node["metadata"].setdefault("annotations", {})["note"] = world.pick(("one", "two"))


def _images(world: World, node: dict, pod: dict) -> None:
    node["status"]["images"] = [{"names": ["web:1"], "sizeBytes": 1000}]


_CHANGES = (_labels, _labels, _topology, _topology, _topology, _selected, _taints, _taints, _unschedulable,
            _allocatable, _allocatable, _grown, _conditions, _annotations, _images)
