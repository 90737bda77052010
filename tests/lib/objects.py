"""Objects as tests make them."""

GROUP = "cslab.ece.ntua.gr"
NAMESPACE = "actimanager-system"

WORKLOAD = f"{GROUP}/workload-type"
LEVEL = f"{GROUP}/exclusiveness-level"
NODE_LABEL = f"{GROUP}/node-name"


def pod(name: str, cpu: str = "1", workload: str = "", level: str = "", scheduler: str = "maestro", node: str = "",
        namespace: str = "default", **spec) -> dict:
    """node: the one it must run on, by its label."""
    meta = {"name": name, "namespace": namespace}
    if workload:
        meta["labels"] = {WORKLOAD: workload}
    if level:
        meta["annotations"] = {LEVEL: level}
    if node:
        spec["nodeSelector"] = {"kubernetes.io/hostname": node}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": meta,
        "spec": {
            "schedulerName": scheduler,
            "terminationGracePeriodSeconds": 0,
            "automountServiceAccountToken": False,
            "containers": [{"name": "main", "image": "simulated", "resources": {"requests": {"cpu": cpu}}}],
            **spec,
        },
    }


def binding(name: str, **spec) -> dict:
    return {
        "apiVersion": f"{GROUP}/v1alpha1",
        "kind": "PodCPUBinding",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"podName": name, "exclusivenessLevel": "None", "cpuSet": [{"cpuID": 1}], **spec},
    }


def topology(name: str, **spec) -> dict:
    return {
        "apiVersion": f"{GROUP}/v1alpha1",
        "kind": "NodeCPUTopology",
        "metadata": {"name": name},
        "spec": spec,
    }


def cpu_set(*ids: int) -> list[dict]:
    return [{"cpuID": i} for i in ids]


def named(binding: dict) -> set[int]:
    """The CPUs a binding asks for."""
    return {item["cpuID"] for item in binding["spec"]["cpuSet"]}


def condition(obj: dict, kind: str) -> dict:
    """The condition of that type; {} if there is none."""
    found = [c for c in obj.get("status", {}).get("conditions", []) if c["type"] == kind]
    return found[0] if found else {}
