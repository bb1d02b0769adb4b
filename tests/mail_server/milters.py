"""ClamAV, OpenDKIM and OpenDMARC with the files of ops/mail/, a local virus signature, and a name server of their own."""

from __future__ import annotations

import random
import shutil
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.mail_server.processes import PATIENCE, POLL, Process, await_port, free_port

EICAR = (r"X5O!P%@AP[4\PZX54(P^)7CC)7}$" + "EICAR-STANDARD-ANTIVIRUS" + "-TEST-FILE!$H+H*").encode()
"""The harmless file that every virus scanner calls a virus; in two parts, so that none calls this file one."""
SIGNED = ("s2.spaaqs.ne.jp", "s1.isp.example")
"""Whose mail is signed: the members' domain and an earlier one."""
SELECTOR = "mail1"
RIGHT_PLACE = "203.0.113.10"
"""Where mail of the domains below may come from (SPF)."""
POLICIES = {
    SIGNED[0]: "reject",
    SIGNED[1]: "none",
    "bank.example": "reject",
    "shop.example": "quarantine",
    "club.example": "none",
}
"""What each domain asks for mail that is not its own (DMARC)."""
PROGRAMS = (
    Path("/usr/sbin/clamd"),
    Path("/usr/sbin/clamav-milter"),
    Path("/usr/sbin/opendkim"),
    Path("/usr/sbin/opendmarc"),
)
DEBIANS_CLAMD = Path("/etc/clamav/clamd.conf")


class NameServer:
    """Answers TXT questions from `texts`; every other name does not exist."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        # An address of its own, since a resolver asks at port 53 alone, and tests of others may run beside these.
        self.address = "127.{}.{}.{}".format(*(random.randint(2, 250) for _ in range(3)))

    @contextmanager
    def running(self) -> Iterator[None]:
        texts = self.texts

        class Answer(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                wire, socket = self.request
                socket.sendto(_answer(wire, texts), self.client_address)

        with socketserver.ThreadingUDPServer((self.address, 53), Answer) as server:
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
            try:
                yield
            finally:
                server.shutdown()


def _answer(wire: bytes, texts: dict[str, str]) -> bytes:
    asked = dns.message.from_wire(wire)
    answer = dns.message.make_response(asked)
    [question] = asked.question
    text = texts.get(question.name.to_text(omit_final_dot=True).lower())
    if text is None:
        answer.set_rcode(dns.rcode.NXDOMAIN)
    elif question.rdtype == dns.rdatatype.TXT:
        parts = " ".join(f'"{text[start : start + 255]}"' for start in range(0, len(text), 255))
        answer.answer.append(dns.rrset.from_text(question.name, 60, "IN", "TXT", parts))
    return answer.to_wire()


class Milters:
    """`virus`, `dkim` and `dmarc` are the milters, `clamd` is what the first asks."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._socket = folder / "clamav" / "clamd.ctl"
        self._ports = {name: free_port() for name in ("virus", "dkim", "dmarc")}
        self._key = folder / "opendkim" / f"{SELECTOR}.private"
        self._names = NameServer()
        self.processes = {
            "clamd": Process(folder, "clamd", PROGRAMS[0], "-F", "-c", folder / "clamd.conf"),
            "virus": self._milter(
                "clamav", PROGRAMS[1], "-F", "-c", folder / "clamav" / "clamav-milter.conf", "-p"
            ),
            "dkim": self._milter("opendkim", PROGRAMS[2], "-f", "-x", folder / "opendkim.conf", "-P"),
            "dmarc": self._milter(
                "opendmarc",
                "unshare",
                "-m",
                folder / "with-our-names",
                PROGRAMS[3],
                "-f",
                "-c",
                folder / "opendmarc.conf",
                "-P",
            ),
        }

    def _milter(self, name: str, *command: str | Path) -> Process:
        """Its last argument is where it writes its process id."""
        return Process(self.folder, name, *command, self.folder / name / "pid")

    @property
    def settings(self) -> dict[str, object]:
        return {
            "DKIM_DOMAINS": ",".join(SIGNED),
            "DKIM_SELECTOR": SELECTOR,
            "DKIM_KEY": self._key,
            "OPENDKIM_CONFIG": self.folder / "opendkim",
            "CLAMD_SOCKET": self._socket,
            **{f"{name.upper()}_MILTER_PORT": port for name, port in self._ports.items()},
        }

    @contextmanager
    def running(self) -> Iterator[None]:
        """After fill.py has written the files."""
        self._prepare()
        with self._names.running(), ExitStack() as stack:
            for name, process in self.processes.items():
                stack.callback(process.stop, at_once=True)  # in order, a milter takes five seconds
                self.start(name)
            yield

    def start(self, name: str) -> None:
        self.processes[name].start()
        if name == "clamd":
            deadline = time.monotonic() + PATIENCE
            while not self._socket.exists():
                assert time.monotonic() < deadline, self.processes[name].log()
                time.sleep(POLL)
        else:
            await_port(self._ports[name], self.processes[name].log)

    @contextmanager
    def without(self, name: str) -> Iterator[None]:
        self.processes[name].stop(at_once=True)
        if name == "clamd":
            self._socket.unlink()
        try:
            yield
        finally:
            self.start(name)

    def _prepare(self) -> None:
        for name, owner in (
            ("clamav", "clamav"),
            ("signatures", "clamav"),
            ("opendkim", "opendkim"),
            ("opendmarc", "opendmarc"),
        ):
            (self.folder / name).mkdir(mode=0o755, exist_ok=True)
            shutil.chown(self.folder / name, owner)
        (self.folder / "signatures" / "local.ndb").write_text(f"Local.Eicar:0:*:{EICAR.hex()}\n")
        self._write_resolver()
        self._write_clamd()
        self._make_key()
        with (self.folder / "opendkim.conf").open("a") as file:
            # It takes no key below /tmp, where everybody may write, and asks the root servers if nobody is named.
            file.write(f"RequireSafeKeys no\nNameservers {self._names.address}\n")

    def _write_resolver(self) -> None:
        """OpenDMARC asks nobody but the name server of /etc/resolv.conf: for it that file is another."""
        (self.folder / "resolv.conf").write_text(
            f"nameserver {self._names.address}\noptions timeout:1 attempts:2\n"
        )
        script = self.folder / "with-our-names"
        script.write_text(
            f'#!/bin/sh\nmount --bind {self.folder}/resolv.conf /etc/resolv.conf && exec "$@"\n'
        )
        script.chmod(0o755)

    def _write_clamd(self) -> None:
        """Debian's file with places of our own."""
        own = {
            "LocalSocket": self._socket,
            "DatabaseDirectory": self.folder / "signatures",
            "LogFile": self.folder / "clamav" / "clamd.log",
        }
        lines = [line for line in DEBIANS_CLAMD.read_text().splitlines() if line.partition(" ")[0] not in own]
        lines += [f"{name} {value}" for name, value in own.items()]
        (self.folder / "clamd.conf").write_text("\n".join(lines) + "\n")

    def _make_key(self) -> None:
        key = rsa.generate_private_key(65537, 2048)
        kind = serialization.PrivateFormat.TraditionalOpenSSL
        self._key.write_bytes(
            key.private_bytes(serialization.Encoding.PEM, kind, serialization.NoEncryption())
        )
        self._key.chmod(0o600)
        shutil.chown(self._key, "opendkim")
        pem = key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        public = "".join(pem.decode().splitlines()[1:-1])
        for domain in SIGNED:
            self._names.texts[f"{SELECTOR}._domainkey.{domain}"] = f"v=DKIM1; k=rsa; p={public}"
        for domain, policy in POLICIES.items():
            self._names.texts[domain] = f"v=spf1 ip4:{RIGHT_PLACE} -all"
            self._names.texts[f"_dmarc.{domain}"] = f"v=DMARC1; p={policy}"
