"""Mail programs: one that sends, one that reads, and the rest of the world that mail goes out to."""

from __future__ import annotations

import asyncio
import email
import email.policy
import imaplib
import itertools
import smtplib
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import localtime, make_msgid

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.mail_server.processes import HOST, PATIENCE, free_port
from tests.mail_server.servers import MailServer

STRANGER = "someone@other.example"
FRIEND = "friend@elsewhere.example"

_last = itertools.count(2)


def another_computer() -> str:
    """A loopback address that nobody has come from: Dovecot lets one that guessed wrong wait."""
    number = next(_last)
    return f"127.1.{number >> 8}.{number & 255}"


# --- the rest of the world --------------------------------------------------------------------------------------------


@dataclass
class Sent:
    """A mail that left for the rest of the world."""

    sender: str
    """`<>` where nobody is to be told when it cannot be delivered."""
    recipient: str
    message: EmailMessage
    content: bytes
    """The same as it came, for whoever looks at its signature."""


@dataclass
class World:
    """Every mail server elsewhere; keeps what comes."""

    port: int
    mails: list[Sent] = field(default_factory=list)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        for recipient in envelope.rcpt_tos:
            content = envelope.content
            self.mails.append(Sent(envelope.mail_from or "", recipient, parsed(content), content))
        return "250 OK"

    def to(self, recipient: str) -> list[Sent]:
        return [mail for mail in self.mails if mail.recipient == recipient]


@contextmanager
def world() -> Iterator[World]:
    elsewhere = World(free_port())
    controller = Controller(elsewhere, hostname=HOST, port=elsewhere.port)
    controller.start()
    try:
        yield elsewhere
    finally:
        controller.stop()


def parsed(content: bytes) -> EmailMessage:
    message = email.message_from_bytes(content, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


# --- sending ----------------------------------------------------------------------------------------------------------


def mail(sender: str, recipient: str, subject: str = "こんにちは", size: int = 0) -> EmailMessage:
    """A mail with a text of at least `size` bytes."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, recipient, subject
    message["Date"], message["Message-ID"] = localtime(), make_msgid(domain="other.example")
    message.set_content("本文です。\n" + ("x" * 70 + "\n") * (size // 71))
    return message


class Postman:
    """Sends mail to the server, and waits until it and all that it causes has arrived."""

    def __init__(self, server: MailServer) -> None:
        self._server = server

    async def send(
        self, recipient: str, sender: str = STRANGER, subject: str = "こんにちは", size: int = 0
    ) -> tuple[int, str]:
        """Hand a mail in as another mail server does; the answer: (250, "") or what the recipient was refused with."""
        answer = await asyncio.to_thread(
            self._send, mail(sender, recipient, subject, size), sender, recipient
        )
        await self._server.settle()
        return answer

    async def hand_in(
        self, message: EmailMessage | bytes, sender: str, recipient: str, place: str = ""
    ) -> tuple[int, str]:
        """A mail as it is, from any address of the world; "": from this host itself."""
        answer = await asyncio.to_thread(self._send, message, sender, recipient, place or HOST)
        await self._server.settle()
        return answer

    def _send(
        self, message: EmailMessage | bytes, sender: str, recipient: str, place: str = ""
    ) -> tuple[int, str]:
        here = HOST if place == HOST else another_computer()
        with smtplib.SMTP(HOST, self._server.smtp, "mx.other.example", PATIENCE, (here, 0)) as client:
            if place not in ("", HOST):
                client.ehlo()
                client.docmd("XCLIENT", f"ADDR={place} NAME=mx.other.example")
                client.ehlo()
            return _handed_in(client, message, sender, recipient)

    async def submit(
        self,
        name: str,
        password: str,
        sender: str,
        recipient: str,
        *,
        wrapped: bool = False,
        message: EmailMessage | None = None,
    ) -> tuple[int, str]:
        """Send a mail as a member's mail program does, over TLS from the start or after STARTTLS."""
        message = message or mail(sender, recipient)
        answer = await asyncio.to_thread(self._submit, name, password, message, sender, recipient, wrapped)
        await self._server.settle()
        return answer

    def _submit(
        self, name: str, password: str, message: EmailMessage, sender: str, recipient: str, wrapped: bool
    ) -> tuple[int, str]:
        try:
            client = self._submission(wrapped)
        except smtplib.SMTPResponseException as refusal:  # of STARTTLS, while a check is away
            return refusal.smtp_code, _words(refusal.smtp_error)
        with client:
            client.ehlo()
            client.user, client.password = name, password
            try:
                client.auth("PLAIN", client.auth_plain)  # login() would guess again, another way
            except smtplib.SMTPAuthenticationError as refusal:
                return refusal.smtp_code, _words(refusal.smtp_error)
            return _handed_in(client, message, sender, recipient)

    def _submission(self, wrapped: bool) -> smtplib.SMTP:
        here = (another_computer(), 0)
        context, port = self._server.tls(), self._server.submission
        if wrapped:
            port = self._server.submissions
            return smtplib.SMTP_SSL(HOST, port, None, timeout=PATIENCE, source_address=here, context=context)
        client = smtplib.SMTP(HOST, port, None, PATIENCE, here)
        try:
            client.starttls(context=context)
        except smtplib.SMTPResponseException:
            client.close()
            raise
        return client


def _handed_in(
    client: smtplib.SMTP, message: EmailMessage | bytes, sender: str, recipient: str
) -> tuple[int, str]:
    content = message if isinstance(message, bytes) else message.as_bytes(policy=email.policy.SMTP)
    try:
        client.sendmail(sender, [recipient], content)
    except smtplib.SMTPRecipientsRefused as refusal:
        code, words = refusal.recipients[recipient]
        return code, _words(words)
    except smtplib.SMTPResponseException as refusal:  # of the sender, or of the mail itself
        return refusal.smtp_code, _words(refusal.smtp_error)
    return 250, ""


def _words(answer: bytes | str) -> str:
    return answer if isinstance(answer, str) else answer.decode()


# --- reading ----------------------------------------------------------------------------------------------------------


class PlainReader(imaplib.IMAP4):
    """Python's IMAP client without TLS, on a computer of its own: on the server's own Dovecot would need no TLS."""

    def _create_socket(self, timeout: float | None) -> socket.socket:
        return socket.create_connection((self.host, self.port), timeout or PATIENCE, (another_computer(), 0))


class Reader(imaplib.IMAP4_SSL):
    """Python's IMAP client over TLS, on a computer of its own."""

    def _create_socket(self, timeout: float | None) -> socket.socket:
        plain = socket.create_connection((self.host, self.port), timeout, (another_computer(), 0))
        encrypted: socket.socket = self.ssl_context.wrap_socket(plain, server_hostname=self.host)
        return encrypted


async def inbox(server: MailServer, name: str, password: str) -> list[EmailMessage]:
    """The mails that a member reads. Raises imaplib.IMAP4.error when the login is refused."""
    return await asyncio.to_thread(_read, server, name, password)


async def subjects(server: MailServer, name: str, password: str) -> list[str]:
    """What the mails that a member reads are about."""
    return [message["Subject"] for message in await inbox(server, name, password)]


async def can_log_in(server: MailServer, name: str, password: str) -> bool:
    try:
        await inbox(server, name, password)
    except imaplib.IMAP4.error as refusal:
        if "AUTHENTICATIONFAILED" not in str(refusal):
            raise
        return False
    return True


def _read(server: MailServer, name: str, password: str) -> list[EmailMessage]:
    reader = Reader(HOST, server.imaps, ssl_context=server.tls(), timeout=PATIENCE)
    try:
        reader.login(name, password)
        reader.select("INBOX", readonly=True)
        numbers = reader.search(None, "ALL")[1][0].split()
        fetched = [reader.fetch(number, "(RFC822)")[1][0] for number in numbers]
        return [parsed(part[1]) for part in fetched if isinstance(part, tuple)]
    finally:
        reader.logout()
