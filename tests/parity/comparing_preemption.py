"""Holds what DefaultPreemption does for a Pod against what kube-scheduler's does."""

import awaited

PLUGIN = "DefaultPreemption"


def compare(theirs: dict | None, ours: dict, same, count) -> None:
    """`theirs` is the oracle's "preemption", `ours` a whole report.

    same(where, theirs, ours) notes a difference, count(what) that something was compared.
    """
    if "postFilter" not in ours:
        if awaited.PREEMPTION:
            same("postFilter", "is told of", "missing")
        return
    said = ours["postFilter"]
    same("postFilter", theirs is not None, said is not None)
    if theirs is None or said is None:
        return
    count(theirs["verdict"])
    same("postFilter: plugin", PLUGIN, said["plugin"] or PLUGIN)
    same("postFilter: verdict", theirs["verdict"], said["verdict"])
    same("postFilter: reasons", theirs["message"], ", ".join(said["reasons"]))
    expected, got = ({c["node"]: c for c in side["candidates"]} for side in (theirs, said))
    same("postFilter: candidates", sorted(expected), [c["node"] for c in said["candidates"]])
    for node in sorted(expected.keys() & got.keys()):
        if expected[node]["unique"]:
            count("candidates")
            same(f"postFilter: {node}", _losses(expected[node]), _losses(got[node]))
        else:
            count("candidates left to chance")
    if all(candidate["unique"] for candidate in expected.values()):
        _chosen(theirs, said["nominated"], got, same)
    else:
        same("postFilter: nominated", theirs["chosen"] is not None, said["nominated"] is not None)


def _losses(candidate: dict) -> str:
    return f"{', '.join(candidate['victims'])}; {candidate['pdbViolations']} violations"


def _chosen(theirs: dict, nominated: dict | None, candidates: dict, same) -> None:
    if nominated is None or theirs["chosen"] is None:
        same("postFilter: nominated", theirs["chosen"], nominated and nominated["node"])
        return
    if nominated["node"] not in theirs["equallyGood"]:
        same("postFilter: nominated", "one of " + ", ".join(theirs["equallyGood"]), nominated["node"])
    elif nominated["node"] in candidates:
        same("postFilter: nominated", _losses(candidates[nominated["node"]]), _losses(nominated))
