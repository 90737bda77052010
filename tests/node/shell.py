"""A shell in the guest that stays: its emulated CPUs take longer for a connection and a login than for most commands."""

import queue
import shlex
import subprocess
import threading

_MARK = "-- end of the command --"
_ERRORS = "/run/shell-errors"


class Shell:
    """Runs scripts, one after the other. command: what starts a shell there that reads from its standard input. One whose
    connection is lost is started anew for the next script."""

    def __init__(self, command: tuple):
        self._command = command
        self._process: subprocess.Popen | None = None
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()

    def run(self, script: str, seconds: float) -> tuple[int, str, str]:
        """Its exit status, 255 if the connection was lost, its output and its errors. TimeoutExpired: the connection, and
        with it the script, is ended."""
        if self._process is None:
            self._start()
        wrapped = (f"sh -c {shlex.quote(script)} </dev/null 2>{_ERRORS}; s=$?; echo; echo {shlex.quote(_MARK)} $s; "
                   f"[ ! -s {_ERRORS} ] || cat {_ERRORS}; echo; echo {shlex.quote(_MARK)}\n")
        try:
            self._process.stdin.write(wrapped)
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # its end is read below
        output, status = self._read(script, seconds)
        if status is None:
            return 255, output, ""
        errors, _ = self._read(script, seconds)
        return int(status), output, errors

    def end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _start(self) -> None:
        self._lines = queue.SimpleQueue()
        self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        threading.Thread(target=_follow, args=(self._process.stdout, self._lines), daemon=True).start()

    def _read(self, script: str, seconds: float) -> tuple[str, str | None]:
        """What comes before the next mark, and what the mark says; None: it does not come any more."""
        lines: list[str] = []
        while True:
            try:
                line = self._lines.get(timeout=seconds)
            except queue.Empty:
                self.end()
                raise subprocess.TimeoutExpired(script, seconds, "".join(lines)) from None
            if line is None:
                self.end()
                return "".join(lines), None
            if line.startswith(_MARK):
                # The line break before the mark is not the script's.
                return "".join(lines)[:-1], line.removeprefix(_MARK).strip()
            lines.append(line)


def _follow(stream, lines: queue.SimpleQueue) -> None:
    for line in stream:
        lines.put(line)
    lines.put(None)
