"""Benchmarks, which nothing else runs, still find what they share with the tests."""

import subprocess

import pytest

from conftest import TOP


@pytest.mark.parametrize("bench", sorted(path.name for path in (TOP / "tests" / "bench").glob("*_bench.py")))
def test_a_benchmark_says_what_it_measures(bench):
    done = subprocess.run([TOP / "tests" / "bench" / bench, "--help"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert f"tests/bench/{bench}" in done.stdout
