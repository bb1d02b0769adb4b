"""Phone numbers of Japan, in one written form: digits, with one hyphen wherever a sign stood between them."""

from __future__ import annotations

import regex

from app.domain.fields import reading
from app.domain.fields.reading import Wrong

_BETWEEN = regex.compile(r"[-.·・•‧∙⋅。/\p{Ps}\p{Pe}\p{Pi}\p{Pf}]+")
_WAVE_BETWEEN = regex.compile(rf"(?<=[0-9])[{reading.WAVES}](?=[0-9]{{3}})")
"""Before one or two digits it means "to": 03-1234-5678~9 are two numbers."""
_FROM_ABROAD = regex.compile(r"(?:\+|-?0-?0-?|-?0-?1-?0-?)-?8-?1-?(?:0-?)?(?=(?:[0-9]-?){9,10}$)")
_PHONE = regex.compile(r"0-?(?:[0-9]-?){8,9}[0-9]")
_IN_PHONE = regex.compile(r"[0-9-]")


def phone(text: str, label: str = "電話番号") -> str:
    """電話番号 (or the `label`): 10 or 11 digits, the first 0, as written down in Japan (spec 2, 12).

    +81, 0081 and 010-81 (how one dials Japan) become the 0 in front of a number; blanks are dropped; dashes, dots,
    slashes and brackets of all kinds are a hyphen where they stand between digits.
    """
    value = _one_form(text)
    if not value:
        raise Wrong(f"{label}を入力してください。")
    rule = f"{label}は、0から始まる10桁または11桁の数字で入力してください。ハイフンも使えます。"
    reading.must_be_of(_IN_PHONE, value, rule, text)
    if not _PHONE.fullmatch(value):
        raise Wrong(rule)
    return value


def _one_form(text: str) -> str:
    plain = regex.sub(r"^tel:?", "", reading.compact(text), flags=regex.IGNORECASE)
    hyphened = _BETWEEN.sub("-", _WAVE_BETWEEN.sub("-", plain)).strip("-")
    return _FROM_ABROAD.sub("0", hyphened, count=1) if _FROM_ABROAD.match(hyphened) else hyphened


def optional_phone(text: str, label: str = "電話番号") -> str:
    """FAX番号, 携帯電話番号: as 電話番号, or nothing."""
    return phone(text, label) if reading.shows(text) else ""


def to_dial(text: str) -> str:
    """The number of a tel: link for a number that the operator has written down; "" where there is none in it."""
    return regex.sub(r"[^0-9+*#]", "", reading.half_width(text))
