"""Who leads, and for how long."""

import time

from actimanager import QUICK_LEASE
from objects import pod
from rest import eventually

# Nobody could wait for this one to run out.
LONG_LEASE = ("--lease-duration=10m", "--lease-renew-deadline=5m", "--lease-retry-period=300ms")


def spec_of(api, name: str = "shared") -> dict:
    return api.get("leases", name)["spec"]


def test_sigterm_gives_the_lease_up_and_the_follower_takes_it(api, start, bound):
    leader = start(*LONG_LEASE, lease="shared")
    follower = start(*LONG_LEASE, lease="shared", wait=False)
    follower.wait_log("following")
    holder = spec_of(api)["holderIdentity"]
    status, seconds = leader.stop()
    print(f"ended after {seconds * 1000:.0f} ms")
    assert status == 0
    assert "released Lease default/shared" in leader.text()
    follower.lead()
    now = spec_of(api)
    assert now["holderIdentity"] not in ("", holder) and now["leaseTransitions"] == 1
    api.create("pods", pod("placed"))
    bound("placed")


def test_sigterm_leaves_a_lease_that_nobody_holds(api, start):
    leader = start(lease="shared")
    assert leader.stop()[0] == 0
    assert spec_of(api).get("holderIdentity", "") == ""


def test_a_killed_leaders_lease_runs_out(api, start):
    leader = start(*QUICK_LEASE, lease="shared")
    follower = start(*QUICK_LEASE, lease="shared", wait=False)
    holder = spec_of(api)["holderIdentity"]
    leader.kill()
    assert spec_of(api)["holderIdentity"] == holder
    follower.lead()
    assert spec_of(api)["leaseTransitions"] == 1


def test_a_leader_that_lives_keeps_its_lease(api, start):
    leader = start(*QUICK_LEASE, lease="shared")
    followers = [start(*QUICK_LEASE, lease="shared", wait=False) for _ in range(2)]
    first = spec_of(api)
    renewed = {first["renewTime"]}
    while len(renewed) < 12:  # more than its duration
        now = spec_of(api)
        assert (now["holderIdentity"], now["leaseTransitions"]) == (first["holderIdentity"], 0)
        renewed.add(now["renewTime"])
        time.sleep(0.05)
    assert leader.metrics()["actimanager_leader"] == 1
    assert [f.metrics()["actimanager_leader"] for f in followers] == [0, 0]


def test_a_leader_without_api_server_ends_its_term_and_leads_again(api, start, plane, bound):
    leader = start(*QUICK_LEASE, lease="shared")
    plane.command("stop", "kube-apiserver")
    try:
        leader.wait_log("no longer leading")
        assert leader.get("/livez")[0] == 200
        assert leader.metrics()["actimanager_leader"] == 0
    finally:
        plane.command("cont", "kube-apiserver")
    eventually(lambda: leader.text().count("scheduling: ") == 2)
    api.create("pods", pod("placed"))
    bound("placed")


def test_sigterm_ends_it_also_without_api_server(api, start, plane):
    leader = start(lease="shared")
    plane.command("stop", "kube-apiserver")
    try:
        status, seconds = leader.stop()
        print(f"ended after {seconds * 1000:.0f} ms")
        assert status == 0
    finally:
        plane.command("cont", "kube-apiserver")


def test_it_waits_for_an_api_server_that_is_not_there_yet(api, start, plane, bound):
    plane.command("kill", "kube-apiserver")
    try:
        leader = start(lease="shared", wait=False)
        leader.wait_log("update|get|connect")
        assert leader.get("/livez")[0] == 200
    finally:
        plane.command("start", "kube-apiserver")
    leader.lead(30)
    api.create("pods", pod("placed"))
    bound("placed")


def test_a_lease_taken_by_somebody_else_ends_the_term(api, start):
    leader = start(*QUICK_LEASE, lease="shared")
    api.patch("leases", "shared", {"spec": {"holderIdentity": "somebody", "leaseDurationSeconds": 1}})
    leader.wait_log("no longer leading: lost Lease default/shared to somebody")
    # Somebody does not renew it.
    eventually(lambda: leader.text().count("leading: holds Lease") == 2)


def test_a_deleted_lease_is_made_again(api, start):
    start(*QUICK_LEASE, lease="shared")
    uid = api.get("leases", "shared")["metadata"]["uid"]
    api.delete("leases", "shared")
    eventually(lambda: api.get("leases", "shared")["metadata"]["uid"] != uid)
    eventually(lambda: spec_of(api)["holderIdentity"].startswith("replica-"))


def test_an_odd_lease_is_no_obstacle(api, start):
    api.create("leases", {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "shared"}})
    start(lease="shared")
    assert spec_of(api)["holderIdentity"].startswith("replica-")


def test_a_lease_of_a_holder_whose_clock_is_wrong_is_waited_for(api, start):
    """Its time says that it ran out years ago; what counts is that it has not been seen to stand still for long."""
    api.create("leases", {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "shared"}, "spec": {
        "holderIdentity": "somebody", "leaseDurationSeconds": 2, "renewTime": "2001-01-01T00:00:00.000000Z"}})
    leader = start(*QUICK_LEASE, lease="shared", wait=False)
    leader.wait_log("following somebody")
    leader.lead()
