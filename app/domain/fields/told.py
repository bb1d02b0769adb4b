"""What one member types and a mail of ours shows to another: no link stands in it, and it can be read.

An official mail with somebody's own link in it is how others are phished. Mail programs make a link of whatever looks
like one, with or without http://. Imports do not come here: what an operator's file names is not a member's own word, and
what is registered already may stay as it is.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

import regex

from app.domain.fields import reading
from app.domain.fields.reading import Wrong

_LINK = regex.compile(
    r"""
      :+[/\\¥]+ | [/\\¥]{2,}                                         # http://, //host
    | (?<![a-z0-9])(?:https?|ftp|mailto|javascript|skype):           # a scheme alone
    | (?<![a-z0-9])www\d*[.。]
    | (?:[\p{L}\p{N}_-]\.|[a-z0-9_-]。)(?:xn--[a-z0-9-]+|[a-z]{2,})(?![a-z0-9])  # a domain, in Japanese letters, too
    | [\p{L}\p{N}_-]\.(?:みんな|コム|ストア|セール|クラウド|ポイント|ファッション|グーグル|アマゾン|世界)
    | (?<![0-9.])(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?![0-9])              # an IP address
    """,
    regex.VERBOSE | regex.IGNORECASE,
)
"""What mail programs make a link of, in half-width text; 。 is a dot in a domain, and the end of a sentence in Japanese."""
_READABLE = regex.compile(r"(?V1)[[\p{L}\p{N}\p{So}]--[ー゛゜ヽヾゝゞ\ufffd]]")
_DAMAGED = "\ufffd"


def to_others(rule: Callable[[str], str], label: str, kept: str = "") -> Callable[[str], str]:
    """The rule, and that its value can be read and holds no link; `kept`: the value that is there already, which stays."""

    def judged(text: str) -> str:
        value = rule(text)
        if value != kept:
            _must_be_readable(value, label)
            must_hold_no_link(value, label)
        return value

    return judged


def must_hold_no_link(value: str, label: str) -> None:
    """Raises Wrong, with what it is, for text of which a mail program would make a link."""
    plain, places = reading.by_place(value)
    if found := _LINK.search(plain):
        typed = value[places[max(found.start() - reading.AROUND, 0)] : places[found.end() - 1] + 1]
        raise Wrong(
            f"{label}に、リンク（URL）として読まれる文字の並びは使えません：「{typed}」。"
            "ピリオド（.）や記号を除くか、ピリオドの後に空白を入れてください。"
        )


def _must_be_readable(value: str, label: str) -> None:
    """Raises Wrong for what is left of text that was read in the wrong encoding, and for signs without a letter."""
    if _DAMAGED in value:
        raise reading.unusable(value, value.index(_DAMAGED), f"{label}に、文字化けした文字が含まれています。")
    if not _READABLE.search(unicodedata.normalize("NFKC", value)):
        raise Wrong(f"{label}が、記号だけになっています。文字で入力してください。")
