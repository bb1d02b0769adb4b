"""Whether a name in Roman letters can be that of somebody whose name is known in kana (spec 11).

There is no one spelling: Hepburn or Kunrei, five ways to write a long vowel, n or m before b, m and p, either order of
the names. So the kana is not transliterated. It becomes a row of pieces, each with all the ways to write it, and the
letters are followed through them, in time that grows with both lengths only.

The pieces are broad on purpose where spellings run together (おおの, おの: ONO): what is to be kept out is another
person's card, not another spelling.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

_VOWELS = "aiueo"
_ROWS = {
    "アイウエオ": "",
    "カキクケコ": "k",
    "サシスセソ": "s",
    "タチツテト": "t",
    "ナニヌネノ": "n",
    "ハヒフヘホ": "h",
    "マミムメモ": "m",
    "ラリルレロ": "r",
    "ガギグゲゴ": "g",
    "ザジズゼゾ": "z",
    "ダヂヅデド": "d",
    "バビブベボ": "b",
    "パピプペポ": "p",
}
_REGULAR = {
    kana: {consonant + vowel}
    for row, consonant in _ROWS.items()
    for kana, vowel in zip(row, _VOWELS, strict=True)
}
_OTHER = {
    "シ": {"shi"},
    "チ": {"chi"},
    "ツ": {"tsu"},
    "フ": {"fu"},
    "ジ": {"ji"},
    "ヂ": {"ji", "zi", "dji"},
    "ヅ": {"zu", "dzu"},
    "ヤ": {"ya"},
    "ユ": {"yu"},
    "ヨ": {"yo"},
    "ワ": {"wa"},
    "ヰ": {"i", "wi"},
    "ヱ": {"e", "we", "ye"},
    "ヲ": {"o", "wo"},
    "ヴ": {"vu", "bu"},
    "ン": {"n"},
}
_SPELLINGS = {kana: _REGULAR.get(kana, set()) | _OTHER.get(kana, set()) for kana in {*_REGULAR, *_OTHER}}
_SMALL_Y = {"ャ": "a", "ュ": "u", "ョ": "o"}
_SMALL = {"ァ": "a", "ィ": "i", "ゥ": "u", "ェ": "e", "ォ": "o", "ヮ": "a", "ヵ": "a", "ヶ": "e"}
_GLIDES = {"ウ": {"w"}, "ク": {"kw", "q"}, "グ": {"gw"}, "イ": {"y"}}
"""What a kana becomes before a small vowel, besides its own consonant."""
_LONG = {
    "a": {"ア": {"a", "h", ""}},
    "i": {"イ": {"i", "h", ""}},
    "u": {"ウ": {"u", "h", ""}},
    "e": {"イ": {"i", "e"}, "エ": {"e", "i", "h", ""}},
    "o": {"ウ": {"u", "o", "h", ""}, "オ": {"o", "u", "h", ""}},
}
"""How a vowel's second half is written after it; 太郎 is TAROU, TAROO, TAROH and TARO."""
_BAR = {
    "a": {"a", "h", ""},
    "i": {"i", "h", ""},
    "u": {"u", "h", ""},
    "e": {"e", "i", "h", ""},
    "o": {"o", "u", "h", ""},
}

Piece = set[str]


def may_be(roman: str, family_kana: str, given_kana: str) -> bool:
    """Whether the Roman letters spell the two names, in either order. Everything but letters counts for nothing."""
    letters = re.sub("[^a-z]", "", unicodedata.normalize("NFKC", roman).lower())
    family, given = list(_pieces(family_kana)), list(_pieces(given_kana))
    return _spells(letters, [*family, *given]) or _spells(letters, [*given, *family])


def spans(text: str, kana: str) -> Iterator[tuple[int, int]]:
    """Where in the lower-case text the kana is spelt, start and end (not included): from each start the longest."""
    pieces = list(_pieces(kana))
    for start in range(len(text)) if pieces else ():
        end = max(_reached(text, pieces, start), default=start)
        if end > start:
            yield start, end


def _spells(letters: str, pieces: list[Piece]) -> bool:
    return bool(letters) and len(letters) in _reached(letters, pieces, 0)


def _reached(letters: str, pieces: list[Piece], start: int) -> set[int]:
    """The places where a spelling of all pieces that begins at `start` can end."""
    reached = {start}
    for piece in pieces:
        reached = {at + len(way) for at in reached for way in piece if letters.startswith(way, at)}
    return reached


def _pieces(kana: str) -> Iterator[Piece]:
    """The ways to write each sound; a vowel that only lengthens the one before is a piece of its own."""
    sounds = list(_sounds(re.sub("[^ァ-ヺー]", "", kana)))
    vowel = ""
    for at, sound in enumerate(sounds):
        following = _ways(sounds[at + 1]) if at + 1 < len(sounds) else set()
        if sound == "ッ":
            yield _doubled(following)
            continue
        if sound == "ー":
            yield _BAR.get(vowel, {""})
            continue
        if sound == "ン":
            yield {"n", "m"} if any(way[:1] in set("bmp") for way in following) else {"n"}
            vowel = ""
            continue
        ways = _ways(sound)
        yield ways | _LONG.get(vowel, {}).get(sound, set())
        vowel = next(iter(ways))[-1:]


def _doubled(following: Piece) -> Piece:
    """ッ: the next consonant twice, or t before ch."""
    first = {way[:1] for way in following} - {*_VOWELS, ""}
    return (first | ({"t"} if "c" in first else set())) or {""}


def _sounds(kana: str) -> Iterator[str]:
    """The kana with the small one that belongs to it."""
    yield from re.findall("[ァ-ヺー][ァィゥェォャュョヮ]?", kana)


def _ways(sound: str) -> Piece:
    first, small = sound[0], sound[1:]
    plain = _SPELLINGS.get(first) or {_SMALL.get(first) or _SMALL_Y.get(first, "")}
    if not small:
        return plain
    consonants = {way.rstrip(_VOWELS) for way in plain} | _GLIDES.get(first, set())
    if small in _SMALL_Y:
        vowel = _SMALL_Y[small]
        short = {consonant for consonant in consonants if consonant in ("sh", "ch", "j", "dj")}
        return {f"{consonant}y{vowel}" for consonant in consonants} | {f"{one}{vowel}" for one in short}
    return {consonant + _SMALL[small] for consonant in consonants} | {way + _SMALL[small] for way in plain}
