"""PodCPUBindings and NodeCPUTopologies: how the leader makes them, says what they wait for, and takes them away."""

import pytest

from objects import GROUP, NODE_LABEL, condition, cpu_set, named, pod
from objects import binding as a_binding
from objects import topology as a_topology
from conftest import configuration
from rest import ApiError, eventually

NOBODY = "nobody"


def owned_by(pod_object: dict, name: str = "", **spec) -> dict:
    """A binding as the scheduler makes it for this Pod, and perhaps names it for another."""
    meta = pod_object["metadata"]
    binding = a_binding(name or meta["name"], **spec)
    binding["metadata"]["name"] = f"{name or meta['name']}-pcb"
    binding["metadata"]["ownerReferences"] = [
        {"apiVersion": "v1", "kind": "Pod", "name": meta["name"], "uid": meta["uid"], "controller": True}]
    return binding


def on_node(binding: dict, node: str) -> dict:
    binding["metadata"]["labels"] = {NODE_LABEL: node}
    return binding


def status_of(api, name: str, expected: str) -> dict:
    """The binding once its status is this."""
    def reached():
        binding = api.get("podcpubindings", name)
        assert binding.get("status", {}).get("resourceStatus") == expected, binding.get("status")
        return binding

    return eventually(reached)


def events_of(api, uid: str) -> list[dict]:
    return [e for e in api.all("events") if e["involvedObject"]["uid"] == uid]


def test_a_binding_is_there_before_its_pod_is_bound(api, start, bound, plane):
    start()
    version = plane.rest.request("GET", "/api/v1/namespaces/default/pods")["metadata"]["resourceVersion"]
    names = [f"p{i}" for i in range(20)]
    api.create_many("pods", [pod(name) for name in names])
    placed = bound(*names)
    assigned = {}
    for event in api.watch("pods", "default", version, 10):
        meta = event["object"]["metadata"]
        if event["object"]["spec"].get("nodeName"):
            assigned.setdefault(meta["name"], int(meta["resourceVersion"]))
        if len(assigned) == len(names):
            break
    for name in names:
        # Nothing has changed the binding since, so this is the version it was made at.
        assert int(placed[name].binding["metadata"]["resourceVersion"]) < assigned[name]
        assert placed[name].binding["metadata"]["generation"] == 1


def writes(before: dict, after: dict) -> dict[str, int]:
    """Requests that changed something, but for the Lease's renewals."""
    return {verb: sum(n - before.get((v, code), 0) for (v, code), n in after.items() if v == verb and code < 300)
            for verb in ("create", "patch", "delete")}


def test_a_pinned_pod_costs_four_writes(api, start, bound, agents, plane):
    """Its binding, its assignment and its event are the leader's; the status of the binding is the agent's."""
    leader = start()
    version = plane.rest.request("GET", f"/apis/{GROUP}/v1alpha1/nodecputopologies")["metadata"]["resourceVersion"]
    before = leader.requests()
    (agent,) = agents(1)
    names = [f"p{i}" for i in range(10)]
    api.create_many("pods", [pod(name, node="node-0000") for name in names])
    bound(*names)
    for name in names:
        status_of(api, f"{name}-pcb", "Validated")
    eventually(lambda: len([e for e in api.all("events") if e["reason"] == "Scheduled"]) == len(names))
    assert writes(before, leader.requests()) == {"create": 30, "patch": 0, "delete": 0}

    def nothing_else_was_written():
        # But the node's topology, which says in the end which CPUs are taken, however many Pods took them.
        published = len(list(api.watch("nodecputopologies", "default", version, 1)))
        assert published < len(names)
        assert writes({}, agent.requests()) == {"create": 0, "patch": len(names) + published, "delete": 0}
        return True

    eventually(nothing_else_was_written, 60)


def test_a_binding_goes_with_its_pod(api, start, bound):
    leader = start()
    api.create("pods", pod("short"))
    bound("short")
    before = leader.requests()
    api.delete("pods", "short", grace=0)
    eventually(lambda: not api.find("podcpubindings", "short-pcb"))
    # The garbage collector would do it too; whoever was first.
    assert writes(before, leader.requests())["delete"] <= 1


@pytest.mark.parametrize("phase", ("Succeeded", "Failed"))
def test_a_finished_pod_holds_nothing(api, start, bound, phase):
    start()
    api.create("pods", pod("done", "4"))
    node = bound("done")["done"].node
    api.patch("pods", "done", {"status": {"phase": phase}}, sub="status")
    eventually(lambda: not api.find("podcpubindings", "done-pcb"))
    assert api.get("pods", "done")["status"]["phase"] == phase
    # Its CPUs are anybody's again: one thread of every core but one.
    api.create("pods", pod("next", "31", node=node))
    bound("next")


def test_a_pod_of_the_same_name_gets_a_binding_of_its_own(api, start, bound, plane):
    # What stands for the kubelets deletes Pods by their names alone: it would take the second for the first.
    plane.command("kill", "kwok")
    try:
        start()
        api.create("pods", pod("again"))
        first = bound("again")["again"]
        api.delete("pods", "again", grace=0)
        api.create("pods", pod("again"))
        second = bound("again")["again"]
    finally:
        plane.command("start", "kwok")
    assert second.binding["metadata"]["uid"] != first.binding["metadata"]["uid"]
    assert second.binding["metadata"]["ownerReferences"][0]["uid"] == second.pod["metadata"]["uid"]


def test_a_binding_by_hand_that_was_an_earlier_pods_is_not_the_next_ones(api, start, bound, plane):
    # As in the test before.
    plane.command("kill", "kwok")
    try:
        earlier = api.create("pods", pod("again", scheduler=NOBODY))
        by_hand = a_binding("again", cpuSet=cpu_set(40))
        by_hand["metadata"] = {"name": "by-hand", "namespace": "default", "finalizers": ["example.com/stays"],
                               "ownerReferences": [{"apiVersion": "v1", "kind": "Pod", "name": "again",
                                                    "uid": earlier["metadata"]["uid"]}]}
        api.create("podcpubindings", by_hand)
        api.delete("pods", "again", grace=0)
        api.create("pods", pod("again", "2"))
        start()
        uid = bound("again")["again"].pod["metadata"]["uid"]
        own = api.get("podcpubindings", "again-pcb")
        assert (own["metadata"]["ownerReferences"][0]["uid"], len(named(own))) == (uid, 2)
    finally:
        api.patch("podcpubindings", "by-hand", {"metadata": {"finalizers": None}})
        plane.command("start", "kwok")


def test_a_leftover_of_another_pod_is_replaced(api, start, bound):
    other = api.create("pods", pod("other", scheduler=NOBODY))
    left = api.create("podcpubindings", on_node(owned_by(other, "late", cpuSet=cpu_set(60, 61, 62)), "node-0007"))
    api.create("pods", pod("late", "2"))
    start()
    late = bound("late")["late"]
    assert late.binding["metadata"]["uid"] != left["metadata"]["uid"]
    assert late.binding["metadata"]["ownerReferences"][0]["uid"] == late.pod["metadata"]["uid"]
    assert len(late.cpus) == 2


def test_a_binding_made_by_hand_is_left_alone(api, start):
    """Also where it has the name that the scheduler would have used."""
    by_hand = api.create("podcpubindings", {**a_binding("mine", cpuSet=cpu_set(40)), "metadata": {"name": "mine-pcb"}})
    start()
    status_of(api, "mine-pcb", "PodNotFound")
    api.create("pods", pod("mine", "2", node="node-0001"))
    eventually(lambda: api.get("pods", "mine")["spec"].get("nodeName"))
    now = api.get("podcpubindings", "mine-pcb")
    assert (now["metadata"]["uid"], now["spec"]) == (by_hand["metadata"]["uid"], by_hand["spec"])
    assert len(api.all("podcpubindings")) == 1


@pytest.mark.parametrize("controlled", (False, True))
def test_a_binding_of_the_name_for_another_pod_is_in_the_way(api, start, bound, controlled):
    """Also where a controller of its own has made it."""
    meta = {"name": "mine-pcb"}
    if controlled:
        node = api.get("nodes", "node-0001")
        meta["ownerReferences"] = [{"apiVersion": "v1", "kind": "Node", "name": "node-0001",
                                    "uid": node["metadata"]["uid"], "controller": True}]
    api.create("podcpubindings", {**a_binding("other", cpuSet=cpu_set(40)), "metadata": meta})
    start()
    waiting = api.create("pods", pod("mine"))
    (event,) = eventually(lambda: events_of(api, waiting["metadata"]["uid"]))
    assert event["reason"] == "FailedScheduling"
    assert "PodCPUBinding default/mine-pcb exists and was not made for this Pod" in event["message"]
    assert not api.get("pods", "mine")["spec"].get("nodeName")
    api.delete("podcpubindings", "mine-pcb")
    bound("mine")


def test_a_cycle_that_was_cut_short_is_finished(api, start, bound):
    """A leader died between the binding and the Pod's assignment."""
    half = api.create("pods", pod("half", "2"))
    made = api.create("podcpubindings", on_node(owned_by(half, cpuSet=cpu_set(60, 62), exclusivenessLevel="Core"), "node-0005"))
    start()
    placed = bound("half")["half"]
    assert (placed.node, placed.cpus, placed.level) == ("node-0005", {60, 62}, "Core")
    assert placed.binding["metadata"]["uid"] == made["metadata"]["uid"]


def test_a_cycle_that_was_cut_short_on_a_node_that_is_gone_begins_anew(api, start, bound):
    half = api.create("pods", pod("half", "2"))
    api.create("podcpubindings", on_node(owned_by(half, cpuSet=cpu_set(60, 62)), "node-9999"))
    start()
    placed = bound("half")["half"]
    assert placed.node != "node-9999"
    assert placed.binding["metadata"]["labels"][NODE_LABEL] == placed.node
    assert placed.binding["metadata"]["ownerReferences"][0]["uid"] == placed.pod["metadata"]["uid"]


def test_a_cycle_that_was_cut_short_on_a_node_that_takes_no_more_pods_begins_anew(api, start, bound):
    half = api.create("pods", pod("half", "2"))
    made = api.create("podcpubindings", on_node(owned_by(half, cpuSet=cpu_set(60, 62)), "node-0005"))
    api.patch("nodes", "node-0005", {"spec": {"unschedulable": True}})
    start()
    placed = bound("half")["half"]
    assert placed.node != "node-0005"
    assert placed.binding["metadata"]["labels"][NODE_LABEL] == placed.node
    assert placed.binding["metadata"]["uid"] != made["metadata"]["uid"]


def test_a_binding_without_pod_says_so_until_there_is_one(api, start):
    start()
    api.create("podcpubindings", a_binding("later"))
    said = condition(status_of(api, "later", "PodNotFound"), "Admitted")
    assert (said["status"], said["reason"]) == ("False", "PodNotFound")
    assert said["message"] == 'spec.podName: there is no Pod "later" in this namespace'
    api.create("pods", pod("later", scheduler=NOBODY))
    said = condition(status_of(api, "later", "Pending"), "Admitted")
    assert (said["status"], said["reason"]) == ("False", "PodNotScheduled")
    api.delete("pods", "later", grace=0)
    status_of(api, "later", "PodNotFound")


def test_a_binding_on_a_node_without_topology_says_so(api, start, nodes):
    start()
    nodes("node-0100", topology=False, ready=False)
    direct = pod("direct", scheduler=NOBODY)
    direct["spec"]["nodeName"] = "node-0100"
    api.create("pods", direct)
    api.create("podcpubindings", a_binding("direct"))
    binding = status_of(api, "direct", "NodeTopologyNotFound")
    said = condition(binding, "Admitted")
    assert binding["status"]["nodeName"] == "node-0100"
    assert (said["status"], said["reason"]) == ("False", "NodeTopologyNotFound")
    assert said["message"] == "node node-0100 has no NodeCPUTopology: no agent runs there"


def test_a_finished_pods_binding_by_hand_stays_and_says_so(api, start):
    start()
    api.create("pods", pod("done", scheduler=NOBODY))
    api.patch("pods", "done", {"status": {"phase": "Succeeded"}}, sub="status")
    api.create("podcpubindings", a_binding("done"))
    said = condition(status_of(api, "done", "PodNotFound"), "Admitted")
    assert said["message"] == "spec.podName: Pod default/done has ended"


def test_a_label_of_the_wrong_node_is_corrected(api, start):
    start()
    direct = pod("direct", scheduler=NOBODY)
    direct["spec"]["nodeName"] = "node-0002"
    api.create("pods", direct)
    api.create("podcpubindings", on_node(a_binding("direct"), "node-0003"))
    eventually(lambda: api.get("podcpubindings", "direct")["metadata"]["labels"][NODE_LABEL] == "node-0002")


def test_so_is_that_of_a_binding_which_was_made_for_a_pod_that_went_elsewhere(api, start):
    start()
    stray = pod("stray", "2", scheduler=NOBODY)
    stray["spec"]["nodeName"] = "node-0002"
    made = on_node(owned_by(api.create("pods", stray), cpuSet=cpu_set(60, 62)), "node-0003")
    uid = api.create("podcpubindings", made)["metadata"]["uid"]
    name = made["metadata"]["name"]
    eventually(lambda: api.get("podcpubindings", name)["metadata"]["labels"][NODE_LABEL] == "node-0002")
    assert api.get("podcpubindings", name)["metadata"]["uid"] == uid


def test_a_granted_binding_whose_label_is_edited_is_its_nodes_again(api, start, bound, agents):
    start()
    agents(1)
    direct = pod("direct", scheduler=NOBODY)
    direct["spec"]["nodeName"] = "node-0000"
    api.create("pods", direct)
    api.create("podcpubindings", a_binding("direct", cpuSet=cpu_set(62, 63)))
    api.create("pods", pod("placed", node="node-0000"))
    bound("placed")
    for name in ("direct", "placed-pcb"):
        granted = status_of(api, name, "Validated")
        edited = api.patch("podcpubindings", name, {"metadata": {"labels": {NODE_LABEL: "node-0003"}}})

        def again():
            binding = api.get("podcpubindings", name)
            assert binding["metadata"]["labels"][NODE_LABEL] == "node-0000"
            assert binding["metadata"]["resourceVersion"] != edited["metadata"]["resourceVersion"]
            assert binding["status"]["admitted"] == granted["status"]["admitted"], binding["status"]
            return True

        eventually(again)


@pytest.fixture
def denied(plane):
    """The API server takes no status of bindings that are called bad-*."""
    base = "/apis/admissionregistration.k8s.io/v1"
    meta = {"name": "bad-bindings"}
    plane.rest.request("POST", f"{base}/validatingadmissionpolicies", {
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy", "metadata": meta,
        "spec": {"matchConstraints": {"resourceRules": [{"apiGroups": [GROUP], "apiVersions": ["*"], "operations": ["UPDATE"],
                                                         "resources": ["podcpubindings/status"]}]},
                 "validations": [{"expression": "!object.metadata.name.startsWith('bad-')"}]}})
    plane.rest.request("POST", f"{base}/validatingadmissionpolicybindings", {
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicyBinding", "metadata": meta,
        "spec": {"policyName": "bad-bindings", "validationActions": ["Deny"]}})
    yield
    for kind in ("validatingadmissionpolicybindings", "validatingadmissionpolicies"):
        plane.rest.request("DELETE", f"{base}/{kind}/bad-bindings")


def test_bindings_whose_writes_fail_keep_no_other_waiting(api, start, denied):
    """There are more of them than the leader writes at once, and their names come first."""
    def in_force():
        try:
            api.patch("podcpubindings", "bad-0", {"status": {"resourceStatus": "Pending"}}, sub="status")
        except ApiError as error:
            return "bad-bindings" in str(error)
        return False

    api.create("podcpubindings", a_binding("bad-0"))
    eventually(in_force)
    for i in range(1, 50):
        api.create("podcpubindings", a_binding(f"bad-{i}"))
    leader = start()
    eventually(lambda: sum(n for (verb, code), n in leader.requests().items() if verb == "patch" and code == 422) >= 50)
    for i in range(10):
        api.create("podcpubindings", a_binding(f"good-{i}"))
        status_of(api, f"good-{i}", "PodNotFound")


def test_an_agent_judges_a_binding_made_by_hand(api, start, agents):
    start()
    agents(1)
    direct = pod("direct", scheduler=NOBODY)
    direct["spec"]["nodeName"] = "node-0000"
    uid = api.create("pods", direct)["metadata"]["uid"]
    api.create("podcpubindings", a_binding("direct", cpuSet=cpu_set(0, 1), exclusivenessLevel="Core"))
    granted = status_of(api, "direct", "Validated")
    assert granted["status"]["admitted"]["exclusiveCPUs"] == "0-1"
    assert granted["metadata"]["labels"][NODE_LABEL] == "node-0000"
    assert [o["uid"] for o in granted["metadata"]["ownerReferences"]] == [uid]
    api.patch("podcpubindings", "direct", {"spec": {"cpuSet": cpu_set(64)}})
    refused = status_of(api, "direct", "InvalidCPUSet")
    assert refused["status"]["admitted"]["cpuSet"] == "0-1"
    assert "spec.cpuSet" in condition(refused, "Admitted")["message"]


def test_a_refused_binding_gets_other_cpus_of_its_node(api, start, agents):
    agents(1)
    quick = pod("quick", scheduler=NOBODY)
    quick["spec"]["nodeName"] = "node-0000"
    api.create("pods", quick)
    api.create("podcpubindings", a_binding("quick", cpuSet=cpu_set(*range(8)), exclusivenessLevel="CPU"))
    status_of(api, "quick", "Validated")
    slow = pod("slow", "2")
    slow["spec"]["nodeName"] = "node-0000"
    made = api.create("pods", slow)
    api.create("podcpubindings", on_node(owned_by(made, cpuSet=cpu_set(0, 2), exclusivenessLevel="CPU"), "node-0000"))
    status_of(api, "slow-pcb", "CPUSetAllocationFailed")
    leader = start()
    binding = status_of(api, "slow-pcb", "Validated")
    assert len(named(binding)) == 2 and not named(binding) & set(range(8))
    assert leader.metrics()["actimanager_bindings_replaced_total"] == 1


def test_a_binding_beside_one_made_by_hand_before_is_removed(api, start, agents):
    agents(1)
    there = pod("web", "2")
    there["spec"]["nodeName"] = "node-0000"
    made = api.create("pods", there)
    api.create("podcpubindings", a_binding("by-hand", podName="web", cpuSet=cpu_set(0, 1), exclusivenessLevel="CPU"))
    status_of(api, "by-hand", "Validated")
    api.create("podcpubindings", on_node(owned_by(made, cpuSet=cpu_set(2, 3), exclusivenessLevel="CPU"), "node-0000"))
    status_of(api, "web-pcb", "CPUSetAllocationFailed")
    start()
    eventually(lambda: not api.find("podcpubindings", "web-pcb"))
    assert status_of(api, "by-hand", "Validated")["metadata"]["generation"] == 1
    assert not events_of(api, made["metadata"]["uid"])


def test_a_refused_binding_takes_nothing_from_anybody(api, start, bound, agents):
    """Not from Pods that have CPUs, nor from those that are still to get some."""
    agents(1)
    start()
    for node in range(1, 8):
        api.patch("nodes", f"node-{node:04}", {"spec": {"unschedulable": True}})
    there = pod("greedy", scheduler=NOBODY)
    there["spec"]["nodeName"] = "node-0000"
    api.create("pods", there)
    api.create("podcpubindings", a_binding("greedy", cpuSet=cpu_set(*range(64)), exclusivenessLevel="NUMA"))
    status_of(api, "greedy", "CPUSetAllocationFailed")
    api.create("podcpubindings", on_node(a_binding("nobody", cpuSet=cpu_set(*range(64)), exclusivenessLevel="NUMA"), "node-0000"))
    status_of(api, "nobody", "PodNotFound")
    api.create("pods", pod("modest", "2"))
    assert len(named(bound("modest")["modest"].binding)) == 2


def test_where_there_are_no_other_cpus_the_pod_is_told(api, start, agents):
    agents(1)
    for name, cpus in (("quick", range(8)), ("passing", range(8, 63))):
        there = pod(name, scheduler=NOBODY)
        there["spec"]["nodeName"] = "node-0000"
        api.create("pods", there)
        api.create("podcpubindings", a_binding(name, cpuSet=cpu_set(*cpus), exclusivenessLevel="CPU"))
        status_of(api, name, "Validated")
    slow = pod("slow", "2")
    slow["spec"]["nodeName"] = "node-0000"
    made = api.create("pods", slow)
    api.create("podcpubindings", on_node(owned_by(made, cpuSet=cpu_set(0, 2), exclusivenessLevel="CPU"), "node-0000"))
    status_of(api, "slow-pcb", "CPUSetAllocationFailed")
    start()
    (event,) = eventually(lambda: events_of(api, made["metadata"]["uid"]))
    assert event["reason"] == "NoOtherCPUs"
    # Once there are, it gets them, whichever they are.
    api.delete("podcpubindings", "passing")
    assert not named(status_of(api, "slow-pcb", "Validated")) & set(range(8))


def test_the_topology_of_a_node_that_goes_is_garbage_collected(api, start, nodes):
    start()
    nodes("node-0101", ready=False)
    api.delete("nodes", "node-0101")
    eventually(lambda: not api.find("nodecputopologies", "node-0101-cputopology"))


def test_a_topology_says_whether_its_node_is_there(api, start, nodes):
    start()
    name = "node-0102-cputopology"
    api.create("nodecputopologies", a_topology(name, nodeName="node-0102"))
    try:
        def says(expected, reason):
            def reached():
                topology = api.get("nodecputopologies", name)
                assert topology.get("status", {}).get("resourceStatus") == expected, topology.get("status")
                assert condition(topology, "Ready")["reason"] == reason
                return topology
            return eventually(reached)

        found = says("NodeNotFound", "NodeNotFound")
        assert condition(found, "Ready")["message"] == 'spec.nodeName: there is no Node "node-0102"'
        nodes("node-0102", topology=False, ready=False)
        says("NeedsSync", "NeedsSync")
    finally:
        api.delete("nodecputopologies", name)


def test_an_agent_fills_a_topology_that_names_a_node_only(api, start, agents):
    start()
    api.delete("nodecputopologies", "node-0000-cputopology")
    api.create("nodecputopologies", a_topology("node-0000-cputopology", nodeName="node-0000"))
    agents(1)
    filled = eventually(lambda: (t := api.get("nodecputopologies", "node-0000-cputopology"))["spec"].get("topology") and t)
    assert filled["spec"]["topology"]["cpus"] == list(range(64))
    assert filled["metadata"]["ownerReferences"][0]["name"] == "node-0000"


@pytest.mark.parametrize("spec", ({}, {"podName": ""}, {"podName": "p", "cpuSet": "0-3", "exclusivenessLevel": "None"},
                                  {"podName": "p", "cpuSet": [{"cpuID": -1}], "exclusivenessLevel": "None"},
                                  {"podName": "p", "cpuSet": [], "exclusivenessLevel": "core"},
                                  {"podName": "p", "cpuSet": [{"cpu": 1}], "exclusivenessLevel": "Core"}))
def test_the_schema_refuses_what_is_no_binding(api, spec):
    with pytest.raises(Exception, match="422|400"):
        api.create("podcpubindings", {"apiVersion": f"{GROUP}/v1alpha1", "kind": "PodCPUBinding",
                                      "metadata": {"name": "garbage"}, "spec": spec})


def test_bindings_and_topologies_that_make_no_sense_hurt_nobody(api, start, bound, agents):
    """The schema takes these; the leader and the agent have to live with them."""
    start(config=configuration())
    (agent,) = agents(1)
    direct = pod("direct", scheduler=NOBODY)
    direct["spec"]["nodeName"] = "node-0000"
    api.create("pods", direct)
    for name, spec, expected in (("empty", {"cpuSet": []}, "InvalidCPUSet"),
                                 ("huge", {"cpuSet": cpu_set(2**31, 2**53, 2**63 - 1)}, "InvalidCPUSet"),
                                 ("container", {"containers": [{"name": "none", "cpuSet": cpu_set(63)}]}, "InvalidCPUSet")):
        binding = a_binding("direct", **spec)
        binding["metadata"]["name"] = name
        api.create("podcpubindings", binding)
        said = condition(status_of(api, name, expected), "Admitted")
        assert "spec.c" in said["message"], said
        api.delete("podcpubindings", name)
    good = api.get("nodecputopologies", "node-0006-cputopology")["spec"]["topology"]
    try:
        # Sockets without cores, cores whose CPUs are not in the socket, CPUs in two sockets.
        bad = {"sockets": {"0": {"cores": {"x": {"cpus": [1, 1, 2]}}, "cpus": [7]}, "1": {"cores": {}, "cpus": [1]}}, "numaNodes": {},
               "cpus": [1, 2, 3]}
        api.patch("nodecputopologies", "node-0006-cputopology", {"spec": {"topology": None}})
        api.patch("nodecputopologies", "node-0006-cputopology", {"spec": {"topology": bad}})
        api.create("pods", pod("there", node="node-0006"))
        said = eventually(lambda: condition(api.get("pods", "there"), "PodScheduled"))
        assert "had no CPU topology" in said["message"]
        api.create("pods", pod("elsewhere"))
        bound("elsewhere")
    finally:
        api.patch("nodecputopologies", "node-0006-cputopology", {"spec": {"topology": None}})
        api.patch("nodecputopologies", "node-0006-cputopology", {"spec": {"topology": good}})
    bound("there")
    assert agent.process.poll() is None
