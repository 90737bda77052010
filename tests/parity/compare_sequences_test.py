"""That a Pod in another place is a difference, and that what follows chance is not compared."""

import pytest

import sequences
from compare_sequences import compare_places
from comparing import Comparison


def placed(pod: str, node: str | None, best=(), evicted=(), unique=True) -> dict:
    return {"pod": pod, "node": node, "best": list(best), "evicted": list(evicted), "message": "", "unique": unique}


THEIRS = [placed("default/a", "node-a", ["node-a", "node-b"]), placed("default/b", None),
          placed("default/c", "node-b", ["node-b"], ["default/low"])]


def compared(ours: list[dict], theirs=None) -> Comparison:
    comparison = Comparison()
    compare_places(comparison, theirs or THEIRS, ours)
    return comparison


def ours(*nodes: str | None, evicted=("default/low",)) -> list[dict]:
    made = [{"pod": p["pod"], "node": node, "evicted": []} for p, node in zip(THEIRS, nodes)]
    made[-1]["evicted"] = list(evicted)
    return made


def test_the_same_is_no_difference():
    comparison = compared(ours("node-a", None, "node-b"))
    assert not comparison.differences
    assert dict(comparison.counts["sequences"]) == {
        "placed": 2, "placed nowhere": 1, "ties": 1, "placed after evictions": 1}


@pytest.mark.parametrize("other", [
    ours("node-b", None, "node-b"), ours("node-a", "node-a", "node-b"), ours("node-a", None, None),
    ours("node-a", None, "node-b", evicted=()), ours("node-a", None, "node-b")[:2],
    ours("node-a", None, "node-b")[::-1]])
def test_a_change_is_a_difference(other):
    assert compared(other).differences


def test_nobody_that_was_to_be_evicted_is_a_difference():
    silent = ours("node-a", None, "node-b")
    for pod in silent:
        del pod["evicted"]
    assert compared(silent).differences


def test_only_the_first_difference_counts():
    assert len(compared(ours("node-b", "node-b", "node-a")).differences) == 1


def test_what_follows_chance_is_not_compared():
    theirs = [THEIRS[0], THEIRS[1] | {"unique": False}, THEIRS[2]]
    assert not compared(ours("node-a", "node-a", "node-a"), theirs).differences
    assert compared(ours("node-b", "node-a", "node-a"), theirs).differences


def test_a_sequence_is_the_same_whatever_is_made_beside_it(tmp_path):
    sequences.generate(tmp_path / "many", "seed", 5)
    sequences.generate(tmp_path / "one", "seed", 1, first=3)
    for file in ("cluster.json", "sequence.json"):
        assert (tmp_path / "many" / "0003" / file).read_text() == (tmp_path / "one" / "0003" / file).read_text()
