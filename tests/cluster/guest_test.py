"""A node that is a guest: it is reached, and nothing is left of it when who wanted it is gone."""

import contextlib
import os
import pathlib

import pytest

from cluster import owned
from rest import eventually


@pytest.fixture(scope="module")
def mine():
    """A guest, and the process that it is tied to."""
    with owned("cluster-test-vm", "--vm", "v2-linux6.1") as (instance, owner):
        yield instance, owner


def processes(state: pathlib.Path) -> list[str]:
    """The command lines that name something of the instance."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            line = pathlib.Path("/proc", pid, "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if f"{state}/" in line:
                found.append(line)
    return found


def test_a_guest_is_a_node_that_is_reached(mine):
    instance, _ = mine
    assert instance.node() == "cluster-test-vm-vm" == instance.command("ssh", "hostname").strip()
    status = instance.command("status")
    assert [line.split()[2] for line in status.splitlines() if line.startswith("vm ")] == ["up"], status
    assert "Linux version 6.1." in instance.command("ssh", "dmesg") and "kubelet" in instance.command("logs", "vm")


def test_a_guest_ends_with_its_owner(mine):
    instance, owner = mine
    state = instance.state()
    assert any("qemu-system" in line for line in processes(state))
    owner.kill()
    eventually(lambda: not processes(state) and not state.exists(), 60, every=0.5)
