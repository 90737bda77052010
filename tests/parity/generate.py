#!/usr/bin/env python3
"""Writes random clusters: DIR/NNNN/cluster.json, and pods.json with the Pods to judge there.

A cluster follows from the seed, its number and --only; the same three make the same cluster again.
"""

import argparse
import json
from pathlib import Path

from clusters.families import FAMILIES, cluster


def generate(directory: Path, seed: str, clusters: int, only: list[str], first: int = 0) -> None:
    for index in range(first, first + clusters):
        place = directory / f"{index:04}"
        place.mkdir(parents=True)
        whole, pods, families = cluster(seed, index, only)
        (place / "cluster.json").write_text(json.dumps(whole))
        (place / "pods.json").write_text(json.dumps(pods))
        (place / "families.txt").write_text(" ".join(families) + "\n")


def add_choice(parser: argparse.ArgumentParser) -> None:
    """The arguments that say which clusters."""
    parser.add_argument("--seed", default="1", help="any text")
    parser.add_argument("--clusters", type=int, default=2000, help="how many")
    parser.add_argument("--only", action="append", default=[], choices=sorted(FAMILIES), metavar="FAMILY",
                        help=f"a family they are of, and no other but those named like this: {', '.join(FAMILIES)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_choice(parser)
    parser.add_argument("--first", type=int, default=0, help="the number of the first")
    parser.add_argument("directory", type=Path)
    given = parser.parse_args()
    generate(given.directory, given.seed, given.clusters, given.only, given.first)


if __name__ == "__main__":
    main()
