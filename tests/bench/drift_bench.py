#!/usr/bin/python3
"""How long a Pod is where somebody else put it, and how long a new cgroup is without its CPUs.

    tests/bench/drift_bench.py [--samples 500]

One cluster of scripts/cluster with this machine as its node, and `actimanager run --roles=agent,endpoint`. Measured are

    repair     from the return of another process' write of a Pod's cpuset.cpus until the file reads as it did before
    appear     from the return of the mkdir of a Pod's cgroup until its cpuset.cpus is what the node's shared pool is
    idle       the observer's own look at the file
    control    from a byte sent through a pipe until it is back from a process that does nothing but send it back, right
               after each repair: what of a repair is the machine's, which has to wake first the other and then the observer

by one observer that sleeps until the file is written (inotify), so that no CPU is busy with it: its own wake-up is in all
but idle. Between repairs there is enough time for none to be left alone as one of too many. Raw samples are printed, in
microseconds, then percentiles; none is judged.
"""

import argparse
import contextlib
import ctypes
import multiprocessing
import os
import pathlib
import select
import sys
import tempfile
import time
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "host"))

from actimanager import Actimanager  # noqa: E402
from paths import TOP  # noqa: E402
from cluster import cluster  # noqa: E402
from kernel import cpuset_directories, parse_cpus  # noqa: E402
from node import Node  # noqa: E402
from rest import eventually  # noqa: E402

PAUSE = 0.55  # at most 20 repairs of one Pod within 10 s
PATIENCE = 10.0


class Watched:
    """A file, and who sleeps until it is written."""

    _MODIFY = 2  # IN_MODIFY of linux/inotify.h
    _libc = ctypes.CDLL(None, use_errno=True)

    def __init__(self, path: pathlib.Path, flags: int = os.O_RDONLY):
        self.file = os.open(path, flags)
        self._events = self._libc.inotify_init1(os.O_CLOEXEC)
        if self._events < 0 or self._libc.inotify_add_watch(self._events, os.fsencode(path), self._MODIFY) < 0:
            raise OSError(ctypes.get_errno(), f"inotify: {path}")

    def __enter__(self) -> "Watched":
        return self

    def __exit__(self, *_) -> None:
        os.close(self._events)
        os.close(self.file)

    def read(self) -> bytes:
        return os.pread(self.file, 4096, 0)

    def until(self, wanted: bytes) -> float:
        """Seconds until it reads so."""
        begun = time.perf_counter()
        while (text := self.read()) != wanted:
            woken, _, _ = select.select([self._events], [], [], PATIENCE)
            assert woken, f"{text!r} and not {wanted!r} after {PATIENCE} s"
            os.read(self._events, 4096)
        return time.perf_counter() - begun


@contextlib.contextmanager
def echo():
    """A process that sends back what it is sent; a function that returns the seconds it takes."""
    (there, here), (back, sent) = os.pipe(), os.pipe()

    def answer() -> None:
        while byte := os.read(there, 1):
            os.write(sent, byte)

    def ask() -> float:
        begun = time.perf_counter()
        os.write(here, b"?")
        os.read(back, 1)
        return time.perf_counter() - begun

    process = multiprocessing.get_context("fork").Process(target=answer, daemon=True)
    process.start()
    try:
        yield ask
    finally:
        process.terminate()
        process.join()
        for end in (there, here, back, sent):
            os.close(end)


def repairs(path: pathlib.Path, everything: str, samples: int) -> tuple[list[float], list[float]]:
    """And the control beside them."""
    wanted, found, control = path.read_bytes(), [], []
    with Watched(path, os.O_RDWR) as watched, echo() as ask:
        for _ in range(samples):
            time.sleep(PAUSE / 2)
            os.pwrite(watched.file, everything.encode(), 0)
            found.append(watched.until(wanted))
            time.sleep(PAUSE / 2)
            control.append(ask())
    return found, control


def appearances(kubepods: pathlib.Path, wanted: bytes, samples: int) -> list[float]:
    found = []
    for _ in range(samples):
        time.sleep(0.02)
        pod = kubepods / f"pod{uuid.uuid4()}"
        pod.mkdir()
        try:
            with Watched(pod / "cpuset.cpus") as watched:
                found.append(watched.until(wanted))
        finally:
            pod.rmdir()
    return found


def idle(path: pathlib.Path, samples: int) -> list[float]:
    with Watched(path) as watched:
        wanted = watched.read()
        return [watched.until(wanted) for _ in range(samples)]


def show(name: str, samples: list[float]) -> None:
    micros = sorted(round(s * 1e6) for s in samples)
    print(f"{name} samples (us): {' '.join(str(round(s * 1e6)) for s in samples)}")
    at = {p: micros[min(len(micros) - 1, int(len(micros) * p / 100))] for p in (50, 90, 99)}
    print(f"{name}: n {len(micros)}, p50 {at[50]} us, p90 {at[90]} us, p99 {at[99]} us, longest {micros[-1]} us", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=500)
    samples = parser.parse_args().samples
    with cluster("drift-bench", "--node") as up, tempfile.TemporaryDirectory() as directory:
        up.kubectl("apply", "-k", str(TOP / "manifests" / "crd"))
        up.kubectl("wait", "--for=condition=Established", "--timeout=60s", "crd", "--all")
        up.kubectl("wait", "--for=create", "serviceaccount/default", "--timeout=60s")
        node = Node(up)
        agent = Actimanager(up.kubeconfig, pathlib.Path(directory, "agent.log"), "--node-name", up.node(),
                            "--cgroups-path", node.cgroup, "--kubelet-root-dir", node.kubelet / "root",
                            "--roles=agent,endpoint")
        try:
            cpu = min(node.cpus)
            uid = node.run("pinned")
            node.bind("pinned", {cpu}, level="CPU")
            node.wait_status("pinned", "Applied")
            node.wait_on(uid, {cpu})
            pod = cpuset_directories(uid)[0]
            everything = ",".join(map(str, sorted(node.cpus)))
            shared = node.cpus - {cpu}
            reference = next(d for d in (pod.parent, *pod.parents) if d.name == "kubepods")
            show("idle", idle(pod / "cpuset.cpus", samples))
            repaired, control = repairs(pod / "cpuset.cpus", everything, samples)
            show("repair", repaired)
            show("control", control)
            up.command("stop", "kubelet")  # it removes cgroups of Pods that it does not know
            # As the kernel writes it.
            probe = reference / f"pod{uuid.uuid4()}"
            probe.mkdir()
            eventually(lambda: parse_cpus((probe / "cpuset.cpus").read_text()) == shared)
            wanted = (probe / "cpuset.cpus").read_bytes()
            probe.rmdir()
            show("appear", appearances(reference, wanted, samples))
            print(f"drifts counted by the agent: {agent.drifts()}")
            up.command("cont", "kubelet")
        finally:
            agent.end()


if __name__ == "__main__":
    main()
