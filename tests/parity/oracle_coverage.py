#!/usr/bin/env python3
"""What of kube-scheduler's plugins the generated clusters reach: statements that were run, by package.

Left out is what is no part of a verdict: signatures, binding and the like; and queueing hints, which --hints is about
and nothing else.
"""

import argparse
import bisect
import collections
import re
import subprocess
import tempfile
from pathlib import Path

import oracle_program
import requeue_cases
from cluster import golang
from generate import add_choice, generate

_COUNTED = re.compile("k8s.io/kubernetes/pkg/scheduler/framework/(plugins/(?=.*/)|(?=preemption/))(?P<path>.*)")
_OTHER_PACKAGES = ("defaultbinder", "dynamicresources", "gangscheduling", "nodedeclaredfeatures",
                   "queuesort", "schedulinggates", "testing", "feature", "volumebinding/metrics")
# Other moments than judging one Pod, what is off in the default profile or by the release's gates, and states of the
# cycle that are always there.
_OTHER_FUNCTIONS = re.compile(
    r"^(isSchedulable|isPodSchedulable|EventsToRegister|Sign|sign|Reserve|Unreserve|PreBind|Bind|bind|Assume|Revert|"
    r"revert|merge$|delete$|Restore|getNodeAffinity|checkBindings|replaceAssumed|"
    r"ScoreExtensions|String$|Name$|Len$|Less$|Swap$|Events|hasPodTopology|podLabelsMatch|"
    r"involvedInTopology|getOldAndNew|isFit|Fits$|New|get\w*State\w*$|getArgs|mayExpire|most|requestedTo|"
    r"buildRequestedTo|BuildBrokenLinear|buildScorerFunction|\w*DRA|\w*DeviceMatch|deviceMatches|nodeMatches|"
    r"buildNodeMatch|haveAny|isPVCRequested|conflictingPVC|checkCSIDriverOnNode|checkTopologyKey|arePodVolumesBound|"
    r"convertDynamic|GetAPIObj|Storage|getPodName|hasRestartableInit|hasConstraintWithNodeTaints|callExtenders|"
    r"prepareCandidate$)")
_HINTS = re.compile(r"isSchedulable|isPodSchedulable|EventsToRegister|involvedInTopology|getOldAndNew|podLabelsMatch|"
                    r"isFit|haveAny|checkTopologyKey|isPVCRequested|getPVTopologies|hasConstraintWithNodeTaints|"
                    r"getNodeAffinity|volumeLimit|podMatchesAll|getPersistentVolumeClaimNameFromPod")
_OTHER_FILES = re.compile(r".*/(test_utils?|fake_binder|assume_cache)\.go")
_BLOCK = re.compile(r"(?P<file>\S+):(?P<line>\d+)\.\d+,(?P<end>\d+)\.\d+ (?P<statements>\d+) (?P<count>\d+)")
_FUNCTION = re.compile(r"(?P<file>\S+):(?P<line>\d+):\s+(?P<name>\S+)\s+[\d.]+%")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_choice(parser)
    parser.add_argument("--missing", action="append", default=[], metavar="PACKAGE",
                        help="list the lines of this package that were not run")
    parser.add_argument("--hints", action="store_true",
                        help="count what makes a rejected Pod be tried again, in clusters of requeue_cases.py")
    given = parser.parse_args()
    program = oracle_program.build(coverage=True)
    with tempfile.TemporaryDirectory(prefix="parity-") as directory:
        place = Path(directory)
        (place / "counted").mkdir()
        if given.hints:
            requeue_cases.generate(place / "clusters", given.seed, given.clusters, 50)
        else:
            generate(place / "clusters", given.seed, given.clusters, given.only)
        oracle_program.run(place / "clusters", program, "requeue" if given.hints else "judge",
                           GOCOVERDIR=str(place / "counted"))
        _go("covdata", "textfmt", f"-i={place / 'counted'}", f"-o={place / 'profile'}")
        blocks = [b for b in map(_BLOCK.fullmatch, (place / "profile").read_text().splitlines()) if b]
        functions = _Functions(_go("cover", f"-func={place / 'profile'}"))
    is_counted = _HINTS.match if given.hints else lambda name: not _OTHER_FUNCTIONS.match(name)
    _print(blocks, functions, given.missing, is_counted)


def _go(*command: str) -> str:
    done = subprocess.run([oracle_program.go(), "tool", *command], cwd=oracle_program.MODULE, env=golang.environment(),
                          capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"go tool {' '.join(command)}: {done.stderr}")
    return done.stdout


class _Functions:
    """Which function a line of a file is in."""

    def __init__(self, listing: str):
        self._starts = collections.defaultdict(list)
        for found in filter(None, map(_FUNCTION.fullmatch, listing.splitlines())):
            self._starts[found["file"]].append((int(found["line"]), found["name"]))
        for starts in self._starts.values():
            starts.sort()

    def at(self, file: str, line: int) -> str:
        starts = self._starts[file]
        index = bisect.bisect_right(starts, line, key=lambda start: start[0]) - 1
        return starts[index][1] if index >= 0 else ""


def _print(blocks: list, functions: _Functions, missing: list[str], is_counted) -> None:
    total, run = collections.Counter(), collections.Counter()
    unreached = []
    for block in blocks:
        file, line = block["file"], int(block["line"])
        counted, function = _COUNTED.fullmatch(file), functions.at(file, line)
        if not counted or not is_counted(function) or _OTHER_FILES.fullmatch(file):
            continue
        package = counted["path"].rpartition("/")[0]
        if package in _OTHER_PACKAGES:
            continue
        total[package] += int(block["statements"])
        run[package] += int(block["statements"]) * (block["count"] != "0")
        if package in missing and block["count"] == "0":
            unreached.append((counted["path"], line, int(block["end"]), function))
    for file, line, end, function in sorted(unreached):
        print(f"{file}:{line}-{end} {function}")
    for package in sorted(total):
        print(f"{package:<20} {run[package]:>5} of {total[package]:>5} statements {run[package] / total[package]:7.1%}")
    print(f"{'together':<20} {run.total():>5} of {total.total():>5} statements {run.total() / total.total():7.1%}")


if __name__ == "__main__":
    main()
