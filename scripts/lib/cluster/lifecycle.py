"""Bringing an instance up, step by step; every step does nothing where its result is there already."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from . import binaries, components, control_plane, guest, guest_image, kwok, node, supervisor, teardown, topology
from .errors import ClusterError, UsageError
from .instance import Instance
from .processes import Process
from .progress import Progress

_CRDS = Path(__file__).resolve().parents[3] / "manifests" / "crd"


def up(instance: Instance, options) -> None:
    if options.node:
        node.check()
    if options.vm:
        guest.check()
    owner = None
    if options.owner_pid is not None and not (owner := Process.of(options.owner_pid)):
        raise UsageError(f"--owner-pid {options.owner_pid}: there is no such process")
    if options.topology:
        topology.of(options.topology)
    progress = Progress()
    with instance.locked():
        _remove_abandoned(instance, owner, progress)
        has = instance.read().get("vm_variant")
        if options.vm and has and has != options.vm:
            raise UsageError(f"the instance {instance.name!r} has a guest of another kind, {has}")
        fresh = not instance.exists()
        try:
            _bring_up(instance, options, owner, progress)
        except BaseException as error:
            if fresh and not options.keep_on_failure:
                _keep_logs(instance, error)
                teardown.down(instance)
            raise
    print(f"instance {instance.name} is up after {progress.elapsed():.0f} s; KUBECONFIG={instance.kubeconfig}")


def down(instance: Instance, options) -> None:
    wanted = instance.abandoned if options.if_abandoned else lambda: True
    with instance.locked(interrupt=wanted):
        if not wanted():
            print(f"instance {instance.name} is not abandoned")
            return
        print(f"instance {instance.name} " + ("is down" if teardown.down(instance) else "was not there"))


def _remove_abandoned(instance: Instance, owner: Process | None, progress: Progress) -> None:
    """What is left of an instance whose owner ended together with what should have taken it down, as a machine's power
    cut does it, is not what was asked for."""
    if not instance.abandoned():
        return
    with progress.step("what is left of an earlier instance"):
        # First of all it is ours: a `down` that waits for the lock must not take it for the earlier one.
        instance.update(owners=_json(owner))
        teardown.down(instance)


def _json(owner: Process | None) -> list[dict]:
    return [owner.to_json()] if owner else []


def needed_programs(options, config: dict) -> list[str]:
    programs = [p for p in binaries.CONTROL_PLANE if p != "kube-scheduler" or _wants_scheduler(options, config)]
    if options.node or options.vm or config.get("with_node") or config.get("with_vm"):
        programs.append("kubelet")
    if options.nodes or config.get("nodes"):
        programs.append("kwok")
    return programs


def _wants_scheduler(options, config: dict) -> bool:
    return not options.no_scheduler and not (config.get("no_scheduler") and not options.scheduler_qps)


def _bring_up(instance: Instance, options, owner: Process | None, progress: Progress) -> None:
    instance.create()
    config = instance.read()
    owners = config.get("owners", [])
    owners += [each for each in _json(owner) if each not in owners]
    config = instance.update(
        owners=owners, with_node=bool(options.node or config.get("with_node")),
        with_vm=bool(options.vm or config.get("with_vm")), vm_variant=options.vm or config.get("vm_variant"),
        no_scheduler=not _wants_scheduler(options, config), nodes=max(options.nodes or 0, config.get("nodes", 0)),
        topology=options.topology or config.get("topology") or topology.DEFAULT,
        scheduler_qps=options.scheduler_qps or config.get("scheduler_qps"))
    supervisor.ensure(instance)
    if owner:
        supervisor.request(instance, op="own", process=owner.to_json())

    where = binaries.build(needed_programs(options, config), progress)
    instance.update(binaries=str(where))
    image = guest_image.build(where, progress) if config["with_vm"] else None
    control_plane.certificates(instance)
    if config["with_vm"] and not components.running(instance, guest.NAME):
        guest.start(instance, image)  # boots beside what follows
    _component(instance, progress, "etcd", lambda: control_plane.start_etcd(instance, where))
    _component(instance, progress, "kube-apiserver", lambda: control_plane.start_apiserver(instance, where))
    if config["with_vm"]:
        guest.register(instance)
    _component(instance, progress, "kube-controller-manager",
               lambda: control_plane.start_controller_manager(instance, where))
    if not config["no_scheduler"]:
        _component(instance, progress, "kube-scheduler",
                   lambda: control_plane.start_scheduler(instance, where, config["scheduler_qps"]))
    if config["with_node"]:
        _bring_up_node(instance, where, progress)
    if config["with_vm"]:
        _await_guest(instance, progress)
    if config["nodes"]:
        _bring_up_kwok(instance, where, progress)
        kwok.create_nodes(instance, config["nodes"], config["topology"], progress)


def _component(instance: Instance, progress: Progress, name: str, start) -> None:
    if not components.running(instance, name):
        with progress.step(name):
            start()


def _bring_up_node(instance: Instance, where: Path, progress: Progress) -> None:
    _component(instance, progress, "containerd", lambda: node.start_containerd(instance))
    if not node.has_base_images(instance):
        with progress.step("images of the node"):
            node.import_base_images(instance)
    if not (components.running(instance, "kubelet") and node.ready(instance, instance.node_name)):
        with progress.step(f"kubelet, node {instance.node_name}"):
            node.start_kubelet(instance, where)
            node.wait_until_ready(instance)


def _await_guest(instance: Instance, progress: Progress) -> None:
    name = guest.node_name(instance)
    if not node.ready(instance, name):
        with progress.step(f"guest, node {name}") as step:
            guest.wait_until_ready(instance, step)


def _bring_up_kwok(instance: Instance, where: Path, progress: Progress) -> None:
    with progress.step("custom resource definitions"):
        apply_crds(instance, where)
    _component(instance, progress, "kwok", lambda: kwok.start(instance, where))


def apply_crds(instance: Instance, where: Path) -> None:
    if not (_CRDS / "kustomization.yaml").exists():
        return
    kubectl = [str(where / "kubectl"), "--kubeconfig", str(instance.kubeconfig)]
    for arguments in (["apply", "-k", str(_CRDS)],
                      ["wait", "--for=condition=Established", "--timeout=60s", *_crd_names()]):
        done = subprocess.run([*kubectl, *arguments], capture_output=True, text=True)
        if done.returncode != 0:
            raise ClusterError(f"kubectl {arguments[0]} -k {_CRDS}: {done.stderr.strip()[-400:]}")


def _crd_names() -> list[str]:
    names = [re.search(r"^kind: CustomResourceDefinition\nmetadata:\n  name: (\S+)", f.read_text(), re.M)
             for f in sorted(_CRDS.glob("*.yaml"))]
    return [f"crd/{found[1]}" for found in names if found]


def add_nodes(instance: Instance, count: int, description: str | None) -> None:
    with instance.locked():
        instance.require()
        progress = Progress()
        supervisor.ensure(instance)
        config = instance.read()
        where = binaries.build(["kwok"], progress)
        chosen = description or config.get("topology") or topology.DEFAULT
        _bring_up_kwok(instance, where, progress)
        made = kwok.create_nodes(instance, count, chosen, progress)
        instance.update(nodes=max(count, config.get("nodes", 0)))
    print(f"{made} nodes added")


def _keep_logs(instance: Instance, error: BaseException) -> None:
    """The instance's directory goes; its logs are what tells why."""
    kept = binaries.cache_root() / "logs" / f"cluster-{instance.name}"
    if not instance.logs.exists():
        return
    shutil.rmtree(kept, ignore_errors=True)
    shutil.copytree(instance.logs, kept)
    log = getattr(error, "log", None)
    if log is not None and os.path.dirname(log) == str(instance.logs):
        error.log = kept / os.path.basename(log)
