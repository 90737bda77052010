#!/usr/bin/python3
"""How long a Pod is where somebody else put it, and how long a new cgroup is without its CPUs.

    tests/bench/drift_bench.py [--samples 500]

One cluster of scripts/cluster with this machine as its node, and `actimanager run --roles=agent,endpoint`. Measured are

    repair     from the return of another process' write of a Pod's cpuset.cpus until the file reads as it did before
    appear     from the return of the mkdir of a Pod's cgroup until its cpuset.cpus is what the node's shared pool is
    idle       the observer's own look at the file, the resolution of both
    control    from a byte sent through a pipe until it is back from a process that does nothing but send it back, right
               after each repair: what of a repair is the machine's, which has to give the other a CPU

by one observer that reads the file without pause. Between repairs there is enough time for none to be left alone as one
of too many. Raw samples are printed, in microseconds, then percentiles; none is judged.
"""

import argparse
import contextlib
import multiprocessing
import os
import pathlib
import sys
import tempfile
import time
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "node"))

from actimanager import Actimanager  # noqa: E402
from api import TOP  # noqa: E402
from cluster import cluster  # noqa: E402
from kernel import cpuset_directories, parse_cpus  # noqa: E402
from node import Node  # noqa: E402
from rest import eventually  # noqa: E402

PAUSE = 0.55  # at most 20 repairs of one Pod within 10 s
PATIENCE = 10.0


def until(file: int, wanted: bytes) -> float:
    """Seconds until the file reads so."""
    begun = time.perf_counter()
    while True:
        text = os.pread(file, 4096, 0)
        now = time.perf_counter()
        if text == wanted:
            return now - begun
        assert now - begun < PATIENCE, f"{text!r} and not {wanted!r} after {PATIENCE} s"


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
        os.set_blocking(back, False)
        while True:  # without pause, as for the file
            with contextlib.suppress(BlockingIOError):
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
    file, wanted, found, control = os.open(path, os.O_RDWR), path.read_bytes(), [], []
    with echo() as ask:
        for _ in range(samples):
            time.sleep(PAUSE / 2)
            os.pwrite(file, everything.encode(), 0)
            found.append(until(file, wanted))
            time.sleep(PAUSE / 2)
            control.append(ask())
    os.close(file)
    return found, control


def appearances(kubepods: pathlib.Path, wanted: bytes, samples: int) -> list[float]:
    found = []
    for _ in range(samples):
        time.sleep(0.02)
        pod = kubepods / f"pod{uuid.uuid4()}"
        pod.mkdir()
        try:
            file = os.open(pod / "cpuset.cpus", os.O_RDONLY)
            found.append(until(file, wanted))
            os.close(file)
        finally:
            pod.rmdir()
    return found


def idle(path: pathlib.Path, samples: int) -> list[float]:
    file, wanted = os.open(path, os.O_RDONLY), path.read_bytes()
    found = [until(file, wanted) for _ in range(samples)]
    os.close(file)
    return found


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
