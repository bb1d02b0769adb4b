"""ログイン履歴: logins and failed ones of a contract, and its open sessions, which can be ended from there.

Of a device no more is kept than its owner needs to know it again: the browser in words, and the address without its
last part. Failures of names that nobody has are not kept at all.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from app.domain import clock, networks, tables
from app.domain.access import members
from app.domain.access.attempts import WINDOW
from app.domain.access.matrix import Role
from app.domain.access.members import Member
from app.domain.json_objects import json_list, json_object
from app.postgres import database

SHOWN = 100
"""Logins on the page."""
RESULTS = {
    "ok": "成功",
    "wrong": "失敗（パスワードの誤り）",
    "limited": "失敗（回数の制限）",
    "unfinished": "未完了（パスワードは一致、2段階認証なし）",
    "code-wrong": "失敗（パスワードは一致、2段階認証の誤り）",
}
MAIL_RESULTS = {"wrong": "失敗（メールソフト）", "limited": "失敗（メールソフト、回数の制限）"}
"""Of logins at the mail server, which tells of no others."""
PROTOCOLS = {"imap": "メールソフト（受信：IMAP）", "smtp": "メールソフト（送信：SMTP）"}
"""What is kept as the browser of a login at the mail server, by Dovecot's name of its protocol."""
AGAIN = timedelta(hours=1)
"""A mail program tries a password that was changed on and on: its failures are noted once in so long, by protocol and network."""

log = logging.getLogger("mypage")


@dataclass(frozen=True)
class Device:
    """What is kept of whoever logs in."""

    browser: str
    network: str


def device(user_agent: str, address: str) -> Device:
    """From the User-Agent header and the address of the request."""
    return Device(_browser(user_agent), networks.kept(address))


def program(protocol: str, address: str) -> Device:
    """A mail program, from Dovecot's name of the protocol and the address that the mail server was called from."""
    return Device(PROTOCOLS.get(protocol, f"メールソフト（{protocol.upper()}）"), networks.kept(address))


_BROWSERS = (
    *(("Edg", "Edge"), ("OPR/", "Opera"), ("SamsungBrowser", "Samsung Internet")),
    *(("FxiOS", "Firefox"), ("Firefox", "Firefox"), ("CriOS", "Chrome"), ("Chrome", "Chrome")),
    ("Safari", "Safari"),
)
_SYSTEMS = (
    *(("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows")),
    *(("CrOS", "ChromeOS"), ("Macintosh", "Mac"), ("Linux", "Linux")),
)
"""The first one that a User-Agent holds is meant: later ones stand in the earlier ones' too."""


def _browser(user_agent: str) -> str:
    browser = next((name for mark, name in _BROWSERS if mark in user_agent), "不明なブラウザー")
    system = next((name for mark, name in _SYSTEMS if mark in user_agent), "")
    return f"{browser}（{system}）" if system else browser


@dataclass(frozen=True)
class Failure:
    """A login that was refused, by a name that may be nobody's."""

    by: Literal["customer", "account"]
    name: str
    device: Device
    limited: bool = False
    """Refused unseen, because there were too many before: noted once for each time that counting lasts."""
    locked: bool = False
    """Nobody but browsers that know the login can log in with it for a while: its owner is told (letters/alerts.py)."""
    protocol: str = ""
    """Of a login at the mail server, as Dovecot calls it; "" at the portal."""
    factor: bool = False
    """The password was right: it was the second factor that was wrong."""
    step: bool = False
    """Somebody is logged in and was asked for the password again."""

    @property
    def result(self) -> str:
        """As it is kept."""
        return "limited" if self.limited else "code-wrong" if self.factor else "wrong"


async def note(failure: Failure) -> bool:
    """Keep it if the name is somebody's and it is not kept yet; whether it was.

    Called when the answer is sent, so that its time tells nothing of the name.
    """
    now = clock.now()
    try:
        kept = await database.rows(
            _FAILED,
            *(failure.by, failure.name, now, failure.result),
            *(failure.device.browser, failure.device.network, now - WINDOW),
            *(failure.protocol, now - AGAIN),
        )
    except Exception as error:
        log.error("a failed login could not be noted", exc_info=database.without_detail(error))
        return False
    return bool(kept)


# SQL for INSERT … SELECT: whose name it is and whether it is noted already are found in the statement that notes it.
_FAILED = """
WITH meant AS (
    SELECT id AS contract, NULL::bigint AS account FROM contract WHERE $1::text = 'customer' AND customer_number = $2
    UNION ALL
    SELECT contract, id FROM account WHERE $1::text = 'account' AND login = $2 AND deleted_at IS NULL
)
INSERT INTO login_event (contract, account, at, result, browser, network, protocol)
SELECT contract, account, $3, $4::text, $5, $6::text, $8::text FROM meant
WHERE $4::text = 'wrong' AND $8::text = '' OR NOT EXISTS (
    SELECT FROM login_event e WHERE e.contract = meant.contract AND e.account IS NOT DISTINCT FROM meant.account
        AND e.result = $4::text AND CASE $4::text WHEN 'limited' THEN e.at > $7
            ELSE e.at > $9 AND e.protocol = $8::text AND e.network = $6::text END
)
RETURNING 1
"""


# --- the page ---------------------------------------------------------------------------------------------------------


class OpenSession(msgspec.Struct, frozen=True):
    """Somebody who is logged in now; `login` None: with the customer number."""

    id: int
    login: str | None
    opened_at: datetime
    seen_at: datetime
    browser: str
    network: str
    own: bool
    """The session that asks."""


class Event(msgspec.Struct, frozen=True):
    """A login, or a failed one."""

    at: datetime
    login: str | None
    result: str
    browser: str
    network: str
    protocol: str

    @property
    def outcome(self) -> str:
        """How it ended, in words."""
        return (MAIL_RESULTS if self.protocol else RESULTS)[self.result]


@dataclass(frozen=True)
class Logins:
    """The open sessions and the last SHOWN logins that the member may see, newest first."""

    sessions: list[OpenSession]
    events: list[Event]


async def of(member: Member) -> Logins:
    """The contract's, or a user-role member's own."""
    now = clock.now()
    found = await database.rows(
        _OF_MEMBER,
        *_seen_by(member),
        *(member.token_hash, now - members.IDLE, now - members.LIFETIME, SHOWN),
    )
    return Logins(_sessions.decode(found[0]["sessions"]), _events.decode(found[0]["events"]))


async def end(member: Member, session: int) -> None:
    """End another session that the member may see; one that has ended meanwhile, or is nobody's, is over anyway."""
    another = tables.Session.delete().where(
        tables.Session.contract == member.contract.id,
        tables.Session.id == session,
        tables.Session.token_hash != member.token_hash,
    )
    if member.role is Role.USER:
        another = another.where(tables.Session.account == member.account_id)
    await another


def _seen_by(member: Member) -> tuple[int, bool, int | None]:
    return member.contract.id, member.role is not Role.USER, member.account_id


_SESSION = json_object(OpenSession, tables.Session, "s", login="a.login", own="s.token_hash = $4")
_EVENT = json_object(Event, tables.LoginEvent, "e", login="a.login")
_SESSIONS = """FROM session s LEFT JOIN account a ON a.id = s.account
    WHERE s.contract = $1 AND ($2 OR s.account = $3) AND s.seen_at > $5 AND s.opened_at > $6"""
# One round trip for both lists, as JSON.
_OF_MEMBER = f"""
SELECT {json_list(_SESSION, _SESSIONS, "s.token_hash = $4 DESC, s.opened_at DESC, s.id")} AS sessions, (
    SELECT coalesce(json_agg(last.event), '[]') FROM (
        SELECT {_EVENT} AS event FROM login_event e LEFT JOIN account a ON a.id = e.account
        WHERE e.contract = $1 AND ($2 OR e.account = $3) ORDER BY e.at DESC, e.id DESC LIMIT $7
    ) AS last
) AS events
"""  # noqa: S608 - constants
_sessions = msgspec.json.Decoder(list[OpenSession])
_events = msgspec.json.Decoder(list[Event])
