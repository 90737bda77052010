"""The parent of an instance's processes: starts them, takes the orphans in, notes how they end, and takes the instance
down when its owner dies.

One per instance, detached from whoever asked for it. It answers one JSON request per connection on a socket in the
instance's directory. If it is killed, the components go on; the next command starts another one, which watches them.
"""

import contextlib
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from .errors import ClusterError
from .instance import Instance
from .processes import Process, adopt_orphans

_SCRIPT = Path(__file__).resolve().parents[2] / "cluster"


# What commands use

def ensure(instance: Instance) -> None:
    """Starts the supervisor if it does not run."""
    if _running(instance):
        return
    with contextlib.suppress(FileNotFoundError):
        instance.supervisor_socket.unlink()
    log = open(instance.log("supervisor"), "a")
    command = ["/usr/bin/python3", str(_SCRIPT), "supervise", "--name", instance.name]
    started = subprocess.Popen(command, cwd="/", stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                               start_new_session=True)
    deadline = time.monotonic() + 20
    while not _running(instance):
        if started.poll() is not None or time.monotonic() > deadline:
            raise ClusterError("the supervisor did not start", instance.log("supervisor"))
        time.sleep(0.05)


def request(instance: Instance, **message) -> dict:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(30)
        try:
            connection.connect(str(instance.supervisor_socket))
            connection.sendall(json.dumps(message).encode() + b"\n")
            connection.shutdown(socket.SHUT_WR)
            answer = b"".join(iter(lambda: connection.recv(65536), b""))
        except OSError as error:
            raise ClusterError(f"the supervisor does not answer: {error}", instance.log("supervisor")) from None
    value = json.loads(answer or b'{"error": "no answer"}')
    if "error" in value:
        raise ClusterError(value["error"], instance.log(value.get("log", "supervisor")))
    return value


def _running(instance: Instance) -> bool:
    try:
        request(instance, op="ping")
        return True
    except ClusterError:
        return False


def recorded(instance: Instance) -> dict[str, Process]:
    """The processes by component as last written down, the supervisor among them; they may have ended since."""
    try:
        values = json.loads((instance.root / "processes.json").read_text())
        return {name: Process.from_json(value) for name, value in values.items()}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


# The process itself

class Supervisor:
    def __init__(self, instance: Instance):
        self._instance = instance
        self._events = selectors.DefaultSelector()
        self._processes: dict[str, Process] = recorded(instance)
        self._owners: dict[Process, int] = {}

    def run(self) -> None:
        adopt_orphans()
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        woken, wake = socket.socketpair()
        woken.setblocking(False)
        wake.setblocking(False)
        signal.set_wakeup_fd(wake.fileno())
        signal.signal(signal.SIGCHLD, lambda *_: None)
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(self._instance.supervisor_socket))
        listener.listen(16)
        self._processes["supervisor"] = Process.of(os.getpid())
        self._record()
        self._events.register(listener, selectors.EVENT_READ, lambda: self._serve(listener))
        self._events.register(woken, selectors.EVENT_READ, lambda: self._reap(woken))
        for owner in self._instance.owners():
            self._watch(owner)
        while True:
            for key, _ in self._events.select():
                key.data()

    def _serve(self, listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            connection.settimeout(5)
            try:
                message = json.loads(b"".join(iter(lambda: connection.recv(65536), b"")))
                answer = self._handle(message)
            except (OSError, ValueError, KeyError, TypeError) as error:
                answer = {"error": f"{type(error).__name__}: {error}"}
            with contextlib.suppress(OSError):
                connection.sendall(json.dumps(answer).encode())

    def _handle(self, message: dict) -> dict:
        match message["op"]:
            case "ping":
                return {}
            case "start":
                return self._start(message["name"], message["argv"], message.get("env") or {})
            case "own":
                self._watch(Process.from_json(message["process"]))
                return {}
        return {"error": f"unknown request {message['op']!r}"}

    def _start(self, name: str, argv: list[str], env: dict) -> dict:
        running = self._processes.get(name)
        if running and running.alive():
            return running.to_json()
        with open(self._instance.log(name), "a") as log:
            log.write(f"==== {time.strftime('%F %T')} {' '.join(argv)}\n")
            log.flush()
            child = subprocess.Popen(argv, cwd=self._instance.root, env=os.environ | env, stdin=subprocess.DEVNULL,
                                     stdout=log, stderr=log, start_new_session=True)
        # Reaped by number below, together with the orphans.
        child.returncode = 0
        process = Process.of(child.pid)
        if process is None:
            return {"error": f"{name} ended at once", "log": name}
        self._processes[name] = process
        self._record()
        self._say(f"{name} started as {process.pid}")
        return process.to_json()

    def _watch(self, owner: Process) -> None:
        if owner in self._owners:
            return
        try:
            fd = os.pidfd_open(owner.pid)
        except ProcessLookupError:
            self._take_down(owner)
            return
        self._owners[owner] = fd
        self._events.register(fd, selectors.EVENT_READ, lambda: self._lost(owner))
        # One that took the pid over since is as good as none.
        if not owner.alive():
            self._lost(owner)

    def _lost(self, owner: Process) -> None:
        fd = self._owners.pop(owner)
        self._events.unregister(fd)
        os.close(fd)
        self._take_down(owner)

    def _take_down(self, owner: Process) -> None:
        self._say(f"the owner, process {owner.pid}, has ended: taking the instance down")
        subprocess.Popen(["/usr/bin/python3", str(_SCRIPT), "down", "--if-abandoned", "--name", self._instance.name],
                         cwd="/", stdin=subprocess.DEVNULL, start_new_session=True).returncode = 0

    def _reap(self, woken: socket.socket) -> None:
        with contextlib.suppress(BlockingIOError):
            while woken.recv(4096):
                pass
        names = {process.pid: name for name, process in self._processes.items()}
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid in names:
                code = os.waitstatus_to_exitcode(status)
                self._say(f"{names[pid]}, process {pid}, " +
                          (f"exited with status {code}" if code >= 0 else f"was ended by {signal.Signals(-code).name}"))

    def _record(self) -> None:
        path = self._instance.root / "processes.json"
        new = path.with_suffix(".new")
        new.write_text(json.dumps({name: p.to_json() for name, p in self._processes.items() if p}))
        os.replace(new, path)

    def _say(self, message: str) -> None:
        print(f"{time.strftime('%F %T')} {message}", file=sys.stdout, flush=True)
