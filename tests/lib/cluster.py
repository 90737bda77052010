"""The clusters the tests run on: real ones, brought up by scripts/cluster and taken down again.

Every cluster belongs to the process of the tests: however that ends, the cluster goes with it.
"""

import contextlib
import functools
import json
import os
import pathlib
import subprocess
import sys

from api import Api
from paths import TOP
from rest import Rest

CLUSTER = TOP / "scripts" / "cluster"


class Cluster(Api):
    """An instance of scripts/cluster that is up."""

    def __init__(self, name: str):
        self.name = name
        # What `scripts/cluster kubectl` runs, without the time it takes to find that out.
        super().__init__([f"{self.settings()['binaries']}/kubectl", "--kubeconfig", str(self.kubeconfig)])

    def command(self, name: str, *arguments, timeout: float = 600) -> str:
        """Runs `scripts/cluster NAME --name … ARGUMENTS`; its output. An error with its message if it fails."""
        done = run(name, "--name", self.name, *arguments, timeout=timeout)
        assert done.returncode == 0, f"scripts/cluster {name}: {done.stdout}{done.stderr}"
        return done.stdout

    @functools.cached_property
    def kubeconfig(self) -> pathlib.Path:
        return pathlib.Path(self.command("kubeconfig").strip())

    @functools.cached_property
    def rest(self) -> Rest:
        """Requests, where starting kubectl would take longer than what it does."""
        return Rest(self.kubeconfig)

    def state(self) -> pathlib.Path:
        return self.kubeconfig.parent

    def settings(self) -> dict:
        """What scripts/cluster has noted of it."""
        return json.loads((self.state() / "instance.json").read_text())

    def process(self, component: str) -> int:
        """The pid a component was last started with."""
        return json.loads((self.state() / "processes.json").read_text())[component]["pid"]

    def node(self) -> str:
        """The name of the real node."""
        nodes = json.loads(self.kubectl("get", "nodes", "-l", "type!=kwok", "-o", "json"))["items"]
        assert len(nodes) == 1, f"{len(nodes)} real nodes"
        return nodes[0]["metadata"]["name"]


@contextlib.contextmanager
def cluster(name: str, *up: str):
    """An instance with the given arguments of `up`, for the time of the body."""
    try:
        started = run("up", "--name", name, "--owner-pid", str(os.getpid()), *up, timeout=1800)
        assert started.returncode == 0, f"scripts/cluster up: {started.stdout}{started.stderr}"
        yield Cluster(name)
    finally:
        ended = run("down", "--name", name, timeout=60)
        assert ended.returncode == 0, f"scripts/cluster down: {ended.stdout}{ended.stderr}"


@contextlib.contextmanager
def owned(name: str, *up: str):
    """An instance that is tied to a process of its own, and that process, for the body to kill."""
    with contextlib.ExitStack() as clean_up:
        clean_up.callback(run, "down", "--name", name)
        owner = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(10000)"])
        clean_up.callback(owner.wait)
        clean_up.callback(owner.kill)
        started = run("up", "--name", name, "--owner-pid", owner.pid, *up, timeout=1800)
        assert started.returncode == 0, f"scripts/cluster up: {started.stdout}{started.stderr}"
        yield Cluster(name), owner


def run(*arguments, timeout: float = 120) -> subprocess.CompletedProcess:
    """scripts/cluster with the arguments, whatever comes of it."""
    return subprocess.run([CLUSTER, *map(str, arguments)], capture_output=True, text=True, timeout=timeout)
