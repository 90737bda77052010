"""Volumes: claims in every state, disks that only one may use, and how many a node can attach."""

from . import storage
from .world import NAMESPACES, REGION, ZONE, ZONES, World

_GCE, _AWS = "kubernetes.io/gce-pd", "kubernetes.io/aws-ebs"
_EBS_DRIVER, _PD_DRIVER = "ebs.csi.aws.com", "pd.csi.storage.gke.io"


def volume_claims(world: World) -> None:
    storage.storage_classes(world)
    _capacities(world)
    for i in range(world.pick((0, 1, 3))):
        # Sizes differ: which of two equal volumes is taken is not said anywhere.
        storage.volume(world, f"free-{i}", {"local": {"path": f"/mnt/{i}"}},
                       world.pick((storage.LOCAL, storage.WAIT)), f"{5 + 4 * i}Gi",
                       affinity=storage.node_terms(world), labels={"kind": world.pick(("fast", "slow"))},
                       modes=world.pick((("ReadWriteOnce",), ("ReadWriteOnce", "ReadOnlyMany"))),
                       phase=world.pick(("Available", "Available", "Released")))
    for node in world.nodes:
        if world.chance(0.5):
            _csi_node(world, node["metadata"]["name"])
        if world.chance(0.1):
            node["metadata"]["labels"] = {key: value for key, value in node["metadata"]["labels"].items()
                                          if key not in (ZONE, REGION) or world.chance(0.3)}
    for pod in world.judged:
        for i in range(world.pick((1, 1, 2, 3))):
            _want(world, pod, f"claim-{pod['metadata']['name']}-{i}")


def _want(world: World, pod: dict, name: str) -> None:
    namespace = pod["metadata"]["namespace"]
    if world.chance(0.15):
        return _ephemeral(world, pod)
    storage.use_claim(pod, name)
    kind = world.pick(("bound", "bound", "bound", "waiting", "waiting", "waiting", "odd"))
    if kind == "bound":
        source = world.pick((None, storage.in_tree_source(world, name)))
        storage.bound_claim(world, name, namespace, source, labels=storage.zone_labels(world),
                            affinity=storage.node_terms(world) if world.chance(0.5) else None)
    elif kind == "waiting":
        extra = {"selector": {"matchLabels": {"kind": "fast"}}} if world.chance(0.2) else {}
        selected = {"volume.kubernetes.io/selected-node": world.node_name()} if world.chance(0.2) else None
        storage.claim(world, name, namespace,
                      world.pick((storage.WAIT, storage.LOCAL, storage.CAPACITY, storage.IN_TREE)),
                      world.pick(("1Gi", "7Gi", "10Gi", "40Gi")), annotations=selected, **extra)
    else:
        _odd(world, name, namespace)


def _odd(world: World, name: str, namespace: str) -> None:
    """Claims that keep a Pod from every node; the first is one that is not there at all."""
    state = world.pick(("missing", "unbound", "no class", "empty class", "unknown class", "lost", "going",
                        "volume gone", "half"))
    if state == "unbound":
        storage.claim(world, name, namespace, storage.IMMEDIATE)
    elif state == "no class":
        storage.claim(world, name, namespace, None)
    elif state == "empty class":
        storage.claim(world, name, namespace, "")
    elif state == "unknown class":
        storage.claim(world, name, namespace, "gone")
    elif state == "lost":
        storage.claim(world, name, namespace, storage.WAIT, volume_name="pv-gone", phase="Lost")
    elif state == "going":
        going = storage.bound_claim(world, name, namespace)
        going["metadata"] |= {"deletionTimestamp": "2026-01-01T01:00:00Z", "deletionGracePeriodSeconds": 0,
                              "finalizers": ["kubernetes.io/pvc-protection"]}
    elif state == "volume gone":
        storage.claim(world, name, namespace, storage.WAIT, volume_name="pv-gone")
    elif state == "half":
        # The claim names its volume; the controller has not finished.
        made = storage.claim(world, name, namespace, storage.WAIT, volume_name=f"pv-{namespace}-{name}",
                             phase="Pending", completed=False)
        source = {"csi": {"driver": storage.DRIVER, "volumeHandle": name}}
        storage.volume(world, f"pv-{namespace}-{name}", source, storage.WAIT, "10Gi", made)


def _ephemeral(world: World, pod: dict) -> None:
    name = storage.use_ephemeral(pod, storage.WAIT)
    state = world.pick(("bound", "waiting", "missing", "another's"))
    owners = storage.owned_by(pod)
    if state == "another's":
        owners = None
    if state in ("bound", "another's"):
        storage.bound_claim(world, name, pod["metadata"]["namespace"], owners=owners)
    elif state == "waiting":
        storage.claim(world, name, pod["metadata"]["namespace"], storage.WAIT, "5Gi", owners=owners)


def _capacities(world: World) -> None:
    storage.csi_driver(world, storage.DRIVER, capacity=False)
    if world.chance(0.8):
        storage.csi_driver(world, storage.COUNTED, capacity=world.chance(0.9))
    for i in range(world.pick((0, 1, 2, 4))):
        fields = {"capacity": world.pick(("5Gi", "20Gi", "100Gi"))} if world.chance(0.9) else {}
        if world.chance(0.3):
            fields["maximumVolumeSize"] = world.pick(("2Gi", "8Gi"))
        if world.chance(0.9):
            fields["nodeTopology"] = {"matchLabels": {ZONE: world.pick(ZONES[:2])}} if world.chance(0.8) else {}
        world.add("storage.k8s.io/v1", "CSIStorageCapacity", f"capacity-{i}", "default",
                  storageClassName=world.pick((storage.CAPACITY, storage.CAPACITY, storage.WAIT)), **fields)


def volume_restrictions(world: World) -> None:
    """Disks of a Pod's own that others use too, and claims for one Pod alone."""
    for namespace in NAMESPACES:
        for name in ("alone-0", "alone-1"):
            if world.chance(0.9):
                storage.bound_claim(world, name, namespace, modes=("ReadWriteOncePod",))
        storage.bound_claim(world, "shared", namespace)
    for pod in world.pods():
        for _ in range(world.pick((0, 1, 1, 2))):
            _use(world, pod)


def _use(world: World, pod: dict) -> None:
    read_only = {"readOnly": True} if world.chance(0.5) else {}
    name = world.pick(("one", "two", "three"))
    kind = world.pick(("gce", "aws", "iscsi", "rbd", "claim", "claim", "none"))
    if kind == "gce":
        storage.use_inline(pod, {"gcePersistentDisk": {"pdName": name, "fsType": "ext4"} | read_only})
    elif kind == "aws":
        storage.use_inline(pod, {"awsElasticBlockStore": {"volumeID": f"vol-{name}"} | read_only})
    elif kind == "iscsi":
        storage.use_inline(pod, {"iscsi": {"targetPortal": "10.0.0.9:3260", "iqn": f"iqn.2026-01.example:{name}",
                                           "lun": 0, "iscsiInterface": "default"} | read_only})
    elif kind == "rbd":
        monitors = world.some(("10.0.0.1", "10.0.0.2", "10.0.0.3"), 1, 2)
        storage.use_inline(pod, {"rbd": {"monitors": monitors, "image": name, "pool": world.pick(("rbd", "other")),
                                         "user": "admin", "keyring": "/etc/ceph/keyring"} | read_only})
    elif kind == "claim":
        storage.use_claim(pod, world.pick(("alone-0", "alone-1", "shared")))
    else:
        storage.use_inline(pod, {"emptyDir": {}})


def volume_limits(world: World) -> None:
    """Nodes that can attach few volumes; some are counted as those of the driver that replaced an older one."""
    storage.storage_classes(world)
    storage.csi_driver(world, storage.DRIVER, capacity=False)
    for node in world.nodes:
        if world.chance(0.85):
            _csi_node(world, node["metadata"]["name"])
    claims = {namespace: _claims(world, namespace) for namespace in NAMESPACES}
    for pod in world.pods():
        mine = claims[pod["metadata"]["namespace"]]
        if pod in world.bound or world.chance(0.1):
            # These keep a Pod from being scheduled at all.
            mine = mine + ["missing", "gone", "classless"]
        for _ in range(world.pick((0, 1, 1, 2, 3))):
            _attach(world, pod, mine)
    for i in range(world.pick((0, 0, 2, 4))):
        volume = world.pick(("pv-default-csi-0", "pv-blue-csi-1", "pv-green-files", "pv-gone"))
        source = {"persistentVolumeName": volume}
        if world.chance(0.1):
            source = {"inlineVolumeSpec": {"accessModes": ["ReadWriteOnce"],
                                           "csi": {"driver": storage.DRIVER, "volumeHandle": "inline"}}}
        world.add("storage.k8s.io/v1", "VolumeAttachment", f"attachment-{i}", status={"attached": True}, spec={
            "attacher": storage.DRIVER, "nodeName": world.node_name(), "source": source})


def _csi_node(world: World, node: str) -> None:
    drivers = []
    for driver in (storage.DRIVER, _EBS_DRIVER, _PD_DRIVER):
        if world.chance(0.8):
            allocatable = {"allocatable": {"count": world.pick((0, 1, 2, 4))}} if world.chance(0.85) else {}
            drivers.append({"name": driver, "nodeID": f"{driver}-{node}", "topologyKeys": None} | allocatable)
    migrated = world.pick(("", _GCE, f"{_AWS},{_GCE}"))
    annotations = {"storage.alpha.kubernetes.io/migrated-plugins": migrated} if world.chance(0.8) else None
    world.add("storage.k8s.io/v1", "CSINode", node, annotations=annotations, spec={"drivers": drivers})


def _claims(world: World, namespace: str) -> list[str]:
    made = []
    for i in range(4):
        storage.bound_claim(world, f"csi-{i}", namespace)
        made.append(f"csi-{i}")
    storage.bound_claim(world, "ebs", namespace, {"awsElasticBlockStore": {"volumeID": f"vol-{namespace}"}})
    storage.bound_claim(world, "disk", namespace, {"gcePersistentDisk": {"pdName": f"pd-{namespace}"}},
                        labels={ZONE: "here-1-a"})
    storage.bound_claim(world, "files", namespace, {"nfs": {"server": "10.0.0.7", "path": "/"}})
    storage.bound_claim(world, "in-tree", namespace, storage.in_tree_source(world, "any"))
    storage.claim(world, "waiting", namespace, storage.WAIT)
    storage.claim(world, "in-tree-waiting", namespace, storage.IN_TREE)
    storage.claim(world, "classless", namespace, "", volume_name="pv-gone")
    storage.claim(world, "gone", namespace, storage.WAIT, volume_name="pv-gone")
    return made * 3 + ["ebs", "disk", "files", "waiting", "in-tree", "in-tree-waiting"]


def _attach(world: World, pod: dict, claims: list[str]) -> None:
    kind = world.pick(("claim", "claim", "claim", "claim", "in-tree", "disk", "ephemeral", "none"))
    if kind == "claim":
        storage.use_claim(pod, world.pick(claims))
    elif kind == "in-tree":
        storage.use_inline(pod, storage.in_tree_source(world, world.pick(("1", "2"))))
    elif kind == "disk":
        storage.use_inline(pod, {"gcePersistentDisk": {"pdName": world.pick(("pd-1", "pd-2")), "readOnly": True}})
    elif kind == "ephemeral":
        name = storage.use_ephemeral(pod, storage.WAIT)
        if world.chance(0.9):
            owners = storage.owned_by(pod) if world.chance(0.9) else None
            storage.bound_claim(world, name, pod["metadata"]["namespace"], owners=owners)
    else:
        storage.use_inline(pod, {"emptyDir": {}})
