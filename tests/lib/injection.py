"""Faults in what a running program asks of the kernel, by strace: at its writes to chosen files."""

import contextlib
import pathlib
import subprocess
from collections.abc import Iterable, Iterator

from rest import eventually


class Writes:
    """A program's writes to the files while it is traced, and what was done to them."""

    def __init__(self, log: pathlib.Path):
        self._log = log

    def all(self) -> list[str]:
        """A line for each, in strace's words."""
        return [line for line in self._log.read_text().splitlines() if "write(" in line]

    def tampered(self) -> list[str]:
        """Those that a fault was injected at, or at which the program was killed."""
        return [line for line in self.all() if line.endswith(("(INJECTED)", "(DELAYED)", "= ?"))]


@contextlib.contextmanager
def writes(pid: int, files: Iterable[pathlib.Path], log: pathlib.Path, fault: str = "") -> Iterator[Writes]:
    """For the time of the body. fault: what strace's --inject does to writes to these files, such as error=EIO:when=3: none is
    done then, and it fails."""
    paths = [part for file in files for part in ("-P", str(file))]
    command = ["strace", "-p", str(pid), "-o", str(log), "-e", "trace=write", "-e", "signal=none", *paths]
    if fault:
        command += ["-e", f"inject=write:{fault}"]
    said = log.with_suffix(".strace")
    with open(said, "w") as file:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=file)
    try:
        eventually(lambda: f"Process {pid} attached" in said.read_text() or process.poll() is not None, 10, every=0.005)
        assert process.poll() is None, f"{' '.join(command)}: {said.read_text()}"
        yield Writes(log)
    finally:
        process.terminate()
        process.wait()
