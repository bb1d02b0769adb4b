"""お客様情報変更 (manual 20): what the contractor may change here, beside what only a paper form changes."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from app.domain import clock, fields, holders, tables
from app.domain.access.matrix import Permission
from app.domain.access.members import Member
from app.domain.access.proofs import Step
from app.domain.changes.kinds import OfContract
from app.domain.changes.words import NOTHING, Link, Receipt, Refused, Review, Row, edited, parts
from app.domain.letters import recipients
from app.domain.letters.recipients import Told
from app.domain.people import contact_address
from app.domain.people.contact_address import WaitingAddress
from app.postgres import database

if TYPE_CHECKING:
    from datetime import datetime

MEANWHILE = (
    "この画面を開いた後に、ほかのお手続きでお客様情報が変わりました。"
    "入力画面で、もう一度内容をお確かめください。"
)
TOLD = "お手続きの完了を、メールでお知らせします。"
DELETED = "削除"
NOT_THERE = "未登録"


@dataclass(frozen=True)
class ContractorDetails:
    """What the contractor changes here; an optional one that is not there is None or empty."""

    occupation: str
    """As registered, which may be none of those that are offered; "": of a company."""
    household: int | None
    phone: str
    fax: str
    mobile: str
    email: str

    def shown(self, kind: str) -> dict[str, str]:
        """Each as the pages show it, by its label. A company has no 職業 and nobody who lives there."""
        of_person = {
            "職業": fields.shown_occupation(self.occupation),
            "同居人数": "" if self.household is None else f"{self.household}人",
        }
        return {
            **(of_person if kind == holders.PERSON else {}),
            "電話番号": self.phone,
            "FAX番号": self.fax,
            "携帯電話番号": self.mobile,
            "連絡用メールアドレス": self.email,
        }


@dataclass(frozen=True)
class Contractor:
    """ご契約者 as registered: what only paper changes, and the rest."""

    family: str
    given: str
    family_kana: str
    given_kana: str
    birth_date: date | None
    sex: str | None
    address: str
    details: ContractorDetails
    holder_kind: str = holders.PERSON
    company: str = ""
    company_kana: str = ""
    waiting: WaitingAddress | None = None
    """A new 連絡用メールアドレス that is not verified yet."""

    @property
    def on_paper(self) -> list[Row]:
        """What only a paper form changes. Of a company whom it can be asked for, as far as that is known."""
        if self.is_company:
            person = f"{self.family} {self.given}".strip()
            return [
                Row("法人名", self.company),
                Row("法人名カナ", self.company_kana or NOT_THERE),
                *([Row("ご担当者", person)] if person else []),
                Row("設置先住所", self.address),
            ]
        return [
            Row("氏名", parts(self.family, self.given)),
            Row("氏名カナ", parts(self.family_kana, self.given_kana, "カナ")),
            Row("生年月日", f"{self.birth_date:%Y/%m/%d}" if self.birth_date else NOT_THERE),
            Row("性別", self.sex or NOT_THERE),
            Row("設置先住所", self.address),
        ]

    @property
    def is_company(self) -> bool:
        return self.holder_kind == holders.COMPANY

    def occupation(self, chosen: str) -> str:
        """What is registered when that is chosen: その他 stands for what the operator's file calls otherwise."""
        former = self.details.occupation
        return former if chosen == fields.shown_occupation(former) else chosen


async def registered(member: Member) -> Contractor:
    """The contractor as registered now."""
    (row,) = await database.rows(_REGISTERED, member.contract.id, clock.now() - contact_address.VALID)
    details = ContractorDetails(**{name: row[name] for name in ContractorDetails.__dataclass_fields__})
    paper = {name: row[name] for name in _ON_PAPER}
    waiting = WaitingAddress(row["waiting_email"], row["waiting_since"]) if row["waiting_email"] else None
    return Contractor(**paper, details=details, waiting=waiting)


@dataclass(frozen=True)
class ChangeCustomer(
    OfContract,
    kind="customer",
    name="お客様情報変更",
    permission=Permission.CONTRACT,
    step=Step.RECENT,
    page="/customer",
    tells=Told.CONTRACT,
):
    """Change what may be changed here. A new 連絡用メールアドレス is verified first (contact_address.py)."""

    details: ContractorDetails
    before: Contractor
    """As registered when the input page was sent: the confirm page shows all of it."""

    @property
    def _new_address(self) -> str:
        """The address to verify, if there is one."""
        email = self.details.email
        return email if email != self.before.details.email else ""

    @property
    def _deletes_address(self) -> bool:
        return bool(self.before.details.email) and not self.details.email

    def is_grave(self, member: Member) -> bool:
        return bool(self._new_address) or self._deletes_address

    def review(self, member: Member, now: datetime) -> Review:
        return Review(
            title="顧客基本情報確認",
            rows=self._rows(self.before),
            button="登録",
            notices=(contact_address.confirm_notice(self._new_address),) if self._new_address else (),
        )

    async def apply(self, member: Member, now: datetime) -> Receipt:
        contract, before = member.contract.id, await registered(member)
        kept = "" if self._deletes_address else before.details.email
        made = replace(self.details, email=kept)
        if made == before.details and not self._new_address:
            raise Refused(NOTHING)
        if replace(before.details, email="") != replace(self.before.details, email=""):
            raise Refused(MEANWHILE)  # it would put back what another change has just replaced
        told = await self.told(member)  # before an address is deleted
        await tables.Contract.update(**asdict(made)).where(tables.Contract.id == contract)
        if self._deletes_address:
            await recipients.replaced(contract, None, before.details.email, now)
        await self.tell(member, "customer-changed", told, items=self._items(before))
        if self._new_address:
            await contact_address.ask(contract, self._new_address, now)
        elif self._deletes_address:
            await contact_address.forget(contract)
        return Receipt(
            title="顧客情報登録完了",
            lead="お客様情報の登録が完了しました。" + (TOLD if told else ""),
            rows=self._rows(before),
            notices=(contact_address.receipt_notice(self._new_address, now),) if self._new_address else (),
            next=(Link("お客様情報を確認する", "/customer"), Link("ご契約情報一覧", "/")),
        )

    def _rows(self, before: Contractor) -> list[Row]:
        old = before.details.shown(before.holder_kind)
        new = self.details.shown(before.holder_kind)
        if self._new_address:
            new["連絡用メールアドレス"] = f"{self._new_address}（確認の後に登録）"
        return before.on_paper + [
            edited(label, old[label] or NOT_THERE, value or (DELETED if old[label] else NOT_THERE))
            for label, value in new.items()
        ]

    def _items(self, before: Contractor) -> str:
        """The labels of what changes, for a mail: no value of it goes out."""
        old = before.details.shown(before.holder_kind)
        return "、".join(
            f"{label}（{'変更' if value else DELETED}）"
            for label, value in self.details.shown(before.holder_kind).items()
            if value != old[label]
        )


_ON_PAPER = (
    *("holder_kind", "company", "company_kana", "family", "given", "family_kana", "given_kana"),
    *("birth_date", "sex", "address"),
)
# SQL for the left join: one look at the contractor and at the address that waits, if there is one.
_REGISTERED = """
SELECT holder_kind, company, company_kana, family, given, family_kana, given_kana, birth_date, sex, address,
    occupation, household, phone, fax, mobile, c.email, k.email AS waiting_email, k.asked_at AS waiting_since
FROM contract c LEFT JOIN email_check k ON k.contract = c.id AND k.asked_at > $2 WHERE c.id = $1
"""
