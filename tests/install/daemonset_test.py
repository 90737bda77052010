"""The DaemonSet, installed from its image with kubectl apply -k on a real kubelet: what a user of the manifests gets."""

import functools
import json
import os
import pathlib
import re
import subprocess
import threading
import urllib.request

import rest
from objects import NAMESPACE, binding
from paths import TOP
from kernel import cpuset_directories, online_cpus, parse_cpus, threads

KINDS = ("nodecputopologies", "podcpubindings")
# A kubelet takes its time, and every look is a kubectl.
eventually = functools.partial(rest.eventually, seconds=60, every=0.2)


def pod_runs_on(api, name, cpus):
    uid = api.get("pod", name)["metadata"]["uid"]

    def on_its_cpus():
        found = threads(uid)
        assert found, f"Pod {name} has no thread"
        assert all(allowed == cpus for allowed in found.values()), f"Pod {name}: {found}, not {cpus}"
        return True

    eventually(on_its_cpus)
    return uid


def sample(api, name, scheduler):
    pod = {
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "labels": {"cslab.ece.ntua.gr/workload-type": "best-effort"}},
        "spec": {
            "schedulerName": scheduler, "terminationGracePeriodSeconds": 1,
            "containers": [{"name": "main", "image": "localhost/busybox:1", "imagePullPolicy": "Never",
                            "command": ["sleep", "infinity"], "resources": {"requests": {"cpu": "100m"}}}],
        },
    }
    # In a cluster this young the namespace's account may still be on its way.
    eventually(lambda: api.run("apply", "-f", "-", stdin=json.dumps(pod)).returncode == 0)
    eventually(lambda: api.get("pod", name)["status"]["phase"] == "Running")


def replica(api) -> dict:
    pods = json.loads(api.kubectl("get", "pods", "-n", NAMESPACE, "-l", "app.kubernetes.io/component=agent", "-o", "json"))
    (pod,) = [p for p in pods["items"] if "deletionTimestamp" not in p["metadata"]]
    return pod


def http(pod: dict, path: str):
    with urllib.request.urlopen(f"http://{pod['status']['hostIP']}:8089{path}", timeout=10) as answer:
        return answer.status, answer.read()


def agent_process(api) -> int:
    """The pid, on this host, of the program in the replica's container."""
    (pid,) = {p for p in threads(replica(api)["metadata"]["uid"])
              if pathlib.Path(f"/proc/{p}/cmdline").read_bytes().startswith(b"/usr/bin/actimanager\0")
              and proc_status(p)["Tgid"] == str(p)}
    return pid


def proc_status(pid: int) -> dict[str, str]:
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


def test_replica_is_confined(node):
    pid = agent_process(node.api)
    status = proc_status(pid)
    assert {status[c] for c in ("CapEff", "CapPrm", "CapInh", "CapAmb", "CapBnd")} == {"0" * 16}
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
    assert len(status["NSpid"].split()) == 2, "a PID namespace of its own"
    root = [line.split() for line in pathlib.Path(f"/proc/{pid}/mounts").read_text().splitlines()]
    assert [mount[3].split(",")[0] for mount in root if mount[1] == "/"][-1] == "ro"


def test_nothing_but_cpusets_of_pods_is_opened_for_writing_or_made(node, tmp_path):
    """Seen by strace, while Pods are pinned, moved by somebody else, and let go."""
    pid, trace = agent_process(node.api), tmp_path / "trace"
    changes = "mkdir,mkdirat,mknod,mknodat,creat,rename,renameat,renameat2,link,linkat,symlink,symlinkat,unlink,unlinkat,rmdir," \
              "truncate,ftruncate,chmod,fchmodat,fchmod,chown,fchownat,fchown,setxattr,fsetxattr,mount,umount2"
    with subprocess.Popen(["strace", "-f", "-y", "-qq", "-e", f"trace=open,openat,openat2,{changes}", "-e", "signal=none",
                           "-o", trace, "-p", str(pid)]) as strace:
        try:
            eventually(lambda: proc_status(pid)["TracerPid"] != "0")
            sample(node.api, "traced", "default-scheduler")
            for cpu in (max(online_cpus()), min(online_cpus())):
                node.api.apply(binding("traced", cpuSet=[{"cpuID": cpu}]))
                uid = pod_runs_on(node.api, "traced", {cpu})
            (cpuset_directories(uid)[0] / "cpuset.cpus").write_text(",".join(map(str, sorted(online_cpus()))))
            pod_runs_on(node.api, "traced", {cpu})
            node.api.kubectl("delete", "pod", "traced", "--timeout=60s")
        finally:
            strace.terminate()
    calls = [line.split(" ", 1)[1].strip() for line in trace.read_text().splitlines()]
    done = [call for call in calls if not re.search(r"\) += -1 ", call)]
    opened = [call for call in done if call.startswith("open")]
    assert [call for call in done if call not in opened] == []
    written = [call for call in opened if re.search(r"O_WRONLY|O_RDWR|O_CREAT|O_TRUNC|O_APPEND", call)]
    files = [pathlib.Path(re.search(r"= \d+<(.*)>$", call)[1]) for call in written]
    assert files, "the agent was seen to write"
    for file in files:
        assert file.name in ("cpuset.cpus", "cpuset.mems", "cpuset.memory_migrate"), file
        assert any(part.startswith("kubepods") for part in file.parts) and any(part.startswith("pod") for part in file.parts), file


def test_topology_is_published_and_served(node):
    name = node.name + "-cputopology"
    topology = eventually(lambda: (t := node.api.get("nct", name))["status"]["resourceStatus"] == "Fresh" and t)
    assert set(topology["spec"]["topology"]["cpus"]) == online_cpus()
    owner = topology["metadata"]["ownerReferences"][0]
    assert (owner["kind"], owner["uid"]) == ("Node", node.api.get("node", node.name)["metadata"]["uid"])
    pod = replica(node.api)
    for path in ("/livez", "/readyz", "/healthz"):
        assert http(pod, path)[0] == 200
    assert json.loads(http(pod, "/topology")[1])["spec"]["nodeName"] == node.name


def test_one_leads_under_its_own_name(node):
    holder = eventually(lambda: node.api.get("lease", "actimanager", NAMESPACE)["spec"]["holderIdentity"])
    assert holder.startswith((node.name + "_", replica(node.api)["metadata"]["name"] + "_"))


def test_maestro_places_and_pins(node):
    sample(node.api, "placed", "maestro")
    granted = eventually(lambda: (b := node.api.get("pcb", "placed-pcb"))["status"]["resourceStatus"] == "Applied" and b)
    cpus = parse_cpus(granted["status"]["admitted"]["cpuSet"])
    assert cpus and cpus <= online_cpus()
    pod_runs_on(node.api, "placed", cpus)
    node.api.kubectl("delete", "pod", "placed", "--timeout=60s")
    eventually(lambda: node.api.run("get", "pcb", "placed-pcb").returncode != 0)


def test_binding_by_hand_moves_and_releases(node):
    sample(node.api, "by-hand", "default-scheduler")
    first, last = min(online_cpus()), max(online_cpus())
    for cpu in (last, first):
        node.api.apply(binding("by-hand", cpuSet=[{"cpuID": cpu}]))
        pod_runs_on(node.api, "by-hand", {cpu})
    eventually(lambda: node.api.get("pcb", "by-hand")["status"]["resourceStatus"] == "Applied")
    node.api.kubectl("delete", "pcb", "by-hand")
    pod_runs_on(node.api, "by-hand", online_cpus())
    node.api.kubectl("delete", "pod", "by-hand", "--timeout=60s")


def test_named_writers_has_one_capability_and_names_who_wrote(node):
    node.api.kubectl("apply", "-k", str(TOP / "manifests" / "named-writers"))
    try:
        node.api.kubectl("rollout", "status", "daemonset/actimanager", "-n", NAMESPACE, "--timeout=90s")
        status = proc_status(agent_process(node.api))
        sys_admin = f"{1 << 21:016x}"
        assert {status[c] for c in ("CapEff", "CapPrm", "CapBnd")} == {sys_admin}
        assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
        assert len(status["NSpid"].split()) == 1, "the host's PID namespace"
        sample(node.api, "moved", "default-scheduler")
        node.api.apply(binding("moved", cpuSet=[{"cpuID": min(online_cpus())}]))
        uid = pod_runs_on(node.api, "moved", {min(online_cpus())})
        (cpuset_directories(uid)[0] / "cpuset.cpus").write_text(",".join(map(str, sorted(online_cpus()))))
        pod_runs_on(node.api, "moved", {min(online_cpus())})
        selector = f"involvedObject.uid={uid},reason=CPUSetDrift"
        told = eventually(lambda: node.api.kubectl("get", "events", "--field-selector", selector, "-o", "jsonpath={.items[*].message}"))
        assert f"(pid {os.getpid()}" in told, told
        node.api.kubectl("delete", "pod", "moved", "--timeout=60s")
    finally:
        node.api.kubectl("apply", "-k", str(TOP / "manifests" / "default"))
        node.api.kubectl("rollout", "status", "daemonset/actimanager", "-n", NAMESPACE, "--timeout=90s")


def test_kubelet_policy_mounts_the_kubelets_directory_read_only(node):
    """As the API server takes it: this kubelet has another directory."""
    objects = node.api.kubectl("apply", "-k", str(TOP / "manifests" / "kubelet-policy"), "--dry-run=server", "-o", "json")
    (spec,) = [o["spec"]["template"]["spec"] for o in json.loads(objects)["items"] if o["kind"] == "DaemonSet"]
    (mount,) = [m for m in spec["containers"][0]["volumeMounts"] if m["mountPath"] == "/var/lib/kubelet"]
    (volume,) = [v for v in spec["volumes"] if v["name"] == mount["name"]]
    assert mount["readOnly"] and volume["hostPath"] == {"path": "/var/lib/kubelet", "type": "Directory"}


def test_rollout_moves_nobody(node):
    sample(node.api, "undisturbed", "default-scheduler")
    cpu = max(online_cpus())
    node.api.apply(binding("undisturbed", cpuSet=[{"cpuID": cpu}]))
    uid = pod_runs_on(node.api, "undisturbed", {cpu})
    seen, done = set(), threading.Event()

    def watch():
        while not done.is_set():
            seen.update(threads(uid).values())

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        before = replica(node.api)["metadata"]["uid"]
        node.api.kubectl("rollout", "restart", "daemonset/actimanager", "-n", NAMESPACE)
        node.api.kubectl("rollout", "status", "daemonset/actimanager", "-n", NAMESPACE, "--timeout=90s")
        assert replica(node.api)["metadata"]["uid"] != before
        node.api.apply(binding("undisturbed", cpuSet=[{"cpuID": cpu}], exclusivenessLevel="CPU"))
        eventually(lambda: node.api.get("pcb", "undisturbed")["status"].get("exclusiveCPUs") == str(cpu))
    finally:
        done.set()
        watcher.join()
    assert seen == {frozenset({cpu})}
    node.api.kubectl("delete", "pod", "undisturbed", "--timeout=60s")


def test_second_apply_changes_nothing(node):
    for line in node.api.kubectl("apply", "-k", str(TOP / "manifests" / "default")).splitlines():
        assert line.endswith(" unchanged"), line


def test_samples_run_or_say_why_not(node, tmp_path):
    # As a user would: an overlay that says where the images are. Kustomize takes no absolute path for a base.
    overlay = tmp_path / "kustomization.yaml"
    overlay.write_text(json.dumps({
        "resources": [os.path.relpath(TOP / "manifests" / "samples", tmp_path.resolve())],
        "images": [{"name": "docker.io/library/busybox", "newName": "localhost/busybox", "newTag": "1"}],
    }))
    node.api.kubectl("apply", "-k", str(tmp_path))

    def settled():
        pods = {p["metadata"]["name"]: p for p in json.loads(node.api.kubectl("get", "pods", "-o", "json"))["items"]}
        assert len(pods) == 6
        for name, pod in pods.items():
            if pod["status"]["phase"] == "Running":
                continue
            (scheduled,) = [c for c in pod["status"].get("conditions", []) if c["type"] == "PodScheduled"]
            assert scheduled["status"] == "False" and "0/1 nodes are available" in scheduled["message"], name
        return [name for name, pod in pods.items() if pod["status"]["phase"] == "Running"]

    running = eventually(settled)
    assert "hand-made" in running and len(running) >= 3
    eventually(lambda: node.api.get("pcb", "hand-made")["status"]["resourceStatus"] in ("Applied", "CPUSetAllocationFailed"))
    node.api.kubectl("delete", "-k", str(tmp_path), "--timeout=90s")


def test_uninstall_leaves_nothing(node):
    """As docs/install.md says; the Pods that were pinned run everywhere again."""
    sample(node.api, "survivor", "default-scheduler")
    node.api.apply(binding("survivor", cpuSet=[{"cpuID": max(online_cpus())}]))
    pod_runs_on(node.api, "survivor", {max(online_cpus())})
    node.api.kubectl("delete", "pcb", "--all", "--all-namespaces")
    pod_runs_on(node.api, "survivor", online_cpus())
    uid = replica(node.api)["metadata"]["uid"]
    node.api.kubectl("delete", "-k", str(TOP / "manifests" / "default"), "--timeout=120s")
    eventually(lambda: not threads(uid))
    pod_runs_on(node.api, "survivor", online_cpus())
    for kind in KINDS:
        assert node.api.run("get", "crd", f"{kind}.cslab.ece.ntua.gr").returncode != 0
    left = node.api.kubectl("get", "ns,clusterrole,clusterrolebinding,validatingadmissionpolicy,validatingadmissionpolicybinding", "-o", "name")
    assert "actimanager" not in left
