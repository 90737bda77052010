"""`actimanager explain` of a dump of the cluster says what the scheduler then does."""

import json

from actimanager import run
from conftest import configuration, told
from kernel import parse_cpus
from objects import pod

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


def test_a_live_cluster_that_cannot_be_read_is_an_error(plane, tmp_path):
    nobody = tmp_path / "nobody.yaml"
    nobody.write_text(json.dumps({
        "apiVersion": "v1", "kind": "Config", "current-context": "c",
        "clusters": [{"name": "c", "cluster": {"server": plane.rest.server.geturl(), "insecure-skip-tls-verify": True}}],
        "users": [{"name": "u", "user": {"token": "nobody's"}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}]}))
    done = run("explain", "--live", "--kubeconfig", nobody, "--pod", "default/none")
    assert (done.returncode, done.stdout) == (1, ""), done
    assert done.stderr.startswith("actimanager: --live: ") and done.stderr.count("\n") == 1, done.stderr
