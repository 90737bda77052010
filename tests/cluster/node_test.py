"""A real node: Pods run on it, and nothing of it is left once it is taken down."""

import json
import os
import pathlib

import pytest

import traces
from cluster import Cluster, cluster, owned, run

PULL = ("--image=localhost/busybox:1", "--image-pull-policy=Never", "--restart=Never")


def run_pod(instance: Cluster, name: str) -> None:
    instance.kubectl("run", name, *PULL, "--", "sh", "-c", "echo hello from $HOSTNAME; exec sleep 1000")
    instance.kubectl("wait", "--for=condition=Ready", f"pod/{name}", "--timeout=60s")


def settings(instance: Cluster) -> dict:
    return instance.settings()["node"]


def test_a_pod_runs_and_answers(real):
    run_pod(real, "pod")
    assert real.kubectl("logs", "pod") == "hello from pod\n"
    assert real.kubectl("exec", "pod", "--", "cat", "/etc/hostname").strip() == "pod"
    pod = real.get("pod", "pod")
    assert pod["spec"]["nodeName"] == real.node()
    # Its cgroup is below the instance's own.
    uid = pod["metadata"]["uid"]
    groups = [d for root, directories, _ in os.walk("/sys/fs/cgroup") for d in
              (os.path.join(root, d) for d in directories) if d.endswith(f"pod{uid}")]
    assert groups and all(f"/{settings(real)['cgroup']}/kubepods/" in g for g in groups)


def test_the_node_is_ready_and_untainted(real):
    node = real.get("node", real.node())
    assert {c["type"]: c["status"] for c in node["status"]["conditions"]}["Ready"] == "True"
    assert not node["spec"].get("taints")
    assert node["status"]["nodeInfo"]["kubeletVersion"].startswith("v1.35.")


def test_a_tokens_node_is_in_its_claims(real):
    """Admission policies tell by it which node a request comes from."""
    run_pod(real, "claims")
    token = real.kubectl("exec", "claims", "--", "cat", "/var/run/secrets/kubernetes.io/serviceaccount/token")
    status, review = real.request(token.strip(), "POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews",
                                  {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"})
    assert status == 201, review
    assert review["status"]["userInfo"]["extra"]["authentication.kubernetes.io/node-name"] == [real.node()]


def test_an_image_can_be_loaded_again(real):
    from_cache = sorted(pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache"),
                                     "actimanager").glob("node-images-*.tar"))
    real.command("load", from_cache[-1])
    assert "localhost/busybox:1" in real.command("ctr", "images", "ls", "-q")


def test_a_killed_kubelet_leaves_pods_running_and_comes_back(real):
    run_pod(real, "survivor")
    real.command("kill", "kubelet")
    status = real.command("status")
    assert [line.split()[2] for line in status.splitlines() if line.startswith("kubelet ")] == ["down"]
    tasks = real.command("ctr", "tasks", "ls", "-q").split()
    assert tasks, "the Pods' tasks ended with the kubelet"
    real.command("start", "kubelet")
    traces.wait_until(lambda: real.run("exec", "survivor", "--", "true").returncode == 0, 30, "exec works again")
    assert set(tasks) <= set(real.command("ctr", "tasks", "ls", "-q").split())
    assert real.get("pod", "survivor")["status"]["containerStatuses"][0]["restartCount"] == 0


def test_up_adds_what_is_missing(real):
    before = {name: real.process(name) for name in ("etcd", "kube-apiserver", "containerd", "kubelet")}
    real.command("kill", "kube-scheduler")
    real.command("up", "--node")
    assert {name: real.process(name) for name in before} == before
    assert "down" not in real.command("status").split()


def test_down_leaves_nothing():
    shared = traces.shared()
    with cluster("cluster-test-down", "--node") as instance:
        run_pod(instance, "pod")
        # A frozen or stopped component must not hold anything up.
        instance.command("stop", "kubelet")
        state, chosen = instance.state(), settings(instance)
        assert any(t.startswith("mount") for t in traces.of(state, chosen["cgroup"]))
        assert any(t.startswith("cgroup") for t in traces.of(state, chosen["cgroup"]))
    assert traces.of(state, chosen["cgroup"]) == []
    assert new_since(shared) == {}


@pytest.mark.parametrize("killed", ["owner", "owner and supervisor"])
def test_a_killed_owner_takes_the_cluster_along(killed):
    """The owner is killed by SIGKILL with a Pod running. Without the supervisor, `down` still finds everything."""
    shared = traces.shared()
    with owned("cluster-test-owner", "--node") as (instance, owner):
        run_pod(instance, "pod")
        state, cgroup = instance.state(), settings(instance)["cgroup"]
        if killed == "owner and supervisor":
            os.kill(instance.process("supervisor"), 9)
            owner.kill()
            down = run("down", "--name", "cluster-test-owner")
            assert down.returncode == 0, down.stderr
        else:
            owner.kill()
        traces.wait_until(lambda: not traces.of(state, cgroup), 15, "the instance is gone")
        traces.wait_until(lambda: new_since(shared) == {}, 5, "what is shared is as it was")


@pytest.mark.parametrize("written", ["the process", "its pid alone"])
def test_an_abandoned_cluster_makes_room_for_one_of_its_name(written):
    """As a machine's power cut leaves it: the owner, the supervisor and the components have ended, the files are there."""
    with owned("cluster-test-owner", "--node") as (instance, owner):
        instance.kubectl("create", "configmap", "of-the-first")
        before = settings(instance)
        for component in ("supervisor", "kubelet", "etcd"):
            os.kill(instance.process(component), 9)
        owner.kill()
        owner.wait()
        if written == "its pid alone":
            write_owner(instance, os.getpid())
        with cluster("cluster-test-owner") as second:
            assert second.run("get", "configmap", "of-the-first").returncode != 0
            assert second.kubectl("get", "nodes", "-o", "name") == ""
            assert not [t for t in traces.of(second.state(), before["cgroup"]) if not t.startswith(("process", "directory"))]
            assert "abandoned" in second.command("down", "--if-abandoned")
            assert second.get("namespace", "default")["status"]["phase"] == "Active"


def test_a_supervisor_that_comes_back_takes_an_owner_for_gone_whose_pid_is_anothers():
    with owned("cluster-test-owner", "--no-scheduler") as (instance, _):
        state = instance.state()
        os.kill(instance.process("supervisor"), 9)
        write_owner(instance, {"pid": os.getpid(), "started": 1})
        run("restart", "--name", "cluster-test-owner", "kube-controller-manager")  # it may come to it or not
        traces.wait_until(lambda: not state.exists(), 15, "the instance is gone")


def write_owner(instance: Cluster, owner) -> None:
    path = instance.state() / "instance.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"owners": [owner]}))


def new_since(before: dict[str, set[str]]) -> dict[str, set[str]]:
    now = traces.shared()
    return {d: now[d] - before[d] for d in now if now[d] - before[d]}
