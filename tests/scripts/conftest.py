"""Tests of scripts/test and scripts/quickstart."""

import pathlib
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(TOP / "scripts" / "lib"), str(TOP / "tests" / "cluster")]
