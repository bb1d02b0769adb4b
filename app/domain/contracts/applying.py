"""A change of a contract by the operator, feed or desk: its row, its card, its end; its line in the history; its mails.

The caller has locked the contract. Mails say what was changed and never to what: they may lie in a mailbox that somebody
else reads by now.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from piccolo.columns import Column

from app.domain import catalogue, holders, tables
from app.domain.access.closed import readable_until
from app.domain.cards import checks, kept
from app.domain.cards.kept import KeptCard
from app.domain.changes import by_operator
from app.domain.changes.by_operator import Letter
from app.domain.changes.words import Link, Receipt, Row, edited
from app.domain.contracts import closing, differences
from app.domain.contracts.differences import CARD, CLOSED_ON, LABELS, MAILED, Difference
from app.domain.letters import recipients

NOTHING = "未登録"
ENDED = (
    "終了日に解約となったオプションサービスは、元に戻りません。ご利用になる場合は、もう一度購入してください。"
    "以前のアカウントID、メールアドレス、Webスペースの名前は、登録できません。"
)
AS_BEFORE = "オプションサービス、アカウントIDとメールアドレスは、そのままお使いいただけます。"
_DAYS = frozenset({"birth_date", "opened_on", CLOSED_ON})
_MAY_BE_NULL = frozenset({"birth_date", "sex", "household", CLOSED_ON})
_KINDS = {holders.PERSON: "個人", holders.COMPANY: "法人"}


@dataclass(frozen=True)
class Carried:
    """What came of a change: the addresses that were written to."""

    told: list[str]


async def carry_out(contract: int, found: Sequence[Difference], by: str, now: datetime) -> Carried:
    """Write the differences of one contract, its history and its mails."""
    told = await recipients.of_contract(contract)
    by_field = {one.field: one for one in found}
    columns: dict[Column | str, Any] = {name: _value(one) for name, one in by_field.items() if name != CARD}
    ended_at = await closing.reopen(contract) if _reopens(by_field.get(CLOSED_ON)) else None
    if CLOSED_ON in columns:
        columns["ended_at"] = None  # on another day it ends anew
    if columns:
        await tables.Contract.update(columns).where(tables.Contract.id == contract)
    if CARD in by_field:
        await _keep_card(contract, by_field[CARD], now)
    if email := by_field.get("email"):
        await recipients.replaced(contract, None, email.was, now)
        told = [*told, *([email.becomes] if email.becomes else [])]
    mails = _mails(by_field, told, by, ended_at)
    await by_operator.record(contract, by, _receipt(found, by), now, mails)
    return Carried([address for mail in mails for address in mail.told])


def mailed(found: Sequence[Difference]) -> int:
    """How many mails each recipient gets: one of the changes, one of the end or of going on."""
    fields = {one.field for one in found} & MAILED
    return (1 if fields - {CLOSED_ON} else 0) + (CLOSED_ON in fields)


def shown(field: str, value: str | None) -> str:
    """A value as the history and the operator's plan show it; of a card what may be shown."""
    if not value:
        return NOTHING
    if field == CARD:
        brand, last4, expires, *_ = value.split("|")
        return f"{brand}（下4桁 {last4}、{expires}まで）"
    if field in _DAYS:
        return value.replace("-", "/")
    if field == "holder_kind":
        return _KINDS[value]
    if field == "mail_product":
        return catalogue.current().mail_products[value].name
    return f"{value}人" if field == "household" else value


def _reopens(closed: Difference | None) -> bool:
    return closed is not None and closed.becomes is None


def _value(one: Difference) -> Any:
    """As its column has it."""
    if not one.becomes:
        return None if one.field in _MAY_BE_NULL else ""
    if one.field in _DAYS:
        return date.fromisoformat(one.becomes)
    return int(one.becomes) if one.field == "household" else one.becomes


async def _keep_card(contract: int, one: Difference, now: datetime) -> None:
    """Whatever card waits for a check, the one of the operator's own systems takes its place."""
    brand, last4, expires, holder, token, payer = (one.becomes or "").split("|")
    card = KeptCard(token=token, payer=payer, brand=brand, last4=last4, expires=expires)
    await checks.replace(contract, now)
    await kept.keep(contract, card, holder)


def _receipt(found: Sequence[Difference], by: str) -> Receipt:
    rows: list[Row] = [
        edited(LABELS[one.field], shown(one.field, one.was), shown(one.field, one.becomes)) for one in found
    ]
    lead = f"{by}で、ご契約の内容を変更しました。"
    return Receipt(title=_title(found), lead=lead, rows=rows, next=(Link("ご契約情報一覧", "/"),))


def _title(found: Sequence[Difference]) -> str:
    if [one.field for one in found] == [CLOSED_ON]:
        return "ご契約の継続" if _reopens(found[0]) else "ご契約の終了"
    return "ご契約内容の変更"


def _mails(
    by_field: dict[str, Difference], told: list[str], by: str, ended_at: datetime | None
) -> list[Letter]:
    mails = []
    items = list(dict.fromkeys(LABELS[name] for name in by_field if name in MAILED and name != CLOSED_ON))
    if items:
        mails.append(Letter("by-operator", told, {"items": "、".join(items)}))
    if closed := by_field.get(CLOSED_ON):
        day = differences.day(closed.becomes)
        if day:
            mails.append(
                Letter("contract-closing", told, {"closed_on": day, "readable_until": readable_until(day)})
            )
        else:
            facts: dict[str, object] = {
                "closed_on": differences.day(closed.was),
                "then": ENDED if ended_at else AS_BEFORE,
            }
            mails.append(Letter("contract-reopened", told, facts))
    return mails
