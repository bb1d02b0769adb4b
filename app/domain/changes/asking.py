"""Input → confirm → complete, once for all kinds of change.

`ask` keeps a change for the member who asked, `find` shows it again, `confirm` carries it out: once, whoever presses how
often, in one transaction with everything that belongs to it.
"""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

import msgspec

from app import security_log
from app.domain import clock, tables
from app.domain.access import members, proofs, typed, usage
from app.domain.access.matrix import Missing, Role
from app.domain.access.members import Member, Stage
from app.domain.changes import consents, kept
from app.domain.changes.kept import COLUMNS, CUSTOMER, VALID, VISIBLE, Asked
from app.domain.changes.kinds import Change
from app.domain.changes.words import Gone, Receipt, Refused, Review
from app.domain.letters import outbox, recipients
from app.postgres import database

D = TypeVar("D", bound=Change)


class Differs(Exception):
    """The change would not do what its confirm page said: something that it hangs on has changed since."""


TOO_MANY_TODAY = (
    "「{}」は、24時間に{}回までです。{}から、もう一度お手続きできます。"
    "お急ぎのときは、画面下のお問い合わせ窓口へご連絡ください。"
)
_DAY = timedelta(days=1)
MOST_PENDING = 100
"""Changes of one login that may wait for their confirm pages at once; each waits kept.VALID at most."""


async def ask(member: Member, change: Change, peek: str = "") -> uuid.UUID:
    """Keep the change until the member confirms it; `peek`: the first characters of the password it sets.

    Raises usage.TooOften while MOST_PENDING wait.
    """
    identity, now = uuid.uuid4(), clock.now()
    found = await database.rows(
        _ASK,
        *(identity, member.contract.id, member.account_id, member.own.login if member.own else CUSTOMER),
        *(change.kind, change.subject, now, msgspec.json.encode(change).decode()),
        *(kept.seal(member, peek), now - VALID),
        # Whoever has to set a password before anything else is not held up by who waits at an open screen.
        MOST_PENDING if member.stage is Stage.OPEN else None,
    )
    if found[0]["asked"] is None:
        raise usage.TooOften(found[0]["oldest"] + VALID - now)
    return identity


# SQL for an INSERT that counts before it inserts, and says how long the oldest of what it counted still waits.
_ASK = """
WITH pending AS (
    SELECT count(*) AS number, min(asked_at) AS oldest FROM change
    WHERE contract = $2 AND account IS NOT DISTINCT FROM $3 AND applied_at IS NULL AND asked_at > $10
), asked AS (
    INSERT INTO change (id, contract, account, asker, kind, subject, asked_at, data, sealed)
    SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9 FROM pending WHERE number < coalesce($11, number + 1)
    RETURNING id
)
SELECT (SELECT id FROM asked) AS asked, oldest FROM pending
"""


async def find(member: Member, identity: uuid.UUID) -> Asked:
    """A change that this member may see. Raises Missing.

    What one did to the own account ID is there even if one gave up the right to do it with that.
    """
    found = await database.rows(_FIND, *kept.seen_by(member), identity)
    if not found:
        raise Missing(identity)
    return kept.asked(member, found[0])


# SQL for the decision that comes with it (kept.py), from a table that knows the change by its moment.
_FIND = f"""
SELECT {COLUMNS} FROM change WHERE id = $6 AND contract = $1
    AND ({VISIBLE} OR applied_at IS NOT NULL AND account = $2 AND subject = $5)
"""  # noqa: S608 - the only text put in is constants


async def draft(member: Member, identity: uuid.UUID, *wanted: type[D]) -> tuple[D, str] | None:
    """The member's own pending change of one of the kinds with its peek, to fill the input page with again.

    One that has expired fills it too, without the password that it would have set.
    """
    try:
        asked = await find(member, identity)
    except Missing:
        return None
    return (asked.change, asked.peek) if isinstance(asked.change, wanted) else None


def judge(member: Member, change: Change) -> Refused | None:
    """Why the change cannot be done now, for its input page; None: it can. Raises Missing."""
    return change.judge(member, clock.now())


def review(member: Member, change: Change) -> Review:
    """The confirm page, from the contract as it is now. Raises Refused, ProofNeeded."""
    proofs.require(member, change.step)
    try:
        return _reviewed(member, change, clock.now())
    except Missing as missing:
        raise Gone from missing


def _reviewed(member: Member, change: Change, now: datetime) -> Review:
    """The confirm page of a change that is judged first. Raises Refused, Missing."""
    refused = change.judge(member, now)
    if refused:
        raise refused
    reviewed = change.review(member, now)
    agreed = consents.rows(change.consents_to(member))
    return replace(reviewed, rows=[*reviewed.rows, *agreed]) if agreed else reviewed


def fingerprint(review: Review) -> str:
    """Tells whether two confirm pages say the same: rows, costs, notices."""
    return hashlib.sha256(msgspec.json.encode(review)).hexdigest()


async def confirm(member: Member, identity: uuid.UUID, seen: str | None = None) -> None:
    """Carry out a pending change; one that is applied or expired stays as it is.

    `seen`: the fingerprint of the confirm page that the member saw; None where no page is shown.
    Raises Refused, Forbidden, ProofNeeded, Differs.

    The contract's row is locked first: its changes stand in one line, so limits hold, and the right and the rule are
    judged again on what is true then.
    """
    async with database.engine().transaction():
        await database.rows(_LOCK, member.contract.id)
        now = clock.now()
        claimed = await database.rows(
            _CLAIM,
            *(identity, member.contract.id, member.account_id, now, now - VALID, now - _DAY),
            *(
                [account.id for account in member.accounts if account.role == "user"],
                member.role is Role.USER,
            ),
        )
        if not claimed:
            return
        change = kept.read(claimed[0])
        await typed.forget(member.key, change.back)
        fresh = await members.find(member.token_hash, member.seal_keys)
        if fresh is None:
            raise members.SessionEnded
        fresh.require(change.permission, writing=True)
        proofs.require(fresh, change.step)
        try:
            reviewed = _reviewed(fresh, change, now)
            if seen is not None and seen != fingerprint(reviewed):
                raise Differs
            _must_not_be_too_many(change, claimed[0]["done"] or [])
            agreed = change.consents_to(fresh)
            with outbox.noting() as told:
                receipt = await change.apply(fresh, now)
            await consents.keep(fresh.contract.id, identity, agreed, now)
        except Missing as missing:
            raise Gone from missing
        if change.passes and change.passes in fresh.stages:
            await members.pass_stage(fresh, change.passes)
        mailed = await recipients.named(
            fresh.contract.id, fresh.contract.accounts, change.subject, change.new_address, told
        )
        await _write_receipt(fresh, identity, replace(receipt, mailed=mailed), agreed)
    if change.step or change.grave:
        security_log.note("change", member.key, kind=change.kind)


async def _write_receipt(
    fresh: Member, identity: uuid.UUID, receipt: Receipt, agreed: tuple[str, ...]
) -> None:
    """Keep what was done with what was agreed to; a secret that it reveals is sealed for its session, until `shown`."""
    rows, versions = [*receipt.rows, *consents.rows(agreed)], consents.versions(agreed)
    sealed = kept.seal(fresh, receipt.revealed) if receipt.revealed else None
    written = msgspec.json.encode(replace(receipt, rows=rows, agreed=versions, revealed="")).decode()
    await database.rows(_WRITE_RECEIPT, identity, written, sealed)


def _must_not_be_too_many(change: Change, done: list[datetime]) -> None:
    """Raises Refused where its kind was done so often in the last 24 hours; `done`: when, newest first."""
    if len(done) >= change.a_day:
        again = clock.minute(done[change.a_day - 1] + _DAY + timedelta(minutes=1))
        raise Refused(TOO_MANY_TODAY.format(change.in_words(), change.a_day, again))


# SQL, because every change waits for them: Piccolo takes longer to build them than PostgreSQL to run them.
_LOCK = "SELECT 1 FROM contract WHERE id = $1 FOR NO KEY UPDATE"
_WRITE_RECEIPT = "UPDATE change SET receipt = $2, sealed = coalesce($3, sealed) WHERE id = $1"
# SQL for the CTE: what was asked is read and emptied in one statement, by one of all who press. What ユーザー権限 did counts
# for that account ID alone, and what the others did for the rest of the contract: nobody holds up those who pay.
_CLAIM = """
WITH asked AS (
    SELECT id, kind, data FROM change
    WHERE id = $1 AND contract = $2 AND account IS NOT DISTINCT FROM $3 AND applied_at IS NULL AND asked_at >= $5
    FOR UPDATE
)
UPDATE change SET applied_at = $4, data = NULL, receipt_number = nextval('receipt_number')
FROM asked WHERE change.id = asked.id RETURNING asked.kind, asked.data, (
    SELECT array_agg(done.applied_at ORDER BY done.applied_at DESC) FROM change done
    WHERE done.contract = $2 AND done.kind = asked.kind AND done.applied_at > $6
        AND CASE WHEN $8 THEN done.account = $3 ELSE coalesce(done.account, 0) <> ALL ($7::bigint[]) END
) AS done
"""


async def shown(asked: Asked) -> None:
    """The first complete page was made: from now on the password is stars."""
    await tables.Change.update({tables.Change.sealed: None}).where(tables.Change.id == asked.id)
