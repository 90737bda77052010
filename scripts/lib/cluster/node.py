"""The real node: containerd, runc, CNI and kubelet on this machine, in directories, a cgroup and a subnet of its own."""

import json
import os
import shutil
import subprocess
from pathlib import Path

from . import cgroups, components, images, network
from .api import Api, ApiError
from .certificates import Authority, kubeconfig
from .errors import ClusterError
from .instance import Instance

_CNI_PLUGINS = Path("/usr/lib/cni")
SNAPSHOTTER = "native"


def check() -> None:
    """Fails if this machine cannot have a real node."""
    if os.geteuid() != 0:
        raise ClusterError("--node needs root: a kubelet makes cgroups, mounts and network namespaces")
    for tool in ("containerd", "containerd-shim-runc-v2", "ctr", "runc", "ip"):
        if not shutil.which(tool):
            raise ClusterError(f"{tool} is not installed; scripts/setup installs it")
    if not (_CNI_PLUGINS / "ptp").exists():
        raise ClusterError(f"{_CNI_PLUGINS}/ptp is not there; scripts/setup installs it (containernetworking-plugins)")
    cgroups.check()


def socket(instance: Instance) -> Path:
    return instance.root / "containerd" / "containerd.sock"


def settings(instance: Instance) -> dict:
    """The node's cgroup, address and subnet, chosen once."""
    config = instance.read()
    if "node" not in config:
        key = str(instance.root)
        cgroup = f"acti-{instance.name}"
        # Another user's instance, or one with another state directory, may have the name.
        number = 2
        while cgroups.exists(cgroup):
            cgroup, number = f"acti-{instance.name}-{number}", number + 1
        interface = f"acti{instance.port('kubelet')}"
        config = instance.update(node={
            "cgroup": cgroup,
            "interface": interface,
            "address": network.node_address(interface),
            "subnet": str(network.pod_subnet(key)),
        })
    return config["node"]


def start_containerd(instance: Instance) -> None:
    root = instance.root / "containerd"
    root.mkdir(exist_ok=True)
    chosen = settings(instance)
    cni = instance.root / "cni"
    cni.mkdir(exist_ok=True)
    (cni / "10-pods.conflist").write_text(json.dumps({
        "cniVersion": "0.4.0",
        "name": chosen["interface"],
        "plugins": [{
            "type": "ptp",
            "ipam": {"type": "host-local", "ranges": [[{"subnet": chosen["subnet"]}]],
                     "dataDir": str(instance.root / "ipam")},
        }],
    }))
    config = root / "config.toml"
    # Debian's containerd 1.6 has AppArmor and OOM scores that not every machine allows.
    config.write_text(f"""version = 2
root = "{root}/root"
state = "{root}/state"
[grpc]
  address = "{socket(instance)}"
[plugins."io.containerd.internal.v1.opt"]
  path = "{root}/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "localhost/pause:1"
  restrict_oom_score_adj = true
  disable_apparmor = true
  netns_mounts_under_state_dir = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "{SNAPSHOTTER}"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        Root = "{root}/runc"
        SystemdCgroup = false
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{_CNI_PLUGINS}"
    conf_dir = "{cni}"
""")
    components.start(instance, "containerd", [shutil.which("containerd"), "--config", config])
    components.wait_until(instance, "containerd", lambda: _ctr(instance, "version").returncode == 0, 60)


def has_base_images(instance: Instance) -> bool:
    return set(images.NAMES) <= set(_ctr(instance, "images", "ls", "-q").stdout.split())


def import_base_images(instance: Instance) -> None:
    load(instance, images.base_images())


def load(instance: Instance, tar: Path) -> None:
    done = _ctr(instance, "images", "import", "--snapshotter", SNAPSHOTTER, str(tar))
    if done.returncode != 0:
        raise ClusterError(f"{tar} was not imported: {done.stderr.strip()[-300:]}", instance.log("containerd"))


def start_kubelet(instance: Instance, binaries: Path) -> None:
    chosen = settings(instance)
    root = instance.root / "kubelet"
    root.mkdir(exist_ok=True)
    name = instance.node_name
    authority = Authority(instance.pki)
    authority.issue("kubelet", f"/O=system:nodes/CN=system:node:{name}")
    authority.issue("kubelet-server", f"/O=system:nodes/CN=system:node:{name}", (f"DNS:{name}", f"IP:{chosen['address']}"))
    server = f"https://127.0.0.1:{instance.port('kube-apiserver')}"
    kubeconfig(instance.root / "kubelet.kubeconfig", server, instance.pki, "kubelet")
    cgroups.make(chosen["cgroup"])
    config = root / "config.json"
    config.write_text(json.dumps({
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": chosen["address"],
        "port": instance.port("kubelet"),
        "healthzBindAddress": "127.0.0.1",
        "healthzPort": instance.port("kubelet-healthz"),
        "readOnlyPort": 0,
        "tlsCertFile": f"{instance.pki}/kubelet-server.crt",
        "tlsPrivateKeyFile": f"{instance.pki}/kubelet-server.key",
        "authentication": {"anonymous": {"enabled": False}, "webhook": {"enabled": True},
                           "x509": {"clientCAFile": f"{instance.pki}/ca.crt"}},
        "authorization": {"mode": "Webhook"},
        "containerRuntimeEndpoint": f"unix://{socket(instance)}",
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{chosen['cgroup']}",
        "cpuManagerPolicy": "none",
        "failSwapOn": False,
        "failCgroupV1": False,
        "localStorageCapacityIsolation": False,
        "evictionHard": {},
        "imageGCHighThresholdPercent": 100,
        "makeIPTablesUtilChains": False,
        "resolvConf": "",
        "podLogsDir": f"{root}/pod-logs",
        "volumePluginDir": f"{root}/volume-plugins",
    }, indent=1))
    components.start(instance, "kubelet", [
        binaries / "kubelet", f"--config={config}", f"--kubeconfig={instance.root}/kubelet.kubeconfig",
        f"--hostname-override={name}", f"--node-ip={chosen['address']}", f"--root-dir={root}/root",
    ])


def ready(instance: Instance, name: str) -> bool:
    """Whether the Node of that name is there, Ready and open for Pods."""
    try:
        node = Api(instance).get(f"/api/v1/nodes/{name}")
    except ApiError:
        return False
    conditions = {c["type"]: c["status"] for c in node.get("status", {}).get("conditions", [])}
    taints = {t["key"] for t in node["spec"].get("taints", [])}
    return conditions.get("Ready") == "True" and not taints & {"node.kubernetes.io/not-ready",
                                                               "node.kubernetes.io/unreachable"}


def wait_until_ready(instance: Instance) -> None:
    components.wait_until(instance, "kubelet", lambda: ready(instance, instance.node_name), 120)


def ctr_command(instance: Instance, *arguments: str) -> list[str]:
    return ["ctr", "--address", str(socket(instance)), "--namespace", "k8s.io", *arguments]


def _ctr(instance: Instance, *arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(ctr_command(instance, *arguments), capture_output=True, text=True)
