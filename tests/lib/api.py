"""One API server as the tests use it: kubectl, and single requests under a token."""

import base64
import json
import ssl
import subprocess
import urllib.error
import urllib.request

from objects import NAMESPACE


class Api:
    def __init__(self, kubectl: list[str]):
        self._kubectl = kubectl
        config = json.loads(self.kubectl("config", "view", "--raw", "--minify", "--flatten", "-o", "json"))
        cluster = config["clusters"][0]["cluster"]
        self.server = cluster["server"]
        self._ssl = ssl.create_default_context(cadata=base64.b64decode(cluster["certificate-authority-data"]).decode())

    def run(self, *args: str, stdin: str | None = None) -> subprocess.CompletedProcess:
        return subprocess.run([*self._kubectl, *args], input=stdin, capture_output=True, text=True, timeout=120)

    def kubectl(self, *args: str, stdin: str | None = None) -> str:
        """The command's output; an error with its message if it fails."""
        done = self.run(*args, stdin=stdin)
        assert done.returncode == 0, f"kubectl {' '.join(args)}: {done.stderr}"
        return done.stdout

    def apply(self, obj: dict) -> None:
        self.kubectl("apply", "-f", "-", stdin=json.dumps(obj))

    def refusal(self, obj: dict) -> str:
        """What the API server says to an object it does not take."""
        done = self.run("apply", "-f", "-", stdin=json.dumps(obj))
        assert done.returncode != 0, f"taken, but should not be: {obj}"
        return done.stderr

    def get(self, kind: str, name: str, namespace: str = "default") -> dict:
        return json.loads(self.kubectl("get", kind, name, "-n", namespace, "-o", "json"))

    def request(self, token: str, method: str, path: str, body: dict | None = None, kind: str = "json") -> tuple[int, dict]:
        """One request under a bearer token: HTTP status and the body."""
        request = urllib.request.Request(self.server + path, method=method)
        request.add_header("Authorization", f"Bearer {token}")
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/merge-patch+json" if kind == "merge" else "application/json")
        try:
            with urllib.request.urlopen(request, data, timeout=30, context=self._ssl) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def replica_token(self, node: str, name: str, account: str = "actimanager") -> str:
        """As the node's kubelet would get it for a replica, here a Pod of this name that is made for it."""
        self.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": NAMESPACE}, "spec": {
            "nodeName": node, "serviceAccountName": account, "containers": [{"name": "c", "image": "none"}]}})
        return self.kubectl("create", "token", account, "-n", NAMESPACE, "--duration=24h", "--bound-object-kind=Pod",
                            f"--bound-object-name={name}").strip()

    def merge_patch(self, token: str, path: str, body: dict) -> tuple[int, dict]:
        return self.request(token, "PATCH", path, body, "merge")
