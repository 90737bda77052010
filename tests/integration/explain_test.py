"""`actimanager explain` of a dump of the cluster says what the scheduler then does."""

import json

from actimanager import run
from conftest import NODES, configuration, told
from kernel import parse_cpus
from objects import pod
from paths import TOP
from rest import eventually

KINDS = "nodes,pods,nodecputopologies,podcpubindings,namespaces,services"


def explained(plane, tmp_path, config: dict, obj: dict) -> dict:
    """What is said of a Pod that is not there yet, of the cluster as kubectl prints it."""
    (tmp_path / "dump.json").write_text(plane.kubectl("get", KINDS, "-A", "-o", "json"))
    (tmp_path / "pod.json").write_text(json.dumps(obj))
    (tmp_path / "config.json").write_text(json.dumps(config))
    said = [explain(*cluster, "--pod", tmp_path / "pod.json", "--config", tmp_path / "config.json")
            for cluster in (("--cluster", tmp_path / "dump.json"), ("--live", "--kubeconfig", plane.kubeconfig))]
    assert said[0] == said[1], "the dump and the cluster itself are judged alike"
    return said[0]


def explain(*arguments) -> dict:
    done = run("explain", *arguments, "-o", "json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def fullest(api, bound, node: str, *requests: str) -> None:
    """Makes one node the only best one: among equals the choice depends on the Pod's UID, which a file has not."""
    for i, cpu in enumerate(requests):
        api.create("pods", pod(f"there-{i}", cpu, ("io-bound", "memory-bound")[i % 2], node=node))
        bound(f"there-{i}")


def test_a_pod_goes_where_explain_says(plane, api, start, bound, tmp_path):
    config = configuration(features=["PhysicalCores"])
    start(config=config)
    fullest(api, bound, "node-0005", "3", "7", "2")
    wanted = pod("wanted", "5", "memory-bound")
    said = explained(plane, tmp_path, config, wanted)
    assert said["winner"] == "node-0005"
    api.create("pods", wanted)
    found = bound("wanted")["wanted"]
    assert (found.node, found.cpus, found.level) == (
        said["winner"], parse_cpus(said["cpus"]), said["exclusivenessLevel"])


def test_other_pods_rules_are_in_the_dump(plane, api, start, bound, tmp_path):
    """The fullest node is not to be had, because of who runs there."""
    config = configuration()
    start(config=config)
    alone = pod("alone", "9", node="node-0005", affinity={"podAntiAffinity": {
        "requiredDuringSchedulingIgnoredDuringExecution": [
            {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": "noisy"}}}]}})
    api.create("pods", alone)
    bound("alone")
    fullest(api, bound, "node-0002", "4", "2")
    wanted = pod("wanted", "3", "io-bound")
    wanted["metadata"]["labels"]["app"] = "noisy"
    said = explained(plane, tmp_path, config, wanted)
    (filters,) = [node["filters"] for node in said["nodes"] if node["name"] == "node-0005"]
    (refused,) = [verdict for verdict in filters if verdict["verdict"] != "Success"]
    assert refused["plugin"] == "InterPodAffinity"
    api.create("pods", wanted)
    found = bound("wanted")["wanted"]
    assert (found.node, found.cpus) == (said["winner"], parse_cpus(said["cpus"]))
    assert found.node == "node-0002"


def test_a_pod_that_fits_nowhere_is_told_what_explain_said(plane, api, start, tmp_path):
    config = configuration()
    start(config=config)
    wanted = pod("wanted", "65")
    said = explained(plane, tmp_path, config, wanted)
    assert (said["winner"], said["cpus"]) == (None, None)
    api.create("pods", wanted)
    assert told(api, "wanted") == said["message"]


def kubeconfig_with(token: str, plane, path):
    config = json.loads(plane.kubeconfig.read_text())
    config["users"][0]["user"] = {"token": token}
    path.write_text(json.dumps(config))
    return path


def refused(kubeconfig) -> str:
    done = run("explain", "--live", "--kubeconfig", kubeconfig, "--pod", "default/none")
    assert (done.returncode, done.stdout) == (1, ""), done
    assert done.stderr.startswith("actimanager: --live: ") and done.stderr.count("\n") == 1, done.stderr
    return done.stderr


def test_a_live_cluster_that_cannot_be_read_is_an_error(plane, tmp_path):
    assert "nauthorized" in refused(kubeconfig_with("nobody's", plane, tmp_path / "nobody.json"))


def test_the_cluster_role_for_it_is_enough(plane, api, tmp_path):
    """And all of it is needed: each rule that is taken away is missed by name."""
    plane.kubectl("create", "serviceaccount", "asker")
    try:
        plane.kubectl("apply", "-f", str(TOP / "manifests" / "rbac" / "users.yaml"))
        role = json.loads(plane.kubectl("get", "clusterrole", "actimanager-explain", "-o", "json"))
        role["metadata"] = {"name": role["metadata"]["name"]}
        plane.kubectl("create", "clusterrolebinding", "asker", "--clusterrole=actimanager-explain",
                      "--serviceaccount=default:asker")
        asker = kubeconfig_with(plane.kubectl("create", "token", "asker").strip(), plane, tmp_path / "asker.json")
        api.create("pods", pod("wanted", "1"))
        said = eventually(lambda: explain("--live", "--kubeconfig", asker, "--pod", "default/wanted"))
        assert len(said["nodes"]) == NODES
        for i, rule in enumerate(role["rules"]):
            plane.kubectl("apply", "-f", "-", stdin=json.dumps({**role, "rules": role["rules"][:i] + role["rules"][i + 1:]}))

            def missed():
                said = refused(asker)
                return "forbidden" in said and any(resource in said for resource in rule["resources"])

            eventually(missed)
    finally:
        plane.kubectl("delete", "clusterrolebinding/asker", "serviceaccount/asker", "--ignore-not-found")
        plane.kubectl("delete", "-f", str(TOP / "manifests" / "rbac" / "users.yaml"), "--ignore-not-found")
