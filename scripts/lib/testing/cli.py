"""The command line of scripts/test."""

import argparse
import signal
import traceback

from building import BuildFailed
from cluster.progress import Progress, last_lines

from .context import Context
from .outcome import Outcome
from .parts import PARTS, Part

# Of what is known about a failure.
_SHOWN_LINES = 30

_EPILOG = """\
What follows -- goes to the test programs of the one part named:
  scripts/test unit -- "CpuSet*"                  cases of that name; Catch2's patterns and [tags]
  scripts/test host -- -k moves -x                pytest's choice of cases and options

A skipped case has failed. The last line of the output is "N passed, N failed", over all parts; the exit status is 1 if
anything failed. Logs are in build/logs.
"""


def _arguments(argv: list[str]) -> tuple[list[Part], list[str]]:
    at = argv.index("--") if "--" in argv else len(argv)
    own, extra = argv[:at], argv[at + 1:]
    names = {part.name: part for part in PARTS}
    listed = "\n".join(f"  {p.name:<12} {p.what}{' (only if named)' if p.on_request else ''}" for p in PARTS)
    parser = argparse.ArgumentParser(
        prog="scripts/test", usage="scripts/test [PART…] [-- ARGUMENT…]", formatter_class=argparse.RawDescriptionHelpFormatter,
        description=f"Installs what is missing, builds, and runs the tests: all parts, or those named.\n\n{listed}",
        epilog=_EPILOG)
    parser.add_argument("parts", nargs="*", metavar="PART", help=argparse.SUPPRESS)
    asked = parser.parse_args(own).parts
    if unknown := set(asked) - set(names):
        parser.error(f"there is no part {min(unknown)!r}; there are {', '.join(names)}")
    chosen = [names[name] for name in asked] or [part for part in PARTS if not part.on_request]
    if extra and (len(chosen) != 1 or not chosen[0].takes_arguments):
        parser.error("arguments after -- need exactly one part, and one that takes them")
    return chosen, extra


def _run(part: Part, context: Context) -> Outcome:
    """Whatever goes wrong is a failure of that part, and the others go on."""
    outcome = Outcome()
    try:
        return part.run(context)
    except BuildFailed as error:
        outcome.log = error.log
        outcome.fail(part.name, f"{error}\n{last_lines(error.log, mark='') if error.log else ''}")
    except Exception:
        outcome.fail(part.name, traceback.format_exc())
    return outcome


def _report(outcome: Outcome) -> None:
    for failure in outcome.failures:
        print(f"    FAILED {failure.case}")
        for line in failure.why.rstrip().splitlines()[-_SHOWN_LINES:]:
            print(f"    | {line[:300]}")
    if outcome.failures and outcome.log:
        print(f"    full log: {outcome.log}", flush=True)


def _interrupt(number, _frame):
    signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def main(argv: list[str]) -> int:
    chosen, extra = _arguments(argv)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, _interrupt)
    context = Context(Progress(numbered=False), extra)
    total = Outcome()
    interrupted = False
    try:
        for part in chosen:
            outcome = _run(part, context)
            _report(outcome)
            total.add(outcome)
    except KeyboardInterrupt:
        interrupted = True
        total.fail("interrupted")
    print(f"  {context.progress.elapsed():.0f} s in all" + (", interrupted" if interrupted else ""))
    print(total.counts(), flush=True)
    return 1 if total.failures else 0
