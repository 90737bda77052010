"""Addresses of a real node: the machine's own for the node, a subnet of its own for its Pods."""

import hashlib
import ipaddress
import json
import subprocess

from .errors import ClusterError


def _ip(*arguments: str):
    try:
        done = subprocess.run(["ip", "-j", *arguments], capture_output=True, text=True)
    except FileNotFoundError:
        raise ClusterError("ip is not installed; scripts/setup installs it (iproute2)") from None
    if done.returncode != 0:
        raise ClusterError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")
    return json.loads(done.stdout) if done.stdout.strip() else []


def _addresses() -> list[tuple[str, str]]:
    return [(link["ifname"], a["local"]) for link in _ip("-4", "addr", "show", "scope", "global")
            for a in link.get("addr_info", []) if "local" in a]


def node_address(interface: str) -> str:
    """An address of this machine that a kubelet accepts as its own: of the default route's interface, else any that is
    not loopback, else one put on a dummy interface of the given name."""
    found = _addresses()
    default = [route.get("dev") for route in _ip("-4", "route", "show", "default")]
    for name, address in sorted(found, key=lambda item: item[0] not in default):
        if not name.startswith(("veth", "docker", "br-", "virbr")):
            return address
    address = str(pod_subnet(interface, (172, 31))[1])
    _ip("link", "add", interface, "type", "dummy")
    _ip("addr", "add", f"{address}/32", "dev", interface)
    _ip("link", "set", interface, "up")
    return address


def remove_interface(name: str) -> None:
    subprocess.run(["ip", "link", "del", name], capture_output=True)


def pod_subnet(key: str, first=(10, 200)) -> ipaddress.IPv4Network:
    """A /24 that overlaps no address or route of this machine; the same key tries the same ones first."""
    taken = [ipaddress.ip_network(a) for _, a in _addresses()]
    for route in _ip("-4", "route", "show", "table", "all"):
        destination = route.get("dst", "default")
        if destination != "default":
            taken.append(ipaddress.ip_network(destination, strict=False))
    start = int.from_bytes(hashlib.sha256(key.encode()).digest()[:4], "big")
    for attempt in range(256 * 40):
        number = (start + attempt) % (256 * 40)
        second = first[1] + number // 256 if first[0] == 10 else first[1]
        candidate = ipaddress.ip_network(f"{first[0]}.{second}.{number % 256}.0/24")
        if not any(candidate.overlaps(network) for network in taken):
            return candidate
    raise ClusterError("there is no free subnet for Pods")
