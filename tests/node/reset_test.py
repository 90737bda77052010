"""What a reset leaves of an agent in the guest: nothing."""

import contextlib
import json

from objects import NAMESPACE
from guest import PATIENCE
from partitions import ALONE
from quotas import NONE, QUOTA, limited, quotas
from rest import eventually

# Every file that says who may run where, and for how long; every property of systemd's units likewise.
_SNAPSHOT = r"""
cd /sys/fs/cgroup
grep -rsH '' --include='cpuset.*' --include=cpu.max .
systemctl show -p Id -p AllowedCPUs -p AllowedMemoryNodes -p CPUQuotaPerSecUSec '*.slice' '*.scope'
"""


def snapshot(guest, uids) -> dict[str, str]:
    """Of the whole machine, but for Pods that are none of these."""
    names = [uid.replace("-", "_") for uid in uids]
    lines = guest.sh(_SNAPSHOT).splitlines()
    files = dict(line.split(":", 1) for line in lines if line.startswith("./"))
    found = {path: text for path, text in files.items() if "-pod" not in path or any(name in path for name in names)}
    for block in "\n".join(line for line in lines if not line.startswith("./")).strip().split("\n\n"):
        properties = dict(line.split("=", 1) for line in block.splitlines())
        unit = properties.pop("Id")
        # A unit's cgroup is where its files are.
        if any(f"/{unit}/" in path for path in found):
            found |= {f"{unit} {name}": value for name, value in properties.items()}
    return found


@contextlib.contextmanager
def no_agent(guest):
    selector = "/spec/template/spec/nodeSelector"
    patch = ["patch", "daemonset", "actimanager", "-n", NAMESPACE, "--type=json", "-p"]
    guest.api.kubectl(*patch, json.dumps([{"op": "add", "path": f"{selector}/nowhere", "value": "at-all"}]))
    eventually(lambda: not guest.sh("pidof actimanager || true").strip(), PATIENCE, every=0.5)
    try:
        yield
    finally:
        guest.api.kubectl(*patch, json.dumps([{"op": "remove", "path": f"{selector}/nowhere"}]))
        eventually(lambda: guest.sh("pidof actimanager || true").strip() and guest.agent()["ready"], PATIENCE, every=0.5)


def test_after_a_reset_the_node_is_as_before_any_agent(privileged):
    guest = privileged
    with no_agent(guest):
        uids = [limited(guest, "before"), limited(guest, "beside")]
        before = snapshot(guest, uids)
    guest.bind("before", ALONE, level="CPU", cfsQuota="lift", isolation="partition")
    guest.said("before", "QuotaLifted", "Lifted")
    guest.said("before", "Isolated", "Isolated")
    guest.wait_told(uids[0], ALONE)
    assert guest.isolated() == ALONE and quotas(guest, uids[0]) == 3 * [NONE]
    during = snapshot(guest, uids)

    guest.sh("kill -STOP $(pidof actimanager)")
    try:
        planned = guest.reset("--dry-run")
        assert "cpuset.cpus.partition: isolated -> member" in planned and f"cpu.max: max 100000 -> {QUOTA}" in planned
        assert snapshot(guest, uids) == during
        guest.reset("--force")
        after = snapshot(guest, uids)
        again = guest.reset("--force")
        # The agent's own Pod apart, which is new.
        assert "nothing to reset" in again, again
    finally:
        guest.sh("kill -CONT $(pidof actimanager)")
        guest.drop("pod", "before", "beside")
    assert set(after) == set(before)
    differs = {key: (before[key], after[key]) for key in before if before[key] != after[key]}
    # A cgroup with processes cannot have an empty set again: it has all CPUs and memory by name.
    by_name = {"cpuset.cpus": ("", "0-15"), "cpuset.mems": ("", "0-1")}
    assert all("-pod" in key and by_name.get(key.rpartition("/")[2]) == values for key, values in differs.items()), differs
    assert {key for key in before if before[key] != during[key]} > set(differs)
