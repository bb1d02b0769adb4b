"""The portal's own mail: stored in the transaction of the change that it tells of, delivered afterwards.

`post` renders a mail and keeps it, so that there is no mail without its change and no change without its mail.
`deliver_due` sends what is due: each mail by one deliverer at a time, again after a failure, and after a kill between
sending and noting it a second time with the same Message-ID.
"""

from __future__ import annotations

import random
import re
import unicodedata
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum, auto
from pathlib import Path

import jinja2
from piccolo.custom_types import Combinable

from app.branding import BRAND
from app.domain import clock, holders, installation, tables
from app.domain.access.matrix import ROLE_NAMES
from app.domain.access.members import Member
from app.domain.letters import by_date
from app.postgres import database

CHANNEL = "mypage_outbox"
"""A commit that posted a mail notifies it, so that the deliverer wakes."""


def sender() -> installation.Sender:
    """Who writes. Raises RuntimeError when no sender was handed over at start."""
    return installation.sender()


def done_by(member: Member) -> str:
    """The member, as a mail names who did it (the fact `by`)."""
    if member.own is None:
        return "お客様番号でログインした方"
    return f"アカウントID「{member.own.login}」（{ROLE_NAMES[member.own.role]}）でログインした方"


# --- posting ----------------------------------------------------------------------------------------------------------


async def post(
    contract: int, recipients: Iterable[str], mail: str, /, *, reads: object = "", **facts: object
) -> None:
    """Store the mail partials/mails/<mail>.txt once for each distinct recipient; it leaves when the caller commits.

    It begins with the name of whoever reads at that address: the contractor, or the person of an account ID. `reads`: who
    does where the address is not registered; else that is the contractor.

    A fact is a word, a number, a day or a moment (shown in Asia/Tokyo), in one line, or a tuple of them,
    a line each; `by` says who did it. Raises
    RuntimeError outside a transaction, ValueError for a fact that no mail may carry.
    """
    by_date.refuse(mail)
    await _post(contract, recipients, mail, facts, reads=str(reads))


async def post_due(
    contract: int, recipients: Iterable[str], mail: str, due: datetime, /, **facts: object
) -> None:
    """As `post`, of a mail that leaves because a day has come, `due`: not at all where that was before the portal could
    tell it (by_date.py)."""
    await _post(contract, recipients, mail, facts, due=due)


async def _post(
    contract: int,
    recipients: Iterable[str],
    mail: str,
    facts: dict[str, object],
    *,
    reads: str = "",
    due: datetime | None = None,
) -> None:
    if database.engine().current_transaction.get() is None:
        raise RuntimeError(f"the mail {mail} was posted outside the transaction of its change")
    now = clock.now()
    subject, body = rendered(mail, now, facts)
    told = list(dict.fromkeys(filter(None, recipients)))
    if not told:
        return
    domain = sender().address.rpartition("@")[2]
    identities = [f"<{uuid.uuid4()}@{domain}>" for _ in told]
    held_at = now if sender().held else None
    of_mail = contract, subject, body, now, told, identities, CHANNEL, reads
    posted = await database.rows(_POST, *of_mail, due, mail, held_at)
    if posted and (noted := _noted.get()) is not None:
        noted.extend(told)


_noted: ContextVar[list[str] | None] = ContextVar("noted", default=None)


@contextmanager
def noting() -> Iterator[list[str]]:
    """The addresses that mails are posted to in the block."""
    addresses: list[str] = []
    before = _noted.set(addresses)
    try:
        yield addresses
    finally:
        _noted.reset(before)


# SQL for a row for each recipient with the name of whom it is for, and for the bell, in one statement. An address that is
# not registered yet, or no more, is the contractor's unless an account ID had it.
_POST = f"""
WITH people AS (
    SELECT a.family || ' ' || a.given AS name, a.other_address, m.address, f.address AS former, a.deleted_at, a.id
    FROM account a
    LEFT JOIN mail_address m ON m.account = a.id
    LEFT JOIN former_address f ON f.account = a.id
    WHERE a.contract = $1
), posted AS (
    INSERT INTO outbox (contract, recipient, subject, body, message_id, posted_at, due_at, tries, kind, held_at)
    SELECT $1, one.recipient, $2, coalesce(
            (SELECT p.name || ' 様' FROM people p
                WHERE one.recipient IN (p.other_address, p.address, p.former) AND one.recipient <> c.email
                ORDER BY p.deleted_at IS NOT NULL, p.former IS NOT DISTINCT FROM one.recipient, p.id LIMIT 1),
            nullif($8, '') || ' 様', {holders.ADDRESSED}
        ) || E'\n\n' || $3, one.message_id, $4, $4, 0, $10, $11
    FROM unnest($5::text[], $6::text[]) AS one (recipient, message_id), contract c
    WHERE c.id = $1 AND ({by_date.IN_TIME})
    RETURNING 1
)
SELECT pg_notify($7, '') FROM posted LIMIT 1
"""  # noqa: S608 - constants


NOTHING_DONE = frozenset(
    {"contact-address-check", "paper-sent", "payment-expiring", "new-browser", "login-locked", "forgotten"}
    | {
        "second-factor-failed",
        "recovery-code-used",
        "step-guessed",
        "purchase-request-lapsed",
        "bill-corrected",
    }
)
"""Mails that tell of nothing that somebody did: they say neither when nor by whom."""


def rendered(mail: str, moment: datetime, facts: dict[str, object]) -> tuple[str, str]:
    """Subject and body: the mail's own text, then what every mail ends with (mails/frame.txt)."""
    shown = {name: _shown(name, fact) for name, fact in facts.items()}
    subject, _, text = _texts.get_template(f"{mail}.txt").render(shown).partition("\n\n")
    frame = {
        "text": text.strip(),
        "done": mail not in NOTHING_DONE,
        "registered": mail != "contact-address-check",
        "when": _shown("when", moment),
        "by": shown.get("by", ""),
        "sender": sender(),
    }
    return subject, _texts.get_template("frame.txt").render(frame)


_texts = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parents[2] / "partials" / "mails"),
    autoescape=False,  # noqa: S701 - plain text
    auto_reload=False,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)

_texts.globals["our"] = BRAND

_SECRET = re.compile(r"password|passwd|hash|secret|token|\bpin\b|card|cvv", re.IGNORECASE)
"""Names of facts that no mail may carry (spec 16)."""


def _shown(name: str, fact: object) -> str:
    if _SECRET.search(name.replace("_", " ")):
        raise ValueError(f"a mail may not carry a fact named {name}")
    if isinstance(fact, tuple):
        return "\n".join(_shown(name, one) for one in fact)
    if isinstance(fact, datetime):
        return clock.minute(fact)
    if isinstance(fact, date):
        return f"{fact:%Y/%m/%d}"
    if not isinstance(fact, str | int) or isinstance(fact, bool):
        raise TypeError(f"the fact {name} is a {type(fact).__name__}: a mail carries words and numbers")
    text = str(fact)
    if "$argon2" in text or any(unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp") for letter in text):
        raise ValueError(f"the fact {name} holds a password hash, a line break or a control character")
    return text


# --- delivering -------------------------------------------------------------------------------------------------------

LEASE = timedelta(minutes=10)
"""A mail that was taken is nobody else's so long; sending one ends sooner (mailing/transport.py)."""
TRIES = 16
"""The mail server's "not now" is taken so often, over about two days; then the mail is given up."""
SHORTEST, LONGEST = timedelta(minutes=1), timedelta(hours=6)
"""Between two tries of a mail: doubled each time."""
BATCH = 50
"""Mails of one round."""
PROBLEM = 500
"""Characters kept of what the mail server said."""


class RefusedForGood(Exception):
    """No try will ever bring this mail to its recipient; the text says why."""


class NotNow(Exception):
    """This mail could not be sent now; a later try may succeed."""


class Away(Exception):
    """No mail at all can be sent now: nobody answers, or the login is refused."""


@dataclass(frozen=True)
class DueMail:
    """A mail that was taken out of the outbox to be sent. The Message-ID is the same at every try."""

    id: int
    recipient: str
    subject: str
    body: str
    message_id: str
    posted_at: datetime
    due_at: datetime
    """Until then it is this deliverer's."""
    tries: int


Send = Callable[[DueMail], Awaitable[None]]
"""Hands a mail over. Raises RefusedForGood, NotNow, Away."""


@dataclass(frozen=True)
class Delivered:
    """What came of one round; `away`: why it ended early."""

    sent: int
    put_off: int
    refused: int
    away: str = ""


class _Outcome(Enum):
    SENT = auto()
    PUT_OFF = auto()
    REFUSED = auto()


async def deliver_due(send: Send, limit: int = BATCH, *, holding: bool = False) -> Delivered:
    """Send what is due, at most `limit` mails, one after the other, outside any transaction.

    While mails are held (`holding`), those alone that an operator has released.

    Any number of deliverers may run: each mail is taken by one, with a lease. Whoever dies between sending and noting
    it leaves a mail that is sent again after the lease.
    """
    done: Counter[_Outcome] = Counter()
    away = ""
    while not away and done.total() < limit and (mail := await _take(holding)):
        try:
            done[await _deliver(mail, send)] += 1
        except Away as reason:
            away = await _give_back(mail, reason)
            done[_Outcome.PUT_OFF] += 1
    return Delivered(done[_Outcome.SENT], done[_Outcome.PUT_OFF], done[_Outcome.REFUSED], away)


async def _take(holding: bool) -> DueMail | None:
    """The mail that has waited longest, leased to the caller; one that others are taking is passed over."""
    now = clock.now()
    found = await database.rows(_TAKE, now, now + LEASE, holding)
    return DueMail(**found[0]) if found else None


# SQL for FOR UPDATE SKIP LOCKED in an UPDATE.
_TAKE = """
UPDATE outbox SET due_at = $2, tries = tries + 1
WHERE id = (
    SELECT id FROM outbox WHERE sent_at IS NULL AND refused_at IS NULL AND held_at IS NULL AND due_at <= $1
        AND (released_at IS NOT NULL OR NOT $3)
    ORDER BY due_at, id LIMIT 1 FOR UPDATE SKIP LOCKED
)
RETURNING id, recipient, subject, body, message_id, posted_at, due_at, tries
"""


async def _deliver(mail: DueMail, send: Send) -> _Outcome:
    if mail.tries > TRIES:  # each time the deliverer died of it
        return await _refuse(mail, "given up: no try of sending it came to an end")
    try:
        await send(mail)
    except RefusedForGood as refusal:
        return await _refuse(mail, str(refusal))
    except NotNow as reason:
        if mail.tries == TRIES:
            return await _refuse(mail, f"given up after {TRIES} tries: {reason}")
        return await _put_off(mail, str(reason))
    await tables.Outbox.update(
        {
            tables.Outbox.sent_at: clock.now(),
            tables.Outbox.refused_at: None,
            tables.Outbox.problem: None,
        }
    ).where(tables.Outbox.id == mail.id)
    return _Outcome.SENT


# Whatever is noted of a mail that was not sent holds only while the lease is ours (due_at), so that a late
# deliverer does not undo what another one has done.


async def _refuse(mail: DueMail, problem: str) -> _Outcome:
    await tables.Outbox.update(
        {tables.Outbox.refused_at: clock.now(), tables.Outbox.problem: _readable(problem)}
    ).where(_ours(mail))
    return _Outcome.REFUSED


async def _put_off(mail: DueMail, problem: str) -> _Outcome:
    await _wait(mail, clock.now() + pause(mail.tries), mail.tries, problem)
    return _Outcome.PUT_OFF


async def _give_back(mail: DueMail, reason: Away) -> str:
    """The mail server is away, which is not the mail's fault: the try does not count, whole days of it give up nothing."""
    await _wait(mail, clock.now() + SHORTEST, mail.tries - 1, str(reason))
    return _readable(str(reason))


async def _wait(mail: DueMail, until: datetime, tries: int, problem: str) -> None:
    await tables.Outbox.update(
        {
            tables.Outbox.due_at: until,
            tables.Outbox.tries: tries,
            tables.Outbox.problem: _readable(problem),
        }
    ).where(_ours(mail))


def _ours(mail: DueMail) -> Combinable:
    return (
        (tables.Outbox.id == mail.id)
        & (tables.Outbox.due_at == mail.due_at)
        & tables.Outbox.sent_at.is_null()
    )


def pause(tries: int) -> timedelta:
    """Time until the next try: doubled each time up to a limit, and up to a quarter more, so that not all come at once."""
    return min(SHORTEST * 2.0 ** (tries - 1), LONGEST) * random.uniform(1, 1.25)  # noqa: S311 - no secret


def _readable(text: str) -> str:
    """What a mail server said, in one line that a terminal and the database take."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())[:PROBLEM]


# --- looking ----------------------------------------------------------------------------------------------------------


async def undelivered() -> list[tables.Outbox]:
    """The mails that wait or were refused, oldest first."""
    return await (
        tables.Outbox.objects().where(tables.Outbox.sent_at.is_null()).order_by(tables.Outbox.id).run()
    )


async def newest(limit: int) -> list[tables.Outbox]:
    """The mails that were posted last, newest first."""
    return await tables.Outbox.objects().order_by(tables.Outbox.id, ascending=False).limit(limit).run()
