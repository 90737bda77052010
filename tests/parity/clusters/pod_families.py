"""What Pods ask of each other: affinity and anti-affinity, of those to judge and of those that are there already."""

from .selectors import namespace_selector, pod_selector, with_label_keys
from .world import HOST, NAMESPACES, ZONE, World

_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"


def pod_affinity(world: World) -> None:
    _prepare(world)
    for pod in world.judged:
        _give(world, pod, required=0.5, preferred=0.4)


def existing_pods(world: World) -> None:
    """Terms of the Pods that are bound already, which the ones to judge may run into, or be drawn by."""
    _prepare(world)
    for pod in world.bound:
        if world.chance(0.4):
            _give(world, pod, required=0.3, preferred=0.5)


def first_pods(world: World) -> None:
    """Pods that want to be near those of their own kind, of which there may be none yet."""
    _prepare(world)
    for pod in world.judged:
        labels = pod["metadata"]["labels"]
        if world.chance(0.7):
            labels["app"] = "first"
        terms = [{"topologyKey": world.pick((ZONE, ZONE, HOST, HOST, "missing")),
                  "labelSelector": {"matchLabels": {"app": world.pick(("first", labels["app"]))}}}
                 for _ in range(world.pick((1, 1, 2)))]
        if world.chance(0.2):
            terms[0]["namespaces"] = [world.pick(NAMESPACES)]
        pod["spec"].setdefault("affinity", {})["podAffinity"] = {_REQUIRED: terms}


def _prepare(world: World) -> None:
    if world.chance(0.7):
        world.crowd()
    for node in world.nodes:
        if world.chance(0.1):
            node["metadata"]["labels"].pop(world.pick((ZONE, HOST)), None)
        if world.chance(0.03):
            node["metadata"]["labels"].clear()
    if world.chance(0.05):
        # One that the scheduler has not seen yet.
        unseen = world.pick([o for o in world.others if o["kind"] == "Namespace"])
        world.others.remove(unseen)


def _give(world: World, pod: dict, required: float, preferred: float) -> None:
    affinity = pod["spec"].setdefault("affinity", {})
    for kind in ("podAffinity", "podAntiAffinity"):
        terms = affinity.setdefault(kind, {})
        if world.chance(required):
            terms[_REQUIRED] = [_term(world, pod) for _ in range(world.pick((1, 1, 1, 2)))]
        if world.chance(preferred):
            terms[_PREFERRED] = [{"weight": world.rng.randint(1, 100), "podAffinityTerm": _term(world, pod)}
                                 for _ in range(world.pick((1, 2, 3)))]
        if not terms:
            del affinity[kind]
    if not affinity:
        del pod["spec"]["affinity"]


def _term(world: World, pod: dict) -> dict:
    term = {"topologyKey": world.pick((ZONE, ZONE, ZONE, HOST, HOST, "kubernetes.io/os", "disk", "missing"))}
    selector = pod_selector(world)
    if world.chance(0.25):
        term["namespaces"] = world.some((*NAMESPACES, "elsewhere"), 1, 2)
    if world.chance(0.25):
        term["namespaceSelector"] = namespace_selector(world)
    if selector is None:
        return term
    keys = world.some(("pod-template-hash", "tier"), 2)
    for field, operator, key in zip(("matchLabelKeys", "mismatchLabelKeys"), ("In", "NotIn"), keys):
        if world.chance(0.15) and key not in str(selector):
            term[field] = [key]
            selector = with_label_keys(selector, pod["metadata"]["labels"], [key], operator)
    return term | {"labelSelector": selector}
