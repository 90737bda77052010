"""Ends an instance: its processes, mounts, cgroups, network and files. Needs no component to work and no file to be
whole; whatever belongs to the instance is found by the instance's paths, never by a bare name."""

import contextlib
import ctypes
import json
import os
import re
import time
from pathlib import Path

from . import cgroups, network, supervisor
from .errors import ClusterError
from .instance import Instance, remove_tree
from .processes import Process, command_line, every_pid, kill_all

_PROGRAMS = re.compile(r"etcd|kube-apiserver|kube-controller-manager|kube-scheduler|kubelet|kwok|containerd|"
                       r"containerd-shim.*|runc|ctr|actimanager|qemu-system-.*|ssh")
_MNT_DETACH = 2
_libc = ctypes.CDLL(None, use_errno=True)


def down(instance: Instance) -> bool:
    """Whether there was something to end. Raises ClusterError naming what is left."""
    if not instance.root.exists():
        return False
    try:
        config = instance.read()
    except ClusterError:
        config = {}
    # A cgroup is only ever touched if this instance wrote down that it is its own.
    node = config.get("node", {})
    cgroup = node.get("cgroup")
    _end_processes(instance, cgroup)
    pods = _pod_traces(instance)
    left = [f"mount {m}" for m in _unmount(instance.root)]
    left += [f"cgroup {c}" for c in cgroups.remove(cgroup)] if cgroup else []
    _remove_traces(instance, pods)
    if node.get("interface"):
        network.remove_interface(node["interface"])
    processes = supervisor.recorded(instance)
    guardian = processes.pop("supervisor", None)
    _wait_until_reaped(guardian, processes.values())
    if guardian and kill_all([guardian]):
        left.append(f"supervisor, process {guardian.pid}")
    if not left:
        remove_tree(instance.root)
        left = [str(instance.root)] if instance.root.exists() else []
        with contextlib.suppress(OSError):
            instance.root.parent.rmdir()
    if left:
        raise ClusterError(f"left behind: {', '.join(left[:5])}")
    return True


def _end_processes(instance: Instance, cgroup: str | None) -> None:
    guardian = supervisor.recorded(instance).get("supervisor")
    for _ in range(40):
        found = {p.pid: p for name, p in supervisor.recorded(instance).items() if name != "supervisor"}
        found |= {p.pid: p for p in _by_paths(instance)}
        if cgroup:
            found |= {p.pid: p for p in cgroups.processes(cgroup)}
        if guardian and guardian.alive():
            found |= {p.pid: p for p in _descendants(guardian.pid)}
        for pid in _self_and_ancestors():
            found.pop(pid, None)
        living = [p for p in found.values() if p.alive()]
        if not living:
            return
        if stuck := kill_all(living):
            raise ClusterError("these do not end: " + ", ".join(
                f"{p.pid} ({' '.join(command_line(p.pid))[:60]})" for p in stuck))
    raise ClusterError("processes of the instance keep coming back")


def _wait_until_reaped(guardian: Process | None, processes) -> None:
    """Gives the supervisor a moment to collect what it started: init may take its time."""
    deadline = time.monotonic() + 2
    for process in processes:
        while (guardian and guardian.alive() and _parent(process.pid) == guardian.pid
               and time.monotonic() < deadline):
            time.sleep(0.02)


def _by_paths(instance: Instance) -> list[Process]:
    """Programs of a cluster with a path of this instance among their arguments."""
    inside = str(instance.root) + "/"
    found = []
    for pid in every_pid():
        arguments = command_line(pid)
        if not any(inside in argument for argument in arguments):
            continue
        with contextlib.suppress(OSError):
            if _PROGRAMS.fullmatch(Path(os.readlink(f"/proc/{pid}/exe").removesuffix(" (deleted)")).name):
                found.append(Process.of(pid))
    return [p for p in found if p]


def _descendants(root: int) -> list[Process]:
    children: dict[int, list[int]] = {}
    for pid in every_pid():
        children.setdefault(_parent(pid), []).append(pid)
    found, queue = [], [root]
    own = set(_self_and_ancestors()) - {root}
    while queue:
        for child in children.get(queue.pop(), []):
            if child in own:
                continue
            queue.append(child)
            found.append(Process.of(child))
    return [p for p in found if p]


def _parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, ValueError, IndexError):
        return 0


def _self_and_ancestors() -> list[int]:
    chain, pid = [], os.getpid()
    while pid > 1:
        chain.append(pid)
        pid = _parent(pid)
    return chain


def _pod_traces(instance: Instance) -> dict:
    """What the runtime keeps outside of the instance's directory, by what it noted inside."""
    state = instance.root / "containerd" / "state" / "io.containerd.runtime.v2.task" / "k8s.io"
    sandboxes = instance.root / "containerd" / "root" / "io.containerd.grpc.v1.cri" / "sandboxes"
    ids, sockets, interfaces = set(), set(), set()
    for directory in (state, sandboxes):
        with contextlib.suppress(OSError):
            ids.update(name for name in os.listdir(directory) if re.fullmatch(r"[0-9a-f]{64}", name))
    for each in ids:
        with contextlib.suppress(OSError):
            address = (state / each / "address").read_text().strip()
            if re.fullmatch(r"unix:///run/containerd/s/[0-9a-f]{64}", address):
                sockets.add(Path(address.removeprefix("unix://")))
    results = []
    with contextlib.suppress(OSError):
        results = [r for r in Path("/var/lib/cni/results").iterdir() if any(each in r.name for each in ids)]
    for result in results:
        with contextlib.suppress(OSError, ValueError, AttributeError):
            for interface in json.loads(result.read_text()).get("result", {}).get("interfaces") or []:
                if not interface.get("sandbox") and str(interface.get("name", "")).startswith("veth"):
                    interfaces.add(interface["name"])
    return {"sockets": sockets, "results": results, "interfaces": interfaces}


def _unmount(root: Path) -> list[str]:
    """Unmounts all below the directory, last mounted first. Returns what is still mounted."""
    def mounted() -> list[str]:
        lines = Path("/proc/self/mountinfo").read_text().splitlines()
        points = [cgroups.unescape(line.split(" ")[4]) for line in lines]
        return [p for p in points if p.startswith(f"{root}/")]

    for _ in range(5):
        points = mounted()
        if not points:
            return []
        for point in reversed(points):
            if _libc.umount2(point.encode(), 0) != 0:
                _libc.umount2(point.encode(), _MNT_DETACH)
    return mounted()


def _remove_traces(instance: Instance, traces: dict) -> None:
    for path in (*traces["sockets"], *traces["results"]):
        with contextlib.suppress(OSError):
            path.unlink()
    # kubelet links every container's log there; the directory is not configurable.
    with contextlib.suppress(OSError):
        for link in Path("/var/log/containers").iterdir():
            if link.is_symlink() and os.readlink(link).startswith(f"{instance.root}/"):
                link.unlink()
    # A network namespace ends with its last mount, its interfaces a moment later.
    deadline = time.monotonic() + 3
    for name in traces["interfaces"]:
        while Path("/sys/class/net", name).exists():
            if time.monotonic() > deadline:
                network.remove_interface(name)
                break
            time.sleep(0.05)
