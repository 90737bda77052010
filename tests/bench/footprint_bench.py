#!/usr/bin/python3
"""What an agent takes of its node: memory, CPU time, requests and writes, with a full node in a large cluster.

    tests/bench/footprint_bench.py [--pods 110] [--others 20000] [--seconds 60]

One control plane of scripts/cluster. The agent's node has as many Pods as a kubelet takes by default, each with a sandbox, two
containers and a PodCPUBinding; their cgroups are real ones (v1), below a directory of this bench, without processes. All other
Pods are on other nodes. `actimanager run --roles=agent,endpoint` is looked at

    new      on the node without any Pod
    full     when all of the node's Pods have their CPUs
    idle     after that many seconds in which nothing happens: its share of one CPU and what it sent and wrote meanwhile
    moved    after every Pod was moved once, and back

Memory is what the kernel says of the process (smaps_rollup, MiB): Rss all that is mapped, Pss with shared pages divided among
those who share them, Private what is its own. What each mapping adds is printed at the end. Nothing is judged.
"""

import argparse
import concurrent.futures
import contextlib
import pathlib
import re
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from actimanager import BINARY, Actimanager  # noqa: E402
from objects import NODE_LABEL, binding, cpu_set  # noqa: E402
from paths import TOP  # noqa: E402
from cluster import cluster  # noqa: E402
from kernel import online_cpus, parse_cpus  # noqa: E402
from list_bench import full_pod  # noqa: E402
from rest import MERGE, Rest, eventually  # noqa: E402

NODE = "node-0000"
CONTAINERS = 2
SETTLING = 25.0  # what a burst took of memory is given back within 20 s


def memory(pid: int) -> dict[str, float]:
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    found = {key: int(value) / 1024 for key, value in re.findall(r"^(\w+): +(\d+) kB$", text, re.M)}
    return {"Rss": found["Rss"], "Pss": found["Pss"], "Private": found["Private_Clean"] + found["Private_Dirty"]}


def mappings(pid: int) -> list[tuple[float, float, str]]:
    """MiB resident and private of each file that is mapped, largest first."""
    sizes: dict[str, list[float]] = {}
    name = ""
    for line in pathlib.Path(f"/proc/{pid}/smaps").read_text().splitlines():
        fields = line.split()
        if re.fullmatch(r"[0-9a-f]+-[0-9a-f]+", fields[0]):
            name = pathlib.Path(fields[5]).name if len(fields) > 5 else "[anonymous]"
        elif fields[0] in ("Rss:", "Private_Clean:", "Private_Dirty:"):
            size = sizes.setdefault(name, [0.0, 0.0])
            size[fields[0] != "Rss:"] += int(fields[1]) / 1024
    return sorted(((rss, private, name) for name, (rss, private) in sizes.items()), reverse=True)


def cpu_seconds(pid: int) -> float:
    tasks = pathlib.Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


class Bench:
    def __init__(self, instance, cgroup: pathlib.Path, directory: pathlib.Path):
        self.rest, self.instance, self.cgroup, self.directory = Rest(instance.kubeconfig), instance, cgroup, directory
        self.kubepods = cgroup / "kubepods"
        self.cpus = sorted(online_cpus())
        self.uids: dict[str, str] = {}

    def others(self, count: int) -> None:
        with concurrent.futures.ThreadPoolExecutor(32) as workers:
            for _ in workers.map(lambda i: self.rest.create("pods", full_pod(i, 1) | {"spec": full_pod(i, 1)["spec"] | {
                    "nodeName": f"node-{1 + i % 99:04}"}}), range(count)):
                pass

    def own(self, count: int) -> None:
        """The node's Pods, running, as their kubelet would have them."""
        with concurrent.futures.ThreadPoolExecutor(8) as workers:
            list(workers.map(self._one, range(count)))

    def _one(self, number: int) -> None:
        pod = full_pod(number, 1)
        name = pod["metadata"]["name"] = f"own-{number}"
        pod["metadata"]["generateName"] = "own-"
        pod["spec"]["nodeName"] = NODE
        first = pod["spec"]["containers"][0]
        pod["spec"]["containers"] = [first | {"name": f"c{c}", "ports": []} for c in range(CONTAINERS)]
        uid = self.uids[name] = self.rest.create("pods", pod)["metadata"]["uid"]
        ids = [f"{number:032x}{container:032x}" for container in range(CONTAINERS + 1)]  # the last is the sandbox
        states = [{"name": f"c{c}", "image": "simulated", "imageID": "", "ready": True, "restartCount": 0,
                   "containerID": f"containerd://{ids[c]}", "state": {"running": {}}} for c in range(CONTAINERS)]
        self.rest.patch("pods", name, {"status": {"phase": "Running", "containerStatuses": states}}, sub="status", how=MERGE)
        made = self.kubepods / f"pod{uid}"
        for directory in (made, *(made / each for each in ids)):
            directory.mkdir()
        self._bind(name, self.cpus[:1], new=True)

    def _bind(self, name: str, cpus: list[int], new: bool = False) -> None:
        spec = {"cpuSet": cpu_set(*cpus)}
        if new:
            made = binding(name, **spec)
            made["metadata"]["labels"] = {NODE_LABEL: NODE}
            self.rest.create("podcpubindings", made)
        else:
            self.rest.patch("podcpubindings", name, {"spec": spec}, how=MERGE)

    def move(self, cpus: list[int]) -> None:
        for name in self.uids:
            self._bind(name, cpus)

    def wait_on(self, cpus: list[int]) -> None:
        """Every cgroup of every Pod, and every binding says so."""
        def there():
            bindings = self.rest.all("podcpubindings")
            assert len(bindings) == len(self.uids)
            for found in bindings:
                status = found.get("status", {})
                assert status.get("resourceStatus") == "Applied", f"{found['metadata']['name']}: {status}"
                assert status["observedGeneration"] == found["metadata"]["generation"]
            for file in self.kubepods.glob("pod*/**/cpuset.cpus"):
                assert parse_cpus(file.read_text()) == frozenset(cpus), file
            return True

        eventually(there, 120, every=0.5)


@contextlib.contextmanager
def hierarchy():
    """A directory of the cpuset hierarchy for this bench, with an empty kubepods."""
    top = pathlib.Path(f"/sys/fs/cgroup/cpuset/footprint-{time.time_ns():x}")
    try:
        for directory in (top, top / "kubepods"):
            directory.mkdir()
            for file in ("cpuset.cpus", "cpuset.mems"):
                (directory / file).write_text((directory.parent / file).read_text())
        yield top
    finally:
        for directory in sorted((d for d in (top, *top.rglob("*")) if d.is_dir()), reverse=True):
            directory.rmdir()


def show(name: str, pid: int) -> None:
    print(f"{name:6} " + "  ".join(f"{key} {value:5.1f}" for key, value in memory(pid).items()), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pods", type=int, default=110)
    parser.add_argument("--others", type=int, default=20000)
    parser.add_argument("--seconds", type=float, default=60)
    options = parser.parse_args()
    print(f"{options.pods} Pods on the node, {options.others} on others, {subprocess.getoutput(f'{BINARY} --version')}")
    with (tempfile.TemporaryDirectory() as directory, hierarchy() as cgroup,
          cluster("footprint-bench", "--no-scheduler", "--nodes", "100") as up):
        up.kubectl("apply", "-k", str(TOP / "manifests" / "crd"))
        up.kubectl("wait", "--for=condition=Established", "--timeout=60s", "crd", "--all")
        bench = Bench(up, cgroup, pathlib.Path(directory))
        eventually(lambda: bench.rest.find("serviceaccounts", "default"))
        for component in ("kwok", "kube-controller-manager"):  # what changes objects by itself
            up.command("kill", component)
        bench.others(options.others)
        agent = Actimanager(up.kubeconfig, bench.directory / "log", "--roles=agent,endpoint", "--node-name", NODE,
                            "--cgroups-path", cgroup, "--kubelet-root-dir", directory)
        try:
            pid = agent.process.pid
            eventually(lambda: agent.get("/readyz")[0] == 200, 30)
            time.sleep(SETTLING)
            show("new", pid)
            bench.own(options.pods)
            bench.wait_on(bench.cpus[:1])
            time.sleep(SETTLING)
            show("full", pid)
            before, sent, wrote = cpu_seconds(pid), agent.requests(), agent.metrics()["actimanager_cpuset_writes_total"]
            time.sleep(options.seconds)
            spent = cpu_seconds(pid) - before
            show("idle", pid)
            requests = {key: count - sent.get(key, 0) for key, count in agent.requests().items() if count != sent.get(key, 0)}
            print(f"       {100 * spent / options.seconds:.3f} % of a CPU; requests {requests or 0}; "
                  f"cpuset writes {agent.metrics()['actimanager_cpuset_writes_total'] - wrote:.0f}", flush=True)
            for cpus in (bench.cpus, bench.cpus[:1]):
                bench.move(cpus)
                bench.wait_on(cpus)
            time.sleep(SETTLING)
            show("moved", pid)
            print("MiB resident, private:")
            for rss, private, name in mappings(pid)[:16]:
                print(f"  {rss:6.2f} {private:6.2f}  {name}")
        finally:
            agent.end()


if __name__ == "__main__":
    main()
