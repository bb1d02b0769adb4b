"""How text is read before a rule judges it (spec 2): every form, the login and every import read it here.

What input methods, spreadsheets and web pages put in place of a sign is read as the sign that the field means; what
cannot be seen and carries nothing is dropped. What a rule refuses is named with the characters around it.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

import regex

MARKS = 12
"""Code points that one character may have: the longest emoji of Unicode's list has ten."""
AROUND = 3
"""Characters that are shown before and after one that is refused."""

LIKE_HYPHENS = "-‐‑‒–—―⁃⁻₋−─━╌╍╴╶╸╺➖ーㅡ˗﹘﹣－ｰ⸺⸻֊᠆⎯⏤\u1173"
"""Signs that look like - or ー, which input methods give for the same key; U+1173 is what NFKC makes of ㅡ."""
APOSTROPHES = dict.fromkeys(map(ord, "’‘‛ʼʻʹ′‵´`＇"), "'")
"""Signs that look like ', the only one that stands on cards."""
_HYPHEN = dict.fromkeys(map(ord, LIKE_HYPHENS), "-")
_LONG_VOWEL = dict.fromkeys(map(ord, LIKE_HYPHENS), "ー")
WAVES = "~〜～∼∿˜"
"""Signs that look like ~, the key beside the one for a hyphen: a dash between digits, a long vowel in kana."""
_LONG_VOWEL_OR_WAVE = _LONG_VOWEL | dict.fromkeys(map(ord, WAVES), "ー")
_MIDDLE_DOT = dict.fromkeys(map(ord, "·•‧∙⋅･ꞏ"), "・")
_VOICED = {0x309B: "\u3099", 0x309C: "\u309a", 0xFF9E: "\u3099", 0xFF9F: "\u309a"}
_HIRAGANA_TO_KATAKANA = {code: code + 0x60 for code in range(0x3041, 0x3097)}
_FILLERS = "\u115f\u1160\u3164\uffa0\u2800"
"""Letters and signs that show as a blank."""

_CHARACTER = regex.compile(r"\X")
_INVISIBLE = regex.compile(rf"(?V1)[\p{{DI}}--[{_FILLERS}]]")
_NEVER_CARRIES = regex.compile(
    rf"(?V1)[\p{{DI}}--[{_FILLERS}\u200c\u200d\ufe00-\ufe0f\u180b-\u180d\u180f\U000e0020-\U000e007f\U000e0100-\U000e01ef]]"
)
_CARRIES = regex.compile(
    r"""(?V1)(
      (?<=\p{Han})[\ufe00-\ufe02\U000e0100-\U000e01ef]                      # which form of a 漢字
    | (?<=[\p{Emoji}--[0-9\#*]])[\ufe0e\ufe0f] | (?<=[0-9\#*])\ufe0f(?=\u20e3)  # as a picture or as a letter
    | (?<=\p{ExtPict}[\ufe0f\p{EMod}]{0,2})\u200d(?=\p{ExtPict})            # emoji that are one together
    | (?<=\U0001f3f4)[\U000e0020-\U000e007e]{1,6}\U000e007f                 # flags of England, Scotland, Wales
    | (?<=\p{ccc=9})[\u200c\u200d]                                          # how Indian letters join
    | (?<=[\p{jt=D}\p{jt=L}]\p{jt=T}{0,4})\u200c(?=\p{jt=T}{0,4}[\p{jt=R}\p{jt=D}])  # how Arabic letters do
    | (?<=\p{Mongolian})[\u180b-\u180d\u180f]
    )|\p{DI}""".replace("|\\p{DI}", rf"|[\p{{DI}}--[{_FILLERS}]]"),
    regex.VERBOSE,
)
_BLANK = regex.compile(rf"[\s\p{{Z}}{_FILLERS}]")
_BLANKS = "".join(filter(_BLANK.match, map(chr, range(0x10000))))
_SHOWS = regex.compile(rf"[^\s\p{{Z}}\p{{M}}\p{{DI}}{_FILLERS}]")
_LINE_END = regex.compile(r"\r\n|[\n\r\v\f\x85\u2028\u2029]")
_BREAKS_LINE = regex.compile(r"\r\n|[\t\n\r\v\f\x85\u2028\u2029]")
_UNPRINTABLE = regex.compile(r"(?V1)[\p{C}\u2028\u2029--[\u200c\u200d\U000e0020-\U000e007f]]")
_UNPRINTABLE_IN_LINES = regex.compile(r"(?V1)[\p{C}\u2028\u2029--[\n\t\u200c\u200d\U000e0020-\U000e007f]]")
_KANA_AND_MARK = regex.compile(
    "([\u3041-\u3096\u309d\u30a1-\u30fa\u30fd])([\u3099\u309a\u309b\u309c\uff9e\uff9f])"
)
_ONE_FOR_LONG_VOWEL = regex.compile("(?<=[\u30a1-\u30faー])[一⼀㇐]")


class Wrong(ValueError):
    """A value that a rule refuses; the text is the reason, for the person who typed it.

    `sign` tells an operator which character it is, by number and place; "" where it is none alone, or a secret.
    """

    def __init__(self, reason: str, sign: str = "") -> None:
        super().__init__(reason)
        self.sign = sign

    @property
    def reason(self) -> str:
        return str(self)


# --- reading ----------------------------------------------------------------------------------------------------------


def visible(text: str) -> str:
    """The text without what cannot be seen and carries nothing; what makes one sign of two, or another form, stays."""
    if not _INVISIBLE.search(text):
        return text
    return _CARRIES.sub(lambda found: found[1] or "", _NEVER_CARRIES.sub("", text))


def trimmed(text: str) -> str:
    """Without the blanks around, those included that count as letters."""
    return text.strip(_BLANKS)


def one_line(text: str) -> str:
    """As typed, in one line: a line's end and a tab are a blank, ゛ and ゜ stand on their kana."""
    return trimmed(_joined(_BREAKS_LINE.sub(" ", visible(text))))


def lines(text: str) -> str:
    """As typed, with \\n at the end of each line, whichever sign of Unicode ended it, and none around."""
    return _joined(_LINE_END.sub("\n", visible(text))).strip()


def half_width(text: str) -> str:
    """全角英数 → 半角, one sign for all hyphens, nothing invisible, no blanks around: for fields that hold 半角 only."""
    seen = (
        _BREAKS_LINE.sub(" ", _INVISIBLE.sub("", text))
        .translate(_HYPHEN)
        .translate(dict.fromkeys(map(ord, _FILLERS), " "))
    )
    return unicodedata.normalize("NFKC", seen).translate(_HYPHEN).strip()


def compact(text: str) -> str:
    """The same of numbers, codes and names without blanks: no blank anywhere."""
    return unicodedata.normalize("NFC", "".join(half_width(text).split()))


def digits(text: str) -> str:
    """The same of numbers that are shown in groups: no hyphen either."""
    return compact(text).replace("-", "")


def roman(text: str) -> str:
    """The same of names as they stand on cards: one sign for all apostrophes, one blank between words."""
    plain = half_width(text.translate(APOSTROPHES)).translate(APOSTROPHES)
    return regex.sub(r"\s+", " ", plain)


def by_place(text: str) -> tuple[str, list[int]]:
    """Half-width, one sign for all hyphens and one for all blanks, nothing invisible; where each sign stands in `text`."""
    signs, places = [], []
    for at, typed in enumerate(text):
        plain = _plain(typed)
        signs.append(plain)
        places += [at] * len(plain)
    return "".join(signs), places


@lru_cache(8192)
def _plain(sign: str) -> str:
    if _INVISIBLE.match(sign):
        return ""
    made = unicodedata.normalize("NFKC", sign.translate(_HYPHEN)).translate(_HYPHEN)
    return _BLANK.sub(" ", made)


def full_width_kana(text: str) -> str:
    """半角カナ, its ー, 「, 」, 、, 。 and ・ → 全角, with ゛ and ゜ on the kana that takes one; the rest as typed."""

    def wide(found: regex.Match[str]) -> str:
        return unicodedata.normalize("NFKC", found[0]).translate({0x3099: "゛", 0x309A: "゜"})

    return regex.sub("[\uff61-\uff9f]+", wide, text)


def katakana(text: str) -> str:
    """ひらがな and 半角カナ → 全角カタカナ; what looks like ー or ・ is one, ゛ and ゜ stand on their kana."""
    seen = (
        _BREAKS_LINE.sub(" ", _INVISIBLE.sub("", text))
        .translate(_LONG_VOWEL_OR_WAVE)
        .translate(_MIDDLE_DOT)
        .translate(_VOICED)
    )
    wide = unicodedata.normalize("NFKC", seen).translate(_LONG_VOWEL).translate(_HIRAGANA_TO_KATAKANA)
    return _ONE_FOR_LONG_VOWEL.sub("ー", trimmed(unicodedata.normalize("NFC", wide)))


def _joined(text: str) -> str:
    """゛ and ゜ that stand alone after the kana that they belong to, as one letter with it, where there is one."""
    return _KANA_AND_MARK.sub(_one_letter, text)


def _one_letter(found: regex.Match[str]) -> str:
    mark = _VOICED.get(ord(found[2]), found[2])
    letter = unicodedata.normalize("NFC", found[1] + mark)
    return letter if len(letter) == 1 else found[0]


# --- judging ----------------------------------------------------------------------------------------------------------


def shows(text: str) -> bool:
    """Whether there is anything to see: blanks, fillers and marks without a letter are nothing."""
    return _SHOWS.search(text) is not None


def length(text: str) -> int:
    """In characters as people count them (Unicode's grapheme clusters): an emoji, a 漢字 with its form, are one."""
    return len(_CHARACTER.findall(text))


def must_fit(text: str, most: int, reason: str) -> None:
    """Raises Wrong for more than `most` characters, and for one that more than MARKS code points are heaped up to."""
    if len(text) > MARKS * most or len(characters := _CHARACTER.findall(text)) > most:
        raise Wrong(reason)
    for place, character in enumerate(characters):
        if len(character) > MARKS:
            raise Wrong(
                f"{place + 1}文字目の「{character[:1]}」に記号が重なりすぎているため、使えません。",
                f"character {place + 1} has {len(character)} code points",
            )


def must_print(text: str, rule: str, *, lines: bool = False) -> None:
    """Raises Wrong for what shows as nothing, turns the text around, breaks its line, or has no glyph anywhere else.

    `lines`: a line's end and a tab may be in it.
    """
    if found := (_UNPRINTABLE_IN_LINES if lines else _UNPRINTABLE).search(text):
        raise unusable(text, found.start(), rule)


def must_be_of(allowed: regex.Pattern[str], text: str, rule: str, typed: str = "") -> None:
    """Raises Wrong, with the rule and the character, unless all are what `allowed` matches one of.

    `typed`: the text before it was read; the character is named as it stands there.
    """
    at = 0
    while at < len(text):
        found = allowed.match(text, at)
        if not found:
            raise unusable(*_as_typed(text, at, typed), rule)
        at = found.end()


def _as_typed(text: str, at: int, typed: str) -> tuple[str, int]:
    """The text with its character at that index as it was typed, and where that stands then."""
    if text[at] in typed:
        return text, at
    for sign in typed:
        made = unicodedata.normalize("NFKC", sign)
        begins = at - made.find(text[at])
        if text[at] in made and text.startswith(made, begins):
            return text[:begins] + sign + text[begins + len(made) :], begins
    return text, at


def unusable(text: str, at: int, rule: str) -> Wrong:
    """Why the character at that index is refused: the rule, then the character with those around it, and its place."""
    above = text[:at].count("\n")
    line, column = text.split("\n")[above], at - (text.rfind("\n", 0, at) + 1)
    parts = _CHARACTER.findall(line)
    ends = [sum(map(len, parts[: number + 1])) for number in range(len(parts))]
    place = next(number for number, end in enumerate(ends) if end > column)
    before, after = parts[max(place - AROUND, 0) : place], parts[place + 1 : place + 1 + AROUND]
    around = "".join(
        ("…" if place > AROUND else "", *map(_glyph, before), _glyph(parts[place]), *map(_glyph, after))
    ) + ("…" if place + 1 + AROUND < len(parts) else "")
    where = f"{above + 1}行目の{place + 1}文字目" if "\n" in text else f"{place + 1}文字目"
    name = f"U+{ord(line[column]):04X}"
    return Wrong(
        f"{rule}「{around}」の{_named(parts[place], line[column], name, where)}は使えません。",
        f"character {place + 1}{f' of line {above + 1}' if above else ''} is {name}",
    )


def _named(character: str, sign: str, name: str, where: str) -> str:
    if _BLANK.match(sign):
        return f"空白（{where}）"
    if regex.match(r"\p{Co}", sign):
        return f"{_glyph(character)}（外字 {name}、{where}）"
    if _UNPRINTABLE.match(sign):
        return f"{_glyph(character)}（見えない文字 {name}、{where}）"
    return f"「{_glyph(character)}」（{where}）"


def _glyph(character: str) -> str:
    """It, or a box for what has no glyph; marks that are heaped up are left out."""
    return "□" if _UNPRINTABLE.search(character) else character[:MARKS]
