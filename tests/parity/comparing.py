"""Holds two reports about the same Pods in the same cluster against each other: kube-scheduler's and ours."""

import collections
import dataclasses
import json

import comparing_preemption

REFUSALS = ("Unschedulable", "UnschedulableAndUnresolvable", "Error")


# Refuses here what it allocates there: the oracle leaves it out.
_UNJUDGED = frozenset({"DynamicResources"})


@dataclasses.dataclass(frozen=True)
class Difference:
    pod: str
    where: str
    kube_scheduler: str
    actimanager: str

    def __str__(self) -> str:
        return (f"{self.pod}: {self.where}\n    kube-scheduler: {self.kube_scheduler}\n"
                f"    actimanager:    {self.actimanager}")


@dataclasses.dataclass
class Comparison:
    """What was compared. `counts` are by plugin, then by its verdict, which is kube-scheduler's where that has one, or
    "scores"."""

    plugins: frozenset[str] | None = None
    messages: bool = False
    differences: list[Difference] = dataclasses.field(default_factory=list)
    counts: dict[str, collections.Counter] = dataclasses.field(
        default_factory=lambda: collections.defaultdict(collections.Counter))
    # Pods, or their scores, that plugins which are not compared have made incomparable.
    left_out: int = 0

    def reports(self, theirs: str, ours: str) -> None:
        """Compares the lines of two outputs, each a Pod's."""
        expected, got = _by_pod(theirs), _by_pod(ours)
        for pod in sorted(expected.keys() | got.keys()):
            self.same(pod, "is judged", pod in expected, pod in got)
        for pod in sorted(expected.keys() & got.keys()):
            _Pod(self, pod, expected[pod], got[pod]).compare()

    def wanted(self, plugin: str) -> bool:
        return plugin not in _UNJUDGED and (self.plugins is None or plugin in self.plugins)

    def count(self, plugin: str, what: str) -> None:
        self.counts[plugin][what] += 1

    def same(self, pod: str, where: str, theirs, ours) -> None:
        if theirs != ours:
            self.differences.append(Difference(pod, where, str(theirs), str(ours)))


def _by_pod(lines: str) -> dict[str, dict]:
    reports = map(json.loads, filter(str.strip, lines.splitlines()))
    return {report["pod"]: report for report in reports}


class _Pod:
    def __init__(self, comparison: Comparison, pod: str, theirs: dict, ours: dict):
        self._in, self._pod, self._theirs, self._ours = comparison, pod, theirs, ours

    def compare(self) -> None:
        if any(self._refused_elsewhere(side) for side in (self._theirs, self._ours)):
            self._in.left_out += 1
            return
        self._verdicts("PreFilter", self._theirs["preFilter"], self._ours["preFilter"])
        theirs, ours = ({n["name"]: n for n in side["nodes"]} for side in (self._theirs, self._ours))
        self._same("nodes", sorted(theirs), [n["name"] for n in self._ours["nodes"]])
        both = sorted(theirs.keys() & ours.keys())
        for name in both:
            self._verdicts(name, theirs[name]["filters"], ours[name]["filters"])
        if self._in.plugins is not None and _scored(theirs) != _scored(ours):
            self._in.left_out += 1
        else:
            for name in both:
                self._scores(theirs[name], ours[name])
        if self._in.plugins is None and "winner" in self._ours:
            self._winner()
        if self._in.plugins is None:
            self._preemption()
        if self._in.messages and not _scored(theirs):
            self._same("message", self._theirs.get("message", ""), self._ours.get("message", ""))

    def _winner(self) -> None:
        """Of the best, kube-scheduler takes any."""
        winner, best = self._ours["winner"], self._theirs["best"]
        if self._theirs.get("message"):
            self._same("winner", "none", winner or "none")
        elif winner not in best:
            self._same("winner", "one of " + ", ".join(best), winner)

    def _preemption(self) -> None:
        comparing_preemption.compare(self._theirs.get("preemption"), self._ours, self._same,
                                     lambda what: self._in.count(comparing_preemption.PLUGIN, what))

    def _refused_elsewhere(self, report: dict) -> bool:
        """Whether it is for another plugin's PreFilter that there are no verdicts of those to compare."""
        return any(v["verdict"] in REFUSALS and not self._in.wanted(v["plugin"]) for v in report["preFilter"])

    def _verdicts(self, place: str, theirs: list, ours: list) -> None:
        expected, got = self._of_plugins(place, theirs), self._of_plugins(place, ours)
        for plugin in _ordered(expected, got):
            for side in (expected, got):
                if plugin in side:
                    self._in.count(plugin, side[plugin]["verdict"])
                    break
            self._same(f"{place}: {plugin}", _said(expected.get(plugin)), _said(got.get(plugin)))

    def _scores(self, theirs: dict, ours: dict) -> None:
        place = theirs["name"]
        expected, got = self._of_plugins(place, theirs["scores"]), self._of_plugins(place, ours["scores"])
        for plugin in _ordered(expected, got):
            self._in.count(plugin, "scores")
            self._same(f"{place}: {plugin} scores", _scores(expected.get(plugin)), _scores(got.get(plugin)))
        if self._in.plugins is None:
            self._same(f"{place}: total", theirs["total"], ours.get("total", 0))

    def _of_plugins(self, place: str, entries: list) -> dict[str, dict]:
        found = {entry["plugin"]: entry for entry in entries if self._in.wanted(entry["plugin"])}
        if len(found) < sum(self._in.wanted(entry["plugin"]) for entry in entries):
            self._same(f"{place}: every plugin once", True, [entry["plugin"] for entry in entries])
        return found

    def _same(self, where: str, theirs, ours) -> None:
        self._in.same(self._pod, where, theirs, ours)


def _ordered(*sides: dict) -> list[str]:
    return list(dict.fromkeys(key for side in sides for key in side))


def _scored(nodes: dict) -> list[str]:
    return sorted(name for name, node in nodes.items() if node["scores"])


def _said(verdict: dict | None) -> str:
    if verdict is None:
        return "not asked"
    reasons = sorted(verdict.get("reasons") or [])
    return verdict["verdict"] + (": " + "; ".join(reasons) if reasons else "")


def _scores(score: dict | None) -> str:
    if score is None:
        return "none"
    return f"raw {score['raw']}, normalized {score['normalized']}, weighted {score['weighted']}"
