"""Pods with claims: they go where their volumes are or can be, and are bound when these are.

Kubernetes' own volume controller binds claims to volumes; where a provisioner is asked for, the test is the provisioner.
"""

import pytest

from conftest import configuration
from objects import condition, pod
from rest import eventually

SELECTED = "volume.kubernetes.io/selected-node"


@pytest.fixture
def storage(api):
    """Makes classes, volumes and claims; all are gone after the test."""
    made: list[tuple[str, str]] = []

    def create(kind: str, api_version: str, name: str, **body) -> dict:
        made.append((kind, name))
        return api.create(kind, {"apiVersion": api_version, "metadata": {"name": name, **body.pop("meta", {})}, **body})

    yield create
    for kind, name in reversed(made):
        if kind != "storageclasses":
            # The controller that would take its finalizer off may have seen nothing yet.
            api.patch(kind, name, {"metadata": {"finalizers": None}})
        api.delete(kind, name)


def storage_class(storage, name: str, provisioner: str, mode: str = "WaitForFirstConsumer") -> None:
    storage("storageclasses", "storage.k8s.io/v1", name, provisioner=provisioner, volumeBindingMode=mode)


def volume(storage, name: str, class_name: str, node: str, size: str = "1Gi", claim: dict | None = None) -> dict:
    spec = {"capacity": {"storage": size}, "accessModes": ["ReadWriteOnce"], "storageClassName": class_name,
            "hostPath": {"path": "/nowhere"}, "persistentVolumeReclaimPolicy": "Retain",
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [
                {"key": "kubernetes.io/hostname", "operator": "In", "values": [node]}]}]}}}
    if claim:
        spec["claimRef"] = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": "default",
                            "name": claim["metadata"]["name"], "uid": claim["metadata"]["uid"]}
    return storage("persistentvolumes", "v1", name, spec=spec)


def claim(storage, name: str, class_name: str, size: str = "1Gi") -> dict:
    return storage("persistentvolumeclaims", "v1", name, spec={
        "storageClassName": class_name, "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}})


def user(name: str, *claims: str) -> dict:
    return pod(name, "2", "io-bound", volumes=[{"name": c, "persistentVolumeClaim": {"claimName": c}} for c in claims])


def phase(api, name: str) -> str:
    return api.get("persistentvolumeclaims", name)["status"].get("phase", "")


def test_a_pod_goes_where_its_bound_volume_is(api, start, bound, storage):
    storage_class(storage, "at-once", "none.example", "Immediate")
    volume(storage, "there", "at-once", "node-0003")
    claim(storage, "data", "at-once")
    eventually(lambda: phase(api, "data") == "Bound")
    start(config=configuration())
    api.create("pods", user("reader", "data"))
    assert bound("reader")["reader"].node == "node-0003"


def test_claims_that_wait_take_volumes_that_are_there_each_its_own(api, start, bound, storage):
    storage_class(storage, "local", "kubernetes.io/no-provisioner")
    for i in range(3):
        volume(storage, f"disk-{i}", "local", f"node-{2 * i:04}")
        claim(storage, f"data-{i}", "local")
    start(config=configuration())
    for i in range(3):
        api.create("pods", user(f"writer-{i}", f"data-{i}"))
    placed = bound("writer-0", "writer-1", "writer-2", seconds=60)
    assert {p.node for p in placed.values()} == {"node-0000", "node-0002", "node-0004"}
    for i in range(3):
        eventually(lambda i=i: phase(api, f"data-{i}") == "Bound")
        disk = api.get("persistentvolumes", api.get("persistentvolumeclaims", f"data-{i}")["spec"]["volumeName"])
        node = disk["spec"]["nodeAffinity"]["required"]["nodeSelectorTerms"][0]["matchExpressions"][0]["values"]
        assert node == [placed[f"writer-{i}"].node]
    # A fourth finds none left.
    claim(storage, "data-3", "local")
    api.create("pods", user("late", "data-3"))
    refused = eventually(lambda: condition(api.get("pods", "late"), "PodScheduled").get("message"))
    assert "8 node(s) didn't find available persistent volumes to bind" in refused, refused
    # Until there is one.
    volume(storage, "disk-3", "local", "node-0007")
    assert bound("late", seconds=60)["late"].node == "node-0007"


def test_a_volume_is_made_for_the_node_before_the_pod_is_bound_to_it(api, start, bound, storage):
    storage_class(storage, "made", "provisioner.example")
    claim(storage, "data", "made")
    start(config=configuration())
    api.create("pods", user("writer", "data"))

    def chosen():
        return api.get("persistentvolumeclaims", "data")["metadata"].get("annotations", {}).get(SELECTED)

    node = eventually(chosen)
    assert not api.get("pods", "writer")["spec"].get("nodeName")
    volume(storage, "made-1", "made", node, claim=api.get("persistentvolumeclaims", "data"))
    assert bound("writer", seconds=60)["writer"].node == node
    assert phase(api, "data") == "Bound"


def test_a_volume_that_was_made_for_another_node_takes_the_pod_there(api, start, bound, storage):
    storage_class(storage, "made", "provisioner.example")
    claim(storage, "data", "made")
    start(config=configuration())
    api.create("pods", user("writer", "data"))
    node = eventually(lambda: api.get("persistentvolumeclaims", "data")["metadata"].get("annotations", {}).get(SELECTED))
    other = "node-0001" if node != "node-0001" else "node-0002"
    volume(storage, "made-1", "made", other, claim=api.get("persistentvolumeclaims", "data"))
    writer = bound("writer", seconds=60)["writer"]
    assert writer.node == other
    told = [e["message"] for e in api.all("events") if e["involvedObject"]["uid"] == writer.pod["metadata"]["uid"]]
    assert any(m.startswith("binding volumes: ") and m.endswith(f"which node {node} cannot use") for m in told), told


def test_a_volume_that_is_not_made_in_time_is_told_and_asked_for_again(api, start, bound, storage):
    storage_class(storage, "made", "provisioner.example")
    claim(storage, "data", "made")
    impatient = configuration()
    impatient["profiles"][0]["pluginConfig"].append({"name": "VolumeBinding", "args": {"bindTimeoutSeconds": 2}})
    start(config=impatient)
    api.create("pods", user("writer", "data"))
    message = eventually(lambda: condition(api.get("pods", "writer"), "PodScheduled").get("message"), seconds=30)
    assert message == "binding volumes: its PersistentVolumeClaims were not bound within 2 s", message
    node = api.get("persistentvolumeclaims", "data")["metadata"]["annotations"][SELECTED]
    volume(storage, "made-1", "made", node, claim=api.get("persistentvolumeclaims", "data"))
    assert bound("writer", seconds=60)["writer"].node == node


def test_a_pod_waits_for_its_claim_to_be_there(api, start, bound, storage):
    storage_class(storage, "made", "provisioner.example")
    start(config=configuration())
    api.create("pods", user("early", "data"))
    message = eventually(lambda: condition(api.get("pods", "early"), "PodScheduled").get("message"))
    assert message == ('0/8 nodes are available: persistentvolumeclaim "data" not found. no new claims to '
                       "deallocate, preemption: 0/8 nodes are available: 8 Preemption is not helpful for scheduling."), message
    claim(storage, "data", "made")
    node = eventually(lambda: api.get("persistentvolumeclaims", "data")["metadata"].get("annotations", {}).get(SELECTED))
    volume(storage, "made-1", "made", node, claim=api.get("persistentvolumeclaims", "data"))
    assert bound("early", seconds=60)["early"].node == node
