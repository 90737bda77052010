"""What a replica's own token may write, and what it may not: RBAC and the admission policies, on a real API server."""

import json
import time

import pytest

from objects import GROUP, NAMESPACE, binding, topology
from paths import TOP

ROOT = f"/apis/{GROUP}/v1alpha1"
NODE_LABEL = f"{GROUP}/node-name"


@pytest.fixture(scope="module")
def tokens(api):
    """Tokens as the kubelets of two nodes would get them for their replicas; "" is bound to no Pod."""
    result = {"": api.kubectl("create", "token", "actimanager", "-n", NAMESPACE).strip()}
    for node in ("node-1", "node-2"):
        api.apply({"apiVersion": "v1", "kind": "Node", "metadata": {"name": node}})
        result[node] = api.replica_token(node, f"replica-{node}")
    return result


@pytest.fixture
def bound(api):
    """A binding on node-1 that its agent granted; its path."""
    api.run("delete", "pcb", "granted")
    obj = binding("granted")
    obj["metadata"]["labels"] = {NODE_LABEL: "node-1"}
    api.apply(obj)
    api.kubectl("patch", "pcb", "granted", "--subresource=status", "--type=merge", "-p",
                '{"status": {"resourceStatus": "Validated", "admitted": {"generation": 1, "cpuSet": "1"}}}')
    return f"{ROOT}/namespaces/default/podcpubindings/granted"


def test_topology_is_its_own_nodes_to_write(api, tokens):
    api.run("delete", "nct", "node-1-cputopology")
    obj = topology("node-1-cputopology", nodeName="node-1")
    path = f"{ROOT}/nodecputopologies"
    for other in ("node-2", ""):
        code, answer = api.request(tokens[other], "POST", path, obj)
        assert code == 403 and "may not write the topology of another node" in answer["message"]
    assert api.request(tokens["node-1"], "POST", path, obj)[0] == 201
    for token, code in (("node-2", 403), ("node-1", 200)):
        changed = api.request(tokens["node-1"], "GET", f"{path}/node-1-cputopology")[1]
        changed["spec"]["topology"] = {"cpus": [0]}
        assert api.request(tokens[token], "PUT", f"{path}/node-1-cputopology", changed)[0] == code


@pytest.fixture
def published(api):
    """The topology of node-1, as its agent published it; the path of its status."""
    api.run("delete", "nct", "node-1-cputopology")
    api.apply(topology("node-1-cputopology", nodeName="node-1"))
    api.kubectl("patch", "nct", "node-1-cputopology", "--subresource=status", "--type=merge", "-p",
                '{"status": {"resourceStatus": "Fresh", "internalIP": "10.0.0.1", "reservedCPUs": "0"}}')
    return f"{ROOT}/nodecputopologies/node-1-cputopology/status"


@pytest.mark.parametrize("claim", [{"reservedCPUs": "0-3"}, {"reservedCPUs": None}, {"internalIP": "10.0.0.2"},
                                   {"lastChangeTime": "2030-01-01T00:00:00Z"}, {"resourceStatus": "Failed"}])
def test_what_a_topology_says_of_its_node_is_the_own_agents(api, tokens, published, claim):
    for other in ("node-2", ""):
        code, answer = api.merge_patch(tokens[other], published, {"status": claim})
        assert code == 403 and 'not for the replica on node "' in answer["message"]
    assert api.merge_patch(tokens["node-1"], published, {"status": claim})[0] == 200


@pytest.mark.parametrize("word", ["NeedsSync", "NodeNotFound"])
def test_leader_says_that_no_agent_speaks_for_a_topology(api, tokens, published, word):
    ready = {"type": "Ready", "status": "False", "reason": word, "message": "", "lastTransitionTime": "2030-01-01T00:00:00Z"}
    status = {"status": {"resourceStatus": word, "conditions": [ready]}}
    assert api.merge_patch(tokens["node-2"], published, status)[0] == 200


@pytest.mark.parametrize("verdict", ["Applied", "InvalidCPUSet", "CPUSetAllocationFailed", "Failed"])
def test_verdict_is_the_own_agents(api, tokens, bound, verdict):
    status = {"status": {"resourceStatus": verdict}}
    for other in ("node-2", ""):
        code, answer = api.merge_patch(tokens[other], bound + "/status", status)
        assert code == 403 and 'is for the agent of node "node-1" to say' in answer["message"]
    assert api.merge_patch(tokens["node-1"], bound + "/status", status)[0] == 200


@pytest.mark.parametrize("released", [{}, {"admitted": None}])
@pytest.mark.parametrize("verdict", ["Pending", "PodNotFound", "NodeTopologyNotFound"])
def test_leader_says_what_no_agent_can(api, tokens, bound, verdict, released):
    status = {"status": {"resourceStatus": verdict, **released}}
    assert api.merge_patch(tokens["node-2"], bound + "/status", status)[0] == 200


def test_granted_cpus_are_not_changed_by_another_node(api, tokens, bound):
    grab = {"status": {"admitted": {"cpuSet": "0-7"}}}
    code, answer = api.merge_patch(tokens["node-2"], bound + "/status", grab)
    assert code == 403 and "status.admitted" in answer["message"]


def test_granted_binding_keeps_its_node(api, tokens, bound):
    move = {"metadata": {"labels": {NODE_LABEL: "node-2"}}}
    code, answer = api.merge_patch(tokens["node-2"], bound, move)
    assert code == 403 and NODE_LABEL in answer["message"]


def test_leader_gives_a_binding_other_cpus(api, tokens, bound):
    assert api.merge_patch(tokens["node-2"], bound, {"spec": {"cpuSet": [{"cpuID": 2}]}})[0] == 200


def test_agent_labels_a_hand_made_binding(api, tokens):
    api.run("delete", "pcb", "hand-made")
    api.apply(binding("hand-made"))
    path = f"{ROOT}/namespaces/default/podcpubindings/hand-made"
    assert api.merge_patch(tokens["node-2"], path, {"metadata": {"labels": {NODE_LABEL: "node-2"}}})[0] == 200
    assert api.merge_patch(tokens["node-2"], path + "/status", {"status": {"resourceStatus": "Applied"}})[0] == 200


def test_only_a_pod_that_says_so_is_evicted(api, tokens):
    api.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "victim", "namespace": "default"},
               "spec": {"schedulerName": "nobody", "containers": [{"name": "c", "image": "none"}]}})
    path = "/api/v1/namespaces/default/pods/victim"
    code, answer = api.request(tokens["node-1"], "DELETE", path)
    assert code == 403 and "only a Pod whose condition DisruptionTarget says" in answer["message"]
    # One without a time, or of long ago, is taken back by the disruption controller.
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    target = {"type": "DisruptionTarget", "status": "True", "lastTransitionTime": now}
    for reason, expected in (("EvictionByEvictionAPI", 403), ("PreemptionByScheduler", 200)):
        status = {"status": {"conditions": [target | {"reason": reason}]}}
        assert api.merge_patch(tokens["node-1"], f"{path}/status", status)[0] == 200
        assert api.request(tokens["node-1"], "DELETE", path)[0] == expected


@pytest.fixture(scope="module")
def waiting(api):
    """A Pod that runs, as its kubelet has said; the path of its status."""
    api.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "waiting", "namespace": "default"},
               "spec": {"schedulerName": "nobody", "containers": [{"name": "c", "image": "none"}]}})
    api.kubectl("patch", "pod", "waiting", "--subresource=status", "-p", json.dumps(
        {"status": {"phase": "Running", "podIP": "10.1.0.1", "conditions": [{"type": "Ready", "status": "False"}]}}))
    return "/api/v1/namespaces/default/pods/waiting/status"


@pytest.mark.parametrize("claim", [
    {"phase": "Failed"}, {"podIP": "10.2.0.2"}, {"podIPs": [{"ip": "10.1.0.1"}, {"ip": "fd00::1"}]}, {"hostIP": "10.9.0.1"},
    {"containerStatuses": [{"name": "c", "ready": True, "restartCount": 0, "image": "none", "imageID": "none"}]},
    {"reason": "Evicted"}, {"conditions": [{"type": "Ready", "status": "True"}]}, {"conditions": []}])
def test_what_a_pods_status_says_of_it_is_its_kubelets(api, tokens, waiting, claim):
    code, answer = api.merge_patch(tokens["node-1"], waiting, {"status": claim})
    assert code == 403 and "are a scheduler's to write" in answer["message"], answer


@pytest.mark.parametrize("meta", [{"labels": {"app": "another"}}, {"annotations": {"a": "b"}}, {"finalizers": ["example.com/kept"]}])
def test_a_pod_is_not_edited_by_way_of_its_status(api, tokens, waiting, meta):
    code, answer = api.merge_patch(tokens["node-1"], waiting, {"metadata": meta})
    assert code == 403 and "are not a scheduler's to write" in answer["message"], answer


def test_leader_says_why_a_pod_is_not_placed(api, tokens, waiting):
    said = {"conditions": [{"type": "Ready", "status": "False"},
                           {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "no room"}],
            "nominatedNodeName": "node-1"}
    code, answer = api.merge_patch(tokens["node-1"], waiting, {"status": said})
    assert code == 200 and answer["status"]["nominatedNodeName"] == "node-1", answer
    assert "PodScheduled" in [condition["type"] for condition in answer["status"]["conditions"]]


def test_lease_is_taken_in_the_own_name(api, tokens):
    path = f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases"
    api.run("delete", "lease", "actimanager", "-n", NAMESPACE)

    def lease(holder):
        return {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "actimanager"},
                "spec": {"holderIdentity": holder, "leaseDurationSeconds": 15}}

    assert api.request(tokens["node-2"], "POST", path, lease("node-1_x"))[0] == 403
    assert api.request(tokens["node-2"], "POST", path, lease("node-2_x"))[0] == 201
    for holder, code in (("replica-node-1_x", 200), ("", 200), ("node-2_x", 403), ("node-1", 403), ("x", 403)):
        held = api.request(tokens["node-1"], "GET", f"{path}/actimanager")[1]
        held["spec"]["holderIdentity"] = holder
        assert api.request(tokens["node-1"], "PUT", f"{path}/actimanager", held)[0] == code
    assert api.request(tokens["node-1"], "GET", f"{path}/another")[0] == 403
    assert api.request(tokens["node-1"], "DELETE", f"{path}/actimanager")[0] == 403


@pytest.mark.parametrize(
    "verb, resource, allowed",
    [
        ("create", "pods/binding", True), ("patch", "pods/status", True), ("list", "pods", True), ("get", "pods", True),
        ("watch", "nodes", True), ("get", "nodes", False),
        ("delete", f"podcpubindings.{GROUP}", True), ("create", "events", True), ("create", "events.events.k8s.io", False),
        ("delete", "pods", True), ("deletecollection", "pods", False), ("create", "pods/eviction", False),
        ("list", "poddisruptionbudgets.policy", True), ("get", "poddisruptionbudgets.policy", False),
        ("create", "pods", False), ("patch", "nodes", False), ("get", "secrets", False),
        ("list", "configmaps", False), ("delete", f"nodecputopologies.{GROUP}", True), ("create", "pods/exec", False),
        ("deletecollection", f"podcpubindings.{GROUP}", False), ("list", "leases.coordination.k8s.io", False),
        # What Pods' rules about each other name.
        *((verb, resource, verb != "get")
          for resource in ("namespaces", "services", "replicationcontrollers", "replicasets.apps", "statefulsets.apps")
          for verb in ("list", "watch", "get")),
        ("list", "deployments.apps", False), ("list", "endpoints", False), ("patch", "services", False),
    ],
)
def test_least_privilege(api, verb, resource, allowed):
    resource, _, below = resource.partition("/")
    answer = api.run("auth", "can-i", verb, resource, *([f"--subresource={below}"] if below else []),
                     "-n", "default", f"--as=system:serviceaccount:{NAMESPACE}:actimanager").stdout.strip()
    assert answer == ("yes" if allowed else "no")


def can(api, user, verb, resource, subresource=""):
    return api.run("auth", "can-i", verb, f"{resource}.{GROUP}", f"--subresource={subresource}", "-n", "people",
                   f"--as={user}").stdout.strip() == "yes"


def test_who_may_edit_bindings_may_not_judge_them(api):
    api.run("create", "namespace", "people")
    api.run("create", "rolebinding", "editor", "-n", "people", "--clusterrole=actimanager-edit", "--user=editor")
    assert can(api, "editor", "create", "podcpubindings") and can(api, "editor", "list", "podcpubindings")
    assert not can(api, "editor", "update", "podcpubindings", "status")
    assert not can(api, "editor", "create", "nodecputopologies")


def test_who_may_view_a_namespace_sees_its_bindings(api):
    api.run("create", "namespace", "people")
    api.run("create", "rolebinding", "viewer", "-n", "people", "--clusterrole=view", "--user=viewer")
    deadline = time.monotonic() + 30  # the controller that aggregates roles comes to it in its own time
    while not can(api, "viewer", "list", "podcpubindings"):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert not can(api, "viewer", "create", "podcpubindings")


def leader_is_no_agent(api, published, path):
    """Whatever node it is on, a leader by itself says nothing that is an agent's to say."""
    leader = api.replica_token("node-1", "leader-1", account="actimanager-leader")
    assert api.merge_patch(leader, path, {"spec": {"cpuSet": [{"cpuID": 3}]}})[0] == 200
    for status in ({"resourceStatus": "Applied"}, {"admitted": {"cpuSet": "0-7"}}):
        if "admitted" not in status:
            assert api.merge_patch(leader, path + "/status", {"status": {"resourceStatus": "Pending"}})[0] == 200
        code, answer = api.merge_patch(leader, path + "/status", {"status": status})
        assert code == 403 and "for the agent of node" in answer["message"], answer
    assert api.merge_patch(leader, published, {"status": {"resourceStatus": "NeedsSync"}})[0] == 200
    for status in ({"resourceStatus": "Fresh"}, {"reservedCPUs": "0-3"}):
        assert api.merge_patch(leader, published, {"status": status})[0] == 403
    leases = f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases"
    api.run("delete", "lease", "actimanager", "-n", NAMESPACE)
    for holder, expected in (("another_x", 403), ("leader-1_x", 201)):
        lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "actimanager"},
                 "spec": {"holderIdentity": holder, "leaseDurationSeconds": 15}}
        assert api.request(leader, "POST", leases, lease)[0] == expected


def test_agents_that_never_lead(api, tokens, published):
    """manifests/separate-leader: the same objects, less for the nodes' account to do."""
    separate = TOP / "manifests" / "separate-leader"
    api.run("delete", "pcb", "granted")
    api.apply(binding("granted"))
    path = f"{ROOT}/namespaces/default/podcpubindings/granted"
    api.kubectl("apply", "-k", str(separate))
    try:
        deadline = time.monotonic() + 30  # policies take effect a moment after they are stored
        while api.merge_patch(tokens["node-1"], path, {"spec": {"cpuSet": [{"cpuID": 7}]}})[0] != 403:
            assert time.monotonic() < deadline
            time.sleep(0.2)
        own = {"metadata": {"labels": {NODE_LABEL: "node-1"}}}
        assert api.merge_patch(tokens["node-2"], path, own)[0] == 403
        assert api.merge_patch(tokens["node-1"], path, own)[0] == 200
        owner = {"apiVersion": "v1", "kind": "Node", "name": "node-1", "uid": api.get("node", "node-1")["metadata"]["uid"]}
        owned = {"metadata": {"ownerReferences": [owner]}}
        assert api.merge_patch(tokens["node-1"], path, owned)[0] == 200
        assert api.merge_patch(tokens["node-2"], path + "/status", {"status": {"resourceStatus": "Pending"}})[0] == 403
        assert api.merge_patch(tokens["node-1"], path + "/status", {"status": {"resourceStatus": "Applied"}})[0] == 200
        # Nor is another node's binding that is not granted yet taken over.
        taken = {"metadata": {"labels": {NODE_LABEL: "node-2"}}}
        assert api.merge_patch(tokens["node-2"], path, taken)[0] == 403
        assert api.merge_patch(tokens["node-2"], published, {"status": {"resourceStatus": "NeedsSync"}})[0] == 403
        assert api.merge_patch(tokens["node-1"], published, {"status": {"reservedCPUs": "0-1"}})[0] == 200
        assert api.request(tokens["node-1"], "DELETE", path)[0] == 403
        leases = f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases/actimanager"
        assert api.request(tokens["node-1"], "GET", leases)[0] == 403
        leader_is_no_agent(api, published, path)
    finally:
        files = [f"-f={separate / name}.yaml" for name in ("agent", "admission-policy", "leader")]
        api.kubectl("delete", *files)
        api.kubectl("apply", "-k", str(TOP / "manifests" / "default"))
