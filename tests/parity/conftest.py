"""Random clusters for the program and for kube-scheduler's plugins. No cluster is started, nothing needs root.

ACTI_PARITY_CLUSTERS and ACTI_PARITY_SEED change how many clusters there are, and which; ACTI_PARITY_EXCLUDE=A,B leaves
plugins out.
"""

import os
import pathlib

import pytest

import compare
import compare_hints
import compare_sequences
import oracle_program

TOP = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("ACTI_TEST_BINARY", TOP / "build" / "src" / "app" / "actimanager"))
# It is built beside the binary.
ANSWERS = pathlib.Path(os.environ.get("ACTI_REQUEUE_ANSWERS", BINARY.parents[2] / "tests" / "parity" / "requeue-answers"))
CLUSTERS = int(os.environ.get("ACTI_PARITY_CLUSTERS", "2000"))
EXCLUDED = frozenset(filter(None, os.environ.get("ACTI_PARITY_EXCLUDE", "").split(",")))
SEED = os.environ.get("ACTI_PARITY_SEED", "1")


@pytest.fixture(scope="session")
def programs():
    """Both are there: without one of them there is nothing to hold against the other."""
    assert BINARY.is_file(), f"there is no {BINARY}: build it first"
    assert oracle_program.build().is_file()


@pytest.fixture
def differ(programs):
    """Compares on a share of the clusters, of the families named or else of all; what it finds is a failed test."""
    def run(share: float, only=()) -> None:
        _check(compare.Run(BINARY, SEED, _clusters(share), list(only), excluded=EXCLUDED, jobs=os.cpu_count() or 1))

    return run


@pytest.fixture
def differ_in_sequences(programs):
    """The same of sequences, which have a dozen Pods each."""
    def run(share: float) -> None:
        _check(compare_sequences.Run(BINARY, SEED, _clusters(share), jobs=os.cpu_count() or 1))

    return run


@pytest.fixture
def differ_in_hints(programs):
    """The same of cases of requeueing, of which each cluster has some dozens."""
    def run(share: float) -> None:
        _check(compare_hints.Run(ANSWERS, SEED, _clusters(share), jobs=os.cpu_count() or 1))

    return run


def _clusters(share: float) -> int:
    return max(1, round(CLUSTERS * share))


def _check(run: compare.Run) -> None:
    done = run()
    print(done.text())
    assert not done.failed(), done.text()
