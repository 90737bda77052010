"""Builds the oracle from the Go module the cluster's programs are built from, once per user and version of either."""

import fcntl
import hashlib
import os
import subprocess
import sys
import types
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "scripts" / "lib"))

from cluster import binaries, golang  # noqa: E402

MODULE = binaries.MODULES / "kubernetes"
# Without the program itself among them, nothing is counted.
_COUNTED = ("command-line-arguments,k8s.io/kubernetes/pkg/scheduler/framework/plugins/...,"
            "k8s.io/kubernetes/pkg/scheduler/framework/preemption")


def build(coverage: bool = False) -> Path:
    """The program's path. With coverage it counts, into $GOCOVERDIR, which statements of the plugins it has run."""
    sources = sorted((HERE / "oracle").glob("*.go"))
    options = ["-ldflags=-s -w", *(["-cover", f"-coverpkg={_COUNTED}"] if coverage else [])]
    target = binaries.cache_root() / f"parity-oracle-{_digest(sources, options)}" / "oracle"
    if target.exists():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with open(target.parent / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.exists():
            _compile([*options, "-o", target.parent / ".new", *sources])
            os.replace(target.parent / ".new", target)
    return target


def go() -> str:
    log = binaries.cache_root() / "logs" / "parity-oracle.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    return golang.find(log, types.SimpleNamespace(detail=""))


def _digest(sources: list[Path], options: list[str]) -> str:
    digest = hashlib.sha256(repr((options, golang.architecture())).encode())
    for source in (MODULE / "go.mod", MODULE / "go.sum", *sources):
        digest.update(source.read_bytes())
    return digest.hexdigest()[:12]


def _compile(arguments: list) -> None:
    # The sources are named one by one: they are outside the module whose requirements they are built with.
    done = subprocess.run([go(), "build", "-p", "1", "-mod=readonly", "-buildvcs=false", *arguments], cwd=MODULE,
                          env=golang.environment(), capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"the oracle cannot be built:\n{done.stderr}")


def run(directory: Path, program: Path, mode: str, **environment: str) -> None:
    """Writes what the oracle says into every cluster's directory below this one; its modes are told in main.go."""
    done = subprocess.run([program, mode, directory], env=os.environ | environment, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"the oracle ended with status {done.returncode}:\n{done.stderr}")
