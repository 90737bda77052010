"""A Pod that the scheduler placed runs on its CPUs from its first instruction to its last."""

import os
import signal
import time

from kernel import Sampler, cpuset_directories, cpusets, threads
from rest import eventually

SIDECAR = [{"name": name, "image": "localhost/busybox:1", "imagePullPolicy": "Never", **more} for name, more in (
    ("init", {"command": ["true"]}),
    ("sidecar", {"command": ["sleep", "infinity"], "restartPolicy": "Always"}),
)]


def pinned(node, name="pinned", **spec) -> tuple[str, frozenset[int]]:
    """A running Pod on one exclusive CPU: its UID, and its CPUs as its binding says."""
    uid = node.run(name, scheduler="maestro", workload="cpu-bound", cpu="1", **spec)
    status = node.wait_status(f"{name}-pcb", "Applied")
    return uid, frozenset(int(c) for c in status["admitted"]["cpuSet"].split(","))


def main_pid(node, uid: str) -> int:
    """The first process of the Pod's main container; an error while there is none."""
    container = node.api.kubectl("get", "pod", "pinned", "-o", "jsonpath={.status.containerStatuses[0].containerID}")
    (directory,) = [d for d in cpuset_directories(uid) if d.name == container.split("://")[1]]
    return int((directory / "cgroup.procs").read_text().split()[0])


def test_no_process_of_a_pod_ever_runs_outside_of_its_cpus(node, agent):
    with Sampler(node.cgroup) as sampler:
        uid, cpus = pinned(node, initContainers=SIDECAR)
        rounds = sampler.rounds
        eventually(lambda: sampler.rounds > rounds + 20, 30)
    assert sampler.cpus(uid) == {cpus}, sampler.seen[uid]
    assert len(sampler.seen[uid]) >= 2, "the sampler saw the sandbox and the containers"


def test_every_thread_shows_exactly_the_bindings_cpus(node, agent):
    uid, cpus = pinned(node)
    node.wait_on(uid, cpus)
    assert len(cpus) == 1
    status = node.status("pinned-pcb")
    assert status["containers"] == [{"name": "main", "cpuSet": str(min(cpus)), "memoryNodes": status["memoryNodes"]}]


def test_others_leave_exclusive_cpus_and_come_back(node, agent):
    shared = node.run("shared")
    node.wait_on(shared, node.cpus)
    uid, cpus = pinned(node)
    node.wait_on(shared, node.cpus - cpus)
    node.wait_on(uid, cpus)
    node.delete("pod", "pinned")
    node.wait_on(shared, node.cpus)
    eventually(lambda: node.api.run("get", "pcb", "pinned-pcb").returncode != 0, 20)


def test_a_container_is_restarted_on_its_cpus(node, agent):
    uid, cpus = pinned(node)
    first = main_pid(node, uid)
    with Sampler(node.cgroup) as sampler:
        os.kill(first, signal.SIGKILL)
        eventually(lambda: main_pid(node, uid) != first, 60)
    node.wait_on(uid, cpus)
    assert sampler.cpus(uid) == {cpus}, sampler.seen[uid]


def test_pins_outlive_the_agent_and_a_new_one_writes_nothing(node, agent, start):
    uid, cpus = pinned(node)
    agent.kill()
    first = main_pid(node, uid)
    os.kill(first, signal.SIGKILL)
    eventually(lambda: main_pid(node, uid) != first, 60)
    node.wait_on(uid, cpus)
    again = start("--reconcile-period=1s")
    eventually(lambda: again.metrics()["actimanager_reconciles_total"] >= 3, 20)
    assert again.metrics()["actimanager_cpuset_writes_total"] == 0
    node.wait_on(uid, cpus)


def test_pins_outlive_the_kubelet(node, agent):
    uid, cpus = pinned(node)
    with Sampler(node.cgroup) as sampler:
        node.api.command("kill", "kubelet")
        node.wait_on(uid, cpus)
        node.api.command("start", "kubelet")
        eventually(lambda: any(c["type"] == "Ready" and c["status"] == "True" for c in
                               node.api.get("node", node.api.node())["status"]["conditions"]), 60, "the node is Ready")
        time.sleep(2)  # the kubelet has looked at its containers by now; the sampler watches
    assert sampler.cpus(uid) == {cpus}, sampler.seen[uid]
    node.wait_on(uid, cpus)


def test_a_settled_node_is_not_written_to(node, agent):
    node.run("shared")
    pinned(node)

    def settled():
        before = agent.metrics()["actimanager_cpuset_writes_total"], agent.metrics()["actimanager_reconciles_total"]
        eventually(lambda: agent.metrics()["actimanager_reconciles_total"] >= before[1] + 3, 20)
        return before[0] == agent.metrics()["actimanager_cpuset_writes_total"]

    eventually(settled, 20)


def test_what_somebody_else_writes_is_put_back_and_told(node, agent):
    uid, cpus = pinned(node)
    before = agent.drifts()
    (cpuset_directories(uid)[0] / "cpuset.cpus").write_text(",".join(map(str, sorted(node.cpus))))
    node.wait_on(uid, cpus)
    assert agent.drifts() > before
    eventually(lambda: "CPUSetDrift" in node.api.kubectl("get", "events", "--field-selector", "involvedObject.name=pinned",
                                                         "-o", "jsonpath={.items[*].reason}"), 20)


def test_pins_are_enforced_while_the_api_server_is_away(node, agent):
    uid, cpus = pinned(node)
    node.api.command("stop", "kube-apiserver")
    try:
        (cpuset_directories(uid)[0] / "cpuset.cpus").write_text(",".join(map(str, sorted(node.cpus))))
        node.wait_on(uid, cpus)
        assert agent.get("/livez")[0] == 200
    finally:
        node.api.command("cont", "kube-apiserver")
    node.wait_on(uid, cpus)


def test_ten_rounds_of_pods_that_come_and_go_never_share_an_exclusive_cpu(node, agent):
    shared = node.run("shared")
    with Sampler(node.cgroup) as sampler:
        for turn in range(10):
            uid, cpus = pinned(node, name=f"round-{turn}")
            assert set(threads(uid).values()) == {cpus}
            assert not any(cpus & allowed for allowed in threads(shared).values()), "a shared thread on an exclusive CPU"
            node.delete("pod", f"round-{turn}")
            assert sampler.cpus(uid) == {cpus}, sampler.seen[uid]
    node.wait_on(shared, node.cpus)
    assert all(cpusets(shared).values())


def test_sigterm_keeps_pins_gives_the_lease_up_and_ends_in_time(node, agent):
    uid, cpus = pinned(node)
    status, seconds = agent.stop()
    assert status == 0 and seconds < 2
    lease = node.api.get("lease", "actimanager", "actimanager-system")
    assert lease["spec"]["holderIdentity"] == ""
    node.wait_on(uid, cpus)
