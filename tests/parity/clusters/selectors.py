"""Label selectors of Pods and namespaces."""

from .world import APPS, World

_POD_VALUES = {"app": ("web", *APPS), "tier": ("front", "back"), "pod-template-hash": ("one", "two"), "missing": ("x",)}
_NAMESPACE_VALUES = {"team": ("red", "black"), "kubernetes.io/metadata.name": ("default", "blue", "green")}


def pod_selector(world: World) -> dict | None:
    """None selects nothing, an empty selector everything."""
    if world.chance(0.05):
        return None
    return {} if world.chance(0.1) else _selector(world, _POD_VALUES)


def namespace_selector(world: World) -> dict:
    return {} if world.chance(0.3) else _selector(world, _NAMESPACE_VALUES)


def _selector(world: World, values: dict) -> dict:
    selector = {}
    if world.chance(0.7):
        key = _key(world, values)
        selector["matchLabels"] = {key: world.pick(values[key])}
        if world.chance(0.1):
            key = _key(world, values)
            selector["matchLabels"][key] = world.pick(values[key])
    if not selector or world.chance(0.2):
        selector["matchExpressions"] = [_expression(world, values) for _ in range(world.pick((1, 1, 1, 2)))]
    return selector


def _key(world: World, values: dict) -> str:
    """Mostly the first, which objects are sure to have."""
    return world.pick((*values, *[next(iter(values))] * 4))


def _expression(world: World, values: dict) -> dict:
    key = _key(world, values)
    operator = world.pick(("In", "NotIn", "Exists", "DoesNotExist"))
    listed = {"values": sorted(world.some(values[key]))} if operator in ("In", "NotIn") else {}
    return {"key": key, "operator": operator} | listed


def with_label_keys(selector: dict, labels: dict, keys: list[str], operator: str = "In") -> dict:
    """The selector as the API server stores it where a Pod names keys of its own labels to be matched, or not to be."""
    added = [{"key": key, "operator": operator, "values": [labels[key]]} for key in keys if key in labels]
    if not added:
        return selector
    return selector | {"matchExpressions": selector.get("matchExpressions", []) + added}
