"""Simulated nodes: Node objects that kwok keeps Ready and whose Pods it says are Running, each with a topology."""

import concurrent.futures
import json
import time
from pathlib import Path

from . import binaries, components, topology
from .api import Api, ApiError
from .errors import ClusterError
from .instance import Instance

_GROUP = "cslab.ece.ntua.gr/v1alpha1"
_WORKERS = 8
MAX_NODES = 9999


def start(instance: Instance, where: Path) -> None:
    port = instance.port("kwok")
    config = instance.root / "kwok.json"
    # What is slow is waiting for the API server; the defaults (4 each) are for a laptop's few nodes.
    config.write_text(json.dumps({
        "apiVersion": "config.kwok.x-k8s.io/v1alpha1",
        "kind": "KwokConfiguration",
        "options": {"nodePlayStageParallelism": 16, "nodeLeaseParallelism": 16, "podPlayStageParallelism": 16},
    }))
    components.start(instance, "kwok", [
        where / "kwok", f"--kubeconfig={instance.kubeconfig}", f"--config={where / binaries.STAGES}", f"--config={config}",
        "--manage-all-nodes=false", "--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake",
        "--node-lease-duration-seconds=40", "--v=WARN",
        f"--server-address=127.0.0.1:{port}",
    ])
    components.wait_until(instance, "kwok", lambda: components.healthy(port, tls=False), 60)


def name(index: int) -> str:
    return f"node-{index:04}"


def create_nodes(instance: Instance, count: int, description: str, progress) -> int:
    """Makes the nodes that are missing of the first `count`, each with its NodeCPUTopology where the CRD is there.
    Returns how many were made."""
    api = Api(instance)
    shape = topology.of(description)
    with_topology = api.answers(f"/apis/{_GROUP}/nodecputopologies?limit=1")
    nodes = {n["metadata"]["name"] for n in api.get("/api/v1/nodes")["items"]}
    missing = [name(i) for i in range(count) if name(i) not in nodes]
    if not missing:
        return 0

    def create(node: str) -> None:
        made = api.create("/api/v1/nodes", _node(node, len(shape["cpus"])))
        if made and with_topology:
            api.create(f"/apis/{_GROUP}/nodecputopologies", _topology(node, made["metadata"]["uid"], shape))

    done = 0
    with progress.step(f"{len(missing)} nodes of {len(shape['cpus'])} CPUs") as step:
        with concurrent.futures.ThreadPoolExecutor(_WORKERS) as workers:
            futures = [workers.submit(create, node) for node in missing]
            try:
                for future in concurrent.futures.as_completed(futures):
                    future.result()
                    done += 1
                    step.detail = f"{done} made"
            except BaseException:
                workers.shutdown(wait=False, cancel_futures=True)
                raise
        _wait_until_ready(instance, api, set(missing), step)
    return len(missing)


def _wait_until_ready(instance: Instance, api: Api, expected: set[str], step) -> None:
    deadline = time.monotonic() + 60 + len(expected) / 10
    while True:
        try:
            ready = {n["metadata"]["name"] for n in api.get("/api/v1/nodes")["items"] if _is_ready(n)}
        except ApiError:
            ready = set()
        lacking = expected - ready
        if not lacking:
            return
        step.detail = f"{len(expected) - len(lacking)} ready"
        if not components.running(instance, "kwok"):
            raise ClusterError("kwok ended", instance.log("kwok"))
        if time.monotonic() > deadline:
            raise ClusterError(f"{len(lacking)} nodes are not Ready, {min(lacking)} among them", instance.log("kwok"))
        time.sleep(0.5)


def _is_ready(node: dict) -> bool:
    conditions = {c["type"]: c["status"] for c in node.get("status", {}).get("conditions", [])}
    taints = {t["key"] for t in node["spec"].get("taints", [])}
    return conditions.get("Ready") == "True" and "node.kubernetes.io/not-ready" not in taints


def _node(node: str, cpus: int) -> dict:
    resources = {"cpu": str(cpus), "memory": "256Gi", "pods": "500"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": node,
            "labels": {"type": "kwok", "kubernetes.io/hostname": node, "kubernetes.io/os": "linux",
                       "kubernetes.io/arch": "amd64"},
            "annotations": {"kwok.x-k8s.io/node": "fake"},
        },
        "status": {"capacity": resources, "allocatable": resources},
    }


def _topology(node: str, uid: str, shape: dict) -> dict:
    return {
        "apiVersion": _GROUP,
        "kind": "NodeCPUTopology",
        "metadata": {
            "name": f"{node}-cputopology",
            "ownerReferences": [{"apiVersion": "v1", "kind": "Node", "name": node, "uid": uid}],
        },
        "spec": {"nodeName": node, "topology": shape},
    }
