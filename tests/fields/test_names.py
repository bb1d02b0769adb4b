"""Names and free text against the spec's own words, written a second time here (spec 5)."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import assume, example, given

from app.domain import fields
from app.domain.fields import reading
from tests.fields.judging import FILLERS, HYPHENS, ignorable, judged, near, printed, thorough, why
from tests.fields.test_reading import TOGETHER

LETTERS = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_ ")
MARKED = "゛゜\u3099\u309aﾞﾟ"


def shown(text: str) -> str:
    """As typed, in one line, without what cannot be seen."""
    blank = "".join(" " if c in "\t\n\r\v\f\x85\u2028\u2029" else c for c in text.replace("\r\n", " "))
    return "".join(c for c in blank if not ignorable(c)).strip(FILLERS + " \u3000\xa0")


def line(text: str, most: int) -> str | None:
    value = shown(text)
    if not [c for c in value if not c.isspace() and c not in FILLERS and unicodedata.category(c)[0] != "M"]:
        return None
    return value if reading.length(value) <= most and all(map(printed, value)) else None


def kana(text: str) -> str | None:
    """全角カタカナ (ー and ・ allowed), up to 32; ひらがな, 半角カナ and what looks like ー or ・ become it."""
    named = {"゛": "\u3099", "゜": "\u309a", **dict.fromkeys(HYPHENS, "ー"), **dict.fromkeys("·•‧∙⋅･ꞏ", "・")}
    named |= dict.fromkeys("~〜～∼∿˜", "ー")
    seen = "".join(named.get(c, c) for c in text if not ignorable(c))
    wide = "".join("ー" if c in HYPHENS else c for c in unicodedata.normalize("NFKC", seen))
    value = unicodedata.normalize(
        "NFC", "".join(map(_katakana, wide.strip(FILLERS + " \u3000\t\n\r\v\f\x85\u2028\u2029")))
    )
    return value if 1 <= len(value) <= 32 and all(map(_is_kana, value)) else None


def _katakana(character: str) -> str:
    named = unicodedata.name(character, "")
    if not named.startswith("HIRAGANA LETTER"):
        return character
    try:
        return unicodedata.lookup(named.replace("HIRAGANA", "KATAKANA"))
    except KeyError:
        return character


def _is_kana(character: str) -> bool:
    in_block = 0x30A1 <= ord(character) <= 0x30FA
    return character in "ー・" or (in_block and unicodedata.name(character).startswith("KATAKANA LETTER"))


def user_name(text: str) -> str | None:
    """Up to 32; 全角, letters, digits, `-`, `_`, blanks inside; 半角カナ become 全角."""
    value = line(text, 10_000)
    if value is None:
        return None
    half = "".join(
        unicodedata.normalize("NFKC", c) if "｡" <= c <= "ﾝ" else {"ﾞ": "゛", "ﾟ": "゜"}.get(c, c) for c in value
    )
    spaced = "".join(" " if c.isspace() and c != "\u3000" else c for c in half)
    hyphened = "".join(
        "-" if c in HYPHENS and unicodedata.east_asian_width(c) not in "WFA" else c for c in spaced
    )
    wide = all(
        c in LETTERS or unicodedata.east_asian_width(c) in "WFA" or unicodedata.category(c)[0] == "M"
        for c in hyphened
    )
    return hyphened if wide and reading.length(hyphened) <= 32 else None


RULES: dict[str, tuple[Callable[[str], Any], Callable[[str], Any], str, int, str]] = {
    "name": (fields.name, lambda text: line(text, 32), "有光 杏ｱaA\u3000", 32, "有光杏"),
    "kana": (fields.kana, kana, "アンあがゔｱﾊﾞﾟｶﾞーｰ・･ヵゖゝヽ-", 32, "アリミツあん"),
    "user_name": (fields.user_name, user_name, "有aA0-_ア杏　 ｱ.", 32, "有光_杏-1"),
    "one_line": (fields.one_line, lambda text: line(text, 200), "東京1-2 ", 200, "東京都港区1-2"),
}


def joins_or_forms(text: str) -> bool:
    """What test_reading.py is about: signs that are one together, and marks that stand on kana."""
    return any(ignorable(c) and unicodedata.category(c) != "Cf" for c in text) or any(
        c in MARKED + "\u200c\u200d" for c in text
    )


@pytest.mark.slow
@pytest.mark.parametrize("field", RULES)
def test_a_rule_takes_what_the_spec_allows_and_nothing_else_and_leaves_what_it_made(field: str) -> None:
    rule, allowed, alphabet, longest, sample = RULES[field]

    @thorough
    @given(near(alphabet, longest, sample))
    @example("")
    def compare(text: str) -> None:
        assume(not any(unicodedata.category(c) == "Cn" and not ignorable(c) for c in text))
        value = judged(rule, text)
        if field == "kana" or not joins_or_forms(text):
            assume("一" not in unicodedata.normalize("NFKC", text) or field != "kana")
            assert value == allowed(text)
        assert value is None or rule(str(value)) == value

    compare()


@pytest.mark.slow
@pytest.mark.parametrize(("field", "around"), [("name", "杏"), ("kana", "ア"), ("user_name", "杏")])
def test_every_single_character_is_judged_as_the_spec_says(field: str, around: str) -> None:
    rule, allowed, *_ = RULES[field]
    apart = set("\ufe00\ufe01\ufe02" if field != "kana" else "一⼀㇐㆒㊀")
    known = (
        code for code in range(0x10000) if unicodedata.category(chr(code)) != "Cn" or ignorable(chr(code))
    )
    codes = (
        code for code in known if chr(code) not in apart
    )  # the libraries know newer ones than Python does
    assert [chr(code) for code in codes if judged(rule, t := around + chr(code) + around) != allowed(t)] == []


@pytest.mark.parametrize(
    ("rule", "unit", "longest"),
    [
        (fields.name, "杏", 32),
        (fields.name, "𠮷", 32),
        (fields.name, "葛\U000e0100", 32),
        (fields.name, "👨‍👩‍👧‍👦", 32),
        (fields.kana, "ア", 32),
        (fields.user_name, "杏", 32),
        (fields.user_name, "👩🏻‍❤️‍💋‍👨🏿", 32),
        (fields.one_line, "東", 200),
        (fields.one_line, "辻\U000e0101", 200),
    ],
)
def test_a_length_is_right_at_both_edges_and_wrong_one_beyond(
    rule: Callable[[str], str], unit: str, longest: int
) -> None:
    assert rule(unit) == unit
    assert rule(unit * longest) == unit * longest
    assert judged(rule, "") is None
    assert f"{longest}文字以内" in why(rule, unit * (longest + 1))


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("ありみつ", "アリミツ"),
        ("ｱﾘﾐﾂ", "アリミツ"),
        ("ｶﾞｷﾞﾊﾟﾎﾟｳﾞ", "ガギパポヴ"),
        ("か\u3099は\u309a", "ガパ"),
        ("か゛は゜ｶ゛カﾞ", "ガパガガ"),
        ("ゔぁゎゐゑゕゖ", "ヴァヮヰヱヵヶ"),
        ("ｼﾞｮｰ･ｽﾐｽ", "ジョー・スミス"),
        ("ジョ−•ス–ミス", "ジョー・スーミス"),
        ("アルテ一リ", "アルテーリ"),
        ("　アン ", "アン"),
        ("\u3164アン\u200b\u2800", "アン"),
    ],
)
def test_hiragana_and_half_width_kana_become_full_width_katakana(typed: str, kept: str) -> None:
    assert fields.kana(typed) == kept


@pytest.mark.parametrize("surname", ["髙﨑", "𠮷野", "葛\U000e0100城", "O'Hara", "有光　杏", "ﾐﾂ", *TOGETHER])
def test_a_name_is_kept_as_typed_because_nfkc_would_change_some_surnames(surname: str) -> None:
    assert fields.name(surname) == surname


@pytest.mark.parametrize(
    "text", ["", " ", "\u3164", "\u115f\u1160", "\u2800\u3000", "\uffa0 \u200b", "\u3164\u0301", "\ufeff"]
)
def test_a_name_of_fillers_alone_is_empty(text: str) -> None:
    for rule, label in ((fields.name, "氏名"), (fields.user_name, "ユーザーネーム"), (fields.one_line, "")):
        assert why(rule, text) == f"{label}{'を' if label else ''}入力してください。"


@pytest.mark.parametrize("character", "\0\b\x1b\ufff9\ud800\ue000")
def test_characters_without_a_glyph_are_refused_by_name_in_every_text(character: str) -> None:
    for rule in (fields.name, fields.user_name, fields.kana, fields.one_line):
        assert f"U+{ord(character):04X}、2文字目" in why(rule, f"ア{character}ア")


@pytest.mark.parametrize("character", "\n\t\u2028\u2029\v\f\x85")
def test_what_breaks_a_line_is_a_blank_in_one(character: str) -> None:
    assert fields.name(f"有光{character}杏") == "有光 杏"
    assert fields.one_line(f"港区{character}1{character}") == "港区 1"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("有光 杏", "有光 杏"),
        ("有光　杏", "有光　杏"),
        ("ｱﾘﾐﾂ･ｼﾞｮｰ", "アリミツ・ジョー"),
        ("an\u2011an\xa0x", "an-an x"),
        (" か゛ ", "が"),
        ("👨‍👩‍👧家", "👨‍👩‍👧家"),
    ],
)
def test_a_user_name_takes_blanks_and_half_width_kana(typed: str, kept: str) -> None:
    assert fields.user_name(typed) == kept


def test_what_a_user_name_does_not_take_is_named() -> None:
    assert why(fields.user_name, "有光.杏").endswith(
        "空白だけです。「有光.杏」の「.」（3文字目）は使えません。"
    )
    assert why(fields.kana, "アリ光ツ").endswith(
        "入力してください。「アリ光ツ」の「光」（3文字目）は使えません。"
    )


@pytest.mark.slow
def test_every_full_width_character_of_japanese_windows_may_stand_in_a_user_name() -> None:
    pairs = (bytes((first, second)) for first in range(0x81, 0xFD) for second in range(0x40, 0xFD))
    decoded = [pair.decode("cp932", "replace") for pair in pairs]
    wide = [c for c in decoded if len(c) == 1 and printed(c) and c.strip()]
    assert len(wide) > 7000
    assert [c for c in wide if judged(fields.user_name, c) is None] == []


def test_a_label_of_the_page_stands_in_the_reason() -> None:
    for text in ("", "あ" * 33, "あ\0"):
        assert why(lambda typed: fields.name(typed, "氏名（姓）"), text).startswith("氏名（姓）")
        assert why(lambda typed: fields.kana(typed, "氏名カナ（姓カナ）"), text).startswith(
            "氏名カナ（姓カナ）"
        )


def test_lines_keep_their_ends_and_tabs_and_name_what_has_no_glyph_with_its_line() -> None:
    def rule(text: str) -> str:
        return fields.text_of_lines(text, "本文", 9)

    assert rule("一\r\n二\v三\u2028\t四\n") == "一\n二\n三\n\t四"
    assert rule("👨‍👩‍👧" * 9) == "👨‍👩‍👧" * 9
    assert "本文は9文字以内" in why(rule, "一\r\n" * 5 + "二")
    assert "（見えない文字 U+0008、2行目の1文字目）" in why(rule, "一\n\b")
    assert why(rule, "\u3164\n\u2800") == "本文を入力してください。"


def test_the_reason_of_a_refusal_is_lines_of_two_hundred_characters_that_a_mail_may_carry() -> None:
    assert fields.reason("  いまは\r\n必要ない\tと思います。\r") == "いまは\n必要ない と思います。"
    assert len(fields.reason("あ" * 199 + "\r\n" + "\n")) == 199
    assert fields.reason("あ" * 100 + "\r\n" + "い" * 99)
    assert fields.reason("あ\u2028い\u202e") == "あ\nい"
    for text in (
        "",
        " \r\n\t",
        "あ" * 201,
        "あ" * 100 + "\n" + "い" * 100,
        "\x00",
        "\u3164",
        "あ\x07い",
    ):
        with pytest.raises(reading.Wrong):
            fields.reason(text)
