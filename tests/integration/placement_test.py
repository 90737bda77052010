"""Which CPUs a Pod gets, by its class, the profile's policy and features, and its annotation."""

import itertools

import pytest

import placements
from conftest import NODES, configuration
from objects import condition, pod
from rest import eventually

CLASSES = ("memory-bound", "cpu-bound", "io-bound", "best-effort")
FEATURES = ("PhysicalCores", "MemoryBoundExclusiveSockets", "BestEffortSharedCPUs")
FEATURE_SETS = [set(chosen) for count in range(4) for chosen in itertools.combinations(FEATURES, count)]


def place(api, bound, *pods: dict) -> dict:
    """One after the other, so that each finds the machine as the ones before have left it."""
    for obj in pods:
        api.create("pods", obj)
        bound(obj["metadata"]["name"])
    return bound(*(obj["metadata"]["name"] for obj in pods))


def check_all(api, features: set[str], shapes: bool = True) -> None:
    placements.check(api.all("pods"), api.all("podcpubindings"), api.all("nodecputopologies"), features, shapes)


@pytest.mark.parametrize("features", FEATURE_SETS, ids=lambda f: "+".join(sorted(f)) or "no feature")
@pytest.mark.parametrize("policy", ("MaximumUtilization", "Balanced"))
def test_every_class_gets_its_cpus(api, start, bound, policy, features):
    start(config=configuration(policy, features))
    pods = [pod(f"{workload}-{i}", cpu, workload) for i, cpu in enumerate(("4", "1500m", "3")) for workload in CLASSES]
    placed = place(api, bound, *pods)
    check_all(api, features)
    used = [p.node for p in placed.values()]
    if policy == "Balanced":
        # The emptiest node each time: all are used before one is used again.
        assert len(set(used[:NODES])) == NODES
    elif "MemoryBoundExclusiveSockets" not in features:
        # The fullest that fits, and all of these fit on one.
        assert len(set(used)) == 1
    else:
        # A memory-bound Pod has a socket to itself, and one socket of each node has to stay for the shared pool.
        assert len(set(used)) == 3


def test_a_memory_bound_pod_is_spread_evenly(api, start, bound):
    start(config=configuration())
    placed = place(api, bound, pod("odd", "5", "memory-bound", node="node-0000"),
                   pod("large", "32", "memory-bound", node="node-0001"))
    check_all(api, set())
    machine = placements.Machine(api.get("nodecputopologies", "node-0000-cputopology")["spec"]["topology"])
    assert sorted(machine.per_socket(placed["odd"].cpus)) == [2, 3]
    assert machine.per_socket(placed["large"].cpus) == [16, 16]
    # There are cores enough for a thread each.
    assert [max(machine.per_core(placed[name].cpus)) for name in ("odd", "large")] == [1, 1]


def test_a_cpu_bound_pod_larger_than_a_socket_takes_cores_of_both(api, start, bound):
    start(config=configuration())
    placed = place(api, bound, pod("large", "20", "cpu-bound"))
    machine = placements.Machine(api.get("nodecputopologies", "node-0000-cputopology")["spec"]["topology"])
    assert len(placed["large"].cpus) == 20 and max(machine.per_core(placed["large"].cpus)) == 1


def test_io_bound_pods_fill_the_cores_others_have_begun(api, start, bound):
    start(config=configuration())
    placed = place(api, bound, pod("first", "3", "io-bound"), pod("second", "1", "io-bound"))
    machine = placements.Machine(api.get("nodecputopologies", "node-0000-cputopology")["spec"]["topology"])
    assert placed["first"].node == placed["second"].node
    assert machine.per_core(placed["first"].cpus | placed["second"].cpus) == [2, 2]


def test_best_effort_pods_may_share_one_cpu(api, start, bound):
    start(config=configuration(features=["BestEffortSharedCPUs"]))
    placed = place(api, bound, *(pod(f"p{i}", "100m", "best-effort") for i in range(4)))
    assert {p.level for p in placed.values()} == {"None"}
    assert all(len(p.cpus) == 1 for p in placed.values())
    assert len(set().union(*(p.cpus for p in placed.values()))) < 4
    # Somebody who wants a machine's CPUs for himself is kept off them.
    place(api, bound, pod("large", "30", "cpu-bound", node=placed["p0"].node))
    check_all(api, {"BestEffortSharedCPUs"}, shapes=False)


def test_a_pod_without_label_is_cpu_bound(api, start, bound):
    start(config=configuration())
    placed = place(api, bound, pod("plain", "4"), pod("empty", "0"))
    check_all(api, set())
    assert len(placed["plain"].cpus) == 4 and len(placed["empty"].cpus) == 1


def test_the_most_that_a_pod_needs_at_once_counts(api, start, bound):
    """Sidecars run beside the others, init containers before them."""
    start(config=configuration())
    several = pod("several", "500m")
    several["spec"]["containers"].append({"name": "second", "image": "simulated", "resources": {"requests": {"cpu": "1200m"}}})
    several["spec"]["initContainers"] = [
        {"name": "side", "image": "simulated", "restartPolicy": "Always", "resources": {"requests": {"cpu": "400m"}}},
        {"name": "first", "image": "simulated", "resources": {"requests": {"cpu": "3100m"}}}]
    placed = place(api, bound, several)
    assert len(placed["several"].cpus) == 4


@pytest.mark.parametrize("workload", CLASSES)
@pytest.mark.parametrize("level", ("None", "CPU", "Core", "Socket", "NUMA"))
def test_the_annotation_sets_the_level(api, start, bound, level, workload):
    start(config=configuration(features=FEATURES))
    placed = place(api, bound, pod("isolated", "4", workload, level), pod("other", "2", "cpu-bound", node="node-0000"))
    check_all(api, set(FEATURES))
    assert placed["isolated"].level == level


def test_isolated_pods_get_whole_free_sockets(api, start, bound):
    start(config=configuration(features=["PhysicalCores"]))
    placed = place(api, bound, pod("one", "2", level="Socket", node="node-0003"), pod("small", "1", node="node-0003"))
    check_all(api, {"PhysicalCores"})
    api.create("pods", pod("two", "2", level="Socket", node="node-0003"))
    refused = eventually(lambda: condition(api.get("pods", "two"), "PodScheduled"))
    assert (refused["status"], refused["reason"]) == ("False", "Unschedulable")
    assert "had no 2 cores in free whole sockets" in refused["message"]
    api.delete("pods", "one", grace=0)
    two = bound("two")["two"]
    machine = placements.Machine(api.get("nodecputopologies", "node-0003-cputopology")["spec"]["topology"])
    assert machine.per_socket(two.cpus) == machine.per_socket(placed["one"].cpus)


def refusal(api, name: str) -> str:
    """What a refused Pod's condition says; its event says the same."""
    found = eventually(lambda: condition(api.get("pods", name), "PodScheduled"))
    assert (found["status"], found["reason"]) == ("False", "Unschedulable"), found
    uid = api.get("pods", name)["metadata"]["uid"]
    (event,) = eventually(lambda: [e for e in api.all("events") if e["involvedObject"]["uid"] == uid])
    assert (event["type"], event["reason"], event["message"]) == ("Warning", "FailedScheduling", found["message"])
    return found["message"]


def test_an_unknown_level_is_refused_by_name(api, start):
    start()
    api.create("pods", pod("odd", level="Kore"))
    assert 'annotation cslab.ece.ntua.gr/exclusiveness-level: "Kore" is not one of None, CPU, Core, Socket, NUMA' in refusal(api, "odd")
    assert not api.all("podcpubindings")


def test_an_unknown_class_is_refused_by_name(api, start):
    start()
    api.create("pods", pod("odd", workload="memory_bound"))
    assert ('label cslab.ece.ntua.gr/workload-type: "memory_bound" is not one of memory-bound, cpu-bound, io-bound, best-effort'
            in refusal(api, "odd"))
    assert not api.all("podcpubindings")


def test_a_corrected_label_is_taken(api, start, bound):
    start()
    api.create("pods", pod("odd", workload="typo"))
    refusal(api, "odd")
    api.patch("pods", "odd", {"metadata": {"labels": {"cslab.ece.ntua.gr/workload-type": "io-bound"}}})
    bound("odd")


# As installed with the project this one is compatible with, but for its paths.
OLD = """\
apiVersion: kubescheduler.config.k8s.io/{version}
kind: KubeSchedulerConfiguration
leaderElection:
  leaderElect: false
clientConnection:
  kubeconfig: /etc/kubernetes/scheduler.conf
profiles:
  - schedulerName: maestro
    plugins:
      preFilter:
        enabled:
          - name: WorkloadAware
      filter:
        enabled:
          - name: TaintToleration
          - name: WorkloadAware
      score:
        enabled:
          - name: WorkloadAware
      bind:
        enabled:
          - name: WorkloadAware
        disabled:
            - name: '*'
    pluginConfig:
      - name: WorkloadAware
        args:
          policy: {policy}
          features:
            - PhysicalCores
#            - BestEffortSharedCPUs
#            - MemoryBoundExclusiveSockets
"""


@pytest.mark.parametrize("version", ("v1beta2", "v1beta3", "v1"))
@pytest.mark.parametrize("policy", ("Balanced", "PolicyBalanced", "MaximumUtilization", "PolicyMaximumUtilization"))
def test_an_existing_configuration_works_unchanged(api, start, bound, version, policy):
    start(config=OLD.format(version=version, policy=policy))
    placed = place(api, bound, *(pod(f"{workload}-{i}", "2", workload) for i in range(2) for workload in CLASSES))
    check_all(api, {"PhysicalCores"})
    assert len({p.node for p in placed.values()}) == (NODES if "Balanced" in policy else 1)
