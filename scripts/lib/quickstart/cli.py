"""The command line of scripts/quickstart, and the story it tells."""

import argparse
import contextlib
import os
import signal
import subprocess
import sys
import time

from building import BINARY, OPTIONS, TOP, BuildFailed, build
from cluster import binaries, node
from cluster.errors import ClusterError, Interrupted
from cluster.instance import Instance
from cluster.processes import die_with_parent
from cluster.progress import Progress, last_lines

from . import real, simulated
from .terminal import heading, quietly, say, show

NAME = "quickstart"
CLUSTER = TOP / "scripts" / "cluster"
_BUILD = TOP / "build"

_DESCRIPTION = """\
Builds actimanager, draws this machine's CPUs, brings up a real Kubernetes with this machine as its node, installs the
DaemonSet, and shows on Pods of every kind who runs on which CPU: what the API says and what the kernel says.
Everything is removed again at the end. Without root or writable cgroups the nodes are simulated, and nothing is pinned.
"""


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="scripts/quickstart", description=_DESCRIPTION,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", action="store_true", help="leave the cluster up, to go on with")
    parser.add_argument("--simulated", action="store_true", help="simulated nodes even where a real one is possible")
    options = parser.parse_args(argv)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, _interrupt)
    progress = Progress(numbered=False)
    try:
        _run(options, progress)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 141
    except (ClusterError, BuildFailed, OSError) as error:
        print(f"\nscripts/quickstart: {error}", file=sys.stderr)
        if log := getattr(error, "log", None):
            print(f"{last_lines(log)}    full log: {log}", file=sys.stderr)
        return getattr(error, "status", 1)
    say(f"\ndone in {progress.elapsed():.0f} s")
    return 0


def _interrupt(number, _frame):
    signal.signal(number, signal.SIG_IGN)
    raise Interrupted(f"interrupted by {signal.Signals(number).name}")


def _run(options: argparse.Namespace, progress: Progress) -> None:
    story = simulated if options.simulated or (why := _no_real_node()) else real
    if story is simulated and not options.simulated:
        say(f"This machine cannot be a real node: {why}.")
    if story is simulated:
        say("The nodes will be simulated: Pods are scheduled and given CPUs, but no kernel pins anything.")
    instance = Instance(NAME)
    _make_room(instance)
    with _kubernetes(story.PROGRAMS, progress) as compiled:
        with progress.step("compile actimanager") as step:
            log = binaries.cache_root() / "logs" / "quickstart-build.log"
            log.parent.mkdir(parents=True, exist_ok=True)
            # What is compiled serves scripts/test, too. A build that is there stays as it was set up.
            setup = {} if (_BUILD / "build.ninja").exists() else OPTIONS
            build(_BUILD, log, step, setup, targets=[BINARY])
        heading("The CPUs of this machine")
        show(f"{(_BUILD / BINARY).relative_to(TOP)} topology")
        compiled()
    with _cluster(instance, story.UP, options.keep):
        story.tell(instance, progress, options.keep)


def _no_real_node() -> str:
    try:
        node.check()
        return ""
    except ClusterError as error:
        return str(error)


def _make_room(instance: Instance) -> None:
    """Takes down what an earlier run with --keep left; not what another run is using."""
    if not instance.root.exists():
        return
    with contextlib.suppress(ClusterError):
        if any(owner.alive() for owner in instance.owners()):
            raise SystemExit(f"scripts/quickstart: another quickstart is running; its cluster is {instance.name!r}")
    say("The cluster of an earlier run is taken down.")
    quietly(CLUSTER, "down", "--name", instance.name)


@contextlib.contextmanager
def _kubernetes(programs: tuple[str, ...], progress: Progress):
    """Compiles Kubernetes beside what the body does; yields what waits for it."""
    if not binaries.missing(programs):
        yield lambda: None
        return
    say("Kubernetes is compiled in the background; that is done once and takes some minutes.")
    # The least of priorities: what the reader waits for now comes first.
    compiler = subprocess.Popen(["nice", "-n", "19", CLUSTER, "binaries", *programs], stdin=subprocess.DEVNULL,
                                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, preexec_fn=die_with_parent)

    def wait() -> None:
        with progress.step("compile Kubernetes") as step:
            while compiler.poll() is None:
                left = binaries.missing(programs)
                step.detail = f"{len(programs) - len(left)} of {len(programs)} programs"
                time.sleep(0.5)
        if compiler.returncode != 0:
            raise ClusterError(compiler.stderr.read().strip())

    try:
        yield wait
    finally:
        compiler.terminate()
        compiler.wait()
        compiler.stderr.close()


@contextlib.contextmanager
def _cluster(instance: Instance, arguments: str, keep: bool):
    """The cluster, for the time of the body or to stay."""
    heading("A Kubernetes cluster")
    ended_with = "" if keep else f" --owner-pid {os.getpid()}"
    try:
        show(f"scripts/cluster up --name {instance.name} {arguments}{ended_with}")
        yield
    finally:
        if not keep:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            heading("Cleaning up")
            show(f"scripts/cluster down --name {instance.name}")
