"""Pods that are made and deleted many at once, again and again, while the observer looks."""

import concurrent.futures
import os
import threading
import time

from objects import named, pod
from observer import Seen
from rest import Rest, eventually

PODS = 12
# A third each: alone on their CPUs, on one that others may use as well, in the shared pool.
_SHAPES = ({"level": "CPU"}, {"workload": "best-effort"}, {"scheduler": "default-scheduler"})


def rounds(default: int) -> int:
    """ACTI_TEST_ROUNDS, or as many."""
    return int(os.environ.get("ACTI_TEST_ROUNDS", default))


class Churn:
    """At each turn the Pods of the one before are deleted and as many are made, all at once."""

    def __init__(self, rest: Rest):
        self._rest = rest
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._last: list[str] = []
        self.failure: Exception | None = None
        self.sets: dict[str, frozenset[int]] = {}  # of bound Pods, by UID
        self.exclusive: dict[str, frozenset[int]] = {}

    def __enter__(self) -> "Churn":
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._delete(self._last)
        eventually(lambda: not {p["metadata"]["name"] for p in self._rest.all("pods")} & set(self._last), 120)
        self._stop.set()
        self._thread.join()

    def turn(self, number: int, exclusive: int, patience: float) -> float:
        """Until all Pods run, of those that are to be alone at least `exclusive`: the seconds it took."""
        begun = time.monotonic()
        made = [_pod(f"churn-{number}-{i}", **_SHAPES[i % len(_SHAPES)]) for i in range(PODS)]
        before, self._last = self._last, [p["metadata"]["name"] for p in made]
        deleting = threading.Thread(target=self._delete, args=(before,))
        deleting.start()
        self._rest.create_many("pods", made, workers=PODS)
        deleting.join()

        def run():
            phases = {p["metadata"]["name"]: p["status"].get("phase") for p in self._rest.all("pods")}
            assert not phases.keys() & set(before), phases
            running = [i for i in range(PODS) if phases.get(f"churn-{number}-{i}") == "Running"]
            alone = [i for i in running if i % len(_SHAPES) == 0]
            assert len(alone) >= exclusive and len(running) - len(alone) == PODS - PODS // len(_SHAPES), phases
            return True

        eventually(run, patience, every=0.1)
        return time.monotonic() - begun

    def check(self, seen: Seen, turns: int, exclusive: int) -> str:
        """Nobody was anywhere that is not his; what that is said of."""
        assert self.failure is None, self.failure
        assert len(self.exclusive) >= turns * exclusive, f"{len(self.exclusive)} Pods were alone on their CPUs"
        threads = {uid: {s.thread for s in seen.of(uid)} for uid in self.exclusive}
        # A Pod that was deleted before it had run has none.
        assert sum(1 for found in threads.values() if len(found) >= 2) >= turns * exclusive, "the observer saw their threads"
        roaming = [(self.sets[s.uid], s, seen.of(s.uid)) for s in seen.roaming(self.sets)]
        assert not roaming, f"{len(roaming)} times outside: {roaming[:3]}"
        overlaps = seen.shared(self.exclusive)
        assert not overlaps, f"{len(overlaps)} times shared: {overlaps[:3]}"
        return (f"{turns} rounds of {PODS} Pods: {len({s.uid for s in seen.stretches})} Pods and "
                f"{len({(s.uid, s.thread) for s in seen.stretches})} threads seen in {seen.rounds} looks, "
                f"{len(self.sets)} Pods bound, {len(self.exclusive)} of them alone; none outside of its CPUs, none on another's")

    def _delete(self, names: list[str]) -> None:
        with concurrent.futures.ThreadPoolExecutor(PODS) as pool:
            for _ in pool.map(lambda name: self._rest.delete("pods", name), names):
                pass

    def _follow(self) -> None:
        while not self._stop.wait(0.1):
            try:
                for found in self._rest.all("podcpubindings"):
                    owner = found["metadata"]["ownerReferences"][0]["uid"]
                    mine = frozenset(named(found))
                    assert self.sets.setdefault(owner, mine) == mine, "it was given other CPUs"
                    if found["spec"]["exclusivenessLevel"] != "None":
                        self.exclusive[owner] = mine
            except Exception as error:
                self.failure = error
                return


def _pod(name: str, scheduler: str = "maestro", **shape) -> dict:
    container = {"name": "main", "image": "localhost/busybox:1", "imagePullPolicy": "Never", "command": ["sleep", "infinity"],
                 "resources": {"requests": {"cpu": "50m"}}}
    # Without grace its object, and with it its claim to CPUs, would be gone before its processes are.
    return pod(name, scheduler=scheduler, containers=[container], terminationGracePeriodSeconds=1, **shape)
