"""The portal's own mail: stored in the transaction of the change that it tells of, delivered afterwards.

`post` renders a mail and keeps it, so that there is no mail without its change and no change without its mail.
`deliver_due` sends what is due: each mail by one deliverer at a time, again after a failure, and after a kill between
sending and noting it a second time with the same Message-ID.
"""

from __future__ import annotations

import re
import unicodedata
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import jinja2

from app import database
from app.domain import clock
from app.domain.members import ROLE_NAMES, Member

CHANNEL = "mypage_outbox"
"""A commit that posted a mail notifies it, so that the deliverer wakes."""


@dataclass(frozen=True)
class Sender:
    """Who writes: the operator's name, the address that mails come from, and where a member asks."""

    name: str
    address: str
    phone: str
    hours: str


_sender: Sender | None = None


def write_as(sender: Sender) -> None:
    """Set who writes, once at start."""
    global _sender
    _sender = sender


def sender() -> Sender:
    """Who writes. Raises RuntimeError before `write_as`."""
    if _sender is None:
        raise RuntimeError("nobody to write as: call outbox.write_as() first")
    return _sender


def done_by(member: Member) -> str:
    """The member, as a mail names who did it (the fact `by`)."""
    if member.own is None:
        return "お客様番号でログインした方"
    return f"アカウントID「{member.own.login}」（{ROLE_NAMES[member.own.role]}）でログインした方"


# --- posting ----------------------------------------------------------------------------------------------------------


async def post(contract: int, recipients: Iterable[str], mail: str, /, **facts: object) -> None:
    """Store the mail partials/mails/<mail>.txt once for each distinct recipient; it leaves when the caller commits.

    A fact is a word, a number, a day or a moment (shown in Asia/Tokyo), in one line; `by` says who did it. Raises
    RuntimeError outside a transaction, ValueError for a fact that no mail may carry.
    """
    if database.engine().current_transaction.get() is None:
        raise RuntimeError(f"the mail {mail} was posted outside the transaction of its change")
    now = clock.now()
    subject, body = rendered(mail, now, facts)
    told = list(dict.fromkeys(filter(None, recipients)))
    if told:
        domain = sender().address.rpartition("@")[2]
        identities = [f"<{uuid.uuid4()}@{domain}>" for _ in told]
        await database.rows(_POST, contract, subject, body, now, told, identities, CHANNEL)


_POST = """
WITH posted AS (
    INSERT INTO outbox (contract, recipient, subject, body, message_id, posted_at, due_at, tries)
    SELECT $1, one.recipient, $2, $3, one.message_id, $4, $4, 0
    FROM unnest($5::text[], $6::text[]) AS one (recipient, message_id)
)
SELECT pg_notify($7, '')
"""


def rendered(mail: str, moment: datetime, facts: dict[str, object]) -> tuple[str, str]:
    """Subject and body: the mail's own text, then what every mail ends with (mails/frame.txt)."""
    shown = {name: _shown(name, fact) for name, fact in facts.items()}
    subject, _, text = _texts.get_template(f"{mail}.txt").render(shown).partition("\n\n")
    frame = {
        "text": text.strip(),
        "when": _shown("when", moment),
        "by": shown.get("by", ""),
        "sender": sender(),
    }
    return subject, _texts.get_template("frame.txt").render(frame)


_texts = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent.parent / "partials" / "mails"),
    autoescape=False,  # noqa: S701 - plain text
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)

_SECRET = re.compile(r"password|passwd|hash|secret|token|\bpin\b|card|cvv", re.IGNORECASE)
"""Names of facts that no mail may carry (spec 16)."""


def _shown(name: str, fact: object) -> str:
    if _SECRET.search(name.replace("_", " ")):
        raise ValueError(f"a mail may not carry a fact named {name}")
    if isinstance(fact, datetime):
        return f"{fact.astimezone(clock.TOKYO):%Y/%m/%d %H:%M}"
    if isinstance(fact, date):
        return f"{fact:%Y/%m/%d}"
    if not isinstance(fact, str | int) or isinstance(fact, bool):
        raise TypeError(f"the fact {name} is a {type(fact).__name__}: a mail carries words and numbers")
    text = str(fact)
    if "$argon2" in text or any(unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp") for letter in text):
        raise ValueError(f"the fact {name} holds a password hash, a line break or a control character")
    return text
