"""That a difference of two preemptions is seen, and that what is chance is none."""

import copy

import pytest

import awaited
import comparing_preemption

THEIRS = {
    "verdict": "Success", "eligible": True, "message": "",
    "candidates": [
        {"node": "node-a", "victims": ["default/low", "default/lower"], "pdbViolations": 0, "unique": True},
        {"node": "node-b", "victims": ["blue/low"], "pdbViolations": 0, "unique": True},
        {"node": "node-c", "victims": ["blue/lower"], "pdbViolations": 1, "unique": True}],
    "chosen": "node-a", "equallyGood": ["node-a", "node-b"], "nominatedNode": "node-a"}
REFUSED = {"verdict": "Unschedulable", "eligible": False, "message": "preemption: not eligible", "candidates": [],
           "chosen": None, "equallyGood": [], "nominatedNode": None}


def ours_of(theirs: dict) -> dict:
    candidates = [{**{k: v for k, v in c.items() if k != "unique"}, "cpus": None} for c in theirs["candidates"]]
    nominated = next((c for c in candidates if c["node"] == theirs["chosen"]), None)
    return copy.deepcopy({"plugin": "DefaultPreemption", "verdict": theirs["verdict"],
                          "reasons": [theirs["message"]] if theirs["message"] else [], "nominated": nominated,
                          "candidates": candidates})


def differences(theirs: dict | None, report: dict) -> list[str]:
    found = []
    comparing_preemption.compare(theirs, report, lambda where, one, other: one != other and found.append(where),
                                 lambda what: None)
    return found


@pytest.mark.parametrize("theirs", [THEIRS, REFUSED])
def test_the_same_is_no_difference(theirs):
    assert not differences(theirs, {"postFilter": ours_of(theirs)})


CHANGES = {
    "verdict": lambda r: r.update(verdict="Unschedulable"),
    "reasons": lambda r: r.update(reasons=["preemption: 0/3 nodes are available"]),
    "plugin": lambda r: r.update(plugin="Another"),
    "candidate missing": lambda r: r["candidates"].pop(),
    "candidates unsorted": lambda r: r["candidates"].reverse(),
    "victim missing": lambda r: r["candidates"][0]["victims"].pop(),
    "victims in another order": lambda r: r["candidates"][0]["victims"].reverse(),
    "violations": lambda r: r["candidates"][2].update(pdbViolations=0),
    "none nominated": lambda r: r.update(nominated=None),
    "a worse one nominated": lambda r: r.update(nominated=r["candidates"][2]),
    "other victims nominated": lambda r: r["nominated"].update(victims=["default/low"]),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_is_a_difference(change):
    ours = ours_of(THEIRS)
    change(ours)
    assert differences(THEIRS, {"postFilter": ours})


def test_any_of_the_best_may_be_chosen():
    ours = ours_of(THEIRS)
    ours["nominated"] = ours["candidates"][1]
    assert not differences(THEIRS, {"postFilter": ours})


def test_victims_of_equal_importance_are_chance():
    theirs = copy.deepcopy(THEIRS)
    theirs["candidates"][0]["unique"] = False
    ours = ours_of(theirs)
    ours["candidates"][0]["victims"] = ["default/other"]
    ours["nominated"] = ours["candidates"][2]
    assert not differences(theirs, {"postFilter": ours})
    ours["nominated"] = None
    assert differences(theirs, {"postFilter": ours})


def test_one_side_alone_is_a_difference():
    assert differences(None, {"postFilter": ours_of(REFUSED)})
    assert differences(REFUSED, {"postFilter": None})
    assert not differences(None, {"postFilter": None})


@pytest.mark.parametrize("required", [False, True])
def test_silence_is_a_difference_as_soon_as_it_is_awaited_no_more(monkeypatch, required):
    monkeypatch.setattr(awaited, "PREEMPTION", required)
    assert bool(differences(THEIRS, {})) == required
