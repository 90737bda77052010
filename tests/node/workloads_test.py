"""A Pod of each workload class, placed by the scheduler, in the guest's kernel; and what leaves it as it is."""

import time

import pytest

from guest import CPUS, NUMA, PATIENCE, numa_nodes
from kernel import parse_cpus
from rest import eventually

REQUESTS = {"memory-bound": "2", "cpu-bound": "2", "io-bound": "2", "best-effort": "1"}
# One container is what most have.
CONTAINERS = {"memory-bound": ("main", "second")}


class Placed:
    """The Pods, what was granted to each, and the one that is left with the shared pool."""

    def __init__(self, guest):
        self.guest = guest
        guest.create("shared")
        for workload, cpu in REQUESTS.items():
            guest.create(workload, *CONTAINERS.get(workload, ()), scheduler="maestro", workload=workload, cpu=cpu)
        self.status = {workload: guest.applied(f"{workload}-pcb") for workload in REQUESTS}
        self.cpus = {workload: parse_cpus(status["admitted"]["cpuSet"]) for workload, status in self.status.items()}
        exclusive = (parse_cpus(status["admitted"].get("exclusiveCPUs", "")) for status in self.status.values())
        self.pool = CPUS - frozenset().union(*exclusive)
        self.uids = {name: guest.uid(name) for name in ("shared", *REQUESTS)}

    def hold(self) -> None:
        """All as it was granted, now."""
        for workload, cpus in self.cpus.items():
            self.guest.on(self.uids[workload], cpus)
        self.guest.in_pool(self.uids["shared"], self.pool)

    def settle(self, seconds: float = PATIENCE) -> None:
        eventually(lambda: self.hold() or True, seconds, every=0.5)


@pytest.fixture(scope="module")
def placed(guest):
    pods = Placed(guest)
    pods.settle()
    yield pods
    guest.delete("pod", "shared", *REQUESTS)


@pytest.mark.parametrize("workload", REQUESTS)
def test_every_thread_has_its_cpus_and_their_memory(guest, placed, workload):
    cpus = placed.cpus[workload]
    view = guest.on(placed.uids[workload], cpus)
    status = placed.status[workload]
    assert parse_cpus(status["memoryNodes"]) == numa_nodes(cpus), f"{status}; {view}"
    names = CONTAINERS.get(workload, ("main",))
    assert {c["name"]: parse_cpus(c["cpuSet"]) for c in status["containers"]} == dict.fromkeys(names, cpus)
    assert guest.api.get("pod", workload)["spec"]["nodeName"] == guest.name


def test_the_arrangement_is_the_classes(placed):
    memory, cpu, io = (sorted(placed.cpus[w]) for w in ("memory-bound", "cpu-bound", "io-bound"))
    assert [len(NUMA[n] & set(memory)) for n in NUMA] == [1, 1], memory
    assert len({c // 2 for c in cpu}) == 2 and len(numa_nodes(frozenset(cpu))) == 1, cpu
    assert len(io) == 2 and len({c // 2 for c in io}) == 1, io
    assert len(placed.cpus["best-effort"]) == 1


def test_the_rest_has_what_is_exclusive_to_nobody(guest, placed):
    assert placed.pool and placed.pool < CPUS
    guest.in_pool(placed.uids["shared"], placed.pool)


def test_a_reload_of_systemd_keeps_pins(guest, placed):
    before = guest.drifts()
    guest.sh("systemctl daemon-reload")
    placed.hold()
    # Not even for the moment until somebody puts it back.
    assert guest.drifts() == before


def test_a_restart_of_the_kubelet_keeps_pins(guest, placed):
    before, process = guest.drifts(), guest.sh("systemctl show -p MainPID kubelet")
    guest.sh("systemctl restart kubelet")
    assert guest.sh("systemctl show -p MainPID kubelet") != process
    placed.hold()
    eventually(guest.kubelet_is_healthy, PATIENCE, every=1)
    time.sleep(5)  # the kubelet has looked at its containers by now
    placed.hold()
    assert guest.drifts() == before


def test_pins_outlive_a_killed_agent_and_the_next_one_enforces_them(guest, placed):
    with guest.agent_away():
        placed.hold()
        # Nobody is there to put it back: what is written now is what the next one finds.
        guest.write_cpus(placed.uids["cpu-bound"], "0-15")
    placed.settle()


def test_pods_that_end_give_their_cpus_back(guest, placed):
    guest.delete("pod", *REQUESTS)
    guest.wait_in_pool(placed.uids["shared"], CPUS)
    eventually(lambda: guest.names("pcb") == [], PATIENCE)
