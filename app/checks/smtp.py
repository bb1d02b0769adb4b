"""The mail server that takes the portal's mails: reached, with TLS, logged in to, and asked whether it would take one."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator

import aiosmtplib

from app import settings
from app.checks import certificates
from app.checks.finding import Finding, Looked, failure, ok, warning
from app.mailing import transport

CHECK = "mail server"
PATIENCE = 4.0
"""Seconds for all that is said to it."""
WHY = "no mail of the portal leaves"


def server(looked: Looked) -> Iterator[Finding]:
    """Nothing is sent: after MAIL FROM and RCPT TO comes RSET."""
    chosen = looked.settings
    if chosen is None or chosen.mail.server is None:
        return
    yield from asyncio.run(_asked(chosen.mail.sender, chosen.mail.server))


async def _asked(sender: str, given: settings.Smtp) -> list[Finding]:
    client = transport.client(given, patience=PATIENCE)
    where = f"{given.host}, port {given.port}"
    try:
        async with asyncio.timeout(PATIENCE):
            await client.connect()
            found = [ok(CHECK, f"{where}: {_said(given)}")]
            found += _certificate(client, where)
            found += await _would_take(client, sender)
            await client.quit()
    except aiosmtplib.SMTPAuthenticationError as error:
        what = f"{where} refuses the login of {given.user}: {error.code} {error.message}"
        return [
            failure(CHECK, what, WHY, "mend MYPAGE_SMTP_USER and MYPAGE_SMTP_PASSWORD, or the account there")
        ]
    except (aiosmtplib.SMTPException, OSError) as error:  # TimeoutError is an OSError
        return [_away(where, given, error)]
    finally:
        client.close()
        await asyncio.sleep(0)  # the connection is closed by the loop, which ends with this
    return found


def _said(given: settings.Smtp) -> str:
    ways = {"starttls": "STARTTLS", "tls": "TLS", "none": "no TLS, on this machine"}
    return f"{ways[given.security]}, {'login' if given.user else 'no login'}"


def _away(where: str, given: settings.Smtp, error: Exception) -> Finding:
    cause: BaseException | None = error
    while cause and not isinstance(cause, ssl.SSLError):
        cause = cause.__cause__ or cause.__context__
    if isinstance(cause, ssl.SSLError):
        what, remedy = certificates.explained(cause)
        return failure(CHECK, f"{where}: {what}", WHY, remedy)
    what = str(error) or f"no answer within {PATIENCE:.0f} seconds"
    remedy = (
        "start it, let this machine in, or mend MYPAGE_SMTP_HOST, MYPAGE_SMTP_PORT and MYPAGE_SMTP_SECURITY"
    )
    return failure(CHECK, f"{where} cannot be used by {given.security}: {what}", WHY, remedy)


def _certificate(client: aiosmtplib.SMTP, where: str) -> list[Finding]:
    tls = client.get_transport_info("ssl_object")
    return [*certificates.end(CHECK, where, tls.getpeercert())] if isinstance(tls, ssl.SSLObject) else []


async def _would_take(client: aiosmtplib.SMTP, sender: str) -> list[Finding]:
    """Whether it takes mails from the portal's address, and to it, where bounces go."""
    try:
        await client.mail(sender)
    except aiosmtplib.SMTPResponseException as error:
        what = f"it takes no mail from {sender}: {error.code} {error.message}"
        return [
            failure("sender's address", what, WHY, "let its account send as MYPAGE_MAIL_FROM, or change that")
        ]
    try:
        await client.rcpt(sender)
    except aiosmtplib.SMTPResponseException as error:
        what = f"it takes mails from {sender}, and none to it: {error.code} {error.message}"
        why = "mails that cannot be delivered come back there, and members answer to it"
        return [warning("sender's address", what, why, "make a mailbox or an alias for MYPAGE_MAIL_FROM")]
    finally:
        await client.rset()
    return [ok("sender's address", f"{sender} is taken")]
