"""Pods that are resized in place: their bindings follow, unless somebody has set them by hand."""

import pytest

import placements
from kernel import parse_cpus
from objects import GROUP, condition, cpu_set, named, pod
from objects import binding as a_binding
from conftest import configuration
from rest import STRATEGIC, eventually, path

NODE = "node-0000"  # two sockets with a NUMA node each, 16 cores each; CPU n and n+1 are siblings
NOBODY = "nobody"


def report(api, name: str, cpu: str) -> None:
    """Says of the Pod what its kubelet would: that its container has so much."""
    statuses = eventually(lambda: api.get("pods", name)["status"].get("containerStatuses"))
    statuses[0] |= {"resources": {"requests": {"cpu": cpu}}, "allocatedResources": {"cpu": cpu}}
    api.patch("pods", name, {"status": {"containerStatuses": statuses}}, sub="status")


def resize(api, name: str, cpu: str) -> None:
    """As a user asks for it, and a kubelet does it. Without a kubelet's word on what a Pod has, it is not to be had."""
    report(api, name, api.get("pods", name)["spec"]["containers"][0]["resources"]["requests"]["cpu"])
    api.patch("pods", name, {"spec": {"containers": [{"name": "main", "resources": {"requests": {"cpu": cpu}}}]}},
              sub="resize", how=STRATEGIC)
    report(api, name, cpu)


def becomes(api, name: str, count: int) -> dict:
    """The Pod's binding, once it names as many CPUs."""
    def reached():
        binding = api.get("podcpubindings", f"{name}-pcb")
        assert len(named(binding)) == count, binding
        return binding

    return eventually(reached)


def says(api, name: str, status: str, reason: str) -> dict:
    """What the binding's condition says, once it does."""
    def reached():
        said = condition(api.get("podcpubindings", name), "MatchesRequest")
        assert (said.get("status"), said.get("reason")) == (status, reason), said
        return said

    return eventually(reached)


def check(api, *features: str) -> None:
    placements.check(api.all("pods"), api.all("podcpubindings"), api.all("nodecputopologies"), set(features), shapes=False)


def halves(cpus: set[int]) -> tuple[int, int]:
    """How many are in each of the two sockets."""
    return sum(1 for cpu in cpus if cpu < 32), sum(1 for cpu in cpus if cpu >= 32)


@pytest.mark.parametrize("judged", (False, True), ids=("without-agent", "with-agent"))
@pytest.mark.parametrize("workload", ("cpu-bound", "memory-bound", "io-bound"))
def test_a_binding_grows_and_shrinks_with_its_pod(api, start, bound, agents, workload, judged):
    leader = start()
    if judged:
        agents(1)
    api.create("pods", pod("web", "2", workload, node=NODE))
    first = bound("web")["web"].cpus
    resize(api, "web", "5500m")
    grown = becomes(api, "web", 6)
    assert first < named(grown)
    assert len({cpu // 2 for cpu in named(grown)}) == (3 if workload == "io-bound" else 6)
    assert halves(named(grown)) in (((3, 3),) if workload == "memory-bound" else ((6, 0), (0, 6)))
    if judged:
        eventually(lambda: len(parse_cpus(api.get("podcpubindings", "web-pcb")["status"]["admitted"]["cpuSet"])) == 6)
    resize(api, "web", "3")
    shrunk = becomes(api, "web", 3)
    assert named(shrunk) < named(grown)
    check(api)
    assert leader.metrics()["actimanager_bindings_resized_total"] == 2
    assert not condition(api.get("podcpubindings", "web-pcb"), "MatchesRequest"), "nothing was ever amiss"


def test_whole_cores_and_sockets_are_kept_whole(api, start, bound):
    features = ("PhysicalCores", "MemoryBoundExclusiveSockets")
    start(config=configuration(features=features))
    api.create("pods", pod("cores", "2", node=NODE))
    cores = bound("cores")["cores"]
    assert cores.level == "Core"
    api.create("pods", pod("socket", "2", "memory-bound", node=NODE))
    socket = bound("socket")["socket"]
    assert socket.level == "Socket"
    # No other socket is free, but its own has room.
    resize(api, "socket", "20")
    assert halves(named(becomes(api, "socket", 20))) in ((20, 0), (0, 20))
    resize(api, "cores", "4")
    assert len({cpu // 2 for cpu in named(becomes(api, "cores", 4))}) == 4
    check(api, *features)


def test_where_there_are_no_cpus_it_says_so_and_gets_them_later(api, start, bound):
    start()
    api.create("pods", pod("web", "2", level="Core", node=NODE))
    has = bound("web")["web"].cpus
    api.create("pods", pod("big", "28", level="Core", node=NODE))
    bound("big")
    uid = api.get("pods", "web")["metadata"]["uid"]
    resize(api, "web", "8")
    said = says(api, "web-pcb", "False", "NoFreeCPUs")
    assert said["message"] == "the Pod asks for 8 CPUs and has 2: its node has no 6 more idle physical cores"
    assert named(api.get("podcpubindings", "web-pcb")) == has
    (event,) = eventually(lambda: [e for e in api.all("events")
                                   if e["involvedObject"]["uid"] == uid and e["reason"] == "NoFreeCPUs"])
    assert (event["type"], event["message"]) == ("Warning", said["message"])
    api.delete("pods", "big", grace=0)
    assert has < named(becomes(api, "web", 8))
    says(api, "web-pcb", "True", "Matches")
    check(api)


def test_the_next_leader_gives_what_the_last_could_not(api, start, bound):
    first = start()
    api.create("pods", pod("web", "2", level="Core", node=NODE))
    bound("web")
    api.create("pods", pod("big", "28", level="Core", node=NODE))
    bound("big")
    resize(api, "web", "8")
    says(api, "web-pcb", "False", "NoFreeCPUs")
    first.kill()
    api.delete("pods", "big", grace=0)
    resize(api, "web", "6")
    start()
    becomes(api, "web", 6)
    says(api, "web-pcb", "True", "Matches")


def test_what_was_set_by_hand_is_left_alone(api, start, bound):
    start()
    direct = pod("direct", "2", scheduler=NOBODY)
    direct["spec"]["nodeName"] = NODE
    api.create("pods", direct)
    api.create("podcpubindings", {**a_binding("direct", cpuSet=cpu_set(40), exclusivenessLevel="CPU"),
                                  "metadata": {"name": "direct-pcb"}})
    api.create("pods", pod("edited", "2", node=NODE))
    api.create("pods", pod("split", "2", node=NODE))
    api.create("pods", pod("last", "2", node=NODE))
    bound("edited", "split", "last")
    api.patch("podcpubindings", "edited-pcb", {"spec": {"cpuSet": cpu_set(50, 51, 52)}})
    part = sorted(named(api.get("podcpubindings", "split-pcb")))[:1]
    api.patch("podcpubindings", "split-pcb", {"spec": {"containers": [{"name": "main", "cpuSet": cpu_set(*part)}]}})
    left = {name: api.get("podcpubindings", f"{name}-pcb")["spec"] for name in ("direct", "edited", "split")}
    for name in (*left, "last"):
        resize(api, name, "4")
    # Looked at after all of them.
    becomes(api, "last", 4)
    assert {name: api.get("podcpubindings", f"{name}-pcb")["spec"] for name in left} == left


def test_a_condition_does_not_outlive_an_edit_by_hand(api, start, bound):
    start()
    api.create("pods", pod("web", "2", level="Core", node=NODE))
    bound("web")
    resize(api, "web", "40")
    says(api, "web-pcb", "False", "NoFreeCPUs")
    api.patch("podcpubindings", "web-pcb", {"spec": {"cpuSet": cpu_set(50, 51, 52)}})
    says(api, "web-pcb", "Unknown", "EditedByHand")


def test_an_edit_that_is_refused_gives_way_to_other_cpus(api, start, bound, agents):
    """The agent knows what the leader did not when it chose: a binding that was granted meanwhile."""
    (agent,) = agents(1)
    first = start()
    api.create("pods", pod("web", "2", node=NODE, workload="io-bound"))
    has = bound("web")["web"].cpus
    eventually(lambda: api.get("podcpubindings", "web-pcb").get("status", {}).get("admitted"))
    first.kill()
    # As a leader would have edited it that was not told of the other one.
    quick = pod("quick", scheduler=NOBODY)
    quick["spec"]["nodeName"] = NODE
    api.create("pods", quick)
    core = max(has) + 1
    api.create("podcpubindings", a_binding("quick", cpuSet=cpu_set(core, core + 1), exclusivenessLevel="CPU"))
    eventually(lambda: api.get("podcpubindings", "quick").get("status", {}).get("admitted"))
    edit = sorted(has | {core, core + 1})
    text = f"{min(edit)}-{max(edit)}"
    resize(api, "web", "4")
    api.patch("podcpubindings", "web-pcb", {"metadata": {"annotations": {f"{GROUP}/placed": f"CPU {text}"}},
                                            "spec": {"cpuSet": cpu_set(*edit)}})
    eventually(lambda: api.get("podcpubindings", "web-pcb")["status"]["resourceStatus"] == "CPUSetAllocationFailed")
    start()

    def granted():
        binding = api.get("podcpubindings", "web-pcb")
        assert binding["status"]["resourceStatus"] == "Validated", binding["status"]
        return binding

    binding = eventually(granted)
    assert len(named(binding)) == 4 and has < named(binding)
    assert not named(binding) & {core, core + 1}
    assert agent.process.poll() is None


def test_resizes_and_placements_at_the_same_time_share_no_cpu(api, start, bound):
    """62 of the 63 CPUs that can be had are wanted: no room for a CPU that is counted twice, or not at all."""
    start()
    names = [f"r{i}" for i in range(8)]
    api.create_many("pods", [pod(name, "1", "io-bound", node=NODE) for name in names])
    bound(*names)
    before = api.request("GET", path("podcpubindings"))
    held = {b["metadata"]["name"]: named(b) for b in before["items"]}
    api.create_many("pods", [pod(f"n{i}", "1", "io-bound", node=NODE) for i in range(11)])
    for name in names:
        resize(api, name, "5")
    api.create_many("pods", [pod(f"m{i}", "1", "io-bound", node=NODE) for i in range(11)])

    def all_have_theirs():
        sizes = [len(named(b)) for b in api.all("podcpubindings")]
        assert len(sizes) == 30 and sum(sizes) == 62, sizes
        return True

    eventually(all_have_theirs, 60)
    for event in api.watch("podcpubindings", "default", before["metadata"]["resourceVersion"], 3):
        held[event["object"]["metadata"]["name"]] = named(event["object"])
        assert sum(map(len, held.values())) == len(set().union(*held.values())), (event, held)
    check(api)


def test_a_leader_that_dies_in_the_middle_leaves_it_to_the_next(api, start, bound):
    first = start()
    names = [f"p{i}" for i in range(20)]
    api.create_many("pods", [pod(name, "1", "io-bound", node=NODE) for name in names])
    bound(*names)
    for name in names:
        resize(api, name, "3")
        if name == names[len(names) // 2]:
            eventually(lambda: any(len(named(b)) == 3 for b in api.all("podcpubindings")))
            first.kill()
    sizes = [len(named(b)) for b in api.all("podcpubindings")]
    assert 1 in sizes and 3 in sizes, "it was in the middle"
    start()
    for name in names:
        becomes(api, name, 3)
    check(api)
