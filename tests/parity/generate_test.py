"""That a cluster can be made again from what the report of a difference names: its seed, number and families."""

import json

import pytest

from clusters.families import FAMILIES, cluster
from generate import generate


def test_a_cluster_is_the_same_whatever_is_made_beside_it(tmp_path):
    generate(tmp_path / "many", "seed", 5, [])
    generate(tmp_path / "one", "seed", 1, [], first=3)
    for file in ("cluster.json", "pods.json", "families.txt"):
        assert (tmp_path / "many" / "0003" / file).read_text() == (tmp_path / "one" / "0003" / file).read_text()


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_alone_changes_what_is_made(family):
    made = {json.dumps(cluster("seed", index, [family])[:2]) for index in range(20)}
    assert len(made) == 20
    assert all(cluster("seed", index, [family])[2] == [family] for index in range(20))


def test_objects_have_names_of_their_own():
    for index in range(200):
        whole, pods, _ = cluster("seed", index, [])
        names = [(item["kind"], item["metadata"].get("namespace"), item["metadata"]["name"]) for item in whole["items"]]
        assert len(set(names)) == len(names)
        assert all(pod["kind"] == "Pod" for pod in pods["items"])
