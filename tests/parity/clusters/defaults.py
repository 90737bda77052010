"""What the API server fills into a Pod when it is made: defaults, QoS class, the tolerations of its admission."""

from fractions import Fraction

from .quantities import quantity, value

_QOS = ("cpu", "memory")
_POD_LEVEL = ("cpu", "memory")
_TOLERATED = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")


def admit(pod: dict, runs: bool) -> None:
    spec = pod["spec"]
    for container in all_containers(spec):
        _fill_container(container, bool(spec.get("hostNetwork")))
    if "resources" in spec:
        _fill_pod_level(spec)
    for field, default in (("restartPolicy", "Always"), ("dnsPolicy", "ClusterFirst"), ("enableServiceLinks", True),
                           ("schedulerName", "default-scheduler"), ("serviceAccountName", "default"), ("priority", 0),
                           ("terminationGracePeriodSeconds", 30), ("securityContext", {}),
                           ("preemptionPolicy", "PreemptLowerPriority")):
        spec.setdefault(field, default)
    tolerations = spec.setdefault("tolerations", [])
    for key in _TOLERATED:
        if not any(t.get("key", key) == key and t.get("effect") in ("NoExecute", None) for t in tolerations):
            tolerations.append({"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300})
    status = pod.setdefault("status", {})
    status.setdefault("phase", "Running" if runs else "Pending")
    status.setdefault("qosClass", qos_class(spec))


def all_containers(spec: dict) -> list[dict]:
    return spec["containers"] + spec.get("initContainers", [])


def _fill_container(container: dict, on_host: bool) -> None:
    for field, default in (("imagePullPolicy", "IfNotPresent"), ("terminationMessagePath", "/dev/termination-log"),
                           ("terminationMessagePolicy", "File")):
        container.setdefault(field, default)
    for port in container.get("ports", []):
        port.setdefault("protocol", "TCP")
        if on_host:
            port["hostPort"] = port["containerPort"]
    _requests_of_limits(container.setdefault("resources", {}))


def _requests_of_limits(resources: dict) -> None:
    if resources.get("limits"):
        resources["requests"] = dict(resources["limits"]) | resources.get("requests", {})


def _fill_pod_level(spec: dict) -> None:
    """Requests of the Pod as a whole: those given, else its containers', else its limits; its containers' at least."""
    resources = spec["resources"]
    requests = resources.setdefault("requests", {})
    for name in _POD_LEVEL:
        total = _of_containers(spec, name)
        given = requests.get(name) or (None if total else resources.get("limits", {}).get(name))
        if given is None and not total:
            continue
        requests[name] = given if given and value(given) >= total else quantity(name, total)
        if value(resources.get("limits", {}).get(name, requests[name])) < value(requests[name]):
            resources["limits"][name] = requests[name]


def _of_containers(spec: dict, name: str) -> Fraction:
    """What the containers need at most at once: as they run, or while one of them initializes."""
    def asked(container):
        return value(container["resources"].get("requests", {}).get(name, "0"))

    sidecars = peak = Fraction(0)
    for container in spec.get("initContainers", []):
        if container.get("restartPolicy") == "Always":
            sidecars += asked(container)
        peak = max(peak, sidecars + (0 if container.get("restartPolicy") == "Always" else asked(container)))
    return max(peak, sidecars + sum(map(asked, spec["containers"])))


def qos_class(spec: dict) -> str:
    containers = [spec] if "resources" in spec else all_containers(spec)
    requests = [c["resources"].get("requests", {}) for c in containers]
    limits = [c["resources"].get("limits", {}) for c in containers]
    if not any(name in r for r in requests + limits for name in _QOS):
        return "BestEffort"
    guaranteed = all(name in limit and value(limit[name]) == value(request[name])
                     for request, limit in zip(requests, limits) for name in _QOS)
    return "Guaranteed" if guaranteed else "Burstable"
