"""Tests of the agent against a real kubelet, containerd and kernel: this machine is the node."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from actimanager import QUICK_LEASE, Actimanager  # noqa: E402
from cluster import cluster  # noqa: E402
from node import Node  # noqa: E402
from rest import eventually  # noqa: E402


@pytest.fixture(scope="session")
def instance():
    with cluster("host-test", "--node") as up:
        up.kubectl("apply", "-k", str(pathlib.Path(__file__).resolve().parents[2] / "manifests" / "crd"))
        up.kubectl("wait", "--for=condition=Established", "--timeout=60s", "crd", "--all")
        up.kubectl("create", "namespace", "actimanager-system")
        up.kubectl("wait", "--for=create", "serviceaccount/default", "--timeout=60s")
        yield up


@pytest.fixture
def node(instance):
    """The node without any Pod on it."""
    node = Node(instance)
    yield node
    node.clear()


def launch(node, log: pathlib.Path, *arguments: str, under: tuple = (), ready: bool = True) -> Actimanager:
    """actimanager on the node."""
    process = Actimanager(node.api.kubeconfig, log, "--node-name", node.api.node(), "--cgroups-path", node.cgroup,
                          "--kubelet-root-dir", node.kubelet / "root", *arguments, under=under)
    try:
        eventually(lambda: (process.get("/readyz")[0] == 200) == ready, 30)
    except BaseException:
        process.end()
        print(f"---- {log.name}\n{process.text()[-8000:]}")
        raise
    return process


@pytest.fixture
def start(node, tmp_path):
    """Starts actimanager on the node, with these arguments more."""
    started = []

    def run(*arguments: str, under: tuple = (), ready: bool = True) -> Actimanager:
        started.append(launch(node, tmp_path / f"actimanager-{len(started)}.log", *arguments, under=under, ready=ready))
        return started[-1]

    yield run
    for process in started:
        process.end()
        print(f"---- {process.log.name}\n{process.text()[-8000:]}")  # shown where the test failed


@pytest.fixture
def agent(start):
    """actimanager with all its roles, settled."""
    return start("--reconcile-period=1s", *QUICK_LEASE)
