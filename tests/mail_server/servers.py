"""Debian's Postfix, Dovecot and milters with the files of ops/mail/, on free loopback ports and in a temporary folder."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from app.settings import DEMO_MAIL_SYSTEM
from tests.mail_server import milters
from tests.mail_server.milters import Milters
from tests.mail_server.processes import HOST, PATIENCE, POLL, Process, await_port, free_port

OPS = Path(__file__).parents[2] / "ops" / "mail"
PROGRAMS = (
    Path("/usr/lib/postfix/sbin/master"),
    Path("/usr/lib/postfix/postfix-pgsql.so"),
    Path("/usr/sbin/dovecot"),
    Path("/usr/lib/dovecot/imap"),
    Path("/usr/lib/dovecot/lmtp"),
    Path("/usr/lib/dovecot/modules/libdriver_pgsql.so"),
    Path("/usr/lib/dovecot/modules/lib90_sieve_plugin.so"),
    *milters.PROGRAMS,
)
DOMAIN = DEMO_MAIL_SYSTEM.domain
OPERATORS = "operators@other.example"
INTERNAL_SECRET = "a-secret-of-the-mail-server-tests"
SUBMISSION_LIMIT = 5


def missing() -> str:
    """Why the mail server cannot run here; empty if it can."""
    absent = [path.name for path in PROGRAMS if not path.exists()]
    if absent:
        return f"Debian's mail servers are needed (bin/mail-packages); missing: {', '.join(absent)}"
    return "" if os.geteuid() == 0 else "Postfix and Dovecot start as root only"


class MailServer:
    """The running servers. `sink` is the port that mail for the rest of the world goes to, `internal` the portal's."""

    def __init__(self, folder: Path, database: dict[str, Any], sink: int, internal: int) -> None:
        self.folder = folder
        self.store = folder / "store"
        self.smtp, self.submission, self.submissions = free_port(), free_port(), free_port()
        self.imap, self.imaps = free_port(), free_port()
        self.milters = Milters(folder)
        self._settings = {
            "DB_HOST": database["host"],
            "DB_PORT": database["port"],
            "DB_NAME": database["database"],
            "DB_MAIL_USER": database["mail_user"],
            "DB_MAIL_PASSWORD": database["password"],
            "DB_STATE_USER": database["state_user"],
            "DB_STATE_PASSWORD": database["password"],
            "INTERNAL_URL": f"http://{HOST}:{internal}",
            "INTERNAL_SECRET": INTERNAL_SECRET,
            "SELECTOR_SALT": database["salt"],
            "SUBMISSION_LIMIT": SUBMISSION_LIMIT,
            "MAIL_HOST": "mail.isp.example",
            "TLS_CERTIFICATE": folder / "certificate.pem",
            "TLS_KEY": folder / "key.pem",
            "MAIL_DOMAIN": DOMAIN,
            "POSTMASTER": OPERATORS,
            "RELAYHOST": f"[{HOST}]:{sink}",
            "MAIL_STORE": self.store,
            "MAIL_USER": "mail",
            "POSTFIX_LISTEN": HOST,
            "POSTFIX_QUEUE": folder / "queue",
            "POSTFIX_DATA": folder / "postfix-data",
            "POSTFIX_LOG": "/dev/stdout",
            "SMTP_PORT": self.smtp,
            "SUBMISSION_PORT": self.submission,
            "SUBMISSIONS_PORT": self.submissions,
            "DOVECOT_LISTEN": HOST,
            "DOVECOT_CONFIG": folder / "dovecot",
            "DOVECOT_RUN": folder / "run",
            "DOVECOT_STATE": folder / "state",
            "DOVECOT_LOG": "/dev/stderr",
            "IMAP_PORT": self.imap,
            "IMAPS_PORT": self.imaps,
            **self.milters.settings,
        }
        configuration = folder / "dovecot" / "dovecot.conf"
        self._processes = (
            Process(folder, "dovecot", "/usr/sbin/dovecot", "-F", "-c", configuration),
            Process(folder, "postfix", PROGRAMS[0], "-s", "-c", folder / "postfix"),
        )

    @contextmanager
    def running(self) -> Iterator[MailServer]:
        self._prepare()
        with ExitStack() as stack:
            stack.enter_context(self.milters.running())
            # The queue's folders first: Dovecot puts its sockets there.
            check: list[str | Path] = ["postfix", "-c", self.folder / "postfix", "check"]
            subprocess.run(check, check=True, stderr=subprocess.DEVNULL)
            for process in self._processes:
                process.start()
                stack.callback(process.stop)
            for port in (self.smtp, self.submission, self.submissions, self.imap, self.imaps):
                await_port(port, self.logs)
            yield self

    def _prepare(self) -> None:
        for name, owner in (("store", "mail"), ("queue", "root"), ("postfix-data", "postfix")):
            (self.folder / name).mkdir(mode=0o755)
            shutil.chown(self.folder / name, owner)
        _make_certificate(self.folder)
        settings = self.folder / "settings"
        settings.write_text("".join(f"{name}={value}\n" for name, value in self._settings.items()))
        subprocess.run([sys.executable, OPS / "fill.py", settings, self.folder], check=True)
        with (self.folder / "dovecot" / "dovecot.conf").open("a") as file:
            file.write("auth_failure_delay = 0\n")  # two seconds for each guess of these tests
        with (self.folder / "postfix" / "main.cf").open("a") as file:
            # These tests come from anywhere in the world.
            file.write("smtpd_authorized_xclient_hosts = 127.0.0.0/8\n")

    def tls(self) -> ssl.SSLContext:
        """What a client needs to trust this server."""
        return ssl.create_default_context(cafile=self.folder / "certificate.pem")

    def logs(self) -> str:
        """The last lines that the servers wrote, for a failure's message."""
        return "\n".join(process.log() for process in self._processes)

    async def until(self, ready: Callable[[], Awaitable[bool]]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not await ready():
            assert time.monotonic() < deadline, f"it did not happen in {PATIENCE} s\n{self.logs()}"
            await asyncio.sleep(POLL)

    async def settle(self) -> None:
        """Wait until every mail is where it goes. What a Sieve script sends is queued before its mail is done."""

        async def empty() -> bool:
            return not await asyncio.to_thread(self._queue)

        await self.until(empty)

    def _queue(self) -> list[dict[str, Any]]:
        command = ["postqueue", "-c", str(self.folder / "postfix"), "-j"]
        answer = subprocess.run(command, check=True, capture_output=True, text=True)
        return [json.loads(line) for line in answer.stdout.splitlines()]


@contextmanager
def mail_server(database: dict[str, Any], sink: int, internal: int) -> Iterator[MailServer]:
    """The servers in a folder that their users may enter, unlike pytest's."""
    with tempfile.TemporaryDirectory(prefix="mypage-mail-") as name:
        Path(name).chmod(0o755)
        with MailServer(Path(name), database, sink, internal).running() as server:
            yield server


def _make_certificate(folder: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail.isp.example")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address(HOST))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(pem))
    (folder / "key.pem").write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
