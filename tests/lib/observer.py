"""What the observer (tests/observer) saw of every thread of Pods: nobody else is asked.

A stretch is a time in which a thread was seen with the same CPUs at every look. What is true at both of its ends is held
to be true all of that time; what lies between two stretches was seen by nobody.
"""

import contextlib
import os
import pathlib
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from actimanager import BINARY
from kernel import parse_cpus

OBSERVER = BINARY.parents[2] / "tests" / "observer" / "observer"


@dataclass(frozen=True)
class Stretch:
    uid: str  # the Pod's
    thread: int
    name: str
    cpus: frozenset[int]
    first: int  # nanoseconds, of the observer's CLOCK_MONOTONIC
    last: int
    outside: int  # times it ran on another CPU

    def during(self, begin: int, end: int) -> bool:
        return self.first < end and begin < self.last


@dataclass(frozen=True)
class Claim:
    """From begin to end the Pod is alone on these CPUs."""
    uid: str
    cpus: frozenset[int]
    begin: int
    end: int


@dataclass
class Seen:
    stretches: list[Stretch] = field(default_factory=list)
    rounds: int = 0

    def of(self, uid: str) -> list[Stretch]:
        return [stretch for stretch in self.stretches if stretch.uid == uid]

    def between(self, uid: str, *places) -> bool:
        """Whether the Pod was seen, and at every time in one of these places."""
        seen = {s.cpus for s in self.of(uid)}
        return bool(seen) and seen <= set(map(frozenset, places))

    def roaming(self, allowed: dict[str, frozenset[int]], begin: int = 0, end: int = 1 << 63) -> list[Stretch]:
        """What was seen of these Pods outside of their CPUs."""
        return [s for s in self.stretches if s.during(begin, end) and (s.outside or not s.cpus <= allowed.get(s.uid, s.cpus))]

    def overlaps(self, claims: list[Claim]) -> list[tuple[Claim, Stretch]]:
        """Threads of other Pods that were allowed on claimed CPUs."""
        return [(claim, s) for claim in claims for s in self.stretches
                if s.uid != claim.uid and s.cpus & claim.cpus and s.during(claim.begin, claim.end)]

    def shared(self, exclusive: dict[str, frozenset[int]]) -> list[tuple[Stretch, Stretch]]:
        """A thread on exclusive CPUs of its Pod, and one of another Pod that was allowed on them at the same time."""
        return [(mine, s) for uid, cpus in exclusive.items() for mine in self.of(uid) for s in self.stretches
                if s.uid != uid and s.cpus & mine.cpus & cpus and s.during(mine.first, mine.last)]


def now() -> int:
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC)


@contextlib.contextmanager
def observed(kubepods: os.PathLike | str, command: tuple = (OBSERVER,)) -> Iterator[Seen]:
    """Everything below that cgroup for the time of the body; it is there to be looked at afterwards. command: what runs the
    observer, where the cgroup is another machine's."""
    seen = Seen()
    process = subprocess.Popen([*command, kubepods], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield seen
    finally:
        text, _ = process.communicate(timeout=60)
    assert process.returncode == 0, f"the observer ended with {process.returncode}"
    *lines, last = text.splitlines()
    seen.rounds = int(last.removeprefix("rounds "))
    seen.stretches += map(_parse, lines)


def _parse(line: str) -> Stretch:
    uid, thread, name, cpus, first, last, outside = line.split(" ")
    return Stretch(uid, int(thread), name, parse_cpus(cpus), int(first), int(last), int(outside))


def kubepods_of(cgroup: pathlib.Path) -> pathlib.Path:
    """The directory that Pods are in, below a kubelet's cgroup."""
    found = [d for d in (cgroup, *cgroup.iterdir()) if d.name in ("kubepods", "kubepods.slice")]
    assert len(found) == 1, f"kubepods below {cgroup}: {found}"
    return found[0]
