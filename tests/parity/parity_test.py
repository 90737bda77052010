"""What the program says of Pods and nodes, and of what makes Pods be tried again, against what kube-scheduler says."""

import collections
import json

import pytest

import oracle_program
import requeue_cases
from clusters.changes import PLUGINS
from clusters.families import COMPARED

_MIXED = 0.4


def test_all_families(differ):
    differ(_MIXED)


@pytest.mark.parametrize("family", COMPARED)
def test_family(differ, family):
    differ((1 - _MIXED) / len(COMPARED), [family])


def test_sequences(differ_in_sequences):
    differ_in_sequences(0.1)


def test_requeueing(differ_in_hints):
    differ_in_hints(0.035)


def test_cases_of_requeueing_have_both_answers(programs, tmp_path):
    """By plugin. Its own queue has to hold a Pod for kube-scheduler to answer at all."""
    requeue_cases.generate(tmp_path / "cases", "1", 2 * len(PLUGINS), 40)
    oracle_program.run(tmp_path / "cases", oracle_program.build(), "requeue")
    answers = collections.defaultdict(set)
    for place in sorted((tmp_path / "cases").iterdir()):
        cases = json.loads((place / "cases.json").read_text())
        hints = [json.loads(line) for line in (place / "hints.jsonl").read_text().splitlines()]
        assert [hint["case"] for hint in hints] == list(range(len(cases)))
        for case, hint in zip(cases, hints):
            answers[case["plugin"]].add(hint["hint"])
    # Who waits for its victims to end is woken by those who had no room for it.
    assert answers.pop("DefaultPreemption") == {"Skip", "NotRegistered"}
    missing = {plugin: {"Queue", "NotRegistered"} - answers[plugin] for plugin in answers}
    assert not any(missing.values()), missing
    no_skip = {plugin for plugin in answers if "Skip" not in answers[plugin]}
    assert no_skip == {"SchedulingGates", "NodeName"}
