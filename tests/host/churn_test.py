"""Pods that come and go twelve at once. ACTI_TEST_ROUNDS: how often."""

from actimanager import QUICK_LEASE
from paths import TOP
from churn import Churn, rounds
from observer import kubepods_of, observed
from rest import Rest

CONFIG = TOP / "manifests" / "default" / "scheduler.yaml"


def test_pods_that_come_and_go_at_once_are_never_where_they_do_not_belong(node, start):
    start(f"--config={CONFIG}", *QUICK_LEASE)
    turns = rounds(2)
    resident = node.run("resident")  # the kubelet's directory is there, and somebody stays
    with observed(kubepods_of(node.cgroup)) as seen:
        with Churn(Rest(node.api.kubeconfig)) as churn:
            for number in range(turns):
                churn.turn(number, exclusive=1, patience=120)
    print(churn.check(seen, turns, exclusive=1))
    assert any(s.uid == resident for s in seen.stretches)
