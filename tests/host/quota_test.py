"""CFS quotas of Pods with CPUs of their own, as the kernel has them and as a real kubelet writes them."""

import json
import os
import pathlib
import signal

import pytest

from actimanager import run
from kernel import cfs_quotas
from rest import eventually

def container(cpu: str) -> dict:
    """With this limit."""
    return {"name": "main", "image": "localhost/busybox:1", "imagePullPolicy": "Never", "command": ["sleep", "infinity"],
            "resources": {"requests": {"cpu": "100m"}, "limits": {"cpu": cpu}}}


def limited(node, name: str, cpu: str = "623m") -> str:  # no whole hundredths
    """A Pod with a limit, of which the kubelet has made quotas; its UID."""
    uid = node.run(name, containers=[container(cpu)])
    assert sorted(cfs_quotas(uid).values()) == [-1, *2 * [quota_of(cpu)]], cfs_quotas(uid)  # the sandbox has none
    return uid


def quota_of(cpu: str) -> int:
    """Of a limit in thousandths, in microseconds of each 100 ms."""
    return int(cpu.removesuffix("m")) * 100


def lifted(node, name: str, uid: str) -> None:
    eventually(lambda: set(cfs_quotas(uid).values()) == {-1}, 20)
    said = eventually(lambda: (c := node.condition(node.status(name), "QuotaLifted"))["reason"] == "Lifted" and c, 20)
    assert said["status"] == "True"


@pytest.fixture
def lifting(node, agent):
    """A Pod whose quotas are lifted, and those it had."""
    uid = limited(node, "limited")
    before = cfs_quotas(uid)
    node.bind("limited", {min(node.cpus)}, level="CPU", cfsQuota="lift")
    node.wait_status("limited", "Applied")
    lifted(node, "limited", uid)
    return uid, before


def test_quotas_are_lifted_while_the_binding_is_there_and_come_back_with_its_end(node, lifting):
    uid, before = lifting
    node.delete("pcb", "limited")
    eventually(lambda: cfs_quotas(uid) == before, 20)


def test_an_edit_puts_quotas_back_and_another_lifts_them(node, lifting):
    uid, before = lifting
    node.bind("limited", {min(node.cpus)}, level="CPU", cfsQuota="keep")
    eventually(lambda: cfs_quotas(uid) == before, 20)
    eventually(lambda: "QuotaLifted" not in {c["type"] for c in node.status("limited")["conditions"]}, 20)
    node.bind("limited", {max(node.cpus)}, level="CPU", cfsQuota="lift")
    lifted(node, "limited", uid)


def test_a_lifted_quota_is_not_lifted_again_and_again(node, agent, lifting):
    writes = agent.metrics()["actimanager_quota_writes_total"]
    looks = agent.metrics()["actimanager_reconciles_total"]
    eventually(lambda: agent.metrics()["actimanager_reconciles_total"] >= looks + 3, 20)
    assert agent.metrics()["actimanager_quota_writes_total"] == writes >= 2


def test_a_limit_that_is_not_covered_is_kept(node, agent):
    uid = limited(node, "limited", "1100m")
    before = cfs_quotas(uid)
    node.bind("limited", {min(node.cpus)}, level="CPU", cfsQuota="lift")
    said = node.condition(node.wait_status("limited", "Applied"), "QuotaLifted")
    assert (said["status"], said["reason"]) == ("False", "LimitNotCovered"), said
    assert said["message"] == "spec.cfsQuota: the limit of the Pod is 1.1 CPUs, and 1 is exclusive to it"
    assert cfs_quotas(uid) == before


def test_the_quota_of_a_resize_is_lifted_and_is_the_one_that_comes_back(node, lifting):
    uid, before = lifting
    patch = {"spec": {"containers": [{"name": "main", "resources": {"limits": {"cpu": "771m"}}}]}}
    node.api.kubectl("patch", "pod", "limited", "--subresource", "resize", "--patch", json.dumps(patch))

    def resized():
        (state,) = node.api.get("pod", "limited")["status"]["containerStatuses"]
        return state["resources"]["limits"]["cpu"] == "771m"

    eventually(resized, 30)
    lifted(node, "limited", uid)
    node.delete("pcb", "limited")
    eventually(lambda: cfs_quotas(uid) == {path: quota if quota < 0 else quota_of("771m") for path, quota in before.items()},
               20)


def test_a_restarted_container_is_lifted_too(node, lifting):
    uid, before = lifting
    (cgroup,) = [path for path, quota in before.items() if quota > 0 and not path.endswith(f"pod{uid}")]
    for pid in (pathlib.Path(cgroup) / "cgroup.procs").read_text().split():
        os.kill(int(pid), signal.SIGKILL)

    def restarted():
        (state,) = node.api.get("pod", "limited")["status"]["containerStatuses"]
        return state["restartCount"] == 1 and state["ready"]

    eventually(restarted, 30)
    lifted(node, "limited", uid)
    assert set(cfs_quotas(uid)) != set(before)


def test_an_agent_that_was_away_puts_back_what_it_finds_lifted(node, agent, start, lifting):
    uid, before = lifting
    agent.kill()
    node.delete("pcb", "limited")
    assert set(cfs_quotas(uid).values()) == {-1}
    start("--reconcile-period=1s")
    eventually(lambda: cfs_quotas(uid) == before, 20)


def test_reset_puts_quotas_back(node, agent, lifting):
    uid, before = lifting
    agent.stop()
    planned = run("reset", "--cgroups-path", node.cgroup, "--dry-run")
    assert "cpu.cfs_quota_us: max 100000 -> 62300 100000" in planned.stdout and "2 quotas would be put back" in planned.stdout
    assert set(cfs_quotas(uid).values()) == {-1}
    done = run("reset", "--cgroups-path", node.cgroup)
    assert done.returncode == 0 and "2 quotas put back" in done.stdout, done
    assert cfs_quotas(uid) == before
    assert "nothing to reset" in run("reset", "--cgroups-path", node.cgroup).stdout


def test_where_the_kubelet_sets_no_quota_none_comes_of_it(node, agent):
    uid = limited(node, "limited")
    # As with a kubelet with cpuCFSQuota: false.
    for path in cfs_quotas(uid):
        (pathlib.Path(path) / "cpu.cfs_quota_us").write_text("-1")
    node.bind("limited", {min(node.cpus)}, level="CPU", cfsQuota="lift")
    said = node.condition(node.wait_status("limited", "Applied"), "QuotaLifted")
    assert (said["status"], said["reason"]) == ("True", "NoQuota"), said
    node.delete("pcb", "limited")
    node.wait_on(uid, node.cpus)
    assert set(cfs_quotas(uid).values()) == {-1}


def test_the_scheduler_asks_for_what_the_pods_annotation_says(node, agent):
    uid = node.run("wants", scheduler="maestro", level="CPU", annotations={"cslab.ece.ntua.gr/cfs-quota": "lift"},
                   containers=[container("623m")])
    node.wait_status("wants-pcb", "Applied")
    assert node.api.get("pcb", "wants-pcb")["spec"]["cfsQuota"] == "lift"
    lifted(node, "wants-pcb", uid)
