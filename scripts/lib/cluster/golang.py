"""Finds a Go toolchain that is new enough, or installs one.

Where there is none: Debian's golang-go (from backports where that is there) fetches the toolchain below from the
module proxy, as any Go since 1.17 can; it is checked against Go's checksum database like every module.
"""

import json
import os
import platform
import re
import shutil
import subprocess
from pathlib import Path

from .errors import ClusterError

NEEDED = (1, 26)
TOOLCHAIN = "1.26.8"

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def architecture() -> str:
    machine = platform.machine()
    if machine not in _ARCHITECTURES:
        raise ClusterError(f"no Go toolchain is known for a {machine} machine")
    return _ARCHITECTURES[machine]


def find(log: Path, step) -> str:
    """The path of a go command of at least NEEDED; `step` is a progress step to be told what takes long."""
    candidates = _candidates()
    for candidate in candidates:
        if _version(candidate) >= NEEDED:
            return candidate
    if not candidates:
        step.detail = "installing golang-go"
        _install(log)
        candidates = _candidates()
    if not candidates:
        raise ClusterError("there is no go command; install Go 1.17 or newer", log)
    step.detail = f"fetching go {TOOLCHAIN}"
    return _fetch(max(candidates, key=_version), log)


def environment() -> dict:
    """The environment builds run in: the machine's, without what would change their results."""
    env = {k: v for k, v in os.environ.items() if k not in ("GOFLAGS", "GOARCH", "GOOS", "GOWORK", "GO111MODULE")}
    env.setdefault("HOME", str(Path.home()))
    return env | {"CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOWORK": "off"}


def _candidates() -> list[str]:
    places = [shutil.which("go"), "/usr/local/go/bin/go", *sorted(map(str, Path("/usr/lib").glob("go-1.*/bin/go")))]
    return [p for p in dict.fromkeys(places) if p and os.access(p, os.X_OK)]


def _version(go: str) -> tuple[int, int]:
    done = subprocess.run([go, "version"], capture_output=True, text=True, env=environment(), cwd="/")
    found = re.search(r"go version go(\d+)\.(\d+)", done.stdout)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def _install(log: Path) -> None:
    if os.geteuid() != 0:
        raise ClusterError("there is no Go toolchain, and installing golang-go needs root: apt-get install golang-go")
    if not shutil.which("apt-get"):
        raise ClusterError("there is no Go toolchain and no apt-get to install one; install Go 1.26 or newer")
    env = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    with open(log, "a") as out:
        def apt(*args):
            return subprocess.run(["apt-get", *args], stdout=out, stderr=out, env=env).returncode == 0

        apt("update", "-q")
        # Backports are only there where the machine's sources name them; any golang-go can fetch a newer toolchain.
        release = _codename()
        if not (release and apt("install", "-yq", "--no-install-recommends", "-t", f"{release}-backports", "golang-go")):
            if not apt("install", "-yq", "--no-install-recommends", "golang-go", "ca-certificates"):
                raise ClusterError("apt-get could not install golang-go", log)


def _codename() -> str:
    try:
        found = re.search(r"^VERSION_CODENAME=(\w+)", Path("/etc/os-release").read_text(), re.M)
    except OSError:
        return ""
    return found[1] if found else ""


def _fetch(go: str, log: Path) -> str:
    module = f"golang.org/toolchain@v0.0.1-go{TOOLCHAIN}.linux-{architecture()}"
    done = subprocess.run([go, "mod", "download", "-json", module], capture_output=True, text=True, env=environment(),
                          cwd="/")
    with open(log, "a") as out:
        out.write(done.stdout + done.stderr)
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        answer = {}
    directory = answer.get("Dir")
    if not directory:
        raise ClusterError(f"{go} could not download go {TOOLCHAIN}: {answer.get('Error') or done.stderr.strip()}", log)
    # Module zips carry no permissions.
    for place in ("bin", "pkg/tool"):
        for path in (Path(directory) / place).rglob("*"):
            if path.is_file():
                path.chmod(0o755)
    return str(Path(directory) / "bin" / "go")
