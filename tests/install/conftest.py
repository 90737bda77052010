"""The clusters the tests run on: real ones, brought up by scripts/cluster and taken down again.

ACTI_TEST_KUBECTL ("kubectl --kubeconfig FILE") names a cluster that is up already, for working on the tests; the image and
localhost/busybox:1 must be on its one node.
"""

import contextlib
import os
import pathlib
import shlex
import subprocess
import sys
from dataclasses import dataclass

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from api import Api  # noqa: E402
from objects import NAMESPACE  # noqa: E402
from paths import TOP  # noqa: E402
from cluster import cluster  # noqa: E402


@contextlib.contextmanager
def given_or_own(name: str, *up: str):
    given = os.environ.get("ACTI_TEST_KUBECTL")
    if given:
        yield Api(shlex.split(given))
    else:
        with cluster(name, *up) as own:
            yield own


@pytest.fixture(scope="session")
def api():
    """A control plane with the manifests' objects, without any node."""
    with given_or_own("install-api") as control_plane:
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
    with given_or_own("install", "--node") as api:
        if "ACTI_TEST_KUBECTL" not in os.environ:
            image = TOP / "build" / "actimanager-image.tar"
            subprocess.run([TOP / "scripts" / "image", "--output", image], check=True, timeout=900)
            api.command("load", image)
        name = api.kubectl("get", "nodes", "-o", "jsonpath={.items[0].metadata.name}")
        # There is no kube-proxy: the way docs/install.md has for that.
        api.kubectl("apply", "-f", str(TOP / "manifests" / "default" / "namespace.yaml"))
        host, port = api.server.removeprefix("https://").rsplit(":", 1)
        api.run("create", "configmap", "actimanager-api-server", "-n", NAMESPACE,
                f"--from-literal=KUBERNETES_SERVICE_HOST={host}", f"--from-literal=KUBERNETES_SERVICE_PORT={port}")
        api.kubectl("apply", "-k", str(TOP / "manifests" / "default"))
        api.kubectl("rollout", "status", "daemonset/actimanager", "-n", NAMESPACE, "--timeout=90s")
        yield Node(api, name)
