"""Cards: the five brands by their ranges, the check digit, the form's fields, and numbers where none belongs.

Nothing here keeps a number. Ranges and lengths: ISO/IEC 7812 issuer numbers as the brands publish them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import regex

from app.domain import clock
from app.domain.fields import NAME_LENGTH, Wrong, half_width, reading
from app.domain.months import Month


class _Range(NamedTuple):
    first: int
    last: int
    lengths: tuple[int, ...]
    brand: str


VISA, MASTERCARD, JCB, AMEX, DINERS = "VISA", "MasterCard", "JCB", "AMERICAN EXPRESS", "Diners Club"
BRANDS = (MASTERCARD, VISA, JCB, AMEX, DINERS)
"""In the order in which the manual names them (19)."""

_RANGES = (
    _Range(4000, 4999, (16,), VISA),
    _Range(5100, 5599, (16,), MASTERCARD),
    _Range(2221, 2720, (16,), MASTERCARD),
    _Range(3528, 3589, (16,), JCB),
    _Range(3400, 3499, (15,), AMEX),
    _Range(3700, 3799, (15,), AMEX),
    _Range(3000, 3059, (14, 16), DINERS),
    _Range(3095, 3095, (14, 16), DINERS),
    _Range(3600, 3699, (14, 15, 16), DINERS),
    _Range(3800, 3999, (14, 16), DINERS),
)
"""By the first four digits. A VISA of 13 digits and numbers of more than 16 are outside of spec 11."""
NOT_TAKEN = f"ご利用いただけるクレジットカードは、{'、'.join(BRANDS)}です。"
EXPIRED = "有効期限が過ぎているクレジットカードは、登録できません。"
MISTYPED = "カード番号が正しくありません。もう一度お確かめください。"


_IN_ROMAN = regex.compile("[A-Za-z .'-]")
_ROMAN = re.compile(r"[A-Za-z](?:[A-Za-z .'-]*[A-Za-z.])?")
_YEARS = 20
"""A card is valid no longer than so many years; what says more is mistyped."""


@dataclass(frozen=True)
class Number:
    """A whole card number, on its way from the form to the payment gateway; it never shows itself."""

    digits: str
    brand: str

    def __repr__(self) -> str:
        return f"Number({self.brand})"

    @property
    def last4(self) -> str:
        return self.digits[-4:]


def number(text: str) -> Number:
    """カード番号: 14-16 digits of one of the five brands with the right check digit; spaces and hyphens dropped."""
    digits = reading.digits(text)
    if not digits:
        raise Wrong("カード番号を入力してください。")
    if not re.fullmatch(r"[0-9]{14,16}", digits):
        raise Wrong("カード番号は、14桁から16桁の数字で入力してください。")
    found = _range(digits)
    if found is None:
        raise Wrong(NOT_TAKEN)
    if len(digits) not in found.lengths or not luhn(digits):
        raise Wrong(MISTYPED)
    return Number(digits, found.brand)


def holder(text: str, label: str, most: int = NAME_LENGTH) -> str:
    """カード名義 or a part of it: Roman letters with spaces . ' - between, as on the card: in capitals."""
    value = reading.roman(text).upper()
    if not value:
        raise Wrong(f"{label}を入力してください。")
    if len(value) > most:
        raise Wrong(f"{label}は{most}文字以内で入力してください。")
    rule = f"{label}は、カードに記載のとおり、半角のローマ字で入力してください。"
    reading.must_be_of(_IN_ROMAN, value, rule)
    if not _ROMAN.fullmatch(value):
        raise Wrong(rule)
    return value


def month(text: str) -> int:
    """月 of 有効期限: 1 to 12, as on the card."""
    value = half_width(text)
    if not re.fullmatch(r"0?[1-9]|1[0-2]", value):
        raise Wrong("有効期限の月は、01から12までの数字で入力してください。")
    return int(value)


def year(text: str) -> int:
    """年 of 有効期限: four digits, or the two that stand on the card; not past, and no lifetime away."""
    value, today = half_width(text), clock.today()
    if not re.fullmatch(r"[0-9]{2}|[0-9]{4}", value):
        raise Wrong("有効期限の年は、4桁の数字で入力してください。")
    found = int(value) if len(value) == 4 else today.year // 100 * 100 + int(value)
    if found > today.year + _YEARS:
        raise Wrong("有効期限の年が正しくありません。もう一度お確かめください。")
    if found < today.year:
        raise Wrong(EXPIRED)
    return found


def luhn(digits: str) -> bool:
    """Whether the last digit is the check digit of the others (ISO/IEC 7812-1, annex B)."""
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (sum(map(int, digits[-1::-2])) + sum(doubled)) % 10 == 0


def _range(digits: str) -> _Range | None:
    return next((one for one in _RANGES if one.first <= int(digits[:4]) <= one.last), None)


_WRITTEN = re.compile(
    r"(?<![0-9])(?=((?:[0-9]{14,16}|(?:[0-9]{4}[ ./_・·,-]{1,3}){3}[0-9]{4}|[0-9]{8}[ ./_・·,-]{1,3}[0-9]{8}"
    r"|[0-9]{4}[ ./_・·,-]{1,3}[0-9]{6}[ ./_・·,-]{1,3}[0-9]{4,5})(?![0-9])))"
)
"""As cards are written: in one, in fours, in eights, or 4-6-4 and 4-6-5; other groups of digits are phone numbers and the
like. Looked for from each group on, so that one that stands before a card does not hide it."""
_ANY_DIGIT = regex.compile(r"\p{N}")
_CUSTOMER_NUMBER = re.compile(r"\s*[0-9]{14}\s*")


def within(text: str, *, may_be_customer: bool = False) -> bool:
    """Whether somebody typed a card number there; `may_be_customer`: 14 digits alone are a customer number there."""
    if len(_ANY_DIGIT.findall(text)) < 14:
        return False
    plain, _ = reading.by_place(text)
    if may_be_customer and _CUSTOMER_NUMBER.fullmatch(plain):
        return False
    return any(_cards(plain))


MASK = "●"


def mask(text: str) -> str:
    """The text with MASK for each digit of each card number in it, and everything else as it was typed."""
    plain, places = reading.by_place(text)
    masked = {places[at] for found in _cards(plain) for at in range(*found.span(1)) if plain[at].isdigit()}
    return "".join(MASK if at in masked else sign for at, sign in enumerate(text))


def _cards(plain: str) -> Iterator[re.Match[str]]:
    return (found for found in _WRITTEN.finditer(plain) if _is_card(re.sub("[^0-9]", "", found[1])))


def _is_card(digits: str) -> bool:
    found = _range(digits)
    return found is not None and len(digits) in found.lengths and luhn(digits)


def masked(last4: str) -> str:
    """カード番号 as every page shows it."""
    return f"XXXX-XXXX-XXXX-{last4}"


def shown_month(expires: str) -> str:
    """有効期限 as every page shows it, from YYYY-MM."""
    return Month.parse(expires).on_card
