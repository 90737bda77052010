"""What the agent publishes about the guest, and how it says it holds cpusets there."""

import pytest

from guest import CPUS, NUMA, PATIENCE
from rest import eventually

pytestmark = pytest.mark.guests("v2", "v1")


def test_the_topology_is_the_machines(guest):
    found = eventually(lambda: (t := guest.topology())["status"]["resourceStatus"] == "Fresh" and t, PATIENCE)
    topology = found["spec"]["topology"]
    assert set(topology["cpus"]) == CPUS == guest.online()
    assert set(topology["sockets"]) == {"0", "1"}
    assert {int(n): frozenset(node["cpus"]) for n, node in topology["numaNodes"].items()} == NUMA
    cores = {(s, c): core["cpus"] for s, socket in topology["sockets"].items() for c, core in socket["cores"].items()}
    assert sorted(cores.values()) == [[cpu, cpu + 1] for cpu in range(0, 16, 2)]
    for node in topology["numaNodes"].values():
        assert 1e9 < node["memoryBytes"] < 3e9
    owner = found["metadata"]["ownerReferences"][0]
    assert owner["uid"] == guest.api.get("node", guest.name)["metadata"]["uid"]


def test_the_status_names_the_version_of_cgroups_and_systemd(guest, pods):
    status = eventually(lambda: (s := guest.topology()["status"])["cgroup"].get("driver") and s, PATIENCE)
    assert status["cgroup"] == {"version": guest.cgroups, "driver": "systemd"}
    assert status["internalIP"] == "127.0.0.1"


def test_the_node_is_a_machine_of_its_own(guest):
    node = guest.api.get("node", guest.name)
    assert node["status"]["capacity"]["cpu"] == "16"
    info = node["status"]["nodeInfo"]
    assert info["kubeletVersion"].startswith("v1.35.")
    assert guest.sh("uname -r").strip() == info["kernelVersion"]
    assert guest.sh("stat -f -c %T /sys/fs/cgroup").strip() == {"v2": "cgroup2fs", "v1": "tmpfs"}[guest.cgroups]
    assert guest.sh("cat /proc/1/comm").strip() == "systemd"
