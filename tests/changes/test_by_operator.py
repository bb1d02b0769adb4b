"""A change by the operator is in the history, and no member can ask for one; who writes them: tests/contracts/test_feeding.py."""

from __future__ import annotations

import pytest

from app.domain import clock
from app.domain.changes import asking, by_operator, history
from app.domain.changes.by_operator import ChangeByOperator, Letter
from app.domain.changes.words import Receipt, Refused, Row
from app.postgres import database
from tests import households


async def test_it_stands_in_the_history_with_its_receipt_and_who_was_told(empty_database: str) -> None:
    contract = await households.new_contract(email="an@example.jp")
    receipt = Receipt("ご契約内容の変更", "運営会社で変更しました。", [Row("建物", "B777", before="B001")])
    mail = Letter("by-operator", ["an@example.jp"], {"items": "建物"})
    async with database.engine().transaction():
        await by_operator.record(contract, by_operator.OPERATOR, receipt, clock.now(), [mail])
    (change,) = await history.history(await households.log_in(contract))
    assert (change.name, change.asker, change.receipt and change.receipt.mailed) == (
        "運営会社による変更",
        "運営会社",
        ("連絡用メールアドレス",),
    )
    (posted,) = await database.rows("SELECT recipient, body FROM outbox")
    assert posted["recipient"] == "an@example.jp"
    assert "お手続きした方：運営会社" in posted["body"]


async def test_no_member_can_have_one_carried_out(empty_database: str) -> None:
    member = await households.log_in(await households.new_contract())
    identity = await asking.ask(member, ChangeByOperator())
    with pytest.raises(Refused):
        await asking.confirm(member, identity)
    assert await history.history(member) == []
