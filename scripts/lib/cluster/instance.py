"""One instance: its directory, what it was asked to be, its ports, and the lock that serialises commands on it."""

import contextlib
import fcntl
import json
import os
import random
import re
import shutil
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path

from .errors import ClusterError, UsageError
from .processes import Process, command_line

_PORTS = ("etcd", "etcd-peer", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok", "kubelet",
          "kubelet-healthz", "actimanager", "vm", "vm-kubelet", "vm-actimanager")
# containerd's sockets lie in the state directory, and a socket's path ends after 107 bytes.
_MAX_ROOT = 107 - len("/containerd/containerd.sock.ttrpc")


def clusters_root() -> Path:
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state).absolute() / "actimanager" / "clusters"


class Instance:
    def __init__(self, name: str):
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}", name):
            raise UsageError(f"--name {name!r}: up to 40 letters, digits, '-', '_' and '.', the first a letter or digit")
        self.name = name
        self.root = clusters_root() / name
        self.node_name = name.lower().replace("_", "-").strip("-.") or "node"
        self.node_name = re.sub(r"[-.]*\.[-.]*", ".", self.node_name)
        self.config_file = self.root / "instance.json"
        self.pki = self.root / "pki"
        self.logs = self.root / "logs"
        self.kubeconfig = self.root / "kubeconfig"
        self.supervisor_socket = self.root / "supervisor.sock"

    def exists(self) -> bool:
        return self.config_file.exists()

    def require(self) -> "Instance":
        if not self.exists():
            raise ClusterError(f"there is no instance {self.name!r}; bring it up with: up --name {self.name}")
        return self

    def create(self) -> None:
        """Makes the directories and picks the ports; does nothing to what is there."""
        if len(os.fsencode(self.root)) > _MAX_ROOT:
            raise ClusterError(f"{self.root} is longer than {_MAX_ROOT} bytes, too long for sockets; set XDG_STATE_HOME")
        for directory in (self.root, self.pki, self.logs):
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not self.exists():
            self.write({"name": self.name, "ports": _free_ports(_PORTS), "components": []})

    def read(self) -> dict:
        try:
            return json.loads(self.config_file.read_text())
        except FileNotFoundError:
            return {}
        except ValueError as error:
            raise ClusterError(f"{self.config_file}: {error}; take the instance down to get rid of it") from None

    def write(self, config: dict) -> None:
        new = self.config_file.with_suffix(".new")
        new.write_text(json.dumps(config, indent=1) + "\n")
        os.replace(new, self.config_file)

    def update(self, **values) -> dict:
        config = self.read() | values
        self.write(config)
        return config

    def port(self, component: str) -> int:
        return self.read()["ports"][component]

    def log(self, component: str) -> Path:
        return self.logs / f"{component}.log"

    def owners(self) -> list[Process]:
        """The processes it is tied to."""
        # A pid alone, as earlier versions wrote it, says nothing of who has it now: no process started at 0.
        return [Process(owner, 0) if isinstance(owner, int) else Process.from_json(owner)
                for owner in self.read().get("owners", [])]

    def abandoned(self) -> bool:
        """Whether a process it is tied to has ended."""
        return any(not owner.alive() for owner in self.owners())

    @contextlib.contextmanager
    def locked(self, interrupt: Callable[[], bool] = lambda: False):
        """Holds the instance for one command. While `interrupt` says so, a command that has it is made to end."""
        path = clusters_root() / f".{self.name}.lock"
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = _acquire(path, interrupt)
        try:
            os.ftruncate(lock, 0)
            os.pwrite(lock, json.dumps(Process.of(os.getpid()).to_json()).encode(), 0)
            yield
        finally:
            # Removed while held, so that nobody can get the lock of a file that is no longer there unnoticed.
            if not self.exists():
                with contextlib.suppress(OSError):
                    path.unlink()
            os.close(lock)


def _acquire(path: Path, interrupt: Callable[[], bool]) -> int:
    told = 0.0
    deadline = time.monotonic() + 1800
    while time.monotonic() < deadline:
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.exists(path) and os.path.samestat(os.fstat(lock), os.stat(path)):
                return lock
        except BlockingIOError:
            if interrupt():
                holder = _holder(lock)
                now = time.monotonic()
                if holder and not told:
                    holder.signal(signal.SIGTERM)
                    told = now
                elif holder and now - told > 15:
                    holder.signal(signal.SIGKILL)
        except FileNotFoundError:
            pass
        os.close(lock)
        time.sleep(0.1)
    raise ClusterError(f"another command holds {path}")


def _holder(lock: int) -> Process | None:
    try:
        process = Process.from_json(json.loads(os.pread(lock, 4096, 0)))
    except (ValueError, KeyError, TypeError):
        return None
    # Only what is a command of this script is ever signalled, and never another `down`.
    arguments = command_line(process.pid)
    if process.alive() and any(Path(a).name == "cluster" for a in arguments) and "down" not in arguments:
        return process
    return None


def _free_ports(names) -> dict[str, int]:
    """Distinct ports nobody listens on, below those the kernel hands out to connections: a component that is started
    again finds its port free."""
    try:
        low = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    except (OSError, ValueError, IndexError):
        low = 32768
    candidates = list(range(20000, low)) if low > 21000 else []
    random.SystemRandom().shuffle(candidates)
    ports: dict[str, int] = {}
    held: list[socket.socket] = []
    try:
        for name in names:
            while name not in ports:
                held.append(socket.socket())
                try:
                    held[-1].bind(("0.0.0.0", candidates.pop() if candidates else 0))
                    ports[name] = held[-1].getsockname()[1]
                except OSError:
                    continue
    finally:
        for each in held:
            each.close()
    return ports


def remove_tree(path: Path) -> None:
    """Removes a directory with all in it; what cannot be removed stays, for the caller to notice."""
    shutil.rmtree(path, ignore_errors=True)
