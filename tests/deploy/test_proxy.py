"""The TLS proxy of `deploy/nginx.conf`, run: what it lets through, and what it says of callers."""

import http.client
import json
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

CONF = Path(__file__).parents[2] / "deploy" / "nginx.conf"
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
pytestmark = pytest.mark.skipif(not NGINX, reason="nginx is not installed")


class Echo(BaseHTTPRequestHandler):
    """Answers what it was told, in gongji's place."""

    def do_GET(self) -> None:
        """What came."""
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        said = {"path": self.path, "port": self.server.server_address[1], "bytes": len(body)}
        answer = json.dumps(said | {"heads": dict(self.headers)}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_POST = do_GET

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        return int(made.getsockname()[1])


def certificate(folder: Path) -> None:
    """A certificate for the example's names, made here."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "gongji.example")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    (folder / "any.crt").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "any.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )


@pytest.fixture(scope="module")
def ports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, int]]:
    """nginx with the shipped configuration, but for ports and certificates; echoes behind it."""
    folder = tmp_path_factory.mktemp("nginx")
    certificate(folder)
    echoes = {
        name: ThreadingHTTPServer(("127.0.0.1", 0), Echo) for name in ("8086", "8087", "8088")
    }
    found = {"443": free_port(), "80": free_port(), "8443": free_port()}
    text = CONF.read_text(encoding="utf-8")
    for name, server in echoes.items():
        threading.Thread(target=server.serve_forever, daemon=True).start()
        text = text.replace(f"127.0.0.1:{name}", f"127.0.0.1:{server.server_address[1]}")
        found[name] = server.server_address[1]
    for name in ("443", "80", "8443"):
        text = text.replace(f"listen {name}", f"listen 127.0.0.1:{found[name]}")
    for name in ("pages", "gateway"):
        text = text.replace(f"/etc/gongji/tls/{name}", str(folder / "any"))
    places = "".join(
        f"{kind}_temp_path {folder}/{kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;\n"
        f"events {{ }}\nhttp {{ access_log off;\n{places}{text}\n}}\n",
        encoding="utf-8",
    )
    words = [str(NGINX), "-p", str(folder), "-c", str(folder / "nginx.conf")]
    tried = subprocess.run([*words, "-t"], capture_output=True, text=True)
    assert tried.returncode == 0, tried.stderr
    running = subprocess.Popen(words, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with socket.socket() as one:
                if one.connect_ex(("127.0.0.1", found["443"])) == 0:
                    break
        yield found
    finally:
        running.terminate()
        running.wait()
        for server in echoes.values():
            server.shutdown()
            server.server_close()


def ask(
    port: int, path: str, heads: dict[str, str] | None = None, body: bytes | None = None
) -> tuple[int, dict[str, object]]:
    """The answer by TLS, whoever signed the certificate."""
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    connection = http.client.HTTPSConnection("127.0.0.1", port, context=trusting, timeout=20)
    connection.request(
        "POST" if body else "GET", path, body, {"Host": "gongji.example"} | (heads or {})
    )
    answer = connection.getresponse()
    read = answer.read()
    connection.close()
    return answer.status, json.loads(read) if answer.status == 200 else {}


def test_each_address_leads_to_its_own_face(ports: dict[str, int]) -> None:
    for path, behind in (("/areas", "8087"), ("/api/v1/areas", "8087"), ("/console/", "8088")):
        status, told = ask(ports["443"], path)
        assert (status, told["port"], told["path"]) == (200, ports[behind], path)
    assert ask(ports["8443"], "/")[1]["port"] == ports["8086"]


def test_who_a_caller_is_the_proxy_says_and_not_the_caller(ports: dict[str, int]) -> None:
    made_up = {
        "X-Forwarded-For": "10.1.1.1",
        "X-Forwarded-Proto": "http",
        "X-Real-IP": "10.1.1.1",
        "Forwarded": "for=10.1.1.1",
    }
    for port in (ports["443"], ports["8443"]):
        heads = ask(port, "/", made_up)[1]["heads"]
        assert isinstance(heads, dict)
        assert heads["X-Forwarded-For"] == "127.0.0.1" and heads["X-Forwarded-Proto"] == "https"
        assert not {"X-Real-IP", "Forwarded"} & set(heads)
        assert heads["Host"] == "gongji.example"


def test_bodies_have_the_limits_of_their_faces(ports: dict[str, int]) -> None:
    two = b"x" * (2 << 20)
    assert ask(ports["443"], "/answer", body=two)[0] == 413
    assert ask(ports["443"], "/console/x", body=two)[1]["bytes"] == len(two)
    assert ask(ports["8443"], "/", body=two)[1]["bytes"] == len(two)


def test_whoever_comes_without_tls_is_sent_on(ports: dict[str, int]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", ports["80"], timeout=20)
    connection.request("GET", "/me?x=1", headers={"Host": "gongji.example"})
    answer = connection.getresponse()
    assert (answer.status, answer.headers["Location"]) == (308, "https://gongji.example/me?x=1")
    connection.close()


def test_old_tls_is_refused(ports: dict[str, int]) -> None:
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    old.set_ciphers("AES128-SHA256")
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    with (
        socket.create_connection(("127.0.0.1", ports["443"]), timeout=20) as plain,
        pytest.raises(ssl.SSLError),
        old.wrap_socket(plain),
    ):
        pass
