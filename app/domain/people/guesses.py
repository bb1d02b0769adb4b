"""What somebody who wants into an account tries first, found inside a password: each piece with its number of guesses.

zxcvbn finds what everybody tries: the common passwords, words, dates, walks over the keyboard. What it does not know is
here: runs and repeats that are woven into each other (1q2w3e, 1qaz2wsx), Japanese words, and what is known of one person.
A piece is a match as zxcvbn has it, so that its search for the cheapest way through a password takes them all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from itertools import pairwise
from typing import Any

from app.branding import BRAND

Span = tuple[int, int]
"""Start and end of a piece, the end not included."""
Match = dict[str, Any]
"""Of zxcvbn: `i` and `j`, the places of its first and last character, `token`, `pattern` and `guesses`."""

KNOWN = 10
"""Guesses for a piece that is known of the person: there are a few such pieces, and a few ways to write each."""
SHORT = 50
"""The same for a piece of three characters, which may stand there by chance; for a year, and for a run."""
LONGEST_PERIOD = 5
"""Characters that are repeated, or go on in step: a longer unit is no easier to guess for being there twice."""


def match(password: str, start: int, end: int, pattern: str, guesses: int) -> Match:
    """The piece from `start` up to, not including, `end`."""
    return {
        "i": start,
        "j": end - 1,
        "token": password[start:end],
        "pattern": pattern,
        "guesses": guesses,
    }


# --- runs and repeats -------------------------------------------------------------------------------------------------

_IN_ORDER = ("abcdefghijklmnopqrstuvwxyz", "01234567890")
_ON_KEYBOARD = (
    "1234567890-^\\",
    "1234567890-=",
    "!@#$%^&*()_+",
    "!\"#$%&'()=~|",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
)
"""The rows of a Japanese and an American keyboard; the digits with Shift, too."""
_COLUMNS = ("1qaz", "2wsx", "3edc", "4rfv", "5tgb", "6yhn", "7ujm", "8ik,", "9ol.", "0p;/")
_LINES = (*_IN_ORDER, *_ON_KEYBOARD, *_COLUMNS)

Step = tuple[int, int]
"""A line and how far it goes along it; line -1 is the same character again."""


def _steps_of_lines() -> dict[tuple[str, str], frozenset[Step]]:
    steps: dict[tuple[str, str], set[Step]] = {}
    for line, characters in enumerate(_LINES):
        for far in (1, 2):
            for before, after in zip(characters, characters[far:], strict=False):
                steps.setdefault((before, after), set()).add((line, far))
                steps.setdefault((after, before), set()).add((line, -far))
    return {pair: frozenset(found) for pair, found in steps.items()}


_STEPS = _steps_of_lines()
_AGAIN = frozenset({(-1, 0)})


def _step(before: str, after: str) -> frozenset[Step]:
    return _AGAIN if before == after else _STEPS.get((before, after), frozenset())


def runs(password: str) -> Iterator[Match]:
    """Runs and repeats of three characters and more, plain (456, aaa, 97531) or woven (abab, 1q2w3e, 112233, 1qaz2wsx)."""
    text = password.lower()
    for period in range(1, LONGEST_PERIOD + 1):
        for start in range(len(text) - max(3, 2 * period) + 1):
            end = _run_from(text, start, period)
            if end:
                pattern = "repeat" if _repeats(text[start:end], period) else "run"
                yield match(password, start, end, pattern, _guesses(password[start:end], period))


def _guesses(run: str, period: int) -> int:
    plain = run in (run.lower(), run.upper(), run.capitalize()) or _repeats(run, period)
    return max(SHORT, int(10**period)) * (1 if plain else 10)


def _repeats(text: str, period: int) -> bool:
    return text[period:] == text[:-period]


def _run_from(text: str, start: int, period: int) -> int:
    """The end of the longest run from `start` on in which each character goes on from the one `period` before; 0: none."""
    for end in range(len(text), start + max(3, 2 * period) - 1, -1):
        if _is_run(text[start:end], period):
            return end
    return 0


def _is_run(text: str, period: int) -> bool:
    """Whether each of the woven strands keeps its step.

    Two characters alone are on some line easily, so strands that short must all keep one and the same step.
    """
    if _repeats(text, period):
        return True
    strands = [text[first::period] for first in range(period)]
    kept = [frozenset.intersection(*(_step(*pair) for pair in pairwise(strand))) for strand in strands]
    if period == 1 or (all(kept) and len(text) >= 3 * period):
        return all(kept)
    return bool(frozenset.intersection(*map(_kinds, kept)))


def _kinds(steps: frozenset[Step]) -> frozenset[tuple[bool, int]]:
    """The steps of one character, by whether they go along a row of the keyboard or along the alphabet and the digits."""
    rows = len(_IN_ORDER), len(_IN_ORDER) + len(_ON_KEYBOARD)
    return frozenset((line >= rows[0], far) for line, far in steps if 0 <= line < rows[1] and abs(far) == 1)


# --- words ------------------------------------------------------------------------------------------------------------

JAPANESE = frozenset(
    re.findall(
        "[a-z]+",
        "aishiteru akiko angou anshin anzen aoi arashi arigato arigatou asahi asuka ayumi banana benkyou "
        "boku chibi chihiro daisuke daisuki doraemon fujisan fukuoka fumiko gakkou genki ghibli gundam "
        "hanabi hanako hanshin haru haruka haruki hayashi hikari himawari himitsu hinata hiroshi hotaru "
        "ichiban ichiro inoue inuinu ito itou jiro kaede kaori kato katou kawaii kazoku kazuki kazuya "
        "keiko kenji kimura kirakira kobayashi kobe koneko konnichiwa kumamon kuro kuroneko kyoto makoto "
        "mariko masaki matsuda matsumoto mayumi megumi minami misaki miyuki mochi momiji momo momoko "
        "momotaro nagoya nakamura nanami naoki natsumi neko nekoneko nihon nippon nyanko obaasan ohayo "
        "ohayou okaasan okinawa onepiece osaka otousan pasokon pasuwaado pasuwado pikachu sakura sapporo "
        "sasaki sato satoshi satou sayuri shiawase shimizu shinobu shiro shota shouta sora suzuki "
        "takahashi takashi takuya tanaka tanoshii taro tarou tokimeki tokyo tomodachi tomoko totoro "
        "tsubasa urara usagi wanwan watanabe watashi yakyu yakyuu yamada yamaguchi yamamoto yamato yoko "
        "yoroshiku yoshida yuki yuko yumiko yuuki",
    )
)
"""zxcvbn's lists were counted in English: Japanese words, names and places that they lack, or have far behind."""
SERVICE = frozenset({"mypage", "my-page", "member", "kaiin"}) | BRAND.reserved_names
"""What the portal calls itself, in letters."""
_MANY = 100
"""Guesses for one of JAPANESE."""
_PLAIN = [
    str.maketrans("013456789@$!|+(", "oieasgtbgasiltc"),
    str.maketrans("013456789@$!|+(", "oleasbtbqasiltc"),
]
"""Letters that are often written as digits or signs; 1 is i or l."""
_YEAR = re.compile("(?=((?:19|20)[0-9][0-9])((?:[-_/.]?(?:0[1-9]|1[0-2]))?))")


def words(password: str, known: Iterable[str], pattern: str, guesses: int = KNOWN) -> Iterator[Match]:
    """The known words in the password: in any case, backwards, with digits for letters. Shorter than three: none."""
    searched = {word.lower() for word in known if len(word) >= 3}
    for text, places in _readings(password):
        for word in searched:
            at = text.find(word)
            while at >= 0:
                start, end = places(at, at + len(word))
                yield match(password, start, end, pattern, guesses if len(word) > 3 else max(guesses, SHORT))
                at = text.find(word, at + 1)


def _readings(password: str) -> Iterator[tuple[str, Callable[[int, int], Span]]]:
    """The password as it can be read, and what a place in that reading is in the password."""
    length, lower = len(password), password.lower()
    for text in dict.fromkeys([lower, *(lower.translate(table) for table in _PLAIN)]):
        yield text, lambda start, end: (start, end)
        yield text[::-1], lambda start, end: (length - end, length - start)


def spelt(password: str, spans: Callable[[str], Iterable[Span]], pattern: str) -> Iterator[Match]:
    """What `spans` finds, in each reading of the password."""
    for text, places in _readings(password):
        for found in spans(text):
            start, end = places(*found)
            if end - start >= 3:
                yield match(password, start, end, pattern, KNOWN if end - start > 3 else SHORT)


def years(password: str) -> Iterator[Match]:
    """A year from 1900 to 2099, also with a month behind it; zxcvbn knows years up to 2019, and whole days."""
    for found in _YEAR.finditer(password):
        yield match(password, found.start(), found.end(1), "date", SHORT)
        if found[2]:
            yield match(password, found.start(), found.end(2), "date", 12 * SHORT)


def japanese(password: str) -> Iterator[Match]:
    return words(password, JAPANESE, "word", _MANY)


# --- numbers and days -------------------------------------------------------------------------------------------------


def numbers(password: str, known: Iterable[str], pattern: str) -> Iterator[Match]:
    """Four digits and more that stand in one of the known numbers, forwards or backwards; no 2345, which is a run first."""
    digits = [re.sub("[^0-9]", "", number) for number in known]
    digits += [number[::-1] for number in digits]
    for found in re.finditer("[0-9]{4,}", password):
        for start in range(found.start(), found.end() - 3):
            for end in range(start + 4, found.end() + 1):
                piece = password[start:end]
                if not _is_run(piece, 1) and any(piece in number for number in digits):
                    yield match(password, start, end, pattern, KNOWN)


ERAS = (
    (date(2019, 5, 1), "r", "reiwa"),
    (date(1989, 1, 8), "h", "heisei"),
    (date(1926, 12, 25), "s", "showa"),
    (date(1926, 12, 25), "s", "syowa"),
    (date(1912, 7, 30), "t", "taisho"),
    (date(1868, 1, 25), "m", "meiji"),
)
"""First day, letter and Roman names of the Japanese eras, newest first."""
_MONTHS = re.findall(
    "[a-z]+", "january february march april may june july august september october november december"
)


def day_forms(day: date) -> set[str]:
    """The ways to write a day that somebody would try: 19850612, 850612, 0612, 12061985, S60, s60-6-12, june12, 6gatsu …"""
    days = _days(day)
    forms = {*days, *_years(day)}
    for year in _years(day):
        for part in (*days, f"{day.month}", f"{day.month:02}"):
            for sign in ("", "-", "_", "/", "."):
                forms |= {f"{year}{sign}{part}", f"{part}{sign}{year}"}
    return {form for form in forms if len(form) >= 3}


def _years(day: date) -> set[str]:
    years = {f"{day.year}", f"{day.year % 100:02}"}
    began = next((first for first, *_ in ERAS if first <= day), None)
    for first, letter, name in ERAS:
        if first == began:
            number = day.year - first.year + 1
            years |= {
                f"{number:02}",
                *(f"{era}{number:{form}}" for era in (letter, name) for form in ("", "02")),
            }
    return years


def _days(day: date) -> set[str]:
    month, number = day.month, day.day
    days = {f"{month}gatsu", f"{month}gatsu{number}nichi"}
    for one, other in ((month, number), (number, month)):
        for sign in ("", "-", "_", "/", "."):
            days |= {f"{one:02}{sign}{other:02}", f"{one}{sign}{other}"}
    for name in (_MONTHS[month - 1], _MONTHS[month - 1][:3]):
        days |= {f"{name}{number}", f"{name}{number:02}", f"{number}{name}", f"{number:02}{name}"}
    return days


def days(password: str, day: date | None, pattern: str) -> Iterator[Match]:
    """The day in the password, however it is written."""
    lower = password.lower()
    for form in day_forms(day) if day else ():
        at = lower.find(form)
        while at >= 0:
            guesses = KNOWN if len(form) > 3 else SHORT
            yield match(password, at, at + len(form), pattern, guesses)
            at = lower.find(form, at + 1)
