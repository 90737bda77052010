"""CFS quotas of Pods with CPUs of their own, lifted and put back in the guest's kernel and by its systemd."""

import pytest

from guest import CPUS, PATIENCE
from quotas import AS_MADE, NONE, limited, quotas
from rest import eventually

ALONE = frozenset({6, 7})


@pytest.fixture
def lifted(guest):
    """The UID of a Pod whose quotas are lifted."""
    uid = limited(guest, "limited")
    assert quotas(guest, uid) == AS_MADE
    guest.bind("limited", ALONE, level="CPU", cfsQuota="lift")
    guest.said("limited", "QuotaLifted", "Lifted")
    eventually(lambda: quotas(guest, uid) == 3 * [NONE], 60)
    yield uid
    guest.delete("pod", "limited")


def test_a_quota_is_lifted_whatever_systemd_does_and_comes_back_exactly(guest, lifted):
    for _ in range(2):
        guest.sh("systemctl daemon-reload")
        assert quotas(guest, lifted) == 3 * [NONE]
    # A kubelet or runtime that writes it again, through systemd.
    scope = guest.sh(f"cd {guest.slice_of(lifted)} && ls -d *.scope").split()[0]
    guest.sh(f"systemctl set-property --runtime {scope} CPUQuota=150%")
    eventually(lambda: quotas(guest, lifted) == 3 * [NONE], 60)
    guest.sh(f"systemctl set-property --runtime {guest.slice_of(lifted).rpartition('/')[2]} CPUQuota=193%")
    eventually(lambda: quotas(guest, lifted) == 3 * [NONE], 60)


def test_quotas_come_back_with_the_end_of_the_binding_and_what_systemd_has_with_them(guest, lifted):
    guest.delete("pcb", "limited")
    eventually(lambda: quotas(guest, lifted) == AS_MADE, 60)
    guest.wait_in_pool(lifted, CPUS)


def test_an_agent_that_was_away_puts_quotas_back(guest, lifted):
    before = guest.agent()
    guest.sh("kill -9 $(pidof actimanager)")
    guest.delete("pcb", "limited")
    assert quotas(guest, lifted) == 3 * [NONE]
    eventually(lambda: guest.agent()["restarts"] > before["restarts"] and guest.agent()["ready"], PATIENCE, every=1)
    eventually(lambda: quotas(guest, lifted) == AS_MADE, 60)
