#!/usr/bin/env python3
"""Holds `actimanager explain` against kube-scheduler's plugins on random clusters.

The first differences are printed, and the clusters they are of are kept; then what was compared, by plugin. The status
is 1 if there is any difference, or a plugin that neither side has asked.
"""

import argparse
import concurrent.futures
import dataclasses
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import oracle_program
from comparing import Comparison, Difference
from generate import add_choice, generate

# Of the default profile, what judges. DynamicResources is left out of the oracle, and out of what ours says.
PLUGINS = ("NodeUnschedulable", "NodeName", "TaintToleration", "NodeAffinity", "NodePorts", "NodeResourcesFit",
           "VolumeRestrictions", "NodeVolumeLimits", "VolumeBinding", "VolumeZone", "PodTopologySpread",
           "InterPodAffinity", "NodeResourcesBalancedAllocation", "ImageLocality")
# At a time: what is on disk is the clusters of one batch, and those kept.
_BATCH = 200
_KEPT = 10
_TIMEOUT = 60


@dataclasses.dataclass
class Run:
    """One run over many clusters: what to compare, and afterwards what came of it."""

    binary: Path
    seed: str = "1"
    clusters: int = 2000
    only: list[str] = dataclasses.field(default_factory=list)
    plugins: frozenset[str] | None = None
    excluded: frozenset[str] = frozenset()
    messages: bool = False
    jobs: int = 2
    comparison: Comparison = None
    # By the directory of their cluster, of which there are no more than _KEPT.
    found: dict[Path, list[Difference]] = dataclasses.field(default_factory=dict)

    def __post_init__(self):
        if self.plugins is not None or self.excluded:
            self.plugins = frozenset(self.plugins or PLUGINS) - self.excluded
        self.comparison = Comparison(self.plugins, self.messages)

    def __call__(self) -> "Run":
        if not self.binary.is_file():
            raise FileNotFoundError(f"there is no {self.binary}: build it first")
        oracle = oracle_program.build()
        # Kept if a difference is found, else empty and removed.
        top = Path(tempfile.mkdtemp(prefix="parity-"))
        with concurrent.futures.ThreadPoolExecutor(self.jobs) as pool:
            for first in range(0, self.clusters, _BATCH):
                batch = top / f"batch-{first:04}"
                self.generate(batch, first, min(_BATCH, self.clusters - first))
                oracle_program.run(batch, oracle, self.mode)
                places = sorted(batch.iterdir())
                for place, (status, ours, complaint) in zip(places, pool.map(self._ask, places)):
                    self._compare(top, place, status, ours, complaint)
                shutil.rmtree(batch)
        if not self.found:
            top.rmdir()
        return self

    # What is asked, and how the answers are held against each other.
    mode = "judge"

    def generate(self, batch: Path, first: int, clusters: int) -> None:
        generate(batch, self.seed, clusters, self.only, first)

    def command(self, place: Path) -> list:
        return [self.binary, "explain", "--cluster", place / "cluster.json", "--pod", place / "pods.json",
                "--profile", "default-scheduler", "-o", "json"]

    def compare(self, place: Path, ours: str) -> None:
        self.comparison.reports((place / "oracle.jsonl").read_text(), ours)

    def _ask(self, place: Path) -> tuple[int, str, str]:
        try:
            done = subprocess.run(self.command(place), stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                  timeout=_TIMEOUT)
        except subprocess.TimeoutExpired:
            return -1, "", f"no answer within {_TIMEOUT} s"
        return done.returncode, done.stdout, done.stderr

    def _compare(self, top: Path, place: Path, status: int, ours: str, complaint: str) -> None:
        before = len(self.comparison.differences)
        if status != 0:
            self._broken("status", "0", f"{status}: {complaint.strip()[-2000:]}")
        else:
            try:
                self.compare(place, ours)
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                self._broken("output", "as agreed", f"unreadable: {error!r}")
        if len(self.comparison.differences) > before and len(self.found) < _KEPT:
            (place / "actimanager.json").write_text(ours)
            kept = top / place.name
            shutil.move(place, kept)
            self.found[kept] = self.comparison.differences[before:]

    def _broken(self, where: str, expected: str, got: str) -> None:
        self.comparison.differences.append(Difference("every Pod", where, expected, got))

    def unasked(self) -> list[str]:
        """The plugins that no side has asked, though they were to be compared."""
        expected = [plugin for plugin in PLUGINS if self.comparison.wanted(plugin)]
        return [plugin for plugin in expected if not self.comparison.counts.get(plugin)]

    def failed(self) -> bool:
        return bool(self.comparison.differences or self.unasked())

    def text(self, differences: int = 10) -> str:
        lines = []
        for place, found in self.found.items():
            for difference in found[:max(0, differences)]:
                lines.append(f"{place} ({(place / 'families.txt').read_text().strip()})\n  {difference}")
            differences -= len(found)
        lines += [f"{plugin} was asked by neither" for plugin in self.unasked()]
        for plugin, counts in sorted(self.comparison.counts.items()):
            lines.append(f"{plugin:<32}" + "".join(f"  {what} {count}" for what, count in sorted(counts.items())))
        if self.comparison.left_out:
            lines.append(f"{self.comparison.left_out} Pods, or their scores, were left out for what other plugins said")
        lines.append(f"{self.clusters} clusters of seed {self.seed}: {len(self.comparison.differences)} differences")
        return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_choice(parser)
    parser.add_argument("--binary", type=Path, required=True, help="the actimanager program")
    parser.add_argument("--jobs", type=int, default=2, help="how many of ours run at once")
    parser.add_argument("--plugins", type=_names, metavar="A,B", help="compare what these say, and nothing else")
    parser.add_argument("--exclude", type=_names, default=frozenset(), metavar="A,B", help="compare all but these")
    parser.add_argument("--messages", action="store_true", help="compare why no node is left, too")
    parser.add_argument("--show", type=int, default=10, help="how many differences are printed")
    given = parser.parse_args()
    run = Run(given.binary.resolve(), given.seed, given.clusters, given.only, given.plugins, given.exclude,
              given.messages, given.jobs)
    print(run().text(given.show))
    return 1 if run.failed() else 0


def _names(text: str) -> frozenset[str]:
    names = frozenset(text.split(","))
    if unknown := names - set(PLUGINS):
        raise argparse.ArgumentTypeError(f"no plugin that judges: {', '.join(sorted(unknown))}")
    return names


if __name__ == "__main__":
    sys.exit(main())
