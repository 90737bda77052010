"""The topology a simulated node has, as the spec.topology of a NodeCPUTopology.

The project's own binary says what hwloc makes of a synthetic description or an XML file; where it is not built yet,
descriptions of the form "pack:A core:B pu:C" are worked out here, with one NUMA node per package.
"""

import json
import os
import re
import subprocess
from pathlib import Path

from .errors import ClusterError, UsageError

DEFAULT = "pack:2 core:16 pu:2"
_BINARY = Path(__file__).resolve().parents[3] / "build" / "src" / "app" / "actimanager"


def of(description: str) -> dict:
    is_file = description.endswith(".xml")
    if is_file and not Path(description).is_file():
        raise UsageError(f"--topology {description}: no such file")
    if os.access(_BINARY, os.X_OK):
        return _asked(description, is_file)
    plain = parse(description)
    if plain is None:
        raise UsageError(f"--topology {description}: only \"pack:A core:B pu:C\" is known without {_BINARY}")
    return synthetic(*plain)


def parse(description: str) -> tuple[int, int, int] | None:
    found = re.fullmatch(r"\s*(?:pack|package|socket):(\d+)\s+core:(\d+)\s+pu:(\d+)\s*", description, re.I)
    if not found:
        return None
    counts = tuple(map(int, found.groups()))
    return counts if all(counts) and counts[0] * counts[1] * counts[2] <= 8192 else None


def synthetic(packages: int, cores: int, pus: int) -> dict:
    """CPUs and cores numbered as hwloc numbers a synthetic machine's: on from package to package."""
    sockets, numa_nodes = {}, {}
    for package in range(packages):
        first = package * cores * pus
        sockets[str(package)] = {
            "cores": {str(core): {"cpus": list(range(core * pus, (core + 1) * pus))}
                      for core in range(package * cores, (package + 1) * cores)},
            "cpus": list(range(first, first + cores * pus)),
        }
        numa_nodes[str(package)] = {"cpus": sockets[str(package)]["cpus"]}
    return {"sockets": sockets, "numaNodes": numa_nodes, "cpus": list(range(packages * cores * pus))}


def _asked(description: str, is_file: bool) -> dict:
    env = {k: v for k, v in os.environ.items() if not k.startswith("HWLOC_")}
    if is_file:
        env["HWLOC_XMLFILE"] = str(Path(description).absolute())
    else:
        plain = parse(description)
        # Without a word on NUMA hwloc makes one node of the whole machine; a package of its own each is what is meant.
        env["HWLOC_SYNTHETIC"] = "pack:{} [numa] core:{} pu:{}".format(*plain) if plain else description
    done = subprocess.run([_BINARY, "topology", "-o", "json"], env=env, capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        raise UsageError(f"--topology {description}: {done.stderr.strip()[-300:]}")
    try:
        topology = json.loads(done.stdout)["spec"]["topology"]
    except (ValueError, KeyError, TypeError):
        raise ClusterError(f"{_BINARY} topology -o json gave no NodeCPUTopology") from None
    if not topology.get("cpus"):
        raise ClusterError(f"--topology {description}: a machine without CPUs")
    return topology
