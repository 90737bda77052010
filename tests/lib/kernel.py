"""What the kernel says about Pods: read from /proc and the cgroup files, never asked of actimanager."""

import pathlib
import threading


def parse_cpus(text: str) -> frozenset[int]:
    """The kernel's list format, "0-3,8"."""
    cpus: set[int] = set()
    for part in filter(None, text.strip().split(",")):
        first, _, last = part.partition("-")
        cpus.update(range(int(first), int(last or first) + 1))
    return frozenset(cpus)


def online_cpus() -> frozenset[int]:
    return parse_cpus(pathlib.Path("/sys/devices/system/cpu/online").read_text())


def cpuset_directories(uid: str) -> list[pathlib.Path]:
    """The Pod's cgroups in the cpuset hierarchy, its own first."""
    names = (f"pod{uid}", uid.replace("-", "_") + ".slice")
    for top in (pathlib.Path("/sys/fs/cgroup/cpuset"), pathlib.Path("/sys/fs/cgroup")):
        if not (top / "cgroup.procs").exists():
            continue
        found = [d for d in _entries(top, "*pod*") if d.name.endswith(names) and d.is_dir()]
        if found:
            return [found[0], *sorted(d for d in _entries(found[0], "*") if d.is_dir())]
    return []


def cpusets(uid: str) -> dict[str, frozenset[int]]:
    """The CPUs of each of the Pod's cgroups, by path; cgroups that vanish meanwhile are left out."""
    found = {}
    for directory in cpuset_directories(uid):
        try:
            found[str(directory)] = parse_cpus((directory / "cpuset.cpus").read_text())
        except OSError:
            continue
    return found


def cfs_quotas(uid: str) -> dict[str, int]:
    """The CFS quota of each of the Pod's cgroups on cgroup v1, in microseconds of each 100 ms, by path; -1: none."""
    top = pathlib.Path("/sys/fs/cgroup/cpu")
    found = {}
    for pod in (d for d in _entries(top, f"*pod{uid}") if d.is_dir()):
        for directory in (pod, *sorted(d for d in _entries(pod, "*") if d.is_dir())):
            assert int((directory / "cpu.cfs_period_us").read_text()) == 100_000, directory
            found[str(directory)] = int((directory / "cpu.cfs_quota_us").read_text())
    return found


def allowed_cpus(task: pathlib.Path) -> frozenset[int]:
    status = (task / "status").read_text()
    return parse_cpus(status.split("Cpus_allowed_list:")[1].split("\n")[0])


def threads(uid: str) -> dict[int, frozenset[int]]:
    """Every thread of the Pod, by its id: the CPUs it may run on."""
    found = {}
    for directory in cpuset_directories(uid):
        try:
            ids = (directory / "tasks" if (directory / "tasks").exists() else directory / "cgroup.threads").read_text()
        except OSError:
            continue
        for thread in ids.split():
            try:
                found[int(thread)] = allowed_cpus(pathlib.Path("/proc", thread))
            except (OSError, IndexError):
                continue  # it ended meanwhile
    return found


class Sampler:
    """Watches every thread below a cgroup from before it is there: where each was ever allowed to run.

    `seen` has, for each Pod's UID, the CPU lists that any of its threads showed, with the thread's command.
    """

    def __init__(self, top: pathlib.Path):
        self._top = top
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.seen: dict[str, set[tuple[str, frozenset[int]]]] = {}
        self.rounds = 0

    def __enter__(self) -> "Sampler":
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        alive = self._thread.is_alive()
        self._stop.set()
        self._thread.join()
        assert alive, "the observer ended before it was told to"

    def cpus(self, uid: str) -> set[frozenset[int]]:
        return {cpus for _, cpus in self.seen.get(uid, set())}

    def _run(self) -> None:
        while not self._stop.is_set():
            for pod in _entries(self._top, "pod*"):
                if pod.is_dir() and not pod.parent.name.startswith("pod"):
                    self._look(pod, pod.name.removeprefix("pod"))
            self.rounds += 1

    def _look(self, pod: pathlib.Path, uid: str) -> None:
        for tasks in _entries(pod, "tasks"):
            try:
                ids = tasks.read_text().split()
            except OSError:
                continue
            for thread in ids:
                task = pathlib.Path("/proc", thread)
                try:
                    entry = ((task / "comm").read_text().strip(), allowed_cpus(task))
                except (OSError, IndexError):
                    continue
                self.seen.setdefault(uid, set()).add(entry)


def _entries(top: pathlib.Path, pattern: str) -> list[pathlib.Path]:
    """What matches below a directory, as far as it is still there."""
    found = []
    try:
        for path in top.rglob(pattern):
            found.append(path)
    except OSError:
        pass  # a directory vanished while it was walked
    return found
