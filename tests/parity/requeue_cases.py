#!/usr/bin/env python3
"""Writes cases of requeueing: a Pod that one plugin has rejected, and one change in the cluster.

The question is whether the change makes the scheduler try the Pod again.

    DIR/NNNN/cluster.json   a List of the objects that are there before the change; the Pod is not among them
    DIR/NNNN/cases.json     an array of cases:

    {"plugin":   the name of the plugin that has rejected the Pod, as its only one: "NodeResourcesFit"
     "pod":      the Pod, which has no node and waits, as an object of the API
     "resource": the kind of what changes: Node, Pod, PersistentVolumeClaim, PersistentVolume, StorageClass, CSINode,
                 CSIDriver, CSIStorageCapacity or VolumeAttachment. A Pod may be the rejected one itself, another that
                 waits, or one that has a node: which events that makes is for the scheduler to say
     "action":   Add, Update or Delete
     "old":      the object before: as it is in cluster.json, or the rejected Pod; null if it is added
     "new":      the object afterwards; null if it is deleted}

The change is in the scheduler's stores by the time plugins are asked, as with an informer. Cases have nothing to do
with each other: each begins with the cluster as it is in cluster.json.

The answers are lines, one for each case, in order:

    {"case": its index, "hint": "Queue" or "Skip"}

kube-scheduler's own (the oracle's mode "requeue") are in hints.jsonl. They say "NotRegistered" instead of Skip where
the plugin does not want to know of such changes at all, and list the "events" that the scheduler makes of the change,
for the reader.
"""

import argparse
import json
from pathlib import Path

from clusters import changes, storage_changes
from clusters.families import FAMILIES
from clusters.world import World


def cluster_with_cases(seed: str, index: int, cases: int) -> tuple[dict, list[dict], str]:
    """The index-th cluster of a seed with its cases, and the plugin they are mostly about.

    It is the same whatever else is made.
    """
    world = World(f"requeue/{seed}/{index}")
    about = sorted(changes.PLUGINS)[index % len(changes.PLUGINS)]
    FAMILIES[world.pick(changes.PLUGINS[about][0])](world)
    storage_changes.attachments_of_migrated(world)
    whole, pods = world.finish()
    return whole, [changes.case(world, whole["items"], pods["items"], about) for _ in range(cases)], about


def generate(directory: Path, seed: str, clusters: int, cases: int, first: int = 0) -> None:
    for index in range(first, first + clusters):
        place = directory / f"{index:04}"
        place.mkdir(parents=True)
        whole, made, about = cluster_with_cases(seed, index, cases)
        (place / "cluster.json").write_text(json.dumps(whole))
        (place / "cases.json").write_text(json.dumps(made))
        (place / "families.txt").write_text(about + "\n")


def add_choice(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seed", default="1", help="any text")
    parser.add_argument("--clusters", type=int, default=200, help="how many")
    parser.add_argument("--cases", type=int, default=50, help="how many in each")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_choice(parser)
    parser.add_argument("--first", type=int, default=0, help="the number of the first")
    parser.add_argument("directory", type=Path)
    given = parser.parse_args()
    generate(given.directory, given.seed, given.clusters, given.cases, given.first)


if __name__ == "__main__":
    main()
