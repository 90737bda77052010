"""Whether CPUs were given out as they should be: judged from the API's objects alone, by rules written anew here."""

import collections
import math

from objects import LEVEL, NODE_LABEL, WORKLOAD, named


class Machine:
    """A NodeCPUTopology's spec.topology."""

    def __init__(self, topology: dict):
        self.cpus = set(topology["cpus"])
        self.sockets = {id: set(s["cpus"]) for id, s in topology["sockets"].items()}
        self.numa = {id: set(n["cpus"]) for id, n in topology["numaNodes"].items()}
        self.cores = {(s, c): set(core["cpus"]) for s, socket in topology["sockets"].items() for c, core in socket["cores"].items()}

    def exclusive(self, cpus: set[int], level: str) -> set[int]:
        """What a binding of this level keeps from all others."""
        units = {"None": [], "CPU": [{c} for c in cpus], "Core": self.cores.values(), "Socket": self.sockets.values(),
                 "NUMA": self.numa.values()}[level]
        return set().union(*(u for u in units if u & cpus))

    def per_core(self, cpus: set[int]) -> list[int]:
        return [len(c & cpus) for c in self.cores.values() if c & cpus]

    def per_socket(self, cpus: set[int]) -> list[int]:
        return [len(s & cpus) for s in self.sockets.values()]


def cpu_count(pod: dict) -> int:
    """Of Pods with ordinary containers only."""
    total = 0.0
    for container in pod["spec"]["containers"]:
        text = str(container["resources"].get("requests", {}).get("cpu", "0"))
        total += int(text[:-1]) / 1000 if text.endswith("m") else float(text)
    return max(1, math.ceil(total))


def workload_of(pod: dict) -> str:
    return pod["metadata"].get("labels", {}).get(WORKLOAD, "") or "cpu-bound"


def level_of(pod: dict, features: set[str]) -> str:
    """The exclusiveness level that the Pod's binding is to have."""
    if annotated := pod["metadata"].get("annotations", {}).get(LEVEL):
        return annotated
    workload = workload_of(pod)
    if workload == "memory-bound" and "MemoryBoundExclusiveSockets" in features:
        return "Socket"
    if workload == "best-effort" and "BestEffortSharedCPUs" in features:
        return "None"
    return "Core" if "PhysicalCores" in features else "CPU"


def check_shape(pod: dict, binding: dict, machine: Machine) -> None:
    """The CPUs are what the Pod's class asks for, on a machine that had room for it."""
    cpus, workload = named(binding), workload_of(pod)
    where = f"{pod['metadata']['name']}, {workload}, {sorted(cpus)}"
    assert cpus <= machine.cpus, where
    assert len(cpus) == (1 if workload == "best-effort" else cpu_count(pod)), where
    sockets, cores = machine.per_socket(cpus), machine.per_core(cpus)
    threads = len(machine.cpus) // len(machine.cores)
    match workload:
        case "memory-bound":
            # Evenly over the sockets it has.
            if binding["spec"]["exclusivenessLevel"] in ("Socket", "NUMA"):
                # To take more than it needs would leave nothing for others.
                sockets = [s for s in sockets if s]
                assert len(sockets) == math.ceil(len(cpus) * len(machine.sockets) / len(machine.cores)), where
            assert max(sockets) - min(sockets) <= 1, where
        case "cpu-bound":
            assert max(cores) == 1, where
            assert sockets.count(0) == len(sockets) - 1, where
        case "io-bound":
            assert len(cores) == math.ceil(len(cpus) / threads), where


def check(pods: list[dict], bindings: list[dict], topologies: list[dict], features: set[str] | None,
          shapes: bool = True) -> None:
    """Every Pod is bound and has the one binding it should have, and no CPU was given twice. features: None for levels
    that are not known."""
    machines = {t["spec"]["nodeName"]: Machine(t["spec"]["topology"]) for t in topologies}
    by_pod = collections.defaultdict(list)
    for binding in bindings:
        by_pod[binding["metadata"]["namespace"], binding["spec"]["podName"]].append(binding)
    held = collections.defaultdict(list)
    for pod in pods:
        meta = pod["metadata"]
        node = pod["spec"].get("nodeName")
        assert node, f"{meta['name']} is not bound"
        own = by_pod.pop((meta["namespace"], meta["name"]), [])
        assert len(own) == 1, f"{meta['name']} has {len(own)} bindings"
        binding = own[0]
        (owner,) = binding["metadata"]["ownerReferences"]
        assert (owner["kind"], owner["name"], owner["uid"]) == ("Pod", meta["name"], meta["uid"]), binding
        assert binding["metadata"]["name"] == f"{meta['name']}-pcb"
        assert binding["metadata"]["labels"][NODE_LABEL] == node, binding
        level = binding["spec"]["exclusivenessLevel"]
        assert features is None or level == level_of(pod, features), f"{meta['name']}: level {level}"
        machine = machines[node]
        if shapes:
            check_shape(pod, binding, machine)
        held[node].append((meta["name"], named(binding), machine.exclusive(named(binding), level)))
    assert not by_pod, f"bindings without a Pod: {list(by_pod)}"
    for node, holders in held.items():
        check_apart(node, holders, machines[node])


def check_apart(node: str, holders: list[tuple[str, set[int], set[int]]], machine: Machine) -> None:
    """Of (name, CPUs it runs on, CPUs it keeps from others): nobody is on what another keeps."""
    kept: dict[int, str] = {}
    for name, _, exclusive in holders:
        for cpu in exclusive:
            assert cpu not in kept, f"{node}: CPU {cpu} was given to {kept[cpu]} and to {name}"
            kept[cpu] = name
    for name, cpus, exclusive in holders:
        for cpu in cpus - exclusive:
            assert cpu not in kept, f"{node}: {name} is on CPU {cpu}, which {kept[cpu]} keeps for itself"
    assert machine.cpus - set(kept), f"{node}: nothing is left for the shared pool"
