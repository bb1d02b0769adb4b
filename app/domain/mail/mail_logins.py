"""Logins at the mail server, as Dovecot asks about each one before it looks at the password, and reports it after.

They are counted in the portal's own counters (access/attempts.py), under the account ID, whether that or the mail address
was typed: ten guesses in all, through whichever door. An attempt is counted when Dovecot asks, so that guesses at the same
moment are ten too, and taken back when the password was right, or when nobody looked at it. One that is refused leaves
nothing counted, and only wrong passwords lock: right ones at the same moment are put off, and nobody is told of a lock.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable
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


@dataclass(frozen=True)
class Answer:
    """What Dovecot is to do with a login."""

    refused: bool = False
    """The password is not even looked at."""
    words: str = ""
    """Why, as any mail program can show it; "" where Dovecot's own words for a wrong password say it."""
    wait: int = 0
    """Seconds to let pass before it is looked at."""


async def allow(secret: bytes, login: MailLogin) -> Answer:
    """Whether the password may be looked at; if so the attempt is counted until it has ended.

    What may be a right app password is neither counted nor refused: it cannot be guessed, and so nobody who guesses
    keeps a member's mail programs out. What was wrong a moment ago is refused without a look and not counted again.
    """
    if not login.address:
        return Answer()
    whose = await _whose(login)
    if whose and whose["may_be_app"]:
        return Answer()
    if login.hint and await attempts.remembered(_same(secret, whose, login)):
        await _note(whose, login, limited=False)
        return Answer(refused=True)
    try:
        counted = await attempts.count_ahead(secret, _counted(whose, login), login.address)
    except TooMany as many:
        await _note(whose, login, limited=True, locked=many.locked)
        minutes = -(-many.wait // timedelta(minutes=1))
        return Answer(refused=True, words=f"Too many wrong passwords. Try again in {minutes} minutes.")
    return Answer(wait=math.ceil(attempts.SLOW) if counted.slow else 0)


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
    if was_counted:
        await attempts.failed(secret, _counted(whose, login), login.address)
        await attempts.remember(_same(secret, whose, login))
    else:
        await _count_late(secret, whose, login)
    # Told with the last guess, for who stops there, and not for what right passwords in flight fill for a moment.
    locked = await attempts.is_full(secret, _counted(whose, login))
    await _note(whose, login, limited=False, locked=locked)


async def _count_late(secret: bytes, whose: Any, login: MailLogin) -> None:
    """What looked like an app password was a guess after all; a full counter refuses the next one."""
    with contextlib.suppress(TooMany):
        await attempts.count(secret, _counted(whose, login), login.address, None)


async def _note(whose: Any, login: MailLogin, *, limited: bool, locked: bool = False) -> None:
    """In ログイン履歴 and the security log: a limit each time, also of nobody's name, the rest when it is noted."""
    if limited:
        _log(security_log.limit, whose, login, "limited")
    if not whose:
        return
    device = login_events.program(login.protocol, login.address)
    failure = Failure("account", whose["login"], device, limited, locked, login.protocol)
    if await login_events.note(failure) and not limited:
        _log(security_log.note, whose, login, "wrong")
    if locked:
        await alerts.locked(failure)


def _log(write: Callable[..., None], whose: Any, login: MailLogin, outcome: str) -> None:
    whom = (whose["contract"], whose["id"]) if whose else None
    write("mail-login", whom, outcome=outcome, network=networks.logged(login.address))


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


def _same(secret: bytes, whose: Any, login: MailLogin) -> bytes:
    """What a wrong password is remembered by: a program that was left with an old one tries it on and on.

    One in 4096 of all passwords looks like it, so whatever looks like it is refused and not let through uncounted. It is
    forgotten when what opens the mailbox changes: the password that was wrong may be the right one now.
    """
    opens = f"{whose['password_hash']} {whose['has_app']}" if whose else ""
    text = f"wrong {_counted(whose, login)} {opens} {login.hint} {networks.kept(login.address)}"
    return attempts.key(secret, text)


async def _whose(login: MailLogin) -> Any:
    """The account ID whose mailbox is meant, what opens that, and whether an app password of it has that hint; None: nobody's."""
    found = await database.rows(_WHOSE, login.name, login.hint)
    return found[0] if found else None


# SQL, because each login at the mail server waits for it, and for the alternative of two tables.
_WHOSE = """
SELECT who.contract, who.id, who.login, who.password_hash,
    EXISTS (SELECT FROM app_password own WHERE own.mailbox = box.id) AS has_app,
    EXISTS (SELECT FROM app_password own WHERE own.mailbox = box.id AND own.hint = $2) AS may_be_app
FROM (
    SELECT id FROM account WHERE login = $1
    UNION ALL SELECT account FROM mail_address WHERE address = $1 AND released_at IS NULL
) meant
JOIN account who ON who.id = meant.id AND who.deleted_at IS NULL
JOIN mailbox box ON box.account = who.id AND box.retired_at IS NULL
"""
