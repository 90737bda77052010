#!/usr/bin/python3
"""A long list of Pods: how long the leader takes to know it, in how much memory, and whom it keeps waiting.

    tests/bench/list_bench.py [--nodes 100] [--pods 20000] [--rounds 3]

One cluster of scripts/cluster with simulated nodes gets Pods of a size as they are in use, bound already. What changes
objects by itself (kwok, kube-controller-manager) has been ended: nothing moves but what is measured. Every round starts
`actimanager run --roles=leader,endpoint` anew. Measured are

    the time from its start until it knows the cluster (it says so in its log), and its CPU time until then
    how long GET /livez takes on one kept connection, asked every 2 ms: the event loop is one thread, and whatever
    blocks it blocks this; afterwards the same on the same connection while nothing happens: the baseline
    the most memory it had, beside the size of the list as the API server sends it

The same question is put at the same times to a process that does nothing but answer it ("control"): what that takes
longer than usual is the machine's doing. So is what was not spent computing by the one who was asked: who computes
much is the first to be kept off a CPU that others want as well. A question that waited stands also for those that would
have been put meanwhile, so that percentiles are of time, not of answers. Figures are printed, none is judged.
"""

import argparse
import concurrent.futures
import gc
import http.client
import multiprocessing
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from typing import NamedTuple

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from actimanager import BINARY, Actimanager  # noqa: E402
from cluster import Cluster, cluster  # noqa: E402
from cluster_bench import cpu_seconds, peak_megabytes  # noqa: E402
from objects import pod  # noqa: E402
from rest import Rest, eventually  # noqa: E402

INTERVAL = 0.002
IDLE = 5.0  # seconds of baseline
SETTLING = 1.0  # after the leader knows the cluster: what it does then counts as well
REPLICAS = 20  # Pods of a controller
_REQUEST = b"GET /livez HTTP/1.1\r\nHost: bench\r\n\r\n"
_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n"


class Sample(NamedTuple):
    at: float  # when it was asked
    took: float  # seconds until the answer
    cpu: float  # what of it the one who was asked was computing


class Probe:
    """Asks on a connection of its own, again and again, until closed."""

    def __init__(self, port: int, pid: int):
        self.samples: list[Sample] = []
        self._clock = ~pid << 3 | 2  # clock_getcpuclockid(3) of another process
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._closed = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._closed:
            cpu, begun = time.clock_gettime(self._clock), time.monotonic()
            self._socket.sendall(_REQUEST)
            answer = b""
            while not answer.endswith(b"ok\n"):
                piece = self._socket.recv(4096)
                assert piece, f"the connection was closed after {answer}"
                answer += piece
            self.samples.append(Sample(begun, time.monotonic() - begun, time.clock_gettime(self._clock) - cpu))
            time.sleep(max(0.0, begun + INTERVAL - time.monotonic()))

    def close(self) -> None:
        alive = self._thread.is_alive()
        self._closed = True
        self._thread.join()
        self._socket.close()
        assert alive, "the probe ended before it was told to"

    def between(self, begin: float, end: float) -> list[Sample]:
        return [sample for sample in self.samples if begin <= sample.at < end]


def _control(listening: socket.socket) -> None:
    while True:
        connection, _ = listening.accept()
        with connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while connection.recv(4096):
                connection.sendall(_ANSWER)


@dataclass
class Times:
    """Of answers, in milliseconds."""
    median: float
    p99: float
    longest: float
    computing: float  # the most it computed until an answer
    answers: int

    @classmethod
    def of(cls, samples: list[Sample]) -> "Times":
        every = []
        for sample in samples:
            took = sample.took
            while took > 0:
                every.append(took * 1000)
                took -= INTERVAL
        every.sort()
        return cls(every[len(every) // 2], every[len(every) * 99 // 100], every[-1],
                   max(sample.cpu for sample in samples) * 1000, len(samples))

    def __str__(self) -> str:
        return (f"p50 {self.median:6.2f}  p99 {self.p99:6.2f}  max {self.longest:6.2f} ms, "
                f"computing at most {self.computing:6.2f} ms  ({self.answers} answers)")


@dataclass
class Run:
    synced: float
    cpu: float
    waited: float
    peak: float
    busy: Times
    idle: Times
    control_busy: Times
    control_idle: Times
    longest: list[Sample]


class Bench:
    def __init__(self, instance: Cluster, nodes: int, pods: int, directory: pathlib.Path):
        self.instance, self.nodes, self.pods, self.directory = instance, nodes, pods, directory
        self.kubeconfig = instance.kubeconfig
        self.rest = Rest(self.kubeconfig)
        self._rounds = 0
        listening = socket.create_server(("127.0.0.1", 0))
        self._control_port = listening.getsockname()[1]
        self._control = multiprocessing.Process(target=_control, args=(listening,), daemon=True)
        self._control.start()

    def fill(self) -> int:
        """Makes the Pods; the bytes of their list."""
        eventually(lambda: self.rest.find("serviceaccounts", "default"))
        for component in ("kwok", "kube-controller-manager"):
            self.instance.command("kill", component)

        def create(i: int) -> None:
            self.rest.create("pods", full_pod(i, self.nodes))

        with concurrent.futures.ThreadPoolExecutor(32) as workers:
            for _ in workers.map(create, range(self.pods)):
                pass
        return self._list_bytes()

    def _list_bytes(self) -> int:
        server = self.rest.server
        connection = http.client.HTTPSConnection(server.hostname, server.port, timeout=120, context=self.rest.tls)
        connection.request("GET", "/api/v1/pods", headers={"Accept": "application/json"})
        answer = connection.getresponse()
        assert answer.status == 200
        count = 0
        while piece := answer.read(1 << 20):
            count += len(piece)
        connection.close()
        return count

    def run(self) -> Run:
        self._rounds += 1
        gc.collect()
        gc.disable()  # a pause of this process would look like one of the other
        control = Probe(self._control_port, self._control.pid)
        begun = time.monotonic()
        process = Actimanager(self.kubeconfig, self.directory / f"log-{self._rounds}", "--roles=leader,endpoint",
                              f"--lease-name=list-bench-{self._rounds}", "--lease-namespace=default")
        try:
            probe = Probe(process.port, process.process.pid)
            found = process.wait_log(r"scheduling: (\d+) nodes, .* (\d+) Pods", 300)
            synced = time.monotonic()
            assert (int(found[1]), int(found[2])) == (self.nodes, self.pods), found[0]
            pid = process.process.pid
            cpu, waited = cpu_seconds(pid), run_delay(pid)
            time.sleep(SETTLING)
            settled = time.monotonic()
            time.sleep(IDLE)
            ended = time.monotonic()
            probe.close()
            control.close()
            peak = peak_megabytes(pid)
        finally:
            process.end()
            gc.enable()
        busy, control_busy = probe.between(begun, settled), control.between(begun, settled)
        longest = sorted(busy, key=lambda sample: -sample.took)[:10]
        return Run(synced - begun, cpu, waited, peak, Times.of(busy), Times.of(probe.between(settled, ended)),
                   Times.of(control_busy), Times.of(control.between(settled, ended)),
                   sorted(sample._replace(at=sample.at - begun) for sample in longest))


def run_delay(pid: int) -> float:
    """Seconds in which the main thread could have run and had no CPU to do so."""
    return int(pathlib.Path(f"/proc/{pid}/schedstat").read_text().split()[1]) / 1e9


def full_pod(index: int, nodes: int) -> dict:
    """A Pod as a Deployment makes them, with what people put into one."""
    app = f"service-{index // REPLICAS:04}"
    labels = {"app.kubernetes.io/name": app, "app.kubernetes.io/instance": f"{app}-production",
              "app.kubernetes.io/part-of": "shop", "pod-template-hash": f"{index // REPLICAS:010x}"}

    def container(name: str, variables: int) -> dict:
        return {
            "name": name, "image": f"registry.example.com/shop/{name}:v1.27.3", "imagePullPolicy": "IfNotPresent",
            "args": ["--config=/etc/app/config.yaml", "--log-format=json", f"--instance={app}"],
            "ports": [{"name": "http", "containerPort": 8080}],
            "env": [{"name": f"DEPENDENCY_{i}_URL", "value": f"http://dependency-{i}.shop.svc.cluster.local:8080"}
                    for i in range(variables)],
            "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"memory": "256Mi"}},
            "readinessProbe": {"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 10},
            "volumeMounts": [{"name": "config", "mountPath": "/etc/app", "readOnly": True}],
        }

    obj = pod(f"{app}-{index // REPLICAS:010x}-{index % REPLICAS:05}", scheduler="default-scheduler",
              nodeName=f"node-{index % nodes:04}", containers=[container("server", 4)],
              volumes=[{"name": "config", "configMap": {"name": f"{app}-config"}}],
              automountServiceAccountToken=True,
              affinity={"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [
                  {"weight": 100, "podAffinityTerm": {"topologyKey": "kubernetes.io/hostname",
                                                      "labelSelector": {"matchLabels": labels}}}]}})
    obj["metadata"] |= {
        "labels": labels,
        "annotations": {"prometheus.io/scrape": "true", "prometheus.io/port": "8080", "checksum": f"{index:064x}"},
        "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": f"{app}-{index // REPLICAS:010x}",
                             "uid": f"00000000-0000-4000-8000-{index // REPLICAS:012x}", "controller": True}],
    }
    return obj


def describe(run: Run, body: int) -> str:
    megabytes = body / (1 << 20)
    return "\n".join([
        f"  knows the cluster after {run.synced:.2f} s, {megabytes / run.synced:.0f} MiB of Pods/s; "
        f"own CPU {run.cpu:.2f} s, waited {run.waited:.2f} s for one",
        f"  peak {run.peak:.0f} MiB, {run.peak / megabytes:.2f} of the list",
        f"  /livez meanwhile  {run.busy}",
        f"         idle       {run.idle}",
        f"  control meanwhile {run.control_busy}",
        f"          idle      {run.control_idle}",
        "  longest, ms (computing) at s:  "
        + "  ".join(f"{s.took * 1000:.1f} ({s.cpu * 1000:.1f}) at {s.at:.2f}" for s in run.longest),
    ])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nodes", type=int, default=100)
    parser.add_argument("--pods", type=int, default=20000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--name", default="list-bench", help="the instance of scripts/cluster to bring up")
    options = parser.parse_args()

    version = subprocess.getoutput(f"{BINARY} --version")
    print(f"{options.nodes} nodes, {options.pods} Pods, {os.cpu_count()} CPUs, {version}")
    with (tempfile.TemporaryDirectory() as directory,
          cluster(options.name, "--no-scheduler", "--nodes", str(options.nodes)) as instance):
        bench = Bench(instance, options.nodes, options.pods, pathlib.Path(directory))
        body = bench.fill()
        print(f"the list: {body / (1 << 20):.1f} MiB, {body / options.pods:.0f} bytes a Pod", flush=True)
        for number in range(options.rounds):
            print(f"round {number + 1}\n{describe(bench.run(), body)}", flush=True)


if __name__ == "__main__":
    main()
