"""Changes in a cluster, and the plugins that may have rejected a Pod before them."""

import copy

from . import pod_changes, storage_changes
from .node_changes import node_change
from .world import HOST, ZONE, World

_CLAIMS = ("PersistentVolumeClaim", "PersistentVolumeClaim", "PersistentVolume", "StorageClass")
# By plugin: the families whose Pods it may reject, and the kinds of objects whose changes may help.
PLUGINS = {
    "SchedulingGates": (("node-names",), ("itself",)),
    "NodeUnschedulable": (("unschedulable",), ("Node", "itself", "Pod")),
    "NodeName": (("node-names",), ("Node",)),
    "TaintToleration": (("taints",), ("Node", "Node", "itself", "Pod")),
    "NodeAffinity": (("node-affinity",), ("Node",)),
    "NodePorts": (("host-ports",), ("Pod", "Pod", "Node")),
    "NodeResourcesFit": (("resources", "pod-level-resources", "full-nodes", "resizes"), ("Pod", "Node", "itself")),
    "VolumeRestrictions": (("volume-restrictions",), ("Pod", "Pod", "PersistentVolumeClaim", "Node")),
    "NodeVolumeLimits": (("volume-limits",), ("CSINode", "Pod", "PersistentVolumeClaim", "VolumeAttachment")),
    "VolumeBinding": (("volume-claims", "volume-claims", "volume-limits"), (*_CLAIMS, "Node", "CSINode", "CSIDriver", "CSIStorageCapacity")),
    "VolumeZone": (("volume-claims",), (*_CLAIMS, "PersistentVolume", "Node")),
    "PodTopologySpread": (("spread", "workloads"), ("Pod", "Pod", "Node", "Node", "itself")),
    "InterPodAffinity": (("pod-affinity", "first-pods"), ("Pod", "Pod", "Node")),
    "DefaultPreemption": (("priorities",), ("Pod",)),
}
_KINDS = ("Node", "Pod", "itself", *storage_changes.KINDS)


def case(world: World, items: list[dict], pods: list[dict], about: str) -> dict:
    """One case, mostly about one plugin; `items` and `pods` stay as they are."""
    plugin = about if world.chance(0.75) else world.pick(sorted(PLUGINS))
    resource = world.pick(PLUGINS[plugin][1] if world.chance(0.85) else _KINDS)
    pod = copy.deepcopy(world.pick(pods))
    pod["spec"].pop("nodeName", None)
    if plugin == "SchedulingGates":
        # This one rejects a Pod that has gates, and nobody else is asked about such a Pod.
        pod["spec"]["schedulingGates"] = [{"name": "example.com/wait"}, {"name": "example.com/other"}]
    if world.chance(0.4):
        _make_plain(world, plugin, pod)
    if resource == "Node":
        old, new = node_change(world, items, pod)
    elif resource == "Pod":
        old, new = pod_changes.of_others(world, items, pod)
    elif resource == "itself":
        old, new = pod_changes.of_itself(world, pod)
    else:
        old, new = storage_changes.change(world, items, resource, pod)
    return _case(plugin, pod, old, new)


def _make_plain(world: World, plugin: str, pod: dict) -> None:
    """Gives the Pod a wish that a change of something common meets, which those of its family seldom are."""
    spec, web = pod["spec"], {"labelSelector": {"matchLabels": {"app": "web"}}}
    if plugin == "InterPodAffinity":
        term = web | {"topologyKey": world.pick((ZONE, HOST))}
        spec["affinity"] = {world.pick(("podAffinity", "podAntiAffinity", "podAntiAffinity")): {
            "requiredDuringSchedulingIgnoredDuringExecution": [term]}}
    elif plugin == "PodTopologySpread":
        spec["topologySpreadConstraints"] = [web | {
            "maxSkew": 1, "topologyKey": world.pick((ZONE, HOST)), "whenUnsatisfiable": "DoNotSchedule",
            "nodeTaintsPolicy": world.pick(("Honor", "Honor", "Ignore"))}]
    elif plugin == "NodeAffinity":
        # A number is asked for, and one of the terms says none: nobody can tell what it means.
        terms = [{"matchExpressions": [{"key": "generation", "operator": "Gt", "values": [amount]}]}
                 for amount in world.some(("5", "many"), 1, 2)]
        spec["affinity"] = {"nodeAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}}
    elif plugin.startswith(("Volume", "NodeVolume")):
        spec.setdefault("volumes", []).insert(0, {"name": "scratch", "emptyDir": {}})
    elif plugin == "NodeResourcesFit" and world.chance(0.3):
        # It asks for nothing but a place among the node's Pods.
        spec.pop("resources", None)
        for container in (*spec["containers"], *spec.get("initContainers", ())):
            container.pop("resources", None)
    elif plugin == "NodeResourcesFit":
        amounts = {"ephemeral-storage": "1Gi", "example.com/device": "1", "hugepages-2Mi": "2Mi"}
        resources = spec["containers"][0].setdefault("resources", {})
        for kind in ("requests", "limits"):
            resources[kind] = resources.get(kind, {}) | amounts


def _case(plugin: str, pod: dict, old: dict | None, new: dict | None) -> dict:
    if old and new:
        meta = new["metadata"] = dict(new["metadata"])
        meta["resourceVersion"] = str(int(old["metadata"]["resourceVersion"]) + 1_000_000)
    action = "Add" if old is None else "Delete" if new is None else "Update"
    return {"plugin": plugin, "pod": pod, "resource": (new or old)["kind"], "action": action, "old": old, "new": new}
