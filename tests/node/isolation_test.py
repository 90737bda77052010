"""Isolated partitions in the guest's kernel, under its systemd, and how they end."""

from guest import CPUS
from kernel import parse_cpus
from objects import condition
from partitions import ALONE, exclusive_lists, refused, states
from rest import eventually


def nothing_is_left(guest) -> None:
    def none():
        assert guest.isolated() == frozenset() and exclusive_lists(guest) == {}
        assert states(guest) == {"member"}
        return True

    eventually(none, 60)


def isolate(guest, uid: str, name: str = "one", cpus=ALONE) -> None:
    guest.bind(name, cpus, level="CPU", isolation="partition")
    guest.applied(name)
    guest.said(name, "Isolated", "Isolated")
    guest.wait_on(uid, cpus)


def test_without_the_capability_the_kernel_refuses_and_the_pod_is_pinned_all_the_same(guest, unbound):
    refused(guest, unbound, "isolated invalid (")
    nothing_is_left(guest)


def test_a_partition_is_left_alone_by_the_kernel_and_ends_with_its_binding(privileged, unbound):
    guest, uid = privileged, unbound["one"]
    isolate(guest, uid)
    assert guest.sh(f"cat {guest.slice_of(uid)}/cpuset.cpus.partition").strip() == "isolated"
    assert guest.isolated() == ALONE
    # Not even what no kubelet knows of runs there.
    for other in ("system.slice", "kubepods.slice"):
        assert parse_cpus(guest.sh(f"cat /sys/fs/cgroup/{other}/cpuset.cpus.effective")) == CPUS - ALONE
    guest.wait_in_pool(unbound["other"], CPUS - ALONE)
    assert {text for text in exclusive_lists(guest).values()} == {"6-7"} and len(exclusive_lists(guest)) == 3
    guest.delete("pcb", "one")
    guest.wait_in_pool(uid, CPUS)
    nothing_is_left(guest)


def test_partitions_move_with_their_bindings_and_do_not_disturb_each_other(privileged, unbound):
    guest = privileged
    isolate(guest, unbound["one"])
    isolate(guest, unbound["two"], "two", frozenset({9}))
    assert guest.isolated() == ALONE | {9}
    isolate(guest, unbound["one"], "one", frozenset({6, 12}))
    assert guest.isolated() == {6, 9, 12}
    guest.wait_on(unbound["two"], {9})
    guest.wait_in_pool(unbound["other"], CPUS - {6, 9, 12})
    guest.bind("two", {9}, level="CPU", isolation="none")
    eventually(lambda: guest.isolated() == {6, 12}, 60)
    guest.on(unbound["two"], {9})
    eventually(lambda: condition(guest.rest.get("podcpubindings", "two"), "Isolated") == {}, 60)


def test_a_pod_that_ends_leaves_nothing_of_its_partition_and_new_ones_start_beside_it(privileged, unbound):
    guest = privileged
    guest.create("brief")
    uid = guest.uid("brief")
    isolate(guest, uid, "brief")
    guest.create("later")
    guest.wait_in_pool(guest.uid("later"), CPUS - ALONE)
    guest.delete("pod", "brief", "later")
    nothing_is_left(guest)


def test_a_partition_that_somebody_ends_is_made_again_and_systemd_leaves_it(privileged, unbound):
    guest, uid = privileged, unbound["one"]
    isolate(guest, uid)
    guest.sh("systemctl daemon-reload")
    assert guest.isolated() == ALONE
    guest.sh(f"echo member >{guest.slice_of(uid)}/cpuset.cpus.partition")
    eventually(lambda: guest.isolated() == ALONE, 60)
    guest.on(uid, ALONE)


def test_what_the_kernel_refuses_is_told_and_tried_again(privileged, unbound):
    guest = privileged
    # Somebody else has one of the CPUs for a partition of his own: they are his alone.
    guest.sh("mkdir /sys/fs/cgroup/other.slice && echo 6 >/sys/fs/cgroup/other.slice/cpuset.cpus.exclusive")
    try:
        guest.bind("one", ALONE, level="CPU", isolation="partition")
        about = guest.said("one", "Isolated", "KernelRefused")
        assert "kubepods.slice: write cpuset.cpus.exclusive" in about["message"], about
        guest.wait_on(unbound["one"], ALONE)
        assert exclusive_lists(guest) == {"./other.slice": "6"}
    finally:
        guest.sh("rmdir /sys/fs/cgroup/other.slice")
    # Whatever changes on the node makes it try again.
    guest.bind("two", {9}, level="CPU")
    guest.said("one", "Isolated", "Isolated")
    assert guest.isolated() == ALONE


def test_an_agent_that_was_away_ends_what_is_not_wanted_any_more(privileged, unbound):
    guest = privileged
    isolate(guest, unbound["one"])
    isolate(guest, unbound["two"], "two", frozenset({9}))
    with guest.agent_away():
        guest.delete("pcb", "two")
        assert guest.isolated() == ALONE | {9}
    eventually(lambda: guest.isolated() == ALONE, 60)
    guest.on(unbound["one"], ALONE)
