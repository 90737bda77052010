"""The parts of the tests, in the order they run. To add one is to add a line to PARTS."""

import functools
from collections.abc import Callable
from dataclasses import dataclass

from building import TOP

from . import catch2, lint, pytests
from .context import Context
from .outcome import Outcome


@dataclass(frozen=True)
class Part:
    name: str
    what: str
    run: Callable[[Context], Outcome]
    # What is given after -- goes to its test programs.
    takes_arguments: bool = True
    # Only when it is named: it takes long, and rarely tells what no other part does.
    on_request: bool = False


def _unit(context: Context) -> Outcome:
    return _with_cases(catch2.run(context, context.built()), context)


def _with_cases(outcome: Outcome, context: Context) -> Outcome:
    outcome.require_cases(f"unit tests {' '.join(context.arguments)}".strip())
    return outcome


def _on_clusters(folder: str, context: Context, **how) -> Outcome:
    """Tests that need the binary, and what more there is to run besides the unit tests."""
    context.built(targets=("programs",))
    return pytests.run(context, folder, **how)


def _sanitize(context: Context) -> Outcome:
    total = Outcome()
    folders = [folder.name for folder in sorted((TOP / "tests" / "unit").iterdir()) if any(folder.rglob("*_test.cpp"))]
    for name, sanitizers, chosen in (("build-asan", "address,undefined", folders), ("build-tsan", "thread", _WITH_THREADS)):
        # Unoptimised, and libraries as few big sources: either compiles faster.
        options = {"b_sanitize": sanitizers, "buildtype": "debug", "cpp_args": "-gline-tables-only",
                   "unity": "on", "unity_size": "8"}
        directory = context.built(name, options, targets=tuple(f"tests/unit/{f}/{f}-test" for f in chosen))
        outcome = catch2.run(context, directory, chosen, _SANITIZER_OPTIONS, patience=10)
        total.add(outcome)
        total.log = outcome.log
    return _with_cases(total, context)


# Folders of unit tests. The program has no thread of its own: Boost.Asio looks up names in one, and these tests' peers are some.
_WITH_THREADS = ("async", "host", "kube", "net")
_SANITIZER_OPTIONS = {
    "ASAN_OPTIONS": "abort_on_error=1:detect_stack_use_after_return=1:strict_string_checks=1",
    "UBSAN_OPTIONS": "abort_on_error=1:print_stacktrace=1",
    "TSAN_OPTIONS": "abort_on_error=1:second_deadlock_stack=1",
}

PARTS = (
    Part("unit", "the unit tests, each case on its own", _unit),
    Part("parity", "the scheduler's verdicts and scores against kube-scheduler's own, on random clusters",
         functools.partial(_on_clusters, "parity")),
    Part("cluster", "scripts/cluster: real control planes and nodes, and what is left of them",
         functools.partial(pytests.run, folder="cluster")),
    Part("integration", "the leader on a real control plane", functools.partial(_on_clusters, "integration")),
    Part("host", "Pods pinned on this machine, by its kernel and a real kubelet", functools.partial(_on_clusters, "host")),
    Part("node", "the DaemonSet on a node of two sockets and two NUMA nodes, with systemd and cgroup v2: a guest of QEMU",
         functools.partial(_on_clusters, "node", options=("--guest=v2",))),
    Part("linux-6.1", "the same on an older kernel, and Pods' whole lives there",
         functools.partial(_on_clusters, "node", name="linux-6.1", options=("--guest=v2-linux6.1",))),
    Part("cgroup-v1", "the same with cgroup v1, which host has where this machine has it; a second guest beside it",
         functools.partial(_on_clusters, "node", name="cgroup-v1", options=("--guest=v1",)), on_request=True),
    Part("install", "the manifests and the image", functools.partial(_on_clusters, "install")),
    Part("scripts", "scripts/quickstart and scripts/test themselves; benchmarks start",
         functools.partial(_on_clusters, "scripts")),
    Part("lint", "clang-format, clang-tidy, shellcheck, pyflakes", lint.run, takes_arguments=False),
    Part("sanitize", "the unit tests under ASan with UBSan, and under TSan where there are threads", _sanitize),
)
