"""That a case with another answer, or without one, is a difference."""

import copy

import pytest

from compare_hints import compare_hints
from comparing import Comparison

NODE = {"kind": "Node", "metadata": {"name": "node-00"}}
CASES = [{"plugin": "NodeName", "resource": "Node", "action": "Add", "pod": {}, "old": None, "new": NODE},
         {"plugin": "NodeAffinity", "resource": "Node", "action": "Update", "pod": {}, "old": NODE, "new": NODE},
         {"plugin": "NodePorts", "resource": "Node", "action": "Delete", "pod": {}, "old": NODE, "new": None}]
THEIRS = [{"case": 0, "hint": "Queue", "events": ["Node/Add"]},
          {"case": 1, "hint": "Skip", "events": ["Node/UpdateNodeLabel"]},
          {"case": 2, "hint": "NotRegistered", "events": ["Node/Delete"]}]
OURS = [{"case": 0, "hint": "Queue"}, {"case": 1, "hint": "Skip"}, {"case": 2, "hint": "Skip"}]


def differences(ours: list[dict]) -> list:
    comparison = Comparison()
    compare_hints(comparison, CASES, THEIRS, ours)
    return comparison.differences


def test_the_same_is_no_difference():
    assert not differences(OURS)


@pytest.mark.parametrize("case", range(3))
def test_another_hint_is_a_difference(case):
    ours = copy.deepcopy(OURS)
    ours[case]["hint"] = {"Queue": "Skip", "Skip": "Queue"}[ours[case]["hint"]]
    assert len(differences(ours)) == 1


def test_a_missing_answer_is_a_difference():
    assert differences(OURS[:2])


def test_answers_in_another_order_are_a_difference():
    assert differences([OURS[1], OURS[0], OURS[2]])
