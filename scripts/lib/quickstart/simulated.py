"""The story on simulated nodes: the leader and the endpoint run off-cluster, with a kubeconfig. What they decide is real;
what would be done about it on a node is not."""

import os

from building import BINARY, TOP
from cluster import binaries, components
from cluster.api import Api
from cluster.instance import Instance
from cluster.progress import Progress

from . import samples
from .terminal import heading, quietly, say, show, table

UP = '--nodes 3 --topology "pack:2 core:4 pu:2"'
PROGRAMS = (*binaries.CONTROL_PLANE, "kwok")

_COMPONENT = "actimanager"


def tell(instance: Instance, progress: Progress, keep: bool) -> None:
    api = Api(instance)
    programs = instance.read()["binaries"]
    kubectl = [f"{programs}/kubectl", "--kubeconfig", str(instance.kubeconfig)]
    address = f"127.0.0.1:{instance.port(_COMPONENT)}"
    quietly(*kubectl, "apply", "-f", TOP / "manifests" / "default" / "namespace.yaml")
    with progress.step("actimanager run --roles=leader,endpoint"):
        _start(instance, address)

    heading("A Pod of each workload class, scheduled by actimanager")
    by_hand = samples.read(samples.BY_HAND)
    samples.create(kubectl, *(samples.read(name)["Pod"] for name in samples.CLASSES), *by_hand.values())
    names = (*samples.CLASSES, samples.BY_HAND)
    found = samples.wait(api, names, lambda s: bool(s.unplaced()) or s.running(), 30, "running or refused")
    table([("POD", "NODE", "ITS BINDING", "EXCLUSIVE"),
           *((name, found[name].pod["spec"].get("nodeName", "-"), f"CPU {found[name].cpus()}", found[name].level())
             for name in names)])
    for name in names:
        if found[name].unplaced():
            say(f"Pod {name} waits: {found[name].unplaced()}")

    heading("The same from the API")
    show("kubectl get nct,pcb -o wide", env={"KUBECONFIG": str(instance.kubeconfig),
                                             "PATH": f"{programs}:{os.environ['PATH']}"})
    heading("And the endpoint, which serves this machine's topology")
    show(f"curl -sS http://{address}/topology | jq -c .spec.topology")

    heading("Not shown")
    say("No kubelet runs these Pods: they have no process and no cgroup, so nothing is pinned, and no agent judges the\n"
        "bindings and writes their status. To see that, run this as root where cgroups are writable.")
    heading("What to try next")
    if keep:
        say(f"""\
eval "$(scripts/cluster env --name {instance.name})"   # kubectl in this shell
kubectl apply -k manifests/samples
kubectl explain pcb.spec
scripts/cluster logs --name {instance.name} actimanager
scripts/cluster down --name {instance.name}          # when you are done""")
    else:
        say("scripts/quickstart --keep      # the same, and the cluster stays up for you")


def _start(instance: Instance, address: str) -> None:
    components.start(instance, _COMPONENT, [
        TOP / "build" / BINARY, "run", "--roles=leader,endpoint", f"--kubeconfig={instance.kubeconfig}",
        f"--config={TOP}/manifests/default/scheduler.yaml", f"--listen={address}", "--lease-namespace=actimanager-system",
    ])
    port = instance.port(_COMPONENT)
    components.wait_until(instance, _COMPONENT, lambda: components.healthy(port, "/livez", tls=False), 30)
