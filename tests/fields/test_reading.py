"""Text is read as it was meant: what signs mean in which field, what cannot be seen, what counts as one, what is named."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from app.domain.fields import reading
from app.domain.fields.reading import Wrong
from tests.fields.judging import FILLERS, HYPHENS, TEXT, ignorable, thorough

TOGETHER = ["👨‍👩‍👧‍👦", "👩🏽‍🚒", "❤️‍🔥", "🏳️‍🌈", "🏴‍☠️", "👁️‍🗨️", "1️⃣", "#️⃣", "☺️", "🇯🇵", "🏴󠁧󠁢󠁥󠁮󠁧󠁿",
            "葛\U000e0100", "辻\U000e0101", "塚\ufe00", "क्\u200dष", "👩🏻‍❤️‍💋‍👨🏿"]  # fmt: skip
NOTHING = [chr(code) for code in (*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0xFEFF, 0xAD,
            0x61C, 0x180E, 0x34F, 0x17B4, 0xFE0F, 0xFE00, 0xE0100,
            0xE01EF, 0xE0001, 0xE0041, 0xE007F, 0xFFF0, 0x1D173)]  # fmt: skip
LINE_ENDS = ["\r\n", "\n", "\r", "\v", "\f", "\x85", "\u2028", "\u2029"]


# --- what cannot be seen ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sign", NOTHING, ids=ascii)
@pytest.mark.parametrize("around", ["アa1", "杏♪"])
def test_what_carries_nothing_is_dropped_wherever_it_stands(sign: str, around: str) -> None:
    for at in range(len(around) + 1):
        if not (at and sign in "\ufe00\U000e0100\U000e01ef" and around[at - 1] == "杏"):
            assert reading.visible(around[:at] + sign + around[at:]) == around
    for read in (reading.half_width, reading.katakana, reading.digits, reading.roman):
        assert read(f"A{sign}B") == read("AB")


@pytest.mark.parametrize("sign", TOGETHER, ids=ascii)
def test_what_is_one_sign_together_stays_and_counts_as_one(sign: str) -> None:
    for text in (sign, f"杏{sign}様", sign * 3):
        assert reading.visible(text) == reading.one_line(text) == reading.lines(text) == text
    assert [reading.length(text) for text in (sign, f"杏{sign}様", sign * 3)] == [1, 3, 3]
    reading.must_print(sign, "x")


@pytest.mark.parametrize("sign", [one for one in TOGETHER if "\u200d" in one], ids=ascii)
def test_a_joiner_is_dropped_as_soon_as_it_joins_nothing(sign: str) -> None:
    assert reading.visible(f"{sign}\u200d") == sign
    assert reading.visible(f"\u200d{sign}") == sign
    assert reading.visible(f"{sign}\u200b\u200d") == sign


def test_a_joiner_of_arabic_letters_stays_between_them_and_nowhere_else() -> None:
    assert reading.visible("نامه\u200cای") == "نامه\u200cای"
    assert reading.visible("杏\u200c子 نامه\u200c") == "杏子 نامه"


def test_what_is_invisible_between_a_kanji_and_its_form_does_not_part_them() -> None:
    assert reading.visible("葛\u200b\U000e0100城") == "葛\U000e0100城"


@pytest.mark.slow
@thorough
@given(TEXT)
def test_reading_what_was_read_changes_nothing(text: str) -> None:
    for read in (reading.visible, reading.one_line, reading.lines, reading.half_width, reading.compact,
                 reading.digits, reading.roman, reading.katakana, reading.full_width_kana):  # fmt: skip
        once = read(text)
        assert read(once) == once, read.__name__


@pytest.mark.slow
@thorough
@given(TEXT)
def test_only_what_is_ignorable_is_ever_dropped(text: str) -> None:
    kept = reading.visible(text)
    assert [c for c in kept if not ignorable(c)] == [c for c in text if not ignorable(c)]
    assert not any(map(ignorable, reading.half_width(text)))


@pytest.mark.parametrize("end", LINE_ENDS, ids=ascii)
def test_every_end_of_a_line_is_one_in_lines_and_a_blank_in_a_line(end: str) -> None:
    assert reading.lines(f"{end}一{end}{end}二{end}") == "一\n\n二"
    assert reading.one_line(f"{end}一{end}二{end}") == "一 二"


@given(st.text(st.sampled_from(FILLERS + " \u3000\t\n\xa0\u200b\u200d\ufe0f\u0301\u3099"), max_size=9))
def test_text_of_blanks_fillers_and_marks_shows_nothing(text: str) -> None:
    assert not reading.shows(reading.one_line(text))
    assert reading.shows(f"{text}杏{text}")


@pytest.mark.parametrize("filler", FILLERS, ids=ascii)
def test_a_filler_is_a_blank_at_either_end(filler: str) -> None:
    assert reading.one_line(f"{filler} 杏\u3000{filler}") == "杏"
    assert reading.half_width(f"{filler}a{filler}") == "a"


# --- signs by what the field means ------------------------------------------------------------------------------------


def test_a_hyphen_of_vertical_writing_is_one() -> None:
    assert reading.half_width("03︱12︲34") == "03-12-34"


@pytest.mark.parametrize("sign", HYPHENS, ids=ascii)
def test_what_looks_like_a_hyphen_is_what_the_field_means(sign: str) -> None:
    assert reading.half_width(f"03{sign}12{sign}{sign}34") == "03-12--34"
    assert reading.digits(f"03 {sign} 12") == "0312"
    assert reading.katakana(f"マ{sign}ク") == "マーク"
    assert reading.roman(f"AN{sign}NA") == "AN-NA"


@pytest.mark.parametrize("sign", "'’‘‛ʼʻ′´`＇｀", ids=ascii)
def test_what_looks_like_an_apostrophe_is_one_on_cards(sign: str) -> None:
    assert reading.roman(f" O{sign}HARA \u3000 ANN") == "O'HARA ANN"


@pytest.mark.parametrize("mark", ["゛", "\u3099", "ﾞ"], ids=ascii)
@pytest.mark.parametrize(("kana", "voiced"), ["かが", "うゔ", "ホボ", "ワヷ", "ゝゞ", "ヽヾ"])
def test_a_mark_stands_on_the_kana_before_it(mark: str, kana: str, voiced: str) -> None:
    assert reading.one_line(kana + mark) == voiced
    assert reading.lines(f"一\n{kana}{mark}") == f"一\n{voiced}"
    assert reading.katakana("ハ゜は゜ﾊ゜ﾊﾟハ\u309aｶ゛") == "パパパパパガ"


def test_a_mark_that_no_kana_takes_stays_where_it_was_typed() -> None:
    assert reading.one_line("゛あ゛ん゜杏゛") == "゛あ゛ん゜杏゛"


def test_a_surname_is_not_made_another_one() -> None:
    for text in ("髙﨑", "塚\ufe00", "神", "Å½ß①㌀", "ﾐﾂ"):
        assert reading.one_line(text) == text


def test_a_kanji_that_looks_like_the_long_vowel_is_it_only_after_kana() -> None:
    assert reading.katakana("アルテ一リ") == "アルテーリ"
    assert reading.katakana("一ノ瀬") == "一ノ瀬"


@thorough
@given(TEXT)
def test_each_sign_by_place_is_found_where_it_was_typed(text: str) -> None:
    plain, places = reading.by_place(text)
    assert len(plain) == len(places)
    assert places == sorted(places)
    for sign, at in zip(plain, places, strict=True):
        alone = reading.half_width(f"a{text[at]}a")[1:-1]
        assert sign in alone or not alone.strip() or regex.match(r"\s", sign)


# --- length -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("unit", ["杏", "𠮷", *TOGETHER], ids=ascii)
def test_a_length_is_in_characters_as_people_count_them(unit: str) -> None:
    reading.must_fit(unit * 32, 32, "x")
    with pytest.raises(Wrong, match=r"^長い。$"):
        reading.must_fit(unit * 33 if unit != "🇯🇵" else "杏" * 33, 32, "長い。")


@pytest.mark.parametrize("marks", [reading.MARKS, 50, 10_000])
def test_a_character_that_marks_are_heaped_upon_is_refused(marks: int) -> None:
    reading.must_fit("ab" + "\u0301" * (reading.MARKS - 1), 32, "x")
    with pytest.raises(Wrong, match=r"記号が重なりすぎている|^長い。$"):
        reading.must_fit("ab" + "\u0301" * marks, 32, "長い。")


@pytest.mark.parametrize(
    "text",
    ["\u200d" * 20_000, "🏻" * 10_000 + "\u200d" * 10_000, "\u064b" * 20_000 + "\u200c" * 10_000, "🏴" + "\U000e0061" * 20_000,
     " " * 20_000 + "a" + "\u3164" * 20_000, "か" + "゛" * 20_000, "か゛" * 10_000, "e" + "\u0301" * 20_000],
    ids=range(8),
)  # fmt: skip
def test_no_text_takes_long_to_read(text: str) -> None:
    begun = time.process_time()
    for read in (reading.visible, reading.one_line, reading.lines, reading.half_width, reading.katakana):
        read(text)
    reading.length(text)
    assert time.process_time() - begun < 1


# --- what is refused is named -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "at", "said", "sign"),
    [
        ("アリ★ミツ", 2, "「アリ★ミツ」の「★」（3文字目）は使えません。", "character 3 is U+2605"),
        (
            "一二三四★五六七八",
            4,
            "「…二三四★五六七…」の「★」（5文字目）は使えません。",
            "character 5 is U+2605",
        ),
        ("👨‍👩‍👧★", 5, "「👨‍👩‍👧★」の「★」（2文字目）は使えません。", "character 2 is U+2605"),
        ("ア ン", 1, "「ア ン」の空白（2文字目）は使えません。", "character 2 is U+0020"),
        ("ア\bン", 1, "「ア□ン」の□（見えない文字 U+0008、2文字目）は使えません。", "character 2 is U+0008"),
        ("\ue000", 0, "「□」の□（外字 U+E000、1文字目）は使えません。", "character 1 is U+E000"),
        ("a\nbc★\nd", 4, "「bc★」の「★」（2行目の3文字目）は使えません。", "character 3 of line 2 is U+2605"),
    ],
)
def test_what_is_refused_is_named_with_the_characters_around_it(
    text: str, at: int, said: str, sign: str
) -> None:
    wrong = reading.unusable(text, at, "規則。")
    assert (wrong.reason, wrong.sign) == (f"規則。{said}", sign)


@pytest.mark.slow
@given(TEXT.filter(bool), st.data())
def test_whatever_is_refused_can_be_said_and_is_short(text: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(text) - 1).filter(lambda at: text[at] != "\n"))
    wrong = reading.unusable(text, at, "規則。")
    wrong.reason.encode()
    assert not regex.search(r"(?V1)[\p{C}--[\u200c\u200d\U000e0020-\U000e007f]]", wrong.reason)
    assert len(wrong.reason) < 200
    assert wrong.sign.isascii()


@pytest.mark.parametrize("sign", "\0\b\x1b\x7f\x80\ufff9\ue000\U000f0000\ufffe\U000e0080"[:-1], ids=ascii)
def test_what_prints_as_nothing_is_refused_by_name(sign: str) -> None:
    with pytest.raises(Wrong, match=f"U\\+{ord(sign):04X}"):
        reading.must_print(f"杏{sign}", "規則。")


def test_the_first_character_that_a_rule_does_not_allow_is_named() -> None:
    allowed: Callable[[str], None] = lambda text: reading.must_be_of(regex.compile("[ab]"), text, "規則。")  # noqa: E731
    allowed("abba")
    with pytest.raises(Wrong, match="「abcad」の「c」（3文字目）"):
        allowed("abcad")
