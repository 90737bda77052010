"""The CRDs against a real API server: what is let in, what is refused and in which words, what people see."""

import json

import pytest

from objects import binding, topology
from paths import TOP

CPUS_OF_ONE_CORE = {"sockets": {"0": {"cores": {"0": {"cpus": [0, 1]}}, "cpus": [0, 1]}}, "cpus": [0, 1]}


@pytest.mark.parametrize(
    "name, spec",
    [
        ("plain", {}),
        ("empty-set", {"cpuSet": []}),  # for the agent to refuse, in status
        ("lifts", {"exclusivenessLevel": "CPU", "cfsQuota": "lift"}),
        ("keeps", {"cfsQuota": "keep", "isolation": "none"}),
        ("isolated", {"exclusivenessLevel": "Core", "isolation": "partition"}),
        ("twice-the-same", {"cpuSet": [{"cpuID": 2}, {"cpuID": 2}]}),
        ("beyond-any-machine", {"cpuSet": [{"cpuID": 99999999999}]}),
        ("per-container", {"containers": [{"name": "a", "cpuSet": [{"cpuID": 1}], "memoryNodes": [0]}, {"name": "b"}]}),
    ],
)
def test_binding_is_let_in(api, name, spec):
    api.apply(binding(name, **spec))
    stored = api.get("pcb", name)["spec"]
    for field, value in spec.items():
        assert stored[field] == value


@pytest.mark.parametrize(
    "field, spec",
    [
        ("spec.cpuSet[0].cpuID", {"cpuSet": [{"cpuID": -1}]}),
        ("spec.cpuSet[0].cpuID", {"cpuSet": [{"cpuID": "1"}]}),
        ("spec.cpuSet[1]", {"cpuSet": [{"cpuID": 1}, 3]}),
        ("spec.cpuSet", {"cpuSet": None}),
        ("spec.cpuSet: Too many", {"cpuSet": [{"cpuID": i} for i in range(8193)]}),
        ("spec.exclusivenessLevel", {"exclusivenessLevel": "All"}),
        ("spec.exclusivenessLevel", {"exclusivenessLevel": None}),
        ("spec.cfsQuota", {"exclusivenessLevel": "CPU", "cfsQuota": "0"}),
        ("spec.cfsQuota", {"cfsQuota": "lift"}),  # at level None
        ("spec.isolation", {"exclusivenessLevel": "CPU", "isolation": "isolated"}),
        ("spec.isolation", {"isolation": "partition"}),
        ("spec.podName", {"podName": ""}),
        ("spec.podName", {"podName": "x" * 254}),
        ("spec.containers[1]", {"containers": [{"name": "a"}, {"name": "a"}]}),
        ("spec.containers[0].memoryNodes[1]", {"containers": [{"name": "a", "memoryNodes": [0, 0]}]}),
        ('unknown field "spec.cpuset"', {"cpuset": []}),
    ],
)
def test_binding_is_refused_naming_the_field(api, field, spec):
    assert field in api.refusal(binding("refused", **spec))


def test_binding_keeps_its_pod(api):
    api.apply(binding("keeps-its-pod"))
    api.apply(binding("keeps-its-pod", cpuSet=[{"cpuID": 3}]))
    assert "spec.podName" in api.refusal(binding("keeps-its-pod", podName="another"))


@pytest.mark.parametrize(
    "name, spec",
    [
        ("node-a-cputopology", {"nodeName": "node-a"}),
        ("node-b-cputopology", {"nodeName": "node-b", "topology": {}}),
        (
            "node-c-cputopology",
            {
                "nodeName": "node-c",
                "topology": {
                    **CPUS_OF_ONE_CORE,
                    "numaNodes": {"0": {"cpus": [0, 1], "memoryBytes": 17179869184, "distances": [10]}},
                    "caches": [{"level": 3, "cpus": [0, 1], "sizeBytes": 33554432}],
                    "cpuKinds": [{"name": "performance", "cpus": [0, 1]}],
                },
            },
        ),
    ],
)
def test_topology_is_let_in(api, name, spec):
    api.apply(topology(name, **spec))
    assert api.get("nct", name)["spec"] == spec


@pytest.mark.parametrize(
    "said, name, spec",
    [
        ("spec.nodeName: Required", "node-d-cputopology", {}),
        ("the name of the topology of node node-d is node-d-cputopology", "node-d", {"nodeName": "node-d"}),
        ("every key is a socket id", "node-d-cputopology", {"nodeName": "node-d", "topology": {"sockets": {"zero": {"cores": {}, "cpus": []}}}}),
        ("spec.topology.cpus[0]", "node-d-cputopology", {"nodeName": "node-d", "topology": {"cpus": [-1]}}),
        ("spec.topology.cpus[0]", "node-d-cputopology", {"nodeName": "node-d", "topology": {"cpus": [8192]}}),
        ("spec.topology.numaNodes.0.cpus: Required", "node-d-cputopology", {"nodeName": "node-d", "topology": {"numaNodes": {"0": {}}}}),
    ],
)
def test_topology_is_refused_naming_the_field(api, said, name, spec):
    assert said in api.refusal(topology(name, **spec))


def test_topology_keeps_its_node(api):
    api.apply(topology("node-e-cputopology", nodeName="node-e"))
    assert "spec.nodeName" in api.refusal(topology("node-e-cputopology", nodeName="node-f"))


def test_tables_show_what_was_granted(api):
    api.apply(binding("shown", exclusivenessLevel="CPU"))
    api.kubectl("patch", "pcb", "shown", "--subresource=status", "--type=merge", "-p",
                '{"status": {"resourceStatus": "Applied", "nodeName": "node-g", "memoryNodes": "0", "exclusiveCPUs": "1",'
                ' "admitted": {"generation": 1, "cpuSet": "1", "exclusiveCPUs": "1"}}}')
    header, row = api.kubectl("get", "pcb", "shown").splitlines()
    assert header.split() == ["NAME", "POD", "NODE", "CPUS", "LEVEL", "EXCLUSIVE", "STATUS", "AGE"]
    assert row.split()[:7] == ["shown", "shown", "node-g", "1", "CPU", "1", "Applied"]

    api.apply(topology("node-g-cputopology", nodeName="node-g", topology=CPUS_OF_ONE_CORE))
    api.kubectl("patch", "nct", "node-g-cputopology", "--subresource=status", "--type=merge", "-p",
                '{"status": {"resourceStatus": "Fresh", "allocatable": "1", "exclusive": "1", "reservedCPUs": "0",'
                ' "lastChangeTime": "2026-01-01T00:00:00Z"}}')
    header, row = api.kubectl("get", "nct", "node-g-cputopology").splitlines()
    assert header.split() == ["NAME", "NODE", "STATUS", "ALLOCATABLE", "EXCLUSIVE", "RESERVED", "CHANGED", "AGE"]
    assert row.split()[:6] == ["node-g-cputopology", "node-g", "Fresh", "1", "1", "0"]


@pytest.mark.parametrize(
    "status",
    [
        {"resourceStatus": "Great"},
        {"exclusiveCPUs": "1-"},
        {"observedGeneration": -1},
        {"conditions": [{"type": "Ready"}]},
    ],
)
def test_status_is_checked_too(api, status):
    api.apply(binding("status-checked"))
    done = api.run("patch", "pcb", "status-checked", "--subresource=status", "--type=merge", "-p", json.dumps({"status": status}))
    assert done.returncode != 0 and "status." + next(iter(status)) in done.stderr


@pytest.mark.parametrize("kind", ["nct", "pcb"])
@pytest.mark.parametrize("part", ["spec", "status"])
def test_every_field_is_explained(api, kind, part):
    schema = api.get("crd", {"nct": "nodecputopologies", "pcb": "podcpubindings"}[kind] + ".cslab.ece.ntua.gr")
    root = schema["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"][part]
    assert not list(undescribed(root, part))
    assert "FIELDS" in api.kubectl("explain", f"{kind}.{part}", "--recursive")


def undescribed(schema, path):
    if "description" not in schema:
        yield path
    for name, field in schema.get("properties", {}).items():
        yield from undescribed(field, f"{path}.{name}")
    for below in (schema.get("items"), schema.get("additionalProperties")):
        if below and below["type"] == "object":
            yield from undescribed(below, path + "[]")


def test_samples_are_let_in(api):
    api.kubectl("apply", "--dry-run=server", "-k", str(TOP / "manifests" / "samples"))
    api.kubectl("apply", "--dry-run=server", "-f", str(TOP / "manifests" / "samples" / "node-topology.yaml"))
