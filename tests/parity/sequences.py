"""Writes sequences: DIR/NNNN/cluster.json, and sequence.json with Pods that are to be placed one after the other.

What one Pod was given the next finds taken. Left out is where kube-scheduler needs others for that: volumes that are
bound, or made, for a Pod.
"""

import json
from pathlib import Path

import awaited
from clusters.families import FAMILIES, PREEMPTION
from clusters.world import World

# No volumes that wait for a consumer, and no Pods that have a node already.
_PLAIN = [name for name in FAMILIES if name not in PREEMPTION
          and name not in ("node-names", "volume-claims", "volume-limits", "ended")]
FAMILIES_OF_SEQUENCES = [*_PLAIN, *PREEMPTION] if awaited.PREEMPTION else _PLAIN


def sequence(seed: str, index: int) -> tuple[dict, dict, list[str]]:
    """The index-th cluster of a seed, the Pods in their order, and the families they are of."""
    world = World(f"sequence/{seed}/{index}")
    for i in range(world.rng.randint(4, 16)):
        world.judged.append(world.pod(f"more-{i:02}"))
    chosen = world.some(FAMILIES_OF_SEQUENCES, 1, 1)
    FAMILIES[chosen[0]](world)
    return *world.finish(), chosen


def generate(directory: Path, seed: str, clusters: int, first: int = 0) -> None:
    for index in range(first, first + clusters):
        place = directory / f"{index:04}"
        place.mkdir(parents=True)
        whole, pods, families = sequence(seed, index)
        (place / "cluster.json").write_text(json.dumps(whole))
        (place / "sequence.json").write_text(json.dumps(pods))
        (place / "families.txt").write_text(" ".join(families) + "\n")
