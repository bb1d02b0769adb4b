"""What members agree to: each text with its versions, and what is written of a consent beside its change.

The texts are partials/terms/*.html. A kind of change declares which of them it asks consent for (`Change.consents`, or
`consents_to` where that hangs on the product), and the rest follows: confirm page and receipt name the version, and the
database keeps it beside the change.

Whoever edits a text adds a version here, behind the others: tests/changes/test_consents.py compares the digest of the
text with that of its newest version, and says what to write. The words of every version, of those that are asked for no
more too, stay in `agreed/`: what somebody agreed to years ago can be read there.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from app.branding import BRAND
from app.domain import tables
from app.domain.catalogue import NAMES, Product
from app.domain.changes.words import Row

if TYPE_CHECKING:
    import uuid
    from collections.abc import Iterable, Sequence

WORDS = Path(__file__).parent / "agreed"
"""A file for each version of each text: its words, a line for each line of it, without those of the brand (Brand.said)."""
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


def _security(product: Product, *digests: str) -> ConsentText:
    title = f"{NAMES[product]}のサービス説明とサービス利用規約"
    return ConsentText(product.value, title, _versions(*digests))


def _service(product: Product, *digests: str) -> ConsentText:
    return ConsentText(product.value, f"{NAMES[product]}のサービス説明", _versions(*digests))


TEXTS = {
    text.name: text
    for text in (
        _security(Product.SECURITY_360, "eb90353c0e2c72b6", "29f231dfa2196fa5"),
        _security(Product.SECURITY_ONLINE, "0250701ffadd78e6", "61ec956073b9b8d7"),
        _security(Product.KIDS_FILTER, "83266fde5cb65f93"),
        _service(Product.MAIL_PACK, "def9478e924bfa28"),
        _service(Product.MAIL_WEB, "8dc3ee00a843a070"),
        _service(Product.MAILBOX_10GB, "118db1d73cf0d417", "45f5939fc8a6ecf2"),
        _service(Product.REMOTE_SUPPORT, "7e0c588b98190457"),
        ConsentText(
            "mail-address",
            f"{BRAND.short}の提供するメールアドレスについて",
            (TextVersion(1, _BEGUN, "5934d5e4ef0d7b68"),),
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


def rows(names: Sequence[str]) -> list[Row]:
    """What confirm page and receipt say of the texts; nothing where none is asked for."""
    return [Row(LABEL, "\n".join(str(TEXTS[name]) for name in names))] if names else []


def versions(names: Iterable[str]) -> tuple[tuple[str, int], ...]:
    """The texts as they are asked for now, each with the number of its version."""
    return tuple((name, TEXTS[name].newest.number) for name in names)


@cache
def words(name: str, number: int) -> str:
    """What that version of a text said. Raises FileNotFoundError for one that never was."""
    return BRAND.said((WORDS / f"{name}.{number}.txt").read_text(encoding="utf-8"))


async def keep(contract: int, change: uuid.UUID, names: Iterable[str], now: datetime) -> None:
    """Write the versions that were agreed to beside the change, in the caller's transaction."""
    agreed = [
        tables.Consent(
            contract=contract,
            change=change,
            text=name,
            version=TEXTS[name].newest.number,
            dated=TEXTS[name].newest.dated,
            agreed_at=now,
        )
        for name in names
    ]
    if agreed:
        await tables.Consent.insert(*agreed)
