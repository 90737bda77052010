"""What the reader sees: headings, commands and their output."""

import os
import shlex
import subprocess
import sys

from building import TOP
from cluster.errors import ClusterError


def heading(text: str) -> None:
    print(f"\n{_bold(text)}", flush=True)


def say(text: str) -> None:
    print(text, flush=True)


def show(command: str, *, env: dict | None = None) -> None:
    """Prints a shell command and what it prints; the reader can run the same."""
    print(_bold(f"$ {command}"), flush=True)
    done = subprocess.run(["bash", "-c", command], cwd=TOP, env=os.environ | (env or {}), stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise ClusterError(f"this failed with status {done.returncode}: {command}")


def quietly(*command, env: dict | None = None, stdin: str | None = None) -> str:
    """The output of a command that is of no interest unless it fails."""
    words = [str(word) for word in command]
    done = subprocess.run(words, cwd=TOP, env=os.environ | (env or {}), capture_output=True, text=True, input=stdin or "")
    if done.returncode != 0:
        raise ClusterError(f"{shlex.join(words)}: {done.stderr.strip()[-800:] or f'status {done.returncode}'}")
    return done.stdout


def table(rows: list[tuple[str, ...]]) -> None:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        print("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip(), flush=True)


def _bold(text: str) -> str:
    return f"\033[1m{text}\033[0m" if sys.stdout.isatty() else text
