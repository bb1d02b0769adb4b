"""What a catalogue would change: a plan that a person reads, or why it is refused, line by line. Pure.

What was charged, agreed to or handed out must not change under whoever has it. So prices and tax rates are only added to,
from a 1st on that is after today and after the last closed month; terms get new versions; and what anybody has stays. While
nothing was bought or loaded, none of that hangs on the catalogue, and it may be replaced whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import msgspec

from app.domain.catalogue import Catalogue, FeeEntry, Price, ProductEntry, TaxRate, Terms
from app.domain.months import Month

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.domain.catalogue.file import File
    from app.domain.catalogue.positions import Path

FIRST = "no catalogue was loaded before"


class Item(msgspec.Struct, frozen=True):
    """What the database has of a product or a fee, taken out or not."""

    key: str
    kind: str
    listed: bool
    """It is a part of the catalogue in use."""
    in_contracts: str | None
    fee_of: str | None
    prices: tuple[Price, ...]
    terms: tuple[Terms, ...]
    """Every version, oldest first."""
    has: int
    """Purchases that go on."""
    had: bool
    """Anything at all refers to it: a purchase, a PIN, a request, a consent, a charge."""
    contracts: int
    """That have it as their mail product."""
    first_bought: date | None


class KnownCatalogue(msgspec.Struct, frozen=True):
    """What the database has."""

    version: str
    """Of the catalogue in use; "": none was loaded."""
    in_use: bool
    """Something was bought, charged, agreed to, or loaded as a PIN."""
    closed: date | None
    """1st of the last closed month."""
    items: tuple[Item, ...]
    tax_rates: tuple[TaxRate, ...]

    @property
    def free(self) -> bool:
        """Nothing hangs on it yet: it may be replaced whole."""
        return not self.in_use or not self.version


@dataclass(frozen=True)
class CataloguePlan:
    """What the file changes, in words; nothing, if it says what is in use already."""

    lines: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join(self.lines)


def earliest(known: KnownCatalogue, today: date) -> date:
    """The first day that a new price may be valid from."""
    month = Month.of_day(today)
    closed = Month.of_day(known.closed) if known.closed else month
    return max(month, closed).next.first_day


def plan(file: File, before: Catalogue | None, known: KnownCatalogue, today: date) -> CataloguePlan:
    """What loading the file would change. Raises ImportRefused with every line that cannot be.

    `before`: the catalogue in use.
    """
    _judge(file, known, earliest(known, today))
    file.reading.refuse()
    new = file.catalogue
    if new.version == known.version:
        return CataloguePlan(())
    return CataloguePlan(tuple(_said(before, new, known, today)))


# --- what is refused --------------------------------------------------------------------------------------------------


def _judge(file: File, known: KnownCatalogue, start: date) -> None:
    """Note every line that takes away, or changes, what somebody has."""
    new = file.catalogue
    items = {item.key: item for item in known.items}
    kept = {*new.by_key, *new.fees}
    for gone in known.items:
        if gone.key not in kept and gone.kind != "other":
            _judge_gone(file, gone)
    for index, entry in enumerate(new.products):
        item = items.get(entry.key)
        place: Path = ("product", index)
        if item:
            _judge_kept(file, place, entry, item, known)
        _judge_prices(file, place, entry, item, known, start)
        if entry.again:
            fee = items.get(entry.again.key)
            _judge_fee(file, (*place, "again"), entry, fee, known)
            _judge_prices(file, (*place, "again"), entry.again, fee, known, start)
    if not known.free:
        _judge_days(file, ("tax_rates",), "percent", _by_day(new.tax_rates), _by_day(known.tax_rates), start)


def _judge_gone(file: File, item: Item) -> None:
    """A product or fee that the file has no more."""
    who = []
    if item.contracts:
        who.append(f"{item.contracts:,} contracts have it")
    if item.has:
        who.append(f"{item.has:,} purchases of it go on")
    if item.had and not who:
        who.append("somebody had it, or its PINs were loaded")
    if who and item.kind == "fee":
        file.reading.wrong(
            (), f"the fee {item.key} is missing, and {who[0]}: put it back; it may get another price"
        )
    elif who:
        file.reading.wrong(
            (),
            f"the product {item.key} is missing, and {' and '.join(who)}: put it back, with sold = false to offer it no more",
        )


def _judge_kept(file: File, place: Path, entry: ProductEntry, item: Item, known: KnownCatalogue) -> None:
    """A product that is known already stays what it is."""
    wrong = file.reading.wrong
    if item.kind != entry.kind and (item.had or item.contracts or not known.free):
        wrong(
            (*place, "kind"),
            f"kind: {entry.key} is of the kind {item.kind} and stays that: give another product another key",
        )
    if item.contracts and entry.in_contracts != item.in_contracts:
        wrong(
            (*place, "in_contracts"),
            f"in_contracts: {item.contracts:,} contracts have it as {item.in_contracts}: write that again",
        )
    if known.free:
        return
    terms = {its.version: its for its in item.terms}
    newest = item.terms[-1] if item.terms else None
    if entry.terms.version in terms:
        if terms[entry.terms.version] != entry.terms:
            wrong(
                (*place, "terms", "version"),
                f"version: the terms of {entry.key} say something else than version {entry.terms.version} that was loaded: "
                f"make them version {max(terms) + 1}, dated on the day from which they are asked for",
            )
        elif newest and entry.terms.version < newest.version:
            wrong(
                (*place, "terms", "version"),
                f"version: the terms of {entry.key} are at version {newest.version}: write what they say as "
                f"version {newest.version + 1}",
            )
    elif newest and (entry.terms.version != newest.version + 1 or entry.terms.dated <= newest.dated):
        wrong(
            (*place, "terms", "version"),
            f"version: after version {newest.version} of {newest.dated} comes version {newest.version + 1} of a later day",
        )


def _judge_fee(file: File, place: Path, entry: ProductEntry, fee: Item | None, known: KnownCatalogue) -> None:
    if fee and (fee.kind != "fee" or fee.fee_of != entry.key) and (fee.had or not known.free):
        file.reading.wrong(
            (*place, "key"), f"key: {fee.key} stands for something else already: give this fee another"
        )


def _judge_prices(
    file: File,
    place: Path,
    entry: ProductEntry | FeeEntry,
    item: Item | None,
    known: KnownCatalogue,
    start: date,
) -> None:
    """Prices are added to; and nobody is left without one."""
    first = min(entry.prices).valid_from
    if item and item.first_bought and first > (bought := item.first_bought.replace(day=1)):
        file.reading.wrong(
            (*place, "prices"),
            f"prices: {entry.key} was bought in {Month.of_day(bought).iso} and has no price before "
            f"{first}: begin with an earlier one",
        )
    if not known.free:
        was = _by_day(item.prices) if item else {}
        _judge_days(file, (*place, "prices"), "yen", _by_day(entry.prices), was, start)


def _judge_days(
    file: File, place: Path, what: str, new: dict[date, int], was: dict[date, int], start: date
) -> None:
    """What is valid from a day on: none is taken away, none from before `start` is new or another."""
    values: Any = file.reading.content
    for key in place:
        values = values[key]
    lines: dict[date, Path] = {one["from"]: (*place, index) for index, one in enumerate(values)}
    for day, value in was.items():
        if day not in new:
            file.reading.wrong(
                place,
                f"{place[-1]}: {what} = {value} from {day} is missing: put it back, also when it is over",
            )
        elif new[day] != value and day < start:
            file.reading.wrong(
                lines[day],
                f"{what}: was {value} from {day} on, which is charged already: write {value} again, "
                f"and add another from {start} on",
            )
    for day in new.keys() - was.keys():
        if day < start:
            file.reading.wrong(
                lines[day],
                f"from: {day} is over, begun or closed: what is new is valid from {start} at the earliest, or from a later 1st",
            )


def _by_day(rows: tuple[Price, ...] | tuple[TaxRate, ...]) -> dict[date, int]:
    return {one.valid_from: one.yen if isinstance(one, Price) else one.percent for one in rows}


# --- what is changed, in words ----------------------------------------------------------------------------------------


def _said(before: Catalogue | None, new: Catalogue, known: KnownCatalogue, today: date) -> Iterator[str]:
    items = {item.key: item for item in known.items}
    if before is None:
        yield f"{FIRST}: all of it is new"
    old = before.by_key if before else {}
    for entry in new.products:
        former, item = old.get(entry.key), items.get(entry.key)
        if former is None:
            yield from _said_new(entry, item, today)
        else:
            yield from _said_changed(former, entry, item.has if item else 0)
    for key, former in old.items():
        if key not in new.by_key:
            yield f"- {former.name} ({key}): taken out; nobody has it"
    yield from _said_rest(before, new)


def _said_new(entry: ProductEntry, item: Item | None, today: date) -> Iterator[str]:
    begins = f"from {entry.begins()} on" if entry.begins() > today else "at once"
    sold = f"sold {begins}" if entry.sold else "not sold"
    again = "back again, " if item and not item.listed else ""
    yield f"+ {entry.name} ({entry.key}, {entry.kind}): {again}{sold}, {_prices_said(entry.prices)}"
    if entry.again:
        yield f"+ {entry.again.name} ({entry.again.key}, fee): {_prices_said(entry.again.prices)}"


def _prices_said(prices: tuple[Price, ...]) -> str:
    return ", ".join(f"{price.yen:,} yen from {price.valid_from}" for price in sorted(prices))


_TEXTS = (
    "name",
    "environment",
    "in_contracts",
    "base",
    "bought",
    "gigabytes",
    "computers",
    "activation",
    "installer",
)


def _said_changed(former: ProductEntry, entry: ProductEntry, has: int) -> Iterator[str]:
    called = f"{entry.name} ({entry.key})"
    if former.sold and not entry.sold:
        yield f"~ {called}: offered to nobody any more; {has:,} purchases go on"
    elif entry.sold and not former.sold:
        yield f"~ {called}: sold again"
    for field in _TEXTS:
        was, now = getattr(former, field), getattr(entry, field)
        if was != now:
            yield f"~ {called}: {field} {_value(was)} -> {_value(now)}"
    if former.terms != entry.terms:
        yield f"~ {called}: terms, version {entry.terms.version} of {entry.terms.dated} (was {former.terms.version})"
    yield from _said_days(called, former.prices, entry.prices)
    if entry.again and former.again:
        if entry.again.name != former.again.name:
            yield f"~ {called}: fee {_value(former.again.name)} -> {_value(entry.again.name)}"
        yield from _said_days(
            f"{entry.again.name} ({entry.again.key})", former.again.prices, entry.again.prices
        )
    elif entry.again:
        yield f"+ {entry.again.name} ({entry.again.key}, fee): {_prices_said(entry.again.prices)}"
    elif former.again:
        yield f"- {former.again.name} ({former.again.key}): taken out; nobody was charged it"


def _value(value: object) -> str:
    return f"{len(value)} steps" if isinstance(value, tuple) else repr(value)


def _said_days(called: str, before: tuple[Price, ...], after: tuple[Price, ...]) -> Iterator[str]:
    was, now = _by_day(before), _by_day(after)
    for day in sorted(now.keys() | was.keys()):
        if day not in now:
            yield f"- {called}: {was[day]:,} yen from {day}"
        elif day not in was:
            yield f"+ {called}: {now[day]:,} yen from {day}"
        elif was[day] != now[day]:
            yield f"~ {called}: from {day} {was[day]:,} yen -> {now[day]:,} yen"


def _said_rest(before: Catalogue | None, new: Catalogue) -> Iterator[str]:
    """Taxes, limits, telephone services and the virus check."""
    rates = _by_day(before.tax_rates) if before else {}
    for day, percent in sorted(_by_day(new.tax_rates).items()):
        if rates.get(day) != percent:
            yield f"+ consumption tax: {percent} percent from {day}"
    for day in sorted(rates.keys() - _by_day(new.tax_rates).keys()):
        yield f"- consumption tax: {rates[day]} percent from {day}"
    for field in new.limits.__struct_fields__:
        now = getattr(new.limits, field)
        was = getattr(before.limits, field) if before else None
        if now != was:
            yield f"~ limits.{field}: {f'{was} -> ' if before else ''}{now}"
    services = before.telephony if before else ()
    for key in sorted({*services} - {*new.telephony}):
        yield f"- telephony: {key}: no page of it is shown; its calls are kept"
    for key in sorted({*new.telephony} - {*services}):
        yield f"+ telephony: {key}"
    if (before and before.virus_check) != new.virus_check:
        yield f"~ virus_check: members are told {'of it' if new.virus_check else 'of none'}"
    if before and [one.key for one in before.products] != [one.key for one in new.products]:
        yield f"~ order of pages and lists: {', '.join(one.key for one in new.products)}"
