"""Where the project is."""

import pathlib

TOP = pathlib.Path(__file__).resolve().parents[2]
