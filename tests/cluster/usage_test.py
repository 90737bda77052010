"""What the command line takes and refuses. No cluster is needed for any of it."""

import os
import subprocess

import pytest

from cluster import CLUSTER, run


@pytest.mark.parametrize("arguments, part", [
    ((), "COMMAND"),
    (("dance",), "dance"),
    (("up", "--nodes", "0"), "'0'"),
    (("up", "--nodes", "many"), "'many'"),
    (("up", "--nodes", "-3"), "-3"),
    (("up", "--owner-pid", "0"), "'0'"),
    (("up", "--owner-pid", "4194303", "--name", "usage"), "no such process"),
    (("up", "--vm", "v3"), "v3"),
    (("up", "--topology", "missing.xml"), "missing.xml"),
    (("up", "--topology", "pack:0 core:2 pu:1"), "pack:0"),
    (("up", "--topology", "nonsense"), "nonsense"),
    (("up", "--scheduler-qps", "fast"), "fast"),
    (("up", "--name", "../up"), "../up"),
    (("up", "--name", ""), "''"),
    (("up", "--name", "a" * 41), "40 letters"),
    (("kill", "kube-proxy"), "kube-proxy"),
    (("load",), "FILE.tar"),
    (("binaries", "kube-proxy"), "kube-proxy"),
])
def test_bad_usage_is_refused_with_its_cause(arguments, part):
    done = run(*arguments)
    assert done.returncode == 2, done
    assert part in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("arguments", [("status",), ("kubeconfig",), ("kubectl",), ("env",), ("kill", "etcd"),
                                       ("restart", "etcd"), ("nodes", "3"), ("logs", "etcd"), ("ctr",),
                                       ("ssh",), ("reset",), ("stacks",)])
def test_commands_on_an_instance_that_is_not_there_name_it(arguments):
    done = run(arguments[0], "--name", "not-there", *arguments[1:])
    assert done.returncode == 1, done
    assert "not-there" in done.stderr
    assert "Traceback" not in done.stderr


def test_down_without_an_instance_is_no_error():
    done = run("down", "--name", "not-there")
    assert done.returncode == 0, done.stderr


def test_help_names_every_command():
    text = run("--help").stdout
    for command in ("up", "down", "status", "kubectl", "kubeconfig", "env", "load", "logs", "kill", "stop", "cont",
                    "start", "restart", "binaries", "ctr", "nodes", "ssh", "reset", "stacks"):
        assert f"\n    {command} " in text or f"\n    {command}\n" in text, command
    assert "supervise" not in text


def test_a_real_node_without_root_says_so(tmp_path):
    tmp_path.chmod(0o777)
    for parent in tmp_path.parents[:3]:
        parent.chmod(parent.stat().st_mode | 0o011)
    done = subprocess.run([CLUSTER, "up", "--node", "--name", "rootless"], user=65534, group=65534, extra_groups=[],
                          env=os.environ | {"HOME": str(tmp_path)}, capture_output=True, text=True, timeout=30,
                          cwd="/")
    assert done.returncode == 1, done
    assert "--node needs root" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not list(tmp_path.rglob("instance.json"))
