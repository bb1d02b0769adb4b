"""Mail delivery has two: over SMTP to the operator's mail server, and the demo's, whose mails are only shown."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import TYPE_CHECKING

import aiosmtplib
from email_validator import EmailNotValidError, validate_email

from app.domain import clock, fields
from app.domain.letters.outbox import Away, DueMail, NotNow, RefusedForGood, Send

if TYPE_CHECKING:
    from app import settings

PATIENCE = 30.0
"""Seconds for reaching the mail server, and for each mail then; both together end well before a lease does."""
GOODBYE = 2.0
"""Seconds that a mail server has to answer QUIT."""


def delivery(operator: str, mail: settings.Mail) -> AbstractAsyncContextManager[Send]:
    """The delivery of one round, as the settings say; it connects when the first mail is sent."""
    return over_smtp(operator, mail.sender, mail.server) if mail.server else in_the_demo()


@contextlib.asynccontextmanager
async def in_the_demo() -> AsyncIterator[Send]:
    """Every mail is delivered by being there: it is read at /demo/mailbox."""

    async def send(_: DueMail) -> None:
        """Nothing goes anywhere."""

    yield send


@contextlib.asynccontextmanager
async def over_smtp(operator: str, address: str, server: settings.Smtp) -> AsyncIterator[Send]:
    """One connection to the mail server for the mails of a round."""
    connected = client(server)

    async def send(mail: DueMail) -> None:
        recipient = _one_address(mail.recipient)
        message = composed(mail, Address(operator, addr_spec=address), recipient)
        await _connect(connected)
        await _hand_over(connected, address, recipient, message.as_bytes(policy=SMTP))

    try:
        yield send
    finally:
        await _say_goodbye(connected)


def client(server: settings.Smtp, *, patience: float = PATIENCE) -> aiosmtplib.SMTP:
    """How that mail server is spoken to; it connects and logs in with `connect`. `patience`: seconds for each answer."""
    return aiosmtplib.SMTP(
        hostname=server.host,
        port=server.port,
        username=server.user or None,
        password=server.password or None,
        use_tls=server.security == "tls",
        start_tls=server.security == "starttls",
        tls_context=None if server.security == "none" else ssl.create_default_context(),
        timeout=patience,
    )


def composed(mail: DueMail, sender: Address, recipient: str) -> EmailMessage:
    """The message as it is sent: UTF-8 in base64, since ISO-2022-JP has neither 髙 nor ①. Raises RefusedForGood.

    The recipient is a text: an Address would lose the quotes that some local parts need.
    """
    message = EmailMessage()
    try:
        message["From"] = sender
        message["To"] = recipient
        message["Subject"] = mail.subject
        message["Date"] = format_datetime(mail.posted_at.astimezone(clock.TOKYO))
        message["Message-ID"] = mail.message_id
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(mail.body, charset="utf-8", cte="base64")
    except ValueError as error:  # a line break in a header
        raise RefusedForGood(f"no mail can be made of it: {error}") from error
    return message


def _one_address(text: str) -> str:
    """The address in ASCII, as SMTP takes it. Raises RefusedForGood unless it is one, and only one."""
    sent = fields.as_sent(text)
    try:
        found = validate_email(
            sent,
            check_deliverability=False,
            allow_smtputf8=False,
            globally_deliverable=False,
            allow_quoted_local=sent != text,
        )
    except EmailNotValidError as error:
        raise RefusedForGood(f"not a mail address: {error}") from error
    return found.ascii_email or found.normalized


async def _connect(client: aiosmtplib.SMTP) -> None:
    """Connect and log in, unless that was done for the mail before. Raises Away."""
    if client.is_connected:
        return
    try:
        async with asyncio.timeout(PATIENCE):
            await client.connect()
    except (aiosmtplib.SMTPException, OSError) as error:  # TimeoutError is an OSError
        raise Away(f"the mail server cannot be used: {error!r}") from error


async def _hand_over(client: aiosmtplib.SMTP, sender: str, recipient: str, message: bytes) -> None:
    try:
        async with asyncio.timeout(PATIENCE):
            await client.sendmail(sender, [recipient], message)
    except aiosmtplib.SMTPRecipientsRefused as error:
        raise _answered(error.recipients[0]) from error
    except aiosmtplib.SMTPDataError as error:
        raise _answered(error) from error
    except aiosmtplib.SMTPSenderRefused as error:
        raise Away(
            f"the mail server does not take mails from {sender}: {error.code} {error.message}"
        ) from error
    except (aiosmtplib.SMTPException, OSError) as error:
        client.close()  # in the middle of a mail: nobody knows what it would answer to
        raise NotNow(f"the connection failed: {error!r}") from error


def _answered(error: aiosmtplib.SMTPResponseException) -> Exception:
    """5xx is for good, 4xx for now (RFC 5321, 4.2.1)."""
    said = f"{error.code} {error.message}"
    return RefusedForGood(said) if 500 <= error.code <= 599 else NotNow(said)


async def _say_goodbye(client: aiosmtplib.SMTP) -> None:
    if not client.is_connected:
        return
    with contextlib.suppress(aiosmtplib.SMTPException, OSError):  # every mail of it is noted already
        await client.quit(timeout=GOODBYE)
    client.close()
