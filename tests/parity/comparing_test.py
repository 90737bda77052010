"""That a difference is seen wherever there is one: agreement of thousands of verdicts is worth no more than this."""

import copy
import json

import pytest

from comparing import Comparison


def verdict(plugin: str, said: str = "Success", *reasons: str) -> dict:
    return {"plugin": plugin, "verdict": said, "reasons": list(reasons)}


REPORT = {
    "pod": "default/web",
    "preFilter": [verdict("NodePorts", "Skip"), verdict("NodeResourcesFit")],
    "nodes": [
        {"name": "node-a", "filters": [verdict("NodeName"), verdict("NodeResourcesFit")],
         "scores": [{"plugin": "ImageLocality", "raw": 4, "normalized": 40, "weighted": 80}], "total": 80},
        {"name": "node-b",
         "filters": [verdict("NodeName"),
                     verdict("NodeResourcesFit", "Unschedulable", "Too many pods", "Insufficient cpu")],
         "scores": [], "total": 0},
    ],
    "best": ["node-a"],
    "postFilter": None,
}


def compared(theirs: list[dict], ours: list[dict], **options) -> Comparison:
    comparison = Comparison(**options)
    comparison.reports(*("\n".join(map(json.dumps, side)) for side in (theirs, ours)))
    return comparison


def changed(change) -> dict:
    report = copy.deepcopy(REPORT)
    change(report)
    return report


def test_what_only_one_side_says_is_no_difference():
    ours = changed(lambda r: r.update(winner="node-a", cpus="0-3", message="fits"))
    assert not compared([REPORT], [ours]).differences


def test_the_order_of_reasons_is_no_difference():
    ours = changed(lambda r: r["nodes"][1]["filters"][1]["reasons"].reverse())
    assert not compared([REPORT], [ours]).differences


CHANGES = {
    "PreFilter verdict": lambda r: r["preFilter"][0].update(verdict="Success"),
    "PreFilter missing": lambda r: r["preFilter"].pop(),
    "PreFilter more": lambda r: r["preFilter"].append(verdict("VolumeZone")),
    "verdict": lambda r: r["nodes"][1]["filters"][1].update(verdict="UnschedulableAndUnresolvable"),
    "reason": lambda r: r["nodes"][1]["filters"][1]["reasons"].pop(),
    "filter missing": lambda r: r["nodes"][0]["filters"].pop(),
    "filter more": lambda r: r["nodes"][0]["filters"].append(verdict("NodePorts")),
    "filter twice": lambda r: r["nodes"][0]["filters"].append(verdict("NodeName")),
    "raw score": lambda r: r["nodes"][0]["scores"][0].update(raw=5),
    "normalized score": lambda r: r["nodes"][0]["scores"][0].update(normalized=41),
    "weighted score": lambda r: r["nodes"][0]["scores"][0].update(weighted=81),
    "score missing": lambda r: r["nodes"][0]["scores"].pop(),
    "scores of a node that does not fit": lambda r: r["nodes"][1].update(scores=r["nodes"][0]["scores"]),
    "total": lambda r: r["nodes"][0].update(total=81),
    "node missing": lambda r: r["nodes"].pop(),
    "node more": lambda r: r["nodes"].append(r["nodes"][0] | {"name": "node-c"}),
    "nodes unsorted": lambda r: r["nodes"].reverse(),
    "pod": lambda r: r.update(pod="default/db"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_is_a_difference(change):
    ours = changed(change)
    assert compared([REPORT], [ours]).differences
    assert compared([ours], [REPORT]).differences or change is CHANGES["nodes unsorted"]


def test_a_pod_that_is_not_judged_is_a_difference():
    assert compared([REPORT], []).differences


@pytest.mark.parametrize("message, winner, differs", [
    ("", "node-a", False), ("", "node-b", True), ("", None, True), ("0/2 nodes are available", None, False),
    ("0/2 nodes are available", "node-a", True)])
def test_the_winner_is_a_best_node_or_none(message, winner, differs):
    ours = changed(lambda r: r.update(winner=winner))
    assert bool(compared([REPORT | {"message": message}], [ours]).differences) == differs


def test_messages_are_compared_where_no_node_is_left():
    theirs, ours = (changed(lambda r: r.update(message=m, nodes=r["nodes"][1:])) for m in ("0/1", "none"))
    assert not compared([theirs], [ours]).differences
    assert compared([theirs], [ours], messages=True).differences


def test_only_the_plugins_named_are_compared():
    ours = changed(CHANGES["verdict"])
    assert not compared([REPORT], [ours], plugins=frozenset({"NodeName", "ImageLocality"})).differences
    assert compared([REPORT], [ours], plugins=frozenset({"NodeResourcesFit"})).differences


def test_a_pod_that_another_plugin_refuses_is_left_out():
    def refuse(report):
        report["preFilter"] = [verdict("VolumeBinding", "UnschedulableAndUnresolvable", "no")]
        for node in report["nodes"]:
            node.update(filters=[], scores=[], total=0)

    comparison = compared([changed(refuse)], [REPORT], plugins=frozenset({"NodeName"}))
    assert (comparison.differences, comparison.left_out) == ([], 1)


def test_scores_of_other_nodes_are_left_out():
    ours = changed(lambda r: r["nodes"][1].update(scores=r["nodes"][0]["scores"]))
    comparison = compared([REPORT], [ours], plugins=frozenset({"ImageLocality"}))
    assert (comparison.differences, comparison.left_out) == ([], 1)


def test_what_was_compared_is_counted():
    counts = compared([REPORT], [REPORT]).counts
    assert {plugin: dict(found) for plugin, found in counts.items()} == {
        "NodePorts": {"Skip": 1}, "NodeResourcesFit": {"Success": 2, "Unschedulable": 1}, "NodeName": {"Success": 2},
        "ImageLocality": {"scores": 1}}
