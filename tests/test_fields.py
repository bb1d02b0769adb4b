"""Every rule of a single field against the spec's own words, written a second time here (spec 5, 12, 13)."""

from __future__ import annotations

import string
import unicodedata
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import partial
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.domain import clock, fields
from app.domain.fields import Wrong

NUMBER = "90123456789012"
LOGIN = "arteri-an-001"
LOWER, DIGITS, LETTERS = set(string.ascii_lowercase), set(string.digits), set(string.ascii_letters)
SYMBOLS = set("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")
HYPHENS = set("-‐‑‒–—―−ー")

STRANGE = (
    "\0\t\n\r\x1f\x7f\x85\xa0\xad\u200b\u200d\u200e\u200f\u2028\u2029\u202e\u2066\ufeff\ufffe\U000e0041"
    "\ud800\udfff\ue000が\u3099\u309a゛゜\u0301\ufe0f\U000e0100👨👩🏽🇯🇵𠮷髙﨑塚ﷺ①㌀Å½ß"
    "ａＺ０９－＿＠　ｱﾊﾞﾟｰ･ーゝゞヽヾヿゟゐヱヴヷ・"
)
CHARACTER = st.characters(exclude_categories=()) | st.sampled_from(STRANGE)
TEXT = st.text(CHARACTER, max_size=40)
thorough = settings(max_examples=300)


def near(alphabet: str, longest: int, sample: str) -> st.SearchStrategy[str]:
    """Texts that nearly follow a rule: of its alphabet around its lengths, or a right one with something put in."""
    inside = st.text(st.sampled_from(alphabet), max_size=longest + 2)
    put_in = st.text(CHARACTER | st.sampled_from(alphabet), max_size=2)
    places = st.integers(0, len(sample))
    return inside | st.builds(lambda at, put: sample[:at] + put + sample[at:], places, put_in) | TEXT


def judged(rule: Callable[[str], Any], text: str) -> Any:
    """The rule's value, or None with a reason that is a sentence."""
    try:
        value = rule(text)
    except Wrong as wrong:
        reason = wrong.reason
    else:
        assert value is not None
        return value
    assert reason.endswith("。")
    assert any("ぁ" <= character <= "ん" for character in reason)
    return None


def printed(character: str) -> bool:
    """What a page shows as a glyph or a space within a line."""
    return character.isprintable() or unicodedata.category(character) == "Zs"


def half_width(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip()


# --- the spec's rules, a second time --------------------------------------------------------------------------------


def account_id(text: str) -> str | None:
    """3-15 characters, lower-case letters, digits and `-`; first a letter, last a letter or digit."""
    value = half_width(text)
    right = 3 <= len(value) <= 15 and set(value) <= LOWER | DIGITS | {"-"}
    return value if right and value[0] in LOWER and value[-1] in LOWER | DIGITS else None


def name(text: str) -> str | None:
    """Required, up to 32 characters, shown as typed."""
    value = text.strip()
    return value if 1 <= len(value) <= 32 and all(map(printed, value)) else None


def kana(text: str) -> str | None:
    """全角カタカナ (ー and ・ allowed), up to 32; ひらがな and 半角カナ become it."""
    value = "".join(map(_katakana, half_width(text)))
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
    """Up to 32; 全角, letters, digits, `-` `_`."""
    value = text.strip()
    half = LETTERS | DIGITS | {"-", "_"}
    wide = all(c in half or (printed(c) and unicodedata.east_asian_width(c) in "WFA") for c in value)
    return value if 1 <= len(value) <= 32 and wide else None


def account_password(text: str) -> str | None:
    """8-16 of letters, digits, `-` `_`; at least one letter and one digit; not the account ID."""
    used = set(text)
    right = 8 <= len(text) <= 16 and used <= LETTERS | DIGITS | {"-", "_"}
    return text if right and used & LETTERS and used & DIGITS and text != LOGIN else None


def customer_password(text: str) -> str | None:
    """6-10 of letters, digits and ASCII symbols; not a run of the customer number's digits."""
    runs = {NUMBER[start : start + length] for length in range(6, 11) for start in range(15 - length)}
    right = 6 <= len(text) <= 10 and set(text) <= LETTERS | DIGITS | SYMBOLS
    return text if right and text not in runs else None


def customer_number(text: str) -> str | None:
    """14 digits, spaces and hyphens apart."""
    value = "".join(half_width(text).replace("-", "").split())
    return value if len(value) == 14 and set(value) <= DIGITS else None


def phone(text: str) -> str | None:
    """10 or 11 digits, first 0; hyphens anywhere, spaces dropped; 20 characters hold every grouping."""
    value = "".join("-" if c in HYPHENS else c for c in "".join(half_width(text).split()))
    digits = value.replace("-", "")
    right = set(digits) <= DIGITS and 10 <= len(digits) <= 11 and digits[0] == "0" and len(value) <= 20
    return value if right else None


def household(text: str) -> int | None:
    """0-20."""
    counts = {form: number for number in range(21) for form in (str(number), f"{number:02}")}
    return counts.get(half_width(text))


def one_line(text: str) -> str | None:
    value = text.strip()
    return value if 1 <= len(value) <= 200 and all(map(printed, value)) else None


RULES: dict[str, tuple[Callable[[str], Any], Callable[[str], Any], str, int, str]] = {
    "account_id": (fields.account_id, account_id, "abz09-Ａａ０－ A_", 15, "arteri-an-01"),
    "name": (fields.name, name, "有光 杏ｱaA\u3000", 32, "有光杏"),
    "kana": (fields.kana, kana, "アンあがゔｱﾊﾞﾟｶﾞーｰ・･ヵゖゝヽ", 32, "アリミツあん"),
    "user_name": (fields.user_name, user_name, "有aA0-_ア杏　 ｱ.", 32, "有光_杏-1"),
    "account_password": (
        partial(fields.account_password, login=LOGIN),
        account_password,
        "aZ09-_",
        16,
        "abc12345",
    ),
    "customer_password": (
        partial(fields.customer_password, customer_number=NUMBER),
        customer_password,
        "aZ0123456789!~ ",
        10,
        "90demo1",
    ),
    "customer_number": (fields.customer_number, customer_number, "0123456789９- －", 14, NUMBER),
    "phone": (fields.phone, phone, "00123456789０-－ー −", 20, "012-345-6789"),
    "household": (fields.household, household, "012９０", 2, "20"),
    "one_line": (fields.one_line, one_line, "東京1-2 ", 200, "東京都港区1-2"),
}


@pytest.mark.parametrize("field", RULES)
def test_a_rule_takes_what_the_spec_allows_and_nothing_else_and_leaves_what_it_made(field: str) -> None:
    rule, allowed, alphabet, longest, sample = RULES[field]

    @thorough
    @given(near(alphabet, longest, sample))
    @example("")
    @example(LOGIN)
    @example(NUMBER[:6])
    def compare(text: str) -> None:
        value = judged(rule, text)
        assert value == allowed(text)
        assert value is None or rule(str(value)) == value

    compare()


@pytest.mark.parametrize(
    ("field", "around"), [("account_id", "a"), ("name", "杏"), ("kana", "ア"), ("user_name", "杏")]
)
def test_every_single_character_is_judged_as_the_spec_says(field: str, around: str) -> None:
    rule, allowed, *_ = RULES[field]
    texts = (around + chr(code) + around for code in range(0x10000))
    assert [text for text in texts if judged(rule, text) != allowed(text)] == []


@thorough
@given(near("abz09-Aａ_", 15, "arteri-an-01234"))
def test_an_account_id_is_one_only_as_it_is_kept(text: str) -> None:
    assert fields.is_account_id(text) == (account_id(text) == text)


@pytest.mark.parametrize("text", ["new", " ｎｅｗ "])
def test_an_account_id_that_a_path_needs_is_refused(text: str) -> None:
    with pytest.raises(Wrong, match="「new」は、アカウントIDとして登録できません"):
        fields.account_id(text)
    assert not fields.is_account_id(text)
    assert fields.account_id("new1") == "new1"


@pytest.mark.parametrize(
    ("rule", "unit", "shortest", "longest"),
    [
        (fields.account_id, "a", 3, 15),
        (fields.name, "杏", 1, 32),
        (fields.name, "𠮷", 1, 32),
        (fields.kana, "ア", 1, 32),
        (fields.user_name, "杏", 1, 32),
        (RULES["account_password"][0], "a1", 8, 16),
        (RULES["customer_password"][0], "x", 6, 10),
        (fields.customer_number, "9", 14, 14),
        (fields.phone, "0-", 19, 20),
        (fields.one_line, "東", 1, 200),
    ],
)
def test_a_length_is_right_at_both_edges_and_wrong_one_beyond(
    rule: Callable[[str], str], unit: str, shortest: int, longest: int
) -> None:
    def sized(length: int) -> str:
        return (unit * length)[:length]

    assert rule(sized(shortest)) == sized(shortest)
    assert rule(sized(longest)) == sized(longest)
    assert judged(rule, sized(shortest - 1)) is None
    assert judged(rule, sized(longest + 1)) is None


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("ありみつ", "アリミツ"),
        ("ｱﾘﾐﾂ", "アリミツ"),
        ("ｶﾞｷﾞﾊﾟﾎﾟｳﾞ", "ガギパポヴ"),
        ("か\u3099は\u309a", "ガパ"),
        ("ゔぁゎゐゑゕゖ", "ヴァヮヰヱヵヶ"),
        ("ｼﾞｮｰ･ｽﾐｽ", "ジョー・スミス"),
        ("　アン ", "アン"),
    ],
)
def test_hiragana_and_half_width_kana_become_full_width_katakana(typed: str, kept: str) -> None:
    assert fields.kana(typed) == kept


@pytest.mark.parametrize("surname", ["髙﨑", "𠮷野", "葛\U000e0100城", "O'Hara", "有光　杏", "ﾐﾂ"])
def test_a_name_is_kept_as_typed_because_nfkc_would_change_some_surnames(surname: str) -> None:
    assert fields.name(surname) == surname


@pytest.mark.parametrize("character", "\0\n\u2028\u2029\u200f\u202e\u2066\ufeff\ud800\ue000")
def test_characters_that_break_or_turn_a_line_are_refused_in_every_text(character: str) -> None:
    for rule in (fields.name, fields.user_name, fields.kana, fields.one_line, fields.mail_address):
        assert judged(rule, f"ア{character}ア") is None


def test_every_full_width_character_of_japanese_windows_may_stand_in_a_user_name() -> None:
    pairs = (bytes((first, second)) for first in range(0x81, 0xFD) for second in range(0x40, 0xFD))
    decoded = [pair.decode("cp932", "replace") for pair in pairs]
    wide = [c for c in decoded if len(c) == 1 and printed(c) and c.strip()]
    assert len(wide) > 7000
    assert [c for c in wide if judged(fields.user_name, c) is None] == []


def test_a_label_of_the_page_stands_in_the_reason() -> None:
    for text in ("", "あ" * 33, "\0"):
        with pytest.raises(Wrong, match=r"^氏名（姓）"):
            fields.name(text, "氏名（姓）")
        with pytest.raises(Wrong, match=r"^氏名カナ（姓カナ）"):
            fields.kana(text, "氏名カナ（姓カナ）")


def test_only_the_offered_choices_are_taken() -> None:
    choices: list[tuple[Callable[[str], str], tuple[str, ...]]] = [
        (fields.role, ("user", "admin")),
        (fields.occupation, ("会社員", "自営業", "学生", "主婦", "その他")),
        (fields.sex, ("男性", "女性")),
    ]
    for rule, offered in choices:
        assert [rule(choice) for choice in offered] == list(offered)
        assert {judged(rule, other) for other in ("", "customer", "Admin", " user", offered[0] + "\n")} == {
            None
        }


MAIL_REFUSED = (
    "a@x.jp, b@y.jp|a@x.jp;b@y.jp|a@x.jp b@y.jp|太郎 <a@x.jp>|a(c)@x.jp|a@|@x.jp|a@b|a@x..jp|a@localhost|"
    "a@[127.0.0.1]|a..b@x.jp|.a@x.jp|太郎@x.jp|a@x.jp\r\nBcc: b@y.jp|a\0@x.jp|\ud800@x.jp|\u202ea@x.jp"
)


@pytest.mark.parametrize("typed", MAIL_REFUSED.split("|"))
def test_what_is_not_exactly_one_mail_address_is_refused(typed: str) -> None:
    assert judged(fields.mail_address, typed) is None
    assert judged(fields.optional_mail_address, typed) is None


def test_a_mail_address_may_have_254_characters_and_is_made_half_width() -> None:
    domain = ".".join(["d" * 62] * 3) + ".jp"
    longest = "a" * (254 - len(domain) - 1) + "@" + domain
    assert fields.mail_address(longest) == longest
    assert judged(fields.mail_address, "a" + longest) is None
    assert fields.mail_address(" ｔａｒｏ@Example.JP ") == "taro@example.jp"


@thorough
@given(near("ab.@-x", 12, "taro@example.jp"))
def test_any_text_is_one_address_or_a_sentence(text: str) -> None:
    value = judged(fields.mail_address, text)
    if value is not None:
        assert value.count("@") == 1
        assert not set(value) & set(" ,;<>()\r\n\0")
        assert fields.mail_address(value) == value


def test_an_empty_optional_field_is_nothing_and_a_filled_one_is_judged() -> None:
    assert [fields.optional_phone(blank) for blank in ("", " ", "　")] == ["", "", ""]
    assert fields.optional_mail_address("　") == ""
    assert fields.optional_phone("０９０－1234－5678") == "090-1234-5678"
    assert judged(fields.optional_phone, "090") is None


def test_a_day_is_written_out_and_not_before_1900() -> None:
    assert fields.day("1900-01-01") == date(1900, 1, 1)
    assert fields.day("2024-02-29") == date(2024, 2, 29)
    wrong = (
        "1899-12-31",
        "2023-02-29",
        "2024-1-01",
        "20240101",
        "2024-01-01 ",
        "２０２４-01-01",
        "",
        "2024-W01-1",
    )
    assert [judged(fields.day, text) for text in wrong] == [None] * len(wrong)


def test_a_past_date_ends_with_today_in_tokyo() -> None:
    clock.start_at(datetime(2026, 1, 9, 15, 0, tzinfo=UTC))  # 10 January 00:00 in Tokyo
    assert fields.past_date("2026-01-10") == date(2026, 1, 10)
    assert judged(fields.past_date, "2026-01-11") is None
    clock.start_at(datetime(2026, 1, 9, 14, 59, tzinfo=UTC))
    assert judged(fields.past_date, "2026-01-10") is None


def test_the_reason_of_a_refusal_is_lines_of_two_hundred_characters_that_a_mail_may_carry() -> None:
    assert fields.reason("  いまは\r\n必要ない\tと思います。\r") == "いまは\n必要ない と思います。"
    assert len(fields.reason("あ" * 199 + "\r\n" + "\n")) == 199
    assert fields.reason("あ" * 100 + "\r\n" + "い" * 99)
    for text in (
        "",
        " \r\n\t",
        "あ" * 201,
        "あ" * 100 + "\n" + "い" * 100,
        "\x00",
        "あ\u2028い",
        "あ\u202eい",
    ):
        with pytest.raises(Wrong):
            fields.reason(text)
