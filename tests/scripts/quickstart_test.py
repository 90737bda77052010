"""scripts/quickstart as a newcomer runs it: it shows what it promises, and leaves nothing."""

import re
import subprocess

import pytest

import traces
from cluster.instance import Instance
from conftest import TOP


def quickstart(*arguments: str) -> str:
    done = subprocess.run([TOP / "scripts" / "quickstart", *arguments], capture_output=True, text=True, timeout=1800)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def nothing_is_left():
    shared = traces.shared()
    state = Instance("quickstart").root
    yield
    assert traces.of(state, "acti-quickstart") == []
    assert {d: now - shared[d] for d, now in traces.shared().items() if now - shared[d]} == {}


def test_pods_on_a_real_node(nothing_is_left):
    shown = quickstart()
    assert "└─ Socket" in shown
    # The Pod of the hand-made binding, before and after.
    before, after = re.findall(r"^Cpus_allowed_list:\t(\S+)$", shown, re.M)
    assert before != after
    rows = [line.split() for line in shown.splitlines() if re.match(r"  [a-z-]+ +CPU \d", line)]
    assert {"hand-made", "best-effort"} <= {row[0] for row in rows}, shown
    for _, _, wanted, _, word, allowed, *_, file, granted in rows:
        assert (word, allowed, granted) == ("Cpus_allowed_list", wanted, wanted), file
    # Who has no CPUs is told why.
    waiting = re.findall(r"^Pod (\S+) waits: (.+)$", shown, re.M)
    assert len(rows) + len(waiting) == 5
    assert all("0/1 nodes are available" in why for _, why in waiting)
    assert '"sockets":{"0"' in shown and "podcpubinding" in shown


def test_pods_on_simulated_nodes(nothing_is_left):
    shown = quickstart("--simulated")
    rows = [line.split() for line in shown.splitlines() if re.match(r"  [a-z-]+ +node-000\d", line)]
    assert {row[0] for row in rows} == {"memory-bound", "cpu-bound", "io-bound", "best-effort", "hand-made"}
    assert "Not shown" in shown


def test_bad_usage_is_refused_with_its_cause():
    done = subprocess.run([TOP / "scripts" / "quickstart", "--dance"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "--dance" in done.stderr
