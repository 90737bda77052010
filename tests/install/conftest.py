"""The clusters the tests run on: real ones, brought up by scripts/cluster and taken down again.

ACTI_TEST_KUBECTL ("kubectl --kubeconfig FILE") names a cluster that is up already, for working on the tests; the image and
localhost/busybox:1 must be on its one node.
"""

import contextlib
import os
import shlex
import subprocess
from dataclasses import dataclass

import pytest

from api import NAMESPACE, TOP, Api

CLUSTER = TOP / "scripts" / "cluster"


@contextlib.contextmanager
def cluster(name: str, *up: str):
    given = os.environ.get("ACTI_TEST_KUBECTL")
    if given:
        yield Api(shlex.split(given))
        return
    try:
        subprocess.run([CLUSTER, "up", *up, "--name", name], check=True, timeout=1200)
        yield Api([str(CLUSTER), "kubectl", "--name", name])
    finally:
        subprocess.run([CLUSTER, "down", "--name", name], check=True, timeout=120)


@pytest.fixture(scope="session")
def api():
    """A control plane with the manifests' objects, without any node."""
    with cluster("install-api") as control_plane:
        control_plane.kubectl("apply", "-k", str(TOP / "manifests" / "default"))
        control_plane.kubectl("wait", "--for=condition=Established", "--timeout=60s", "crd", "--all")
        yield control_plane


@dataclass
class Node:
    api: Api
    name: str


@pytest.fixture(scope="session")
def node():
    """A cluster of one real node with the DaemonSet rolled out on it."""
    with cluster("install", "--node") as api:
        if "ACTI_TEST_KUBECTL" not in os.environ:
            image = TOP / "build" / "actimanager-image.tar"
            subprocess.run([TOP / "scripts" / "image", "--output", image], check=True, timeout=900)
            subprocess.run([CLUSTER, "load", "--name", "install", image], check=True, timeout=120)
        name = api.kubectl("get", "nodes", "-o", "jsonpath={.items[0].metadata.name}")
        # There is no kube-proxy: the way docs/install.md has for that.
        api.kubectl("apply", "-f", str(TOP / "manifests" / "default" / "namespace.yaml"))
        host, port = api.server.removeprefix("https://").rsplit(":", 1)
        api.run("create", "configmap", "actimanager-api-server", "-n", NAMESPACE,
                f"--from-literal=KUBERNETES_SERVICE_HOST={host}", f"--from-literal=KUBERNETES_SERVICE_PORT={port}")
        api.kubectl("apply", "-k", str(TOP / "manifests" / "default"))
        api.kubectl("rollout", "status", "daemonset/actimanager", "-n", NAMESPACE, "--timeout=90s")
        yield Node(api, name)
