"""Tests of scripts/test, scripts/quickstart and the benchmarks."""

import pathlib
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(TOP / "scripts" / "lib"), str(TOP / "tests" / "cluster")]
