"""Starting components and waiting until they do their work; stopping them."""

import http.client
import signal
import ssl
import time

from . import supervisor
from .errors import ClusterError, UsageError
from .instance import Instance
from .processes import Process

# actimanager: a leader that runs beside the cluster; scripts/quickstart has one where nodes are simulated.
NAMES = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok", "containerd", "kubelet",
         "vm", "actimanager")


def process(instance: Instance, name: str) -> Process | None:
    return supervisor.recorded(instance).get(name)


def running(instance: Instance, name: str) -> bool:
    found = process(instance, name)
    return bool(found and found.alive())


def start(instance: Instance, name: str, argv, env: dict | None = None) -> None:
    """Starts it under the supervisor if it does not run, and notes how, for `start NAME`."""
    config = instance.read()
    commands = config.get("commands", {})
    commands[name] = {"argv": [str(a) for a in argv], "env": env or {}}
    instance.update(commands=commands)
    supervisor.request(instance, op="start", name=name, **commands[name])


def start_again(instance: Instance, name: str) -> None:
    command = instance.read().get("commands", {}).get(name)
    if not command:
        raise UsageError(f"{name} is not part of the instance {instance.name!r}")
    supervisor.ensure(instance)
    supervisor.request(instance, op="start", name=name, **command)


def signal_to(instance: Instance, name: str, number: int) -> None:
    if name not in instance.read().get("commands", {}):
        raise UsageError(f"{name} is not part of the instance {instance.name!r}")
    found = process(instance, name)
    if not found or not found.alive():
        raise ClusterError(f"{name} does not run")
    found.signal(number)
    if number == signal.SIGKILL and not found.wait(10):
        raise ClusterError(f"{name}, process {found.pid}, survives SIGKILL")


def restart(instance: Instance, name: str) -> None:
    found = process(instance, name)
    if found and found.alive():
        signal_to(instance, name, signal.SIGTERM)
        found.signal(signal.SIGCONT)
        if not found.wait(10):
            signal_to(instance, name, signal.SIGKILL)
    start_again(instance, name)


def wait_until(instance: Instance, name: str, ready, seconds: float, what: str = "ready") -> None:
    """Waits for `ready()`; fails at once when the component ends."""
    deadline = time.monotonic() + seconds
    while not ready():
        if not running(instance, name):
            raise ClusterError(f"{name} ended", instance.log(name))
        if time.monotonic() > deadline:
            raise ClusterError(f"{name}: not {what} within {seconds:.0f} s", instance.log(name))
        time.sleep(0.1)


def healthy(port: int, path: str = "/healthz", tls: bool = True, address: str = "127.0.0.1") -> bool:
    """Whether a health endpoint on this machine says 200. Whose certificate it shows does not matter here."""
    if tls:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        connection = http.client.HTTPSConnection(address, port, timeout=3, context=context)
    else:
        connection = http.client.HTTPConnection(address, port, timeout=3)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
