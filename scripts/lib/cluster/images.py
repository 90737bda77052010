"""The images every real node has: localhost/pause:1 and localhost/busybox:1, made of the machine's static busybox."""

import hashlib
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

from .binaries import cache_root
from .errors import ClusterError
from .golang import architecture

NAMES = ("localhost/pause:1", "localhost/busybox:1")
# The layout of what is below; another one gives another file in the cache.
_REVISION = "1"


def base_images() -> Path:
    """An OCI layout in a tar with both images, made once per busybox."""
    busybox = _busybox()
    digest = hashlib.sha256(busybox.read_bytes() + _REVISION.encode()).hexdigest()[:12]
    result = cache_root() / f"node-images-{digest}.tar"
    if result.exists():
        return result
    if not shutil.which("umoci"):
        raise ClusterError("umoci is not installed; scripts/setup installs it")
    cache_root().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as work:
        layout = Path(work) / "layout"
        _umoci("init", "--layout", layout)
        _add(layout, Path(work), "pause", busybox, ["sleep"])
        _add(layout, Path(work), "busybox", busybox, _applets(busybox))
        index = json.loads((layout / "index.json").read_text())
        for manifest in index["manifests"]:
            name = manifest["annotations"]["org.opencontainers.image.ref.name"]
            # containerd takes the whole name from its own annotation.
            manifest["annotations"] = {"io.containerd.image.name": f"localhost/{name}:1"}
        (layout / "index.json").write_text(json.dumps(index))
        new = Path(work) / "images.tar"
        with tarfile.open(new, "w") as tar:
            for item in ("oci-layout", "index.json", "blobs"):
                tar.add(layout / item, item)
        staged = result.with_name(f"{result.name}.{os.getpid()}")
        shutil.copyfile(new, staged)
        os.replace(staged, result)
    return result


def _busybox() -> Path:
    """The static busybox: a dynamic one would not run alone."""
    for place in ("/bin/busybox", "/usr/bin/busybox"):
        path = Path(place)
        # A program header of type PT_INTERP names a loader; the name is there as text.
        if path.exists() and b"/ld-linux" not in path.read_bytes():
            return path
    raise ClusterError("there is no static busybox; install busybox-static (scripts/setup does)")


def _applets(busybox: Path) -> list[str]:
    return subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True).stdout.split()


def _add(layout: Path, work: Path, name: str, busybox: Path, applets: list[str]) -> None:
    root = work / name
    (root / "bin").mkdir(parents=True)
    for folder in ("etc", "proc", "sys", "dev", "tmp", "run"):
        (root / folder).mkdir()
    (root / "tmp").chmod(0o1777)
    shutil.copyfile(busybox, root / "bin" / "busybox")
    (root / "bin" / "busybox").chmod(0o755)
    for applet in applets:
        if applet != "busybox":
            (root / "bin" / applet).symlink_to("busybox")
    (root / "etc" / "passwd").write_text("root:x:0:0:root:/:/bin/sh\n")
    image = f"{layout}:{name}"
    _umoci("new", "--image", image)
    _umoci("insert", "--image", image, root, "/")
    _umoci("config", "--image", image, "--os", "linux", "--architecture", architecture(),
           "--config.cmd", "/bin/sleep", "--config.cmd", "infinity", "--config.env", "PATH=/bin")


def _umoci(*arguments) -> None:
    done = subprocess.run(["umoci", *map(str, arguments)], capture_output=True, text=True)
    if done.returncode != 0:
        raise ClusterError(f"umoci {arguments[0]} failed: {done.stderr.strip()[-300:]}")
