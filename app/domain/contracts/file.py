"""The `contracts` file (spec 17): JSON Lines, one contract a line, judged line by line by the rules of the forms.

Reasons are for the operator: they name the field and what it must be, and never repeat a value, which may be a
password.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from app.domain import fields
from app.domain.access import passwords
from app.domain.access.matrix import UserPurchases
from app.domain.cards import numbers
from app.domain.catalogue import ACCOUNT_IDS, MAIL_PRODUCTS
from app.domain.fields import Wrong, reading
from app.domain.imports import LONGEST_JSON, json_lines, undecoded
from app.domain.months import Month

if TYPE_CHECKING:
    from pathlib import Path

_LAST4 = re.compile(r"[0-9]{4}")
_CARD_HOLDER = re.compile(r"[A-Za-z][A-Za-z .'-]{0,63}")


@dataclass(frozen=True)
class ContractLine:
    """One line: the values that its rules let through (None for the others), and what is wrong with it.

    A `contract` has the order of CONTRACT_COLUMNS, a `card` of CARD_COLUMNS, an account of ACCOUNT_COLUMNS.
    `plain` are the passwords to hash, by slot; slot 0 is the customer number's.
    """

    number: int
    problems: list[str]
    contract: tuple[object, ...] | None = field(default=None, repr=False)
    card: tuple[object, ...] | None = None
    accounts: list[tuple[object, ...]] = field(default_factory=list, repr=False)
    plain: list[tuple[int, str]] = field(default_factory=list, repr=False)


class _Rule(NamedTuple):
    check: Callable[[Any], object]
    must: str


def _one_of(values: tuple[str, ...]) -> _Rule:
    return _Rule(partial(_chosen, values=values), f"must be one of {', '.join(values)}")


def _chosen(text: str, values: tuple[str, ...]) -> str:
    if text not in values:
        raise Wrong("another value")
    return text


def _like(pattern: re.Pattern[str], must: str) -> _Rule:
    return _Rule(partial(_matching, pattern=pattern), must)


def _matching(text: str, pattern: re.Pattern[str]) -> str:
    value = reading.roman(text)
    if not pattern.fullmatch(value):
        raise Wrong("another form")
    return value


def _month(text: str) -> str:
    try:
        return Month.parse(fields.half_width(text)).iso
    except ValueError as error:
        raise Wrong("no month") from error


def _hash(text: str) -> str:
    if not passwords.is_hash(text):
        raise Wrong("not a hash")
    return text


def _household(number: int) -> int:
    return fields.household(str(number))


def _other_address(text: str | None) -> str | None:
    return None if text is None else fields.mail_address(text)


_NAME = _Rule(fields.name, f"must be 1 to {fields.NAME_LENGTH} visible characters")
_KANA = _Rule(fields.kana, f"must be 1 to {fields.NAME_LENGTH} katakana; ー and ・ are allowed")
_ONE_LINE = _Rule(fields.one_line, f"must be 1 to {fields.LINE_LENGTH} visible characters")
_OPTIONAL_PHONE = _Rule(
    fields.optional_phone, 'must be "" or 10 or 11 digits, the first 0; hyphens are allowed'
)
_CUSTOMER_NUMBER = _Rule(fields.customer_number, "must be 14 digits")
_HASH = _Rule(
    _hash,
    "must be an argon2id hash ($argon2id$v=19$m=…,t=…,p=…$salt$hash) without pepper, "
    "of at most m=65536, t=4, p=4",
)

_CONTRACT = {
    "contract_type": _ONE_LINE,
    "mail_product": _one_of(tuple(MAIL_PRODUCTS)),
    "building": _ONE_LINE,
    "opened_on": _Rule(fields.day, f"must be a day as YYYY-MM-DD, from {fields.EARLIEST.year} on"),
    "user_purchases": _one_of(tuple(UserPurchases)),
}
_HOLDER = {
    "family": _NAME,
    "given": _NAME,
    "family_kana": _KANA,
    "given_kana": _KANA,
    "birth_date": _Rule(fields.past_date, "must be a day as YYYY-MM-DD that is not in the future"),
    "sex": _one_of(fields.SEXES),
    "address": _ONE_LINE,
    "occupation": _one_of(fields.OCCUPATIONS),
    "household": _Rule(_household, f"must be a whole number from 0 to {fields.HOUSEHOLD}"),
    "phone": _Rule(fields.phone, "must be 10 or 11 digits, the first 0; hyphens are allowed"),
    "fax": _OPTIONAL_PHONE,
    "mobile": _OPTIONAL_PHONE,
    "email": _Rule(fields.optional_mail_address, 'must be "" or one mail address'),
}
_CARD = {
    "brand": _one_of(numbers.BRANDS),
    "last4": _like(_LAST4, "must be the last 4 digits of the card number"),
    "expires": _Rule(_month, "must be a month as YYYY-MM"),
    "holder": _like(_CARD_HOLDER, "must be 1 to 64 Roman letters, with spaces . ' - between"),
}
_ACCOUNT = {
    "family": _NAME,
    "given": _NAME,
    "family_kana": _KANA,
    "given_kana": _KANA,
    "user_name": _Rule(
        fields.user_name,
        f"must be 1 to {fields.NAME_LENGTH} full-width characters, letters, digits, blanks, - or _",
    ),
    "role": _Rule(fields.role, "must be user or admin"),
    "other_address": _Rule(_other_address, "must be null or one mail address"),
}
_LOGIN = _Rule(
    fields.account_id,
    "must be 3 to 15 lower-case letters, digits or -, first a letter, last a letter or digit, "
    f"and not {', '.join(sorted(fields.RESERVED))}",
)

CONTRACT_COLUMNS = ("customer_number", "password_hash", *_CONTRACT, *_HOLDER)
CARD_COLUMNS = tuple(_CARD)
ACCOUNT_COLUMNS = ("slot", "login", "password_hash", *_ACCOUNT)


class _Strict(msgspec.Struct, forbid_unknown_fields=True):
    """Unknown names are refused, so that a mistyped one is found."""


class _WithPassword(_Strict, kw_only=True):
    password: str | msgspec.UnsetType = msgspec.UNSET
    password_hash: str | msgspec.UnsetType = msgspec.UNSET


class _Holder(_Strict):
    family: str
    given: str
    family_kana: str
    given_kana: str
    birth_date: str
    sex: str
    address: str
    occupation: str
    household: int
    phone: str
    fax: str
    mobile: str
    email: str


class _Card(_Strict):
    brand: str
    last4: str
    expires: str
    holder: str


class _Account(_WithPassword, kw_only=True):
    login: str
    family: str
    given: str
    family_kana: str
    given_kana: str
    user_name: str
    role: str
    other_address: str | None


class _Contract(_WithPassword, kw_only=True):
    customer_number: str
    contract_type: str
    mail_product: str
    building: str
    opened_on: str
    holder: _Holder
    card: _Card | None
    user_purchases: str = UserPurchases.ASK.value
    accounts: list[msgspec.Raw]
    """Decoded one by one, because msgspec does not say which element of a list was wrong."""


_contract_decoder = msgspec.json.Decoder(_Contract)
_account_decoder = msgspec.json.Decoder(_Account)


def read(path: Path) -> Iterator[ContractLine]:
    """The lines of the file that are not blank. Raises OSError when the file cannot be read."""
    for number, raw in json_lines(path):
        if raw is None:
            yield ContractLine(number, [f"longer than {LONGEST_JSON} bytes: write one contract a line"])
        else:
            yield _judge(number, raw)


def _judge(number: int, raw: bytes) -> ContractLine:
    try:
        contract = _contract_decoder.decode(raw.decode())
    except UnicodeDecodeError as error:
        return ContractLine(number, [f"not UTF-8 at byte {error.start + 1}: save the file as UTF-8"])
    except (msgspec.DecodeError, RecursionError) as error:
        return ContractLine(number, [undecoded(error)])
    return _LineJudge(number).judge(contract)


class _LineJudge:
    """Judges one line and collects all that is wrong with it."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._problems: list[str] = []
        self._plain: list[tuple[int, str]] = []

    def judge(self, contract: _Contract) -> ContractLine:
        customer_number = self._value("customer_number", _CUSTOMER_NUMBER, contract.customer_number)
        password = partial(fields.customer_password, customer_number=str(customer_number or ""))
        rule = _Rule(
            password, "must be 6 to 10 letters, digits or ASCII symbols, and no digits of the customer number"
        )
        judged = (
            customer_number,
            self._hash("", 0, rule, contract),
            *self._values("", _CONTRACT, contract),
            *self._values("holder.", _HOLDER, contract.holder),
        )
        card = self._values("card.", _CARD, contract.card) if contract.card else None
        accounts = list(self._accounts(contract.accounts))
        return ContractLine(self._number, self._problems, judged, card, accounts, self._plain)

    def _accounts(self, accounts: list[msgspec.Raw]) -> Iterator[tuple[object, ...]]:
        if len(accounts) > ACCOUNT_IDS:
            self._problems.append(
                f"accounts: {len(accounts)} account IDs, but at most {ACCOUNT_IDS} are possible"
            )
        for index, raw in enumerate(accounts[:ACCOUNT_IDS]):
            where = f"accounts[{index}]"
            try:
                account = _account_decoder.decode(raw)
            except (msgspec.DecodeError, RecursionError) as error:
                self._problems.append(undecoded(error, where))
            else:
                yield self._account(f"{where}.", index + 1, account)

    def _account(self, where: str, slot: int, account: _Account) -> tuple[object, ...]:
        login = self._value(f"{where}login", _LOGIN, account.login)
        password = partial(fields.account_password, login=str(login))
        rule = _Rule(
            password,
            "must be 8 to 16 letters, digits, - or _, with a letter and a digit, and not the account ID",
        )
        return (
            slot,
            login,
            self._hash(where, slot, rule, account),
            *self._values(where, _ACCOUNT, account),
        )

    def _hash(self, where: str, slot: int, rule: _Rule, given: _WithPassword) -> object:
        """The given hash; None when a plain password was given instead, which is noted, or nothing right."""
        if isinstance(given.password, str) == isinstance(given.password_hash, str):
            self._problems.append(f"{where}password: give exactly one of password and password_hash")
        elif isinstance(given.password_hash, str):
            return self._value(f"{where}password_hash", _HASH, given.password_hash)
        elif password := self._value(f"{where}password", rule, given.password):
            self._plain.append((slot, str(password)))
        return None

    def _values(self, where: str, rules: dict[str, _Rule], given: msgspec.Struct) -> tuple[object, ...]:
        return tuple(self._value(where + name, rule, getattr(given, name)) for name, rule in rules.items())

    def _value(self, name: str, rule: _Rule, given: object) -> object:
        try:
            return rule.check(given)
        except Wrong as wrong:  # its own reason is for members, in Japanese
            self._problems.append(f"{name}: {rule.must}{f' ({wrong.sign})' if wrong.sign else ''}")
            return None
