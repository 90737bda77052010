"""Watches every thread of the guest's Pods, from within, for as long as it is open: where each was ever allowed to run."""

from guest import Guest
from kernel import parse_cpus

_PROGRAM = r"""
# One process for all, and several looks at least, however short the time was.
BEGIN {
  find = "find " top " -name " threads
  while (rounds < 5 || (getline line < stop) < 0) {
    while ((find | getline file) > 0) look(file)
    close(find)
    ++rounds
    system("sleep 0.02")
  }
  for (entry in seen) print entry
}
function look(file,   pod, thread) {
  pod = match(file, /pod[0-9a-f_]+\.slice/) ? substr(file, RSTART + 3, RLENGTH - 9) : "none"
  while ((getline thread < file) > 0) read(pod, "/proc/" thread "/status")
  close(file)
}
function read(pod, status,   line, name, word) {
  while ((getline line < status) > 0) {
    split(line, word, "\t")
    if (word[1] == "Name:") name = word[2]
    if (word[1] == "Cpus_allowed_list:") { seen[pod "\t" name "\t" word[2]] = 1; break }
  }
  close(status)
}
"""
_START = r"""
rm -rf /run/sampler && mkdir /run/sampler && cat >/run/sampler/program
systemd-run --quiet --collect --unit=sampler --property=StandardOutput=file:/run/sampler/seen \
  awk -v top={top} -v threads={threads} -v stop=/run/sampler/stop -f /run/sampler/program
"""
_END = r"""
systemctl is-active --quiet sampler || exit 1
touch /run/sampler/stop
while systemctl is-active --quiet sampler; do sleep 0.1; done
cat /run/sampler/seen
"""


class GuestSampler:
    """`seen` has, once it is closed, for each Pod's UID, the CPU lists that any of its threads showed, with its command; ""
    has those of threads among all Pods."""

    def __init__(self, guest: Guest):
        self._guest = guest
        self.seen: dict[str, set[tuple[str, frozenset[int]]]] = {}

    def __enter__(self) -> "GuestSampler":
        self._guest.sh(_START.format(top=self._guest.kubepods, threads=self._guest.threads), stdin=_PROGRAM)
        return self

    def __exit__(self, *_) -> None:
        for entry in self._guest.sh(_END).splitlines():
            pod, name, cpus = entry.split("\t")
            uid = "" if pod == "none" else pod.replace("_", "-")
            self.seen.setdefault(uid, set()).add((name, parse_cpus(cpus)))

    def cpus(self, uid: str) -> set[frozenset[int]]:
        return {cpus for _, cpus in self.seen.get(uid, set())}

    def between(self, uid: str, *places) -> bool:
        """Whether it was seen, and nowhere but in these places."""
        seen = self.cpus(uid)
        return bool(seen) and seen <= set(map(frozenset, places))

    def on(self, cpus) -> set[str]:
        """The Pods any of whose threads may have run on one of these CPUs."""
        return {uid for uid, entries in self.seen.items() if any(allowed & cpus for _, allowed in entries)}
