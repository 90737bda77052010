"""Bindings made by hand on a running Pod: moved, edited, refused, deleted; the kernel follows or stays as it is."""

import pytest

from kernel import cpusets
from rest import eventually


def test_a_binding_moves_a_running_pod_an_edit_moves_it_again_and_deletion_frees_it(node, agent):
    first, second = sorted(node.cpus)[:2]
    uid = node.run("moved")
    node.wait_on(uid, node.cpus)
    node.bind("moved", {first})
    assert node.wait_status("moved", "Applied")["admitted"]["cpuSet"] == str(first)
    node.wait_on(uid, {first})
    node.bind("moved", {second})
    node.wait_status("moved", "Applied")
    node.wait_on(uid, {second})
    node.delete("pcb", "moved")
    node.wait_on(uid, node.cpus)


def test_a_binding_gets_its_nodes_label_and_its_pod_as_owner(node, agent):
    uid = node.run("owned")
    node.bind("owned", {min(node.cpus)})
    node.wait_status("owned", "Applied")
    metadata = node.api.get("pcb", "owned")["metadata"]
    assert metadata["labels"] == {"cslab.ece.ntua.gr/node-name": node.api.node()}
    (owner,) = metadata["ownerReferences"]
    assert (owner["kind"], owner["name"], owner["uid"]) == ("Pod", "owned", uid)
    node.delete("pod", "owned")
    eventually(lambda: node.api.run("get", "pcb", "owned").returncode != 0, 20)


def test_a_binding_that_waits_for_its_pod_is_in_force_when_it_comes(node, agent):
    node.bind("late", {max(node.cpus)})
    status = node.wait_status("late", "PodNotFound")
    assert node.condition(status, "Admitted")["message"].startswith("spec.podName: ")
    uid = node.run("late")
    node.wait_status("late", "Applied")
    node.wait_on(uid, {max(node.cpus)})


def test_an_exclusive_binding_by_hand_sends_the_others_away(node, agent):
    cpu = max(node.cpus)
    uid, other = node.run("mine"), node.run("other")
    node.bind("mine", {cpu}, level="CPU")
    status = node.wait_status("mine", "Applied")
    assert status["exclusiveCPUs"] == str(cpu)
    node.wait_on(uid, {cpu})
    node.wait_on(other, node.cpus - {cpu})


def test_none_bindings_share_their_cpus(node, agent):
    cpu = min(node.cpus)
    uids = [node.run(name) for name in ("one", "two")]
    for name in ("one", "two"):
        node.bind(name, {cpu})
        node.wait_status(name, "Applied")
    for uid in uids:
        node.wait_on(uid, {cpu})


def held(node):
    """A Pod with an exclusive CPU, the lowest; a second one without a binding."""
    cpu = min(node.cpus)
    uid, other = node.run("holder"), node.run("victim")
    node.bind("holder", {cpu}, level="CPU")
    node.wait_status("holder", "Applied")
    node.wait_on(uid, {cpu})
    node.wait_on(other, node.cpus - {cpu})
    return cpu, uid, other


@pytest.mark.parametrize("case", ["unknown CPU", "overlap", "empty set", "last shared CPU"])
def test_a_refused_binding_says_why_and_changes_nothing(node, agent, case):
    cpu, uid, other = held(node)
    cpus, level, status, field = {
        "unknown CPU": ({4000}, "None", "InvalidCPUSet", "spec.cpuSet"),
        "overlap": ({cpu}, "None", "CPUSetAllocationFailed", "spec.cpuSet"),
        "empty set": (set(), "None", "InvalidCPUSet", "spec.cpuSet"),
        "last shared CPU": (node.cpus - {cpu}, "CPU", "CPUSetAllocationFailed", "spec.cpuSet"),
    }[case]
    before = cpusets(uid) | cpusets(other)
    writes = agent.metrics()["actimanager_cpuset_writes_total"]
    node.bind("victim", cpus, level=level)
    refused = node.wait_status("victim", status)
    condition = node.condition(refused, "Admitted")
    assert condition["status"] == "False" and condition["message"].startswith(field + ":"), condition
    assert "admitted" not in refused
    assert cpusets(uid) | cpusets(other) == before
    assert agent.metrics()["actimanager_cpuset_writes_total"] == writes


def test_a_binding_for_an_unknown_pod_says_so(node, agent):
    node.bind("nobody", {min(node.cpus)})
    status = node.wait_status("nobody", "PodNotFound")
    assert node.condition(status, "Admitted")["message"].startswith("spec.podName: ")


def test_a_refused_edit_leaves_what_was_granted_in_force(node, agent):
    cpu, _, other = held(node)
    free = max(node.cpus - {cpu})
    node.bind("victim", {free})
    node.wait_status("victim", "Applied")
    node.bind("victim", {cpu})
    status = node.wait_status("victim", "CPUSetAllocationFailed")
    assert status["admitted"]["cpuSet"] == str(free)
    assert node.condition(status, "Admitted")["message"].startswith("spec.cpuSet: ")
    node.wait_on(other, {free})


def test_a_refused_binding_is_judged_again_when_its_cpus_come_free(node, agent):
    cpu, _, other = held(node)
    node.bind("victim", {cpu})
    node.wait_status("victim", "CPUSetAllocationFailed")
    node.delete("pcb", "holder")
    node.wait_status("victim", "Applied")
    node.wait_on(other, {cpu})


def test_of_two_bindings_for_one_pod_the_older_counts(node, agent):
    first, second = sorted(node.cpus)[:2]
    uid = node.run("twice")
    node.bind("twice", {first})
    node.wait_status("twice", "Applied")
    node.bind("again", {second}, podName="twice")
    status = node.wait_status("again", "CPUSetAllocationFailed")
    assert node.condition(status, "Admitted")["message"].startswith("spec.podName: ")
    node.wait_on(uid, {first})


def test_an_agent_alone_applies_bindings(node, start):
    start("--roles=agent,endpoint")
    uid = node.run("alone")
    node.bind("alone", {min(node.cpus)})
    node.wait_status("alone", "Applied")
    node.wait_on(uid, {min(node.cpus)})


def test_a_container_can_have_a_narrower_set(node, agent):
    more = {"name": "second", "image": "localhost/busybox:1", "imagePullPolicy": "Never", "command": ["sleep", "infinity"]}
    first = {"name": "main", "image": "localhost/busybox:1", "imagePullPolicy": "Never", "command": ["sleep", "infinity"]}
    uid = node.run("split", containers=[first, more])
    cpu = max(node.cpus)
    node.bind("split", node.cpus, containers=[{"name": "second", "cpuSet": [{"cpuID": cpu}]}])
    status = node.wait_status("split", "Applied")
    assert {c["name"]: c["cpuSet"] for c in status["containers"]}["second"] == str(cpu)
    narrow = [d for d, cpus in cpusets(uid).items() if cpus == {cpu}]
    assert len(narrow) == 1, cpusets(uid)


def test_reserved_cpus_are_never_exclusive(node, start):
    cpu = min(node.cpus)
    start(f"--reserved-cpus={cpu}")
    uid = node.run("greedy")
    node.bind("greedy", {cpu}, level="CPU")
    status = node.wait_status("greedy", "InvalidCPUSet")
    assert node.condition(status, "Admitted")["message"].startswith("spec.cpuSet: ")
    node.wait_on(uid, node.cpus)
    node.bind("greedy", {cpu}, level="None")
    node.wait_status("greedy", "Applied")
    node.wait_on(uid, {cpu})
