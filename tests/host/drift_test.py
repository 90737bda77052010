"""Somebody else writes the cpusets of a Pod: he is named, put back, and not fought for ever."""

import contextlib
import json
import shutil
import subprocess
import time

import pytest

from kernel import cpuset_directories
from objects import condition
from rest import eventually

UNNAMED = "CAP_SYS_ADMIN"  # the log says once that writers have no name for want of it


@pytest.fixture
def intruder(tmp_path):
    """Runs a shell script in a process named `intruder`, which lives until the end of the body: its pid."""
    program = tmp_path / "intruder"
    shutil.copy("/bin/dash", program)

    @contextlib.contextmanager
    def run(script: str):
        process = subprocess.Popen([program, "-c", f"{script}\nread wait"], stdin=subprocess.PIPE)
        try:
            yield process.pid
        finally:
            process.kill()
            process.wait()

    return run


def bound(node, name: str = "disturbed"):
    """A Pod on one CPU: its UID, its CPU, the file that an intruder writes, and what he writes."""
    cpu = min(node.cpus)
    uid = node.run(name)
    node.bind(name, {cpu})
    node.wait_status(name, "Applied")
    node.wait_on(uid, {cpu})
    return uid, cpu, cpuset_directories(uid)[0] / "cpuset.cpus", ",".join(map(str, sorted(node.cpus)))


def messages(node, reason: str, uid: str) -> list[str]:
    events = json.loads(node.api.kubectl("get", "events", "--field-selector", f"involvedObject.uid={uid},reason={reason}", "-o", "json"))
    return [event["message"] for event in events["items"]]


def undisturbed(node, name: str = "disturbed") -> dict:
    return condition(node.api.get("pcb", name), "Undisturbed")


def test_who_moved_a_pod_is_named_in_the_event_the_log_and_the_metric(node, agent, intruder):
    uid, cpu, file, all_cpus = bound(node)
    before = agent.drifts()
    with intruder(f"echo {all_cpus} > {file}") as pid:
        node.wait_on(uid, {cpu})
        said = f"intruder (pid {pid}"
        eventually(lambda: any(message.startswith(said) for message in messages(node, "CPUSetDrift", uid)), 20)
    assert f"Pod {uid}: {said}" in agent.text()
    assert agent.drifts("intruder") == 1 and agent.drifts() == before + 1
    assert undisturbed(node) == {}, "one write is no fight"


def test_what_the_agent_writes_is_nobodys_drift(node, agent):
    uid, cpu, *_ = bound(node)
    before = agent.drifts()
    for target in (node.cpus, {cpu}, {max(node.cpus)}):
        node.bind("disturbed", target)
        node.wait_on(uid, target)
    node.run("neighbour")
    node.wait_status("disturbed", "Applied")
    assert agent.drifts() == before, agent.text()


def test_a_fight_is_capped_told_of_and_over_when_the_other_stops(node, start, intruder):
    agent = start("--reconcile-period=120s")
    uid, cpu, file, all_cpus = bound(node)
    begun = time.monotonic()
    with intruder(f"while :; do echo {all_cpus} > {file}; sleep 0.02; done"):
        said = eventually(lambda: (found := undisturbed(node)) and found, 20)
        assert (said["status"], said["reason"]) == ("False", "FightingWriter")
        assert said["message"].startswith("intruder (pid "), said
        # Several times as many writes as are put back.
        time.sleep(max(0.0, begun + 4 - time.monotonic()))
        assert agent.drifts() == 20
        eventually(lambda: messages(node, "FightingWriter", uid), 20)
    stopped = time.monotonic()
    node.wait_on(uid, {cpu})
    eventually(lambda: undisturbed(node) == {}, 20)
    assert time.monotonic() - stopped < 20, "long before the next full look"
    assert node.status("disturbed")["resourceStatus"] == "Applied"


def test_without_the_capability_drift_is_put_back_without_a_name(node, start, intruder):
    agent = start("--reconcile-period=60s", under=("setpriv", "--bounding-set=-sys_admin"))
    assert agent.text().count(UNNAMED) == 1
    uid, cpu, file, all_cpus = bound(node)
    with intruder(f"echo {all_cpus} > {file}"):
        node.wait_on(uid, {cpu})
        eventually(lambda: messages(node, "CPUSetDrift", uid), 20)
    assert all(message.startswith("somebody else moved") for message in messages(node, "CPUSetDrift", uid))
    assert agent.drifts("unknown") == agent.drifts() == 1
    assert agent.text().count(UNNAMED) == 1


def test_in_a_pid_namespace_of_its_own_the_agent_says_that_it_was_one_outside(node, start, intruder):
    agent = start("--reconcile-period=60s", under=("unshare", "--pid", "--fork", "--mount-proc", "--kill-child"))
    assert UNNAMED not in agent.text()
    uid, cpu, file, all_cpus = bound(node)
    before = agent.drifts()
    with intruder(f"echo {all_cpus} > {file}"):
        node.wait_on(uid, {cpu})
        eventually(lambda: messages(node, "CPUSetDrift", uid), 20)
    assert all(m.startswith("a process outside of the agent's PID namespace moved") for m in messages(node, "CPUSetDrift", uid))
    assert agent.drifts("unknown") == agent.drifts() == before + 1
