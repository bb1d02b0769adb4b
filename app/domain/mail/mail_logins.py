"""Logins at the mail server, as Dovecot asks about each one before it looks at the password, and reports it after.

They are counted in the portal's own counters (access/attempts.py), under the account ID, whether that or the mail address
was typed: ten guesses in all, through whichever door. An attempt is counted when Dovecot asks, so that guesses at the same
moment are ten too, and taken back when the password was right, or when nobody looked at it.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from app import security_log
from app.domain import clock, networks, tables
from app.domain.access import attempts, login_events
from app.domain.access.attempts import TooMany
from app.domain.access.login_events import Failure
from app.domain.letters import alerts
from app.postgres import database

USE_IS_NOTED = timedelta(minutes=5)
"""The last use of an app password is noted once in so long: mail programs ask every few minutes."""


@dataclass(frozen=True)
class MailLogin:
    """Somebody who wants in at the mail server."""

    typed: str
    """The user name as it was typed: an account ID or a mail address."""
    address: str
    """Where it comes from; "" for the operator's own test (`doveadm auth test`), of which nothing is kept."""
    protocol: str
    """imap or smtp, as Dovecot calls them."""
    hint: str
    """A few bits of the password that was typed (app_passwords.hint)."""

    @property
    def name(self) -> str:
        """As Dovecot looks for it."""
        return self.typed.lower()


@dataclass(frozen=True)
class Outcome:
    """What became of it."""

    success: bool
    refused: bool
    """By us, before the password was looked at."""
    looked_at: bool
    """Dovecot knew whose mailbox it is; not so while it cannot reach the database."""
    app: int | None = None
    """Key of the app password that was right; 0: the portal's."""


async def refusal(secret: bytes, login: MailLogin) -> str:
    """Why the password is not even looked at, in words that any mail program can show; "" if it may be.

    What may be a right app password is neither counted nor refused: it cannot be guessed, and so nobody who guesses
    keeps a member's mail programs out.
    """
    if not login.address:
        return ""
    whose = await _whose(login)
    if whose and whose["may_be_app"]:
        return ""
    try:
        await attempts.count(secret, _counted(whose, login), login.address, None)
    except TooMany as many:
        await attempts.forgive(secret, _counted(whose, login), login.address)
        await _note(whose, login, limited=True)
        minutes = -(-many.wait // timedelta(minutes=1))
        return f"Too many wrong passwords. Try again in {minutes} minutes."
    return ""


async def ended(secret: bytes, login: MailLogin, outcome: Outcome) -> None:
    """Note how it ended: a right password takes its attempt back, a wrong one goes into ログイン履歴."""
    if not login.address or outcome.refused:
        return
    if outcome.success and outcome.app:
        await _used(outcome.app, login.protocol)
        return
    whose = await _whose(login)
    was_counted = not (whose and whose["may_be_app"])
    if outcome.success or (whose and not outcome.looked_at):
        if was_counted:
            await attempts.withdraw(secret, _counted(whose, login), login.address)
        return
    if not was_counted:
        await _count_late(secret, whose, login)
    # Told by what was wrong, not by what was refused: right passwords in flight fill the counter for a moment, too.
    locked = await attempts.is_full(secret, _counted(whose, login))
    await _note(whose, login, limited=False, locked=locked)


async def _count_late(secret: bytes, whose: Any, login: MailLogin) -> None:
    """What looked like an app password was a guess after all; a full counter refuses the next one."""
    with contextlib.suppress(TooMany):
        await attempts.count(secret, _counted(whose, login), login.address, None)


async def _note(whose: Any, login: MailLogin, *, limited: bool, locked: bool = False) -> None:
    network = networks.logged(login.address)
    if limited:
        security_log.limit("mail-login", outcome="limited", network=network)
    else:
        security_log.note("mail-login", outcome="wrong", network=network)
    if not whose:
        return
    device = login_events.program(login.protocol, login.address)
    failure = Failure("account", whose["login"], device, limited, locked, login.protocol)
    await login_events.note(failure)
    if locked:
        await alerts.locked(failure)


async def _used(app: int, protocol: str) -> None:
    own, now = tables.AppPassword, clock.now()
    long_ago = own.used_at.is_null() | (own.used_at < now - USE_IS_NOTED) | (own.used_over != protocol)
    await own.update({own.used_at: now, own.used_over: protocol}).where(own.id == app).where(long_ago)


def _counted(whose: Any, login: MailLogin) -> str:
    """The counter of a mailbox is the one of its account ID at the portal (web/visit.py).

    A name without a mailbox has one of its own, so that it is refused as any other: nobody learns that it has none, and a
    mail program that goes on asking for a mailbox that was given up locks no login of the portal.
    """
    return f"account {whose['login']}" if whose else f"mail {login.name}"


async def _whose(login: MailLogin) -> Any:
    """The account ID whose mailbox is meant, and whether it has an app password with that hint; None: nobody's."""
    found = await database.rows(_WHOSE, login.name, login.hint)
    return found[0] if found else None


# SQL, because each login at the mail server waits for it, and for the alternative of two tables.
_WHOSE = """
SELECT who.login, EXISTS (SELECT FROM app_password own WHERE own.mailbox = box.id AND own.hint = $2) AS may_be_app
FROM (
    SELECT id FROM account WHERE login = $1
    UNION ALL SELECT account FROM mail_address WHERE address = $1 AND released_at IS NULL
) meant
JOIN account who ON who.id = meant.id AND who.deleted_at IS NULL
JOIN mailbox box ON box.account = who.id AND box.retired_at IS NULL
"""
