"""The program under test as a process of its own."""

import contextlib
import http.client
import os
import pathlib
import re
import signal
import socket
import subprocess
import time

from paths import TOP
from rest import eventually

BINARY = pathlib.Path(os.environ.get("ACTI_TEST_BINARY", TOP / "build" / "src" / "app" / "actimanager"))
# For terms that begin and end within a test.
QUICK_LEASE = ("--lease-duration=2s", "--lease-renew-deadline=1500ms", "--lease-retry-period=300ms")


def run(*arguments, **environment) -> subprocess.CompletedProcess:
    """For what is expected to end by itself."""
    return subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True, timeout=30,
                          env=os.environ | {k: str(v) for k, v in environment.items()})


class Actimanager:
    """`actimanager run`; the endpoint listens on a free loopback port unless the arguments say otherwise."""

    def __init__(self, kubeconfig, log: pathlib.Path, *arguments, environment: dict | None = None, under: tuple = ()):
        """under: the command that starts it, such as setpriv with its options."""
        self.log = log
        self.command = [*under, str(BINARY), "run", f"--kubeconfig={kubeconfig}", "--listen=127.0.0.1:0", *map(str, arguments)]
        with open(log, "ab") as file:
            self.process = subprocess.Popen(self.command, stderr=file, stdout=file, stdin=subprocess.DEVNULL,
                                            env=os.environ | (environment or {}))
        self._port = 0

    @property
    def port(self) -> int:
        if not self._port:
            self._port = int(self.wait_log(r"endpoint on port (\d+)")[1])
        return self._port

    def text(self) -> str:
        return self.log.read_text()

    def wait_log(self, pattern: str, seconds: float = 20) -> re.Match:
        def logged():
            found = re.search(pattern, self.text())
            assert found or self.process.poll() is None, f"ended with {self.process.returncode}: {self.text()}"
            assert found, f"not in {seconds} s: {pattern}\n{self.text()}"
            return found

        return eventually(logged, seconds, every=0.02)

    def get(self, target: str, method: str = "GET", timeout: float = 10) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        with contextlib.closing(connection):
            connection.request(method, target)
            answer = connection.getresponse()
            return answer.status, answer.read()

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)

    def metrics(self) -> dict[str, float]:
        """By name with labels, as on the page."""
        status, page = self.get("/metrics")
        assert status == 200
        return {name: float(value) for name, _, value in
                (line.rpartition(" ") for line in page.decode().splitlines() if not line.startswith("#"))}

    def drifts(self, writer: str = "") -> int:
        """Cpusets put back so far, after this writer or all of them."""
        found = {name: value for name, value in self.metrics().items() if name.startswith("actimanager_cpuset_drifts_total{")}
        assert found, "no writer is counted, not even an unknown one"
        return int(sum(value for name, value in found.items() if not writer or f'writer="{writer}"' in name))

    def requests(self) -> dict[tuple[str, int], int]:
        """Requests to the API server so far, by verb and code."""
        found = {}
        for name, value in self.metrics().items():
            if labels := re.fullmatch(r'actimanager_api_requests_total\{verb="(\w+)",code="(\d+)"\}', name):
                found[labels[1], int(labels[2])] = int(value)
        return found

    def lead(self, seconds: float = 20) -> "Actimanager":
        """Waits until it holds the Lease and knows the cluster."""
        self.wait_log(r"scheduling: \d+ nodes", seconds)
        return self

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> tuple[int, float]:
        """By SIGTERM: the exit status and the seconds it took."""
        start = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20), time.monotonic() - start

    def end(self) -> None:
        """Whatever state it is in."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.kill()
