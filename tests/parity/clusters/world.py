"""A cluster in the making: plain nodes, Pods bound to them, and the Pods to judge.

Objects are as the API server would have stored them: what it fills in is filled in, by `finish` where it follows from
what families have changed.
"""

import random

from . import defaults

ZONE = "topology.kubernetes.io/zone"
REGION = "topology.kubernetes.io/region"
HOST = "kubernetes.io/hostname"
# A volume of a cloud tells its region by such names.
ZONES = ("here-1-a", "here-1-b", "here-1-c")
NAMESPACES = ("default", "blue", "green")
APPS = ("web", "db", "cache")


class World:
    def __init__(self, seed: str):
        self.rng = random.Random(seed)
        self.nodes: list[dict] = []
        self.bound: list[dict] = []
        self.judged: list[dict] = []
        # In the cluster, but on no node yet.
        self.waiting: list[dict] = []
        self.others: list[dict] = []
        self._uids = 0
        self.starts = 0
        for name in NAMESPACES:
            labels = {"kubernetes.io/metadata.name": name}
            if self.chance(0.5):
                labels["team"] = self.pick(("red", "black"))
            self.add("v1", "Namespace", name, labels=labels, spec={"finalizers": ["kubernetes"]},
                     status={"phase": "Active"})
        zones = self.rng.randint(1, 3)
        for i in range(self.rng.randint(1, 12)):
            self.nodes.append(self._node(f"node-{i:02}", zones))
        for i in range(self.rng.randint(0, min(40, 8 * len(self.nodes)))):
            pod = self.pod(f"bound-{i:02}")
            pod["spec"]["nodeName"] = self.node_name()
            self.bound.append(pod)
        for i in range(self.rng.randint(1, 4)):
            self.judged.append(self.pod(f"judged-{i}"))

    # Choices.

    def chance(self, probability: float) -> bool:
        return self.rng.random() < probability

    def pick(self, values):
        return self.rng.choice(values)

    def some(self, values, least: int = 1, most: int | None = None) -> list:
        most = min(len(values), len(values) if most is None else most)
        return self.rng.sample(list(values), self.rng.randint(min(least, most), most))

    # Objects.

    def uid(self) -> str:
        self._uids += 1
        return f"00000000-0000-4000-8000-{self._uids:012}"

    def meta(self, name: str, namespace: str = "", **fields) -> dict:
        place = {"namespace": namespace} if namespace else {}
        return {"name": name, **place, "uid": self.uid(), "resourceVersion": str(self._uids),
                "creationTimestamp": "2026-01-01T00:00:00Z", **fields}

    def add(self, version: str, kind: str, name: str, namespace: str = "", labels=None, annotations=None, owners=None,
            **fields) -> dict:
        meta = {"labels": labels, "annotations": annotations, "ownerReferences": owners}
        made = {"apiVersion": version, "kind": kind,
                "metadata": self.meta(name, namespace, **{k: v for k, v in meta.items() if v}), **fields}
        self.others.append(made)
        return made

    def node_name(self) -> str:
        return self.pick(self.nodes)["metadata"]["name"]

    def pods(self) -> list[dict]:
        return self.bound + self.judged

    def crowd(self) -> None:
        """Makes most Pods alike, and puts many of them on few nodes: selectors that match, and nodes that differ."""
        few = self.some(self.nodes, 1, 3)
        for pod in self.pods():
            if self.chance(0.75):
                pod["metadata"]["namespace"] = "default"
                pod["metadata"]["labels"]["app"] = "web"
            if "nodeName" in pod["spec"] and self.chance(0.5):
                pod["spec"]["nodeName"] = self.pick(few)["metadata"]["name"]

    def pod(self, name: str) -> dict:
        labels = {"app": self.pick(APPS)}
        if self.chance(0.4):
            labels["tier"] = self.pick(("front", "back"))
        if self.chance(0.4):
            labels["pod-template-hash"] = self.pick(("one", "two"))
        containers = [self.container(f"main-{i}") for i in range(self.pick((1, 1, 2)))]
        return {"apiVersion": "v1", "kind": "Pod",
                "metadata": self.meta(name, self.pick(NAMESPACES), labels=labels), "spec": {"containers": containers}}

    def init_container(self, pod: dict, sidecar: bool) -> dict:
        containers = pod["spec"].setdefault("initContainers", [])
        containers.append(self.container(f"init-{len(containers)}") | ({"restartPolicy": "Always"} if sidecar else {}))
        return containers[-1]

    def container(self, name: str) -> dict:
        requests = {}
        if self.chance(0.7):
            requests["cpu"] = self.pick(("50m", "100m", "250m", "0.5", "1", "1500m"))
        if self.chance(0.7):
            requests["memory"] = self.pick(("64Mi", "128Mi", "300M", "1Gi", "1500Mi"))
        return {"name": name, "image": self.pick(("web:1", "db:2", "tool")),
                "resources": {"requests": requests} if requests else {}}

    def _node(self, name: str, zones: int) -> dict:
        labels = {HOST: name, "kubernetes.io/os": "linux", ZONE: ZONES[self.rng.randrange(zones)], REGION: "here"}
        if self.chance(0.5):
            labels["disk"] = self.pick(("ssd", "hdd"))
        if self.chance(0.5):
            labels["generation"] = self.pick(("3", "7", "12", "old"))
        capacity = {"cpu": self.pick(("4", "8", "15900m")), "memory": self.pick(("8Gi", "16Gi", "31234567Ki")),
                    "pods": "110", "ephemeral-storage": "100Gi"}
        return {"apiVersion": "v1", "kind": "Node", "metadata": self.meta(name, labels=labels), "spec": {},
                "status": {"capacity": capacity, "allocatable": dict(capacity),
                           "conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady",
                                           "lastHeartbeatTime": "2026-01-01T00:00:00Z",
                                           "lastTransitionTime": "2026-01-01T00:00:00Z"}]}}

    def finish(self) -> tuple[dict, dict]:
        """The cluster and the Pods to judge, as Lists."""
        for pod in self.pods() + self.waiting:
            defaults.admit(pod, runs="nodeName" in pod["spec"] and pod not in self.judged)
        return _list(self.others + self.nodes + self.bound + self.waiting), _list(self.judged)


def _list(items: list[dict]) -> dict:
    return {"apiVersion": "v1", "kind": "List", "items": items}
