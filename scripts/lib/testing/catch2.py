"""The unit tests: what `meson test` runs, by case where it is a Catch2 program."""

import xml.etree.ElementTree as xml
from collections.abc import Collection
from pathlib import Path

import commands
from building import introspect
from cluster.progress import last_lines

from .context import Context
from .outcome import Outcome

# Meson's suite of the Catch2 programs; every other test is one case.
_SUITE = "unit"


def run(context: Context, directory: Path, only: Collection[str] = (), environment: dict[str, str] | None = None,
        patience: int = 1) -> Outcome:
    """The tests of the build directory, or only those of these names. `patience` multiplies the time each may take."""
    total = Outcome(log=context.log(f"{directory.name}-unit"))
    tests = introspect(directory, "--tests")
    if context.arguments:
        tests = [t for t in tests if _is_catch2(t)]
    if only:
        tests = [t for t in tests if t["name"] in only]
    with context.progress.step(f"{directory.name}: unit tests") as step:
        def run_one(test: dict) -> Outcome:
            return _run(context, test, directory, environment or {}, patience)

        for _, outcome in commands.in_parallel(run_one, tests):
            total.add(outcome)
            with open(total.log, "a") as log:
                log.write(f"==== {outcome.log.stem}\n{outcome.log.read_text()}\n")
            step.detail = total.counts()
        step.outcome = total.counts()
    return total


def _is_catch2(test: dict) -> bool:
    return any(suite.rpartition(":")[2] == _SUITE for suite in test["suite"])


def _run(context: Context, test: dict, directory: Path, environment: dict[str, str], patience: int) -> Outcome:
    name = test["name"]
    outcome = Outcome(log=context.log(f"{directory.name}-unit-{name}"))
    command = list(test["cmd"])
    report = outcome.log.with_suffix(".xml")
    if _is_catch2(test):
        report.unlink(missing_ok=True)
        command += ["--allow-running-no-tests", "--reporter", "console", "--reporter", f"xml::out={report}",
                    *context.arguments]
    status = commands.run(command, outcome.log, cwd=test["workdir"] or directory, env=test["env"] | environment,
                          timeout=test["timeout"] * patience)
    if _is_catch2(test):
        _read(report, name, outcome)
    elif status == 0:
        outcome.passed += 1
    if status != 0 and not outcome.failures:
        outcome.fail(name, f"ended with status {status}\n{last_lines(outcome.log, mark='')}")
    return outcome


def _read(report: Path, program: str, outcome: Outcome) -> None:
    """Counts the cases of a Catch2 XML report; it ends in the middle if the program did."""
    parser = xml.XMLPullParser(["start", "end"])
    try:
        parser.feed(report.read_bytes())
        parser.close()
    except (OSError, xml.ParseError):
        pass  # told by the case that has no end, or by the program's status
    running = None
    for event, element in parser.read_events():
        if element.tag != "TestCase":
            continue
        if event == "start":
            running = element.get("name")
            continue
        running = None
        case, result = f"{program}: {element.get('name')}", element.find("OverallResult")
        if result is None or result.get("success") != "true":
            outcome.fail(case, _why(element))
        elif int(result.get("skips") or 0):
            outcome.fail(case, "skipped")
        else:
            outcome.passed += 1
    if running is not None:
        outcome.fail(f"{program}: {running}", f"the program ended in it\n{last_lines(outcome.log, mark='')}")


def _why(case: xml.Element) -> str:
    for expression in case.iter("Expression"):
        if expression.get("success") == "false":
            place = f"{expression.get('filename', '')}:{expression.get('line', '')}".removeprefix("../")
            return f"{place}: {(expression.findtext('Expanded') or expression.findtext('Original') or '').strip()}"
    for tag in ("Exception", "FatalErrorCondition", "Failure"):
        for element in case.iter(tag):
            return f"{element.get('filename', '')}:{element.get('line', '')}: {(element.text or '').strip()}"
    return ""
