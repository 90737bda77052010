"""Progress of long commands: numbered steps with the elapsed time; one line per step where there is no terminal."""

import contextlib
import sys
import threading
import time

_WIDTH = 46


class Progress:
    def __init__(self, numbered: bool = True):
        self._done = 0
        self._numbered = numbered
        self._tty = sys.stdout.isatty()
        self._started = time.monotonic()

    def elapsed(self) -> float:
        return time.monotonic() - self._started

    @contextlib.contextmanager
    def step(self, title: str):
        """Runs the body as one step. The body may set of what it gets `.detail`, to show how far it is, and `.outcome`,
        to be shown in place of "done" when it ends."""
        self._done += 1
        state = _Step(f"[{self._done:2}] {title}" if self._numbered else title)
        ticker = None
        if self._tty:
            ticker = threading.Thread(target=state.tick, daemon=True)
            ticker.start()
        outcome = "FAILED"
        try:
            yield state
            outcome = state.outcome
        finally:
            state.ended.set()
            if ticker:
                ticker.join()
                sys.stdout.write("\r\033[K")
            print(f"  {state.title:<{_WIDTH}} {state.seconds():6.1f} s  {outcome}", flush=True)


class _Step:
    def __init__(self, title: str):
        self.title = title
        self.detail = ""
        self.outcome = "done"
        self.ended = threading.Event()
        self._started = time.monotonic()

    def seconds(self) -> float:
        return time.monotonic() - self._started

    def tick(self) -> None:
        while not self.ended.wait(0.25):
            detail = f"  {self.detail}" if self.detail else ""
            sys.stdout.write(f"\r\033[K  {self.title:<{_WIDTH}} {self.seconds():6.0f} s{detail[:40]}")
            sys.stdout.flush()


def last_lines(path, count: int = 20, mark: str = "    | ") -> str:
    """The end of a log file, each line after the mark; empty if there is none."""
    try:
        with open(path, errors="replace") as log:
            return "".join(f"{mark}{line.rstrip()[:300]}\n" for line in log.readlines()[-count:])
    except OSError:
        return ""
