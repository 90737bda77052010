"""The instance's cgroup, /NAME in every mounted hierarchy: making it, finding its processes, removing it."""

import contextlib
import errno
import os
import re
import time
from dataclasses import dataclass
from pathlib import Path

from .errors import ClusterError
from .processes import Process

# What kubelet wants to find below its root cgroup.
_NEEDED = ("cpu", "cpuset", "memory", "pids")


@dataclass(frozen=True)
class Hierarchy:
    path: Path
    unified: bool
    controllers: frozenset[str]


def unescape(text: str) -> str:
    """Undoes the octal escapes of /proc/self/mountinfo."""
    return re.sub(r"\\([0-7]{3})", lambda m: chr(int(m[1], 8)), text)


def hierarchies() -> list[Hierarchy]:
    found = []
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        mount, _, filesystem = line.partition(" - ")
        kind, _, options = filesystem.split(" ", 2)
        path = Path(unescape(mount.split(" ")[4]))
        if kind == "cgroup":
            found.append(Hierarchy(path, False, frozenset(options.split(","))))
        elif kind == "cgroup2":
            with contextlib.suppress(OSError):
                found.append(Hierarchy(path, True, frozenset((path / "cgroup.controllers").read_text().split())))
    return found


def check() -> None:
    """Fails if this machine's cgroups are not what a kubelet needs."""
    known = hierarchies()
    lacking = [c for c in _NEEDED if not any(c in h.controllers for h in known)]
    if lacking:
        raise ClusterError(f"this machine has no cgroup controller {', '.join(lacking)}")
    for hierarchy in known:
        if not os.access(hierarchy.path, os.W_OK):
            raise ClusterError(f"{hierarchy.path} is not writable; a real node needs writable cgroups")


def make(name: str) -> None:
    """The cgroup with the controllers a kubelet needs, in every hierarchy."""
    check()
    for hierarchy in hierarchies():
        path = hierarchy.path / name
        try:
            if hierarchy.unified and hierarchy.controllers & set(_NEEDED):
                _delegate(hierarchy)
            path.mkdir(exist_ok=True)
            if not hierarchy.unified and "cpuset" in hierarchy.controllers:
                for item in ("cpuset.cpus", "cpuset.mems"):
                    if not (path / item).read_text().strip():
                        (path / item).write_text((hierarchy.path / item).read_text())
        except OSError as error:
            raise ClusterError(f"cgroup {path}: {error.strerror}; a real node needs writable cgroups") from None


def _delegate(hierarchy: Hierarchy) -> None:
    enabled = (hierarchy.path / "cgroup.subtree_control").read_text().split()
    for controller in sorted(hierarchy.controllers - set(enabled)):
        try:
            (hierarchy.path / "cgroup.subtree_control").write_text(f"+{controller}")
        except OSError as error:
            if controller not in _NEEDED:
                continue
            reason = error.strerror
            if error.errno == errno.EBUSY:
                reason = "there are processes in the root of this cgroup namespace"
            raise ClusterError(f"{hierarchy.path}/cgroup.subtree_control: +{controller}: {reason}") from None


def exists(name: str) -> bool:
    return any((h.path / name).is_dir() for h in hierarchies())


def processes(name: str) -> list[Process]:
    """All processes in it and below it, in any hierarchy; thaws what is frozen, as it could not be ended."""
    pids: set[int] = set()
    for hierarchy in hierarchies():
        for directory, _, files in os.walk(hierarchy.path / name):
            for freezer, thawed in (("freezer.state", "THAWED"), ("cgroup.freeze", "0")):
                if freezer in files:
                    with contextlib.suppress(OSError):
                        Path(directory, freezer).write_text(thawed)
            with contextlib.suppress(OSError, ValueError):
                pids.update(map(int, Path(directory, "cgroup.procs").read_text().split()))
    return [p for p in map(Process.of, pids - {0}) if p]


def remove(name: str, seconds: float = 5.0) -> list[Path]:
    """Removes it deepest first in every hierarchy. Returns what is left after the time."""
    deadline = time.monotonic() + seconds
    while True:
        left = []
        for hierarchy in hierarchies():
            for directory, _, _ in os.walk(hierarchy.path / name, topdown=False):
                try:
                    os.rmdir(directory)
                except FileNotFoundError:
                    pass
                except OSError:
                    left.append(Path(directory))
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(0.05)
