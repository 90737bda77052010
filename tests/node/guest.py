"""The guest as the tests use it: Pods and bindings on its node, and what its kernel says about them."""

import contextlib
import json
import re
import shlex
import subprocess
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field

from objects import NAMESPACE, binding, condition
from cluster import CLUSTER, run
from kernel import parse_cpus
from observer import OBSERVER, Seen, observed
from rest import eventually
from shell import Shell

# How the guest is made (scripts/lib/cluster/guest.py): sockets are NUMA nodes, a core's CPUs are neighbours.
CPUS = frozenset(range(16))
NUMA = {0: frozenset(range(8)), 1: frozenset(range(8, 16))}
# Emulated CPUs are slow, and this machine may be busy with other things: for all that a kubelet takes part in.
PATIENCE = 300
# Seconds between the agent's full looks, by the kind of guest: some tests wait for one. On v1 there is none but the first,
# so that what is to be done at once is not done by the next.
FULL_LOOKS = {"v2": 2, "v2-linux6.1": 2, "v1": 3600}
# Where the cpusets of Pods are, by the version of cgroups; and the names of the files that say what is granted there.
_KUBEPODS = {"v2": "/sys/fs/cgroup/kubepods.slice", "v1": "/sys/fs/cgroup/cpuset/kubepods.slice"}
_GRANTED = {"v2": ("cpuset.cpus.effective", "cpuset.mems.effective"), "v1": ("cpuset.cpus", "cpuset.mems")}
_THREADS = {"v2": "cgroup.threads", "v1": "tasks"}
_LIMIT = 4000
_KINDS = {"pod": "pods", "pcb": "podcpubindings", "runtimeclass": "runtimeclasses"}
# Of a container that runs what the node has, and of one that sleeps.
IMAGE = {"image": "localhost/busybox:1", "imagePullPolicy": "Never"}
SLEEPS = {**IMAGE, "command": ["sleep", "infinity"]}

# One call shows a Pod as it is at one time: each line of each file as PATH:LINE.
_LOOK = r"""
slice=$(find {top} -type d -name '*pod{uid}.slice')
[ -n "$slice" ] || exit 0
cd "$slice"
grep -rH '' --include=cpuset.cpus --include=cpuset.mems --include=cpuset.cpus.effective --include=cpuset.mems.effective .
threads=$(find . -name {threads} -exec cat {{}} + | sed 's|.*|/proc/&/status|')
[ -z "$threads" ] || grep -sHE '^(Name|Cpus_allowed_list|Mems_allowed_list):' $threads
exit 0
"""
# Pages of memory by NUMA node that belong to nobody else, no file among them: "N0=12 N1=3".
_PAGES = r"""
cd $(find {top} -type d -name '*pod{uid}.slice')
for process in $(find . -name cgroup.procs -exec cat {{}} +); do
  grep -v file= /proc/$process/numa_maps | grep -o 'N[0-9]*=[0-9]*'
done
"""
_PROPERTIES = r"""
cd $(find /sys/fs/cgroup/kubepods.slice -type d -name '*pod%s.slice')
systemctl show -p Id -p AllowedCPUs -p AllowedMemoryNodes "$(basename "$PWD")" *.scope
"""


def numa_nodes(cpus) -> frozenset[int]:
    """Where the CPUs are; a Pod's memory is to come from there."""
    return frozenset(number for number, members in NUMA.items() if members & cpus)


@dataclass
class View:
    """One Pod in the kernel: its slice and scopes by file, its threads by what /proc/*/status says."""

    groups: dict[str, dict[str, str]] = field(default_factory=dict)
    threads: dict[str, dict[str, str]] = field(default_factory=dict)

    def __str__(self) -> str:
        lines = [f"  {path or '.'}: {files}" for path, files in sorted(self.groups.items())]
        return "\n".join(["the kernel says:", *lines, *(f"  thread {t}: {s}" for t, s in self.threads.items())])


class Guest:
    def __init__(self, instance):
        self.api = instance
        self.rest = instance.rest
        self.name = instance.node()
        self.variant = instance.settings()["vm_variant"]
        self.cgroups = self.variant.partition("-")[0]
        self.kubepods = _KUBEPODS[self.cgroups]
        self.threads = _THREADS[self.cgroups]  # the name of the file that lists a cgroup's threads
        self._ssh = (CLUSTER, "ssh", "--name", instance.name)
        self._shell = Shell((*self._ssh, "sh"))
        self._units: dict[str, int] = {}  # the slice and the scopes of a Pod, by its UID
        self._groups: dict[str, int] = {}  # its cgroups

    # The machine

    def sh(self, script: str, check: bool = True) -> str:
        """Runs a shell script in the guest, as root; its output."""
        status, output, errors = self._shell.run(script, 180)
        assert status == 0 or not check, f"in the guest: {script}\n{output}{errors}"
        return output

    def answers(self) -> bool:
        """Whether anything runs there that it is given."""
        try:
            return self._shell.run("true", 60)[0] == 0
        except subprocess.TimeoutExpired:
            return False

    def last_words(self) -> str:
        """Of a kernel that answers no more, and ends by this: which tasks wait for what, or else what it said before."""
        run("stacks", "--name", self.api.name, timeout=300)  # it may be QEMU that has ended, or hangs
        text = (self.api.state() / "logs" / "vm.log").read_text(errors="replace")
        waiting = re.findall(r"^.*task:.* state:D.*(?:\n.*){6}", text, re.M)
        return "\n".join(waiting or text.partition("Kernel panic")[0].splitlines()[-20:])[-_LIMIT:]

    def online(self) -> frozenset[int]:
        return parse_cpus(self.sh("cat /sys/devices/system/cpu/online"))

    def set_online(self, cpu: int, on: bool) -> None:
        self.sh(f"echo {int(on)} >/sys/devices/system/cpu/cpu{cpu}/online")

    def drifts(self) -> int:
        """How often the agent has put back what somebody else wrote, since it started."""
        return self.metric("actimanager_cpuset_drifts_total")

    def metric(self, name: str) -> int:
        """One of the agent's counters, over all its labels."""
        port = self.api.settings()["ports"]["vm-actimanager"]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as page:
            lines = [x for x in page.read().decode().splitlines() if x.startswith((f"{name} ", f"{name}{{"))]
        assert lines, f"there is no {name}"
        return sum(int(float(line.rpartition(" ")[2])) for line in lines)

    def kubelet_is_healthy(self) -> bool:
        request = r"exec 3<>/dev/tcp/127.0.0.1/10248; printf 'GET /healthz HTTP/1.0\r\n\r\n' >&3; cat <&3"
        return self.sh(f"bash -c {shlex.quote(request)}", check=False).endswith("ok")

    def agent(self) -> dict:
        """How the DaemonSet's container is: whether it is ready, and how often it was restarted."""
        pods = self.rest.all("pods", NAMESPACE)
        (state,) = [s for pod in pods for s in pod["status"].get("containerStatuses", [])]
        return {"ready": state["ready"], "restarts": state["restartCount"]}

    @contextlib.contextmanager
    def agent_away(self):
        """Killed for the body, if that is quick; the next one is ready after it."""
        before = self.agent()["restarts"]
        self.sh("kill -9 $(pidof actimanager)")
        yield

        def back() -> bool:
            agent = self.agent()
            return agent["restarts"] > before and agent["ready"]

        eventually(back, PATIENCE, every=0.5)

    def reset(self, *arguments: str) -> str:
        """What `actimanager reset` says, run where the agent is."""
        return self.api.kubectl("exec", "-n", NAMESPACE, "daemonset/actimanager", "--", "/usr/bin/actimanager", "reset",
                                 *arguments)

    def agent_log(self) -> str:
        """Its restarts, and all of the log of the container before it, which may say why that one ended, and of itself."""
        before, now = (self.api.run("logs", "-n", NAMESPACE, "daemonset/actimanager", *which)
                       for which in (["--previous"], []))
        return f"{self.agent()['restarts']} restarts\n{before.stdout}-- since then\n{now.stdout}{now.stderr}"

    def report(self) -> str:
        """For a failure: every cpuset of the Pods, the kernel's messages, and the end of the agent's log."""
        cpusets = self.sh(f"cd {self.kubepods} && grep -rH '' --include=cpuset.cpus --include=cpuset.cpus.effective "
                          "--include=cpuset.mems.effective . | sort", check=False)
        kernel = self.sh("cat /sys/devices/system/cpu/online; dmesg | tail -n 20", check=False)
        log = self.agent_log()
        with open(self.api.state() / "logs" / "agent.log", "a") as kept:
            kept.write(log)
        return f"-- cpusets\n{cpusets}-- kernel\n{kernel}-- agent\n{log[-_LIMIT:]}"

    # Pods and bindings

    def create(self, name: str, *containers: str, scheduler: str = "default-scheduler", workload: str = "",
               cpu: str = "100m", level: str = "", **spec) -> None:
        """A Pod that sleeps, in containers of these names. spec: what more its spec has."""
        containers = [{"name": each, **SLEEPS} for each in containers or ("main",)]
        containers[0]["resources"] = {"requests": {"cpu": cpu}}
        labels = {"cslab.ece.ntua.gr/workload-type": workload} if workload else {}
        annotations = {"cslab.ece.ntua.gr/exclusiveness-level": level} if level else {}
        metadata = {"name": name, "labels": labels, "annotations": annotations}
        self.rest.create("pods", {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {
            "schedulerName": scheduler, "terminationGracePeriodSeconds": 1, "containers": containers} | spec})

    def create_whole(self, name: str, **spec) -> None:
        """A Pod with an init container that ends, a sidecar and a main container, alone on two cores."""
        init = [{"name": "init", **IMAGE, "command": ["sleep", "1"]}, {"name": "sidecar", "restartPolicy": "Always", **SLEEPS}]
        self.create(name, scheduler="maestro", workload="cpu-bound", cpu="2", level="CPU", initContainers=init, **spec)

    def uid(self, name: str) -> str:
        """Of a Pod, once it runs."""
        def ready():
            pod = self.rest.get("pods", name)
            states = {c["type"]: c["status"] for c in pod["status"].get("conditions", [])}
            assert states.get("Ready") == "True", f"{name}: {json.dumps(pod['status'])}"
            return pod

        pod = eventually(ready, PATIENCE, every=0.5)
        uid = pod["metadata"]["uid"]
        running = [c for kind in ("container", "initContainer", "ephemeralContainer")
                   for c in pod["status"].get(f"{kind}Statuses", []) if "running" in c["state"]]
        # A scope for the sandbox and each container; crun has a cgroup in each of them besides.
        scopes = 1 + len(running)
        self._units[uid] = 1 + scopes
        self._groups[uid] = 1 + scopes * (2 if pod["spec"].get("runtimeClassName") == "crun" else 1)
        return uid

    def restarted(self, name: str) -> bool:
        """Whether the Pod's last container has ended and runs again, as after a boot of the node."""
        states = self.rest.get("pods", name)["status"]["containerStatuses"]
        return states[-1]["restartCount"] > 0 and "running" in states[-1]["state"]

    def exec(self, name: str, *command: str) -> str:
        return self.api.kubectl("exec", name, "-c", "main", "--", *command)

    def drop(self, kind: str, *names: str) -> None:
        """Deletes them, and does not wait until they are gone."""
        for name in names:
            self.rest.delete(_KINDS[kind], name)

    def delete(self, kind: str, *names: str) -> None:
        self.drop(kind, *names)
        eventually(lambda: not set(names) & set(self.names(kind)), PATIENCE, every=0.5)

    def names(self, kind: str) -> list[str]:
        return [each["metadata"]["name"] for each in self.rest.all(_KINDS[kind])]

    def bind(self, name: str, cpus, level: str = "None", **spec) -> None:
        cpu_set = [{"cpuID": c} for c in sorted(cpus)]
        self.rest.apply("podcpubindings", binding(name, cpuSet=cpu_set, exclusivenessLevel=level, **spec))

    def applied(self, name: str) -> dict:
        """The binding's status once it says Applied about the spec as it is."""
        def said():
            found = self.rest.get("podcpubindings", name)
            status = found.get("status", {})
            assert status.get("resourceStatus") == "Applied", f"{name}: {json.dumps(status)}"
            return status.get("observedGeneration") == found["metadata"]["generation"] and status

        return eventually(said, PATIENCE, every=0.5)

    def granted(self, name: str) -> frozenset[int]:
        """The CPUs of a binding that is applied."""
        return parse_cpus(self.applied(name)["admitted"]["cpuSet"])

    def topology(self) -> dict:
        return self.rest.get("nodecputopologies", f"{self.name}-cputopology")

    # The kernel

    def look(self, uid: str) -> View:
        view = View()
        script = _LOOK.format(top=self.kubepods, uid=uid.replace("-", "_"), threads=self.threads)
        for line in self.sh(script).splitlines():
            path, _, text = line.partition(":")
            if path.startswith("/proc/"):
                key, _, value = text.partition(":")
                view.threads.setdefault(path.split("/")[2], {})[key] = value.strip()
            else:
                directory, _, file = path.removeprefix("./").rpartition("/")
                view.groups.setdefault(directory, {})[file] = text.strip()
        return view

    def on(self, uid: str, cpus, memory=None) -> View:
        """Every thread and every cgroup of the Pod has exactly these CPUs, and memory of these NUMA nodes (default:
        those the CPUs are in)."""
        cpus, view = frozenset(cpus), self.look(uid)
        memory = numa_nodes(cpus) if memory is None else memory
        wanted = f"wanted CPUs {sorted(cpus)} and memory {sorted(memory)}; {view}"
        whole = len(view.groups) == self._groups[uid] and len(view.threads) >= self._units[uid] - 1
        assert whole, f"not all is there: {wanted}"
        granted_cpus, granted_memory = _GRANTED[self.cgroups]
        for files in view.groups.values():
            assert parse_cpus(files[granted_cpus]) == cpus, wanted
            assert parse_cpus(files[granted_memory]) == memory, wanted
        for status in view.threads.values():
            assert parse_cpus(status["Cpus_allowed_list"]) == cpus, wanted
            assert parse_cpus(status["Mems_allowed_list"]) == memory, wanted
        return view

    def in_pool(self, uid: str, cpus) -> View:
        """As `on`, for a Pod without a binding: whatever CPUs are left to it, it has all memory."""
        return self.on(uid, cpus, frozenset(NUMA))

    def wait_on(self, uid: str, cpus, seconds: float = 60) -> View:
        return eventually(lambda: self.on(uid, cpus), seconds, every=0.3)

    def wait_in_pool(self, uid: str, cpus, seconds: float = 60) -> View:
        return eventually(lambda: self.in_pool(uid, cpus), seconds, every=0.3)

    def properties(self, uid: str) -> dict[str, tuple[frozenset[int], frozenset[int]]]:
        """What systemd has of the Pod's slice and scopes: AllowedCPUs and AllowedMemoryNodes, by unit."""
        found = {}
        for block in self.sh(_PROPERTIES % uid.replace("-", "_")).strip().split("\n\n"):
            unit = dict(line.split("=", 1) for line in block.splitlines())
            # systemctl writes lists with blanks for commas.
            found[unit["Id"]] = tuple(parse_cpus(unit[name].replace(" ", ","))
                                      for name in ("AllowedCPUs", "AllowedMemoryNodes"))
        return found

    def told(self, uid: str, cpus=()) -> dict:
        """systemd has these CPUs, and their memory, of the Pod's slice, and has no property of its scopes; none: of none."""
        cpus = frozenset(cpus)
        return self._told(uid, cpus, numa_nodes(cpus))

    def _told(self, uid: str, cpus: frozenset[int], memory: frozenset[int]) -> dict:
        units = self.properties(uid)
        assert len(units) == self._units[uid], units
        wanted = {name: (cpus, memory) if name.endswith(".slice") else (frozenset(), frozenset()) for name in units}
        assert units == wanted, f"wanted {sorted(cpus)}: {units}"
        return units

    def wait_told_pool(self, uid: str, cpus, seconds: float = 60) -> dict:
        """As wait_told, for a Pod in the shared pool: what is said of memory is for those that are bound."""
        return eventually(lambda: self._told(uid, frozenset(cpus), frozenset()), seconds, every=0.3)

    def wait_told(self, uid: str, cpus, seconds: float = 60) -> dict:
        return eventually(lambda: self.told(uid, cpus), seconds, every=0.3)

    def pages(self, uid: str) -> dict[int, int]:
        """How many anonymous pages of the Pod's processes are in each NUMA node's memory."""
        found = dict.fromkeys(NUMA, 0)
        for line in self.sh(_PAGES.format(top=self.kubepods, uid=uid.replace("-", "_"))).split():
            node, _, count = line.removeprefix("N").partition("=")
            found[int(node)] += int(count)
        return found

    def said(self, name: str, kind: str, reason: str) -> dict:
        """The binding's condition, once it says so about the spec as it is."""
        def found():
            binding = self.rest.get("podcpubindings", name)
            about = condition(binding, kind)
            assert about.get("reason") == reason, f"{name}: {json.dumps(binding['status'])}"
            return about.get("observedGeneration") == binding["metadata"]["generation"] and about

        return eventually(found, PATIENCE, every=0.5)

    @contextlib.contextmanager
    def observed(self) -> Iterator[Seen]:
        """Every thread of every Pod, as the observer sees it from within, for the time of the body."""
        where = "/usr/local/bin/observer"
        with open(OBSERVER, "rb") as program:
            subprocess.run([*self._ssh, f"install -m 755 /dev/stdin {where}"], stdin=program, check=True, timeout=180)
        with observed(self.kubepods, (*self._ssh, "exec", where)) as seen:
            yield seen

    def slice_of(self, uid: str) -> str:
        """The path of a Pod's cgroup."""
        return self.sh(f"find {self.kubepods} -type d -name '*pod{uid.replace('-', '_')}.slice'").strip()

    def isolated(self) -> frozenset[int]:
        """The CPUs of isolated partitions, as the kernel sums them up."""
        return parse_cpus(self.sh("cat /sys/fs/cgroup/cpuset.cpus.isolated"))

    def write_cpus(self, uid: str, text: str) -> None:
        """What somebody else does to a Pod: its slice and every scope below are written."""
        slices = f"{self.kubepods} -name '*pod{uid.replace('-', '_')}.slice'"
        self.sh(f'for slice in $(find {slices}); do find "$slice" -name cpuset.cpus | sort | '
                f"while read -r file; do echo {shlex.quote(text)} >$file; done; done")
