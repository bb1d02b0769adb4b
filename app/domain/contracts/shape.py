"""What a line of the `contracts` file is made of, as JSON (spec 17 and 19); rules.py says what each field may hold.

Unknown names are refused, so that a mistyped one is found. A field that a person must have and a company may lack is
optional here.
"""

from __future__ import annotations

import msgspec

from app.domain.access.matrix import UserPurchases
from app.domain.holders import PERSON


class Strict(msgspec.Struct, forbid_unknown_fields=True):
    """Whatever stands in a line."""


class WithPassword(Strict, kw_only=True):
    """Exactly one of the two is given."""

    password: str | msgspec.UnsetType = msgspec.UNSET
    password_hash: str | msgspec.UnsetType = msgspec.UNSET


class Holder(Strict, kw_only=True):
    """ご契約者."""

    kind: str = PERSON
    company: str | None = None
    company_kana: str | None = None
    family: str | None = None
    given: str | None = None
    family_kana: str | None = None
    given_kana: str | None = None
    birth_date: str | None = None
    sex: str | None = None
    address: str
    occupation: str | None = None
    household: int | None = None
    phone: str
    fax: str
    mobile: str
    email: str


class Card(Strict):
    """お支払い方法; token and payer are the payment gateway's names of the card and of who pays."""

    brand: str
    last4: str
    expires: str
    holder: str
    token: str = ""
    payer: str = ""


class Forwarding(Strict):
    """メール転送."""

    addresses: list[str]
    keep_copy: bool


class Account(WithPassword, kw_only=True):
    """アカウントID."""

    login: str
    family: str
    given: str
    family_kana: str
    given_kana: str
    user_name: str
    role: str
    other_address: str | None
    ucom_address: str | None = None
    mailbox_10gb: bool = False
    forwarding: Forwarding | None = None
    web_space: str | None = None


class Service(Strict):
    """What was bought before: for the contract, or for one of the line's account IDs."""

    product: str
    account: str | None
    started_on: str
    pin: str | None = None


class Contract(WithPassword, kw_only=True):
    """A line."""

    customer_number: str
    contract_type: str
    mail_product: str
    building: str
    opened_on: str
    closed_on: str | msgspec.UnsetType | None = msgspec.UNSET
    """Null: it goes on; left out: nothing is said of that."""
    holder: Holder
    card: Card | None
    user_purchases: str = UserPurchases.ASK.value
    services: list[Service] = []
    accounts: list[msgspec.Raw]
    """Decoded one by one, because msgspec does not say which element of a list was wrong."""
