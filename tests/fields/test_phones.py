"""電話番号 however it is typed, in one written form."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import fields
from tests.fields.judging import HYPHENS, TEXT, judged, near, thorough, why

RULE = "は、0から始まる10桁または11桁の数字で入力してください。ハイフンも使えます。"
FORM = re.compile(r"0(-?[0-9]){9,10}")
"""Digits, the first 0, with one hyphen at most between two (spec 12)."""


@pytest.mark.slow
@thorough
@given(near("00123456789０-－ー −(（.", 20, "012-345-6789"))
def test_what_is_taken_is_in_one_form_and_stays(text: str) -> None:
    value = judged(fields.phone, text)
    if value is not None:
        assert FORM.fullmatch(value)
        assert fields.phone(value) == value


@pytest.mark.slow
@given(st.from_regex(FORM, fullmatch=True).filter(str.isascii))
def test_hyphens_stay_where_they_were_typed(number: str) -> None:
    assert fields.phone(number) == number


@given(
    st.from_regex(r"0[1-9][0-9]{8,9}", fullmatch=True).filter(str.isascii),
    st.sampled_from(HYPHENS + ".・･·．。/() （）"),
)
def test_whatever_stands_between_digits_is_a_hyphen_and_a_blank_nothing(number: str, sign: str) -> None:
    typed = f"{number[:2]}{sign}{number[2:6]}{sign}{sign}{number[6:]}"
    wanted = typed.replace(sign, "") if sign == " " else f"{number[:2]}-{number[2:6]}-{number[6:]}"
    assert fields.phone(typed) == wanted


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("012-345-6789", "012-345-6789"),
        ("(03)1234-5678", "03-1234-5678"),
        ("03(1234)5678", "03-1234-5678"),
        ("【０３】１２３４・５６７８", "03-1234-5678"),
        ("090\u200b1234\xad5678\ufeff", "09012345678"),
        ("090 – 1234 – 5678", "090-1234-5678"),
        ("tel:03-1234-5678", "03-1234-5678"),
        ("+81 90-1234-5678", "090-1234-5678"),
        ("＋８１（０）９０ １２３４ ５６７８", "09012345678"),
        ("+81-3-1234-5678", "03-1234-5678"),
        ("(+81) 3-1234-5678", "03-1234-5678"),
        ("+810312345678", "0312345678"),
        ("0108112345", "0108112345"),
        ("0081234567", "0081234567"),
        ("0081 90 1234 5678", "09012345678"),
        ("010-81-3-1234-5678", "03-1234-5678"),
        ("03〜1234〜5678", "03-1234-5678"),
        ("03~1234～5678", "03-1234-5678"),
    ],
)
def test_a_number_is_kept_as_it_is_dialled_in_japan(typed: str, kept: str) -> None:
    assert fields.phone(typed) == kept


@pytest.mark.parametrize(
    "typed",
    ["090", "12-345-6789", "9012345678", "090123456789", "012345678", "8190123456", "+81 12", "+1 212 555 1234",
     "0312345678#9", "03-1234-567八", "一二三", "0081", "+81", "内線5"],
)  # fmt: skip
def test_what_is_no_number_of_japan_is_refused(typed: str) -> None:
    assert why(fields.phone, typed).startswith(f"電話番号{RULE}")


def test_a_sign_that_has_no_place_in_a_number_is_named() -> None:
    assert why(fields.phone, "03-1234-567八").endswith("「…567八」の「八」（12文字目）は使えません。")


@pytest.mark.parametrize(
    ("typed", "named"),
    [
        ("03-1234-5678～9", "「…678～9」の「～」（13文字目）は使えません。"),
        ("03-1234-5678〜9", "「…678〜9」の「〜」（13文字目）は使えません。"),
        ("03-1234-5678＃9", "「…678＃9」の「＃」（13文字目）は使えません。"),
        ("０３－１２３４－５６７㌔", "「…567㌔」の「㌔」（12文字目）は使えません。"),
        ("03-1234-5678#9＃", "「…678#9#」の「#」（13文字目）は使えません。"),
    ],
)
def test_it_is_named_as_it_was_typed_not_as_it_was_read(typed: str, named: str) -> None:
    assert why(fields.phone, typed).endswith(named)


def test_the_label_of_the_page_stands_in_the_reason() -> None:
    for text in ("1", "0★"):
        assert why(lambda typed: fields.phone(typed, "FAX番号"), text).startswith(f"FAX番号{RULE}")
    assert why(fields.phone, "") == "電話番号を入力してください。"


def test_an_empty_optional_number_is_nothing_and_a_filled_one_is_judged() -> None:
    assert [fields.optional_phone(blank) for blank in ("", " ", "　", "\u3164\u200b")] == [""] * 4
    assert fields.optional_phone("０９０－1234－5678") == "090-1234-5678"
    assert judged(fields.optional_phone, "090") is None


@given(TEXT)
def test_any_text_is_a_number_or_a_sentence(text: str) -> None:
    judged(fields.phone, text)


@pytest.mark.parametrize(
    ("written", "dialled"),
    [("0120-000-0000", "01200000000"), ("+81-3-1234-5678", "+81312345678"), ("０１２０（０００）０００", "0120000000"),
     ("#9110", "#9110"), ("局番なしの１１３", "113"), ("窓口", "")],
)  # fmt: skip
def test_a_link_dials_the_number_that_is_written(written: str, dialled: str) -> None:
    assert fields.to_dial(written) == dialled
