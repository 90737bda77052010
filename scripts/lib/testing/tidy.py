"""clang-tidy over every source of src, and so over the headers. A source that was clean is not read again until it, a header it
includes, its compiler flags, .clang-tidy or clang-tidy itself changes: what was clean is noted in the user's cache.

Most of its time goes into the headers of libraries, so several sources of a library are read as one. Only if they are not clean
together is each of them read on its own, and that is what counts. So an unused alias of a namespace goes unnoticed where all else
is clean."""

import functools
import hashlib
import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import commands
from building import TOP
from cluster.binaries import cache_root

from .context import Context
from .outcome import Outcome

_PROGRAM = "clang-tidy-19"
_AT_ONCE = 8


@dataclass(frozen=True)
class _Source:
    path: Path
    # The library that it is a part of.
    target: Path
    command: str
    # A digest of all that clang-tidy's answer depends on.
    key: str

    @property
    def name(self) -> str:
        return str(self.path.relative_to(TOP))


def run(context: Context, directory: Path, log: Path) -> Outcome:
    """`directory` is a build that is up to date."""
    outcome = Outcome(log=log)
    noted = cache_root() / "clang-tidy"
    noted.mkdir(parents=True, exist_ok=True)
    sources = _sources(directory)
    wanted = [source for source in sources if not (noted / source.key).exists()]

    def tidy(database: Path, file: Path, own: Path, *options: str) -> bool:
        command = [_PROGRAM, "-p", database, "--quiet", "--warnings-as-errors=*", *options, file]
        return commands.run(command, own) == 0

    def check(group: tuple[_Source, ...]) -> dict[_Source, Path]:
        """Those that are not clean, each with its log."""
        together = context.log(f"tidy-{_flat(group[0].name)}-and-others")
        if len(group) > 1 and tidy(*_as_one(directory, group), together, "--checks=-bugprone-suspicious-include"):
            bad = {}
        else:
            logs = {source: context.log(f"tidy-{_flat(source.name)}") for source in group}
            bad = {source: own for source, own in logs.items() if not tidy(directory, source.path, own)}
            for source in logs.keys() - bad:
                logs[source].unlink()
        together.unlink()
        for source in group:
            if source not in bad:
                (noted / source.key).touch()
        return bad

    with context.progress.step("clang-tidy") as step:
        shutil.rmtree(directory / "tidy", ignore_errors=True)
        bad: dict[_Source, Path] = {}
        done = 0
        for group, not_clean in commands.in_parallel(check, _groups(wanted)):
            done += len(group)
            bad |= not_clean
            step.detail = f"{done} of {len(wanted)}" + (f", {len(bad)} not clean" if bad else "")
        for source in sorted(bad, key=lambda source: source.name):
            text = bad[source].read_text()
            with open(log, "a") as all_of_it:
                all_of_it.write(f"==== {source.name}\n{text}\n")
            found = re.search(r"^.*(?:warning|error): .*$", text, re.M)
            outcome.fail(f"clang-tidy {source.name}", found[0].removeprefix(f"{TOP}/") if found else "")
        step.outcome = f"{len(bad)} not clean" if bad else f"clean; {len(wanted)} of {len(sources)} had changed"
    outcome.passed += not bad
    return outcome


def _groups(sources: list[_Source]) -> list[tuple[_Source, ...]]:
    """Each of one library, of about the same size."""
    by_target: dict[Path, list[_Source]] = {}
    for source in sources:
        by_target.setdefault(source.target, []).append(source)
    groups = []
    for members in by_target.values():
        count = -(-len(members) // _AT_ONCE)
        groups += [tuple(members[i::count]) for i in range(count)]
    return groups


def _as_one(directory: Path, group: tuple[_Source, ...]) -> tuple[Path, Path]:
    """A compilation database for one file that includes them all, and the file."""
    database = directory / "tidy" / _flat(group[0].name)
    database.mkdir(parents=True)
    file = database / "sources.cpp"
    file.write_text("".join(f'#include "{source.path}"\n' for source in group))
    command = re.sub(r" -o \S+ -c \S+$", f" -c {file}", group[0].command)
    (database / "compile_commands.json").write_text(
        json.dumps([{"directory": str(directory), "command": command, "file": str(file)}]))
    return database, file


def _flat(name: str) -> str:
    return name.replace("/", "-")


def _sources(directory: Path) -> list[_Source]:
    version = subprocess.run([_PROGRAM, "--version"], capture_output=True, text=True, check=True).stdout
    common = hashlib.sha256(version.encode() + (TOP / ".clang-tidy").read_bytes())
    included = _dependencies(directory)
    sources = []
    for entry in json.loads((directory / "compile_commands.json").read_text()):
        path = (directory / entry["file"]).resolve()
        if TOP / "src" not in path.parents:
            continue
        digest = common.copy()
        digest.update(entry["command"].encode())
        for header in sorted(included.get(entry["output"], [])):
            digest.update(_digest(directory / header).encode())
        target = next(p for p in Path(entry["output"]).parents if p.suffix == ".p")
        sources.append(_Source(path, target, entry["command"], digest.hexdigest()))
    return sources


def _dependencies(directory: Path) -> dict[str, list[str]]:
    """What each object was compiled from, as the compiler told ninja."""
    text = subprocess.run(["ninja", "-C", directory, "-t", "deps"], capture_output=True, text=True, check=True).stdout
    found: dict[str, list[str]] = {}
    current: list[str] = []
    for line in text.splitlines():
        if line.startswith("    "):
            current.append(line.strip())
        elif ": #deps" in line:
            current = found.setdefault(line.partition(": #deps")[0], [])
    return found


@functools.cache
def _digest(path: Path) -> str:
    """Of the project's files the content, of the system's their size and age: packages change both."""
    status = path.stat()
    if TOP in path.resolve().parents:
        return f"{path.name} {hashlib.sha256(path.read_bytes()).hexdigest()}"
    return f"{path} {status.st_size} {status.st_mtime_ns}"
