"""Changes of claims, volumes and what describes storage."""

import copy

from . import storage
from .world import REGION, ZONE, World

KINDS = ("PersistentVolumeClaim", "PersistentVolume", "StorageClass", "CSINode", "CSIDriver",
         "CSIStorageCapacity", "VolumeAttachment")


def attachments_of_migrated(world: World) -> None:
    """Of the drivers that have taken over from plugins of older kinds."""
    for driver in ("ebs.csi.aws.com", "pd.csi.storage.gke.io", "disk.csi.azure.com"):
        world.add("storage.k8s.io/v1", "VolumeAttachment", f"attachment-{driver}", status={"attached": True}, spec={
            "attacher": driver, "nodeName": world.node_name(), "source": {"persistentVolumeName": "pv-disk"}})


def change(world: World, items: list[dict], kind: str, pod: dict) -> tuple[dict | None, dict | None]:
    """May give the Pod a volume that has to do with it."""
    there = [item for item in items if item["kind"] == kind]
    # Of most kinds, nobody hopes for one less.
    actions = (*["add"] * 4, *["update"] * 5, "delete")
    if kind == "VolumeAttachment":
        actions = ("add", "delete", "delete")
    action = world.pick(actions) if there else "add"
    if action == "add":
        return None, _added(world, kind, pod)
    old = copy.deepcopy(world.pick(there))
    if action == "delete":
        if kind == "VolumeAttachment" and world.chance(0.6):
            pod["spec"]["volumes"] = [{"name": "disk", **storage.in_tree_source(world, "disk")}]
        return old, None
    if kind == "CSIDriver" and world.chance(0.7):
        storage.use_inline(pod, {"csi": {"driver": old["metadata"]["name"]}})
    new = copy.deepcopy(old)
    if world.chance(0.85):
        _UPDATES[kind](world, new)
    else:
        new["metadata"].setdefault("annotations", {})["note"] = "another"
    return old, new


def _added(world: World, kind: str, pod: dict) -> dict:
    """Made in a world of its own, so that the cluster stays as it is."""
    made = _Apart(world)
    namespace = pod["metadata"]["namespace"] if world.chance(0.8) else "elsewhere"
    if kind == "PersistentVolumeClaim":
        return storage.claim(made, _claim_name(world, pod), namespace, storage.WAIT)
    if kind == "PersistentVolume":
        return storage.volume(made, "volume-new", {"local": {"path": "/mnt/new"}}, storage.LOCAL, "50Gi",
                              affinity=storage.node_terms(world), labels=storage.zone_labels(world))
    if kind == "StorageClass":
        mode = world.pick(({"volumeBindingMode": "WaitForFirstConsumer"}, {"volumeBindingMode": "Immediate"}))
        return made.add("storage.k8s.io/v1", kind, "class-new", provisioner=storage.DRIVER, reclaimPolicy="Delete",
                        **mode)
    if kind == "CSINode":
        return made.add("storage.k8s.io/v1", kind, "node-new", spec={"drivers": [
            {"name": storage.DRIVER, "nodeID": "new", "topologyKeys": None, "allocatable": {"count": 3}}]})
    if kind == "CSIDriver":
        storage.csi_driver(made, "new.example.com", capacity=world.chance(0.5))
        return made.others[0]
    if kind == "CSIStorageCapacity":
        return made.add("storage.k8s.io/v1", kind, "capacity-new", "default", storageClassName=storage.CAPACITY,
                        capacity="20Gi", nodeTopology={})
    return made.add("storage.k8s.io/v1", kind, "attachment-new", status={"attached": True}, spec={
        "attacher": storage.DRIVER, "nodeName": world.node_name(), "source": {"persistentVolumeName": "pv-new"}})


class _Apart:
    """What makes objects, as a World does, and keeps them to itself."""

    def __init__(self, world: World):
        self._world = world
        self.others = []

    def add(self, *arguments, **fields) -> dict:
        made = self._world.add(*arguments, **fields)
        self._world.others.remove(made)
        self.others.append(made)
        return made


def _claim_name(world: World, pod: dict) -> str:
    """Mostly of a claim that the Pod waits for."""
    if world.chance(0.3):
        return "claim-new"
    if world.chance(0.6):
        storage.use_claim(pod, "claim-new")
        return "claim-new"
    return storage.use_ephemeral(pod, storage.WAIT)


def _update_claim(world: World, claim: dict) -> None:
    if world.chance(0.5):
        claim["spec"]["volumeName"] = "volume-new"
    else:
        claim["status"]["phase"] = world.pick(("Bound", "Lost", "Pending"))


def _update_volume(world: World, volume: dict) -> None:
    labels = volume["metadata"].setdefault("labels", {})
    kind = world.pick(("zone", "region", "beta", "size", "phase"))
    if kind == "size":
        volume["spec"]["capacity"]["storage"] = "77Gi"
    elif kind == "phase":
        volume["status"]["phase"] = world.pick(("Available", "Released"))
    else:
        key = {"zone": ZONE, "region": REGION, "beta": "failure-domain.beta.kubernetes.io/zone"}[kind]
        if key in labels and world.chance(0.3):
            del labels[key]
        else:
            # The same two zones in another order are no change.
            labels[key] = world.pick(("here-1-a", "here-1-b__here-1-a", "here-1-a__here-1-b", "here-1-a____here-1-b"))


def _update_class(world: World, storage_class: dict) -> None:
    if world.chance(0.3):
        storage_class.pop("allowedTopologies", None)
    else:
        storage_class["allowedTopologies"] = [
            {"matchLabelExpressions": [{"key": ZONE, "values": [world.pick(("here-1-a", "here-1-b"))]}]}]


def _update_csi_node(world: World, node: dict) -> None:
    drivers = node["spec"]["drivers"]
    kind = world.pick(("limit", "limit", "no limit", "driver", "gone", "migrated"))
    if kind == "migrated":
        node["metadata"].setdefault("annotations", {})["storage.alpha.kubernetes.io/migrated-plugins"] = world.pick(
            ("", "kubernetes.io/aws-ebs", "kubernetes.io/gce-pd"))
    elif kind == "driver" or not drivers:
        drivers.append({"name": f"new-{len(drivers)}.example.com", "nodeID": "new", "topologyKeys": None,
                        "allocatable": {"count": world.pick((0, 1))}})
    elif kind == "gone":
        drivers.pop()
    elif kind == "limit":
        world.pick(drivers)["allocatable"] = {"count": world.pick((0, 1, 2, 5))}
    else:
        world.pick(drivers).pop("allocatable", None)


def _update_driver(world: World, driver: dict) -> None:
    driver["spec"]["storageCapacity"] = not driver["spec"]["storageCapacity"]


def _update_capacity(world: World, capacity: dict) -> None:
    key = world.pick(("capacity", "capacity", "maximumVolumeSize"))
    if key in capacity and world.chance(0.2):
        del capacity[key]
    else:
        capacity[key] = world.pick(("1Gi", "8Gi", "200Gi"))


def _update_attachment(world: World, attachment: dict) -> None:
    attachment["status"]["attached"] = not attachment["status"]["attached"]


_UPDATES = {"PersistentVolumeClaim": _update_claim, "PersistentVolume": _update_volume, "StorageClass": _update_class,
            "CSINode": _update_csi_node, "CSIDriver": _update_driver, "CSIStorageCapacity": _update_capacity,
            "VolumeAttachment": _update_attachment}
