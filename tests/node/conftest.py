"""Tests of the DaemonSet on a node of 2 sockets, 2 NUMA nodes and 16 CPUs, with systemd and a kubelet of its own: a guest of
QEMU. --guest chooses the kinds of guests, of which each is booted when the one before is gone; without it, there are all.

ACTI_TEST_VM names an instance of scripts/cluster that is up with a guest and the DaemonSet, for working on the tests.
"""

import contextlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from actimanager import BINARY  # noqa: E402
from objects import NAMESPACE  # noqa: E402
from paths import TOP  # noqa: E402
from cluster import Cluster, cluster  # noqa: E402
from guest import CPUS, FULL_LOOKS, PATIENCE, Guest  # noqa: E402
from rest import eventually  # noqa: E402


# The exit status when a guest has frozen or panicked; scripts/lib/testing/pytests.py knows it.
LOST = 75
LAST_WORDS = pytest.StashKey[str]()
# What scripts/cluster says of one that has not come so far. QEMU may have ended: its emulation of many CPUs at once is not
# free of races ("iotlb_to_section: Assertion … failed", when firmware moved devices about).
NEVER_READY = re.compile(r"scripts/cluster: vm(: not ready within| ended)")
# Of manifests/, for each kind of guest.
MANIFESTS = {"v2": "default", "v2-linux6.1": "isolated-partitions", "v1": "cgroup-v1"}


def kept(variant: str) -> pathlib.Path:
    return TOP / "build" / "logs" / f"guest-{variant}"


@contextlib.contextmanager
def keep_logs(instance: Cluster, session: pytest.Session, where: pathlib.Path):
    """If a test fails: of the guest's console, above all, and of the programs around it."""
    failed, whole = session.testsfailed, False
    try:
        yield
        whole = session.testsfailed == failed
    finally:
        if LAST_WORDS in session.config.stash:
            where = where.with_name(f"{where.name}-lost")  # the tests begun anew keep theirs
        shutil.rmtree(where, ignore_errors=True)
        if not whole:
            shutil.copytree(instance.state() / "logs", where)


def apply(instance: Cluster, manifests: str) -> None:
    """As `kubectl apply -k`, but for the time between full looks."""
    seconds = FULL_LOOKS[instance.settings()["vm_variant"]]
    text, found = re.subn("^( *)- run$", rf"\1- run\n\1- --reconcile-period={seconds}s",
                          instance.kubectl("kustomize", str(TOP / "manifests" / manifests)), flags=re.M)
    assert found == 1, text
    instance.kubectl("apply", "-f", "-", stdin=text)


def make_image(path: pathlib.Path) -> pathlib.Path:
    subprocess.run([TOP / "scripts" / "image", "--binary", BINARY, "--output", path], check=True, timeout=300)
    return path


def install(instance: Cluster, image: pathlib.Path, manifests: str) -> None:
    instance.command("load", image)
    # There is no kube-proxy: the way docs/install.md has for that. 10.0.2.2 is this machine's loopback as seen there.
    instance.kubectl("apply", "-f", str(TOP / "manifests" / "default" / "namespace.yaml"))
    instance.kubectl("create", "configmap", "actimanager-api-server", "-n", NAMESPACE,
                     "--from-literal=KUBERNETES_SERVICE_HOST=10.0.2.2",
                     f"--from-literal=KUBERNETES_SERVICE_PORT={instance.server.rpartition(':')[2]}")
    apply(instance, manifests)
    instance.kubectl("wait", "--for=condition=Established", "--timeout=60s", "crd", "--all")
    eventually(lambda: Guest(instance).agent()["ready"], PATIENCE, every=0.5)


def roll_out(guest: Guest, manifests: str) -> None:
    """The DaemonSet of these manifests, in place of the one there is; once its agent runs."""
    apply(guest.api, manifests)
    guest.api.kubectl("rollout", "status", "-n", NAMESPACE, "daemonset/actimanager", f"--timeout={PATIENCE}s")


def pytest_generate_tests(metafunc):
    if "guest" in metafunc.fixturenames:
        mark = metafunc.definition.get_closest_marker("guests")
        # Not only equal: pytest makes a fixture anew where its parameter is another object.
        variants = [sys.intern(variant) for variant in (mark.args if mark else ("v2",))]
        metafunc.parametrize("guest", variants, indirect=True, scope="session")


def pytest_addoption(parser):
    parser.addoption("--guest", action="append", choices=MANIFESTS, help="a kind of guest to test on; may be given again")


def pytest_collection_modifyitems(config, items):
    """The tests of one guest come in a row: each is booted once. Those with more privileges come last."""
    variants = config.getoption("guest") or list(MANIFESTS)
    chosen = [item for item in items if item.callspec.params["guest"] in variants]
    config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
    items[:] = sorted(chosen, key=lambda item: (variants.index(item.callspec.params["guest"]),
                                                   "privileged" in item.fixturenames))


@pytest.fixture(scope="session")
def guest(request, tmp_path_factory):
    """The guest with the DaemonSet rolled out on it."""
    if "ACTI_TEST_VM" in os.environ:
        named = Guest(Cluster(os.environ["ACTI_TEST_VM"]))
        assert named.variant == request.param, f"{named.api.name} is a guest of another kind: {named.variant}"
        yield named
        return
    with ThreadPoolExecutor() as beside:
        image = beside.submit(make_image, tmp_path_factory.mktemp("image") / "actimanager-image.tar")
        with (cluster("node-test", "--vm", request.param) as instance,
              keep_logs(instance, request.session, kept(request.param))):
            install(instance, image.result(), MANIFESTS[request.param])
            yield Guest(instance)


@pytest.fixture(scope="session")
def privileged(guest):
    """Agents with the capability that partitions take, from here on."""
    roll_out(guest, "isolated-partitions")
    yield guest
    if "ACTI_TEST_VM" in os.environ:
        roll_out(guest, MANIFESTS[guest.variant])


@pytest.fixture(scope="session")
def pods(guest):
    """Three Pods that run, by name their UIDs; a binding of its name moves each."""
    for name in ("one", "two", "other"):
        guest.create(name)
    return {name: guest.uid(name) for name in ("one", "two", "other")}


@pytest.fixture
def unbound(guest, pods):
    """Those Pods, in the shared pool before and after the test."""
    yield pods
    guest.delete("pcb", *pods)
    for uid in pods.values():
        guest.wait_in_pool(uid, CPUS)


def pytest_sessionfinish(session):
    if LAST_WORDS in session.config.stash:
        session.exitstatus = LOST


def pytest_unconfigure(config):
    if words := config.stash.get(LAST_WORDS, ""):
        print(f"a guest is lost:\n{words}")


def lose(item: pytest.Item, words: str) -> None:
    """No other test is run."""
    item.session.shouldstop = "a guest is lost"
    item.config.stash[LAST_WORDS] = words


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failure shows what the guest's kernel said, and where its console's log will be."""
    outcome = yield
    report = outcome.get_result()
    guest = item.funcargs.get("guest") if hasattr(item, "funcargs") else None
    if report.failed and NEVER_READY.search(str(call.excinfo.value)):
        lose(item, str(call.excinfo.value))
    elif report.failed and guest:
        report.sections.append(("the guest's console", f"{kept(guest.variant)}/vm.log, once its tests have run"))
        try:
            if guest.answers():
                report.sections.append(("the guest", guest.report()))
            else:
                lose(item, guest.last_words())
        except Exception as error:  # whatever is broken, the test's own failure is what counts
            report.sections.append(("the guest", f"it could not be asked: {error}"))
