"""That cases are as their form says, and can be made again."""

import json

import pytest

from clusters.changes import PLUGINS
from requeue_cases import cluster_with_cases, generate

CLUSTERS = 28


def test_a_cluster_is_the_same_whatever_is_made_beside_it(tmp_path):
    generate(tmp_path / "many", "seed", 5, 10)
    generate(tmp_path / "one", "seed", 1, 10, first=3)
    for file in ("cluster.json", "cases.json"):
        assert (tmp_path / "many" / "0003" / file).read_text() == (tmp_path / "one" / "0003" / file).read_text()


@pytest.fixture(scope="module")
def clusters():
    return [cluster_with_cases("seed", index, 40) for index in range(CLUSTERS)]


def test_what_changes_is_in_the_cluster_before_as_it_was(clusters):
    for whole, cases, _ in clusters:
        there = {_name(item): item for item in whole["items"]}
        for case in cases:
            if case["old"] and _name(case["old"]) != _name(case["pod"]):
                assert case["old"] == there[_name(case["old"])]


def test_what_is_added_is_new(clusters):
    for whole, cases, _ in clusters:
        there = {_name(item) for item in whole["items"]}
        assert not [case for case in cases if case["action"] == "Add" and _name(case["new"]) in there]


def test_an_update_changes_one_object(clusters):
    for _, cases, _ in clusters:
        for case in cases:
            assert case["action"] == ("Add", "Update", "Delete")[(case["old"] is not None) + (case["new"] is None)]
            if case["action"] == "Update":
                assert _name(case["old"]) == _name(case["new"]) and case["old"] != case["new"]
                assert case["old"]["metadata"]["uid"] == case["new"]["metadata"]["uid"]
                assert case["old"]["metadata"]["resourceVersion"] != case["new"]["metadata"]["resourceVersion"]


def test_a_rejected_pod_waits(clusters):
    for _, cases, _ in clusters:
        assert all("nodeName" not in case["pod"]["spec"] for case in cases)


def test_every_plugin_rejects_and_every_kind_changes(clusters):
    cases = [case for _, cases, _ in clusters for case in cases]
    assert {case["plugin"] for case in cases} == set(PLUGINS)
    assert {(case["resource"], case["action"]) for case in cases} >= {
        (resource, action) for resource in ("Node", "Pod", "PersistentVolumeClaim", "CSINode", "VolumeAttachment")
        for action in ("Add", "Delete")}


def test_cases_are_json(clusters):
    json.dumps([cases for _, cases, _ in clusters])


def _name(item: dict) -> tuple:
    return item["kind"], item["metadata"].get("namespace"), item["metadata"]["name"]
