"""Runs a command with its output in a log file; whatever ends the caller ends the command and what it started."""

import contextlib
import os
import signal
import subprocess
import threading

from cluster.processes import die_with_parent

TIMED_OUT = 124


def run(command, log, *, cwd=None, env: dict | None = None, timeout: float | None = None, line=None) -> int:
    """The command's exit status, TIMED_OUT if it was ended for taking too long. Its output is appended to the log;
    `line` is called with each line of it."""
    with open(log, "a", buffering=1) as out:
        child = subprocess.Popen([str(part) for part in command], cwd=cwd, env=os.environ | (env or {}), text=True,
                                 errors="replace", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT, start_new_session=True, preexec_fn=die_with_parent)

        def follow():
            for text in child.stdout:
                out.write(text)
                if line:
                    line(text)

        reader = threading.Thread(target=follow, daemon=True)
        reader.start()
        try:
            status = child.wait(timeout)
        except subprocess.TimeoutExpired:
            status = TIMED_OUT
        finally:
            # Also what it left running in its process group, which would hold the pipe open.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()
        reader.join(5)
        if status == TIMED_OUT:
            out.write(f"\nended: it took more than {timeout:.0f} s\n")
    return status
