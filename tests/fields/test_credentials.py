"""Account IDs, customer numbers and passwords against the spec's own words, written a second time here (spec 5, 13)."""

from __future__ import annotations

import string
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from hypothesis import example, given

from app.domain import fields
from app.domain.fields import Wrong
from tests.fields.judging import HYPHENS, TEXT, half_width, judged, near, thorough, why

NUMBER = "90123456789012"
LOGIN = "arteri-an-001"
LOWER, DIGITS, LETTERS = set(string.ascii_lowercase), set(string.digits), set(string.ascii_letters)
SYMBOLS = set("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")


def account_id(text: str) -> str | None:
    """3-15 characters, lower-case letters, digits and `-`; first a letter, last a letter or digit."""
    value = half_width(text)
    right = 3 <= len(value) <= 15 and set(value) <= LOWER | DIGITS | {"-"}
    return value if right and value[0] in LOWER and value[-1] in LOWER | DIGITS else None


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


RULES: dict[str, tuple[Callable[[str], Any], Callable[[str], Any], str, int, str]] = {
    "account_id": (fields.account_id, account_id, "abz09-Ａａ０－ー A_", 15, "arteri-an-01"),
    "account_password": (partial(fields.account_password, login=LOGIN), account_password, "aZ09-_", 16, "abc12345"),
    "customer_password": (
        partial(fields.customer_password, customer_number=NUMBER), customer_password, "aZ0123456789!~ ", 10, "90demo1"
    ),
    "customer_number": (fields.customer_number, customer_number, "0123456789９- －−", 14, NUMBER),
}  # fmt: skip


@pytest.mark.slow
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


@pytest.mark.slow
def test_every_single_character_of_an_account_id_is_judged_as_the_spec_says() -> None:
    texts = (f"a{chr(code)}a" for code in range(0x10000))
    assert [text for text in texts if judged(fields.account_id, text) != account_id(text)] == []


@pytest.mark.slow
@thorough
@given(near("abz09-Aａ_", 15, "arteri-an-01234"))
def test_an_account_id_is_one_only_as_it_is_kept(text: str) -> None:
    assert fields.is_account_id(text) == (account_id(text) == text)


@pytest.mark.parametrize("text", ["new", " ｎｅｗ ", "n\u200bew"])
def test_an_account_id_that_a_path_needs_is_refused(text: str) -> None:
    with pytest.raises(Wrong, match="「new」は、アカウントIDとして登録できません"):
        fields.account_id(text)
    assert not fields.is_account_id(text)
    assert fields.account_id("new1") == "new1"


@pytest.mark.parametrize(
    ("rule", "unit", "shortest", "longest"),
    [
        (fields.account_id, "a", 3, 15),
        (RULES["account_password"][0], "a1", 8, 16),
        (RULES["customer_password"][0], "x", 6, 10),
        (fields.customer_number, "9", 14, 14),
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


@pytest.mark.parametrize("sign", HYPHENS, ids=ascii)
def test_what_looks_like_a_hyphen_is_one_in_an_id_and_nothing_in_a_number(sign: str) -> None:
    assert fields.account_id(f"arteri{sign}an") == "arteri-an"
    assert fields.customer_number(f"9012{sign}3456{sign}7890{sign}12") == "90123456789012"


def test_what_an_id_or_a_number_does_not_take_is_named() -> None:
    assert why(fields.account_id, "arteri.an").endswith(
        "だけです。「…eri.an」の「.」（7文字目）は使えません。"
    )
    assert why(fields.account_id, "Arteri").endswith("「Arte…」の「A」（1文字目）は使えません。")
    assert why(fields.customer_number, "9012345678901O").endswith(
        "「…901O」の「O」（14文字目）は使えません。"
    )
    assert why(fields.customer_number, "123") == "お客様番号は14桁の数字です。"


@given(TEXT, TEXT)
def test_a_reason_about_a_password_is_one_of_a_few_and_holds_nothing_of_it(one: str, other: str) -> None:
    for name in ("account_password", "customer_password"):
        rule = RULES[name][0]
        fixed = {
            why(rule, text)
            for text in ("", "a", "ああああああああ", "abcdefgh", "12345678", NUMBER[:8], LOGIN)
            if not_taken(rule, text)
        }
        for text in (one, other):
            if not_taken(rule, text):
                assert why(rule, text) in fixed


def not_taken(rule: Callable[[str], Any], text: str) -> bool:
    return judged(rule, text) is None


def test_a_role_is_one_of_the_two() -> None:
    assert [fields.role(role) for role in ("user", "admin")] == ["user", "admin"]
    assert [judged(fields.role, other) for other in ("", "customer", "Admin", " user", "user\n")] == [
        None
    ] * 5
