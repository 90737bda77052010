"""What comes in from outside and makes no sense: the process stays up, or refuses to start with one line that says why."""

import base64
import contextlib
import http.client
import json
import random
import socket
import subprocess

import pytest

from actimanager import run
from conftest import configuration
from rest import eventually


@pytest.fixture(scope="module")
def process(plane, tmp_path_factory):
    """One endpoint for all of this file's requests: none may end it."""
    from actimanager import Actimanager

    endpoint = Actimanager(plane.kubeconfig, tmp_path_factory.mktemp("garbage") / "log", "--roles=endpoint")
    assert endpoint.get("/livez")[0] == 200
    yield endpoint
    endpoint.end()


@pytest.fixture
def endpoint(process):
    yield process
    assert process.process.poll() is None, process.text()
    assert process.get("/livez") == (200, b"ok\n")


def ask(endpoint, request: bytes) -> http.client.HTTPResponse:
    """The answer to these bytes, read to its end."""
    with contextlib.closing(endpoint.connect()) as connection:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(request)
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        answer.content = answer.read()
        return answer


def error_of(answer: http.client.HTTPResponse) -> dict:
    assert answer.headers["Content-Type"] == "application/json"
    body = json.loads(answer.content)
    assert set(body) == {"error", "message"} and body["error"] and body["message"]
    return body


@pytest.mark.parametrize("request_, status", (
    (b"GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n", 404),
    (b"GET /topology/ HTTP/1.1\r\nHost: x\r\n\r\n", 404),
    (b"GET //topology HTTP/1.1\r\nHost: x\r\n\r\n", 404),
    (b"GET /../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n", 404),
    (b"GET /%2e%2e/%00 HTTP/1.1\r\nHost: x\r\n\r\n", 404),
    (b"GET http://x/nowhere HTTP/1.1\r\nHost: x\r\n\r\n", 404),
    (b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", 404),
    (b"POST /topology HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}", 405),
    (b"DELETE /metrics HTTP/1.1\r\nHost: x\r\n\r\n", 405),
    (b"BREW /livez HTTP/1.1\r\nHost: x\r\n\r\n", 405),
    (b"GET /livez HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 20000 + b"\r\n\r\n", 431),
    (b"GET /" + b"y" * 20000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 431),
    (b"GET /livez HTTP/1.1\r\n" + b"X: y\r\n" * 3000 + b"\r\n", 431),
    (b"POST /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 10000000\r\n\r\n" + b"z" * 100000, 413),
    (b"POST /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999\r\n\r\n", 400),
    (b"POST /livez HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400),
    (b"POST /livez HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZZ\r\n", 400),
    (b"hello there, this is no HTTP\r\n\r\n", 400),
    (b"GET /livez\r\n\r\n", 400),
    (b"GET /livez HTTP/1.1\r\n\r\n", 400),
    (b"GET /livez HTTP/9.9\r\nHost: x\r\n\r\n", 400),
    (b"GET /livez HTTP/1.1\r\nHost x\r\n\r\n", 400),
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 100, 400),
), ids=lambda value: value if isinstance(value, int) else value[:30].decode("latin-1").encode("unicode_escape").decode())
def test_a_request_that_is_wrong_gets_an_error_in_json(endpoint, request_, status):
    answer = ask(endpoint, request_)
    assert answer.status == status
    error_of(answer)
    if status == 405:
        assert answer.headers["Allow"] == "GET, HEAD"


@pytest.mark.parametrize("target", ("/", "/topology", "/api/v1/topology", "/livez", "/readyz", "/healthz", "/metrics"))
def test_head_is_get_without_the_body(endpoint, target):
    got = ask(endpoint, f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    with contextlib.closing(endpoint.connect()) as connection:
        connection.sendall(f"HEAD {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        head = b""
        while received := connection.recv(65536):
            head += received
    assert head.endswith(b"\r\n\r\n"), head
    assert head.split(b" ")[1] == b"%d" % got.status
    if target != "/metrics":  # counts go on
        assert f"Content-Length: {len(got.content)}\r\n".encode().lower() in head.lower()


def test_a_connection_serves_many_requests(endpoint):
    connection = http.client.HTTPConnection("127.0.0.1", endpoint.port, timeout=10)
    with contextlib.closing(connection):
        for target, status in (("/livez", 200), ("/none", 404), ("/topology", 200), ("/livez", 200)) * 20:
            connection.request("GET", target)
            answer = connection.getresponse()
            answer.read()
            assert (answer.status, answer.will_close) == (status, False)


def test_requests_may_come_all_at_once(endpoint):
    with contextlib.closing(endpoint.connect()) as connection:
        connection.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n" * 50 + b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        received = b""
        while more := connection.recv(65536):
            received += more
    assert received.count(b"HTTP/1.1 200 OK") == 51 and received.count(b"ok\n") == 51


def test_an_old_client_is_answered_and_let_go(endpoint):
    with contextlib.closing(endpoint.connect()) as connection:
        connection.sendall(b"GET /livez HTTP/1.0\r\n\r\n")
        received = b""
        while more := connection.recv(65536):
            received += more
    assert received.endswith(b"ok\n")


def test_a_query_changes_nothing(endpoint):
    assert endpoint.get("/livez?verbose&exclude=%00") == (200, b"ok\n")


def test_random_bytes_end_nothing(endpoint):
    generator = random.Random(20)
    starts = (b"", b"GET / HTTP/1.1\r\n", b"GET /topology HTTP/1.1\r\nHost: x\r\n", b"POST /livez HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n")
    for i in range(400):
        with contextlib.closing(endpoint.connect()) as connection:
            with contextlib.suppress(OSError):
                connection.sendall(generator.choice(starts) + generator.randbytes(generator.choice((1, 10, 200, 5000))))
                if i % 2:
                    connection.shutdown(socket.SHUT_WR)
                    connection.recv(65536)


def test_connections_that_are_dropped_at_any_byte_end_nothing(endpoint):
    request = b"POST /topology HTTP/1.1\r\nHost: x\r\nContent-Length: 40\r\n\r\n" + b"x" * 40
    for length in range(0, len(request), 3):
        with contextlib.closing(endpoint.connect()) as connection:
            connection.sendall(request[:length])


def test_clients_that_do_not_read_hold_nobody_up(endpoint):
    with contextlib.ExitStack() as stack:
        for _ in range(20):
            connection = stack.enter_context(contextlib.closing(endpoint.connect()))
            connection.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n" * 200)
        assert endpoint.get("/livez")[0] == 200


def test_clients_that_say_nothing_hold_nobody_up(endpoint):
    with contextlib.ExitStack() as stack:
        for _ in range(100):
            stack.enter_context(contextlib.closing(endpoint.connect()))
        assert endpoint.get("/livez")[0] == 200


# What is refused before anything has begun

def refused(*arguments, **environment) -> str:
    """The one line on standard error of a process that ends with 2."""
    done = run(*arguments, **environment)
    assert done.returncode == 2, f"{done.returncode}: {done.stdout}{done.stderr}"
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("actimanager: ")
    return line


def with_args(**args) -> dict:
    config = configuration()
    config["profiles"][0]["pluginConfig"][0]["args"] = args
    return config


def with_profile(**fields) -> dict:
    config = configuration()
    config["profiles"][0].update(fields)
    return config


CONFIGS = {
    "nothing": ("", "empty"),
    "no mapping": ("- a\n- b\n", "object"),
    "no YAML": ("a: [1, 2\nb: }", "line"),
    "no document of this kind": ({"apiVersion": "v1", "kind": "ConfigMap"}, "apiVersion"),
    "another kind": ({**configuration(), "kind": "Other"}, "kind"),
    "a version to come": (configuration(version="v9"), "v9"),
    "an unknown field": ({**configuration(), "profils": []}, "profils"),
    "an unknown policy": (with_args(policy="Fastest"), "policy"),
    "an unknown feature": (with_args(features=["PhysicalCores", "Turbo"]), "features[1]"),
    "features that are no list": (with_args(features="PhysicalCores"), "features"),
    "an unknown argument": (with_args(polcy="Balanced"), "polcy"),
    "an unknown plugin": (with_profile(plugins={"filter": {"enabled": [{"name": "Wishful"}]}}), "Wishful"),
    "an unknown point": (with_profile(plugins={"filtre": {}}), "filtre"),
    "two profiles of one name": ({**configuration(), "profiles": configuration()["profiles"] * 2}, "maestro"),
    "an extender": ({**configuration(), "extenders": [{"urlPrefix": "http://x"}]}, "extenders"),
    "a backoff below zero": ({**configuration(), "podInitialBackoffSeconds": -1}, "podInitialBackoffSeconds"),
    "very deep": ("[" * 5000, ""),
    "a billion laughs": ("a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{chr(98 + i)}: &{chr(98 + i)} [{','.join([f'*{chr(97 + i)}'] * 9)}]\n" for i in range(9)), ""),
}


@pytest.mark.parametrize("what", CONFIGS)
def test_a_configuration_that_is_wrong_is_refused_by_name(plane, tmp_path, what):
    content, named = CONFIGS[what]
    path = tmp_path / "scheduler.yaml"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    line = refused("run", f"--kubeconfig={plane.kubeconfig}", f"--config={path}")
    assert f"--config: {path}: " in line
    assert named in line.partition(f"{path}: ")[2]


def test_a_configuration_that_cannot_be_read_is_refused_by_name(plane):
    path = "/none/such.yaml"
    assert f"--config: {path}: " in refused("run", f"--kubeconfig={plane.kubeconfig}", f"--config={path}")


@pytest.mark.parametrize("flag, named", (
    ("--no-such-flag", "--no-such-flag"),
    ("--roles=boss", "boss"),
    ("--roles=", "--roles"),
    ("--roles=leader,,endpoint", "--roles"),
    ("--listen=nowhere", "--listen"),
    ("--listen=127.0.0.1:99999", "--listen"),
    ("--listen=example.com:80", "--listen"),
    ("--reconcile-period=0s", "--reconcile-period"),
    ("--reconcile-period=5 parsecs", "--reconcile-period"),
    ("--reconcile-period=-1s", "--reconcile-period"),
    ("--reserved-cpus=3-1", "--reserved-cpus"),
    ("--reserved-cpus=two", "--reserved-cpus"),
    ("--verbosity=loud", "--verbosity"),
    ("--cgroups-driver=none", "--cgroups-driver"),
    ("--container-runtime=rkt", "--container-runtime"),
    ("--lease-duration=5s", "--lease-duration"),
    ("--lease-retry-period=20s", "--lease-renew-deadline"),
    ("surplus", "surplus"),
))
def test_a_flag_that_is_wrong_is_refused_by_name(plane, flag, named):
    assert named in refused("run", f"--kubeconfig={plane.kubeconfig}", flag)


@pytest.mark.parametrize("arguments", ((), ("walk",), ("run", "--kubeconfig")))
def test_a_command_line_that_is_wrong_is_refused(arguments):
    refused(*arguments)


def changed(config: dict, change) -> dict:
    copy = json.loads(json.dumps(config))
    change(copy["clusters"][0]["cluster"], copy["users"][0]["user"], copy)
    return copy


KUBECONFIGS = {
    "no cluster": (lambda cluster, user, whole: whole.update(clusters=[]), "cluster"),
    "no server": (lambda cluster, user, whole: cluster.pop("server"), "server"),
    "a server that is no URL": (lambda cluster, user, whole: cluster.update(server="localhost"), "server"),
    "a context that is not there": (lambda cluster, user, whole: whole.update({"current-context": "none"}), "none"),
    "a CA that is no base64": (lambda cluster, user, whole: cluster.update({"certificate-authority-data": "%%%"}),
                               "certificate-authority-data"),
    "a certificate that is not there": (lambda cluster, user, whole: (user.pop("client-certificate-data"),
                                                                      user.update({"client-certificate": "/none/x.crt"})), "/none/x.crt"),
    "a plugin": (lambda cluster, user, whole: (user.clear(), user.update(exec={"command": "aws"})), "exec"),
    "a password": (lambda cluster, user, whole: (user.clear(), user.update(username="u", password="p")), "username"),
}


@pytest.mark.parametrize("what", KUBECONFIGS)
def test_a_kubeconfig_that_is_wrong_is_refused_by_name(plane, tmp_path, what):
    change, named = KUBECONFIGS[what]
    path = tmp_path / "kubeconfig"
    path.write_text(json.dumps(changed(json.loads(plane.kubeconfig.read_text()), change)))
    line = refused("run", f"--kubeconfig={path}")
    assert "--kubeconfig: " in line and str(path) in line and named in line


@pytest.mark.parametrize("content", ("", "[]", "a: b", "{", "\0\0\0"))
def test_a_file_that_is_no_kubeconfig_is_refused_by_name(tmp_path, content):
    path = tmp_path / "kubeconfig"
    path.write_text(content)
    assert str(path) in refused("run", f"--kubeconfig={path}")


def test_without_kubeconfig_and_cluster_it_says_what_is_missing():
    assert "KUBERNETES_SERVICE_HOST" in refused("run", KUBECONFIG="")


def test_a_port_that_is_taken_is_named(plane):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        done = run("run", f"--kubeconfig={plane.kubeconfig}", "--roles=endpoint", f"--listen={address}")
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "--listen: " in line and address in line


@pytest.mark.parametrize("what", ("a server that is not there", "another server's CA", "a token nobody knows", "a name that is wrong"))
def test_a_server_that_cannot_be_used_is_told_of_and_tried_again(plane, start, tmp_path, what):
    config = json.loads(plane.kubeconfig.read_text())
    expected = "connect: "
    match what:
        case "a server that is not there":
            # A port that was free a moment ago.
            with socket.create_server(("127.0.0.1", 0)) as closed:
                port = closed.getsockname()[1]
            config["clusters"][0]["cluster"]["server"] = f"https://127.0.0.1:{port}"
        case "another server's CA":
            made = tmp_path / "ca.crt"
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                            "-subj", "/CN=other", "-keyout", tmp_path / "ca.key", "-out", made], check=True, capture_output=True)
            config["clusters"][0]["cluster"]["certificate-authority-data"] = base64.b64encode(made.read_bytes()).decode()
            expected = "TLS handshake: "
        case "a token nobody knows":
            config["users"][0]["user"] = {"token": "secret-token-of-nobody"}
            expected = "[Uu]nauthorized"
        case "a name that is wrong":
            config["clusters"][0]["cluster"]["tls-server-name"] = "other.example.com"
            expected = "TLS handshake: "
    path = tmp_path / "kubeconfig"
    path.write_text(json.dumps(config))
    process = start("--lease-retry-period=300ms", kubeconfig=path, wait=False)
    process.wait_log(expected)
    eventually(lambda: process.text().count("lease") >= 2)
    assert process.get("/livez")[0] == 200
    assert "secret-token-of-nobody" not in process.text()
    assert process.stop()[0] == 0
