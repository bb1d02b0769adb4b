"""The `contracts` file (spec 17 and 19): JSON Lines, one contract a line, judged line by line by the rules of the forms.

Reasons are for the operator: they name the field and what it must be, and never repeat a value, which may be a
password. `mypage import contracts --example` prints EXAMPLE, and docs/operating.md shows it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from app.domain import catalogue, fields, holders
from app.domain.contracts import bought, rules, shape
from app.domain.contracts.bought import MailOfAccount, ServiceBefore
from app.domain.contracts.header import Header, is_header
from app.domain.contracts.rules import Rule
from app.domain.fields import Wrong
from app.domain.imports import LONGEST_JSON, ImportRefused, Problem, json_lines, undecoded

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLE = Path(__file__).with_name("example.jsonl")
CONTRACT_COLUMNS = (
    *("customer_number", "password_hash", *rules.CONTRACT),
    *("holder_kind", *rules.PERSON, "closed_on"),
)
CARD_COLUMNS = tuple(rules.CARD)
ACCOUNT_COLUMNS = ("slot", "login", "password_hash", *rules.ACCOUNT)


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
    mail: list[MailOfAccount] = field(default_factory=list)
    services: list[ServiceBefore] = field(default_factory=list, repr=False)
    says_closing: bool = False
    """`closed_on` stands in it, be it null."""
    digest: bytes = b""
    """Of the line as it stands in the file."""


_contract_decoder = msgspec.json.Decoder(shape.Contract)
_account_decoder = msgspec.json.Decoder(shape.Account)
_header_decoder = msgspec.json.Decoder(Header)


def read(path: Path) -> Iterator[ContractLine]:
    """The contracts of the file. Raises OSError when the file cannot be read."""
    for number, raw in lines(path):
        yield judged(number, raw)


def lines(path: Path) -> Iterator[tuple[int, bytes | None]]:
    """The lines of the file that are not blank, without its header; None for one that is too long."""
    first = True
    for number, raw in json_lines(path):
        if not (first and raw is not None and is_header(raw)):
            yield number, raw
        first = False


def header(path: Path) -> Header | None:
    """The header of the file, if it has one. Raises ImportRefused for one that cannot be read."""
    for number, raw in json_lines(path):
        if raw is None or not is_header(raw):
            return None
        try:
            return _header_decoder.decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ImportRefused([Problem(number, undecoded(error))]) from error
    return None


def digest(raw: bytes, *, contact: bool = False) -> bytes:
    """By which a line is known again; `contact`: one that the contact details were taken from, too."""
    return hashlib.sha256((b"contact " if contact else b"") + raw.strip()).digest()


def judged(number: int, raw: bytes | None, *, known: bool = False) -> ContractLine:
    """One line of the file, as it stands there. `known`: of a contract that is there, which needs no password."""
    if raw is None:
        return ContractLine(number, [f"longer than {LONGEST_JSON} bytes: write one contract a line"])
    try:
        contract = _contract_decoder.decode(raw.decode())
    except UnicodeDecodeError as error:
        return ContractLine(number, [f"not UTF-8 at byte {error.start + 1}: save the file as UTF-8"])
    except (msgspec.DecodeError, RecursionError) as error:
        return ContractLine(number, [undecoded(error)])
    return replace(_LineJudge(number, known).judge(contract), digest=digest(raw))


class _LineJudge:
    """Judges one line and collects all that is wrong with it."""

    def __init__(self, number: int, known: bool) -> None:
        self._number = number
        self._known = known
        self._problems: list[str] = []
        self._plain: list[tuple[int, str]] = []

    def judge(self, contract: shape.Contract) -> ContractLine:
        customer_number = self._value("customer_number", rules.customer_number(), contract.customer_number)
        password = partial(fields.customer_password, customer_number=str(customer_number or ""))
        rule = Rule(
            password, "must be 6 to 10 letters, digits or ASCII symbols, and no digits of the customer number"
        )
        values = (
            customer_number,
            self._hash("", 0, rule, contract),
            *self._values("", rules.CONTRACT, contract),
            *self._holder(contract.holder),
            self._closed_on(contract),
        )
        card = self._values("card.", rules.CARD, contract.card) if contract.card else None
        accounts = self._decoded(contract.accounts)
        made = [self._account(f"accounts[{slot - 1}].", slot, one) for slot, one in accounts]
        mail, services = bought.judged(contract, accounts, self._value, self._problems)
        return ContractLine(
            *(self._number, self._problems, values, card, made, self._plain),
            mail=mail,
            services=services,
            says_closing=contract.closed_on is not msgspec.UNSET,
        )

    def _closed_on(self, contract: shape.Contract) -> object:
        if contract.closed_on is msgspec.UNSET:
            return None
        day = self._value("closed_on", rules.CLOSED_ON, contract.closed_on)
        if isinstance(day, date) and day.isoformat() < contract.opened_on:
            self._problems.append("closed_on: must not be before opened_on")
        return day

    def _holder(self, holder: shape.Holder) -> tuple[object, ...]:
        kind = self._value("holder.kind", rules.KIND, holder.kind)
        by_kind = rules.COMPANY if kind == holders.COMPANY else rules.PERSON
        return (kind, *self._values("holder.", by_kind, holder))

    def _decoded(self, accounts: list[msgspec.Raw]) -> list[tuple[int, shape.Account]]:
        """Those that can be read, by slot."""
        most = catalogue.limits().account_ids
        if len(accounts) > most:
            self._problems.append(f"accounts: {len(accounts)} account IDs, but at most {most} are possible")
        found = []
        for index, raw in enumerate(accounts[:most]):
            try:
                found.append((index + 1, _account_decoder.decode(raw)))
            except (msgspec.DecodeError, RecursionError) as error:
                self._problems.append(undecoded(error, f"accounts[{index}]"))
        return found

    def _account(self, where: str, slot: int, account: shape.Account) -> tuple[object, ...]:
        login = self._value(f"{where}login", rules.LOGIN, account.login)
        password = partial(fields.account_password, login=str(login))
        rule = Rule(
            password,
            "must be 8 to 16 letters, digits, - or _, with a letter and a digit, and not the account ID",
        )
        return (
            slot,
            login,
            self._hash(where, slot, rule, account),
            *self._values(where, rules.ACCOUNT, account),
        )

    def _hash(self, where: str, slot: int, rule: Rule, given: shape.WithPassword) -> object:
        """The given hash; None when a plain password was given instead, which is noted, or nothing right."""
        if self._known and given.password is given.password_hash is msgspec.UNSET:
            return None
        if isinstance(given.password, str) == isinstance(given.password_hash, str):
            self._problems.append(f"{where}password: give exactly one of password and password_hash")
        elif isinstance(given.password_hash, str):
            return self._value(f"{where}password_hash", rules.HASH, given.password_hash)
        elif password := self._value(f"{where}password", rule, given.password):
            self._plain.append((slot, str(password)))
        return None

    def _values(self, where: str, by_field: dict[str, Rule], given: msgspec.Struct) -> tuple[object, ...]:
        return tuple(self._value(where + name, rule, getattr(given, name)) for name, rule in by_field.items())

    def _value(self, name: str, rule: Rule, given: object) -> object:
        try:
            return rule.check(given)
        except Wrong as wrong:  # its own reason is for members, in Japanese
            self._problems.append(f"{name}: {rule.must}{f' ({wrong.sign})' if wrong.sign else ''}")
            return None
