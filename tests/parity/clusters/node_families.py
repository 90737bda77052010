"""What Pods ask of nodes themselves: names, labels, taints, ports, images."""

import collections

from .world import HOST, ZONE, ZONES, World

_TAINT_KEYS = ("dedicated", "gpu", "node.kubernetes.io/not-ready")
_TAINT_VALUES = ("", "a", "b", "5", "10")
_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
_UNSCHEDULABLE = "node.kubernetes.io/unschedulable"


def node_names(world: World) -> None:
    """Pods that name their node themselves; it may not be there."""
    for pod in world.judged:
        if world.chance(0.5):
            pod["spec"]["nodeName"] = "nowhere" if world.chance(0.2) else world.node_name()


def unschedulable(world: World) -> None:
    for node in world.nodes:
        if world.chance(0.5):
            node["spec"]["unschedulable"] = True
            if world.chance(0.7):
                node["spec"].setdefault("taints", []).append({"key": _UNSCHEDULABLE, "effect": "NoSchedule"})
    for pod in world.judged:
        if world.chance(0.5):
            pod["spec"].setdefault("tolerations", []).append(world.pick((
                {"key": _UNSCHEDULABLE, "operator": "Exists", "effect": "NoSchedule"},
                {"key": _UNSCHEDULABLE, "operator": "Exists"},
                {"key": _UNSCHEDULABLE, "operator": "Exists", "effect": "NoExecute"},
                {"key": _UNSCHEDULABLE, "operator": "Equal", "value": "true", "effect": "NoSchedule"},
                {"operator": "Exists"},
            )))


def taints(world: World) -> None:
    for node in world.nodes:
        found = {}
        for _ in range(world.pick((0, 0, 1, 1, 2, 3))):
            taint = {"key": world.pick(_TAINT_KEYS), "effect": world.pick(_EFFECTS)}
            found[taint["key"], taint["effect"]] = taint | _if_any("value", world.pick(_TAINT_VALUES))
        if found:
            node["spec"].setdefault("taints", []).extend(found.values())
    for pod in world.judged:
        for _ in range(world.pick((0, 1, 2, 2, 3))):
            pod["spec"].setdefault("tolerations", []).append(_toleration(world))


def _toleration(world: World) -> dict:
    operator = world.pick(("Exists",) * 5 + ("Equal",) * 5 + ("",) * 3 + ("Lt", "Gt"))
    effect = world.pick(("", *_EFFECTS))
    made = _if_any("operator", operator) | _if_any("effect", effect)
    if operator != "Exists" or world.chance(0.9):
        made["key"] = world.pick(_TAINT_KEYS)
    if operator in ("Lt", "Gt"):
        # The gate of these is off in this release: an object that has them is from another, and never tolerates.
        made["value"] = world.pick(("7", "5"))
    elif operator != "Exists":
        made |= _if_any("value", world.pick(_TAINT_VALUES))
    if effect == "NoExecute" and world.chance(0.5):
        made["tolerationSeconds"] = 60
    return made


def _if_any(field: str, value) -> dict:
    return {field: value} if value else {}


def node_affinity(world: World) -> None:
    for pod in world.judged:
        spec = pod["spec"]
        if world.chance(0.3):
            spec["nodeSelector"] = world.pick(({"disk": "ssd"}, {HOST: world.node_name()}, {ZONE: "here-1-a"},
                                               {"disk": "tape"}, {"disk": "hdd", ZONE: "here-1-b"}))
        affinity = {}
        if world.chance(0.6):
            terms = [_term(world) for _ in range(world.pick((1, 1, 2, 3)))]
            affinity["requiredDuringSchedulingIgnoredDuringExecution"] = {"nodeSelectorTerms": terms}
        if world.chance(0.6):
            affinity["preferredDuringSchedulingIgnoredDuringExecution"] = [
                {"weight": world.rng.randint(1, 100), "preference": _term(world)} for _ in range(world.pick((1, 2, 4)))]
        if affinity:
            spec.setdefault("affinity", {})["nodeAffinity"] = affinity


def _term(world: World) -> dict:
    term = {}
    if world.chance(0.25):
        term["matchFields"] = [{"key": "metadata.name", "operator": world.pick(("In", "In", "NotIn")),
                                "values": ["nowhere" if world.chance(0.2) else world.node_name()]}
                               for _ in range(world.pick((1, 1, 1, 2)))]
    if not term or world.chance(0.3):
        # A term with nothing in it is allowed, and matches nothing.
        expressions = [_expression(world) for _ in range(world.pick((0, 1, 1, 1, 2)))]
        if expressions:
            term["matchExpressions"] = expressions
    return term


_VALUES = {"disk": ("ssd", "hdd", "tape"), "generation": ("3", "7", "old"), ZONE: ZONES[:2], "missing": ("a",)}


def _expression(world: World) -> dict:
    operator = world.pick(("In", "In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"))
    if operator in ("Gt", "Lt"):
        return {"key": world.pick(("generation", "generation", "disk")), "operator": operator,
                "values": [world.pick(("5", "7", "10") * 4 + ("-1", "many"))]}
    key = world.pick(sorted(_VALUES))
    if operator in ("Exists", "DoesNotExist"):
        return {"key": key, "operator": operator}
    values = world.some(_VALUES[key], 1, 2)
    if world.chance(0.04):
        values.append("not a label's value")
    return {"key": key, "operator": operator, "values": values}


def host_ports(world: World) -> None:
    """A Pod has a port once, or the API server does not take it; so has a node, or no scheduler has filled it: of Pods with
    the same port kube-scheduler forgets it with the first that leaves, actimanager with the last."""
    taken_on = collections.defaultdict(set)
    for pod in world.pods():
        spec = pod["spec"]
        if world.chance(0.3):
            spec["hostNetwork"] = True
        if world.chance(0.2):
            world.init_container(pod, sidecar=world.chance(0.6))
        taken = taken_on[spec["nodeName"]] if pod in world.bound else set()
        for container in spec["containers"] + spec.get("initContainers", []):
            for port in [_port(world) for _ in range(world.pick((0, 0, 0, 1, 1, 2)))]:
                key = (port["containerPort"], port.get("protocol", "TCP"))
                if key not in taken:
                    taken.add(key)
                    container.setdefault("ports", []).append(port)


def _port(world: World) -> dict:
    number = world.pick((80, 443, 8080, 9000))
    port = {"containerPort": number}
    if world.chance(0.7):
        port["hostPort"] = number
        port |= _if_any("hostIP", world.pick(("", "", "0.0.0.0", "127.0.0.1", "10.0.0.1", "::")))
    return port | _if_any("protocol", world.pick(("", "", "TCP", "UDP", "SCTP")))


_PINNED = "pinned@sha256:" + "ab" * 32
_IMAGES = {"web:1": 1_200_000_000, "db:2": 300_000_000, "tool:latest": 45_000_000, "tiny:3": 900_000,
           "huge:9": 9_000_000_000, "registry.example:5000/team/tool:latest": 700_000_000, _PINNED: 150_000_000,
           "web:2": 22_999_999}
_ASKED = ("web:1", "db:2", "tool", "tool:latest", "tiny:3", "huge:9", "registry.example:5000/team/tool", "absent:1",
          _PINNED, "web:2")


def images(world: World) -> None:
    """An image has the same size wherever it is, as one that is named by its content has."""
    for node in world.nodes:
        if world.chance(0.8):
            present = world.some(sorted(_IMAGES), 0, 6)
            node["status"]["images"] = [{"names": [name, *(["alias/" + name] if world.chance(0.2) else [])],
                                         "sizeBytes": _IMAGES[name]} for name in present]
    for pod in world.judged:
        spec = pod["spec"]
        if world.chance(0.3):
            world.init_container(pod, sidecar=False)
        if world.chance(0.2):
            spec["containers"] += [world.container(f"more-{i}") for i in range(3)]
        if world.chance(0.15):
            spec.setdefault("volumes", []).append(
                {"name": "image", "image": {"reference": world.pick(_ASKED), "pullPolicy": "IfNotPresent"}})
        for container in spec["containers"] + spec.get("initContainers", []):
            container["image"] = world.pick(_ASKED)
