"""ui.md A2: text 7:1, controls and focus 3:1, in both schemes (WCAG 2.2, 1.4.6 and 1.4.11)."""

import re
from pathlib import Path

import pytest

STYLE = (Path(__file__).parents[2] / "static" / "mypage.css").read_text()

COLOUR = re.compile(r"--([a-z-]+): (#[0-9a-f]{6});")
LIGHT, DARK = (
    dict(COLOUR.findall(part))
    for part in STYLE.split("@layer base {", 1)[0].split("@media screen and (prefers-color-scheme: dark) {")
)
TOKENS = {name: {"light": colour, "dark": DARK[name]} for name, colour in LIGHT.items()}

TEXT = [
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
]
CONTROLS = [
    *(
        (control, ground)
        for control in ("border", "primary", "error", "warning", "focus")
        for ground in ("background", "surface")
    ),
    ("focus", "ok-surface"),
    ("focus", "warning-surface"),
    ("line", "header"),
]


def luminance(colour: str) -> float:
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_the_formula_is_right() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), TEXT)
def test_text_stands_out_seven_to_one(text: str, ground: str, scheme: str) -> None:
    assert contrast(TOKENS[text][scheme], TOKENS[ground][scheme]) >= 7


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("control", "ground"), CONTROLS)
def test_controls_stand_out_three_to_one(control: str, ground: str, scheme: str) -> None:
    assert contrast(TOKENS[control][scheme], TOKENS[ground][scheme]) >= 3


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_white_focus_ring_stands_out_on_the_header(scheme: str) -> None:
    assert "--focus: #ffffff;" in STYLE
    assert contrast("#ffffff", TOKENS["header"][scheme]) >= 3


def test_every_colour_has_a_dark_one() -> None:
    assert set(DARK) == set(LIGHT)


def test_every_colour_is_a_token() -> None:
    after_tokens = STYLE.split("@layer base {", 1)[1]
    loose = [colour for colour in re.findall(r"#[0-9a-fA-F]{3,8}\b", after_tokens) if colour != "#ffffff"]
    assert loose == []
    used = {name for name in re.findall(r"var\(--([a-z-]+)\)", STYLE) if name in TOKENS}
    assert used == set(TOKENS), "a colour that nothing uses"
