"""The `contracts` file (spec 17 and 19): JSON Lines, one contract a line, judged line by line by the rules of the forms.

Reasons are for the operator: they name the field and what it must be, and never repeat a value, which may be a
password. `mypage import contracts --example` prints EXAMPLE, and docs/operating.md shows it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from app.domain import fields, holders
from app.domain.catalogue import ACCOUNT_IDS
from app.domain.contracts import bought, rules, shape
from app.domain.contracts.bought import MailOfAccount, ServiceBefore
from app.domain.contracts.rules import Rule
from app.domain.fields import Wrong
from app.domain.imports import LONGEST_JSON, json_lines, undecoded

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLE = Path(__file__).with_name("example.jsonl")
CONTRACT_COLUMNS = ("customer_number", "password_hash", *rules.CONTRACT, "holder_kind", *rules.PERSON)
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


_contract_decoder = msgspec.json.Decoder(shape.Contract)
_account_decoder = msgspec.json.Decoder(shape.Account)


def read(path: Path) -> Iterator[ContractLine]:
    """The lines of the file that are not blank. Raises OSError when the file cannot be read."""
    for number, raw in json_lines(path):
        if raw is None:
            yield ContractLine(number, [f"longer than {LONGEST_JSON} bytes: write one contract a line"])
        else:
            yield judged(number, raw)


def judged(number: int, raw: bytes) -> ContractLine:
    """One line of the file, as it stands there."""
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
        )
        card = self._values("card.", rules.CARD, contract.card) if contract.card else None
        accounts = self._decoded(contract.accounts)
        made = [self._account(f"accounts[{slot - 1}].", slot, one) for slot, one in accounts]
        mail, services = bought.judged(contract, accounts, self._value, self._problems)
        return ContractLine(
            self._number, self._problems, values, card, made, self._plain, mail=mail, services=services
        )

    def _holder(self, holder: shape.Holder) -> tuple[object, ...]:
        kind = self._value("holder.kind", rules.KIND, holder.kind)
        by_kind = rules.COMPANY if kind == holders.COMPANY else rules.PERSON
        return (kind, *self._values("holder.", by_kind, holder))

    def _decoded(self, accounts: list[msgspec.Raw]) -> list[tuple[int, shape.Account]]:
        """Those that can be read, by slot."""
        if len(accounts) > ACCOUNT_IDS:
            self._problems.append(
                f"accounts: {len(accounts)} account IDs, but at most {ACCOUNT_IDS} are possible"
            )
        found = []
        for index, raw in enumerate(accounts[:ACCOUNT_IDS]):
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
