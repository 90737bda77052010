"""The families by name, and the worlds they make."""

import itertools

import awaited

from . import node_families, pod_families, preemption_families, resource_families, spread_families, volume_families
from .world import World

_PLAIN = {family.__name__.replace("_", "-"): family for family in (
    node_families.node_names, node_families.unschedulable, node_families.taints, node_families.node_affinity,
    node_families.host_ports, node_families.images,
    resource_families.resources, resource_families.full_nodes, resource_families.pod_level_resources,
    resource_families.resizes, resource_families.ended,
    spread_families.spread, spread_families.workloads,
    pod_families.pod_affinity, pod_families.existing_pods, pod_families.first_pods,
    volume_families.volume_claims, volume_families.volume_restrictions, volume_families.volume_limits,
)}
PREEMPTION = {family.__name__.replace("_", "-"): family for family in (
    preemption_families.priorities, preemption_families.budgets, preemption_families.terminating,
    preemption_families.never_preempting, preemption_families.nominated, preemption_families.no_help,
    preemption_families.victims_of_others,
)}
FAMILIES = _PLAIN | PREEMPTION
COMPARED = FAMILIES if awaited.PREEMPTION else _PLAIN

# Both of a pair make objects of the same names, or rewrite the same part of a Pod: the second would undo the first.
_APART = ({"volume-claims", "volume-limits"}, {"resources", "pod-level-resources"}, {"pod-affinity", "first-pods"},
          {"volume-restrictions", "volume-limits"},
          # Every one of these fills the nodes.
          *({one, other} for one, other in itertools.combinations(PREEMPTION, 2)))


def cluster(seed: str, index: int, only: list[str]) -> tuple[dict, dict, list[str]]:
    """The index-th cluster of a seed, the Pods to judge, and the families they are of.

    It is the same whatever else is made. Half of the clusters are of one family, so that a Pod often fits somewhere;
    the others mix a few, for what they do to each other. If `only` names families, there are no others.
    """
    world = World(f"{seed}/{index}/{','.join(only)}")
    names = only or list(COMPARED)
    chosen = world.some(names, 1, 1 if world.chance(0.5) else 4)
    for pair in _APART:
        if pair <= set(chosen):
            chosen.remove(max(pair))
    for name in sorted(chosen, key=list(FAMILIES).index):
        FAMILIES[name](world)
    return *world.finish(), chosen
