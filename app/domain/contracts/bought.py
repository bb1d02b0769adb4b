"""What customers bring of mail and services: judged within one line of the `contracts` file, by the rules of the pages.

An address of ours needs what the mail service gives; a big box, a forwarding and a web space need such an address; a
security option needs a mail address. What is bought before is charged here from the month of its import on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date

from app.domain import catalogue, clock, installation, reserved_names
from app.domain.catalogue import OF_THE_CONTRACT, Kind, Product, ProductEntry
from app.domain.contracts import rules, shape
from app.domain.contracts.rules import Rule
from app.domain.mail import ours

Judge = Callable[[str, Rule, object], object]
"""Gives the value of a field, or None and notes what is wrong with it."""
Accounts = list[tuple[int, shape.Account]]
"""The account IDs of a line that can be read, by slot."""


@dataclass(frozen=True)
class MailOfAccount:
    """What an account ID has of the mail service; nothing of it is None or empty."""

    slot: int
    address: str | None
    reserved: bool
    """Nobody may register its name today."""
    web_space: str | None
    forwarding: tuple[str, ...]
    keep_copy: bool


@dataclass(frozen=True)
class ServiceBefore:
    """What was bought before: slot 0 is the contract's."""

    index: int
    slot: int
    product: str
    started_on: date
    pin: str | None = field(default=None, repr=False)


def judged(
    contract: shape.Contract, accounts: Accounts, judge: Judge, problems: list[str]
) -> tuple[list[MailOfAccount], list[ServiceBefore]]:
    """The mail and the services of a line; what is wrong is added to the problems."""
    mail = [_mail(slot, one, judge, problems) for slot, one in accounts]
    services = [*_services(contract, accounts, judge, problems), *_boxes(contract, accounts, problems)]
    _must_not_be_twice(services, problems)
    _must_fit(contract, mail, services, problems)
    _must_have_an_address(accounts, services, problems)
    _must_not_loop(mail, problems)
    return [one for one in mail if one.address], services


# --- mail -------------------------------------------------------------------------------------------------------------


def _mail(slot: int, account: shape.Account, judge: Judge, problems: list[str]) -> MailOfAccount:
    where = f"accounts[{slot - 1}]."
    address = space = None
    if account.ucom_address is not None:
        address = _address(where, account, judge, problems)
    elif account.mailbox_10gb or account.forwarding or account.web_space:
        problems.append(f"{where}ucom_address: a mailbox_10gb, forwarding or web_space needs one")
    if account.web_space is not None:
        space = judge(f"{where}web_space", rules.WEB_SPACE, account.web_space)
    forwarded = _forwarding(where, account.forwarding, judge, problems) if account.forwarding else ()
    keep = account.forwarding.keep_copy if account.forwarding else True
    names = [name for name in ((address or "").partition("@")[0], _text(space)) if name]
    return MailOfAccount(slot, address, any(map(_reserved, names)), _text(space), forwarded, keep)


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _address(where: str, account: shape.Account, judge: Judge, problems: list[str]) -> str | None:
    if not installation.given("mail_domain") or not installation.given("sender"):
        problems.append(
            f"{where}ucom_address: needs the settings of the server, MYPAGE_MAIL_DOMAIN and MYPAGE_MAIL_FROM among them"
        )
        return None
    if account.other_address:
        problems.append(f"{where}other_address: must be null beside a ucom_address")
    return _text(judge(f"{where}ucom_address", rules.UCOM_ADDRESS, account.ucom_address))


def _reserved(name: str) -> bool:
    return installation.given("sender") and reserved_names.reason(name) is not None


def _forwarding(where: str, given: shape.Forwarding, judge: Judge, problems: list[str]) -> tuple[str, ...]:
    found = [judge(f"{where}forwarding", rules.FORWARDED, one) for one in given.addresses]
    most = catalogue.limits().forwarding_addresses
    if not 1 <= len(given.addresses) <= most:
        problems.append(f"{where}forwarding: must be 1 to {most} addresses")
    return tuple(dict.fromkeys(str(one) for one in found if one))


def _must_not_loop(mail: list[MailOfAccount], problems: list[str]) -> None:
    """No mail comes back to where it was forwarded from, over other account IDs of the line."""
    onward = {
        one.address: [ours.mailbox_of(target) for target in one.forwarding] for one in mail if one.address
    }
    for one in (one for one in mail if one.address):
        reached: set[str] = set()
        waiting = list(onward[str(one.address)])
        while waiting:
            here = waiting.pop()
            if here not in reached:
                reached.add(here)
                waiting += onward.get(here, [])
        if one.address in reached:
            problems.append(f"accounts[{one.slot - 1}].forwarding: mail would come back to its ucom_address")


# --- services ---------------------------------------------------------------------------------------------------------


def _services(
    contract: shape.Contract, accounts: Accounts, judge: Judge, problems: list[str]
) -> Iterator[ServiceBefore]:
    slots = {account.login: slot for slot, account in accounts}
    for index, given in enumerate(contract.services):
        where = f"services[{index}]."
        product = judge(f"{where}product", rules.PRODUCT, given.product)
        started_on = judge(f"{where}started_on", rules.PAST, given.started_on)
        pin = judge(f"{where}pin", rules.PIN, given.pin) if given.pin is not None else None
        entry = catalogue.current_entry(given.product)
        wrong = [*_misplaced(contract, slots, given, entry)] if entry else []
        if wrong:
            problems += [f"{where}{reason}" for reason in wrong]
        elif product is not None and isinstance(started_on, date):
            slot = slots[given.account] if given.account else 0
            yield ServiceBefore(index, slot, str(product), started_on, _text(pin))


def _misplaced(
    contract: shape.Contract, slots: dict[str, int], given: shape.Service, entry: ProductEntry
) -> Iterable[str]:
    """What is wrong with whose the product is, and with its PIN."""
    of_contract = entry.kind in OF_THE_CONTRACT
    mail = catalogue.current().mail_products.get(contract.mail_product)
    if of_contract and given.account is not None:
        yield f"account: must be null, since {given.product} is bought for the contract"
    elif not of_contract and given.account not in slots:
        yield f"account: must be an account ID of this line, since {given.product} is bought for one"
    if mail and entry.kind is Kind.MAIL and given.product != mail.key:
        yield f"product: must be {mail.key} of a contract with the mail_product {contract.mail_product}"
    if given.pin is not None and entry.kind is not Kind.LICENCE:
        yield f"pin: must be null, since {given.product} has none"
    elif given.pin is not None and not installation.given("data_keys"):
        yield "pin: cannot be kept, because MYPAGE_DATA_KEYS is not set"


def _boxes(contract: shape.Contract, accounts: Accounts, problems: list[str]) -> Iterator[ServiceBefore]:
    """The big boxes, which came with the contract as far as the file tells."""
    product = catalogue.mailbox()
    if product is None:
        problems += [
            f"accounts[{slot - 1}].mailbox_10gb: must be false, since the catalogue has no bigger mailbox"
            for slot, account in accounts
            if account.mailbox_10gb
        ]
        return
    try:
        opened = date.fromisoformat(contract.opened_on)
    except ValueError:  # named already
        return
    for slot, account in accounts:
        if account.mailbox_10gb:
            yield ServiceBefore(-1, slot, product, min(opened, clock.today()))


def _must_not_be_twice(services: list[ServiceBefore], problems: list[str]) -> None:
    for (slot, product), number in Counter((one.slot, one.product) for one in services).items():
        if number > 1:
            whose = f"of accounts[{slot - 1}] " if slot else ""
            problems.append(f"services: {product} {whose}stands {number} times; one that goes on is wanted")


def _must_fit(
    contract: shape.Contract, mail: list[MailOfAccount], services: list[ServiceBefore], problems: list[str]
) -> None:
    """No more addresses and web spaces of ours than the mail service gives."""
    product = catalogue.current().mail_products.get(contract.mail_product)
    if product is None:
        return
    is_bought = any(one.product == product.key for one in services)
    limit = product.base + (product.bought if is_bought else 0)
    addresses, spaces = sum(one.address is not None for one in mail), sum(bool(one.web_space) for one in mail)
    for number, what in ((addresses, "ucom_address"), (spaces, "web_space")):
        if number > limit:
            lacks = "" if is_bought else f"; {product.key} is not among its services"
            problems.append(f"accounts: {number} have a {what}, but {limit} are possible{lacks}")


def _must_have_an_address(accounts: Accounts, services: list[ServiceBefore], problems: list[str]) -> None:
    without = {slot for slot, one in accounts if not (one.ucom_address or one.other_address)}
    problems += [
        f"services[{one.index}].account: needs a mail address, as {one.product} does"
        for one in services
        if catalogue.is_licence(Product(one.product)) and one.slot in without
    ]
