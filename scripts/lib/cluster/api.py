"""Requests to an instance's API server with the administrator's certificate; one connection per thread, kept open."""

import http.client
import json
import ssl
import threading

from .errors import ClusterError
from .instance import Instance


class ApiError(ClusterError):
    def __init__(self, code: int, message: str):
        super().__init__(message)
        self.code = code


class Api:
    def __init__(self, instance: Instance):
        self._port = instance.port("kube-apiserver")
        self._ssl = ssl.create_default_context(cafile=instance.pki / "ca.crt")
        self._ssl.load_cert_chain(instance.pki / "admin.crt", instance.pki / "admin.key")
        self._local = threading.local()

    def request(self, method: str, path: str, body=None, content_type: str = "application/json"):
        """The answer's JSON, or its text where it is not JSON. ApiError for an error of the server."""
        data = None if body is None else json.dumps(body)
        headers = {"Content-Type": content_type} if data is not None else {}
        for attempt in (1, 2):
            connection = self._connection()
            try:
                connection.request(method, path, data, headers)
                answer = connection.getresponse()
                text = answer.read().decode()
                break
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                # A kept connection may have been closed by the server meanwhile.
                if attempt == 2:
                    raise ApiError(0, f"{method} {path}: {error}") from None
        try:
            value = json.loads(text)
        except ValueError:
            value = text
        if answer.status >= 400:
            message = value.get("message", "") if isinstance(value, dict) else text.strip()
            raise ApiError(answer.status, f"{method} {path}: {answer.status} {message}")
        return value

    def get(self, path: str):
        return self.request("GET", path)

    def create(self, path: str, body: dict):
        """The object made, or None if there is one of that name."""
        try:
            return self.request("POST", path, body)
        except ApiError as error:
            if error.code != 409:
                raise
            return None

    def answers(self, path: str) -> bool:
        try:
            self.get(path)
            return True
        except ApiError:
            return False

    def _connection(self) -> http.client.HTTPSConnection:
        if not hasattr(self._local, "connection"):
            self._local.connection = http.client.HTTPSConnection("127.0.0.1", self._port, timeout=30, context=self._ssl)
        return self._local.connection
