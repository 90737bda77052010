"""A real control plane with simulated nodes, and the program as processes beside it.

ACTI_TEST_CLUSTER names an instance of scripts/cluster that is up already, with eight nodes, for working on the tests.
"""

import copy
import itertools
import json
import os
import pathlib
import sys
import types

import pytest

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[1] / folder) for folder in ("lib", "bench")]

import objects  # noqa: E402
from actimanager import Actimanager  # noqa: E402
from cluster import Cluster, cluster  # noqa: E402
from rest import Rest, eventually, ignoring  # noqa: E402

NODES = 8
_names = itertools.count()


@pytest.fixture(scope="session")
def plane():
    """The control plane with eight nodes of 2 sockets, 16 cores each, 2 threads each; on `rest`, requests to it."""
    given = os.environ.get("ACTI_TEST_CLUSTER")
    if given:
        yield _prepared(Cluster(given))
    else:
        with cluster("integration", "--nodes", str(NODES)) as instance:
            yield _prepared(instance)


def _prepared(instance: Cluster) -> Cluster:
    # Without it no Pod is admitted.
    eventually(lambda: instance.rest.find("serviceaccounts", "default"))
    return instance


@pytest.fixture
def api(plane) -> Rest:
    """Requests to the control plane, which has nothing but the eight nodes when a test begins."""
    rest = plane.rest
    _revive(plane, "kube-scheduler")
    for kind in ("pods", "podcpubindings", "leases", "events"):
        rest.delete_all(kind)
    for node in rest.all("nodes"):
        if int(node["metadata"]["name"].removeprefix("node-")) >= NODES:
            rest.delete("nodes", node["metadata"]["name"])
            rest.delete("nodecputopologies", f"{node['metadata']['name']}-cputopology")
        elif node["spec"].get("taints") or node["spec"].get("unschedulable"):
            rest.patch("nodes", node["metadata"]["name"], {"spec": {"taints": None, "unschedulable": None}})
    eventually(lambda: not rest.all("pods") and not rest.all("podcpubindings") and len(rest.all("nodes")) == NODES)
    return rest


def _revive(plane: Cluster, component: str) -> None:
    """kube-scheduler ends itself when an etcd that was killed has lost what it had said before."""
    if not pathlib.Path(f"/proc/{plane.process(component)}").exists():
        plane.command("start", component)


@pytest.fixture
def start(plane, tmp_path):
    """Starts the program. Every one has a Lease of its own unless said otherwise: none waits for one that is gone."""
    running = []

    def begin(*arguments, config: dict | str | None = None, roles: str = "leader,endpoint", node: str = "", lease: str = "",
              wait: bool = True, kubeconfig=None, **environment) -> Actimanager:
        number = next(_names)
        if config is not None:
            path = tmp_path / f"config-{number}.yaml"
            path.write_text(config if isinstance(config, str) else json.dumps(config))
            arguments = (f"--config={path}", *arguments)
        process = Actimanager(kubeconfig or plane.kubeconfig, tmp_path / f"actimanager-{number}.log", f"--roles={roles}",
                              "--lease-namespace=default", f"--lease-name={lease or f'lease-{number}'}", f"--node-name={node or f'replica-{number}'}",
                              *arguments, environment=environment)
        running.append(process)
        return process.lead() if wait and "leader" in roles else process

    yield begin
    for process in running:
        process.end()
        print(f"{process.command}:\n{process.text()[-4000:]}")


@pytest.fixture
def agents(start, plane, tmp_path):
    """Starts the real agents of the first `count` nodes. They judge bindings as on any machine; there are no cgroups of
    Pods where they look, so that nothing is ever seen to be applied."""
    cgroups = tmp_path / "cgroup"
    cgroups.mkdir()
    (cgroups / "cgroup.controllers").write_text("cpuset\n")

    def begin(count: int) -> list[Actimanager]:
        found = [start(f"--cgroups-path={cgroups}", node=f"node-{i:04}", roles="agent,endpoint",
                       HWLOC_SYNTHETIC="pack:2 [numa] core:16 pu:2") for i in range(count)]
        for agent in found:
            agent.wait_log(r"agent: \d+ Pods")
        return found

    return begin


@pytest.fixture
def nodes(api):
    """Makes further nodes like the eight, Ready when this returns; they are gone before the next test."""
    shape = api.get("nodecputopologies", "node-0000-cputopology")["spec"]["topology"]
    model = api.get("nodes", "node-0000")

    def make(name: str, topology: bool = True, ready: bool = True, **spec) -> dict:
        made = api.create("nodes", {
            "apiVersion": "v1", "kind": "Node",
            "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name},
                         "annotations": {"kwok.x-k8s.io/node": "fake"}},
            "spec": spec,
            "status": {field: model["status"][field] for field in ("capacity", "allocatable")},
        })
        if topology:
            api.create("nodecputopologies", {
                "apiVersion": "cslab.ece.ntua.gr/v1alpha1", "kind": "NodeCPUTopology",
                "metadata": {"name": f"{name}-cputopology", "ownerReferences": [
                    {"apiVersion": "v1", "kind": "Node", "name": name, "uid": made["metadata"]["uid"]}]},
                "spec": {"nodeName": name, "topology": shape},
            })
        if ready:
            def is_ready():
                node = api.get("nodes", name)
                taints = {t["key"] for t in node["spec"].get("taints", [])}
                return objects.condition(node, "Ready").get("status") == "True" and "node.kubernetes.io/not-ready" not in taints

            eventually(is_ready)
        return made

    return make


@pytest.fixture
def bound(api):
    """Waits until the Pods of these names are bound; returns them, with the bindings' CPUs and levels, by name."""
    def wait(*names: str, seconds: float = 30) -> dict[str, types.SimpleNamespace]:
        def all_bound():
            pods = {p["metadata"]["name"]: p for p in api.all("pods")}
            return all(pods[n]["spec"].get("nodeName") for n in names) and pods

        pods = eventually(all_bound, seconds)
        bindings = {b["spec"]["podName"]: b for b in api.all("podcpubindings")}
        return {n: types.SimpleNamespace(pod=pods[n], node=pods[n]["spec"]["nodeName"], binding=bindings[n],
                                         cpus=objects.named(bindings[n]), level=bindings[n]["spec"]["exclusivenessLevel"])
                for n in names}

    return wait


def configuration(policy: str = "MaximumUtilization", features=(), version: str = "v1") -> dict:
    return {
        "apiVersion": f"kubescheduler.config.k8s.io/{version}",
        "kind": "KubeSchedulerConfiguration",
        "profiles": [{
            "schedulerName": "maestro",
            "plugins": {"multiPoint": {"enabled": [{"name": "WorkloadAware"}, {"name": "PodIsolation"}]}},
            "pluginConfig": [{"name": "WorkloadAware", "args": {"policy": policy, "features": list(features)}}],
        }],
    }


def told(api, name: str) -> str:
    """The message of the Pod's condition, once its event says the same."""
    def said():
        obj = api.get("pods", name)
        found = objects.condition(obj, "PodScheduled")
        assert (found["status"], found["reason"]) == ("False", "Unschedulable"), found
        events = [e for e in api.all("events") if e["involvedObject"]["uid"] == obj["metadata"]["uid"]]
        assert [e["message"] for e in events if e["reason"] == "FailedScheduling"][-1:] == [found["message"]], events
        assert {e["type"] for e in events} == {"Warning"}
        return found["message"]

    return eventually(said)


def same_as_kube_scheduler(api, obj: dict) -> str:
    """Makes the Pod, and one like it for kube-scheduler, which is gone when this returns: both are told the same."""
    theirs = copy.deepcopy(obj)
    theirs["metadata"]["name"] += "-too"
    theirs["spec"]["schedulerName"] = "default-scheduler"
    name, other = obj["metadata"]["name"], theirs["metadata"]["name"]
    api.create("pods", obj)
    message = told(api, name)
    api.create("pods", theirs)
    same = eventually(lambda: objects.condition(api.get("pods", other), "PodScheduled").get("message"))
    api.delete("pods", other, grace=0)
    assert message == same
    return message


__all__ = ["configuration", "ignoring"]
