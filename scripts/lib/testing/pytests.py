"""The tests on real clusters: one folder of tests, by pytest."""

import re
import xml.etree.ElementTree as xml
from pathlib import Path

import commands
from building import TOP
from cluster.progress import last_lines

from .context import Context
from .outcome import Outcome

_TIMEOUT = 1800
# How tests on an emulated machine end when that has frozen or panicked (tests/node/conftest.py).
_MACHINE_LOST = 75


def run(context: Context, folder: str, name: str = "", options: tuple[str, ...] = ()) -> Outcome:
    """name: of the part of the tests, where it is not its folder's."""
    name = name or folder
    outcome = Outcome(log=context.log(name))
    report = outcome.log.with_suffix(".xml")
    lost = None
    with context.progress.step(f"{name} tests") as step:
        def line(text: str) -> None:
            if found := re.search(r"\[ *(\d+)/(\d+)\]$", text.rstrip()):
                step.detail = f"{found[1]} of {found[2]}"

        # The folder's pytest.ini says -q; the report is to have a line per case.
        command = ["/usr/bin/python3", "-B", "-m", "pytest", TOP / "tests" / folder, "-vv", "-p", "no:cacheprovider",
                   "-o", "console_output_style=count", "--durations=10", f"--junitxml={report}", *options,
                   *context.arguments]

        def attempt() -> int:
            report.unlink(missing_ok=True)
            return commands.run(command, outcome.log, cwd=TOP, timeout=_TIMEOUT, line=line)

        status = attempt()
        if status == _MACHINE_LOST:
            # The emulator is not what is tested. It is told, and a second time it is a failure.
            lost = outcome.log.rename(outcome.log.with_stem(f"{name}-lost"))
            status = attempt()
        _read(report, outcome)
        if status != 0 and not outcome.failures:
            outcome.fail(name, f"pytest ended with status {status}\n{last_lines(outcome.log, mark='')}")
        outcome.require_cases(name)
        step.outcome = outcome.counts()
    if lost:
        print(f"    the emulated machine was lost, and the tests begun anew: {lost}\n{last_lines(lost, 24)}", end="")
    return outcome


def _read(report: Path, outcome: Outcome) -> None:
    try:
        cases = xml.parse(report).iter("testcase")
    except (OSError, xml.ParseError):
        return  # pytest did not come to its end: its status tells
    bad: dict[str, str] = {}
    good = set()
    for case in cases:
        # A case whose clean-up fails is listed twice.
        name = f"{case.get('classname', '').replace('.', '/')}: {case.get('name')}"
        problems = [p for tag in ("failure", "error", "skipped") for p in case.findall(tag)]
        if problems:
            problem = problems[0]
            bad.setdefault(name, f"{problem.text or problem.get('message') or ''}\n({problem.tag})")
        else:
            good.add(name)
    outcome.passed += len(good - set(bad))
    for name, why in bad.items():
        outcome.fail(name, why)
