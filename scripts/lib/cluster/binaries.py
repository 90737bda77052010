"""Builds the programs of a cluster from their Go modules, once per user and version.

scripts/lib/kube-binaries holds one module per upstream project, with go.sum; nothing else is fetched. The results live
in $XDG_CACHE_HOME/actimanager/kubernetes-VERSION-HASH, HASH being that of all inputs, so that an edit builds anew.
"""

import contextlib
import fcntl
import hashlib
import os
import re
import signal
import subprocess
import threading
from pathlib import Path

from . import golang
from .errors import ClusterError
from .processes import die_with_parent

MODULES = Path(__file__).resolve().parents[1] / "kube-binaries"

# program: (module directory, main package)
PROGRAMS = {
    "etcd": ("etcd", "go.etcd.io/etcd/server/v3"),
    "kube-apiserver": ("kubernetes", "k8s.io/kubernetes/cmd/kube-apiserver"),
    "kube-controller-manager": ("kubernetes", "k8s.io/kubernetes/cmd/kube-controller-manager"),
    "kube-scheduler": ("kubernetes", "k8s.io/kubernetes/cmd/kube-scheduler"),
    "kubectl": ("kubernetes", "k8s.io/kubernetes/cmd/kubectl"),
    "kubelet": ("kubernetes", "k8s.io/kubernetes/cmd/kubelet"),
    "kwok": ("kwok", "sigs.k8s.io/kwok/cmd/kwok"),
}
CONTROL_PLANE = ("etcd", "kube-apiserver", "kubectl", "kube-controller-manager", "kube-scheduler")
# What kwok does with Nodes and Pods, as its own module states it.
STAGES = "kwok-stages.yaml"
_STAGE_FOLDERS = ("node/fast", "node/heartbeat-with-lease", "pod/fast")


def cache_root() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "actimanager"


def kubernetes_version() -> str:
    found = re.search(r"^\s*(?:require )?k8s\.io/kubernetes v(\S+)", (MODULES / "kubernetes/go.mod").read_text(), re.M)
    if not found:
        raise ClusterError(f"{MODULES}/kubernetes/go.mod names no version of k8s.io/kubernetes")
    return found[1]


def _link_flags() -> str:
    version = kubernetes_version()
    major, minor = version.split(".")[:2]
    values = {"gitVersion": f"v{version}", "gitMajor": major, "gitMinor": minor, "gitTreeState": "clean"}
    places = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
    return " ".join(["-s -w", *(f"-X {place}.{key}={value}" for place in places for key, value in values.items())])


def directory() -> Path:
    digest = hashlib.sha256()
    for module in ("etcd", "kubernetes", "kwok"):
        for name in ("go.mod", "go.sum"):
            digest.update((MODULES / module / name).read_bytes())
    digest.update(_link_flags().encode() + golang.architecture().encode() + repr((PROGRAMS, _STAGE_FOLDERS)).encode())
    return cache_root() / f"kubernetes-{kubernetes_version()}-{digest.hexdigest()[:12]}"


def missing(programs) -> list[str]:
    where = directory()
    wanted = [*programs, *([STAGES] if "kwok" in programs else [])]
    return [p for p in wanted if not (where / p).exists()]


def build(programs, progress) -> Path:
    """Builds those of the programs that are not there yet. Returns the directory they are in."""
    where = directory()
    if not missing(programs):
        return where
    where.mkdir(parents=True, exist_ok=True)
    log = cache_root() / "logs" / f"build-{where.name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with locked(where / ".lock", progress):
        wanted = missing(programs)
        if not wanted:
            return where
        log.write_text("")
        with progress.step("Go toolchain") as step:
            go = golang.find(log, step)
        for program in wanted:
            if program == STAGES:
                _write_stages(go, where, log)
                continue
            with progress.step(f"build {program}") as step:
                _compile(go, program, where, log, step)
    return where


@contextlib.contextmanager
def locked(path: Path, progress):
    with open(path, "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            with progress.step("wait for another build"):
                fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _compile(go: str, program: str, where: Path, log: Path, step) -> None:
    module, package = PROGRAMS[program]
    target = where / f".{program}.new"
    command = [go, "build", "-mod=readonly", "-buildvcs=false", "-v", "-ldflags", _link_flags(), "-o", target, package]
    compiler = subprocess.Popen(command, cwd=MODULES / module, env=golang.environment(), text=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                start_new_session=True, preexec_fn=die_with_parent)

    def follow():
        compiled = 0
        with open(log, "a") as out:
            for line in compiler.stdout:
                out.write(line)
                out.flush()
                downloading = line.startswith("go: downloading")
                compiled += not downloading
                step.detail = line[4:].strip() if downloading else f"{compiled} packages compiled"

    reader = threading.Thread(target=follow, daemon=True)
    reader.start()
    try:
        status = compiler.wait()
    except BaseException:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(compiler.pid, signal.SIGKILL)
        compiler.wait()
        raise
    reader.join(5)
    if status != 0:
        raise ClusterError(f"go build {package} failed with status {status}", log)
    os.replace(target, where / program)


def _write_stages(go: str, where: Path, log: Path) -> None:
    done = subprocess.run([go, "list", "-mod=readonly", "-m", "-f", "{{.Dir}}", "sigs.k8s.io/kwok"],
                          cwd=MODULES / "kwok", env=golang.environment(), capture_output=True, text=True)
    source = Path(done.stdout.strip()) / "kustomize" / "stage"
    if done.returncode != 0 or not source.is_dir():
        raise ClusterError(f"the stages of kwok were not found: {done.stderr.strip() or source}", log)
    texts = []
    for folder in _STAGE_FOLDERS:
        files = [f for f in sorted((source / folder).glob("*.yaml")) if f.name != "kustomization.yaml"]
        if not files:
            raise ClusterError(f"{source / folder} has no stages")
        texts += [f.read_text().strip() for f in files]
    new = where / f".{STAGES}.new"
    new.write_text("\n---\n".join(texts) + "\n")
    os.replace(new, where / STAGES)
