"""What a line of the feed differs in from the contract as it is, and what comes of each difference (spec 19): pure.

Values are texts, None for nothing. Of what the feed alone owns ours is what it said before, or else somebody at the desk
changed it and holds it. Of what members may change, too, the feed's word is news only when it differs from its last one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from app.domain.contracts.loading import CONTACT

Values = Mapping[str, str | None]

OVERDUE = timedelta(days=14)
"""A hold that has lasted so long is looked at by somebody."""
PAPER_ONLY = (
    *("holder_kind", "company", "company_kana", "family", "given", "family_kana", "given_kana"),
    *("birth_date", "sex", "address"),
)
"""What members change by a paper form alone."""
OF_FEED = (*PAPER_ONLY, "contract_type", "building", "mail_product", "opened_on")
CARD = "card"
CLOSED_ON = "closed_on"
LABELS = {
    "holder_kind": "ご契約者の種別",
    "company": "法人名",
    "company_kana": "法人名カナ",
    "family": "氏名（姓）",
    "given": "氏名（名）",
    "family_kana": "氏名カナ（姓）",
    "given_kana": "氏名カナ（名）",
    "birth_date": "生年月日",
    "sex": "性別",
    "address": "設置先住所",
    "contract_type": "ご契約タイプ",
    "building": "建物",
    "mail_product": "メールサービスの種別",
    "opened_on": "ご契約日",
    "occupation": "職業",
    "household": "同居人数",
    "phone": "電話番号",
    "fax": "FAX番号",
    "mobile": "携帯電話番号",
    "email": "連絡用メールアドレス",
    CARD: "お支払い方法",
    CLOSED_ON: "ご契約終了日",
}
MAILED = frozenset({*PAPER_ONLY[:7], "address", "email", CLOSED_ON})
"""Name, address and closing: of these the contract is written to."""


class Fate(StrEnum):
    """What comes of a difference."""

    APPLIED = "applied"
    HELD = "held"
    """Ours stays: the feed does not know yet what the desk changed."""
    CASE = "case"
    """Ours stays, and somebody at the desk decides."""
    AGREED = "agreed"
    """The feed says what the desk held: the hold ends."""


@dataclass(frozen=True)
class Difference:
    """Of one field."""

    field: str
    was: str | None
    becomes: str | None
    fate: Fate
    reason: str = ""
    """Why it is a case: third, overdue or bought."""


@dataclass(frozen=True)
class Known:
    """A contract as it is: its values, what the feed said last of those that members may change, and by field that the
    desk holds what the feed said before."""

    values: Values
    said: Values
    holds: Values
    mail_bought: bool = False
    """A purchase of its mail product goes on, which another mail product would leave hanging."""


def of(line: Values, known: Known, *, contact: bool) -> Iterator[Difference]:
    """The differences of a line, which holds the fields that it speaks of."""
    for field, becomes in line.items():
        if field in OF_FEED or field == CLOSED_ON:
            found = _of_feed(field, becomes, known)
        elif field == CARD or (field in CONTACT and contact):
            found = _of_both(field, becomes, known)
        else:
            found = None
        if found:
            yield found


def _of_feed(field: str, becomes: str | None, known: Known) -> Difference | None:
    was = known.values[field]
    if field in known.holds:
        if becomes == was:
            return Difference(field, was, becomes, Fate.AGREED)
        if becomes != known.holds[field]:
            return Difference(field, was, becomes, Fate.CASE, "third")
        return Difference(field, was, becomes, Fate.HELD)
    if becomes == was:
        return None
    if field == "mail_product" and known.mail_bought:
        return Difference(field, was, becomes, Fate.CASE, "bought")
    return Difference(field, was, becomes, Fate.APPLIED)


def _of_both(field: str, becomes: str | None, known: Known) -> Difference | None:
    """The member's change stays until the feed has something new to say; if both have, somebody decides."""
    was, said = known.values[field], known.said.get(field, known.values[field])
    if becomes in (was, said):
        return None
    if was != said:
        return Difference(field, was, becomes, Fate.CASE, "third")
    return Difference(field, was, becomes, Fate.APPLIED)


def emptied(difference: Difference) -> bool:
    """Whether the feed takes a value away; a contract that goes on again loses none."""
    return difference.field != CLOSED_ON and bool(difference.was) and not difference.becomes


def day(text: str | None) -> date | None:
    """The day of `closed_on`."""
    return date.fromisoformat(text) if text else None
