"""What an instance may leave on the machine: everything here is read from the kernel, not asked of scripts/cluster."""

import os
import pathlib
import time


def of(state: pathlib.Path, cgroup: str) -> list[str]:
    """Every trace of the instance with this state directory and cgroup."""
    inside = f"{state}/"
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            arguments = pathlib.Path("/proc", pid, "cmdline").read_bytes().decode(errors="replace")
            groups = pathlib.Path("/proc", pid, "cgroup").read_text()
        except OSError:
            continue
        if int(pid) != os.getpid() and (inside in arguments or f"/{cgroup}/" in groups):
            found.append(f"process {pid}: {arguments}")
    for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines():
        if inside in line:
            found.append(f"mount {line}")
    for root, directories, _ in os.walk("/sys/fs/cgroup"):
        found += [f"cgroup {root}/{d}" for d in directories if d == cgroup]
        directories[:] = directories if root == "/sys/fs/cgroup" else []
    if state.exists():
        found.append(f"directory {state}")
    logs = pathlib.Path("/var/log/containers")
    found += [f"link {link}" for link in (logs.iterdir() if logs.is_dir() else []) if inside in os.readlink(link)]
    return found


def interfaces() -> set[str]:
    return set(os.listdir("/sys/class/net"))


def listing(directory: str) -> set[str]:
    return set(os.listdir(directory)) if os.path.isdir(directory) else set()


def shared() -> dict[str, set[str]]:
    """What the container runtime keeps in directories that all instances share."""
    return {d: listing(d) for d in ("/var/lib/cni/results", "/run/containerd/s", "/run/netns", "/sys/class/net",
                                    "/run/containerd/runc", "/var/log/pods")}


def wait_until(condition, seconds: float, what: str):
    """The condition's value once it is true; fails after the time."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.1)
    return value
