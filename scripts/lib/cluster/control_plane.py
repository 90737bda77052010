"""etcd, kube-apiserver, kube-controller-manager and kube-scheduler, on loopback."""

import json
from pathlib import Path

from . import components, guest
from .api import Api
from .certificates import Authority, kubeconfig
from .instance import Instance

_SERVICE_RANGE = "10.96.0.0/16"


def certificates(instance: Instance) -> None:
    authority = Authority(instance.pki)
    authority.ensure()
    authority.issue("kube-apiserver", "/CN=kube-apiserver",
                    ("DNS:localhost", "DNS:kubernetes.default.svc", "IP:127.0.0.1", f"IP:{guest.HOST}"))
    authority.issue("admin", "/O=system:masters/CN=admin")
    authority.issue("kubelet-client", "/O=system:masters/CN=kube-apiserver-kubelet-client")
    authority.issue("kube-controller-manager", "/CN=system:kube-controller-manager")
    authority.issue("kube-scheduler", "/CN=system:kube-scheduler")
    server = f"https://127.0.0.1:{instance.port('kube-apiserver')}"
    kubeconfig(instance.kubeconfig, server, instance.pki, "admin")
    for user in ("kube-controller-manager", "kube-scheduler"):
        kubeconfig(instance.root / f"{user}.kubeconfig", server, instance.pki, user)


def start_etcd(instance: Instance, binaries: Path) -> None:
    client, peer = (f"http://127.0.0.1:{instance.port(p)}" for p in ("etcd", "etcd-peer"))
    components.start(instance, "etcd", [
        binaries / "etcd", "--data-dir", instance.root / "etcd", "--unsafe-no-fsync", "--log-level=warn",
        f"--listen-client-urls={client}", f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}", f"--initial-advertise-peer-urls={peer}", f"--initial-cluster=default={peer}",
        # The default of 2 GiB is what thousands of Pods with their history can reach.
        "--quota-backend-bytes=4294967296",
    ])
    components.wait_until(instance, "etcd", lambda: components.healthy(instance.port("etcd"), "/health", tls=False), 60)


def start_apiserver(instance: Instance, binaries: Path) -> None:
    pki = instance.pki
    components.start(instance, "kube-apiserver", [
        binaries / "kube-apiserver",
        f"--etcd-servers=http://127.0.0.1:{instance.port('etcd')}",
        "--bind-address=127.0.0.1", "--advertise-address=127.0.0.1", f"--secure-port={instance.port('kube-apiserver')}",
        f"--tls-cert-file={pki}/kube-apiserver.crt", f"--tls-private-key-file={pki}/kube-apiserver.key",
        f"--client-ca-file={pki}/ca.crt",
        f"--service-account-key-file={pki}/service-accounts.pub",
        f"--service-account-signing-key-file={pki}/service-accounts.key",
        "--service-account-issuer=https://kubernetes.default.svc",
        "--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction,OwnerReferencesPermissionEnforcement",
        "--endpoint-reconciler-type=none", "--allow-privileged=true", f"--service-cluster-ip-range={_SERVICE_RANGE}",
        f"--kubelet-client-certificate={pki}/kubelet-client.crt", f"--kubelet-client-key={pki}/kubelet-client.key",
        f"--kubelet-certificate-authority={pki}/ca.crt", "--kubelet-preferred-address-types=InternalIP",
        "--profiling=false",
        # Memory for time: with thousands of objects a fifth of its work is garbage collection.
    ], {"GOGC": "300"})
    wait_for_apiserver(instance)


def wait_for_apiserver(instance: Instance, seconds: float = 90) -> None:
    api = Api(instance)
    components.wait_until(instance, "kube-apiserver", lambda: api.answers("/readyz"), seconds)


def start_controller_manager(instance: Instance, binaries: Path) -> None:
    pki = instance.pki
    components.start(instance, "kube-controller-manager", [
        binaries / "kube-controller-manager", f"--kubeconfig={instance.root}/kube-controller-manager.kubeconfig",
        "--use-service-account-credentials", "--leader-elect=false", "--bind-address=127.0.0.1",
        f"--secure-port={instance.port('kube-controller-manager')}",
        f"--service-account-private-key-file={pki}/service-accounts.key", f"--root-ca-file={pki}/ca.crt",
        "--kube-api-qps=500", "--kube-api-burst=1000", "--profiling=false",
    ])
    port = instance.port("kube-controller-manager")
    components.wait_until(instance, "kube-controller-manager", lambda: components.healthy(port), 60)
    api = Api(instance)
    components.wait_until(instance, "kube-controller-manager",
                          lambda: api.answers("/api/v1/namespaces/default/serviceaccounts/default"), 60,
                          "done with the default service account")


def start_scheduler(instance: Instance, binaries: Path, qps: int | None) -> None:
    """`qps`: how many requests a second it sends at most, bursts being twice that; None: its own default."""
    connection: dict = {"kubeconfig": f"{instance.root}/kube-scheduler.kubeconfig"}
    if qps:
        connection |= {"qps": qps, "burst": 2 * qps}
    config = instance.root / "kube-scheduler.json"
    config.write_text(json.dumps({
        "apiVersion": "kubescheduler.config.k8s.io/v1",
        "kind": "KubeSchedulerConfiguration",
        "clientConnection": connection,
        "leaderElection": {"leaderElect": False},
    }))
    port = instance.port("kube-scheduler")
    components.start(instance, "kube-scheduler", [
        binaries / "kube-scheduler", f"--config={config}", "--bind-address=127.0.0.1", f"--secure-port={port}",
    ])
    components.wait_until(instance, "kube-scheduler", lambda: components.healthy(port), 60)
