"""The catalogue (domain/catalogue/): what is sold, at what price, and how much of it a contract may have."""

from __future__ import annotations

from piccolo.columns import Array, BigSerial, Boolean, Date, ForeignKey, Integer, SmallInt, Text, Timestamptz
from piccolo.columns.base import OnDelete
from piccolo.table import Table


class CatalogueInUse(Table, tablename="catalogue"):
    """The one row: which catalogue is in use, and its limits."""

    id = SmallInt(primary_key=True, default=1)
    version = Text(help_text="digest of its content; empty: none was loaded yet")
    loaded_at = Timestamptz(null=True, default=None)
    account_ids = SmallInt(default=0, help_text="that a contract may have at one time")
    mailbox_gigabytes = Integer(default=0, help_text="of a mailbox without the option")
    forwarding_addresses = SmallInt(default=0, help_text="that one mailbox forwards to")
    virus_check = Boolean(default=False, help_text="the mail server refuses viruses")


class CatalogueItem(Table):
    """What can be charged: a product, a fee of one, or the operator's other charges."""

    key = Text(primary_key=True)
    kind = Text(help_text="mail, mailbox, licence, support; fee; other")
    listed = Boolean(default=True, help_text="false: it was taken out, before anybody had it")
    place = SmallInt(default=0, help_text="in pages and lists")
    name = Text()
    sold = Boolean(default=False, help_text="false: whoever has it keeps it, and nobody is offered it")
    environment = Text(help_text="動作環境")
    in_contracts = Text(null=True, default=None, unique=True, help_text="the contracts' mail_product")
    base = SmallInt(default=0, help_text="mail: addresses and web spaces without it")
    bought = SmallInt(default=0, help_text="mail: and so many more with it")
    gigabytes = Integer(default=0, help_text="mailbox: its size")
    computers = SmallInt(default=0, help_text="licence: that one is for")
    activation = Array(base_column=Text(), help_text="licence: step by step")
    installer = Text(null=True, default=None, help_text="licence: where it is downloaded")
    fee_of: ForeignKey[CatalogueItem] = ForeignKey(
        "self",
        null=True,
        default=None,
        on_delete=OnDelete.restrict,
        help_text="fee: bought again, this product costs it",
    )


class CataloguePrice(Table):
    """Yen with tax of an item from a 1st on, never edited: the last one of an item and day counts."""

    id = BigSerial(primary_key=True)
    item = ForeignKey(CatalogueItem, null=False, default=None, on_delete=OnDelete.restrict)
    valid_from = Date(default=None)
    yen = Integer(default=0)
    loaded_at = Timestamptz(default=None)


class CatalogueTax(Table):
    """Consumption tax from a 1st on, never edited: the last one of a day counts."""

    id = BigSerial(primary_key=True)
    valid_from = Date(default=None)
    percent = SmallInt(default=0)
    loaded_at = Timestamptz(default=None)


class CatalogueTerms(Table):
    """サービス説明 and サービス利用規約 of a product, in each version that was ever asked for."""

    id = BigSerial(primary_key=True)
    product = ForeignKey(CatalogueItem, null=False, default=None, on_delete=OnDelete.restrict)
    version = SmallInt(default=0)
    dated = Date(default=None)
    about = Array(base_column=Text())
    points = Array(base_column=Text())
    conditions = Array(base_column=Text())
    loaded_at = Timestamptz(default=None)


class TelephoneService(Table):
    """A telephone service of the operator's, whose calls are listed."""

    key = Text(primary_key=True)
    offered = Boolean(default=True, help_text="false: the catalogue has it no more; its calls are kept")
