"""What the law, and good manners, ask of an operator's texts, as far as a program can see it."""

from __future__ import annotations

from collections.abc import Iterator

from app import accessibility
from app.branding import BRAND
from app.checks.finding import Finding, Looked, failure, ok, warning
from app.settings import VARIABLES, with_brand

SHORTEST_CLOSED = 3
"""Months that a closed contract's bills can be read at least: a last bill is not there before."""
_DESKS = {
    "contact": "MYPAGE_CONTACT_PHONE",
    "fault": "MYPAGE_FAULT_PHONE",
    "remote_support": "MYPAGE_REMOTE_SUPPORT_PHONE",
}


def headings(looked: Looked) -> Iterator[Finding]:
    """Headings that nobody has written anything below: members do not see them."""
    empty = [
        (text.path, one) for text in (*BRAND.texts.values(), *BRAND.documents.values()) for one in text.empty
    ]
    for path, one in empty:
        yield warning(
            "texts",
            f"{path}, line {one.line}: nothing stands below 「{one.heading}」",
            "members do not see it, and the law asks for some of them",
            "write it, or take it out",
        )
    if not empty:
        yield ok("texts", f"every heading of {BRAND.folder} has a text")


def representative(looked: Looked) -> Iterator[Finding]:
    """個人情報保護法 32条 and 特定商取引法 11条 ask for the representative's name."""
    if BRAND.names.operator.representative:
        yield ok("representative", BRAND.names.operator.representative)
        return
    yield warning(
        "representative",
        "privacy.md and seller.md cannot name who represents the operator",
        "the law asks for it; until then they say that one may ask",
        f"give `representative` in [operator] of {BRAND.folder / 'brand.toml'}",
    )


def accessibility_results(looked: Looked) -> Iterator[Finding]:
    """The policy says what came of looking."""
    found = accessibility.results()
    if found is None:
        yield warning(
            "accessibility",
            "the policy has no results",
            "JIS X 8341-3 asks for what came of looking",
            "run `make accessibility` and build the wheel anew",
        )
    elif found.violations:
        yield warning(
            "accessibility",
            f"{found.violations} of {found.screens} screens of {found.commit} had something wrong",
            "somebody cannot use them",
            "mend them, and run `make accessibility` again",
        )
    else:
        yield ok("accessibility", f"{found.screens} screens of {found.commit} were looked at on {found.date}")


def payment_day(looked: Looked) -> Iterator[Finding]:
    """特定商取引法 11条: when the price has to be paid."""
    said = with_brand(looked.environment).get("MYPAGE_PAYMENT_DAY", "").strip()
    if said:
        yield ok("payment day", said)
    else:
        yield failure(
            "payment day",
            "MYPAGE_PAYMENT_DAY is not set",
            "seller.md and every purchase leave it to the card company when is paid, which the law wants said",
            "set it, for example 毎月27日（金融機関の休業日は翌営業日）",
        )


def ways_beside_phones(looked: Looked) -> Iterator[Finding]:
    """Whoever cannot hear or speak has another way than each of our phones."""
    environment = with_brand(looked.environment)
    for desk, variable in _DESKS.items():
        number = environment.get(variable, "").strip()
        if number and not getattr(BRAND.names, desk).ways:
            yield warning(
                "phones",
                f"{variable} {number} is the only way to that desk",
                "whoever cannot hear or speak has none",
                f"give form, mail, fax or relay = true (電話リレーサービス) in [{desk}] of {BRAND.folder / 'brand.toml'}",
            )
        elif number:
            ways = "、".join(name for name, _ in getattr(BRAND.names, desk).ways)
            yield ok("phones", f"{variable} {number}, and {ways}")


def closed_months(looked: Looked) -> Iterator[Finding]:
    """How long a closed contract reads its bills, where this version has that setting."""
    name = next((one for one in VARIABLES if one.endswith("_CLOSED_MONTHS")), "")
    value = looked.environment.get(name, "").strip()
    if not value:
        return
    if not (value.isascii() and value.isdigit()):
        yield failure(
            "closed contracts", f"{name} is {value!r}", "no server starts with it", "give a number of months"
        )
    elif int(value) < SHORTEST_CLOSED:
        yield warning(
            "closed contracts",
            f"{name} is {value}",
            "the last bill of a closed contract may not be readable by its customer",
            f"make it {SHORTEST_CLOSED} or more",
        )
    else:
        yield ok("closed contracts", f"their bills can be read for {value} months")
