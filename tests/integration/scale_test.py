"""What comes late in the run, because it leaves much behind: many objects."""

import re
import subprocess
import time

from objects import pod
from paths import TOP


def test_the_benchmark_runs(plane):
    """Small; what it checks of every run is what counts here, not its figures."""
    done = subprocess.run([TOP / "tests" / "bench" / "cluster_bench.py", "--nodes=50", "--pods=100", "--rounds=1",
                           "--name=integration-bench"], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"
    print(done.stdout)
    rates = re.findall(r"^  (\S.*?) +([\d.]+) +median", done.stdout, re.M)
    assert [name for name, rate in rates if float(rate) > 0] == [
        "actimanager", "kube-scheduler", "kube-scheduler, free", "bare client"]


def test_the_benchmark_of_lists_runs(plane):
    """Small as well: that every Pod of the list arrived is what it checks."""
    done = subprocess.run([TOP / "tests" / "bench" / "list_bench.py", "--nodes=10", "--pods=300", "--rounds=1",
                           "--name=integration-list"], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"
    print(done.stdout)
    assert re.search(r"^  /livez meanwhile .* \(\d+ answers\)$", done.stdout, re.M)


def test_a_long_list_does_not_keep_the_endpoint_waiting(api, start):
    """5,000 Pods are listed, decoded and queued while somebody asks whether the process is alive."""
    containers = [{"name": f"c{i}", "image": "simulated", "env": [{"name": f"E{j}", "value": "x" * 50} for j in range(10)]}
                  for i in range(3)]
    api.create_many("pods", [pod(f"p{i:04}", scheduler="nobody", containers=containers) for i in range(5000)], workers=32)
    leader = start(wait=False)
    longest, asked, done = 0.0, 0, False
    while not done:
        begun = time.monotonic()
        status, _ = leader.get("/livez")
        longest = max(longest, time.monotonic() - begun)
        assert status == 200
        asked += 1
        done = "scheduling: " in leader.text()
    print(f"{asked} answers, the longest took {longest * 1000:.1f} ms")
    assert "5000 Pods" in leader.text()
