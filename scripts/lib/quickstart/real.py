"""The story on a real node: the DaemonSet from its image, Pods pinned by the kernel."""

import contextlib
import os
import socket

import yaml

from building import TOP
from cluster import binaries, cgroups, node
from cluster.api import Api
from cluster.errors import ClusterError
from cluster.instance import Instance
from cluster.progress import Progress

from . import kernel, samples
from .terminal import heading, quietly, say, show, table

UP = "--node"
PROGRAMS = (*binaries.CONTROL_PLANE, "kubelet")

_SYSTEM = "actimanager-system"
_PORT = 8089


def tell(instance: Instance, progress: Progress, keep: bool) -> None:
    api = Api(instance)
    environment = {"KUBECONFIG": str(instance.kubeconfig), "PATH": f"{instance.read()['binaries']}:{os.environ['PATH']}"}
    kubectl = [f"{instance.read()['binaries']}/kubectl", "--kubeconfig", str(instance.kubeconfig)]
    port = _free_port(_PORT)
    _install(instance, kubectl, port, progress)

    heading("A Pod of the ordinary scheduler, and a binding made by hand")
    sample = samples.read(samples.BY_HAND)
    samples.create(kubectl, sample["Pod"])
    found = samples.wait(api, [samples.BY_HAND], samples.Sample.running, 30, "running")
    seen = kernel.container(found[samples.BY_HAND].container())
    say(f"Pod {samples.BY_HAND} runs in the shared pool, on every CPU nobody has to itself:")
    show(f"grep Cpus_allowed_list /proc/{seen.pid}/status")
    binding = sample["PodCPUBinding"]
    _onto_a_cpu_that_is_there(binding)
    samples.create(kubectl, binding)
    samples.wait(api, [samples.BY_HAND], lambda s: s.verdict() == "Applied", 30, "Applied")
    say(f"A PodCPUBinding for it (manifests/samples/{samples.BY_HAND}.yaml), and it has moved:")
    show(f"grep Cpus_allowed_list /proc/{seen.pid}/status; cat {seen.cpuset}")

    heading("A Pod of each workload class, scheduled by actimanager")
    samples.create(kubectl, *(samples.read(name)["Pod"] for name in samples.CLASSES))
    names = (*samples.CLASSES, samples.BY_HAND)
    found = samples.wait(api, samples.CLASSES, _settled, 30, "running or refused")
    _who_runs_where({name: found[name] for name in names})

    heading("The same from the API")
    show("kubectl get nct,pcb -o wide", env=environment)

    heading("And from the node's topology endpoint")
    address = api.get(f"/api/v1/nodes/{instance.node_name}")["status"]["addresses"][0]["address"]
    show(f"curl -sS http://{address}:{port}/topology | jq -c .spec.topology")
    show(f"curl -sS http://{address}:{port}/api/v1/pins | "
         """jq -r '"shared pool: \\(.sharedPool)", (.pods[] | select(.namespace == "default") | """
         """"\\(.pod): \\(.status) \\(.granted)")'""")
    _next(instance, keep, f"{address}:{port}")


def _install(instance: Instance, kubectl: list[str], port: int, progress: Progress) -> None:
    image = TOP / "build" / "actimanager-image.tar"
    with progress.step("build the image"):
        quietly(TOP / "scripts" / "image", "--output", image)
    with progress.step("load it into the node"):
        quietly(TOP / "scripts" / "cluster", "load", "--name", instance.name, image)
    default = TOP / "manifests" / "default"
    with progress.step("kubectl apply -k manifests/default"):
        quietly(*kubectl, "apply", "-f", default / "namespace.yaml")
        # There is no kube-proxy: docs/install.md, "Without Services".
        quietly(*kubectl, "-n", _SYSTEM, "create", "configmap", "actimanager-api-server",
                "--from-literal=KUBERNETES_SERVICE_HOST=127.0.0.1",
                f"--from-literal=KUBERNETES_SERVICE_PORT={instance.port('kube-apiserver')}")
        objects = list(yaml.safe_load_all(quietly(*kubectl, "kustomize", default)))
        _fit_to_a_shared_machine(objects, instance, port)
        samples.create(kubectl, *objects)
    with progress.step("DaemonSet actimanager is ready"):
        quietly(*kubectl, "-n", _SYSTEM, "rollout", "status", "daemonset/actimanager", "--timeout=90s")


def _fit_to_a_shared_machine(objects: list[dict], instance: Instance, port: int) -> None:
    """Other kubelets may run here, and others may serve at the usual port: the agent is kept to its own kubelet's cgroups."""
    (daemonset,) = (o for o in objects if o["kind"] == "DaemonSet")
    (container,) = daemonset["spec"]["template"]["spec"]["containers"]
    (hierarchy,) = (h for h in cgroups.hierarchies() if "cpuset" in h.controllers)
    container["args"].append(f"--cgroups-path={hierarchy.path / node.settings(instance)['cgroup']}")
    if port != _PORT:
        container["args"].append(f"--listen=:{port}")
        container["ports"][0]["containerPort"] = port


def _free_port(wanted: int) -> int:
    for port in (wanted, 0):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("0.0.0.0", port))
            return probe.getsockname()[1]
    raise ClusterError("there is no free port")


def _onto_a_cpu_that_is_there(binding: dict) -> None:
    online = kernel.online_cpus()
    for entry in binding["spec"]["cpuSet"]:
        if entry["cpuID"] not in online:
            entry["cpuID"] = max(online)


def _settled(sample: samples.Sample) -> bool:
    return bool(sample.unplaced()) or (sample.running() and sample.verdict() == "Applied")


def _who_runs_where(found: dict[str, samples.Sample]) -> None:
    rows = [("POD", "ITS BINDING", "EXCLUSIVE", "/proc/PID/status SAYS", "ITS CGROUP SAYS")]
    places = []
    for name, sample in found.items():
        seen = kernel.container(sample.container()) if sample.running() else None
        if seen:
            rows.append((name, f"CPU {sample.cpus()}", sample.level(), f"Cpus_allowed_list {seen.cpus()} (PID {seen.pid})",
                         f"{seen.cpuset.name} {seen.file()}"))
            places.append((name, str(seen.cpuset)))
    table(rows)
    say("Their cgroups:")
    table(places)
    for name, sample in found.items():
        if sample.unplaced():
            say(f"Pod {name} waits: {sample.unplaced()}")


def _next(instance: Instance, keep: bool, address: str) -> None:
    heading("What to try next")
    if not keep:
        say("scripts/quickstart --keep      # the same, and the cluster stays up for you")
        return
    say(f"""\
eval "$(scripts/cluster env --name {instance.name})"   # kubectl in this shell
kubectl edit pcb hand-made                   # another CPU: the Pod moves at once
kubectl delete pcb hand-made                 # and back into the shared pool
kubectl explain pcb.spec
kubectl describe pod memory-bound            # why a Pod waits
curl http://{address}/metrics
scripts/cluster down --name {instance.name}          # when you are done""")
