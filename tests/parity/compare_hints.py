#!/usr/bin/env python3
"""Holds a program's answers to random cases of requeueing against kube-scheduler's own.

The program is called with the paths of a cluster.json and its cases.json and prints the answers; requeue_cases.py has
the forms of all three.
"""

import argparse
import json
import sys
from pathlib import Path

import compare
import requeue_cases
from clusters.changes import PLUGINS
from comparing import Comparison


class Run(compare.Run):
    mode = "requeue"
    cases = 50

    def generate(self, batch: Path, first: int, clusters: int) -> None:
        requeue_cases.generate(batch, self.seed, clusters, self.cases, first)

    def command(self, place: Path) -> list:
        return [self.binary, place / "cluster.json", place / "cases.json"]

    def compare(self, place: Path, ours: str) -> None:
        cases = json.loads((place / "cases.json").read_text())
        theirs, got = (list(map(json.loads, text.splitlines())) for text in ((place / "hints.jsonl").read_text(), ours))
        compare_hints(self.comparison, cases, theirs, got)

    def unasked(self) -> list[str]:
        return [plugin for plugin in PLUGINS if not self.comparison.counts.get(plugin)]


def compare_hints(comparison: Comparison, cases: list[dict], theirs: list[dict], ours: list[dict]) -> None:
    comparison.same("the cases", "answered", list(range(len(cases))), [answer["case"] for answer in ours])
    for case, expected, got in zip(cases, theirs, ours):
        comparison.count(case["plugin"], expected["hint"])
        changed = (case["new"] or case["old"])["metadata"]["name"]
        where = (f"{case['plugin']}: {case['action']} of {case['resource']} {changed} "
                 f"({', '.join(expected['events']) or 'no event'})")
        comparison.same(f"case {expected['case']}", where, _moved(expected), _moved(got))


def _moved(answer: dict) -> str:
    """Whether the plugin is not asked or says no, the Pod waits on."""
    return "Skip" if answer["hint"] == "NotRegistered" else answer["hint"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=Path, required=True, help="what answers")
    requeue_cases.add_choice(parser)
    parser.add_argument("--jobs", type=int, default=2, help="how many of it run at once")
    parser.add_argument("--show", type=int, default=10, help="how many differences are printed")
    given = parser.parse_args()
    run = Run(given.program.resolve(), given.seed, given.clusters, jobs=given.jobs)
    run.cases = given.cases
    print(run().text(given.show))
    return 1 if run.failed() else 0


if __name__ == "__main__":
    sys.exit(main())
