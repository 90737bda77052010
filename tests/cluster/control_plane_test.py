"""Control planes without a real node: several at once, simulated nodes, and components that end and come back."""

import json
import os
import signal
import subprocess

import pytest

import traces
from cluster import CLUSTER, cluster, run


@pytest.fixture(scope="module")
def simulated():
    with cluster("cluster-test-kwok", "--nodes", "50") as instance:
        yield instance


def names(instance, kind: str, *arguments: str) -> list[str]:
    return [n.partition("/")[2] for n in instance.kubectl("get", kind, "-o", "name", *arguments).split()]


def test_instances_side_by_side_do_not_see_each_other(simulated):
    with cluster("cluster-test-other") as other:
        assert other.server != simulated.server
        other.kubectl("create", "namespace", "only-here")
        assert "only-here" in names(other, "namespaces")
        assert "only-here" not in names(simulated, "namespaces")
        assert names(other, "nodes") == []
        ports = [set(i.settings()["ports"].values()) for i in (other, simulated)]
        assert not ports[0] & ports[1]
        state = other.state()
    assert not state.exists()
    assert len(names(simulated, "nodes")) == 50


def test_simulated_nodes_are_ready_and_have_topologies(simulated):
    nodes = json.loads(simulated.kubectl("get", "nodes", "-o", "json"))["items"]
    assert [n["metadata"]["name"] for n in nodes] == [f"node-{i:04}" for i in range(50)]
    for node in nodes:
        assert {c["type"]: c["status"] for c in node["status"]["conditions"]}["Ready"] == "True"
        assert not node["spec"].get("taints")
        assert node["status"]["capacity"]["cpu"] == "64"
        assert node["metadata"]["labels"]["kubernetes.io/hostname"] == node["metadata"]["name"]
    topologies = json.loads(simulated.kubectl("get", "nodecputopologies", "-o", "json"))["items"]
    uids = {n["metadata"]["name"]: n["metadata"]["uid"] for n in nodes}
    assert {t["spec"]["nodeName"]: t["metadata"]["ownerReferences"][0]["uid"] for t in topologies} == uids
    topology = topologies[0]["spec"]["topology"]
    assert topology["cpus"] == list(range(64))
    assert topology["sockets"]["1"]["cores"]["31"]["cpus"] == [62, 63]
    assert topology["numaNodes"]["1"]["cpus"] == list(range(32, 64))


def test_pods_on_simulated_nodes_run(simulated):
    simulated.kubectl("create", "deployment", "pods", "--image=simulated", "--replicas=100")
    simulated.kubectl("rollout", "status", "deployment/pods", "--timeout=60s")
    pods = json.loads(simulated.kubectl("get", "pods", "-l", "app=pods", "-o", "json"))["items"]
    assert {p["status"]["phase"] for p in pods} == {"Running"}
    assert len({p["spec"]["nodeName"] for p in pods}) > 1


def test_nodes_adds_up_to_the_number(simulated):
    simulated.command("nodes", "52", "--topology", "pack:1 core:2 pu:2")
    assert len(names(simulated, "nodes")) == 52
    assert simulated.get("nodecputopology", "node-0051-cputopology")["spec"]["topology"]["cpus"] == [0, 1, 2, 3]
    simulated.command("nodes", "10")
    assert len(names(simulated, "nodes")) == 52


def test_the_api_server_dies_and_comes_back_with_its_data(simulated):
    simulated.kubectl("create", "configmap", "kept")
    simulated.command("kill", "kube-apiserver")
    assert simulated.run("get", "configmap", "kept").returncode != 0
    again = run("kill", "--name", simulated.name, "kube-apiserver")
    assert again.returncode == 1 and "does not run" in again.stderr
    simulated.command("start", "kube-apiserver")
    assert simulated.get("configmap", "kept")["metadata"]["name"] == "kept"
    before = simulated.process("kube-apiserver")
    simulated.command("restart", "kube-apiserver")
    assert simulated.process("kube-apiserver") != before
    assert simulated.get("configmap", "kept")["metadata"]["name"] == "kept"


def test_a_stopped_component_keeps_still_until_it_goes_on(simulated):
    simulated.command("stop", "kube-controller-manager")
    assert "stopped" in simulated.command("status")
    simulated.kubectl("create", "namespace", "still")
    simulated.command("cont", "kube-controller-manager")
    # What it does for every namespace comes late, but comes.
    traces.wait_until(lambda: simulated.run("get", "serviceaccount", "default", "-n", "still").returncode == 0, 20,
                      "the controller manager goes on")
    assert "stopped" not in simulated.command("status")


def test_env_makes_kubectl_use_the_instance(simulated):
    environment = simulated.command("env")
    found = subprocess.run(["bash", "-c", 'eval "$1"; kubectl config view -o jsonpath={.clusters[0].cluster.server}',
                            "bash", environment], capture_output=True, text=True, timeout=30)
    assert found.stdout == simulated.server, found.stderr


def test_components_listen_on_loopback_only(simulated):
    inodes = set()
    for component in ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok"):
        pid = simulated.process(component)
        for fd in os.listdir(f"/proc/{pid}/fd"):
            target = os.readlink(f"/proc/{pid}/fd/{fd}")
            if target.startswith("socket:"):
                inodes.add(target[8:-1])
    listening = []
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with open(table) as lines:
            for fields in map(str.split, lines.readlines()[1:]):
                if fields[3] == "0A" and fields[9] in inodes:
                    listening.append(fields[1].split(":")[0])
    assert len(listening) >= 6
    assert set(listening) == {"0100007F"}


def test_down_interrupts_an_up_that_is_under_way():
    name = "cluster-test-interrupted"
    up = subprocess.Popen([CLUSTER, "up", "--name", name, "--nodes", "500"], stdout=subprocess.PIPE, text=True)
    try:
        assert "etcd" in up.stdout.readline()
        down = run("down", "--name", name, timeout=30)
        assert down.returncode == 0, down.stderr
        assert up.wait(10) != 0
        assert run("status", "--name", name).returncode == 1
    finally:
        up.kill()
        up.wait()
        up.stdout.close()
        run("down", "--name", name)


def test_a_failing_up_says_where_its_log_is_and_takes_itself_down(tmp_path):
    """A cache with a program that cannot run stands for whatever breaks on a machine."""
    real = run("binaries").stdout.split()[-1]
    broken = tmp_path / "actimanager" / os.path.basename(real)
    broken.mkdir(parents=True)
    for program in os.listdir(real):
        os.symlink(os.path.join(real, program), broken / program)
    (broken / "kube-apiserver").unlink()
    (broken / "kube-apiserver").write_text("#!/bin/sh\necho the cause of it; exit 3\n")
    (broken / "kube-apiserver").chmod(0o755)
    done = subprocess.run([CLUSTER, "up", "--name", "cluster-test-broken"], capture_output=True, text=True, timeout=60,
                          env=os.environ | {"XDG_CACHE_HOME": str(tmp_path)})
    assert done.returncode == 1
    assert "kube-apiserver ended" in done.stderr and "the cause of it" in done.stderr
    log = done.stderr.rpartition("full log: ")[2].strip()
    assert "the cause of it" in open(log).read()
    assert run("status", "--name", "cluster-test-broken").returncode == 1


def test_signals_do_not_end_the_supervisor_of_a_terminal_that_closes(simulated):
    pid = simulated.process("supervisor")
    os.kill(pid, signal.SIGHUP)
    assert os.getsid(pid) == pid
    simulated.command("restart", "kube-scheduler")
    assert simulated.process("supervisor") == pid
