"""QEMU's monitor, by a machine without a disk: how a guest is made to boot again, and when it ends."""

import contextlib
import subprocess
import time

import pytest

from cluster.errors import ClusterError
from cluster.qmp import Monitor


@contextlib.contextmanager
def machine(socket):
    process = subprocess.Popen(["qemu-system-x86_64", "-nodefaults", "-machine", "q35", "-accel", "tcg", "-m", "64M", "-display",
                                "none", "-no-reboot", "-qmp", f"unix:{socket},server=on,wait=off"])
    try:
        while not socket.exists():
            assert process.poll() is None
            time.sleep(0.05)
        yield process
    finally:
        process.kill()
        process.wait()


def test_only_a_reset_that_is_announced_leaves_the_machine_on(tmp_path):
    socket = tmp_path / "qmp.sock"
    with machine(socket) as process:
        for _ in range(2):
            with Monitor(socket) as monitor:
                monitor.execute("set-action", reboot="reset")
                monitor.execute("system_reset")
                monitor.wait_for("RESET")
                monitor.execute("set-action", reboot="shutdown")
        assert process.poll() is None
        with Monitor(socket) as monitor:
            monitor.execute("system_reset")
        assert process.wait(20) == 0


def test_what_is_refused_says_why(tmp_path):
    socket = tmp_path / "qmp.sock"
    with machine(socket), Monitor(socket) as monitor:
        with pytest.raises(ClusterError, match="no-such-command"):
            monitor.execute("no-such-command")
    with pytest.raises(ClusterError, match="monitor"):
        Monitor(tmp_path / "nobody.sock")
