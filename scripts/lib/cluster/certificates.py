"""Keys and certificates of an instance, by openssl. Valid for a year; an instance does not live that long."""

import base64
import json
import os
import subprocess
from pathlib import Path

from .errors import ClusterError


class Authority:
    def __init__(self, directory: Path):
        self._dir = directory

    def ensure(self) -> None:
        """The authority itself and the key pair that signs service account tokens."""
        if not self.path("ca.crt").exists():
            self._openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                          "-keyout", "ca.key", "-out", "ca.crt.new", "-subj", "/CN=actimanager-cluster", "-days", "365",
                          "-addext", "keyUsage=critical,keyCertSign,digitalSignature")
            os.replace(self.path("ca.crt.new"), self.path("ca.crt"))
        if not self.path("service-accounts.pub").exists():
            self._openssl("genrsa", "-out", "service-accounts.key", "2048")
            self._openssl("rsa", "-in", "service-accounts.key", "-pubout", "-out", "service-accounts.pub")

    def issue(self, name: str, subject: str, addresses: tuple[str, ...] = ()) -> None:
        """A certificate for `subject` (openssl's /O=…/CN=… form) as NAME.crt and NAME.key; kept if it is there.
        With addresses (`IP:` or `DNS:`) it is one for servers, too."""
        if self.path(f"{name}.crt").exists():
            return
        usage = "clientAuth,serverAuth" if addresses else "clientAuth"
        extensions = f"keyUsage=critical,digitalSignature\nextendedKeyUsage={usage}\n"
        if addresses:
            extensions += f"subjectAltName={','.join(addresses)}\n"
        self.path(f"{name}.ext").write_text(extensions)
        self._openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                      "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", subject)
        self._openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial",
                      "-days", "365", "-extfile", f"{name}.ext", "-out", f"{name}.crt.new")
        os.replace(self.path(f"{name}.crt.new"), self.path(f"{name}.crt"))
        for suffix in ("csr", "ext"):
            self.path(f"{name}.{suffix}").unlink()

    def path(self, name: str) -> Path:
        return self._dir / name

    def _openssl(self, *arguments: str) -> None:
        try:
            done = subprocess.run(["openssl", *arguments], cwd=self._dir, capture_output=True, text=True,
                                  stdin=subprocess.DEVNULL)
        except FileNotFoundError:
            raise ClusterError("openssl is not installed; scripts/setup installs it") from None
        if done.returncode != 0:
            raise ClusterError(f"openssl {arguments[0]} failed: {done.stderr.strip()[-300:]}")


def kubeconfig(path: Path, server: str, pki: Path, user: str) -> None:
    """A kubeconfig (JSON is YAML) that needs nothing beside it but the files in `pki`."""
    def data(name: str) -> str:
        return base64.b64encode((pki / name).read_bytes()).decode()

    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "cluster", "cluster": {"server": server, "certificate-authority-data": data("ca.crt")}}],
        "users": [{"name": user, "user": {"client-certificate-data": data(f"{user}.crt"),
                                          "client-key-data": data(f"{user}.key")}}],
        "contexts": [{"name": user, "context": {"cluster": "cluster", "user": user}}],
        "current-context": user,
    }
    new = path.with_name(path.name + ".new")
    new.touch(mode=0o600)
    new.write_text(json.dumps(config, indent=1) + "\n")
    os.replace(new, path)
