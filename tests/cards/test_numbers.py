"""Card numbers: check digit, brands and lengths, and numbers where none belongs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.cards import numbers
from app.domain.fields import Wrong
from tests.fields.judging import HYPHENS
from tests.fields.test_reading import NOTHING

REAL = {
    "4111111111111111": numbers.VISA,
    "5555555555554444": numbers.MASTERCARD,
    "2720990000000007": numbers.MASTERCARD,
    "3530111333300000": numbers.JCB,
    "371449635398431": numbers.AMEX,
    "38520000023237": numbers.DINERS,
}


def with_check_digit(digits: str) -> str:
    return next(digits + last for last in "0123456789" if numbers.luhn(digits + last))


@given(st.text("0123456789", min_size=13, max_size=15), st.integers(0, 15), st.integers(1, 9))
def test_one_mistyped_digit_is_always_found(digits: str, place: int, by: int) -> None:
    right = with_check_digit(digits)
    place %= len(right)
    wrong = right[:place] + str((int(right[place]) + by) % 10) + right[place + 1 :]
    assert not numbers.luhn(wrong)


@pytest.mark.parametrize(
    "start", ["2220", "2721", "3527", "3590", "3060", "3094", "3500", "5600", "5099", "6011"]
)
def test_what_stands_beside_a_range_is_no_brand_of_ours(start: str) -> None:
    with pytest.raises(Wrong, match="ご利用いただける"):
        numbers.number(with_check_digit(start + "0" * 11))


@given(st.text(max_size=40))
def test_whatever_is_typed_is_taken_or_refused_in_words(text: str) -> None:
    try:
        assert numbers.luhn(numbers.number(text).digits)
    except Wrong as wrong:
        told = wrong.reason
    else:
        told = "。"
    assert told.endswith("。")


@given(
    st.sampled_from(sorted(number for number in REAL if len(number) > 14)),
    st.sampled_from(["", "私の番号は", "No. ", "a"]),
    st.sampled_from(["", "です", " 12/30", "\n次の行"]),
    st.booleans(),
)
def test_a_number_is_found_in_any_text_that_holds_it(
    number: str, before: str, after: str, grouped: bool
) -> None:
    if grouped and len(number) == 16:
        number = " ".join(number[at : at + 4] for at in range(0, 16, 4))
    assert numbers.within(before + number + after)


@pytest.mark.parametrize(
    "sign", [*HYPHENS, *NOTHING, " ", "\u3000", "\xa0", "\n", "\u2028", ".", "．", "・", "/"], ids=ascii
)
def test_a_number_is_seen_through_whatever_stands_between_its_groups(sign: str) -> None:
    for grouped in (f"4111{sign}1111{sign}1111{sign}1111", f"3714{sign}496353{sign}98431"):
        assert numbers.within(f"番号は{grouped}です")
    if sign not in ".．・/":
        assert numbers.number(f"4111{sign}1111{sign}{sign}1111{sign}1111").digits == "4111111111111111"


def test_invisible_signs_between_any_digits_hide_no_number() -> None:
    assert numbers.within("\u200b".join("4111111111111111"))
    assert numbers.within("\ufe0f\u2060".join("４１１１１１１１１１１１１１１１"))


@pytest.mark.parametrize("sign", "'’ʼ‘＇′´")
def test_the_holder_takes_what_looks_like_an_apostrophe_or_a_hyphen(sign: str) -> None:
    assert numbers.holder(f"o{sign}hara ann−marie", "カード名義") == "O'HARA ANN-MARIE"


def test_what_a_holder_does_not_take_is_named() -> None:
    with pytest.raises(Wrong, match=r"入力してください。「ANN2」の「2」（4文字目）は使えません。$"):
        numbers.holder("Ann2", "カード名義（名）")


def test_a_number_is_found_with_any_hyphens_and_in_full_width() -> None:
    for text in (
        "4111–1111–1111–1111",
        "４１１１－１１１１－１１１１－１１１１",
        "4111\u30001111\u30001111\u30001111",
    ):
        assert numbers.within(text)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("カード4111111111111111です", "カード●●●●●●●●●●●●●●●●です"),
        ("4111-1111 1111-1111", "●●●●-●●●● ●●●●-●●●●"),
        ("４１１１　１１１１\r\n１１１１ ‐１１１１", "●●●●　●●●●\r\n●●●● ‐●●●●"),
        ("4111\u200b1111\u20601111\ufeff1111", "●●●●\u200b●●●●\u2060●●●●\ufeff●●●●"),
        ("3782 822463 10005 と 5555555555554444", "●●●● ●●●●●● ●●●●● と ●●●●●●●●●●●●●●●●"),
        ("㈱5555555555554444㌔", "㈱●●●●●●●●●●●●●●●●㌔"),
        ("03-1234-5678、5555555555554445", "03-1234-5678、5555555555554445"),
    ],
)
def test_in_a_text_only_the_digits_of_a_card_number_are_masked(text: str, masked: str) -> None:
    assert numbers.mask(text) == masked
    assert numbers.within(text) is (masked != text)
    assert not numbers.within(masked)


@pytest.mark.parametrize(
    "text",
    [
        "90000000000000",
        "30569309025905",
        "03-1234-5678 090-1234-5678",
        "411111111111111",
        "4111111111111112",
        "1234123412340000",
        "14111111111111111",
        "東京都港区芝公園4-1-11",
        "2026-11-22 17:00:00 4111",
    ],
)
def test_customer_numbers_phones_and_dates_are_no_card(text: str) -> None:
    assert not numbers.within(text)


def test_fourteen_digits_are_a_customer_number_where_one_is_typed_and_nowhere_else() -> None:
    assert numbers.within("30569309025904")
    assert not numbers.within("30569309025904", may_be_customer=True)
    assert numbers.within("4111111111111111", may_be_customer=True)


def test_a_number_does_not_show_itself() -> None:
    assert "1111" not in repr(numbers.number("4111111111111111"))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("有効期限 1228 4111-1111-1111-1111", "有効期限 1228 ●●●●-●●●●-●●●●-●●●●"),
        ("41111111 11111111", "●●●●●●●● ●●●●●●●●"),
        ("4111,1111,1111,1111", "●●●●,●●●●,●●●●,●●●●"),
        ("2026/01 1234 3782 822463 10005", "2026/01 1234 ●●●● ●●●●●● ●●●●●"),
    ],
)
def test_digits_before_a_card_and_other_groups_hide_it_from_nobody(text: str, shown: str) -> None:
    assert numbers.within(text)
    assert numbers.mask(text) == shown
