"""Pods of other priorities: victims and what protects them, Pods that wait for their victims to end, nominations.

Most Pods started at a moment of their own. Of victims with the same priority and start, it is chance which are spared,
and where some have not started at all, it is the time of asking.
"""

import copy

from .world import HOST, ZONE, World

_PRIORITIES = (-2_000_000_000, -10, 0, 0, 10, 10, 1000)
_DISRUPTED = {"type": "DisruptionTarget", "status": "True", "reason": "PreemptionByScheduler",
              "lastTransitionTime": "2026-01-01T01:00:00Z"}
_BLOCKER = "example.com/blocker"


def priorities(world: World) -> None:
    """Full nodes whose Pods are worth less, as much, or more."""
    _fill(world)


def budgets(world: World) -> None:
    """Pods that may not all be disrupted: by none, one or several budgets, of which some are used up already."""
    _fill(world)
    world.crowd()
    for i in range(world.pick((1, 2, 3, 4))):
        _budget(world, f"budget-{i}")


def terminating(world: World) -> None:
    """Pods that are on their way out, for this Pod or for other reasons, also on the node it is nominated to."""
    _fill(world)
    for pod in world.bound:
        if not world.chance(0.35):
            continue
        _delete(pod)
        if world.chance(0.7):
            condition = dict(_DISRUPTED)
            if world.chance(0.3):
                condition |= world.pick(({"reason": "EvictionByEvictionAPI"}, {"status": "False"}))
            pod.setdefault("status", {})["conditions"] = [condition]
    for pod in world.judged:
        if world.chance(0.7):
            pod.setdefault("status", {})["nominatedNodeName"] = _nomination(world)


def never_preempting(world: World) -> None:
    _fill(world)
    for pod in world.judged:
        if world.chance(0.6):
            pod["spec"]["preemptionPolicy"] = "Never"


def nominated(world: World) -> None:
    """Pods that wait for their place on a node: the ones to judge yield to those of their priority or above."""
    _fill(world)
    for i in range(world.pick((1, 2, 3, 5))):
        world.waiting.append(_waiting(world, f"waiting-{i}"))
    for pod in world.judged:
        if world.chance(0.3):
            pod.setdefault("status", {})["nominatedNodeName"] = _nomination(world)


def no_help(world: World) -> None:
    """Nodes where nobody's end would help: they are refused for good, or what refuses stays."""
    _fill(world)
    for node in world.nodes:
        if world.chance(0.4):
            node["spec"]["taints"] = [{"key": "closed", "effect": "NoSchedule"}]
        if world.chance(0.3):
            node["status"]["allocatable"][_BLOCKER] = node["status"]["capacity"][_BLOCKER] = world.pick(("0", "1", "2"))
    for pod in world.pods():
        if world.chance(0.3):
            amounts = {_BLOCKER: world.pick(("1", "2"))}
            container = pod["spec"]["containers"][0]
            container["resources"] = {kind: container.get("resources", {}).get(kind, {}) | amounts
                                      for kind in ("requests", "limits")}
    for pod in world.judged:
        if world.chance(0.3):
            pod["spec"]["nodeSelector"] = {"disk": "ssd"}
        if world.chance(0.2):
            pod["spec"]["tolerations"] = [{"key": "closed", "operator": "Exists"}]


def victims_of_others(world: World) -> None:
    """What stands in the way is not room, but ports, affinity, spreading, devices or the number of Pods."""
    _fill(world, room=0.5)
    world.crowd()
    for pod in world.pods():
        _obstacle(world, pod, 0.7 if pod in world.judged else 0.4)
    _one_pod_a_port(world)


def _fill(world: World, room: float = 0.1) -> None:
    """Gives Pods priorities and starts, and leaves no room on most nodes."""
    classes = {"low": -10, "high": 1000}
    for name, value in classes.items():
        world.add("scheduling.k8s.io/v1", "PriorityClass", name, value=value, preemptionPolicy="PreemptLowerPriority")
    ties, alike = world.chance(0.25), world.chance(0.2)
    fillings = [_filling(world) for _ in range(world.pick((1, 2, 3, 4)))]
    for node in world.nodes:
        if not alike:
            fillings = [_filling(world) for _ in range(world.pick((1, 2, 3, 4)))]
        for filling in fillings:
            pod = world.pod(f"filling-{len(world.bound):02}")
            pod["spec"] = copy.deepcopy(filling) | {"nodeName": node["metadata"]["name"]}
            world.bound.append(pod)
    if alike:
        del world.bound[:-len(fillings) * len(world.nodes)]
    for i, pod in enumerate(world.bound):
        pod["spec"].setdefault("priority", world.pick(_PRIORITIES))
        if alike:
            # At the same place of every node the same.
            pod.setdefault("status", {})["startTime"] = f"2026-01-01T00:00:0{i % len(fillings)}Z"
        elif not ties or world.chance(0.9):
            pod.setdefault("status", {})["startTime"] = _start(world, ties)
    _one_pod_a_port(world)
    for pod in world.judged:
        pod["spec"]["priority"] = world.pick((0, 10, 11, 1000, 1000, 2000))
        pod["spec"]["containers"][0]["resources"] = {"requests": {
            "cpu": world.pick(("1", "2", "3500m")), "memory": world.pick(("64Mi", "1Gi", "3Gi"))}}
    for node in world.nodes:
        if alike:
            amounts = {"cpu": f"{500 * len(fillings)}m", "memory": f"{512 * len(fillings)}Mi"}
            node["status"]["capacity"] |= amounts
            node["status"]["allocatable"] |= amounts
        elif not world.chance(room):
            _leave_little(world, node)


def _filling(world: World) -> dict:
    return {"containers": [world.container("main")], "priority": world.pick(_PRIORITIES)}


def _start(world: World, ties: bool) -> str:
    if ties:
        return world.pick(("2026-01-01T00:00:01Z", "2026-01-01T00:00:02Z"))
    world.starts += 1 + world.rng.randrange(3)
    minute, second = divmod(world.starts * 37 % 3600, 60)
    return f"2026-01-01T{world.starts * 7 % 24:02}:{minute:02}:{second:02}Z"


def _leave_little(world: World, node: dict) -> None:
    """As much as the Pods there request, in round numbers, and what is asked for seldom."""
    here = [p for p in world.bound if p["spec"]["nodeName"] == node["metadata"]["name"]]
    amounts = {"cpu": f"{max(500, 500 * len(here) + world.pick((-500, 0, 250, 1000)))}m",
               "memory": f"{max(1, len(here)) * 512 + world.pick((0, 300, 4000))}Mi",
               "pods": str(len(here) + world.pick((0, 0, 1, 5, 100)))}
    for resource, amount in amounts.items():
        node["status"]["capacity"][resource] = node["status"]["allocatable"][resource] = amount


def _budget(world: World, name: str) -> None:
    selector = world.pick((
        {"matchLabels": {"app": "web"}}, {"matchLabels": {"app": "web"}}, {"matchLabels": {"app": "db"}},
        {"matchExpressions": [{"key": "tier", "operator": "Exists"}]},
        {"matchExpressions": [{"key": "app", "operator": "In", "values": ["web", "cache"]}]},
        {"matchLabels": {"app": "nobody's"}}, {}, None))
    spec = {"minAvailable": 1} | ({} if selector is None else {"selector": selector})
    allowed = world.pick((0, 0, 0, 1, 2))
    status = {"disruptionsAllowed": allowed, "currentHealthy": 2, "desiredHealthy": 1, "expectedPods": 2}
    disrupted = [p["metadata"]["name"] for p in world.bound if world.chance(0.1)]
    if disrupted and world.chance(0.5):
        status["disruptedPods"] = {name: "2026-01-01T01:00:00Z" for name in disrupted}
    namespace = world.pick(("default", "default", "blue"))
    world.add("policy/v1", "PodDisruptionBudget", name, namespace, spec=spec, status=status)


def _delete(pod: dict) -> None:
    pod["metadata"]["deletionTimestamp"] = "2026-01-01T01:00:00Z"
    pod["metadata"]["deletionGracePeriodSeconds"] = 30


def _nomination(world: World) -> str:
    return "nowhere" if world.chance(0.05) else world.node_name()


def _waiting(world: World, name: str) -> dict:
    pod = world.pod(name)
    pod["spec"]["priority"] = world.pick((-10, 0, 10, 1000, 2000))
    pod["status"] = {"phase": "Pending"}
    if world.chance(0.9):
        pod["status"]["nominatedNodeName"] = _nomination(world)
    pod["spec"]["containers"][0]["resources"] = {"requests": {"cpu": world.pick(("500m", "1", "3"))}}
    oddity = world.pick(("",) * 8 + ("gated", "another's", "ended", "going"))
    if oddity == "gated":
        pod["spec"]["schedulingGates"] = [{"name": "example.com/wait"}]
    elif oddity == "another's":
        pod["spec"]["schedulerName"] = "another"
    elif oddity == "ended":
        pod["status"]["phase"] = "Failed"
    elif oddity == "going":
        _delete(pod)
    _obstacle(world, pod, 0.3)
    return pod


def _one_pod_a_port(world: World) -> None:
    """No scheduler places two on a node that want the same; where one of such two goes, kube-scheduler forgets both."""
    taken = set()
    for pod in world.bound:
        spec = pod["spec"]
        ports = [port for container in spec["containers"] + spec.get("initContainers", [])
                 for port in container.get("ports", [])]
        used = {(spec["nodeName"], port["containerPort"]) for port in ports
                if "hostPort" in port or spec.get("hostNetwork")}
        if used & taken:
            for container in spec["containers"] + spec.get("initContainers", []):
                container.pop("ports", None)
        taken |= used


def _obstacle(world: World, pod: dict, probability: float) -> None:
    spec = pod["spec"]
    if world.chance(probability):
        kind = world.pick(("port", "port", "affinity", "anti-affinity", "anti-affinity", "spread", "disk"))
        web = {"matchLabels": {"app": "web"}}
        required = "requiredDuringSchedulingIgnoredDuringExecution"
        if kind == "port":
            port = world.pick((80, 80, 8080))
            spec["containers"][0]["ports"] = [{"containerPort": port, "hostPort": port}]
        elif kind == "affinity":
            spec["affinity"] = {"podAffinity": {required: [
                {"labelSelector": web, "topologyKey": world.pick((HOST, ZONE))}]}}
        elif kind == "anti-affinity":
            spec["affinity"] = {"podAntiAffinity": {required: [
                {"labelSelector": web, "topologyKey": world.pick((HOST, HOST, ZONE))}]}}
        elif kind == "spread":
            spec["topologySpreadConstraints"] = [{
                "maxSkew": 1, "topologyKey": world.pick((HOST, ZONE)), "whenUnsatisfiable": "DoNotSchedule",
                "labelSelector": web}]
        else:
            spec["volumes"] = [{"name": "disk", "gcePersistentDisk": {"pdName": world.pick(("one", "two"))}}]
