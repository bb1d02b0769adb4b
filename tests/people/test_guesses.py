"""What is found inside a password: every run, every repeat, every way to write a day, words however they are disguised."""

from __future__ import annotations

from datetime import date
from itertools import cycle, islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.people import guesses
from app.domain.people.guesses import Match

LINES = [
    "abcdefghijklmnopqrstuvwxyz",
    "0123456789",
    "1234567890",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "!\"#$%&'()",
    "!@#$%^&*()",
]
"""Written from a keyboard, not from the code."""


def found(pieces: list[Match]) -> set[str]:
    return {piece["token"] for piece in pieces}


def whole(password: str, pieces: list[Match]) -> Match | None:
    """The cheapest piece that is all of the password."""
    all_of_it = [piece for piece in pieces if (piece["i"], piece["j"]) == (0, len(password) - 1)]
    return min(all_of_it, key=lambda piece: int(piece["guesses"]), default=None)


@st.composite
def runs(draw: st.DrawFn, least: int = 3, longest: int = 16) -> str:
    """A part of a line, in either direction, in either case."""
    line = draw(st.sampled_from([line for line in LINES if len(line) >= least]))
    length = draw(st.integers(least, min(len(line), longest)))
    start = draw(st.integers(0, len(line) - length))
    run = line[start : start + length]
    return draw(st.sampled_from([run, run[::-1], run.upper(), run[::-1].upper()]))


@given(runs())
def test_every_run_is_found_in_either_direction(run: str) -> None:
    piece = whole(run, list(guesses.runs(run)))
    assert piece
    assert piece["pattern"] == "run"
    assert piece["guesses"] == guesses.SHORT


@given(runs(3, 8), runs(3, 8))
def test_two_runs_that_are_woven_into_each_other_are_found(one: str, other: str) -> None:
    length = min(len(one), len(other))
    woven = "".join(a + b for a, b in zip(one[:length], other[:length], strict=True))
    assert whole(woven, list(guesses.runs(woven)))


@given(
    st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=5), st.data()
)
def test_every_unit_of_up_to_five_characters_that_is_repeated_is_found(
    unit: str, data: st.DataObject
) -> None:
    length = data.draw(st.integers(max(3, 2 * len(unit)), 16))
    password = "".join(islice(cycle(unit), length))
    piece = whole(password, list(guesses.runs(password)))
    assert piece
    assert piece["guesses"] <= 10**6


@pytest.mark.parametrize(
    "password", ["112233", "aaabbb", "1qaz2wsx", "qazwsx", "1q2w3e4r", "147258", "aa11bb22", "0987", "1a2a3a"]
)
def test_what_people_take_for_clever_is_found(password: str) -> None:
    assert whole(password, list(guesses.runs(password)))


@pytest.mark.parametrize("password", ["zk3w9q", "a8Kd03jX", "hik7q2", "f8h2k5", "momo3x"])
def test_other_passwords_are_no_run(password: str) -> None:
    assert not whole(password, list(guesses.runs(password)))


def test_a_run_in_mixed_case_takes_more_guesses() -> None:
    (mixed,) = guesses.runs("aBc")
    (plain,) = guesses.runs("Abc")
    assert mixed["guesses"] > plain["guesses"]


# --- words ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "password", ["yamada", "YaMaDa", "adamay", "y4m4d4", "4d4m4y", "y@mad@", "x-yamada9", "9adamay"]
)
def test_a_word_is_found_in_any_case_backwards_and_with_digits_for_letters(password: str) -> None:
    (piece, *_) = guesses.words(password, ["Yamada"], "name")
    assert len(piece["token"]) == 6
    assert piece["token"] == password[piece["i"] : piece["j"] + 1]
    assert piece["guesses"] == guesses.KNOWN


def test_one_as_i_and_as_l() -> None:
    assert found(list(guesses.words("m1m1-l0l1", ["mimi", "loll"], "name"))) == {"m1m1", "l0l1"}


def test_a_word_of_three_characters_may_stand_there_by_chance_and_one_of_two_is_none() -> None:
    (piece,) = guesses.words("ken-an", ["Ken", "An"], "name")
    assert (piece["token"], piece["guesses"]) == ("ken", guesses.SHORT)


def test_a_word_is_found_each_time_that_it_stands_there() -> None:
    assert {piece["i"] for piece in guesses.words("kenkenken", ["ken"], "name")} == {0, 3, 6}


def test_japanese_words_are_found() -> None:
    assert "himawari" in found(list(guesses.japanese("himawari5")))
    assert {word for word in guesses.JAPANESE if word.islower() and len(word) >= 3} == guesses.JAPANESE


def test_what_is_spelt_is_found_in_every_reading_and_three_characters_at_least() -> None:
    def spans(text: str) -> list[tuple[int, int]]:
        return [(at, at + 4) for at in range(len(text)) if text.startswith("yuki", at)] + [(0, 2)]

    assert found(list(guesses.spelt("x-YUKI", spans, "name"))) == {"YUKI"}
    assert found(list(guesses.spelt("1kuyx9", spans, "name"))) == {"1kuy"}


# --- numbers and days -------------------------------------------------------------------------------------------------


@given(st.integers(10**9, 10**10 - 1), st.integers(4, 10), st.data())
def test_every_part_of_a_number_of_four_digits_and_more_is_found_forwards_and_backwards(
    number: int, length: int, data: st.DataObject
) -> None:
    text = f"0{number}"
    start = data.draw(st.integers(0, len(text) - length))
    part = text[start : start + length]
    for typed in (part, part[::-1]):
        known = found(list(guesses.numbers(f"a{typed}z", [f"{text[:3]}-{text[3:7]}-{text[7:]}"], "phone")))
        assert typed in known | found(list(guesses.runs(typed)))


def test_three_digits_of_a_number_and_another_number_are_not_found() -> None:
    assert not list(guesses.numbers("390a7777", ["03-9012-3456"], "phone"))


def test_years_up_to_2099_are_found_also_when_they_overlap() -> None:
    assert found(list(guesses.years("x2026"))) == {"2026"}
    assert found(list(guesses.years("20199"))) == {"2019"}
    assert found(list(guesses.years("2019200"))) == {"2019", "1920"}
    assert found(list(guesses.years("x2026-11"))) == {"2026", "2026-11"}
    assert found(list(guesses.years("202613"))) == {"2026"}
    assert not list(guesses.years("2126"))


def written(day: date) -> list[str]:
    """The ways that people write a birth date, from the day alone."""
    era, first = next(
        (letter, year)
        for letter, year, began in (
            ("R", 2019, date(2019, 5, 1)),
            ("H", 1989, date(1989, 1, 8)),
            ("S", 1926, date(1926, 12, 25)),
            ("T", 1912, date(1912, 7, 30)),
            ("M", 1868, date(1868, 1, 25)),
        )
        if began <= day
    )
    year = day.year - first + 1
    unpadded = f"{day.month}{day.day}"
    return [
        *(day.strftime(form) for form in ("%Y%m%d", "%y%m%d", "%m%d", "%d%m%Y", "%m%d%Y", "%d%m%y", "%Y")),
        *(day.strftime(form) for form in ("%Y-%m-%d", "%Y/%m/%d", "%y_%m_%d", "%m-%d", "%Y.%m.%d", "%Y%m")),
        *(day.strftime(form) for form in ("%y%m", "%b%d", "%B%d", "%d%b%Y", "%m%d%y")),
        f"{day.year}{unpadded}",
        f"{era}{year}{unpadded}",
        f"{era}{year:02}{day:%m%d}",
        f"{era.lower()}{year}-{day:%m-%d}",
        f"{year:02}{day:%m%d}",
        f"{day:%m%d}{era}{year}",
    ]


@pytest.mark.slow
@given(st.dates(date(1900, 1, 1), date(2026, 12, 31)))
def test_a_day_is_found_in_all_usual_ways_of_writing(day: date) -> None:
    for form in written(day):
        assert whole(form, list(guesses.days(form, day, "birth"))), form


@given(st.dates(date(1980, 1, 2), date(1989, 9, 9)))
def test_another_day_is_not_that_day(day: date) -> None:
    form = f"{date(1955, 12, 30):%Y%m%d}"
    assert not whole(form, list(guesses.days(form, day, "birth")))


def test_showa_by_its_name_and_nobodys_day() -> None:
    day = date(1985, 6, 12)
    for form in ("S60", "showa60", "syowa60", "6gatsu12nichi"):
        assert whole(form, list(guesses.days(form, day, "birth"))), form
    assert not list(guesses.days("19850612", None, "birth"))
