"""Cards: the five brands by their ranges, the check digit, the form's fields, and numbers where none belongs.

Nothing here keeps a number. Ranges and lengths: ISO/IEC 7812 issuer numbers as the brands publish them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise, product
from typing import NamedTuple

import regex

from app.domain import clock, installation
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
    reading.must_be_of(_IN_ROMAN, value, rule, text.upper())
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


class _Group(NamedTuple):
    """Digits side by side, by their place in the text."""

    start: int
    end: int


class _Found(NamedTuple):
    """Groups that are a card number together."""

    start: int
    end: int
    sure: bool
    """Grouped as on a card, with one sign between all groups, and nothing else that is written so."""


_OTHERS = (
    _Range(6200, 6299, (16, 17, 18, 19), "UnionPay"),
    _Range(6011, 6011, (16, 19), "Discover"),
    _Range(6440, 6599, (16, 19), "Discover"),
)
"""Cards that nobody can pay with here, and whose numbers belong in no text either. The VISA of 13 digits is left out:
nobody has one any more, and the 13 digits on goods sold in Japan (JAN) begin with 4, too."""
_LONG = {VISA: (19,), JCB: (17, 18, 19), DINERS: (17, 18, 19)}
"""Lengths of the brands that are outside of spec 11."""
_SHORTEST, _LONGEST = 14, 19
_GROUPED = {(4, 4, 4, 4), (8, 8), (4, 6, 5), (4, 6, 4), (4, 4, 4, 4, 3)}
"""How cards group their digits."""
_DIGITS = regex.compile("[0-9]+")
_BETWEEN = regex.compile(r"[^\p{L}\p{N}]{1,8}")
"""What may stand between the groups of one number: any signs, blanks and ends of lines, and no letter."""
_SIGN = r"[^\p{L}\p{N}]{1,2}"


def _phones(sign: str, again: str) -> str:
    """The other digits of a phone number: 10 or 11 with the 0, in up to three groups."""
    in_three = (
        f"[0-9]{{{area}}}(?P<sign>{sign})[0-9]{{{local}}}{again}[0-9]{{{last}}}"
        for area, local, last in product(range(1, 5), range(1, 5), (3, 4))
        if area + local + last in (9, 10)
    )
    in_two = (f"[0-9]{{{area}}}{sign}[0-9]{{{9 - area},{10 - area}}}" for area in range(1, 5))
    return "|".join(("[0-9]{9,10}", *in_two, *in_three))


def _no_card(sign: str, again: str) -> regex.Pattern[str]:
    return regex.compile(
        rf"""(?<![0-9])(?:
          (?:0|(?<=\+)81(?:{_SIGN})?)(?:{_phones(sign, again)})
        | (?:19|20)[0-9]{{2}}[-/. ][0-9]{{1,2}}[-/. ][0-9]{{1,2}}
        | [0-9]{{1,2}}:[0-9]{{2}}(?::[0-9]{{2}})?
        | (?<=〒[ ]?)[0-9]{{3}}-[0-9]{{4}}
        )(?![0-9])""",
        regex.VERBOSE,
    )


_MAY_BE_NO_CARD = _no_card(_SIGN, _SIGN)
"""With any signs in phone numbers."""
_NO_CARD = _no_card("[-)./]", "(?P=sign)")
"""A phone number, a day, a time, a postal code: beside them other digits are no part of a card."""
_ANY_DIGIT = regex.compile(r"\p{N}")


def within(text: str, *, may_be_customer: bool = False) -> bool:
    """Whether somebody typed a card number there; `may_be_customer`: as many digits alone as a customer
    number has are one there."""
    plain, _ = _read(text)
    alone = plain.strip()
    if may_be_customer and alone.isdecimal() and len(alone) == installation.customer_number_digits():
        return False
    return bool(_cards(plain))


MASK = "●"


def mask(text: str) -> str:
    """The text with MASK for each digit of each card number in it, and everything else as it was typed."""
    plain, places = _read(text)
    masked = {
        places[at] for card in _cards(plain) for at in range(card.start, card.end) if plain[at].isdigit()
    }
    return "".join(MASK if at in masked else sign for at, sign in enumerate(text))


def _read(text: str) -> tuple[str, list[int]]:
    """The text with each digit of any script as ASCII has it, and where each sign stands in `text`."""
    if 2 * len(_ANY_DIGIT.findall(text)) < _SHORTEST:  # one sign may show two digits: ⑯
        return "", []
    plain, places = reading.by_place(text)
    return "".join(map(_digit, plain)), places


@lru_cache(8192)
def _digit(sign: str) -> str:
    value = unicodedata.digit(sign, None)
    return sign if value is None else str(value)


def _cards(plain: str) -> list[_Found]:
    """Every card number in it; one that only may be one gives way to one that it overlaps and that surely is."""
    others, may_be_others = (
        _covered(found.span() for found in pattern.finditer(plain, overlapped=True))
        for pattern in (_NO_CARD, _MAY_BE_NO_CARD)
    )
    found = [
        one
        for groups in _runs(plain)
        for at in range(len(groups))
        for one in _from(plain, groups[at : at + _LONGEST], others, may_be_others)
    ]
    sure = [one for one in found if one.sure]
    taken = _covered((one.start, one.end) for one in sure)
    return sure + [one for one in found if not one.sure and taken.isdisjoint(range(one.start, one.end))]


def _covered(spans: Iterable[tuple[int, int]]) -> set[int]:
    return {at for start, end in spans for at in range(start, end)}


def _runs(plain: str) -> Iterator[list[_Group]]:
    """Groups of digits with something short between them, as long as it goes on so."""
    run: list[_Group] = []
    for found in _DIGITS.finditer(plain):
        if run and not _BETWEEN.fullmatch(plain, run[-1].end, found.start()):
            yield run
            run = []
        run.append(_Group(*found.span()))
    yield run


def _from(plain: str, groups: list[_Group], others: set[int], may_be: set[int]) -> Iterator[_Found]:
    """The card numbers that begin with the first of the groups.

    `others`: the places of what is no card; `may_be`: and of what may be none.
    """
    digits = ""
    for number, group in enumerate(groups, 1):
        digits += plain[group.start : group.end]
        if len(digits) > _LONGEST:
            return
        if _is_card(digits) and (one := _judged(plain, groups[:number], others, may_be)):
            yield one


def _judged(plain: str, groups: list[_Group], others: set[int], may_be: set[int]) -> _Found | None:
    """The groups as a card number; None where they are more likely something else and what stands beside it."""
    start, end = groups[0].start, groups[-1].end
    between = [plain[one.end : other.start] for one, other in pairwise(groups)]
    if not between:
        return _Found(start, end, sure=True)
    sizes = tuple(group.end - group.start for group in groups)
    places = range(start, end)
    if len(set(between)) == 1 and (sizes in _GROUPED or set(sizes) == {1}):
        return _Found(start, end, sure=others.isdisjoint(places))
    return _Found(start, end, sure=False) if may_be.isdisjoint(places) else None


def _is_card(digits: str) -> bool:
    """Whether a brand has numbers like it, whether one can pay with it here or not."""
    if not _SHORTEST <= len(digits) <= _LONGEST:
        return False
    found = _range(digits) or next((one for one in _OTHERS if one.first <= int(digits[:4]) <= one.last), None)
    return found is not None and len(digits) in (*found.lengths, *_LONG.get(found.brand, ())) and luhn(digits)


def masked(last4: str) -> str:
    """カード番号 as every page shows it."""
    return f"XXXX-XXXX-XXXX-{last4}"


def shown_month(expires: str) -> str:
    """有効期限 as every page shows it, from YYYY-MM."""
    return Month.parse(expires).on_card
