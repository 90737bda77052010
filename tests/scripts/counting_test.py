"""How scripts/test counts: every case once, and only what has passed as passed."""

import subprocess

import pytest

from conftest import TOP

from cluster.progress import Progress
from testing import catch2, pytests
from testing.context import Context
from testing.outcome import Outcome

GOOD = '<TestCase name="good"><OverallResult success="true" skips="0"/></TestCase>'
BAD = ('<TestCase name="bad"><Expression success="false" filename="../src/a.cpp" line="7"><Expanded>1 == 2</Expanded>'
       '</Expression><OverallResult success="false" skips="0"/></TestCase>')
SKIPPED = '<TestCase name="skipped"><OverallResult success="true" skips="1"/></TestCase>'
BROKEN_OFF = '<TestCase name="last"><Section name="in it">'


@pytest.mark.parametrize("report, passed, failed", [
    (f"<Catch2TestRun>{GOOD}</Catch2TestRun>", 1, []),
    (f"<Catch2TestRun>{GOOD}{BAD}{SKIPPED}</Catch2TestRun>", 1, ["bad", "skipped"]),
    (f"<Catch2TestRun>{GOOD}{BROKEN_OFF}", 1, ["last"]),
    ("<Catch2TestRun>", 0, []),
    ("", 0, []),
], ids=["good", "bad and skipped", "broken off in a case", "broken off", "none"])
def test_cases_of_a_catch2_program(tmp_path, report, passed, failed):
    (tmp_path / "report.xml").write_text(report)
    outcome = Outcome(log=tmp_path / "program.log")
    catch2._read(tmp_path / "report.xml", "core", outcome)
    assert outcome.passed == passed
    assert [f.case for f in outcome.failures] == [f"core: {name}" for name in failed]


def test_a_failed_expectation_is_told_with_its_place(tmp_path):
    (tmp_path / "report.xml").write_text(f"<Catch2TestRun>{BAD}</Catch2TestRun>")
    outcome = Outcome(log=tmp_path / "program.log")
    catch2._read(tmp_path / "report.xml", "core", outcome)
    assert outcome.failures[0].why == "src/a.cpp:7: 1 == 2"


def test_cases_of_pytest(tmp_path):
    (tmp_path / "report.xml").write_text("""<testsuites><testsuite>
      <testcase classname="a_test" name="good"/>
      <testcase classname="a_test" name="bad"><failure message="no">long story</failure></testcase>
      <testcase classname="a_test" name="skipped"><skipped message="not here"/></testcase>
      <testcase classname="a_test" name="unclean"/>
      <testcase classname="a_test" name="unclean"><error message="left something"/></testcase>
    </testsuite></testsuites>""")
    outcome = Outcome()
    pytests._read(tmp_path / "report.xml", outcome)
    assert outcome.counts() == "1 passed, 3 failed"
    assert [f.case for f in outcome.failures] == ["a_test: bad", "a_test: skipped", "a_test: unclean"]


@pytest.mark.parametrize("losses, counts", [(1, "1 passed, 0 failed"), (2, "1 passed, 1 failed")])
def test_a_lost_machine_is_told_and_a_second_one_has_failed(tmp_path, capsys, losses, counts):
    (tmp_path / "some_test.py").write_text("def test_good(): pass\n")
    (tmp_path / "conftest.py").write_text(f"""import pathlib
def pytest_sessionfinish(session):
    with open(pathlib.Path(__file__).with_name("runs"), "a+") as runs:
        if runs.tell() < {losses}:
            session.exitstatus = 75
        runs.write("x")
def pytest_unconfigure(config):
    print("last words")
""")
    (tmp_path / "pytest.ini").write_text("[pytest]\npython_files = *_test.py\n")
    outcome = pytests.run(Context(Progress(), []), str(tmp_path), name="lost-machine")
    assert outcome.counts() == counts
    assert (tmp_path / "runs").read_text() == "xx"
    shown = capsys.readouterr().out
    assert "begun anew" in shown and "last words" in shown, shown
    for log in outcome.log.parent.glob("lost-machine*"):
        log.unlink()


def run(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run([TOP / "scripts" / "test", *arguments], capture_output=True, text=True, timeout=900)


def test_a_run_without_a_case_has_failed():
    done = run("unit", "--", "no case is called that")
    assert done.returncode == 1, done
    assert done.stdout.splitlines()[-1] == "0 passed, 1 failed"


def test_one_case_runs_alone():
    done = run("unit", "--", "CpuSet parses*")
    assert done.returncode == 0, done
    assert done.stdout.splitlines()[-1] == "1 passed, 0 failed"


@pytest.mark.parametrize("arguments, part", [(["no-such-part"], "no-such-part"), (["--dance"], "--dance"),
                                             (["unit", "cluster", "--", "x"], "exactly one part"),
                                             (["lint", "--", "x"], "takes them")])
def test_bad_usage_is_refused_with_its_cause(arguments, part):
    done = run(*arguments)
    assert done.returncode == 2, done
    assert part in done.stderr
