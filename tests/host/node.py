"""Pods and bindings on the one real node, and what the tests ask of them."""

import json
import pathlib

from objects import binding
from kernel import cpusets, online_cpus, threads
from rest import eventually


class Node:
    def __init__(self, instance):
        self.api = instance
        self.cpus = online_cpus()
        settings = instance.settings()["node"]
        self.cgroup = pathlib.Path("/sys/fs/cgroup/cpuset", settings["cgroup"])  # the kubelet's
        self.kubelet = instance.state() / "kubelet"  # its config.json, and its root directory

    # Pods

    def run(self, name: str, *, scheduler: str = "default-scheduler", workload: str = "", level: str = "", cpu: str = "100m",
            wait: bool = True, annotations: dict | None = None, **spec) -> str:
        """Makes a Pod that sleeps; its UID."""
        container = {"name": "main", "image": "localhost/busybox:1", "imagePullPolicy": "Never",
                     "command": ["sleep", "infinity"], "resources": {"requests": {"cpu": cpu}}}
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name},
               "spec": {"schedulerName": scheduler, "terminationGracePeriodSeconds": 1, "containers": [container]} | spec}
        if workload:
            pod["metadata"]["labels"] = {"cslab.ece.ntua.gr/workload-type": workload}
        pod["metadata"]["annotations"] = dict(annotations or {})
        if level:
            pod["metadata"]["annotations"]["cslab.ece.ntua.gr/exclusiveness-level"] = level
        self.api.apply(pod)
        if wait:
            self.api.kubectl("wait", "--for=condition=Ready", f"pod/{name}", "--timeout=60s")
        return self.api.get("pod", name)["metadata"]["uid"]

    def resize(self, name: str, cpu: str) -> None:
        patch = {"spec": {"containers": [{"name": "main", "resources": {"requests": {"cpu": cpu}}}]}}
        self.api.kubectl("patch", "pod", name, "--subresource", "resize", "--patch", json.dumps(patch))

    def delete(self, kind: str, name: str) -> None:
        self.api.kubectl("delete", kind, name, "--wait=true", "--timeout=30s")

    def clear(self) -> None:
        self.api.kubectl("delete", "pod", "--all", "--grace-period=0", "--force", "--wait=true", "--timeout=60s")
        self.api.kubectl("delete", "pcb", "--all", "--wait=true", "--timeout=60s")

    # Bindings

    def bind(self, name: str, cpus, level: str = "None", **spec) -> None:
        self.api.apply(binding(name, cpuSet=[{"cpuID": c} for c in sorted(cpus)], exclusivenessLevel=level, **spec))

    def status(self, name: str) -> dict:
        return self.api.get("pcb", name).get("status", {})

    def wait_status(self, name: str, wanted: str) -> dict:
        """The binding's status once it says so about the spec as it is."""
        def said():
            found = self.api.get("pcb", name)
            status = found.get("status", {})
            assert status.get("resourceStatus") == wanted, f"{name}: {json.dumps(status)}"
            return status.get("observedGeneration") == found["metadata"]["generation"] and status

        return eventually(said, 20)

    @staticmethod
    def condition(status: dict, kind: str) -> dict:
        return {c["type"]: c for c in status["conditions"]}[kind]

    # The kernel

    def wait_on(self, uid: str, cpus) -> None:
        """Every thread and every cgroup of the Pod has exactly these CPUs."""
        wanted = frozenset(cpus)

        def there():
            running, groups = threads(uid), cpusets(uid)
            assert len(running) >= 2, f"threads {running}"  # the sandbox and a container
            assert set(running.values()) == {wanted}, f"threads {running}, wanted {wanted}"
            assert set(groups.values()) == {wanted}, f"cgroups {groups}, wanted {wanted}"
            return True

        eventually(there, 20)
