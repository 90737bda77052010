"""Classes, volumes and claims as families of volumes make them."""

from .world import REGION, ZONE, ZONES, World

DRIVER = "csi.example.com"
COUNTED = "counted.example.com"
WAIT, IMMEDIATE, LOCAL, CAPACITY, IN_TREE = "wait", "immediate", "local", "capacity", "in-tree"
_BETA_ZONE = "failure-domain.beta.kubernetes.io/zone"
_BETA_REGION = "failure-domain.beta.kubernetes.io/region"
_BOUND = {"pv.kubernetes.io/bind-completed": "yes"}


def storage_classes(world: World) -> None:
    waiting, at_once = "WaitForFirstConsumer", "Immediate"
    for name, provisioner, mode in (
            (WAIT, DRIVER, waiting), (IMMEDIATE, DRIVER, at_once), (CAPACITY, COUNTED, waiting),
            (LOCAL, "kubernetes.io/no-provisioner", waiting), (IN_TREE, "kubernetes.io/aws-ebs", waiting)):
        topologies = {}
        if name == WAIT and world.chance(0.4):
            expressions = [{"key": ZONE, "values": world.some(("here-1-a", "here-1-b"), 1, 2)}]
            if world.chance(0.3):
                expressions.append({"key": "disk", "values": ["ssd"]})
            topologies = {"allowedTopologies": [{"matchLabelExpressions": expressions}]}
        world.add("storage.k8s.io/v1", "StorageClass", name, provisioner=provisioner, reclaimPolicy="Delete",
                  volumeBindingMode=mode, **topologies)


def csi_driver(world: World, name: str, capacity: bool) -> None:
    world.add("storage.k8s.io/v1", "CSIDriver", name, spec={
        "attachRequired": True, "podInfoOnMount": False, "storageCapacity": capacity,
        "fsGroupPolicy": "ReadWriteOnceWithFSType", "requiresRepublish": False, "seLinuxMount": False,
        "volumeLifecycleModes": ["Persistent"]})


def volume(world: World, name: str, source: dict, storage_class: str, size: str, claim: dict | None = None, labels=None,
           affinity=None, modes=("ReadWriteOnce",), phase: str = "", annotations=None) -> dict:
    spec = {"capacity": {"storage": size}, "accessModes": list(modes), "persistentVolumeReclaimPolicy": "Delete",
            "volumeMode": "Filesystem", **source}
    if storage_class:
        spec["storageClassName"] = storage_class
    if affinity:
        spec["nodeAffinity"] = {"required": affinity}
    if claim:
        meta = claim["metadata"]
        spec["claimRef"] = {"kind": "PersistentVolumeClaim", "apiVersion": "v1", "namespace": meta["namespace"],
                            "name": meta["name"], "uid": meta["uid"]}
    return world.add("v1", "PersistentVolume", name, labels=labels, annotations=annotations, spec=spec,
                     status={"phase": phase or ("Bound" if claim else "Available")})


def claim(world: World, name: str, namespace: str, storage_class: str | None, size: str = "10Gi",
          volume_name: str = "", modes=("ReadWriteOnce",), phase: str = "", annotations=None, owners=None,
          completed: bool = True, **spec) -> dict:
    spec |= {"accessModes": list(modes), "resources": {"requests": {"storage": size}}, "volumeMode": "Filesystem"}
    if storage_class is not None:
        spec["storageClassName"] = storage_class
    if volume_name:
        spec["volumeName"] = volume_name
        annotations = (annotations or {}) | (_BOUND if completed else {})
    return world.add("v1", "PersistentVolumeClaim", name, namespace, annotations=annotations, owners=owners, spec=spec,
                     status={"phase": phase or ("Bound" if volume_name else "Pending")})


def bound_claim(world: World, name: str, namespace: str, source: dict | None = None, size: str = "10Gi",
                storage_class=WAIT, modes=("ReadWriteOnce",), owners=None, **volume_fields) -> dict:
    """A claim and the volume it is bound to."""
    made = claim(world, name, namespace, storage_class, size, f"pv-{namespace}-{name}", modes, owners=owners)
    source = source or {"csi": {"driver": DRIVER, "volumeHandle": f"handle-{namespace}-{name}", "fsType": "ext4"}}
    volume(world, f"pv-{namespace}-{name}", source, storage_class, size, made, modes=modes, **volume_fields)
    return made


def use_claim(pod: dict, claim_name: str, read_only: bool = False) -> None:
    _mount(pod, {"persistentVolumeClaim": {"claimName": claim_name} | ({"readOnly": True} if read_only else {})})


def use_ephemeral(pod: dict, storage_class: str) -> str:
    """Returns the name of the claim that the ephemeral volume controller makes for it."""
    name = _mount(pod, {"ephemeral": {"volumeClaimTemplate": {"metadata": {}, "spec": {
        "accessModes": ["ReadWriteOnce"], "storageClassName": storage_class, "volumeMode": "Filesystem",
        "resources": {"requests": {"storage": "5Gi"}}}}}})
    return f"{pod['metadata']['name']}-{name}"


def use_inline(pod: dict, source: dict) -> None:
    _mount(pod, source)


def owned_by(pod: dict) -> list[dict]:
    return [{"apiVersion": "v1", "kind": "Pod", "name": pod["metadata"]["name"], "uid": pod["metadata"]["uid"],
             "controller": True, "blockOwnerDeletion": True}]


def _mount(pod: dict, source: dict) -> str:
    volumes = pod["spec"].setdefault("volumes", [])
    name = f"volume-{len(volumes)}"
    volumes.append({"name": name, **source})
    return name


def in_tree_source(world: World, name: str) -> dict:
    """A disk of a plugin that a CSI driver has replaced, or not."""
    return world.pick((
        {"gcePersistentDisk": {"pdName": name, "fsType": "ext4"}},
        {"awsElasticBlockStore": {"volumeID": f"aws://here-1-a/vol-{name}"}},
        {"awsElasticBlockStore": {"volumeID": f"vol-{name}"}},
        {"awsElasticBlockStore": {"volumeID": f"not/{name}"}},
        {"azureDisk": {"diskName": name, "diskURI": f"/subscriptions/one/{name}", "cachingMode": "ReadWrite",
                       "fsType": "ext4", "readOnly": False, "kind": "Managed"}},
        {"cinder": {"volumeID": name}},
        {"portworxVolume": {"volumeID": name}},
    ))


def zone_labels(world: World) -> dict:
    labels = {}
    if world.chance(0.7):
        # Volumes may be in several zones at once.
        zones = world.pick((*ZONES[:2], "here-1-a__here-1-c", "here-1-b__here-1-a", "here-1-a____here-1-b"))
        labels[world.pick((ZONE, _BETA_ZONE))] = zones
    if world.chance(0.4):
        labels[world.pick((REGION, _BETA_REGION))] = world.pick(("here", "here", "there"))
    return labels


def node_terms(world: World) -> dict:
    term = world.pick((
        {"matchExpressions": [{"key": ZONE, "operator": "In", "values": world.some(("here-1-a", "here-1-b"), 1, 2)}]},
        {"matchExpressions": [{"key": "disk", "operator": world.pick(("In", "NotIn")), "values": ["ssd"]}]},
        {"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": [world.node_name()]}]},
        {"matchExpressions": [{"key": "disk", "operator": "Exists"},
                              {"key": "generation", "operator": "Gt", "values": ["5"]}]},
        {},
    ))
    if not term or world.chance(0.1):
        # Volumes may name nodes like that, and are matched as if they did not.
        term = term | {"matchFields": [{"key": "metadata.name", "operator": "In", "values": [world.node_name()]}]}
    return {"nodeSelectorTerms": [term]}
