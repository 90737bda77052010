"""Whatever a write of the agent comes to, and wherever it is killed: other Pods stay on their CPUs, nobody shares exclusive ones,
and in the end all is as it was asked for. What runs where is what the observer saw.

ACTI_TEST_FAULTS=all: every error at every write, instead of one at each in turn.
"""

import contextlib
import itertools
import os
import pathlib
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from actimanager import Actimanager
from objects import binding, condition, cpu_set
from conftest import launch
from injection import Writes, writes
from kernel import cpuset_directories, parse_cpus
from node import Node
from observer import Claim, kubepods_of, now, observed
from rest import MERGE, eventually

ERRORS = ("EINVAL", "EACCES", "EBUSY", "ENOSPC", "EIO")
NAMES = ("one", "two", "other")


@dataclass(frozen=True)
class Bound:
    cpus: frozenset[int]
    level: str = "None"


class Stage:
    """Three running Pods, and the agent of their node."""

    def __init__(self, instance, directory: pathlib.Path):
        self.node = Node(instance)
        self.rest = instance.rest
        self.kubepods = kubepods_of(self.node.cgroup)
        self.directory = directory
        for name in NAMES:
            self.node.run(name, wait=False)
        self.uids = {name: self.node.run(name) for name in NAMES}
        self.files = {name: [d / "cpuset.cpus" for d in cpuset_directories(uid)] for name, uid in self.uids.items()}
        assert [len(files) for files in self.files.values()] == [3, 3, 3], "the Pod, its sandbox and its container"
        first, *_, last = sorted(self.node.cpus)
        self.first, self.last = frozenset({first}), frozenset({last})
        self.bound: dict[str, Bound] = {}
        self.agents = 0
        self.agent: Actimanager = self.start()

    def start(self) -> Actimanager:
        self.agents += 1
        self.agent = launch(self.node, self.directory / f"actimanager-{self.agents}.log", "--roles=agent,endpoint",
                            "--reconcile-period=60s")
        return self.agent

    @property
    def every_file(self) -> list[pathlib.Path]:
        return [file for files in self.files.values() for file in files]

    def sets(self, bound: dict[str, Bound]) -> dict[str, frozenset[int]]:
        """Where each Pod belongs, by UID."""
        exclusive = frozenset().union(*(b.cpus for b in bound.values() if b.level != "None"))
        return {self.uids[name]: bound[name].cpus if name in bound else self.node.cpus - exclusive for name in NAMES}

    def name(self, uid: str) -> str:
        return next((name for name, mine in self.uids.items() if mine == uid), uid)

    def ask(self, bound: dict[str, Bound]) -> None:
        """Makes, edits and deletes bindings until they are these."""
        for name in self.bound.keys() - bound.keys():
            self.rest.delete("podcpubindings", name)
        for name, wanted in bound.items():
            spec = {"cpuSet": cpu_set(*sorted(wanted.cpus)), "exclusivenessLevel": wanted.level}
            if name not in self.bound:
                self.rest.create("podcpubindings", binding(name, **spec))
            elif self.bound[name] != wanted:
                self.rest.patch("podcpubindings", name, {"spec": spec}, how=MERGE)
        self.bound = dict(bound)

    def settle(self, seconds: float = 20) -> None:
        """Until all is as it was asked for, in the kernel and in what is said of it. An agent that has ended is started again."""
        def settled():
            if self.agent.process.poll() is not None:
                self.start()
            wanted = self.sets(self.bound)
            for name, files in self.files.items():
                for file in files:
                    assert parse_cpus(file.read_text()) == wanted[self.uids[name]], f"{name}: {file}: {file.read_text()}"
            for name in self.bound:
                found = self.rest.get("podcpubindings", name)
                status = found.get("status", {})
                assert status.get("resourceStatus") == "Applied", f"{name}: {status}"
                assert status["observedGeneration"] == found["metadata"]["generation"], name
            return True

        eventually(settled, seconds, every=0.01)

    def act(self, over: Callable[[], bool]) -> tuple[list, list[Claim]]:
        """Everything that makes the agent write: two Pods are pinned, one moves and one is let go, one becomes alone on its CPU
        and is so no more; or what of it comes before it is over. What each Pod may have been on at each time, and which CPUs
        were one's alone."""
        alone = Bound(self.last, "CPU")
        steps = [
            {"one": Bound(self.first), "two": Bound(self.last)},
            {"one": Bound(self.last), "two": Bound(self.last)},
            {"one": Bound(self.last)},
            {"one": alone},
            {"one": alone, "two": Bound(self.first)},
            {"one": Bound(self.last), "two": Bound(self.first)},
            {},
        ]
        allowed, claims = [], []
        claimed = None
        for before, after in itertools.pairwise([{}, *steps]):
            begin = now()
            if claimed and after.get("one") != alone:
                claims.append(Claim(self.uids["one"], alone.cpus, claimed, begin))
                claimed = None
            self.ask(after)
            self.settle()
            end = now()
            if after.get("one") == alone:
                claimed = claimed or end
            was, will = self.sets(before), self.sets(after)
            allowed.append(({uid: was[uid] | will[uid] for uid in was}, begin, end))
            if over():
                break
        if claimed:
            claims.append(Claim(self.uids["one"], alone.cpus, claimed, end))
        return allowed, claims

    def act_with(self, fault: str) -> list[str]:
        """The same with a fault at a write, until that is made good, as the observer sees it; the writes. Two changes that the
        agent learns of at once may be one to it: where that left it with too few writes, it is all done once more."""
        for _ in range(10):
            made = self._act_with(fault)
            if made.tampered() or not fault:
                assert len(made.tampered()) == bool(fault), f"{fault}: {made.all()}"
                return made.all()
        raise AssertionError(f"{fault}: there was no such write: {made.all()}")

    def _act_with(self, fault: str) -> Writes:
        with (observed(self.kubepods) as seen,
              writes(self.agent.process.pid, self.every_file, self.directory / "writes", fault) as made):
            allowed, claims = self.act(over=lambda: bool(made.tampered()))
        for step, (sets, begin, end) in enumerate(allowed, 1):
            found = [(self.name(s.uid), s) for s in seen.roaming(sets, begin, end)]
            assert not found, f"{fault}, step {step} from {begin} to {end}: {found}"
        assert claims or fault
        assert seen.overlaps(claims) == [], fault
        assert seen.rounds >= len(allowed) and {s.uid for s in seen.stretches} >= set(self.uids.values()), "the observer saw it"
        return made

    def clear(self) -> None:
        self.ask({})
        self.agent.end()
        self.node.clear()


@pytest.fixture(scope="module")
def stage(instance, tmp_path_factory):
    stage = Stage(instance, tmp_path_factory.mktemp("faults"))
    yield stage
    stage.clear()


@pytest.fixture
def settled(stage):
    """The stage with nothing bound, before and after."""
    stage.ask({})
    stage.settle()
    yield stage
    stage.ask({})
    stage.settle()


@pytest.fixture(scope="module")
def count(stage) -> int:
    """Of the writes that the agent makes in act(), at least."""
    made = min((stage.act_with("") for _ in range(3)), key=len)
    assert len(made) > 15, made
    return len(made)


def test_a_write_that_fails_harms_nobody_and_is_made_good(settled, count):
    exhaustive = os.environ.get("ACTI_TEST_FAULTS") == "all"
    for number in range(1, count + 1):
        for error in ERRORS if exhaustive else (ERRORS[number % len(ERRORS)],):
            agent = settled.agent
            settled.act_with(f"error={error}:when={number}")
            assert settled.agent is agent, f"{error} at write {number} ended it"


def test_an_agent_killed_at_a_write_harms_nobody_and_the_next_one_finishes(settled, count):
    for number in range(1, count + 1):
        agent = settled.agent
        settled.act_with(f"signal=KILL:when={number}")
        assert settled.agent is not agent and agent.process.returncode == -9, f"killed at write {number}"


@pytest.mark.parametrize("error", ERRORS)
def test_a_pod_that_takes_no_write_keeps_no_other_from_its_cpus(settled, error):
    stage = settled
    with (observed(stage.kubepods) as seen,
          writes(stage.agent.process.pid, stage.files["one"], stage.directory / "writes", f"error={error}:when=1+")):
        stage.ask({"one": Bound(stage.first), "two": Bound(stage.last)})

        def told():
            status = stage.rest.get("podcpubindings", "one").get("status", {})
            assert status.get("resourceStatus") == "Failed", status
            said = condition({"status": status}, "Applied")
            assert said["reason"] == "KernelRefused" and "cpuset.cpus" in said["message"], said
            return all(parse_cpus(file.read_text()) == stage.last for file in stage.files["two"])

        eventually(told, 10)
    # Long before the next full look.
    stage.settle(10)
    assert seen.roaming({stage.uids["other"]: stage.node.cpus, stage.uids["one"]: stage.node.cpus}) == []


def test_a_pod_that_is_not_moved_off_exclusive_cpus_is_told_of(settled):
    stage = settled
    stage.ask({"two": Bound(stage.first)})
    stage.settle()
    with (observed(stage.kubepods) as seen,
          writes(stage.agent.process.pid, stage.files["other"], stage.directory / "writes", "error=EIO:when=1+")):
        stage.ask({"two": Bound(stage.first), "one": Bound(stage.last, "CPU")})

        def degraded():
            return condition(stage.rest.get("podcpubindings", "one"), "Degraded")

        assert eventually(degraded, 10)["reason"] == "NotExclusive"
        assert degraded()["status"] == "True"
    stage.settle(10)
    eventually(lambda: degraded()["status"] == "False", 10)
    assert seen.roaming({stage.uids["two"]: stage.first}) == []


@pytest.fixture
def quiet(settled):
    """One Pod alone on its CPU, and a kubelet that does not remove cgroups it does not know: the CPUs left to others."""
    settled.ask({"one": Bound(settled.last, "CPU")})
    settled.settle()
    settled.node.api.command("stop", "kubelet")
    yield settled.node.cpus - settled.last
    settled.node.api.command("cont", "kubelet")


def on(directory: pathlib.Path, cpus: frozenset[int]) -> bool:
    return parse_cpus((directory / "cpuset.cpus").read_text()) == cpus


@contextlib.contextmanager
def cgroups():
    """A function that makes a cgroup; all made are removed."""
    made = []

    def make(path: pathlib.Path) -> pathlib.Path:
        path.mkdir()
        made.append(path)
        return path

    try:
        yield make
    finally:
        for path in reversed(made):
            with contextlib.suppress(FileNotFoundError):
                path.rmdir()


@pytest.mark.parametrize("again", (False, True), ids=("for good", "and comes again under the same name"))
def test_a_cgroup_may_vanish_between_open_and_write(settled, quiet, again):
    stage, pod = settled, settled.kubepods / f"pod{uuid.uuid4()}"
    errors = stage.agent.metrics()["actimanager_cpuset_errors_total"]
    with cgroups() as make:
        with writes(stage.agent.process.pid, [pod / "cpuset.cpus"], stage.directory / "writes",
                    "delay_enter=300000:when=1") as made:
            make(pod)
            inode = pod.stat().st_ino
            time.sleep(0.15)  # it has opened the file, and its write waits
            pod.rmdir()
            if again:
                make(pod)
                assert pod.stat().st_ino != inode
            eventually(lambda: any("ENODEV" in line for line in made.tampered()), 10)
            if again:
                eventually(lambda: on(pod, quiet), 10)
        stage.settle()
        assert stage.agent.metrics()["actimanager_cpuset_errors_total"] == errors


def test_500_containers_a_second_are_all_pinned(settled, quiet):
    stage, rate, seconds = settled, 500, 2
    errors = stage.agent.metrics()["actimanager_cpuset_errors_total"]
    with observed(stage.kubepods) as seen, cgroups() as make:
        pods = [make(stage.kubepods / f"pod{uuid.uuid4()}") for _ in range(50)]
        begun, made = time.monotonic(), []
        for number in range(rate * seconds):
            time.sleep(max(0.0, begun + number / rate - time.monotonic()))
            made.append(make(pods[number % len(pods)] / f"{number:064x}"))
        took = time.monotonic() - begun
        eventually(lambda: all(on(directory, quiet) for directory in (*pods, *made)), 10)
        late = time.monotonic() - begun - took
    print(f"{len(made)} containers in {took:.2f} s, the last ones pinned {late:.2f} s later")
    assert stage.agent.metrics()["actimanager_cpuset_errors_total"] == errors
    assert seen.roaming(stage.sets(stage.bound)) == []
