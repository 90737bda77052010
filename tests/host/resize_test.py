"""Pods that a real kubelet resizes in place: the kernel shows as many CPUs as they ask for, where there are as many."""

from kernel import parse_cpus
from objects import condition
from rest import eventually


def applied(node, name: str, count: int) -> set[int]:
    """The CPUs of the Pod's binding, once as many have been granted and seen."""
    def seen():
        status = node.wait_status(f"{name}-pcb", "Applied")
        found = parse_cpus(status["admitted"]["cpuSet"])
        return found if len(found) == count else None

    return eventually(seen, 30)


def test_a_resized_pod_runs_on_as_many_cpus_as_it_asks_for(node, agent):
    uid = node.run("sized", scheduler="maestro", workload="io-bound", level="None", cpu="900m")
    first = applied(node, "sized", 1)
    node.wait_on(uid, first)
    node.resize("sized", "1100m")
    grown = applied(node, "sized", 2)
    assert first < grown
    node.wait_on(uid, grown)
    # Given back when the kubelet says that it is done.
    node.resize("sized", "900m")
    shrunk = applied(node, "sized", 1)
    assert shrunk < grown
    node.wait_on(uid, shrunk)


def test_a_pod_that_cannot_have_more_keeps_what_it_has_and_says_so(node, agent):
    count = len(node.cpus)
    uid = node.run("sized", scheduler="maestro", workload="io-bound", level="CPU", cpu="600m")
    has = applied(node, "sized", 1)
    # One CPU stays in the shared pool.
    node.resize("sized", f"{count - 1}100m")

    def said():
        found = condition(node.api.get("pcb", "sized-pcb"), "MatchesRequest")
        return found if found.get("status") == "False" else None

    message = eventually(said, 20)["message"]
    assert message.startswith(f"the Pod asks for {count} CPUs and has 1: its node has no {count - 1} more free CPU"), message
    node.wait_on(uid, has)
    node.resize("sized", "600m")
    eventually(lambda: condition(node.api.get("pcb", "sized-pcb"), "MatchesRequest")["status"] == "True", 20)
