"""A second guest beside the first, and what is left of it when who wanted it is gone."""

import contextlib
import os
import pathlib

import pytest

from cluster import owned
from guest import PATIENCE
from rest import eventually

pytestmark = pytest.mark.guests("v1")


def processes(state: pathlib.Path) -> list[str]:
    """The command lines that name something of the instance."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            line = pathlib.Path("/proc", pid, "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if f"{state}/" in line:
                found.append(line)
    return found


def test_a_second_guest_is_its_own_and_ends_with_its_owner(guest):
    name = "node-test-other"
    with owned(name, "--vm") as (other, owner):
        assert other.node() == f"{name}-vm" != guest.name
        assert other.command("ssh", "hostname").strip() == other.node()
        assert guest.sh("hostname").strip() == guest.name
        status = other.command("status")
        assert [line.split()[2] for line in status.splitlines() if line.startswith("vm ")] == ["up"], status
        assert "Linux version" in other.command("ssh", "dmesg") and "kubelet" in other.command("logs", "vm")
        state = other.state()
        assert any("qemu-system" in line for line in processes(state))
        owner.kill()
        eventually(lambda: not processes(state) and not state.exists(), 60, every=0.5)
    eventually(lambda: guest.sh("true") == "", PATIENCE)
