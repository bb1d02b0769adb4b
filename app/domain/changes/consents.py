"""What members agree to: each text with its versions, and what is written of a consent beside its change.

The texts are the terms of the catalogue's products, and partials/terms/*.html, which are no product's. A kind of change
declares which of the latter it asks consent for (`Change.consents`), or says it by `consents_to` where that hangs on the
product, and the rest follows: confirm page and receipt name the version, and the database keeps it beside the change.

Whoever edits a file of partials/terms/ adds a version here, behind the others: tests/changes/test_consents.py compares the
digest of the text with that of its newest version, and says what to write. The words of every version, of those that are
asked for no more too, stay in `agreed/`: what somebody agreed to years ago can be read there. Those of the catalogue stay in
its tables; `agreed/` has what was asked for before there was one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from app.branding import BRAND
from app.domain import catalogue, tables
from app.domain.catalogue import Kind, Product, ProductEntry, Terms
from app.domain.changes.words import Row

if TYPE_CHECKING:
    import uuid
    from collections.abc import Iterable, Sequence

WORDS = Path(__file__).parent / "agreed"
"""A file for each version of each text: its words, a line for each line of it, without those of the brand (Brand.said)."""
CONDITIONS = "サービス利用規約"
LABEL = "規約への同意"
"""How confirm page and receipt call it."""


@dataclass(frozen=True)
class TextVersion:
    """A version of a text: from which day it is asked for, and the digest of its words."""

    number: int
    dated: date
    digest: str

    def __str__(self) -> str:
        return f"第{self.number}版、{self.dated:%Y/%m/%d}"


@dataclass(frozen=True)
class ConsentText:
    """A text that members agree to; `name` is that of its file."""

    name: str
    title: str
    versions: tuple[TextVersion, ...]
    """Oldest first; the newest is asked for. What was asked for once stays here."""

    @property
    def newest(self) -> TextVersion:
        return self.versions[-1]

    def __str__(self) -> str:
        return f"{self.title}（{self.newest}）"


_BEGUN = date(2025, 12, 1)


_PLAINER = date(2026, 12, 1)


def _versions(*digests: str) -> tuple[TextVersion, ...]:
    """The first version and, where there is one, the second."""
    days = (_BEGUN, _PLAINER)
    return tuple(TextVersion(number + 1, days[number], digest) for number, digest in enumerate(digests))


TEXTS = {
    text.name: text
    for text in (
        ConsentText(
            "mail-address",
            f"{BRAND.short}の提供するメールアドレスについて",
            _versions("5934d5e4ef0d7b68", "488c61edc0e64944"),
        ),
        ConsentText("card", "クレジットカード支払い注意事項", (TextVersion(1, _BEGUN, "52b51168f82af47c"),)),
        ConsentText(
            "others-mail",
            "ほかの方のメールの設定について",
            _versions("9bbad1610f0b7a9c", "19aa0903951ccd41"),
        ),
        ConsentText("other-address", "他社のメールについて", (TextVersion(1, _BEGUN, "e711c381d787832e"),)),
    )
}
"""Every text of partials/terms/ that is asked for, by its name."""


def text(name: str) -> ConsentText:
    """A text as it is asked for now: one of partials/terms/, or a product's. Raises catalogue.Unknown."""
    return TEXTS.get(name) or _of_product(catalogue.entry(Product(name)))


def _of_product(entry: ProductEntry) -> ConsentText:
    versions = (*entry.former, entry.terms)
    title = f"{entry.name}のサービス説明{'とサービス利用規約' if entry.terms.conditions else ''}"
    return ConsentText(entry.key, title, tuple(TextVersion(one.version, one.dated, "") for one in versions))


def rows(names: Sequence[str]) -> list[Row]:
    """What confirm page and receipt say of the texts; nothing where none is asked for."""
    return [Row(LABEL, "\n".join(str(text(name)) for name in names))] if names else []


def versions(names: Iterable[str]) -> tuple[tuple[str, int], ...]:
    """The texts as they are asked for now, each with the number of its version."""
    return tuple((name, text(name).newest.number) for name in names)


def words(name: str, number: int) -> str:
    """What that version of a text said: its heading, then a line for each. Raises FileNotFoundError for one that never was."""
    entry = catalogue.current_entry(name)
    if entry:
        for terms in (*entry.former, entry.terms):
            if terms.version == number:
                return "\n".join((heading(entry), *_lines(entry, terms)))
    return _words(name, number)


def heading(entry: ProductEntry) -> str:
    """What stands above a product's terms: several stand on one page where the products are licences."""
    return f"{entry.name}のサービス説明" if entry.kind is Kind.LICENCE else "サービス説明"


def _lines(entry: ProductEntry, terms: Terms) -> tuple[str, ...]:
    conditions = (f"{entry.name}の{CONDITIONS}", *terms.conditions) if terms.conditions else ()
    return (*terms.about, *terms.points, *conditions)


@cache
def _words(name: str, number: int) -> str:
    return BRAND.said((WORDS / f"{name}.{number}.txt").read_text(encoding="utf-8"))


async def keep(contract: int, change: uuid.UUID, names: Iterable[str], now: datetime) -> None:
    """Write the versions that were agreed to beside the change, in the caller's transaction."""
    agreed = [
        tables.Consent(
            contract=contract,
            change=change,
            text=name,
            version=text(name).newest.number,
            dated=text(name).newest.dated,
            agreed_at=now,
        )
        for name in names
    ]
    if agreed:
        await tables.Consent.insert(*agreed)
