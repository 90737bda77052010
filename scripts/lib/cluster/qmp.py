"""QEMU's monitor on a Unix socket, as far as it is used here (docs/interop/qmp-spec of QEMU: a JSON object per line)."""

import json
import socket
from pathlib import Path

from .errors import ClusterError

_PATIENCE = 30


class Monitor:
    """A connection; QEMU serves one at a time."""

    def __init__(self, path: Path):
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(_PATIENCE)
        try:
            self._socket.connect(str(path))
        except OSError as error:
            raise ClusterError(f"{path}: QEMU's monitor: {error}") from None
        self._lines = self._socket.makefile("r", encoding="utf-8")
        self._events: list[str] = []  # that nobody has waited for yet
        self._read()  # the greeting
        self.execute("qmp_capabilities")

    def __enter__(self) -> "Monitor":
        return self

    def __exit__(self, *_) -> None:
        self._lines.close()
        self._socket.close()

    def execute(self, command: str, **arguments) -> None:
        self._socket.sendall(json.dumps({"execute": command, "arguments": arguments}).encode() + b"\n")
        while "return" not in (answer := self._read()):
            if "event" in answer:
                self._events.append(answer["event"])  # of what the command does, before its answer
            if "error" in answer:
                raise ClusterError(f"QEMU refuses {command}: {answer['error'].get('desc')}")

    def wait_for(self, event: str) -> None:
        """Until it has come since the connection was made or last waited for."""
        while event not in self._events:
            self._events.append(self._read().get("event", ""))
        self._events.clear()

    def _read(self) -> dict:
        try:
            line = self._lines.readline()
        except OSError as error:
            raise ClusterError(f"QEMU's monitor: {error}") from None
        if not line:
            raise ClusterError("QEMU ended")
        return json.loads(line)
