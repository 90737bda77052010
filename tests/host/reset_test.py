"""`actimanager reset` and `doctor` on a real node: after a reset it is as if no agent had ever been there."""

import json

from actimanager import run
from kernel import cpuset_directories, cpusets, threads


def reset(node, *arguments):
    return run("reset", "--cgroups-path", node.cgroup, *arguments)


def pinned_and_shared(node) -> tuple[str, str]:
    """A Pod on one exclusive CPU, and one that had to leave it."""
    uid, other = node.run("pinned"), node.run("shared")
    cpu = min(node.cpus)
    node.bind("pinned", {cpu}, level="CPU")
    node.wait_status("pinned", "Applied")
    node.wait_on(uid, {cpu})
    node.wait_on(other, node.cpus - {cpu})
    return uid, other


def files(*uids: str) -> dict[str, str]:
    """What every cpuset file of these Pods has."""
    return {str(path): path.read_text() for uid in uids for directory in cpuset_directories(uid)
            for path in (directory / "cpuset.cpus", directory / "cpuset.mems")}


def test_after_a_reset_every_pod_has_every_cpu_again(node, agent):
    uids = pinned_and_shared(node)
    agent.stop()
    before = files(*uids)
    planned = reset(node, "--dry-run")
    assert planned.returncode == 0, planned.stderr
    assert "would be written" in planned.stdout
    assert files(*uids) == before

    done = reset(node)
    assert done.returncode == 0, done.stderr
    changes = [line for line in planned.stdout.splitlines() if " -> " in line]
    assert changes and [line for line in done.stdout.splitlines() if " -> " in line] == changes
    for uid in uids:
        assert set(cpusets(uid).values()) == {node.cpus}
        assert set(threads(uid).values()) == {node.cpus}

    again = reset(node)
    assert again.returncode == 0 and "nothing to reset" in again.stdout, again.stdout


def test_a_node_whose_agent_runs_is_not_reset(node, agent):
    uids = pinned_and_shared(node)
    before = files(*uids)
    refused = reset(node)
    assert refused.returncode == 1 and "an agent runs" in refused.stderr, refused
    assert files(*uids) == before
    agent.kill()  # whatever way it ends
    assert reset(node).returncode == 0
    assert set(cpusets(uids[0]).values()) == {node.cpus}


def test_an_agent_that_comes_back_after_a_reset_pins_again(node, agent, start):
    uid, other = pinned_and_shared(node)
    agent.stop()
    assert reset(node).returncode == 0
    start("--reconcile-period=1s")
    node.wait_on(uid, {min(node.cpus)})
    node.wait_on(other, node.cpus - {min(node.cpus)})


def test_the_doctor_finds_a_node_that_can_be_pinned_on(node, agent):
    pinned_and_shared(node)
    page = json.loads(run("doctor", "--cgroups-path", node.cgroup, "-o", "json").stdout)
    findings = {f["check"]: f for f in page["findings"]}
    assert page["canPin"], page
    assert "kubepods" in findings["kubepods"]["message"]
    assert findings["other pinning"]["severity"] == "ok", findings["other pinning"]
    agent.stop()
    page = json.loads(run("doctor", "--cgroups-path", node.cgroup, "-o", "json").stdout)
    assert {f["check"]: f for f in page["findings"]}["other pinning"]["severity"] == "warning"
