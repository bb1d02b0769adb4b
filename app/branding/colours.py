"""The brand's colours: tokens of static/mypage.css in two schemes, and whether what they are used for can be read (WCAG 2.2,
1.4.6 and 1.4.11).

Every pair of tokens that the stylesheet lays one on the other stands in TEXT or CONTROLS; tests/web/test_colours.py holds
that each token does.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from app.resources import static_folder

SCHEMES = ("light", "dark")
NEEDED = ("header", "on-header", "line", "link", "primary", "on-primary", "primary-pressed")
"""What makes the look of a brand: the stylesheet has no colours of its own for these."""
TEXT_RATIO, CONTROL_RATIO = 7.0, 3.0
TEXT = (
    *((text, ground) for text in ("text", "muted", "link", "error") for ground in ("background", "surface")),
    *((text, ground) for text in ("text", "muted", "link") for ground in ("ok-surface", "warning-surface")),
    ("ok", "ok-surface"),
    ("ok", "surface"),
    ("ok", "background"),
    ("warning", "warning-surface"),
    ("warning", "surface"),
    ("on-primary", "primary"),
    ("on-primary", "primary-pressed"),
    ("on-error", "error"),
    ("on-error", "error-pressed"),
    ("on-header", "header"),
    ("header", "on-header"),
)
"""Text and what it stands on."""
CONTROLS = (
    *(
        (control, ground)
        for control in ("border", "primary", "error", "warning", "focus")
        for ground in ("background", "surface")
    ),
    ("focus", "ok-surface"),
    ("focus", "warning-surface"),
    ("line", "header"),
)
"""Edges and marks that one has to see, and what they stand on."""
RING = "#ffffff"
"""The focus ring on the header."""
PAPER = "#ffffff"
"""What a bill's PDF is printed on, with headings in the light scheme's colour of the header."""

_TOKEN = re.compile(r"--([a-z-]+): (#[0-9a-f]{6});")
_END = "@layer base {"
_DARK = "@media screen and (prefers-color-scheme: dark) {"


@dataclass(frozen=True)
class TooLittle:
    """A colour that does not stand out from what it is on."""

    scheme: str
    token: str
    colour: str
    ground: str
    under: str
    ratio: float
    wanted: float
    given: str
    """The one of the two tokens that the brand gave."""

    def __str__(self) -> str:
        return (
            f"{self.token} {self.colour} on {self.ground} {self.under} has a contrast of {self.ratio:.2f}:1, "
            f"{self.wanted:.0f}:1 is wanted: make one of them {'darker' if self.scheme == 'light' else 'lighter'}"
            " or the other the opposite"
        )


@cache
def shipped() -> dict[str, dict[str, str]]:
    """The colours that the stylesheet itself has, by scheme."""
    style = (static_folder() / "mypage.css").read_text(encoding="utf-8")
    light, _, dark = style.partition(_END)[0].partition(_DARK)
    return {"light": dict(_TOKEN.findall(light)), "dark": dict(_TOKEN.findall(dark))}


def known() -> frozenset[str]:
    """The tokens that a brand may give."""
    return frozenset(shipped()["light"]) | frozenset(NEEDED)


def contrast(one: str, other: str) -> float:
    """The ratio of two colours, 1 to 21 (WCAG 2.2)."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def too_little(given: Mapping[str, Mapping[str, str]]) -> list[TooLittle]:
    """The pairs with a colour that the brand gave which cannot be read, or seen."""
    found = []
    for scheme in SCHEMES:
        tokens = {**shipped()[scheme], **given[scheme], "ring": RING, "paper": PAPER}
        printed = (("header", "paper"),) if scheme == "light" else ()
        for pairs, wanted in (
            ((*TEXT, *printed), TEXT_RATIO),
            ((*CONTROLS, ("ring", "header")), CONTROL_RATIO),
        ):
            for token, ground in pairs:
                colour, under = tokens[token], tokens[ground]
                ratio = contrast(colour, under)
                if ratio < wanted and (by := [name for name in (token, ground) if name in given[scheme]]):
                    found.append(TooLittle(scheme, token, colour, ground, under, ratio, wanted, by[0]))
    return found


def stylesheet(style: bytes, given: Mapping[str, Mapping[str, str]]) -> bytes:
    """The stylesheet with the brand's colours at the end of its tokens, where they go before its own."""
    light, dark = (
        "".join(f"--{token}:{colour};" for token, colour in given[scheme].items()) for scheme in SCHEMES
    )
    added = (
        f"@layer tokens{{:root{{{light}}}@media screen and (prefers-color-scheme: dark){{:root{{{dark}}}}}}}"
    )
    return style.rstrip() + b"\n" + added.encode() + b"\n"
