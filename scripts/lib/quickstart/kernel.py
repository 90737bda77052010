"""What the kernel says about a container, read from /proc and the cgroup file system alone."""

from dataclasses import dataclass
from pathlib import Path

from cluster import cgroups


@dataclass(frozen=True)
class Seen:
    pid: int
    # Of every thread of the container, without repetition: Cpus_allowed_list.
    threads: tuple[str, ...]
    cpuset: Path

    def cpus(self) -> str:
        return " and ".join(self.threads)

    def file(self) -> str:
        return self.cpuset.read_text().strip()


def container(identity: str) -> Seen | None:
    """The container with this id of its runtime, through its first process; None if it has none."""
    pids = sorted(pid for pid in map(int, filter(str.isdigit, _names(Path("/proc")))) if _cgroup_of(pid, identity))
    if not pids:
        return None
    cpuset = _cgroup_of(pids[0], identity)
    allowed = {_allowed(task) for pid in pids for task in (Path(f"/proc/{pid}/task") / t for t in _names(Path(f"/proc/{pid}/task")))}
    return Seen(pids[0], tuple(sorted(allowed - {""})), cpuset)


def online_cpus() -> set[int]:
    cpus: set[int] = set()
    for part in Path("/sys/devices/system/cpu/online").read_text().strip().split(","):
        first, _, last = part.partition("-")
        cpus.update(range(int(first), int(last or first) + 1))
    return cpus


def _names(directory: Path) -> list[str]:
    try:
        return [path.name for path in directory.iterdir()]
    except OSError:
        return []


def _cgroup_of(pid: int, identity: str) -> Path | None:
    """The file with the CPUs of the process's cgroup, if it is one of that container."""
    try:
        lines = Path(f"/proc/{pid}/cgroup").read_text().splitlines()
    except OSError:
        return None
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if identity not in path:
            continue
        for hierarchy in cgroups.hierarchies():
            if "cpuset" in hierarchy.controllers and (hierarchy.unified if not controllers else "cpuset" in controllers.split(",")):
                return hierarchy.path / path.lstrip("/") / ("cpuset.cpus.effective" if hierarchy.unified else "cpuset.cpus")
    return None


def _allowed(task: Path) -> str:
    try:
        return (task / "status").read_text().split("Cpus_allowed_list:")[1].split("\n")[0].strip()
    except (OSError, IndexError):
        return ""  # it ended meanwhile
