#!/usr/bin/env python3
"""Holds `actimanager simulate` against kube-scheduler's plugins on random sequences of Pods.

Of equally good nodes kube-scheduler takes any. The oracle takes the one that ours has to take, by the rule of ours, so
that both go on in the same cluster; a sequence is compared up to its first difference.
"""

import argparse
import json
import sys
from pathlib import Path

import compare
import sequences
from comparing import Comparison


class Run(compare.Run):
    mode = "sequence"

    def generate(self, batch: Path, first: int, clusters: int) -> None:
        sequences.generate(batch, self.seed, clusters, first)

    def command(self, place: Path) -> list:
        return [self.binary, "simulate", "--cluster", place / "cluster.json", "--pods", place / "sequence.json",
                "--profile", "default-scheduler", "-o", "json"]

    def compare(self, place: Path, ours: str) -> None:
        theirs = [json.loads(line) for line in (place / "places.jsonl").read_text().splitlines()]
        compare_places(self.comparison, theirs, json.loads(ours)["runs"][0]["pods"])

    def unasked(self) -> list[str]:
        return [] if self.comparison.counts["sequences"]["placed"] else ["Pods that fit"]


def compare_places(comparison: Comparison, theirs: list[dict], ours: list[dict]) -> None:
    """Both by Pod, in the order they were placed; up to the first difference, and to what is left to chance."""
    before = len(comparison.differences)
    comparison.same("the sequence", "Pods", [p["pod"] for p in theirs], [p["pod"] for p in ours])
    for expected, got in zip(theirs, ours):
        if len(comparison.differences) > before:
            return
        if not expected["unique"]:
            comparison.count("sequences", "ended by chance")
            return
        comparison.count("sequences", "placed" if expected["node"] else "placed nowhere")
        if len(expected["best"]) > 1:
            comparison.count("sequences", "ties")
        comparison.same(expected["pod"], "node", expected["node"], got["node"])
        if expected["evicted"]:
            comparison.count("sequences", "placed after evictions")
        if "evicted" in got or expected["evicted"]:
            comparison.same(expected["pod"], "evicted", expected["evicted"], got.get("evicted"))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", type=Path, required=True, help="the actimanager program")
    parser.add_argument("--seed", default="1", help="any text")
    parser.add_argument("--clusters", type=int, default=500, help="how many")
    parser.add_argument("--jobs", type=int, default=2, help="how many of ours run at once")
    parser.add_argument("--show", type=int, default=10, help="how many differences are printed")
    given = parser.parse_args()
    run = Run(given.binary.resolve(), given.seed, given.clusters, jobs=given.jobs)
    print(run().text(given.show))
    return 1 if run.failed() else 0


if __name__ == "__main__":
    sys.exit(main())
