"""clang-tidy over every source of src, and so over the headers. A source that was clean is not read again until it, a header it
includes, its compiler flags, .clang-tidy or clang-tidy itself changes: what was clean is noted in the user's cache."""

import functools
import hashlib
import json
import re
import subprocess
from pathlib import Path

import commands
from building import TOP
from cluster.binaries import cache_root

from .context import Context
from .outcome import Outcome

_PROGRAM = "clang-tidy-19"


def run(context: Context, directory: Path, log: Path) -> Outcome:
    """`directory` is a build that is up to date."""
    outcome = Outcome(log=log)
    noted = cache_root() / "clang-tidy"
    noted.mkdir(parents=True, exist_ok=True)
    keys = _keys(directory)
    wanted = {source: key for source, key in keys.items() if not (noted / key).exists()}
    with context.progress.step("clang-tidy") as step:
        def check(source: Path) -> bool:
            own = context.log(f"tidy-{str(source.relative_to(TOP)).replace('/', '-')}")
            status = commands.run([_PROGRAM, "-p", directory, "--quiet", "--warnings-as-errors=*", source], own)
            if status == 0:
                (noted / wanted[source]).touch()
                own.unlink()
            return status == 0

        bad = []
        for done, (source, clean) in enumerate(commands.in_parallel(check, wanted), 1):
            if not clean:
                bad.append(source)
            step.detail = f"{done} of {len(wanted)}" + (f", {len(bad)} not clean" if bad else "")
        for source in sorted(bad):
            name = str(source.relative_to(TOP))
            text = (log.parent / f"tidy-{name.replace('/', '-')}.log").read_text()
            with open(log, "a") as all_of_it:
                all_of_it.write(f"==== {name}\n{text}\n")
            found = re.search(r"^.*(?:warning|error): .*$", text, re.M)
            outcome.fail(f"clang-tidy {name}", found[0].removeprefix(f"{TOP}/") if found else "")
        step.outcome = f"{len(bad)} not clean" if bad else f"clean; {len(wanted)} of {len(keys)} had changed"
    outcome.passed += not bad
    return outcome


def _keys(directory: Path) -> dict[Path, str]:
    """A digest, for each source of the project, of all that clang-tidy's answer depends on."""
    version = subprocess.run([_PROGRAM, "--version"], capture_output=True, text=True, check=True).stdout
    common = hashlib.sha256(version.encode() + (TOP / ".clang-tidy").read_bytes())
    included = _dependencies(directory)
    keys = {}
    for entry in json.loads((directory / "compile_commands.json").read_text()):
        source = (directory / entry["file"]).resolve()
        if TOP / "src" not in source.parents:
            continue
        digest = common.copy()
        digest.update(entry["command"].encode())
        for path in sorted(included.get(entry["output"], [])):
            digest.update(_digest(directory / path).encode())
        keys[source] = digest.hexdigest()
    return keys


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
