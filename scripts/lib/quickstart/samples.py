"""The objects of manifests/samples, with the image that is on the node, and what became of them."""

import json
import time
from dataclasses import dataclass

import yaml

from building import TOP
from cluster.api import Api, ApiError
from cluster.errors import ClusterError

from .terminal import quietly

# One of each workload class, in the order they are made.
CLASSES = ("cpu-bound", "io-bound", "memory-bound", "best-effort")
BY_HAND = "hand-made"
IMAGE = "localhost/busybox:1"
_NAMESPACE = "/api/v1/namespaces/default/pods"
_BINDINGS = "/apis/cslab.ece.ntua.gr/v1alpha1/namespaces/default/podcpubindings"
# Seconds. A scheduler that had not seen all of the cluster yet, such as a topology just published, tries again sooner.
_REFUSAL_HOLDS = 2.5


def read(name: str) -> dict[str, dict]:
    """The objects of a sample by kind."""
    objects = {o["kind"]: o for o in yaml.safe_load_all((TOP / "manifests" / "samples" / f"{name}.yaml").read_text())}
    for each in objects["Pod"]["spec"]["containers"]:
        each["image"] = IMAGE
    return objects


def create(kubectl: list[str], *objects: dict) -> None:
    quietly(*kubectl, "apply", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))


@dataclass(frozen=True)
class Sample:
    pod: dict
    binding: dict | None

    @property
    def name(self) -> str:
        return self.pod["metadata"]["name"]

    def running(self) -> bool:
        return self.pod.get("status", {}).get("phase") == "Running"

    def container(self) -> str:
        """The runtime's id of its one container; empty while there is none."""
        statuses = self.pod.get("status", {}).get("containerStatuses") or [{}]
        return statuses[0].get("containerID", "").rpartition("//")[2]

    def unplaced(self) -> str:
        """Why it has no node; empty if it has one or nobody said anything yet."""
        for condition in self.pod.get("status", {}).get("conditions", []):
            if condition["type"] == "PodScheduled" and condition["status"] == "False":
                return condition.get("message", condition.get("reason", ""))
        return ""

    def verdict(self) -> str:
        return (self.binding or {}).get("status", {}).get("resourceStatus", "")

    def cpus(self) -> str:
        cpus = sorted(c["cpuID"] for c in self.binding["spec"]["cpuSet"]) if self.binding else []
        return ",".join(map(str, cpus)) or "-"

    def level(self) -> str:
        return self.binding["spec"].get("exclusivenessLevel", "None") if self.binding else "-"


def look(api: Api) -> dict[str, Sample]:
    """All samples that are there, by the Pod's name."""
    bindings = {b["spec"]["podName"]: b for b in api.get(_BINDINGS)["items"]}
    pods = api.get(_NAMESPACE)["items"]
    return {p["metadata"]["name"]: Sample(p, bindings.get(p["metadata"]["name"])) for p in pods}


def wait(api: Api, names, settled, seconds: float, what: str) -> dict[str, Sample]:
    """What became of the samples, once `settled` says so of each and refusals hold."""
    deadline = time.monotonic() + seconds
    refused, since = {}, 0.0
    while True:
        try:
            found = look(api)
        except ApiError:
            found = {}
        pending = [name for name in names if name not in found or not settled(found[name])]
        if not pending:
            before, refused = refused, {name: found[name].unplaced() for name in names if found[name].unplaced()}
            if refused != before:
                since = time.monotonic()
            if not refused or time.monotonic() > min(deadline, since + _REFUSAL_HOLDS):
                return found
        elif time.monotonic() > deadline:
            states = ", ".join(_state(name, found.get(name)) for name in pending)
            raise ClusterError(f"not {what} within {seconds:.0f} s: {states}")
        time.sleep(0.1)


def _state(name: str, sample: Sample | None) -> str:
    if not sample:
        return f"{name} is not there"
    phase = sample.pod.get("status", {}).get("phase", "without a phase")
    return f"{name} is {phase}, its binding {sample.verdict() or ('not judged' if sample.binding else 'not there')}"
