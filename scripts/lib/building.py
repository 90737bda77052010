"""Builds of this project: clang 19, by way of ccache where that is there."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

from commands import run

TOP = Path(__file__).resolve().parents[2]
BINARY = Path("src/app/actimanager")
# Of every build these scripts set up.
OPTIONS = {"werror": "true"}

_COMPILER = "clang++-19"


class BuildFailed(Exception):
    def __init__(self, message: str, log: Path | None = None):
        super().__init__(message)
        self.log = log


def build(directory: Path, log: Path, step, options: dict[str, str] | None = None, targets=()) -> None:
    """Configures the directory with meson's options if it is not, and builds the targets (default: all)."""
    log.write_text("")
    _configure(directory, options or {}, log, step)

    def line(text: str) -> None:
        if found := re.match(r"\[(\d+)/(\d+)\]", text):
            step.detail = f"{found[1]} of {found[2]}"

    if run(["ninja", "-C", directory, *targets], log, env=environment(), line=line) != 0:
        raise BuildFailed(f"the build in {directory} failed", log)


def environment() -> dict[str, str]:
    """For meson and ninja. What ccache keeps serves every copy of the sources, wherever it lies."""
    chosen = {"CCACHE_BASEDIR": str(TOP), "CCACHE_NOHASHDIR": "1", "CCACHE_SLOPPINESS": "locale"}
    if "CXX" not in os.environ:
        chosen["CXX"] = f"ccache {_COMPILER}" if shutil.which("ccache") else _COMPILER
    return chosen


def _configure(directory: Path, options: dict[str, str], log: Path, step) -> None:
    arguments = [f"-D{name}={value}" for name, value in options.items()]
    if not (directory / "build.ninja").exists():
        step.detail = "meson setup"
        command = ["meson", "setup", directory, TOP, *arguments]
    else:
        have = {o["name"]: o["value"] for o in introspect(directory, "--buildoptions")}
        if all(_same(have.get(name), value) for name, value in options.items()):
            return
        step.detail = "meson configure"
        command = ["meson", "configure", directory, *arguments]
    if run(command, log, env=environment()) != 0:
        raise BuildFailed(f"meson could not set {directory} up", log)


def _same(have, wanted: str) -> bool:
    """`have` is what meson's introspection gives: a boolean, a number, a list or a text."""
    if isinstance(have, list):
        return sorted(have) == sorted(wanted.split(","))
    return str(have).lower() == wanted.lower()


def introspect(directory: Path, what: str):
    done = subprocess.run(["meson", "introspect", directory, what], capture_output=True, text=True, cwd="/")
    if done.returncode != 0:
        raise BuildFailed(f"meson introspect {what} {directory}: {done.stderr.strip()[-300:]}")
    return json.loads(done.stdout)
