"""CFS quotas of Pods with CPUs of their own, lifted and put back in the guest's kernel and by its systemd."""

import pytest

from guest import CPUS
from quotas import AS_MADE, NONE, limited, quotas
from rest import eventually

ALONE = frozenset({6, 7})


@pytest.fixture(scope="module")
def pod(guest):
    """The UID of a Pod with quotas."""
    yield limited(guest, "limited")
    guest.drop("pod", "limited")


@pytest.fixture
def lifted(guest, pod):
    """The UID of that Pod, with its quotas lifted."""
    assert quotas(guest, pod) == AS_MADE
    guest.bind("limited", ALONE, level="CPU", cfsQuota="lift")
    guest.said("limited", "QuotaLifted", "Lifted")
    eventually(lambda: quotas(guest, pod) == 3 * [NONE], 60)
    return pod


def test_quotas_come_back_with_the_end_of_the_binding_and_what_systemd_has_with_them(guest, lifted):
    guest.delete("pcb", "limited")
    eventually(lambda: quotas(guest, lifted) == AS_MADE, 60)
    guest.wait_in_pool(lifted, CPUS)


def test_an_agent_that_was_away_puts_quotas_back(guest, lifted):
    with guest.agent_away():
        guest.delete("pcb", "limited")
        assert quotas(guest, lifted) == 3 * [NONE]
    eventually(lambda: quotas(guest, lifted) == AS_MADE, 60)


# The last one: the quotas that come back are others.
def test_a_quota_is_lifted_whatever_systemd_is_told_to_write(guest, lifted):
    for _ in range(2):
        guest.sh("systemctl daemon-reload")
        assert quotas(guest, lifted) == 3 * [NONE]
    # A kubelet or runtime that writes it again, through systemd.
    scope = guest.sh(f"cd {guest.slice_of(lifted)} && ls -d *.scope").split()[0]
    guest.sh(f"systemctl set-property --runtime {scope} CPUQuota=150%")
    eventually(lambda: quotas(guest, lifted) == 3 * [NONE], 60)
    guest.sh(f"systemctl set-property --runtime {guest.slice_of(lifted).rpartition('/')[2]} CPUQuota=193%")
    eventually(lambda: quotas(guest, lifted) == 3 * [NONE], 60)
