"""Runs commands with their output in log files; whatever ends the caller ends them and what they started."""

import concurrent.futures
import contextlib
import os
import signal
import subprocess
import threading

from cluster.processes import die_with_parent

TIMED_OUT = 124

_running: set[subprocess.Popen] = set()


def run(command, log, *, cwd=None, env: dict | None = None, timeout: float | None = None, line=None) -> int:
    """The command's exit status, TIMED_OUT if it was ended for taking too long. Its output is appended to the log;
    `line` is called with each line of it."""
    with open(log, "a", buffering=1) as out:
        child = subprocess.Popen([str(part) for part in command], cwd=cwd, env=os.environ | (env or {}), text=True,
                                 errors="replace", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT, start_new_session=True, preexec_fn=die_with_parent)

        _running.add(child)

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
            _end(child)
            child.wait()
            _running.discard(child)
        reader.join(5)
        if status == TIMED_OUT:
            out.write(f"\nended: it took more than {timeout:.0f} s\n")
    return status


def in_parallel(function, items):
    """Calls the function, which may run commands, with each item, as many at a time as there are CPUs. Yields item and
    result in the order they are done. An interrupt ends the commands."""
    items = list(items)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as workers:
        futures = {workers.submit(function, item): item for item in items}
        try:
            for future in concurrent.futures.as_completed(futures):
                yield futures[future], future.result()
        except BaseException:
            workers.shutdown(wait=False, cancel_futures=True)
            for child in list(_running):
                _end(child)
            raise


def _end(child: subprocess.Popen) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
