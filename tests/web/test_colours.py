"""ui.md A2: text 7:1, controls and focus 3:1, in both schemes (WCAG 2.2, 1.4.6 and 1.4.11): the shipped brand's colours with the
stylesheet's own. Another brand's are looked at when it is read (tests/branding/test_reading.py)."""

import re

import pytest

from app.branding import BRAND, colours
from app.resources import static_folder

STYLE = (static_folder() / "mypage.css").read_text()
GIVEN = {"light": BRAND.names.colours.light, "dark": BRAND.names.colours.dark}
TOKENS = {scheme: {**own, **GIVEN[scheme]} for scheme, own in colours.shipped().items()}


def test_the_formula_is_right() -> None:
    assert colours.contrast("#000000", "#ffffff") == pytest.approx(21)
    assert colours.contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_seven_to_one_and_controls_three(scheme: str) -> None:
    tokens = {**TOKENS[scheme], "ring": colours.RING}
    for pairs, wanted in ((colours.TEXT, 7), ((*colours.CONTROLS, ("ring", "header")), 3)):
        for one, other in pairs:
            assert colours.contrast(tokens[one], tokens[other]) >= wanted, (one, other)


def test_every_colour_that_a_brand_may_give_is_looked_at() -> None:
    paired = {token for pair in (*colours.TEXT, *colours.CONTROLS) for token in pair}
    assert colours.known() - paired == {"rule"}, "a line between things says nothing: it needs no contrast"


@pytest.mark.parametrize("token", sorted(colours.known() - {"rule"}))
def test_a_colour_that_is_what_it_lies_on_is_named(token: str) -> None:
    under = next(pair[1 - pair.index(token)] for pair in (*colours.TEXT, *colours.CONTROLS) if token in pair)
    given = {**GIVEN, "dark": {**GIVEN["dark"], token: TOKENS["dark"][under]}}
    found = [bad for bad in colours.too_little(given) if token in (bad.token, bad.ground)]
    assert found
    assert {bad.scheme for bad in found} == {"dark"}
    assert min(bad.ratio for bad in found) == pytest.approx(1)


def test_the_white_focus_ring_stands_out_on_the_header() -> None:
    assert f"--focus: {colours.RING};" in STYLE
    given = {**GIVEN, "light": {**GIVEN["light"], "header": "#e0e0e0"}}
    assert colours.too_little(given)[-1].token == "ring"


def test_headings_of_a_bill_stand_out_on_paper() -> None:
    given = {**GIVEN, "light": {**GIVEN["light"], "header": "#ffe0a0", "on-header": "#000000"}}
    assert "paper" in {bad.ground for bad in colours.too_little(given)}


def test_every_colour_has_a_dark_one() -> None:
    assert set(TOKENS["dark"]) == set(TOKENS["light"]) == colours.known()


def test_every_colour_is_a_token() -> None:
    after_tokens = STYLE.split("@layer base {", 1)[1]
    loose = [colour for colour in re.findall(r"#[0-9a-fA-F]{3,8}\b", after_tokens) if colour != "#ffffff"]
    assert loose == []
    used = {name for name in re.findall(r"var\(--([a-z-]+)\)", STYLE) if name in TOKENS["light"]}
    assert used == set(TOKENS["light"]), "a colour that nothing uses"
