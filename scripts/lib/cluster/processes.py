"""Processes by identity: a pid alone may belong to another process by now, a pid and a start time do not."""

import contextlib
import ctypes
import os
import select
import signal
import time
from dataclasses import dataclass
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent() -> None:
    """For preexec_fn: the child does not outlive the thread that started it."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def adopt_orphans() -> None:
    """Makes this process the parent of its orphaned descendants, in place of init."""
    _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def start_time(pid: int) -> int | None:
    """When the process started, in clock ticks since boot; None if it is gone or has ended with all its threads."""
    try:
        with _pidfd(pid) as fd:
            # Not the state in stat: that is a zombie's while other threads of the process are still there.
            if _readable(fd, 0):
                return None
            return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
    except OSError:
        return None


def command_line(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")[:-1]
    except OSError:
        return []


def every_pid() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


@dataclass(frozen=True)
class Process:
    pid: int
    started: int

    @staticmethod
    def of(pid: int) -> "Process | None":
        started = start_time(pid)
        return None if started is None else Process(pid, started)

    @staticmethod
    def from_json(value) -> "Process | None":
        return Process(value["pid"], value["started"]) if value else None

    def to_json(self) -> dict:
        return {"pid": self.pid, "started": self.started}

    def alive(self) -> bool:
        return start_time(self.pid) == self.started

    def state(self) -> str:
        """up, stopped (by SIGSTOP) or down."""
        if not self.alive():
            return "down"
        with contextlib.suppress(OSError):
            if Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T":
                return "stopped"
        return "up"

    def signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError), _pidfd(self.pid) as fd:
            if self.alive():
                signal.pidfd_send_signal(fd, number)

    def wait(self, seconds: float) -> bool:
        """Whether it ended within the time."""
        deadline = time.monotonic() + seconds
        while self.alive():
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            with contextlib.suppress(ProcessLookupError), _pidfd(self.pid) as fd:
                _readable(fd, min(left, 1.0))
        return True


@contextlib.contextmanager
def _pidfd(pid: int):
    fd = os.pidfd_open(pid)
    try:
        yield fd
    finally:
        os.close(fd)


def _readable(fd: int, seconds: float) -> bool:
    """Whether the process of a pidfd has ended, waiting for that as long."""
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    return bool(poll.poll(1000 * seconds))


def kill_all(processes, seconds: float = 5.0) -> list[Process]:
    """SIGKILL to all; returns those that are still there after the time (in uninterruptible sleep)."""
    processes = list(processes)
    for process in processes:
        process.signal(signal.SIGKILL)
    deadline = time.monotonic() + seconds
    return [p for p in processes if not p.wait(max(0.0, deadline - time.monotonic()))]
