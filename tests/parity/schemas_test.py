"""What `explain` and `simulate` print as JSON, against the schemas that docs/schemas gives to those who read it."""

import json
import subprocess

import jsonschema
import pytest

from conftest import BINARY, SEED, TOP
from generate import generate

_GROUP = "cslab.ece.ntua.gr"
_MACHINE = "pack:2 numa:1 core:4 pu:2"


def _check(name: str):
    schema = json.loads((TOP / "docs" / "schemas" / f"{name}.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema).validate


def _run(*arguments) -> str:
    return subprocess.run([BINARY, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True,
                          timeout=60).stdout


def _explain(cluster, pods, profile: str) -> list[dict]:
    text = _run("explain", "--cluster", cluster, "--pod", pods, "--profile", profile, "-o", "json")
    return [json.loads(line) for line in text.splitlines()]


def _pod(name: str, cpus: int, priority: int, node: str = "") -> dict:
    spec = {"schedulerName": "maestro", "priority": priority,
            "containers": [{"name": "main", "resources": {"requests": {"cpu": str(cpus)}}}]}
    meta = {"name": name, "namespace": "default", "uid": f"{name}-uid", "labels": {f"{_GROUP}/workload-type": "cpu-bound"}}
    return {"kind": "Pod", "metadata": meta, "spec": spec | ({"nodeName": node} if node else {})}


def _holding(pod: dict, first: int, last: int) -> dict:
    meta = {"name": pod["metadata"]["name"] + "-pcb", "namespace": "default",
            "labels": {f"{_GROUP}/node-name": pod["spec"]["nodeName"]}}
    return {"kind": "PodCPUBinding", "metadata": meta,
            "spec": {"podName": pod["metadata"]["name"], "exclusivenessLevel": "CPU",
                     "cpuSet": [{"cpuID": cpu} for cpu in range(first, last + 1)]}}


@pytest.fixture
def machines(programs, tmp_path):
    """Files: two nodes with CPUs to give away, one of which a Pod has most of; Pods for what is left, for what would be
    left without it, and for more than there is."""
    nodes = [{"kind": "Node", "metadata": {"name": name},
              "status": {"allocatable": {"cpu": "16", "memory": "1Gi", "pods": "110"}}} for name in ("a", "b")]
    topologies = [json.loads(_run("topology", "--synthetic", _MACHINE, "--node-name", name, "-o", "json"))
                  for name in ("a", "b")]
    held = [_pod("on-a", 12, 0, "a"), _pod("on-b", 12, 0, "b")]
    items = nodes + topologies + held + [_holding(pod, 0, 11) for pod in held]
    cluster, pods = tmp_path / "cluster.json", tmp_path / "pods.json"
    cluster.write_text(json.dumps({"kind": "List", "items": items}))
    asked = [_pod("fits", 2, 0), _pod("important", 6, 1000), _pod("huge", 64, 0)]
    pods.write_text(json.dumps({"kind": "List", "items": asked}))
    return cluster, pods


def test_explain_on_random_clusters(programs, tmp_path):
    valid = _check("explain")
    generate(tmp_path / "clusters", SEED, 60, [])
    said = []
    for place in sorted((tmp_path / "clusters").iterdir()):
        said += _explain(place / "cluster.json", place / "pods.json", "default-scheduler")
    for document in said:
        valid(document)
    # All that a document may be was there.
    assert any(document["winner"] for document in said)
    assert any(not document["winner"] and document["message"] for document in said)
    assert any((document["postFilter"] or {}).get("candidates") for document in said)
    assert {filtered["verdict"] for document in said for node in document["nodes"] for filtered in node["filters"]} >= {
        "Success", "Unschedulable", "UnschedulableAndUnresolvable"}


def test_explain_with_cpu_sets(machines):
    valid = _check("explain")
    said = _explain(*machines, "maestro")
    for document in said:
        valid(document)
    fits, important, huge = said
    assert fits["cpus"] and fits["exclusivenessLevel"]
    assert important["postFilter"]["nominated"]["cpus"]
    assert huge["cpus"] is None and huge["message"]


@pytest.mark.parametrize("policies", [(), ("--policy", "MaximumUtilization", "Balanced")])
def test_simulate(machines, policies):
    valid = _check("simulate")
    cluster, pods = machines
    document = json.loads(_run("simulate", "--cluster", cluster, "--pods", pods, "-o", "json", *policies))
    valid(document)
    assert len(document["runs"]) == max(1, len(policies) - 1)
    for run in document["runs"]:
        placed = {pod["pod"]: pod["node"] for pod in run["pods"]}
        assert placed["default/fits"] and placed["default/huge"] is None


@pytest.mark.parametrize("name", ["explain", "simulate"])
def test_what_is_not_in_a_schema_is_refused(name):
    """Or nothing above would mean anything."""
    with pytest.raises(jsonschema.ValidationError):
        _check(name)({"pod": "default/fits", "surprise": 1})
