"""A change for tests of what holds for every change, and what is stored of one."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from app.domain import clock, tables
from app.domain.access.matrix import Permission
from app.domain.access.members import Member
from app.domain.changes import asking, kinds, words
from app.domain.changes.words import Receipt, Refused, Review, Row
from app.domain.letters.recipients import Told
from tests.households import PASSWORD

A_MOMENT = timedelta(seconds=20)
"""Longer than any statement here takes: the clock runs on while they do."""


PEEK = PASSWORD[:3]


@dataclass(frozen=True)
class OneMore(
    kinds.OfContract,
    name="同居人の追加",
    permission=Permission.CONTRACT,
    page="/one-more",
    tells=Told.CONTRACT,
    a_day=1_000,
):
    """同居人数 grows by one; refused from `most` on, after it was done."""

    kind: ClassVar[str] = "test-one-more"

    most: int = 20
    about: str | None = None

    @property
    def subject(self) -> str | None:
        return self.about

    def review(self, member: Member, now: datetime) -> Review:
        return Review(title="同居人の追加確認", rows=[Row("最多", str(self.most))], button="登録")

    async def apply(self, member: Member, now: datetime) -> Receipt:
        contract = tables.Contract.id == member.contract.id
        before = await tables.Contract.select(tables.Contract.household).where(contract).first()
        number = before["household"] + 1 if before else 0
        await tables.Contract.update({tables.Contract.household: number}).where(contract)
        if number > self.most:
            raise Refused("これ以上は登録できません。")
        rows = [Row("同居人数", str(number)), Row("パスワード", words.STARS, secret=True)]
        return Receipt(title="同居人の追加完了", lead="追加しました。", rows=rows)


async def household(member: Member) -> int:
    contract = tables.Contract
    found = await contract.select(contract.household).where(contract.id == member.contract.id).first()
    return int(found["household"]) if found else -1


async def row(identity: uuid.UUID) -> dict[str, object]:
    found = await tables.Change.select().where(tables.Change.id == identity).first()
    assert found
    return found


async def asked_ago(member: Member, ago: timedelta) -> uuid.UUID:
    identity = await asking.ask(member, OneMore())
    await tables.Change.update({tables.Change.asked_at: clock.now() - ago}).where(
        tables.Change.id == identity
    )
    return identity
