"""A brand's folder that is not fit is named with file, line and what to do; nothing of it is used."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from litestar import get

from app import main, routes, settings
from app.branding import SHIPPED, BrandError, colours
from app.branding.reading import read
from app.main import _keep_apart, _of_brand
from app.resources import static_folder
from app.web.pages import collected
from tests.branding.test_crawl import OTHER
from tests.commands.programs import SERVING, mypage


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The other brand, to be spoilt."""
    return Path(shutil.copytree(OTHER, tmp_path / "brand"))


def refused(folder: Path) -> str:
    with pytest.raises(BrandError) as error:
        read(folder)
    return str(error.value).replace(f"{folder}/", "")


def line_of(path: Path, text: str) -> int:
    return path.read_text().splitlines().index(text) + 1


@pytest.mark.parametrize("name", ["brand.toml", "mark.svg", "privacy.md", "documents"])
def test_a_file_that_is_missing_is_named_with_what_it_is_for(folder: Path, name: str) -> None:
    path = folder / name
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    assert refused(folder).startswith(f"{name}: ")


def test_a_text_needs_no_heading_below_its_title(folder: Path) -> None:
    (folder / "documents" / "short.md").write_text("# 短い文書\n\n一文です。\n")
    assert read(folder).documents["short"].sections == ()
    assert "一文です。" in read(folder).documents["short"].lead


def test_brackets_without_end_are_named(folder: Path) -> None:
    with (folder / "brand.toml").open("a") as file:
        file.write(f"x = {'[' * 5_000}\n")
    assert refused(folder).startswith("brand.toml: no TOML: too many brackets")


def test_a_folder_that_is_none_is_named_with_its_variable(tmp_path: Path) -> None:
    with pytest.raises(BrandError, match="no such folder: MYPAGE_BRAND"):
        read(tmp_path / "nowhere")


TOML = [
    ('service = "みどりポータル"', "service = みどりポータル", "no TOML: "),
    ('service = "みどりポータル"', "service = 7", "service is not fit: expected `str`, got `int`"),
    ('service = "みどりポータル"', 'service = ""', "service is not fit: expected `str` of length >= 1"),
    (
        'service = "みどりポータル"',
        'service = "みどり\\nポータル"',
        "service is not fit: expected `str` matching",
    ),
    (
        'service = "みどりポータル"',
        'servise = "みどりポータル"',
        "servise is not known here: take it out, or mend",
    ),
    ('phone = "0120-000-0110"', 'phon = "0120-000-0110"', "fault.phon is not known here"),
    (
        'hikari-denwa = "みどり光でんわ"',
        'adsl = "みどりADSL"',
        "telephony.adsl is not known here: only gate-call-050",
    ),
    (
        'form = "https://midorino.example/form"',
        'form = "www.midorino.example"',
        "contact.form is 'www.midorino.exa",
    ),
    (
        'address = "https://library.example.jp/"',
        'address = "http://library.example.jp/"',
        "partners.1.address is 'http:",
    ),
    (
        'address = "https://library.example.jp/"',
        'address = "javascript:alert(1)"',
        "partners.1.address is 'javascript",
    ),
    (
        'address = "https://library.example.jp/"',
        'address = "$MYPAGE_PEPPERS"',
        "partners.1.address is '$MYPAGE_PEPPERS'",
    ),
    (
        'key = "midori-farm"',
        'key = "midori-library"',
        "partners.2.key is 'midori-library', which another partner has",
    ),
    ('key = "midori-farm"', 'key = "../login"', "partners.2.key is not fit: expected `str` matching regex"),
    (
        'line = "#5fbf3f"',
        'line = "green"',
        "colours.light.line is 'green': a colour such as #0a2f5c is wanted",
    ),
    (
        'line = "#5fbf3f"',
        'lime = "#5fbf3f"',
        "colours.light.lime is no colour of the pages: known are background,",
    ),
]


@pytest.mark.parametrize(("right", "wrong", "said"), TOML)
def test_what_is_wrong_with_brand_toml_is_named_by_line_and_key(
    folder: Path, right: str, wrong: str, said: str
) -> None:
    path = folder / "brand.toml"
    number = line_of(path, right)
    path.write_text(path.read_text().replace(right, wrong, 1))
    told = refused(folder)
    if said.startswith("no TOML"):
        assert told.startswith("brand.toml: no TOML: ")
        assert f"(at line {number}, column " in told
    else:
        assert told.splitlines()[0].startswith(f"brand.toml, line {number}: {said}")


def test_a_key_that_is_missing_is_named_with_its_table(folder: Path) -> None:
    path = folder / "brand.toml"
    path.write_text(path.read_text().replace('prefix = "みどり光"\n', ""))
    assert "brand.toml, line 1: prefix is missing: add a line `prefix = …`" in refused(folder)
    path.write_text((OTHER / "brand.toml").read_text().replace('header = "#06270f"\n', ""))
    table = line_of(OTHER / "brand.toml", "[colours.dark]")
    assert (
        refused(folder)
        == f"brand.toml, line {table}: colours.dark header is missing: give a colour such as #0a2f5c"
    )


def test_telephone_services_that_a_brand_does_not_name_are_called_as_what_they_are(folder: Path) -> None:
    path = folder / "brand.toml"
    text = path.read_text()
    path.write_text(text[: text.index("[telephony]")] + text[text.index("[[partners]]") :])
    assert read(folder).telephony == {"gate-call-050": "050電話サービス", "hikari-denwa": "光電話"}


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        (
            'link = "#0b5a2a"',
            'link = "#6f9f80"',
            "colours.light.link link #6f9f80 on background #f4f8fb has a contrast of 2.8",
        ),
        (
            'link = "#8fe3a6"',
            'link = "#3f6f50"',
            "colours.dark.link link #3f6f50 on background #0d1720 has a contrast of 3.1",
        ),
        (
            'on-primary = "#04240f"',
            'on-primary = "#4f7f60"',
            "colours.dark.on-primary on-primary #4f7f60 on primary #8fe3a6 has a contrast of 3.0",
        ),
        (
            'line = "#5fbf3f"',
            'line = "#1f5f2f"',
            "colours.light.line line #1f5f2f on header #0b3d1e has a contrast of 1.6",
        ),
        (
            'header = "#0b3d1e"',
            'header = "#8fe3a6"',
            "colours.light.on-header on-header #ffffff on header #8fe3a6 has a contrast of 1.5",
        ),
    ],
)
def test_a_colour_that_cannot_be_read_is_named_with_both_values_and_the_ratio(
    folder: Path, right: str, wrong: str, told: str
) -> None:
    path = folder / "brand.toml"
    path.write_text(path.read_text().replace(right, wrong, 1))
    said = refused(folder)
    key = told.split()[0].split(".")
    table, name = ".".join(key[:2]), key[2]
    lines = path.read_text().splitlines()
    number = next(
        n for n, line in enumerate(lines, 1) if n > lines.index(f"[{table}]") and line.startswith(f"{name} =")
    )
    assert f"brand.toml, line {number}: {told}" in said
    assert ":1, 7:1 is wanted: make one of them" in said or ":1, 3:1 is wanted: make one of them" in said


def test_a_colour_of_the_stylesheets_own_can_be_given_and_is_checked_too(folder: Path) -> None:
    path = folder / "brand.toml"
    given = path.read_text().replace("[colours.dark]\n", '[colours.dark]\nmuted = "MUTED"\n')
    path.write_text(given.replace("MUTED", "#c0d0c4"))
    assert read(folder).names.colours.dark["muted"] == "#c0d0c4"
    path.write_text(given.replace("MUTED", "#405040"))
    assert "colours.dark.muted muted #405040 on background #0d1720" in refused(folder)


@pytest.mark.parametrize(
    ("drawn", "line", "said"),
    [
        ("<svg", 1, "is no XML"),
        ("<p/>", 1, "begins with no <svg"),
        ('<svg xmlns="http://www.w3.org/2000/svg">\n<script>alert(1)</script></svg>', 2, "has <script>"),
        ('<svg xmlns="http://www.w3.org/2000/svg">\n\n<foreignObject/></svg>', 3, "has <foreignObject>"),
        ('<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', 1, "has a script (onload)"),
        (
            '<svg xmlns="http://www.w3.org/2000/svg" xmlns:x="http://www.w3.org/1999/xlink">\n<use x:href="https://a.example/"/></svg>',
            2,
            "fetches 'https://a.example/'",
        ),
        (
            '<svg xmlns="http://www.w3.org/2000/svg">\n<g fill="url(https://a.example/)"/></svg>',
            2,
            "fetches something in fill",
        ),
        ('<!DOCTYPE svg [<!ENTITY a "b">]>\n<svg xmlns="http://www.w3.org/2000/svg"/>', 1, "has a DOCTYPE"),
        (
            '<?xml-stylesheet href="a.css"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>',
            1,
            "has a processing instruction",
        ),
        (f'<svg xmlns="http://www.w3.org/2000/svg"><desc>{"a" * 40_000}</desc></svg>', 1, "has 40,0"),
    ],
)
def test_a_mark_that_runs_or_fetches_something_is_refused(
    folder: Path, drawn: str, line: int, said: str
) -> None:
    (folder / "mark.svg").write_text(drawn)
    assert refused(folder).startswith(f"mark.svg, line {line}: {said}")


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("本文だけ", 1, "begins with no title"),
        ("", 1, "begins with no title"),
        ("# 題\n\n{phon} へ", 3, "has {phon}, which stands for nothing: {phone} is meant?"),
        ("# 題\n\n# もう一つ", 3, "has a second title"),
        ("# 題\n\n本文\n\n[ここ](http://a.example/)", 5, "leads to 'http://a.example/'"),
        ("# 題\n\n![絵](https://a.example/a.png)", 3, "has an image"),
    ],
)
@pytest.mark.parametrize("name", ["privacy.md", "documents/line.md"])
def test_a_text_that_cannot_be_shown_is_named_by_line(
    folder: Path, name: str, text: str, line: int, said: str
) -> None:
    (folder / name).write_text(text)
    assert refused(folder).startswith(f"{name}, line {line}: {said}")


def test_a_text_is_read_as_what_it_is_and_none_of_its_html_is(folder: Path) -> None:
    (folder / "privacy.md").write_text(
        "# 題\n\n<b onclick=x>太字</b> [悪い](javascript:alert(1))\n\n## 空\n\n## 節\n\n- 一つ\n"
    )
    text = read(folder).texts["privacy"]
    assert "<b" not in text.lead
    assert "href" not in text.lead
    assert [(one.heading, one.line) for one in text.empty] == [("空", 5)]
    assert text.sections[1].html.replace("\n", "") == "<ul><li>一つ</li></ul>"


@pytest.mark.slow
def test_a_command_says_so_before_it_does_anything(folder: Path, tmp_path: Path) -> None:
    (folder / "mark.svg").write_text("<svg onload='x'/>")
    for command in (("migrate",), ("serve",), ("demo",)):
        done = mypage(tmp_path, *command, MYPAGE_BRAND=str(folder))
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith(f"mypage: {folder}/mark.svg, line 1: ")
    assert not (tmp_path / "data").exists()


def test_what_the_environment_says_goes_before_the_brand(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read(SHIPPED).variables() == {}
    monkeypatch.setattr(settings, "BRAND", read(OTHER))
    given = {name: value for name, value in SERVING.items() if name != "MYPAGE_OPERATOR"}
    chosen = settings.production({**given, "MYPAGE_FAULT_PHONE": ""})
    assert chosen.contact.operator == "緑野ネット株式会社"
    assert chosen.elsewhere.fault_phone == "0120-000-0110"
    assert chosen.contact.phone == SERVING["MYPAGE_CONTACT_PHONE"]


def test_a_partner_does_not_take_the_place_of_a_page(monkeypatch: pytest.MonkeyPatch) -> None:
    handlers = collected(routes)
    _keep_apart(handlers)
    other = read(OTHER)
    partner = msgspec.structs.replace(other.partners[0], key="login")
    monkeypatch.setattr(
        main, "BRAND", replace(other, names=msgspec.structs.replace(other.names, partners=(partner,)))
    )
    with pytest.raises(BrandError, match="has a page /login of its own: choose another key"):
        _keep_apart([*handlers, get("/login")(_nothing)])


async def _nothing() -> None:
    """What a partner's page would be."""


def test_the_stylesheet_has_the_colours_and_their_hash_in_its_name() -> None:
    style = (static_folder() / "mypage.css").read_bytes()
    given = read(OTHER).names.colours
    made = colours.stylesheet(style, {"light": given.light, "dark": given.dark})
    assert b"--header:#0b3d1e;" in made
    assert made.index(b"--header:#0b3d1e;") < made.index(b"--header:#06270f;")
    assert _of_brand(static_folder())["mypage.css"] != made
