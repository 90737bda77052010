"""A node that is a machine of its own: QEMU without KVM, with sockets, NUMA nodes, hardware threads and either version of
cgroups, none of which this machine need have. Its emulated CPUs are slow, its kernel and its userland are real.

It sees this machine's loopback as 10.0.2.2 and is seen through ports forwarded from loopback, by QEMU's user network:
no interface, bridge or address of this machine is touched, and no root is needed. All guests of a user boot from one
image; what they write goes with them.
"""

import io
import json
import os
import re
import shutil
import subprocess
import tarfile
import time
from pathlib import Path

from . import components, guest_image, images, node
from .api import Api
from .certificates import Authority, kubeconfig
from .errors import ClusterError
from .guest_variants import VARIANTS
from .instance import Instance
from .progress import last_lines
from .qmp import Monitor

NAME = "vm"
# How QEMU's user network calls this machine's loopback.
HOST = "10.0.2.2"
SOCKETS, CORES, THREADS = 2, 4, 2
CPUS = SOCKETS * CORES * THREADS
_MEGABYTES_PER_SOCKET = 2048
# Under load of this machine a boot may take several times the minute it takes else.
_PATIENCE = 600
_FIRMWARE_SECONDS = 10
# Some hundred stacks through an emulated serial line.
_STACKS_SECONDS = 120
# Of a Node that its kubelet has made, until a cloud provider has seen to it.
_UNINITIALIZED = "node.cloudprovider.kubernetes.io/uninitialized"
# Debian 12's own 7.2 leaves wrong flags behind after the kernel's cmpxchg16b: a double fault two seconds into the boot.
_MIN_QEMU = 8
_TOOLS = {"qemu-system-x86_64": "qemu-system-x86", "ssh": "openssh-client", "ssh-keygen": "openssh-client"}
# no_timer_check: a timer that an emulated CPU was too busy to notice is not broken. trust_cpu: there is nothing else to
# seed random numbers from. nowatchdog, rcu: an emulated CPU that waits for a real one is not locked up. mitigations:
# they protect nothing here and cost time. panic: the guest ends, at once, and so does who waits for it; the tasks' and
# the CPUs' stacks are in its console then, which an NMI brings about (stacks).
_KERNEL_ARGUMENTS = ("console=ttyS0 root=/dev/vda rw net.ifnames=0 loglevel=4 apparmor=0 audit=0 mitigations=off "
                     "nowatchdog rcupdate.rcu_cpu_stall_suppress=1 random.trust_cpu=on "
                     "panic=-1 unknown_nmi_panic panic_print=0x41 log_buf_len=4M no_timer_check systemd.show_status=yes")


def check() -> None:
    """Fails if this machine cannot run a guest."""
    for tool, package in _TOOLS.items():
        if not shutil.which(tool):
            raise ClusterError(f"{tool} is not installed; scripts/setup installs it ({package})")
    _check_version()
    guest_image.check()


def _check_version() -> None:
    done = subprocess.run(["qemu-system-x86_64", "--version"], capture_output=True, text=True)
    found = re.search(r"version (\d+)", done.stdout)
    if not found or int(found[1]) < _MIN_QEMU:
        raise ClusterError(f"QEMU {_MIN_QEMU} or newer is needed: with older ones the guest's kernel crashes at boot; "
                           "scripts/setup installs it (from backports)")


def node_name(instance: Instance) -> str:
    """Beside the instance's other nodes."""
    return f"{instance.node_name}-vm"


def start(instance: Instance, image: Path) -> None:
    """Its kubelet goes on asking until the API server answers, which need not be there yet."""
    files = instance.root / NAME
    files.mkdir(mode=0o700, exist_ok=True)
    seed = files / "seed.tar"
    if not seed.exists():
        _write_seed(instance, seed)
    # What the guest writes: a file in TMPDIR that QEMU unlinks as soon as it has it open.
    components.start(instance, NAME, _command(instance, image, seed), {"TMPDIR": str(files)})


def _command(instance: Instance, image: Path, seed: Path) -> list:
    port, variant = instance.port, VARIANTS[instance.read()["vm_variant"]]
    kernel, initrd = guest_image.kernel(variant.kernel)
    kubelet = port("vm-kubelet")
    forwarded = ((port(NAME), 22), (kubelet, kubelet), (port("vm-actimanager"), 8089))
    network = "".join(f",hostfwd=tcp:127.0.0.1:{outside}-:{inside}" for outside, inside in forwarded)
    per_socket = CORES * THREADS
    memory = []
    for number in range(SOCKETS):
        memory += ["-object", f"memory-backend-ram,id=m{number},size={_MEGABYTES_PER_SOCKET}M", "-numa",
                   f"node,nodeid={number},cpus={number * per_socket}-{(number + 1) * per_socket - 1},memdev=m{number}"]
    return [
        # More emulated CPUs than there are real ones must not starve the control plane.
        "nice", "-n", "5", "qemu-system-x86_64", "-name", f"actimanager-{instance.name}", "-nodefaults",
        "-no-user-config",
        "-machine", "q35", "-accel", "tcg,thread=multi",
        # Models of AMD lose their hardware threads without KVM; check=off: what TCG lacks of the model is left out.
        "-cpu", "Skylake-Server-v1,check=off",
        "-smp", f"{CPUS},sockets={SOCKETS},cores={CORES},threads={THREADS}",
        "-m", f"{SOCKETS * _MEGABYTES_PER_SOCKET}M", *memory,
        "-kernel", image / kernel, "-initrd", image / initrd,
        "-append", " ".join(filter(None, (_KERNEL_ARGUMENTS, _clock_arguments(), variant.arguments))),
        # With a queue for each CPU, as there would be, a boot has hung on a read that was never answered.
        "-drive", f"id=system,file={image / 'disk.img'},format=raw,if=none,snapshot=on",
        "-device", "virtio-blk-pci,drive=system,num-queues=1",
        "-drive", f"id=seed,file={seed},format=raw,if=none,readonly=on",
        "-device", "virtio-blk-pci,drive=seed,num-queues=1",
        "-netdev", f"user,id=net,net=10.0.2.0/24{network}", "-device", "virtio-net-pci,netdev=net,romfile=",
        "-display", "none", "-serial", "stdio", "-no-reboot", "-qmp", f"unix:{_monitor(instance)},server=on,wait=off",
    ]


def _clock_arguments() -> str:
    """The guest's time stamp counter is this machine's. Where Linux knows how fast that is, the guest is told: it would
    measure it while emulated CPUs wait for real ones, and later, by comparison with a timer they wait for as well, take it
    for broken. The clocks it has instead are emulated devices, each reading of which is slow."""
    text = Path("/proc/cpuinfo").read_text()
    rate = re.search(r"^bogomips\s*: ([0-9.]+)$", text, re.M)
    if not rate or not re.search(r"^flags\s*:.* constant_tsc ", text, re.M):
        return ""
    # BogoMIPS are twice the megahertz of such a counter.
    return f"tsc=reliable tsc_early_khz={float(rate[1]) * 1000 / 2:.0f}"


def _monitor(instance: Instance) -> Path:
    return instance.root / NAME / "qmp.sock"


def reset(instance: Instance) -> None:
    """As by the button: it boots again, from its disk as it is then. Unlike a kernel that panics, which ends it."""
    # A connection that is kept would wait for an answer of who has forgotten it.
    subprocess.run(ssh_command(instance, options=("-O", "exit")), capture_output=True)
    with Monitor(_monitor(instance)) as monitor:
        monitor.execute("set-action", reboot="reset")
        monitor.execute("system_reset")
        monitor.wait_for("RESET")
        # Firmware that notices that it has run before resets the machine once more, before the kernel's turn comes.
        time.sleep(_FIRMWARE_SECONDS)
        monitor.execute("set-action", reboot="shutdown")


def stacks(instance: Instance) -> Path:
    """Has a kernel that does not answer any more say what each of its CPUs and tasks does, and panic: its console's log."""
    process = components.process(instance, NAME)
    if process and process.alive():
        with Monitor(_monitor(instance)) as monitor:
            monitor.execute("inject-nmi")
        if not process.wait(_STACKS_SECONDS):
            raise ClusterError("the guest's kernel does not take an NMI", instance.log(NAME))
    return instance.log(NAME)


def _write_seed(instance: Instance, seed: Path) -> None:
    """The second disk: a tar with all that makes the image this instance's node; seed in scripts/lib/guest reads it."""
    name, pki = node_name(instance), instance.pki
    authority = Authority(pki)
    authority.issue("vm-kubelet", f"/O=system:nodes/CN=system:node:{name}")
    authority.issue("vm-kubelet-server", f"/O=system:nodes/CN=system:node:{name}", (f"DNS:{name}", "IP:127.0.0.1"))
    client = seed.with_name("kubelet.kubeconfig")
    kubeconfig(client, f"https://{HOST}:{instance.port('kube-apiserver')}", pki, "vm-kubelet")
    key = seed.with_name("ssh.key")
    if not key.exists():
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", key], check=True)
    contents = {
        "hostname": name.encode(),
        "kubelet.env": f"NODE_NAME={name}\n".encode(),
        "kubelet.json": json.dumps(_kubelet_config(instance), indent=1).encode(),
        "kubelet.kubeconfig": client.read_bytes(),
        "ca.crt": (pki / "ca.crt").read_bytes(),
        "kubelet.crt": (pki / "vm-kubelet-server.crt").read_bytes(),
        "kubelet.key": (pki / "vm-kubelet-server.key").read_bytes(),
        "authorized_keys": key.with_suffix(".key.pub").read_bytes(),
    }
    new = seed.with_suffix(".new")
    with tarfile.open(new, "w") as tar:
        for path, content in contents.items():
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(content), 0o600
            tar.addfile(entry, io.BytesIO(content))
        tar.add(images.base_images(), "images/base.tar")
    new.chmod(0o600)
    os.replace(new, seed)


def _kubelet_config(instance: Instance) -> dict:
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "port": instance.port("vm-kubelet"),
        "readOnlyPort": 0,
        "tlsCertFile": "/run/seed/kubelet.crt",
        "tlsPrivateKeyFile": "/run/seed/kubelet.key",
        "authentication": {"anonymous": {"enabled": False}, "webhook": {"enabled": True},
                           "x509": {"clientCAFile": "/run/seed/ca.crt"}},
        "authorization": {"mode": "Webhook"},
        "containerRuntimeEndpoint": "unix:///run/containerd/containerd.sock",
        "cgroupDriver": "systemd",
        "failCgroupV1": False,
        "cpuManagerPolicy": "none",
        "localStorageCapacityIsolation": False,
        "evictionHard": {},
        "imageGCHighThresholdPercent": 100,
        "volumeStatsAggPeriod": "-1s",
        # Tests kill agents again and again.
        "crashLoopBackOff": {"maxContainerRestartPeriod": "2s"},
        "makeIPTablesUtilChains": False,
        "resolvConf": "",
    }


def register(instance: Instance) -> None:
    """What a cloud provider does: says where the Node is reached, on this machine's loopback, and that it may be used. A
    kubelet takes no such address from its command line, but leaves one alone that was written."""
    api, name = Api(instance), node_name(instance)
    path = f"/api/v1/nodes/{name}"
    api.create("/api/v1/nodes", {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}})
    api.request("PATCH", f"{path}/status", {"status": {"addresses": [
        {"type": "InternalIP", "address": "127.0.0.1"}, {"type": "Hostname", "address": name}]}},
        "application/merge-patch+json")
    # The kubelet may have been quicker.
    taints = api.get(path)["spec"].get("taints", [])
    if any(taint["key"] == _UNINITIALIZED for taint in taints):
        left = [taint for taint in taints if taint["key"] != _UNINITIALIZED]
        api.request("PATCH", path, {"spec": {"taints": left}}, "application/merge-patch+json")


def wait_until_ready(instance: Instance, step) -> None:
    def ready() -> bool:
        step.detail = last_lines(instance.log(NAME), 1, "").strip().removeprefix("[  OK  ] ")
        return node.ready(instance, node_name(instance))

    components.wait_until(instance, NAME, ready, _PATIENCE)


def ssh_command(instance: Instance, *arguments: str, options: tuple[str, ...] = ()) -> list[str]:
    """Runs a command in the guest, as root. The first one leaves a connection open for a minute, for those that follow:
    emulated CPUs take a second for the keys of each."""
    files = instance.root / NAME
    settings = ("BatchMode=yes", "StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR",
               "IdentitiesOnly=yes", "ControlMaster=auto", f"ControlPath={files}/ssh.sock", "ControlPersist=60",
               "ConnectTimeout=30")
    return ["ssh", "-F", "/dev/null", "-i", str(files / "ssh.key"), "-p", str(instance.port(NAME)),
            *(part for setting in settings for part in ("-o", setting)), *options, "root@127.0.0.1", *arguments]


def load(instance: Instance, tar: Path) -> None:
    with open(tar, "rb") as file:
        done = subprocess.run(ssh_command(instance, "ctr --namespace k8s.io images import -"), stdin=file,
                              capture_output=True, text=True)
    if done.returncode != 0:
        raise ClusterError(f"{tar} was not imported into the guest: {done.stderr.strip()[-300:]}", instance.log(NAME))
