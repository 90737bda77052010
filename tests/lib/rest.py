"""Requests to an API server with a kubeconfig's credentials: quick enough for thousands of objects, from any thread."""

import base64
import concurrent.futures
import contextlib
import http.client
import json
import os
import ssl
import tempfile
import threading
import time
import urllib.parse

from objects import GROUP

_ROOTS = {
    "nodes": "/api/v1",
    "namespaces": "/api/v1",
    "nodecputopologies": f"/apis/{GROUP}/v1alpha1",
    "pods": "/api/v1/namespaces/{}",
    "services": "/api/v1/namespaces/{}",
    "events": "/api/v1/namespaces/{}",
    "serviceaccounts": "/api/v1/namespaces/{}",
    "podcpubindings": f"/apis/{GROUP}/v1alpha1/namespaces/{{}}",
    "persistentvolumeclaims": "/api/v1/namespaces/{}",
    "persistentvolumes": "/api/v1",
    "storageclasses": "/apis/storage.k8s.io/v1",
    "priorityclasses": "/apis/scheduling.k8s.io/v1",
    "poddisruptionbudgets": "/apis/policy/v1/namespaces/{}",
    "leases": "/apis/coordination.k8s.io/v1/namespaces/{}",
    "runtimeclasses": "/apis/node.k8s.io/v1",
}
_STARTING = 30
MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
APPLY = "application/apply-patch+yaml"


class ApiError(Exception):
    """An answer of 400 and more; code 0: there was none."""

    def __init__(self, code: int, message: str):
        super().__init__(f"{code} {message}")
        self.code = code


def path(kind: str, name: str = "", namespace: str = "default", sub: str = "", **query) -> str:
    text = f"{_ROOTS[kind].format(namespace)}/{kind}"
    text += "".join(f"/{part}" for part in (name, sub) if part)
    return text + (f"?{urllib.parse.urlencode(query)}" if query else "")


def tls_of(kubeconfig: dict) -> ssl.SSLContext:
    """With the user's client certificate, where there is one."""
    cluster, user = kubeconfig["clusters"][0]["cluster"], kubeconfig["users"][0]["user"]
    context = ssl.create_default_context(cadata=base64.b64decode(cluster["certificate-authority-data"]).decode())
    if "client-certificate-data" in user:
        with tempfile.NamedTemporaryFile() as file:
            file.write(base64.b64decode(user["client-certificate-data"]) + base64.b64decode(user["client-key-data"]))
            file.flush()
            context.load_cert_chain(file.name)
    return context


class Rest:
    def __init__(self, kubeconfig: str | os.PathLike):
        with open(kubeconfig) as file:
            config = json.load(file)
        self.server = urllib.parse.urlsplit(config["clusters"][0]["cluster"]["server"])
        self.tls = tls_of(config)
        self._local = threading.local()

    def request(self, method: str, target: str, body=None, content_type: str = "application/json"):
        """Its answer. A server that is just starting says so with 429, and is asked again."""
        deadline = time.monotonic() + _STARTING
        while True:
            try:
                return self._request(method, target, body, content_type)
            except ApiError as error:
                if error.code != 429 or time.monotonic() > deadline:
                    raise
            time.sleep(0.2)

    def _request(self, method: str, target: str, body, content_type: str):
        data = None if body is None else json.dumps(body)
        headers = {"Content-Type": content_type} if data is not None else {}
        for last in (False, True):
            connection = self._connection()
            try:
                connection.request(method, target, data, headers)
                answer = connection.getresponse()
                value = json.loads(answer.read())
                break
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                # A kept connection may have been closed by a server that was restarted meanwhile.
                if last:
                    raise ApiError(0, f"{method} {target}: {error}") from None
        if answer.status >= 400:
            raise ApiError(answer.status, value.get("message", ""))
        return value

    def get(self, kind: str, name: str, namespace: str = "default") -> dict:
        return self.request("GET", path(kind, name, namespace))

    def find(self, kind: str, name: str, namespace: str = "default") -> dict | None:
        """The object, or None if there is none of that name."""
        try:
            return self.get(kind, name, namespace)
        except ApiError as error:
            if error.code != 404:
                raise
            return None

    def all(self, kind: str, namespace: str = "default", **query) -> list[dict]:
        return self.request("GET", path(kind, "", namespace, **query))["items"]

    def create(self, kind: str, body: dict, sub: str = "", **query) -> dict:
        meta = body["metadata"]
        return self.request("POST", path(kind, meta["name"] if sub else "", meta.get("namespace", "default"), sub, **query), body)

    def patch(self, kind: str, name: str, body: dict, sub: str = "", namespace: str = "default", how: str = MERGE) -> dict:
        return self.request("PATCH", path(kind, name, namespace, sub), body, how)

    def apply(self, kind: str, body: dict) -> dict:
        """Makes it, or makes it so: what an earlier apply() said and this one does not goes."""
        meta = body["metadata"]
        target = path(kind, meta["name"], meta.get("namespace", "default"), fieldManager="tests", force="true")
        return self.request("PATCH", target, body, APPLY)

    def delete(self, kind: str, name: str, namespace: str = "default", grace: int | None = None) -> None:
        options = None if grace is None else {"gracePeriodSeconds": grace}
        with ignoring(404):
            self.request("DELETE", path(kind, name, namespace), options)

    def delete_all(self, kind: str, namespace: str = "default") -> None:
        """Every object of the kind in the namespace, without grace."""
        self.request("DELETE", path(kind, "", namespace), {"gracePeriodSeconds": 0})

    def create_many(self, kind: str, bodies: list[dict], workers: int = 16) -> list[dict]:
        with concurrent.futures.ThreadPoolExecutor(workers) as pool:
            return list(pool.map(lambda body: self.create(kind, body), bodies))

    def watch(self, kind: str, namespace: str, version: str, seconds: float):
        """The events of a watch, until the time is over."""
        connection = http.client.HTTPSConnection(self.server.hostname, self.server.port, timeout=seconds, context=self.tls)
        try:
            connection.request("GET", path(kind, "", namespace, watch="true", resourceVersion=version, timeoutSeconds=int(seconds)))
            answer = connection.getresponse()
            while line := answer.readline():
                yield json.loads(line)
        except TimeoutError:
            return
        finally:
            connection.close()

    def _connection(self) -> http.client.HTTPSConnection:
        if not hasattr(self._local, "connection"):
            self._local.connection = http.client.HTTPSConnection(self.server.hostname, self.server.port, timeout=60, context=self.tls)
        return self._local.connection


@contextlib.contextmanager
def ignoring(*codes: int):
    try:
        yield
    except ApiError as error:
        if error.code not in codes:
            raise


def stays(check, seconds: float, every: float = 0.2) -> None:
    """It is true all that time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert check(), f"not true any more: {getattr(check, '__name__', check)}"
        time.sleep(every)


def eventually(check, seconds: float = 30, every: float = 0.05):
    """What `check` returns, as soon as it is true. Its own failure, if it is not within the time."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            result = check()
            if result:
                return result
            failure = AssertionError(f"not within {seconds} s: {getattr(check, '__name__', check)}")
        except (AssertionError, ApiError, OSError, KeyError, IndexError, TypeError, ValueError) as error:
            failure = error
        if time.monotonic() > deadline:
            raise failure
        time.sleep(every)
