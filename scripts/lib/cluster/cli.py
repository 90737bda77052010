"""The command line of scripts/cluster."""

import argparse
import os
import shlex
import signal
import sys
from pathlib import Path

from . import binaries, components, control_plane, guest, guest_variants, kwok, lifecycle, node, status, supervisor
from .errors import ClusterError, Interrupted, UsageError
from .instance import Instance
from .progress import Progress, last_lines

_SIGNALS = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP, "cont": signal.SIGCONT}


class _Parser(argparse.ArgumentParser):
    def error(self, message: str):
        raise UsageError(f"{message}\nsee: {self.prog} --help")


def _number(low: int, high: int):
    def parse(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {low} to {high}")
        return int(text)
    return parse


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="scripts/cluster", description="A real Kubernetes cluster on this machine. "
                     "Its programs are built from source once; several instances can run side by side.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, text: str, **options):
        sub = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".", **options)
        sub.add_argument("--name", default="default", metavar="N", help="the instance (default: default)")
        return sub

    sub = command("up", "bring an instance up, or add to it what is missing")
    sub.add_argument("--node", action="store_true", help="a real node on this machine: containerd and kubelet (root)")
    sub.add_argument("--vm", nargs="?", const=guest_variants.DEFAULT, choices=guest_variants.VARIANTS,
                     help="a node that is an emulated machine: 2 sockets, 2 NUMA nodes, 16 CPUs, "
                     f"with this version of cgroups, and of Linux (default: {guest_variants.DEFAULT})")
    sub.add_argument("--nodes", type=_number(1, kwok.MAX_NODES), metavar="N", help="N simulated nodes, by kwok")
    sub.add_argument("--topology", metavar="SYNTHETIC|FILE.xml",
                     help="what simulated nodes look like, as hwloc describes machines (default: pack:2 core:16 pu:2)")
    sub.add_argument("--owner-pid", type=_number(1, 1 << 22), metavar="PID",
                     help="take the instance down when this process ends; without it, it stays until `down`")
    sub.add_argument("--scheduler-qps", type=_number(1, 100000), metavar="Q",
                     help="requests a second kube-scheduler may send (default: its own, 50)")
    sub.add_argument("--no-scheduler", action="store_true", help="leave kube-scheduler out")
    sub.add_argument("--keep-on-failure", action="store_true", help="do not take down what was started if a step fails")

    sub = command("down", "end an instance and remove all that is of it")
    sub.add_argument("--if-abandoned", action="store_true", help="only if a process that --owner-pid tied it to has ended")
    command("status", "what runs, and the nodes")
    command("list", "the instances there are")
    sub = command("nodes", "have at least N simulated nodes")
    sub.add_argument("count", type=_number(1, kwok.MAX_NODES), metavar="N")
    sub.add_argument("--topology", metavar="SYNTHETIC|FILE.xml")
    command("kubeconfig", "print the path of the administrator's kubeconfig")
    command("env", "print shell commands that make kubectl use the instance: eval \"$(scripts/cluster env)\"")
    for name, text in (("kubectl", "run kubectl on the instance"), ("ctr", "run ctr on the node's containerd"),
                       ("ssh", "run a command in the guest, as root; without one, a shell")):
        command(name, text, add_help=False).add_argument("arguments", nargs=argparse.REMAINDER, metavar="ARGS")
    command("reset", "boot the guest again, with its disk as it is, as by the reset button")
    command("stacks", "have the guest's kernel write to its console what every CPU and every task does; that ends it")
    sub = command("load", "import an image into the node, the guest or both")
    sub.add_argument("file", type=Path, metavar="FILE.tar")
    choices = components.NAMES
    command("logs", "print a component's log").add_argument("component", choices=(*choices, "supervisor"))
    for name, text in (("kill", "end a component by SIGKILL; it stays down"),
                       ("stop", "stop a component by SIGSTOP: it keeps its connections and does nothing"),
                       ("cont", "let a stopped component go on"),
                       ("start", "start a component that is down, with the ports and the data it had"),
                       ("restart", "end a component and start it again")):
        command(name, text).add_argument("component", choices=choices, metavar="COMPONENT",
                                         help=", ".join(choices))
    sub = command("binaries", "build the programs only, and print the directory they are in")
    sub.add_argument("programs", nargs="*", metavar="PROGRAM", help=f"default: all of {', '.join(binaries.PROGRAMS)}")
    command("supervise", argparse.SUPPRESS)
    commands._choices_actions.pop()
    return parser


def _arguments(argv: list[str]) -> argparse.Namespace:
    # These have options of their own, --name among them: only one before their first argument is ours.
    if argv[:1] in (["kubectl"], ["ctr"], ["ssh"]):
        rest, name = argv[1:], "default"
        if rest[:1] == ["--name"] and len(rest) > 1:
            name, rest = rest[1], rest[2:]
        elif rest and rest[0].startswith("--name="):
            name, rest = rest[0].removeprefix("--name="), rest[1:]
        return argparse.Namespace(command=argv[0], name=name, arguments=rest)
    return _parser().parse_args(argv)


def _interrupt(number, _frame):
    signal.signal(number, signal.SIG_IGN)
    raise Interrupted(f"interrupted by {signal.Signals(number).name}")


def _exec(command: list[str]) -> None:
    sys.stdout.flush()
    os.execvp(command[0], command)


def _kubectl(instance: Instance) -> str:
    return str(Path(instance.require().read().get("binaries", "")) / "kubectl")


def _run(options: argparse.Namespace) -> None:
    instance = Instance(options.name)
    match options.command:
        case "up":
            lifecycle.up(instance, options)
        case "down":
            lifecycle.down(instance, options)
        case "supervise":
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            supervisor.Supervisor(instance.require()).run()
        case "status":
            status.show(instance.require())
        case "list":
            status.show_all()
        case "nodes":
            lifecycle.add_nodes(instance, options.count, options.topology)
        case "kubeconfig":
            print(instance.require().kubeconfig)
        case "env":
            print(f"export KUBECONFIG={shlex.quote(str(instance.require().kubeconfig))}")
            print(f"export PATH={shlex.quote(str(Path(_kubectl(instance)).parent))}:\"$PATH\"")
        case "kubectl":
            _exec([_kubectl(instance), "--kubeconfig", str(instance.kubeconfig), *options.arguments])
        case "ctr":
            _exec(node.ctr_command(_with_node(instance), *options.arguments))
        case "ssh":
            _exec(guest.ssh_command(_with_guest(instance), *options.arguments))
        case "reset":
            with instance.require().locked():
                guest.reset(_with_guest(instance))
        case "stacks":
            with instance.require().locked():
                print(guest.stacks(_with_guest(instance)))
        case "load":
            if not options.file.is_file():
                raise UsageError(f"{options.file}: no such file")
            has = instance.require().read()
            if has.get("with_vm"):
                guest.load(instance, options.file)
            if has.get("with_node") or not has.get("with_vm"):
                node.load(_with_node(instance), options.file)
        case "logs":
            path = instance.require().log(options.component)
            if not path.exists():
                raise UsageError(f"{options.component} is not part of the instance {instance.name!r}")
            _exec(["cat", str(path)])
        case "kill" | "stop" | "cont":
            with instance.require().locked():
                components.signal_to(instance, options.component, _SIGNALS[options.command])
        case "start":
            with instance.require().locked():
                components.start_again(instance, options.component)
                _wait_for(instance, options.component)
        case "restart":
            with instance.require().locked():
                components.restart(instance, options.component)
                _wait_for(instance, options.component)
        case "binaries":
            unknown = set(options.programs) - set(binaries.PROGRAMS)
            if unknown:
                raise UsageError(f"there is no program {min(unknown)!r}; there are {', '.join(binaries.PROGRAMS)}")
            print(binaries.build(options.programs or list(binaries.PROGRAMS), Progress()))


def _wait_for(instance: Instance, component: str) -> None:
    """Until the API server answers: who has started it again goes on with a request. The others catch up by themselves."""
    if component == "kube-apiserver":
        control_plane.wait_for_apiserver(instance)


def _with_node(instance: Instance) -> Instance:
    if not instance.require().read().get("with_node"):
        raise UsageError(f"the instance {instance.name!r} has no real node; add one with: up --node")
    return instance


def _with_guest(instance: Instance) -> Instance:
    if not instance.require().read().get("with_vm"):
        raise UsageError(f"the instance {instance.name!r} has no guest; add one with: up --vm")
    return instance


def main(argv: list[str]) -> int:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        _run(_arguments(argv))
        return 0
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 141
    except ClusterError as error:
        print(f"scripts/cluster: {error}", file=sys.stderr)
        if error.log:
            print(f"{last_lines(error.log)}    full log: {error.log}", file=sys.stderr)
        return error.status
    except OSError as error:
        print(f"scripts/cluster: {error}", file=sys.stderr)
        return 1
