"""The command line of scripts/test."""

import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from testing.cli import main  # noqa: E402

sys.exit(main(sys.argv[1:]))
