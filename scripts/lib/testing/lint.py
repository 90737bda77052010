"""Form and habits: every check is one case."""

from pathlib import Path

import commands
from building import TOP

from . import tidy
from .context import Context
from .outcome import Outcome


def run(context: Context) -> Outcome:
    total = Outcome(log=context.log("lint"))
    python = _scripts("python3") + sorted((TOP / "scripts").rglob("*.py")) + sorted((TOP / "tests").rglob("*.py"))
    shell = _scripts("sh") + sorted((TOP / "scripts").rglob("*.sh"))
    for name, command in (
        ("clang-format", ["clang-format-19", "--dry-run", "-Werror", *_cpp()]),
        ("shellcheck", ["shellcheck", "-x", "-P", "SCRIPTDIR", "-P", TOP, *shell]),
        ("pyflakes", ["pyflakes3", *python]),
    ):
        with context.progress.step(name) as step:
            status = commands.run(command, total.log, cwd=TOP)
            step.outcome = "clean" if status == 0 else f"FAILED (exit {status})"
        if status == 0:
            total.passed += 1
        else:
            total.fail(name, f"{' '.join(map(str, command[:2]))} …: status {status}")
    total.add(tidy.run(context, context.built(), total.log))
    return total


def _cpp() -> list[Path]:
    return sorted(f for folder in ("include", "src", "tests") for f in (TOP / folder).rglob("*.[ch]pp"))


def _scripts(interpreter: str) -> list[Path]:
    """Programs without a suffix that the interpreter, or one whose name ends so, runs."""
    found = []
    for path in sorted([*TOP.glob("scripts/*"), *TOP.glob("scripts/lib/guest/**/*"), *TOP.glob(".ci/*")]):
        if path.is_file() and not path.suffix:
            with open(path, errors="replace") as file:
                first = file.readline()
            if first.startswith("#!") and first.rstrip().endswith(interpreter):
                found.append(path)
    return found
