"""ご契約."""

from __future__ import annotations

from piccolo.columns import BigSerial, Date, ForeignKey, SmallInt, Text, Timestamptz
from piccolo.columns.base import OnDelete
from piccolo.table import Table

from app.domain.tables.catalogue import CatalogueItem


class Contract(Table):
    """ご契約: one per customer number, with its contractor."""

    id = BigSerial(primary_key=True)
    customer_number = Text(unique=True)
    password_hash = Text(secret=True)
    contract_type = Text()
    mail_product = ForeignKey(
        CatalogueItem,
        null=False,
        default=None,
        on_delete=OnDelete.restrict,
        target_column=CatalogueItem.in_contracts,
        help_text="as the file of contracts calls it",
    )
    building = Text()
    opened_on = Date(default=None)
    holder_kind = Text(default="person", help_text="person or company (holders.py)")
    company = Text(help_text="its name; empty: a person")
    company_kana = Text()
    family = Text(help_text="of a company's contact person, if there is one")
    given = Text()
    family_kana = Text()
    given_kana = Text()
    birth_date = Date(null=True, default=None, help_text="missing of companies alone")
    sex = Text(null=True, default=None, help_text="none: not known")
    address = Text()
    occupation = Text(help_text="as the operator's file has it; pages show その他 where it is none of theirs")
    household = SmallInt(null=True, default=0)
    phone = Text()
    fax = Text()
    mobile = Text()
    email = Text()
    user_purchases = Text(
        default="ask", help_text="whether ユーザー権限 may buy security options: yes, ask or no"
    )

    imported_at = Timestamptz(
        null=True, default=None, help_text="none: before this was kept (letters/by_date.py)"
    )
    closed_on = Date(null=True, default=None, help_text="its last day (access/closed.py)")
    ended_at = Timestamptz(null=True, default=None, help_text="when all that hung on it was ended after that")
    erased_at = Timestamptz(
        null=True, default=None, help_text="when what is known of a person was taken from it"
    )

    @classmethod
    async def lock(cls, contract: int) -> None:
        """Stand in one line with whatever else changes the contract, to the end of the transaction.

        What is read afterwards is as whoever stood before left it.
        """
        await cls.select(cls.id).where(cls.id == contract).lock_rows("NO KEY UPDATE")
