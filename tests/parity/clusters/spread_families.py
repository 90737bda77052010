"""Topology spread: constraints of the Pod's own, and the ones every Pod of a workload has by default."""

from .selectors import pod_selector, with_label_keys
from .world import APPS, HOST, NAMESPACES, ZONE, World

_RACK = "rack"
_POLICIES = ("Honor", "Ignore")


def spread(world: World) -> None:
    world.crowd()
    for node in world.nodes:
        labels = node["metadata"]["labels"]
        if world.chance(0.9):
            labels[_RACK] = world.pick(("r1", "r2", "r3"))
        if world.chance(0.05):
            labels.pop(world.pick((ZONE, HOST)), None)
        if world.chance(0.2):
            taint = {"key": "spread", "effect": world.pick(("NoSchedule", "PreferNoSchedule"))}
            node["spec"].setdefault("taints", []).append(taint)
    for pod in world.bound:
        if world.chance(0.1):
            pod["metadata"]["deletionTimestamp"] = "2026-01-01T01:00:00Z"
    for pod in world.judged:
        spec = pod["spec"]
        constraints = [_constraint(world, pod) for _ in range(world.pick((1, 1, 2, 3)))]
        # No two may share both.
        unique = {(c["topologyKey"], c["whenUnsatisfiable"]): c for c in constraints}
        spec["topologySpreadConstraints"] = list(unique.values())
        if world.chance(0.3):
            spec["nodeSelector"] = world.pick(({"disk": "ssd"}, {ZONE: "here-1-a"}))
        if world.chance(0.3):
            spec.setdefault("tolerations", []).append({"key": "spread", "operator": "Exists"})


def _constraint(world: World, pod: dict) -> dict:
    must = world.chance(0.5)
    made = {"topologyKey": world.pick((ZONE, ZONE, HOST, HOST, _RACK, "disk")),
            "maxSkew": world.pick((1, 1, 1, 2, 3, 5)),
            "whenUnsatisfiable": "DoNotSchedule" if must else "ScheduleAnyway"}
    selector = pod_selector(world)
    if must and world.chance(0.3):
        made["minDomains"] = world.pick((1, 2, 3, 5))
    if world.chance(0.3):
        made["nodeAffinityPolicy"] = world.pick(_POLICIES)
    if world.chance(0.3):
        made["nodeTaintsPolicy"] = world.pick(_POLICIES)
    if selector is not None and world.chance(0.25):
        keys = [k for k in world.some(("pod-template-hash", "tier"), 1, 2) if k not in str(selector)]
        if keys:
            made["matchLabelKeys"] = keys
            # Objects from before the API server did this still have the keys alone.
            if world.chance(0.7):
                selector = with_label_keys(selector, pod["metadata"]["labels"], keys)
    return made | ({} if selector is None else {"labelSelector": selector})


_OWNERS = {"ReplicaSet": "apps/v1", "StatefulSet": "apps/v1", "ReplicationController": "v1"}


def workloads(world: World) -> None:
    """Services and controllers, whose Pods are spread by default."""
    owners = []
    for namespace in NAMESPACES:
        for app in APPS:
            if world.chance(0.3):
                _service(world, app, namespace)
            if world.chance(0.5):
                owners.append(_controller(world, app, namespace))
    for node in world.nodes:
        if world.chance(0.1):
            node["metadata"]["labels"].pop(ZONE, None)
    for pod in world.pods():
        meta = pod["metadata"]
        mine = [o for o in owners if o["metadata"]["namespace"] == meta["namespace"]]
        if mine and world.chance(0.7):
            owner = world.pick(mine)
            meta["labels"]["app"] = owner["metadata"]["name"].rsplit("-", 1)[0]
            meta["ownerReferences"] = [_reference(owner, controller=world.chance(0.9))]
        elif world.chance(0.1):
            gone = {"apiVersion": "apps/v1", "kind": world.pick(("ReplicaSet", "DaemonSet")),
                    "metadata": {"name": "gone", "uid": world.uid()}}
            meta["ownerReferences"] = [_reference(gone, controller=True)]


def _service(world: World, app: str, namespace: str) -> None:
    selector = {"app": app} | ({"tier": "front"} if world.chance(0.2) else {})
    spec = {"type": "ClusterIP", "clusterIP": "None", "sessionAffinity": "None", "internalTrafficPolicy": "Cluster"}
    if world.chance(0.9):
        spec["selector"] = selector
    world.add("v1", "Service", f"{app}-service", namespace, spec=spec, status={"loadBalancer": {}})


def _controller(world: World, app: str, namespace: str) -> dict:
    kind = world.pick(sorted(_OWNERS))
    labels = {"app": app}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "main", "image": "web:1"}]}}
    spec = {"replicas": 3, "template": template}
    if kind == "ReplicationController":
        spec["selector"] = labels
    else:
        spec["selector"] = {"matchLabels": labels}
        if world.chance(0.3):
            spec["selector"]["matchExpressions"] = [{"key": "tier", "operator": world.pick(("Exists", "DoesNotExist"))}]
    if kind == "StatefulSet":
        spec["serviceName"] = f"{app}-service"
    return world.add(_OWNERS[kind], kind, f"{app}-{kind.lower()}", namespace, spec=spec, status={"replicas": 0})


def _reference(owner: dict, controller: bool) -> dict:
    return {"apiVersion": owner["apiVersion"], "kind": owner["kind"], "name": owner["metadata"]["name"],
            "uid": owner["metadata"]["uid"], **({"controller": True, "blockOwnerDeletion": True} if controller else {})}
