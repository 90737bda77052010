"""A Pod's memory goes where its CPUs are."""

import pytest

from guest import IMAGE, PATIENCE
from rest import eventually

pytestmark = pytest.mark.guests("v2", "v1")

# A shell that has two megabytes of text: 500 pages and some.
HOLDS = "text=$(head -c 2000000 /dev/zero | tr '\\0' x); while :; do sleep 1000; done"
PAGES = 488


def test_pages_follow_from_one_numa_node_to_the_other_and_back(guest):
    guest.create("pages", containers=[{"name": "main", **IMAGE, "command": ["sh", "-c", HOLDS]}])
    uid = guest.uid("pages")
    eventually(lambda: sum(guest.pages(uid).values()) >= PAGES, PATIENCE, every=0.5)
    for cpu, near, far in ((9, 1, 0), (3, 0, 1), (12, 1, 0)):
        guest.bind("pages", {cpu})
        guest.wait_on(uid, {cpu})

        def followed() -> bool:
            pages = guest.pages(uid)
            assert pages[near] >= PAGES and pages[far] == 0, pages
            return True

        eventually(followed, 60, every=0.5)
    guest.drop("pod", "pages")
