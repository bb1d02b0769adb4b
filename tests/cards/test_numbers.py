"""Card numbers: check digit, brands and lengths, and numbers where none belongs."""

from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import assume, given
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


SIGNS = " \u3000-–ー～〜~|｜*＊()（）[]【】{}.,、。:;；/\\＼_#＃+=＝•·→★\u2060\u200b\xad\n\r\u2028\t\"'"
SCRIPTS = (
    "0123456789",
    "０１２３４５６７８９",
    "٠١٢٣٤٥٦٧٨٩",
    "۰۱۲۳۴۵۶۷۸۹",
    "०१२३४५६७८९",
    "𝟎𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗",
    "⓪①②③④⑤⑥⑦⑧⑨",
)


def cards(digits: str) -> st.SearchStrategy[str]:
    """Card numbers, of the digits as far as they are free."""
    starts = ["4", "51", "55", "2221", "2720", "3528", "3589", "34", "37"]
    lengths = {"34": 15, "37": 15}
    return st.builds(
        lambda start, rest: with_check_digit((start + rest)[: lengths.get(start, 16) - 1]),
        st.sampled_from([start for start in starts if set(start) <= set(digits)]),
        st.text(digits, min_size=16, max_size=16),
    )


BETWEEN = st.text(SIGNS, min_size=1, max_size=4).map(lambda text: text.replace("\r", "\r\n"))


def hidden(digits: str, masked: str) -> str:
    """The text with a mask for each of its digits."""
    return "".join(numbers.MASK if sign in digits else sign for sign in masked)


@pytest.mark.slow
@given(cards("12345678"), st.lists(BETWEEN, min_size=19, max_size=19), st.sampled_from(SCRIPTS), st.data())
def test_a_number_is_masked_with_any_signs_between_any_of_its_digits(
    card: str, signs: list[str], script: str, data: st.DataObject
) -> None:
    cuts = data.draw(st.sets(st.integers(1, len(card) - 1)))
    written = "".join((signs[at] if at in cuts else "") + script[int(digit)] for at, digit in enumerate(card))
    text = f"番号は{written}です"
    assume(
        "0" not in card and ":" not in unicodedata.normalize("NFKC", written)
    )  # may be a phone number, or times
    assert numbers.within(text)
    assert numbers.mask(text) == f"番号は{hidden(script, written)}です"


GROUPS = {16: [(4, 4, 4, 4), (8, 8), (16,), (1,) * 16], 15: [(4, 6, 5), (15,), (1,) * 15]}
PHONES = st.builds(
    lambda area, local, last, sign: sign.join(
        (area, local[: 10 - len(area) - 4 + (area in ("090", "080"))], last)
    ),
    st.sampled_from(["03", "06", "045", "0120", "090", "080", "0466"]),
    st.text("0123456789", min_size=4, max_size=4),
    st.text("0123456789", min_size=4, max_size=4),
    st.sampled_from(["-", " ", "", ")"]),
)
ABROAD = st.text("0123456789", min_size=8, max_size=8).map(lambda text: f"+81-3-{text[:4]}-{text[4:]}")
CUSTOMERS = st.text("0123456789", min_size=12, max_size=12).map(lambda text: "90" + text)
DAYS = st.dates().map(lambda day: f"{1900 + day.year % 200}/{day.month}/{day.day:02}")
TIMES = st.times().map(lambda time: f"{time:%H:%M}")
POSTAL = st.text("0123456789", min_size=7, max_size=7).map(lambda text: f"〒{text[:3]}-{text[3:]}")
OTHERS = PHONES | ABROAD | CUSTOMERS | DAYS | TIMES | POSTAL


@given(
    OTHERS,
    cards("0123456789"),
    OTHERS,
    st.sampled_from([" ", "\n", "、", "　", "\r\n", " / "]),
    st.sampled_from("- /.,|～"),
    st.data(),
)
def test_what_stands_beside_a_card_number_is_as_it_was_typed(
    before: str, card: str, after: str, apart: str, sign: str, data: st.DataObject
) -> None:
    sizes = data.draw(st.sampled_from(GROUPS[len(card)]))
    at, parts = 0, []
    for size in sizes:
        parts.append(card[at : at + size])
        at += size
    written = sign.join(parts)
    assume(
        not (sign == apart == " " in before.strip())
    )  # 090 4123 4567 4111 1111 1111 1111 may be read in two ways
    expected = f"{before}{apart}{hidden('0123456789', written)}{apart}{after}"
    assert numbers.mask(f"{before}{apart}{written}{apart}{after}") == expected


@given(st.lists(OTHERS, min_size=1, max_size=5), st.sampled_from([" ", "\n", "、", "/", " - "]))
def test_phones_numbers_days_and_times_beside_one_another_are_no_card(others: list[str], apart: str) -> None:
    assert numbers.mask(apart.join(others)) == apart.join(others)


@pytest.mark.parametrize(
    "text",
    [
        "4\n111111111111111",
        "41111111111111\r\n11",
        "٤111111111111111",
        "4111\u20601111·1111·1111",
        "4111(1111)1111 1111",
        "4111】1111【1111】1111",
        "6212345678900000003",
        "6011111111111117",
        "4111-1111-1111-1111-110",
        "❹❶❶❶ ❶❶❶❶ ❶❶❶❶ ❶❶❶❶",
        "⒋ ⒈ ⒈ ⒈ ⒈ ⒈ ⒈ ⒈ ⒈ ⒈ ⒈ ⒈ ⒈ ⒈ ⒈ ⒈",
    ],
)
def test_a_number_that_is_written_oddly_is_one(text: str) -> None:
    assert numbers.within(text)
    assert not any(sign in numbers.mask(text) for sign in "14❶⒈٤")


@pytest.mark.parametrize(
    "text",
    [
        "平日 9:30-12:30 13:30-17:30",
        "03-3012-3013 03-3017-3018",
        "4111と1111と1111と1111",
        "4901234567894",
        "4111 111 は 11 と 1111 と 111",
        "4111 --------- 1111 1111 1111",
    ],
)
def test_what_is_written_otherwise_is_none(text: str) -> None:
    assert not numbers.within(text)


@pytest.mark.slow
def test_a_long_text_of_digits_is_read_in_time() -> None:
    began = time.perf_counter()
    numbers.mask("4111 1111 1111 1111 1 12:30 " * 2_000)
    assert time.perf_counter() - began < 8


def that_could_be_a_card(template: str, *, of: slice = slice(None)) -> str:
    """The template with a digit for its #, so that the digits of a part of it are a card number by themselves."""
    for digit in "0123456789":
        text = template.replace("#", digit)
        digits = "".join(filter(str.isdigit, text))[of]
        if numbers.luhn(digits):
            return text
    raise AssertionError(template)


@pytest.mark.parametrize(
    "text",
    [
        that_could_be_a_card("30-12:30 13:30-17:3#"),
        that_could_be_a_card("4123 1912/11/22 123#"),
        that_could_be_a_card("〒451-1234 451-123 45#"),
        that_could_be_a_card("51 +81-3-1234-567#, 123"),
        that_could_be_a_card("4123 03-1234-567# 12"),
    ],
)
def test_groups_with_a_time_a_day_a_postal_code_or_a_phone_number_among_them_are_no_card(text: str) -> None:
    assert numbers.luhn("".join(filter(str.isdigit, text)))
    assert not numbers.within(text)
    assert numbers.within("".join(filter(str.isdigit, text)))


def test_a_phone_number_in_one_row_with_a_card_number_is_left_alone() -> None:
    phone = that_could_be_a_card("090-4123-456#-4111-1111", of=slice(3, None))[:13]
    assert numbers.mask(f"{phone}-4111-1111-1111-1111") == f"{phone}-●●●●-●●●●-●●●●-●●●●"
