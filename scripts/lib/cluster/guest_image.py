"""The disk every guest boots from: Debian with systemd, containerd and the kubelet, made once per user.

scripts/lib/guest says what is in it. The result lives in $XDG_CACHE_HOME/actimanager/guest-HASH, HASH being that of all
it is made of but the packages' versions: what the machine's mirror has on the day of the build is in it until then.
"""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import commands

from . import binaries, golang
from .errors import ClusterError
from .guest_variants import KERNELS

RECIPE = Path(__file__).resolve().parents[1] / "guest"
SUITE = "bookworm"
_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
# Sparse: what is free in it takes no room on the host.
_SIZE = "4G"
_TOOLS = {"mmdebstrap": "mmdebstrap", "mke2fs": "e2fsprogs", "apt-get": "apt"}


def directory() -> Path:
    digest = hashlib.sha256()
    for path in sorted(p for p in RECIPE.rglob("*") if p.is_file()):
        digest.update(f"{path.relative_to(RECIPE)} {os.access(path, os.X_OK)}\n".encode() + path.read_bytes())
    # The directory of the kubelet names its version and the hash of what it is built from.
    digest.update(repr((binaries.directory().name, SUITE, _SIZE)).encode())
    return binaries.cache_root() / f"guest-{digest.hexdigest()[:12]}"


def kernel(series: str) -> tuple[str, str]:
    """The names of a kernel's file and of its initial RAM disk's."""
    return f"vmlinuz-{series}", f"initrd-{series}.img"


def there() -> bool:
    names = ("disk.img", *(name for series in KERNELS for name in kernel(series)))
    return all((directory() / name).exists() for name in names)


def check() -> None:
    """Fails if the image is not there and cannot be made."""
    if golang.architecture() != "amd64":
        raise ClusterError("the guest is an amd64 machine, and only such a one can make its image")
    if there():
        return
    if os.geteuid() != 0:
        raise ClusterError("the guest's image is not made yet, and making it needs root: mmdebstrap changes its root")
    for tool, package in _TOOLS.items():
        if not shutil.which(tool):
            raise ClusterError(f"{tool} is not installed; scripts/setup installs it ({package})")


def build(where_kubelet: Path, progress) -> Path:
    """Makes the image if it is not there. Returns the directory it is in."""
    where = directory()
    if there():
        return where
    check()
    where.mkdir(parents=True, exist_ok=True)
    log = binaries.cache_root() / "logs" / f"build-{where.name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with binaries.locked(where / ".lock", progress):
        if there():
            return where
        log.write_text("")
        # What a build that was killed has left is made anew.
        tree, disk = where / "root", where / "disk.img.new"
        shutil.rmtree(tree, ignore_errors=True)
        try:
            with progress.step("the guest's Debian") as step:
                _bootstrap(tree, where_kubelet / "kubelet", log, step)
            with progress.step("the guest's disk"):
                disk.unlink(missing_ok=True)
                _run(["mke2fs", "-q", "-t", "ext4", "-m", "0", "-E", "lazy_itable_init=0,lazy_journal_init=0",
                      "-L", "guest", "-d", tree, disk, _SIZE], log)
                for series in KERNELS:
                    _copy_kernel(tree, series, where)
                os.replace(disk, where / "disk.img")
        finally:
            shutil.rmtree(tree, ignore_errors=True)
            disk.unlink(missing_ok=True)
    return where


def _copy_kernel(tree: Path, series: str, where: Path) -> None:
    found = sorted(tree.glob(f"boot/vmlinuz-{series}.*"))
    if len(found) != 1:
        raise ClusterError(f"of {SUITE}'s kernels {len(found)} are {series}, one is wanted: see {RECIPE / 'packages'}")
    version = found[0].name.removeprefix("vmlinuz-")
    for name, copy in zip((f"vmlinuz-{version}", f"initrd.img-{version}"), kernel(series)):
        shutil.copyfile(tree / "boot" / name, where / copy)


def packages() -> list[str]:
    lines = (line.partition("#")[0].strip() for line in (RECIPE / "packages").read_text().splitlines())
    return [line for line in lines if line]


def _bootstrap(tree: Path, kubelet: Path, log: Path, step) -> None:
    mirror = _mirror()
    sources = [f"deb [signed-by={_KEYRING}] {mirror} {suite} main" for suite in (SUITE, f"{SUITE}-backports")]
    hook = RECIPE / "customize"

    def line(text: str) -> None:
        if text.startswith(("I: ", "Setting up ")):
            step.detail = text.removeprefix("I: ").strip()

    # One option each: mmdebstrap splits no pattern that way.
    _run(["mmdebstrap", "--mode=root", "--variant=minbase", "--format=directory",
          *(f"--include={package}" for package in packages()), "--aptopt=Apt::Install-Recommends false",
          f"--essential-hook='{hook}' early \"$1\" '{kubelet}'", f"--customize-hook='{hook}' late \"$1\" '{kubelet}'",
          SUITE, tree, *sources], log, line)


def _mirror() -> str:
    """Where this machine gets Debian from."""
    done = subprocess.run(["apt-get", "indextargets", "--format", "$(SITE) $(RELEASE) $(COMPONENT)",
                           "Created-By: Packages"], capture_output=True, text=True)
    for fields in map(str.split, done.stdout.splitlines()):
        if fields[1:] == [SUITE, "main"]:
            return fields[0]
    raise ClusterError(f"no apt source for {SUITE} main is found on this machine; the guest is made from it")


def _run(command, log: Path, line=None) -> None:
    status = commands.run(["nice", "-n", "5", *command], log, cwd="/", line=line)
    if status != 0:
        raise ClusterError(f"{command[0]} failed with status {status}", log)
