"""The real nginx with the files of ops/nginx, filled in for this machine, and what a caller does to it."""

from __future__ import annotations

import contextlib
import os
import re
import resource
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.commands.programs import free_port, until

SHIPPED = Path(__file__).parent.parent.parent / "ops" / "nginx"
HOST = "127.0.0.1"
NAME = "mypage.example.jp"
PATIENCE = 15.0
SECOND = "    server 127.0.0.1:8001 max_fails=0;\n"
"""The line of a second instance, left out where there is one."""


def missing() -> str:
    """Why nginx cannot run here; empty if it can."""
    if shutil.which("nginx") is None:
        return "Debian's nginx is needed (bin/proxy-packages)"
    return "" if os.geteuid() == 0 else "the shipped nginx.conf starts as root only"


@dataclass(frozen=True)
class Proxy:
    """nginx, by its two ports."""

    port: int
    plain_port: int
    certificate: Path

    def connect(self, name: str = NAME, *protocols: str) -> ssl.SSLSocket:
        """A caller's connection, after its TLS handshake."""
        context = self.context()
        context.set_alpn_protocols(protocols or ["http/1.1"])
        return context.wrap_socket(connected(self.port), server_hostname=name)

    def context(self) -> ssl.SSLContext:
        """What a caller believes: this proxy's own certificate."""
        return ssl.create_default_context(cafile=str(self.certificate))

    def get(self, path: str, headers: str = "") -> bytes:
        """Everything that is answered to a GET."""
        with self.connect() as caller:
            return asked(caller, f"GET {path} HTTP/1.1\r\nHost: {NAME}\r\n{headers}Connection: close\r\n\r\n")


def connected(port: int) -> socket.socket:
    return socket.create_connection((HOST, port), timeout=PATIENCE)


def asked(caller: socket.socket, request: str | bytes) -> bytes:
    """Send it and read until the other side closes; b"" where it closes or resets at once."""
    with contextlib.suppress(ConnectionError):
        caller.sendall(request.encode() if isinstance(request, str) else request)
    return rest(caller)


def rest(caller: socket.socket) -> bytes:
    got = b""
    with contextlib.suppress(ConnectionError):
        while part := caller.recv(65536):
            got += part
    return got


def dribbled(caller: socket.socket, start: str, sign: bytes, most: float) -> tuple[bytes, float]:
    """Send the start, then one sign a second, until an answer comes or the connection ends; after how many seconds."""
    began = time.monotonic()
    caller.settimeout(1.0)
    got = b""
    with contextlib.suppress(ConnectionError):
        caller.sendall(start.encode())
        while time.monotonic() - began < most:
            caller.sendall(sign)
            with contextlib.suppress(TimeoutError):
                part = caller.recv(65536)
                if not part:
                    return got, time.monotonic() - began
                got += part
        return got, most
    return got, time.monotonic() - began


@contextlib.contextmanager
def proxy(folder: Path, upstream: int, other_upstream: int | None = None) -> Iterator[Proxy]:
    """nginx before whatever listens on the port `upstream`, and a second instance if there is one, until the block ends."""
    made = Proxy(free_port(), free_port(), folder / "fullchain.pem")
    other = "[::1]" if has_ipv6() else "127.0.0.2"
    _certificate(folder)
    _fill(
        folder,
        "mypage.conf",
        {
            "server 127.0.0.1:8000 ": f"server 127.0.0.1:{upstream} ",
            SECOND: SECOND.replace("8001", str(other_upstream)) if other_upstream else "",
            "/etc/ssl/mypage/": f"{folder}/",
            "/var/log/nginx/": f"{folder}/",
            "listen 80 default_server": f"listen {HOST}:{made.plain_port} default_server",
            "listen [::]:80 default_server": f"listen {other}:{made.plain_port} default_server",
            "listen 443 ": f"listen {HOST}:{made.port} ",
            "listen [::]:443 ": f"listen {other}:{made.port} ",
        },
    )
    _fill(
        folder,
        "nginx.conf",
        {
            "/run/nginx.pid": f"{folder}/nginx.pid",
            "/var/log/nginx/error.log": f"{folder}/error.log",
            "/etc/nginx/mypage.conf": f"{folder}/mypage.conf",
        },
    )
    with _running(folder, made.port):
        yield made


@contextlib.contextmanager
def mapped(folder: Path) -> Iterator[Callable[[str], str]]:
    """An nginx with the shipped map alone, which takes an address for the caller's own and tells what it counts as."""
    port = free_port()
    (shipped,) = re.findall(r"^map \$remote_addr .*?^}$", (SHIPPED / "mypage.conf").read_text(), re.M | re.S)
    (folder / "nginx.conf").write_text(f"""
        pid {folder}/nginx.pid;
        events {{}}
        http {{
            access_log off;
            {shipped}
            server {{
                listen {HOST}:{port};
                set_real_ip_from {HOST};
                real_ip_header X-Real-IP;
                return 200 $mypage_caller;
            }}
        }}
    """)

    def told(address: str) -> str:
        with connected(port) as caller:
            request = f"GET / HTTP/1.1\r\nHost: {NAME}\r\nX-Real-IP: {address}\r\nConnection: close\r\n\r\n"
            return asked(caller, request).decode().partition("\r\n\r\n")[2]

    with _running(folder, port):
        yield told


@contextlib.contextmanager
def _running(folder: Path, port: int) -> Iterator[None]:
    """nginx with the files of the folder; it ends with the block, or when these tests are killed."""
    command = ["nginx", "-e", f"{folder}/error.log", "-c", f"{folder}/nginx.conf", "-g", "daemon off;"]
    running = subprocess.Popen(["setpriv", "--pdeathsig", "TERM", *command])
    try:
        until(lambda: running.poll() is not None or listens(port))
        assert running.poll() is None, (folder / "error.log").read_text()
        yield
    finally:
        running.terminate()
        running.wait(PATIENCE)


def _fill(folder: Path, name: str, places: dict[str, str]) -> None:
    text = (SHIPPED / name).read_text()
    for shipped, filled in places.items():
        assert shipped in text, f"{name} lacks {shipped}"
        text = text.replace(shipped, filled)
    (folder / name).write_text(text)


def has_ipv6() -> bool:
    with contextlib.suppress(OSError), socket.create_server(("::1", 0), family=socket.AF_INET6):
        return True
    return False


def listens(port: int) -> bool:
    with contextlib.suppress(OSError), connected(port):
        return True
    return False


def _certificate(folder: Path) -> None:
    """One for NAME, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, raw = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    (folder / "fullchain.pem").write_bytes(made.public_bytes(pem))
    (folder / "privkey.pem").write_bytes(key.private_bytes(pem, raw, serialization.NoEncryption()))


@contextlib.contextmanager
def held(port: int, number: int) -> Iterator[list[socket.socket]]:
    """So many connections on which nothing is said. Fails in words where this machine does not allow as many."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = number + 500
    if hard != resource.RLIM_INFINITY and hard < needed:
        pytest.fail(
            f"this test holds {number} connections: raise the limit of open files (ulimit -Hn) to {needed}"
        )
    if soft != resource.RLIM_INFINITY and soft < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))
    with contextlib.ExitStack() as connections:
        yield [connections.enter_context(connected(port)) for _ in range(number)]


def still_open(connections: list[socket.socket]) -> int:
    """How many of them the other side has not closed; it said nothing on any of them."""
    count = 0
    for connection in connections:
        connection.setblocking(False)
        with contextlib.suppress(ConnectionError):
            try:
                connection.recv(1)
            except BlockingIOError:
                count += 1
    return count


class Upstream(ThreadingHTTPServer):
    """Stands where the portal would, and answers with the headers that it was asked with, after `wait` seconds."""

    daemon_threads = True
    request_queue_size = 200

    def __init__(self) -> None:
        super().__init__((HOST, 0), _Echo)
        self.asked = 0
        self.wait = 0.0
        self.hangs_up = False
        """Whether it takes requests and ends without an answer, as a process that is killed."""

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class _Echo(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Upstream

    def do_GET(self) -> None:
        self.server.asked += 1
        time.sleep(self.server.wait)
        if self.server.hangs_up:
            self.close_connection = True
            return
        body = str(self.headers).encode().ljust(4000)
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815 - so the library calls it

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: it is asked many times."""


@contextlib.contextmanager
def upstream() -> Iterator[Upstream]:
    with Upstream() as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()
