"""The clusters the tests run on: real ones, brought up by scripts/cluster and taken down again.

ACTI_TEST_KUBECTL ("kubectl --kubeconfig FILE") names a cluster that is up already, for working on the API tests.
"""

import os
import shlex
import subprocess

import pytest

from api import TOP, Api

CLUSTER = TOP / "scripts" / "cluster"


@pytest.fixture(scope="session")
def api():
    """A control plane with the manifests' objects, without any node."""
    given = os.environ.get("ACTI_TEST_KUBECTL")
    if given:
        yield installed(Api(shlex.split(given)))
        return
    name = "install-api"
    subprocess.run([CLUSTER, "up", "--name", name], check=True, timeout=1200)
    try:
        yield installed(Api([str(CLUSTER), "kubectl", "--name", name]))
    finally:
        subprocess.run([CLUSTER, "down", "--name", name], check=True, timeout=120)


def installed(api: Api) -> Api:
    api.kubectl("apply", "-k", str(TOP / "manifests" / "default"))
    api.kubectl("wait", "--for=condition=Established", "--timeout=60s", "crd", "--all")
    return api
