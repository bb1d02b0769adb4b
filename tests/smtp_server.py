"""A real mail server on the loopback (aiosmtpd), with a certificate of its own; it answers as a test tells it."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from unittest import mock

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from app.settings import Security, Smtp


@contextlib.contextmanager
def as_written() -> Iterator[list[str]]:
    """The addresses of commands as they came over the wire: what aiosmtpd hands on has lost its quotes."""
    seen: list[str] = []
    read = SMTP._getaddr

    def reading(server: SMTP, argument: str) -> Any:
        seen.append(argument.partition(">")[0].removeprefix("<"))
        return read(server, argument)

    with mock.patch.object(SMTP, "_getaddr", reading):
        yield seen


USER, PASSWORD = "mypage", "secret-of-smtp"
OK = "250 OK"


class MailServer:
    """What arrived, and what to answer: `to_sender`, `to_recipient` and `to_mail` may be replaced."""

    def __init__(self) -> None:
        self.envelopes: list[Envelope] = []
        self.encrypted: list[bool] = []
        self.logins: list[str] = []
        self._arrived = asyncio.Condition()
        self.port = 0
        self.security: Security = "none"
        self.to_sender: Callable[[str], str] = lambda _: OK
        self.to_recipient: Callable[[str], str] = lambda _: OK
        self.to_mail: Callable[[SMTP], str] = lambda _: OK

    @property
    def settings(self) -> Smtp:
        user, password = ("", "") if self.security == "none" else (USER, PASSWORD)
        return Smtp("127.0.0.1", self.port, user, password, self.security)

    @property
    def messages(self) -> list[EmailMessage]:
        """The mails that came whole, read as a mail program reads them."""
        return [message_from_bytes(envelope.content, policy=policy.default) for envelope in self.envelopes]  # type: ignore[arg-type]

    async def took(self, number: int) -> None:
        """Wait until so many mails came."""
        async with self._arrived:
            await self._arrived.wait_for(lambda: len(self.envelopes) >= number)

    # What aiosmtpd calls.

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Any, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self.to_sender(address)
        if answer == OK:
            envelope.mail_from = address
        return answer

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Any, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self.to_recipient(address)
        if answer == OK:
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Envelope) -> str:  # noqa: N802
        self.envelopes.append(envelope)
        self.encrypted.append(session.ssl is not None)
        async with self._arrived:
            self._arrived.notify_all()
        return self.to_mail(server)

    def log_in(self, server: SMTP, session: Any, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.logins.append(data.login.decode())
        return AuthResult(
            success=(data.login, data.password) == (USER.encode(), PASSWORD.encode()), handled=False
        )


@contextlib.asynccontextmanager
async def listening(
    folder: Path, security: Security = "none", *, good_for: timedelta = timedelta(hours=1)
) -> AsyncIterator[MailServer]:
    """A mail server on a port of its own; with TLS its certificate is in `folder` / "certificate.pem"."""
    loop = asyncio.get_running_loop()
    answering = MailServer()
    context = None if security == "none" else tls(folder, good_for)
    options: dict[str, Any] = {"hostname": "mail.example.jp", "loop": loop}
    if security != "none":
        options |= {"auth_required": True, "authenticator": answering.log_in}
    if security == "starttls":
        options |= {"tls_context": context, "require_starttls": True}
    if security == "tls":
        options |= {"auth_require_tls": False}  # it does not see that the whole connection is TLS
    server = await loop.create_server(
        lambda: SMTP(answering, **options), "127.0.0.1", 0, ssl=context if security == "tls" else None
    )
    answering.port, answering.security = server.sockets[0].getsockname()[1], security
    try:
        yield answering
    finally:
        server.close()
        await server.wait_closed()


def tls(folder: Path, good_for: timedelta) -> ssl.SSLContext:
    """A context with a new self-signed certificate for 127.0.0.1, which lies in `folder` / "certificate.pem"."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mail.example.jp")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + good_for)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    files = folder / "certificate.pem", folder / "key.pem"
    files[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    files[1].write_bytes(key.private_bytes(encoding, form, serialization.NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*files)
    return context
