"""Names of people and things, and other free text."""

from __future__ import annotations

import unicodedata

import regex

from app.domain.fields import reading
from app.domain.fields.reading import Wrong
from app.domain.fields.told import must_hold_no_link

NAME_LENGTH = 32
LINE_LENGTH = 200

_KATAKANA = regex.compile("[ァ-ヺー・]")
_BESIDE_WIDE = regex.compile(r"[A-Za-z0-9_ \p{M}\u200c\u200d\U000e0020-\U000e007f-]")
_AS_PICTURE = "\ufe0f"


def name(text: str, label: str = "氏名") -> str:
    """A part of 氏名: any visible characters, up to 32; kept as typed (NFKC would change some surnames)."""
    return _written(text, NAME_LENGTH, label, f"{label}を入力してください。")


def one_line(text: str, label: str = "", most: int = LINE_LENGTH) -> str:
    """Any visible characters, up to `most`; kept as typed. For addresses and names of things."""
    return _written(text, most, label, f"{label}を入力してください。" if label else "入力してください。")


def _written(text: str, most: int, label: str, missing: str) -> str:
    value = reading.one_line(text)
    about = f"{label}は" if label else ""
    if not reading.shows(value):
        raise Wrong(missing)
    reading.must_fit(value, most, f"{about}{most}文字以内で入力してください。")
    reading.must_print(
        value, f"{label}に、使えない文字が含まれています。" if label else "使えない文字が含まれています。"
    )
    return value


def text_of_lines(text: str, label: str, most: int) -> str:
    """Lines of visible characters and tabs, up to `most` with a line's end counted as one."""
    value = reading.lines(text)
    if not reading.shows(value):
        raise Wrong(f"{label}を入力してください。")
    reading.must_fit(value, most, f"{label}は{most:,}文字以内で入力してください。")
    reading.must_print(value, f"{label}に、使えない文字が含まれています。", lines=True)
    return value


def kana(text: str, label: str = "氏名カナ", most: int = NAME_LENGTH) -> str:
    """A part of 氏名カナ: ひらがな and 半角カナ become 全角カナ; ー and ・ allowed; up to `most`."""
    value = reading.katakana(text)
    if not value:
        raise Wrong(f"{label}を入力してください。")
    reading.must_fit(value, most, f"{label}は{most}文字以内で入力してください。")
    reading.must_be_of(_KATAKANA, value, f"{label}は、全角カタカナで入力してください。", text)
    return value


def user_name(text: str) -> str:
    """ユーザーネーム: 全角 characters, letters, digits, `-`, `_` and blanks inside; up to 32. 半角カナ become 全角."""
    value = reading.full_width_kana(reading.one_line(text))
    value = regex.sub(r"[^\S\u3000]", " ", "".join(map(_narrow_hyphen, value)))
    if not reading.shows(value):
        raise Wrong("ユーザーネームを入力してください。")
    reading.must_fit(value, NAME_LENGTH, f"ユーザーネームは{NAME_LENGTH}文字以内で入力してください。")
    rule = "ユーザーネームに使えるのは、全角文字、半角英数字、ハイフン（-）、下線（_）、空白だけです。"
    reading.must_print(value, rule)
    for found in regex.finditer(r"\X", value):
        if not _in_user_name(found[0]):
            raise reading.unusable(value, found.start(), rule)
    return value


def _in_user_name(character: str) -> bool:
    """With its marks; what is an emoji by the sign behind it is as wide as the others."""
    return _AS_PICTURE in character or all(
        unicodedata.east_asian_width(sign) in "WFA" or _BESIDE_WIDE.match(sign) for sign in character
    )


def _narrow_hyphen(sign: str) -> str:
    """One that looks like a hyphen and is not 全角 is a hyphen."""
    narrow = sign in reading.LIKE_HYPHENS and unicodedata.east_asian_width(sign) not in "WFA"
    return "-" if narrow else sign


REASON_LENGTH = 200


def reason(text: str) -> str:
    """却下の理由: lines, up to REASON_LENGTH characters with a line's end counted as one; it is shown and mailed."""
    label = "却下の理由"
    value = text_of_lines(text.replace("\t", " "), label, REASON_LENGTH)
    must_hold_no_link(value, label)
    return value
