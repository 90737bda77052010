#!/usr/bin/python3
"""Pods per second on a real control plane: this scheduler, kube-scheduler, and what the API server would take from anybody.

    tests/bench/cluster_bench.py [--nodes 1000] [--pods 2000] [--rounds 3]

One cluster of scripts/cluster with simulated nodes (two sockets, 16 cores each, two threads each). In every round each
contender gets a fresh set of the same Pods, all there before it starts:

    actimanager           its leader; per Pod a PodCPUBinding, the Pod's assignment, an event
    kube-scheduler        as it comes, at its default of 50 requests a second
    kube-scheduler, free  with 5000 requests a second
    bare client           96 connections that send actimanager's three writes per Pod and decide nothing: the ceiling

Each proves who it is as it does in the field: kube-scheduler by a client certificate, which the API server verifies anew at
every request; actimanager, and the bare client in its place, by the token of a replica, under the manifests' RBAC and
admission policies.

Measured is the time from the first Pod assigned to the last, on a watch of one observer that is the same for all, and the
CPU time between them. After each run it is checked that every Pod is bound, that no CPU was given twice and that each
binding is right for its Pod's class. Figures are printed, none is judged.
"""

import argparse
import contextlib
import json
import multiprocessing
import os
import pathlib
import re
import selectors
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

import placements  # noqa: E402
from actimanager import BINARY, Actimanager  # noqa: E402
from objects import GROUP, NAMESPACE, pod  # noqa: E402
from paths import TOP  # noqa: E402
from cluster import Cluster, cluster  # noqa: E402
from rest import Rest, eventually, path  # noqa: E402

CLASSES = ("memory-bound", "cpu-bound", "io-bound", "best-effort")
MANIFESTS = TOP / "manifests"
CONFIG = MANIFESTS / "default" / "scheduler.yaml"
REPLICA = "bench"  # the Pod that the token is bound to
FEATURES = {"PhysicalCores", "BestEffortSharedCPUs"}
CONNECTIONS = 96  # as many Pods as actimanager binds at once
DEFAULT_QPS, FREE_QPS = 50, 5000  # burst: twice that
_TICK = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """Of all threads of a process; 0 once it has ended."""
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _TICK


def peak_megabytes(pid: int) -> float:
    """The most memory a process has had; 0 once it has ended."""
    found = re.search(r"VmHWM:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) / 1024 if found else 0.0


class Observer:
    """Counts Pods as they get a node, on a watch whose events it does not decode."""

    def __init__(self, rest: Rest):
        self._rest = rest
        self.samples: list[tuple[float, int]] = []  # when, how many so far
        self._open()
        self._closed = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _open(self) -> None:
        server = self._rest.server
        plain = socket.create_connection((server.hostname, server.port))
        self._socket = self._rest.tls.wrap_socket(plain, server_hostname=server.hostname)
        target = path("pods", fieldSelector="spec.nodeName!=", watch="true")
        self._socket.sendall(f"GET {target} HTTP/1.1\r\nHost: {server.netloc}\r\n\r\n".encode())
        self._stream = self._socket.makefile("rb", 1 << 16)
        assert self._stream.readline().startswith(b"HTTP/1.1 200 ")
        while self._stream.readline() != b"\r\n":
            pass

    def _run(self) -> None:
        while True:
            with contextlib.suppress(OSError, ValueError):
                self._read()
            if self._closed:
                return
            # The API server drops who is not quick enough for it; a new watch begins with all there are.
            with contextlib.suppress(OSError):
                self._stream.close()
                self._socket.close()
                self._open()
            if self._closed:
                return

    def _read(self) -> None:
        mark, kept, count = b'{"type":"ADDED"', b"", 0
        while size := int(self._stream.readline(), 16):
            piece = kept + self._stream.read(size + 2)[:-2]
            found = piece.count(mark)
            # An event may begin in one chunk and end in another.
            kept = piece[-(len(mark) - 1):]
            count += found
            if found and count > (self.samples[-1][1] if self.samples else 0):
                self.samples.append((time.monotonic(), count))

    def wait(self, count: int, seconds: float) -> float:
        """When the count was reached."""
        def reached():
            seen = self.samples[-1][1] if self.samples else 0
            assert seen >= count, f"{seen} of {count} Pods were assigned within {seconds:.0f} s"
            return True

        eventually(reached, seconds, every=0.005)
        return next(at for at, seen in self.samples if seen >= count)

    def close(self) -> None:
        self._closed = True
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._stream.close()
        self._socket.close()


@dataclass
class Run:
    contender: str
    seconds: float
    pods: int
    # Of the scheduler between the first Pod and the last, and of what serves it.
    cpu: float
    server_cpu: dict[str, float]
    peak: float
    per_second: list[int] = field(default_factory=list)

    @property
    def rate(self) -> float:
        return (self.pods - 1) / self.seconds


class Bench:
    def __init__(self, instance: Cluster, nodes: int, pods: int, directory: pathlib.Path):
        self.instance = instance
        self.kubeconfig, self.rest = instance.kubeconfig, instance.rest
        self.nodes, self.pods, self.directory = nodes, pods, directory
        self._sets = 0
        eventually(lambda: self.rest.find("serviceaccounts", "default"))
        self.token = self._become_a_replica()
        self.replica = self._kubeconfig_with(self.token)

    def _become_a_replica(self) -> str:
        """The token that a replica of the DaemonSet on the first node would have, where the manifests are installed."""
        self.instance.kubectl("apply", "-f", str(MANIFESTS / "default" / "namespace.yaml"))
        self.instance.kubectl("apply", "-k", str(MANIFESTS / "rbac"))
        return self.instance.replica_token("node-0000", REPLICA)

    def _kubeconfig_with(self, token: str) -> pathlib.Path:
        config = json.loads(self.kubeconfig.read_text())
        config["users"][0]["user"] = {"token": token}
        made = self.directory / "replica.kubeconfig"
        made.write_text(json.dumps(config))
        return made

    def fresh_pods(self, scheduler: str) -> list[dict]:
        """Makes the Pods, and waits until the control plane has nothing more to do about them and those before."""
        for kind in ("pods", "podcpubindings", "events"):
            self.rest.delete_all(kind)
        eventually(lambda: not self.rest.all("pods", limit=1) and not self.rest.all("podcpubindings", limit=1), 120)
        self._sets += 1
        made = self.rest.create_many("pods", [
            pod(f"set{self._sets}-{i:05}", str(1 + i // 4 % 4), CLASSES[i % 4], scheduler=scheduler) for i in range(self.pods)])
        self.settle()
        return made

    def settle(self) -> None:
        pids = list(self.servers().values())
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            before = sum(map(cpu_seconds, pids))
            time.sleep(1)
            if sum(map(cpu_seconds, pids)) - before < 0.25 + self.nodes / 5000:
                return

    def servers(self) -> dict[str, int]:
        return {name: self.instance.process(name) for name in ("kube-apiserver", "etcd", "kube-controller-manager", "kwok")}

    def measure(self, contender: str, begin, pid_of, seconds: float) -> Run:
        """begin() starts the contender, pid_of() names its process."""
        observer = Observer(self.rest)
        try:
            begin()
            first = observer.wait(1, 60)
            pids = self.servers()
            before, servers_before = cpu_seconds(pid_of()), {name: cpu_seconds(pid) for name, pid in pids.items()}
            counted = observer.samples[-1][1]
            last = observer.wait(self.pods, seconds)
            share = (self.pods - counted) or 1
            run = Run(contender, last - first, self.pods, (cpu_seconds(pid_of()) - before) / share,
                      {name: (cpu_seconds(pid) - servers_before[name]) / share for name, pid in pids.items()},
                      peak_megabytes(pid_of()))
        finally:
            observer.close()
        for second in range(int(run.seconds) + 1):
            until = [count for at, count in observer.samples if at < first + second + 1]
            run.per_second.append((until[-1] if until else 0) - sum(run.per_second))
        return run

    def check(self, with_bindings: bool) -> None:
        pods = self.rest.all("pods")
        assert len(pods) == self.pods and all(p["spec"].get("nodeName") for p in pods)
        requested: dict[str, int] = {}
        for obj in pods:
            node = obj["spec"]["nodeName"]
            requested[node] = requested.get(node, 0) + placements.cpu_count(obj)
        assert max(requested.values()) <= 64
        if with_bindings:
            placements.check(pods, self.rest.all("podcpubindings"), self.rest.all("nodecputopologies"), FEATURES)

    # The contenders

    def actimanager(self) -> Run:
        self.fresh_pods("maestro")
        processes: list[Actimanager] = []

        def begin():
            processes.append(Actimanager(self.replica, self.directory / f"log-{self._sets}", "--roles=leader,endpoint",
                                         f"--lease-namespace={NAMESPACE}", f"--config={CONFIG}",
                                         environment={"POD_NAME": REPLICA}))

        try:
            run = self.measure("actimanager", begin, lambda: processes[0].process.pid, 60 + self.pods / 20)
            # Events may come after the Pods.
            eventually(lambda: processes[0].requests()["create", 201] >= 3 * self.pods, 60)
        finally:
            for process in processes:
                process.end()
        self.check(with_bindings=True)
        return run

    def kube_scheduler(self) -> Run:
        return self._kube_scheduler("kube-scheduler", DEFAULT_QPS)

    def kube_scheduler_free(self) -> Run:
        return self._kube_scheduler("kube-scheduler, free", FREE_QPS)

    def _kube_scheduler(self, contender: str, qps: int) -> Run:
        # Once to have it configured; what is measured is a start of its own.
        self.instance.command("up", f"--scheduler-qps={qps}")
        self.instance.command("kill", "kube-scheduler")
        self.fresh_pods("default-scheduler")
        run = self.measure(contender, lambda: self.instance.command("start", "kube-scheduler"),
                           lambda: self.instance.process("kube-scheduler"), 60 + self.pods / 10)
        self.instance.command("kill", "kube-scheduler")
        self.check(with_bindings=False)
        return run

    def bare_client(self) -> Run:
        made = self.fresh_pods("nobody")
        template = self.rest.get("nodecputopologies", "node-0000-cputopology")["spec"]["topology"]
        head = f"Host: {self.rest.server.netloc}\r\nAuthorization: Bearer {self.token}\r\n"
        work = [_requests(obj, i, self.nodes, head, template) for i, obj in enumerate(made)]
        client = multiprocessing.Process(target=_send, args=(self.replica, work))
        try:
            run = self.measure("bare client", client.start, lambda: client.pid, 60 + self.pods / 20)
        finally:
            client.join(60)
        assert client.exitcode == 0
        run.peak = 0.0  # nobody's concern
        assert len(self.rest.all("podcpubindings")) == self.pods
        return run


def _requests(obj: dict, index: int, nodes: int, head: str, topology: dict) -> list[bytes]:
    """The three writes for a Pod, ready to be sent. head: the first lines of each."""
    meta, node = obj["metadata"], f"node-{index % nodes:04}"
    # Any CPUs that nobody else gets: the n-th Pod of a node has its n-th core.
    core = topology["cpus"][index // nodes * 2 % len(topology["cpus"])]
    binding = {
        "apiVersion": f"{GROUP}/v1alpha1", "kind": "PodCPUBinding",
        "metadata": {"name": f"{meta['name']}-pcb", "namespace": "default", "labels": {f"{GROUP}/node-name": node},
                     "ownerReferences": [{"apiVersion": "v1", "kind": "Pod", "name": meta["name"], "uid": meta["uid"],
                                          "controller": True, "blockOwnerDeletion": False}]},
        "spec": {"podName": meta["name"], "cpuSet": [{"cpuID": core}, {"cpuID": core + 1}], "exclusivenessLevel": "Core"},
    }
    assignment = {
        "apiVersion": "v1", "kind": "Binding",
        "metadata": {"name": meta["name"], "namespace": "default", "uid": meta["uid"]},
        "target": {"apiVersion": "v1", "kind": "Node", "name": node},
    }
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    event = {
        "apiVersion": "v1", "kind": "Event", "metadata": {"name": f"{meta['name']}.{index:x}", "namespace": "default"},
        "involvedObject": {"apiVersion": "v1", "kind": "Pod", "namespace": "default", "name": meta["name"], "uid": meta["uid"]},
        "type": "Normal", "reason": "Scheduled",
        "message": f"Successfully assigned default/{meta['name']} to {node}, CPUs {core}-{core + 1} (exclusiveness level Core)",
        "source": {"component": "bare-client"}, "reportingComponent": "bare-client", "reportingInstance": "bench",
        "firstTimestamp": now, "lastTimestamp": now, "count": 1,
    }
    sent = []
    for target, body in ((path("podcpubindings"), binding), (path("pods", meta["name"], sub="binding"), assignment),
                         (path("events"), event)):
        text = json.dumps(body, separators=(",", ":")).encode()
        sent.append(f"POST {target} HTTP/1.1\r\n{head}Content-Type: application/json\r\nAccept: application/json\r\n"
                    f"Content-Length: {len(text)}\r\n\r\n".encode() + text)
    return sent


def _send(kubeconfig: pathlib.Path, work: list[list[bytes]]) -> None:
    """All connections of the bare client: on each one request after the other, answers hardly looked at."""
    rest = Rest(kubeconfig)
    waiting = iter(work)
    selector = selectors.DefaultSelector()

    class Stream:
        def __init__(self):
            plain = socket.create_connection((rest.server.hostname, rest.server.port))
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.socket = rest.tls.wrap_socket(plain, server_hostname=rest.server.hostname)
            self.socket.setblocking(False)
            self.requests = iter(())
            self.received = b""
            selector.register(self.socket, selectors.EVENT_READ, self)
            self.next()

        def next(self) -> None:
            request = next(self.requests, None)
            if request is None:
                self.requests = iter(next(waiting, ()))
                request = next(self.requests, None)
            if request is None:
                selector.unregister(self.socket)
            else:
                self.socket.send(request)

        def read(self) -> None:
            with contextlib.suppress(ssl.SSLWantReadError):
                while piece := self.socket.recv(65536):
                    self.received += piece
            head, _, body = self.received.partition(b"\r\n\r\n")
            length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
            if length and len(body) == int(length):
                assert head.startswith(b"HTTP/1.1 201"), self.received
                self.received = b""
                self.next()

    for _ in range(CONNECTIONS):
        Stream()
    while selector.get_map():
        for key, _ in selector.select():
            key.data.read()


CONTENDERS = {"actimanager": Bench.actimanager, "kube-scheduler": Bench.kube_scheduler,
              "kube-scheduler-free": Bench.kube_scheduler_free, "bare-client": Bench.bare_client}


def describe(run: Run) -> str:
    servers = "  ".join(f"{name.removeprefix('kube-')} {cpu * 1000:.2f}" for name, cpu in run.server_cpu.items())
    own = f"  own CPU {run.cpu * 1000:5.2f} ms/Pod, peak {run.peak:4.0f} MB" if run.peak else ""
    return (f"{run.contender:<22} {run.rate:7.1f} Pods/s{own}  (ms/Pod: {servers})"
            f"  each second: {' '.join(map(str, run.per_second))}")


def report(runs: list[Run]) -> None:
    rates = {}
    print("\nPods/s, every round, and their median:")
    for contender in dict.fromkeys(run.contender for run in runs):
        of_it = [run.rate for run in runs if run.contender == contender]
        rates[contender] = statistics.median(of_it)
        print(f"  {contender:<22} {'  '.join(f'{rate:7.1f}' for rate in of_it)}   median {rates[contender]:7.1f}")
    ours = rates.pop("actimanager", None)
    for contender, rate in rates.items():
        if ours:
            print(f"  actimanager is at {ours / rate:.2f} of {contender}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nodes", type=int, default=1000)
    parser.add_argument("--pods", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", action="append", choices=CONTENDERS, metavar="CONTENDER",
                        help=f"leave the others out; may be given again: {', '.join(CONTENDERS)}")
    parser.add_argument("--name", default="cluster-bench", help="the instance of scripts/cluster to bring up and take down")
    options = parser.parse_args()
    chosen = [CONTENDERS[name] for name in options.only or CONTENDERS]

    print(f"{options.nodes} nodes, {options.pods} Pods, {os.cpu_count()} CPUs, {subprocess.getoutput(f'{BINARY} --version')}")
    with tempfile.TemporaryDirectory() as directory, cluster(options.name, "--no-scheduler", "--nodes", str(options.nodes)) as instance:
        bench = Bench(instance, options.nodes, options.pods, pathlib.Path(directory))
        runs = []
        for number in range(options.rounds):
            print(f"round {number + 1}", flush=True)
            for contender in chosen:
                runs.append(contender(bench))
                print(f"  {describe(runs[-1])}", flush=True)
        report(runs)


if __name__ == "__main__":
    main()
