"""What Pods ask of a node's resources: requests of every form, and how full nodes are."""

from .world import World

_CPU = ("0", "1m", "100m", "500m", "1", "2", "4", "0.1")
_MEMORY = ("0", "1Mi", "200Mi", "1Gi", "3Gi", "1500M", "129e6", "1.5Gi", "123456789", "100500m")
_STORAGE = ("1Gi", "30Gi", "60Gi")
_DEVICE = "example.com/device"
_HUGE = "hugepages-2Mi"


def resources(world: World) -> None:
    for node in world.nodes:
        _shape(world, node)
    for pod in world.pods():
        spec = pod["spec"]
        for container in spec["containers"]:
            container["resources"] = _resources(world)
        for _ in range(world.pick((0, 0, 0, 1, 2))):
            world.init_container(pod, sidecar=world.chance(0.5))["resources"] = _resources(world)
        if world.chance(0.15):
            spec["overhead"] = {"cpu": "250m", "memory": "120Mi"}
            spec["runtimeClassName"] = "sandboxed"


def full_nodes(world: World) -> None:
    """Nodes with room for few Pods, or with hardly anything left."""
    for node in world.nodes:
        here = sum(p["spec"]["nodeName"] == node["metadata"]["name"] for p in world.bound)
        _allocatable(node, "pods", str(max(0, here + world.pick((-1, 0, 1, 5)))))
        if world.chance(0.3):
            _allocatable(node, "cpu", world.pick(("0", "500m", "1")))
        if world.chance(0.3):
            _allocatable(node, "memory", world.pick(("0", "100Mi", "2Gi")))


def pod_level_resources(world: World) -> None:
    for node in world.nodes:
        _allocatable(node, _HUGE, world.pick(("0", "64Mi", "1Gi")))
    for pod in world.pods():
        if world.chance(0.6):
            level = {}
            if world.chance(0.7):
                level["requests"] = _amounts(world, {"cpu": ("1", "3", "6"), "memory": ("1Gi", "5Gi", "9Gi")})
            if world.chance(0.5) or not level:
                level["limits"] = _amounts(world, {"cpu": ("8", "10"), "memory": ("12Gi", "20Gi")})
            if "requests" in level and world.chance(0.2):
                level["requests"][_HUGE] = level.setdefault("limits", {})[_HUGE] = "64Mi"
            pod["spec"]["resources"] = level
            if world.chance(0.2):
                # Written where a gate that is off in this release is on.
                pod["status"] = {"resources": {"requests": {"cpu": "7"}}, "allocatedResources": {"cpu": "7"}}
        if world.chance(0.3):
            world.init_container(pod, sidecar=world.chance(0.7))
        if world.chance(0.2):
            pod["spec"]["overhead"] = {"cpu": "100m"}


def resizes(world: World) -> None:
    """Bound Pods whose resources were changed, or are to be: what counts is the most of what was, is and will be."""
    for node in world.nodes:
        _allocatable(node, "cpu", world.pick(("4", "8")))
    for pod in world.bound:
        if world.chance(0.3):
            continue
        spec, status = pod["spec"], pod.setdefault("status", {})
        if world.chance(0.4):
            sidecar = world.init_container(pod, sidecar=True)
            status["initContainerStatuses"] = [_container_status(world, sidecar)]
        status["containerStatuses"] = [_container_status(world, c) for c in spec["containers"]]
        reason = world.pick(("", "Deferred", "Infeasible"))
        if reason:
            status["conditions"] = [{"type": "PodResizePending", "status": "True", "reason": reason,
                                     "lastTransitionTime": "2026-01-01T00:00:00Z"}]
        elif world.chance(0.3):
            status["conditions"] = [{"type": "PodResizeInProgress", "status": "True",
                                     "lastTransitionTime": "2026-01-01T00:00:00Z"}]


def ended(world: World) -> None:
    """Bound Pods that have ended, or are going, or whose node has: the ones hold nothing, those going still do."""
    for pod in world.bound:
        if world.chance(0.05):
            pod["spec"]["nodeName"] = "gone"
        if world.chance(0.4):
            pod["status"] = {"phase": world.pick(("Succeeded", "Failed"))}
        elif world.chance(0.3):
            pod["metadata"]["deletionTimestamp"] = "2026-01-01T01:00:00Z"
            pod["metadata"]["deletionGracePeriodSeconds"] = 30


def _container_status(world: World, container: dict) -> dict:
    status = {"name": container["name"], "image": container["image"], "imageID": "", "ready": True, "restartCount": 0}
    if world.chance(0.8):
        status["allocatedResources"] = _requests(world)
    if world.chance(0.8):
        # Of a container that requests nothing it is empty.
        status["resources"] = {"requests": _requests(world)} if world.chance(0.8) else {}
    return status


def _shape(world: World, node: dict) -> None:
    if world.chance(0.5):
        _allocatable(node, "cpu", world.pick(("1", "2", "3500m")))
    if world.chance(0.5):
        _allocatable(node, "memory", world.pick(("1Gi", "4Gi", "7654321Ki")))
    if world.chance(0.6):
        _allocatable(node, _DEVICE, world.pick(("0", "1", "4")))
    if world.chance(0.5):
        _allocatable(node, _HUGE, world.pick(("0", "64Mi", "1Gi")))
    if world.chance(0.2):
        del node["status"]["allocatable"]["ephemeral-storage"]


def _allocatable(node: dict, resource: str, amount: str) -> None:
    node["status"]["capacity"][resource] = node["status"]["allocatable"][resource] = amount


def _amounts(world: World, choices: dict) -> dict:
    return {name: world.pick(choices[name]) for name in world.some(sorted(choices))}


def _requests(world: World) -> dict:
    found = {}
    if world.chance(0.75):
        found["cpu"] = world.pick(_CPU)
    if world.chance(0.75):
        found["memory"] = world.pick(_MEMORY)
    return found


def _resources(world: World) -> dict:
    """Requests and limits; what cannot be overcommitted has both, and the same."""
    requests = _requests(world)
    if world.chance(0.3):
        requests["ephemeral-storage"] = world.pick(_STORAGE)
    limits = {}
    if world.chance(0.25):
        limits = {name: requests.get(name, amount) for name, amount in (("cpu", "2"), ("memory", "1Gi"))}
    if world.chance(0.2):
        requests[_DEVICE] = limits[_DEVICE] = world.pick(("0", "1", "2"))
    if world.chance(0.2):
        requests[_HUGE] = limits[_HUGE] = world.pick(("2Mi", "64Mi"))
        requests.setdefault("memory", "64Mi")
    if world.chance(0.15):
        # Left to the API server to complete from the limits.
        requests = {k: v for k, v in requests.items() if k not in limits}
    return {k: v for k, v in (("requests", requests), ("limits", limits)) if v}
