"""パスワードをお忘れの方: a link to an address that is registered, and the new password that it sets (spec 18).

Whoever asks gets one answer. All of this is done when that answer is sent, and silently, so that neither words nor time
tell which login exists, which address it has, or which limit is reached. Opening the link changes nothing: mail scanners
do that. It asks for no login, on any device, and opens none: a second factor is asked at the login that follows.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import logging
import secrets
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from app import security_log
from app.domain import clock, installation, networks, tables
from app.domain.access import logins, members
from app.domain.access.login_events import Device
from app.domain.access.logins import Owner
from app.domain.access.members import Member
from app.domain.access.names import Name
from app.domain.changes import asking
from app.domain.changes.words import Refused
from app.domain.letters import outbox
from app.domain.people import new_password
from app.domain.people.contact_address import link_hash
from app.postgres import database

VALID = timedelta(minutes=30)
OPEN_AGAIN = "メールのリンクを、もう一度開いてください。パスワードは、まだ変わっていません。"
"""Instead of a link: the page was opened without one."""
UNUSABLE = (
    "このリンクは使えません。30分の有効期間が過ぎたか、すでに使われたか、新しいメールが送られたか、"
    "その後にパスワードが変更されたか、アカウントIDが削除された可能性があります。"
)

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
FROM_ONE_PLACE = 20
"""Requests in an hour from one address, whatever they ask for; one household's IPv6 /64 is one."""
FOR_ONE_LOGIN = 5
"""Requests in an hour for one login from one such place: who asks from elsewhere is not held up by them."""
TO_ONE_ADDRESS = 3
"""Mails in a day to one mail address that one such place, or one browser that knows the login, may cause."""
TO_ONE_ADDRESS_BY_ALL = 12
"""Mails in a day to one mail address, whoever asks; a browser that knows the login still gets its own."""

log = logging.getLogger("mypage")


# --- asking for the link ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Lost:
    """What was typed: whose password is lost, and where its owner says to be reached."""

    name: Name
    email: str


async def mail_link(
    lost: Lost, secret: bytes, address: str, known: Callable[[Owner | None], str | None]
) -> None:
    """Mail the link if the address is one of the owner's, and no limit is reached; an earlier link is dead then.

    `secret`: what counters are keyed with; `address`: of the caller; `known`: his browser, if it knows the owner's login.
    """
    try:
        owner = await logins.find(lost.name.by, lost.name.name)
        browser = known(owner)
        outcome = await _mail_link(
            secret, lost, owner, browser or networks.counted(address), known=bool(browser)
        )
    except Exception as error:
        log.error("a link for a new password could not be mailed", exc_info=database.without_detail(error))
        return
    whom = (owner.contract, owner.account) if owner and outcome != "unknown" else None
    write = security_log.limit if outcome == "limited" else security_log.note
    write("password-link", whom, outcome=outcome, network=networks.logged(address))


async def _mail_link(secret: bytes, lost: Lost, owner: Owner | None, place: str, *, known: bool) -> str:
    """What came of it. What refuses it ends the counting: who asks too often uses up nothing of anybody else's."""
    if not (
        await _within(secret, f"from {place}", FROM_ONE_PLACE, HOUR)
        and await _within(secret, f"login {lost.name.login} from {place}", FOR_ONE_LOGIN, HOUR)
    ):
        return "limited"
    email = await _registered(owner, lost.email) if owner else None
    if owner is None or email is None:
        return "unknown"
    if not (
        await _within(secret, f"mail {email} from {place}", TO_ONE_ADDRESS, DAY)
        and (known or await _within(secret, f"mail {email}", TO_ONE_ADDRESS_BY_ALL, DAY))
    ):
        return "limited"
    await _post(owner, lost.name, email)
    return "mailed"


async def _registered(owner: Owner, typed: str) -> str | None:
    """The address as it is registered: 連絡用メールアドレス, or the account ID's own of another company.

    Not one of ours, which the lost password opens.
    """
    (row,) = await database.rows(_ADDRESSES, owner.contract, owner.account)
    known: list[str] = [row["email"], row["other_address"]]
    return next((one for one in known if one and one.casefold() == typed.casefold()), None)


async def _post(owner: Owner, name: Name, email: str) -> None:
    now, token = clock.now(), secrets.token_urlsafe(32)
    async with database.engine().transaction():
        await database.rows(_RENEW, owner.contract, owner.account, link_hash(token), owner.mark, now)
        url = f"{installation.base_url()}/forgotten/new?token={token}"
        await outbox.post(owner.contract, [email], "forgotten", login=name.in_words, moment=now, url=url)


# SQL for a look at two tables, of which the second may have no row.
_ADDRESSES = """
SELECT c.email, a.other_address FROM contract c LEFT JOIN account a ON a.contract = c.id AND a.id = $2 WHERE c.id = $1
"""
# SQL for an upsert on a key with NULL in it.
_RENEW = """
INSERT INTO password_link (contract, account, token_hash, mark, asked_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (contract, account) DO UPDATE SET token_hash = $3, mark = $4, asked_at = $5
"""


async def _within(secret: bytes, what: str, most: int, window: timedelta) -> bool:
    """Count once more; whether it is within its limit."""
    now, key = clock.now(), hmac.digest(secret, f"forgotten {what}".encode(), hashlib.sha256)
    (counted,) = await database.rows(_COUNT, key, now + window, now)
    return bool(counted["times"] <= most)


# SQL for a counter that is read and moved on in one statement.
_COUNT = """
INSERT INTO asked_count (key, times, until) VALUES ($1, 1, $2)
ON CONFLICT (key) DO UPDATE SET
    times = CASE WHEN asked_count.until <= $3 THEN 1 ELSE asked_count.times + 1 END,
    until = CASE WHEN asked_count.until <= $3 THEN $2 ELSE asked_count.until END
RETURNING times
"""


async def tidy(now: datetime) -> None:
    """Forget links that are too old, and counters that count no more."""
    await tables.PasswordLink.delete().where(tables.PasswordLink.asked_at < now - VALID)
    await database.rows(_FORGET, now)


_FORGET = """
DELETE FROM asked_count WHERE key IN (SELECT key FROM asked_count WHERE until <= $1 FOR UPDATE SKIP LOCKED)
"""  # a counter that is being counted on is left alone: waiting for it could be a deadlock


# --- answering it -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PasswordLink:
    """A link that is good now, and whose login it is for."""

    owner: Owner
    name: Name


async def of_link(token: str) -> PasswordLink | None:
    """None for a link that is used, too old or replaced, whose login is gone, or has another password since."""
    found = await database.rows(_OF_LINK, link_hash(token), clock.now() - VALID)
    if not found or logins.mark(found[0]["password_hash"]) != found[0]["mark"]:
        return None
    row = found[0]
    name = Name("account", row["login"]) if row["login"] else Name("customer", row["customer_number"])
    return PasswordLink(Owner(row["contract"], row["account"], row["password_hash"]), name)


async def member_of(link: PasswordLink) -> Member:
    """Who would have the new password, to judge it by. Raises Refused when the login is gone."""
    async with _as_member(link, Device("", "")) as member:
        return member


async def set_new(token: str, password_hash: str, device: Device) -> PasswordLink:
    """Give the link's login its new password, once: every session of the login ends, all are told. Nobody is logged in.

    Raises Refused, and then nothing is done.
    """
    async with database.engine().transaction():
        link = await of_link(token)
        if link is None:
            raise Refused(UNUSABLE)
        owner = link.owner
        await tables.Contract.lock(owner.contract)
        if not await _take(token) or await _changed(link):
            raise Refused(UNUSABLE)
        async with _as_member(link, device) as member:
            await database.rows(_NOTHING_PENDING, owner.contract, owner.account)
            change = new_password.change_of(member, password_hash, "link", device)
            await asking.confirm(member, await asking.ask(member, change))
    return link


# SQL for IS NOT DISTINCT FROM: what somebody else asked for with this login is confirmed by nobody any more.
_NOTHING_PENDING = """
DELETE FROM change WHERE contract = $1 AND account IS NOT DISTINCT FROM $2 AND applied_at IS NULL
"""


@contextlib.asynccontextmanager
async def _as_member(link: PasswordLink, device: Device) -> AsyncIterator[Member]:
    """The member of the link's login, by a session that nobody else sees and that is over at the end."""
    now, owner = clock.now(), link.owner
    async with database.engine().transaction():
        session = tables.Session(
            token_hash=secrets.token_bytes(32),
            contract=owner.contract,
            account=owner.account,
            opened_at=now,
            seen_at=now,
            browser=device.browser,
            network=device.network,
        )
        await session.save()
        member = await members.find(session.token_hash)
        if member is None or member.deleted:
            raise Refused(UNUSABLE)
        yield member
        await logins.end_session(session.token_hash)


async def _take(token: str) -> bool:
    its_row = tables.PasswordLink.token_hash == link_hash(token)
    return bool(await tables.PasswordLink.delete().where(its_row).returning(tables.PasswordLink.id))


async def _changed(link: PasswordLink) -> bool:
    """Whether the password is another one than when the link was looked at."""
    owner = await logins.find(link.name.by, link.name.name)
    return owner is None or owner.mark != link.owner.mark


# SQL for joins from the child's end, of which the second may have no row.
_OF_LINK = """
SELECT k.contract, k.account, k.mark, c.customer_number, a.login, coalesce(a.password_hash, c.password_hash) AS password_hash
FROM password_link k JOIN contract c ON c.id = k.contract LEFT JOIN account a ON a.id = k.account
WHERE k.token_hash = $1 AND k.asked_at > $2 AND a.deleted_at IS NULL
"""
