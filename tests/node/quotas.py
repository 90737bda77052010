"""Pods with a CPU limit, and the CFS quotas that the guest's kernel and its systemd have for them."""

from guest import SLEEPS

_LIMIT = "1920m"  # whole hundredths: systemd rounds all others, and writes them rounded when it pleases
QUOTA, _PROPERTY = "192000 100000", "1.920000s"
# What the kernel has of a cgroup, and what systemd has of its unit.
NONE = ("max 100000", "infinity")
AS_MADE = sorted([NONE, (QUOTA, _PROPERTY), (QUOTA, _PROPERTY)])  # the sandbox has none


def limited(guest, name: str) -> str:
    """A Pod with a CPU limit; its UID."""
    guest.rest.create("pods", {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": {
        "terminationGracePeriodSeconds": 1,
        "containers": [{"name": "main", **SLEEPS,
                        "resources": {"requests": {"cpu": "100m"}, "limits": {"cpu": _LIMIT}}}]}})
    return guest.uid(name)


def quotas(guest, uid: str) -> list[tuple[str, str]]:
    """Of the Pod's slice and scopes, sorted: what the kernel has, and what systemd."""
    text = guest.sh(f"cd {guest.slice_of(uid)} && for unit in \"$(basename \"$PWD\")\" *.scope; do "
                    'd=$unit; [ -d "$d" ] || d=.; '
                    'echo "$(cat $d/cpu.max)=$(systemctl show --value -p CPUQuotaPerSecUSec "$unit")"; done')
    return sorted(tuple(line.split("=")) for line in text.splitlines())
