"""What is asked for and confirmed on account IDs, and what is kept and shown after it."""

from __future__ import annotations

from typing import Any

from app.domain import tables
from app.domain.access.members import Member
from app.domain.changes import asking
from app.domain.changes.kinds import Change
from app.domain.changes.words import Receipt
from app.domain.people.accounts import AccountDetails
from tests import households
from tests.households import HASH

DETAILS = AccountDetails("有光", "椛", "アリミツ", "モミジ", "有光椛", "user")


NEW_HASH = HASH.replace("$m=8,", "$m=9,")


async def done(member: Member, change: Change) -> Receipt:
    """Ask for it and confirm it; its receipt."""
    identity = await asking.ask(member, change)
    await asking.confirm(member, identity)
    receipt = (await asking.find(member, identity)).receipt
    assert receipt
    return receipt


async def now_seen_by(member: Member) -> Member:
    found = await households.again(member)
    assert found
    return found


async def kept(login: str) -> dict[str, Any]:
    row = await tables.Account.select().where(tables.Account.login == login).first()
    assert row
    return row


def shown(receipt: Receipt) -> dict[str, str]:
    return {row.label: row.value for row in receipt.rows}
