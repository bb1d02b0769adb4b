"""The end of a contract: at the end of its day everything that hangs on it ends, charged as if it was cancelled then.

`closed_on` is the rule, and pages go by it from the first moment of the next day on (access/closed.py). What has to be
written down, periods, mailboxes, tombstones, is written within minutes of that, once, by whoever comes first: housekeeping,
or the command that learnt of it. The customer number goes on to read. A contract that is reopened begins anew: its names
stay tombstones.
"""

from __future__ import annotations

from datetime import datetime

from app.domain import clock
from app.domain.access.closed import end_of
from app.domain.money import purchases
from app.postgres import database

BATCH = 100
"""Contracts that are looked for at a time; each ends in a transaction of its own."""


async def end_due() -> int:
    """End all that hangs on contracts whose last day is over; how many there were."""
    ended = 0
    while due := await database.rows(_DUE, clock.today(), BATCH):
        for row in due:
            ended += await _end(row["id"])
    return ended


async def _end(contract: int) -> bool:
    """One contract, in line with its changes. False if somebody was faster, or it was reopened meanwhile."""
    async with database.engine().transaction():
        found = await database.rows(_STILL_DUE, contract, clock.today())
        if not found:
            return False
        await end_all(contract, end_of(found[0]["closed_on"]))
    return True


async def end_all(contract: int, moment: datetime) -> None:
    """End all that hangs on it, in the caller's transaction, which has locked the contract; `moment`: its last one."""
    await purchases.end_of_contract(contract, moment)
    for statement in _ENDINGS:
        await database.rows(statement, contract, moment)
    for statement in _FORGOTTEN:
        await database.rows(statement, contract)
    await database.rows(_ENDED, contract, clock.now())


async def reopen(contract: int) -> datetime | None:
    """Take back the end, in the caller's transaction; when all that hung on it was ended, if it was.

    An order to erase it, which was given for a contract that is over, is taken back with it.
    """
    await database.rows(_NOT_TO_BE_ERASED, contract)
    found = await database.rows(_REOPEN, contract)
    ended_at: datetime | None = found[0]["ended_at"] if found else None
    return ended_at


# SQL for locks that are looked for, greatest(), and what is done of one contract in a row.
_DUE = "SELECT id FROM contract WHERE closed_on < $1 AND ended_at IS NULL ORDER BY id LIMIT $2"
_STILL_DUE = """
SELECT closed_on FROM contract WHERE id = $1 AND closed_on < $2 AND ended_at IS NULL FOR NO KEY UPDATE
"""
_ENDED = "UPDATE contract SET ended_at = $2 WHERE id = $1"
_NOT_TO_BE_ERASED = "DELETE FROM erasure WHERE contract = $1 AND done_at IS NULL"
_REOPEN = """
WITH before AS (SELECT id, ended_at FROM contract WHERE id = $1)
UPDATE contract SET closed_on = NULL, ended_at = NULL FROM before WHERE contract.id = before.id RETURNING before.ended_at
"""
_ENDINGS = (
    "UPDATE mail_address SET released_at = greatest($2, registered_at) WHERE contract = $1 AND released_at IS NULL",
    "UPDATE web_space SET released_at = greatest($2, registered_at) WHERE contract = $1 AND released_at IS NULL",
    "UPDATE mailbox SET retired_at = greatest($2, opened_at) WHERE contract = $1 AND retired_at IS NULL",
    "UPDATE account SET deleted_at = greatest($2, registered_at) WHERE contract = $1 AND deleted_at IS NULL",
    """UPDATE purchase_request SET state = 'withdrawn', decided_at = greatest($2, asked_at), decided_by = '運営会社',
        reason = 'ご契約が終了したため' WHERE contract = $1 AND state = 'pending'""",
    """UPDATE card_check SET decided_at = greatest($2, asked_at), outcome = 'replaced'
        WHERE contract = $1 AND decided_at IS NULL""",
)
_FORGOTTEN = (
    "DELETE FROM forwarding WHERE contract = $1",
    "DELETE FROM auto_reply WHERE contract = $1",
    "DELETE FROM app_password WHERE contract = $1",
    "DELETE FROM email_check WHERE contract = $1",
    "DELETE FROM one_time_password WHERE contract = $1 AND account IS NOT NULL",
    "DELETE FROM password_link WHERE contract = $1 AND account IS NOT NULL",
    "DELETE FROM passkey WHERE contract = $1 AND account IS NOT NULL",
    "DELETE FROM passkey_user WHERE contract = $1 AND account IS NOT NULL",
    "DELETE FROM totp WHERE contract = $1 AND account IS NOT NULL",
    "DELETE FROM recovery_code WHERE contract = $1 AND account IS NOT NULL",
    "DELETE FROM change WHERE contract = $1 AND applied_at IS NULL",
    "DELETE FROM session WHERE contract = $1",
)
