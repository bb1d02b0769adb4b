"""`mypage check` on this machine: fonts, disk, clock, secrets, and what runs the checks."""

from __future__ import annotations

import os
import shutil
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from app import checks, settings
from app.checks import Finding, Looked, clocks, disk, fonts, running, secret_keys
from app.checks.finding import ok
from app.domain.catalogue import file as files
from tests.conftest import SETTINGS


def outcomes(found: list[Finding]) -> list[str]:
    assert all(one.outcome == "ok" or (one.why and one.remedy) for one in found)
    return [one.outcome for one in found]


# --- fonts --------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_fonts_have_what_bills_may_say_and_name_what_they_lack(monkeypatch: pytest.MonkeyPatch) -> None:
    looked = Looked({}, given=SETTINGS)
    (found,) = fonts.glyphs(looked)
    assert (found.outcome, "has a glyph (/" in found.what) == ("ok", True)
    nobodys = "\U0010fff0"
    there = files.shipped()
    product = replace_name(there, f"安心{nobodys}")
    monkeypatch.setattr(files, "shipped", lambda: product)
    (found,) = fonts.glyphs(looked)
    assert (found.outcome, found.what) == (
        "failure",
        f"no font has {nobodys} of the brand's or the catalogue's texts",
    )
    monkeypatch.setattr(files, "shipped", lambda: there)
    monkeypatch.setattr(fonts, "jis", lambda: {"亜", nobodys, *(chr(0x10FF00 + one) for one in range(30))})
    (found,) = fonts.glyphs(looked)
    assert (found.outcome, "and 11 more of JIS X 0208" in found.what) == ("warning", True)


def replace_name(given: object, name: str) -> object:
    import msgspec

    products = given.products  # type: ignore[attr-defined]
    return msgspec.structs.replace(
        given, products=(msgspec.structs.replace(products[0], name=name), *products[1:])
    )  # type: ignore[type-var]


def test_without_fontconfig_or_weasyprint_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    (found,) = fonts.glyphs(Looked({}))
    assert (found.outcome, "fonts-noto-cjk" in found.remedy) == ("failure", True)
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    (found,) = fonts.glyphs(Looked({}))
    assert (found.outcome, "mypage[pdf]" in found.remedy) == ("warning", True)


def test_jis_is_what_names_are_written_in() -> None:
    found = fonts.jis()
    assert {"亜", "腕", "弌", "熙", "あ", "ヴ", "ａ", "―"} <= found
    assert sum("\u4e00" <= one <= "\u9fff" for one in found) == 2965 + 3390 + 1  # 仝 is among the signs
    assert "髙" not in found


# --- disk, clock --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("free", "outcome"), [(2**28 - 1, "failure"), (2**30 - 1, "warning"), (2**30, "ok")])
def test_room_for_the_embedded_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, outcome: str
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    assert outcomes([*disk.room(Looked({}, embedded=tmp_path))]) == [outcome]
    assert [*disk.room(Looked({}))] == []


@pytest.mark.parametrize(
    ("seconds", "outcome"),
    [
        (0, "ok"),
        (2, "ok"),
        (-2, "ok"),
        (3, "warning"),
        (-3, "warning"),
        (60, "warning"),
        (61, "failure"),
        (-61, "failure"),
    ],
)
def test_clocks_that_go_apart(seconds: int, outcome: str) -> None:
    now = datetime.now(UTC)
    found = clocks.compared("the database's clock", now + timedelta(seconds=seconds), now)
    assert outcomes([found]) == [outcome]


def test_a_zone_that_is_not_japans_is_a_failure() -> None:
    now = datetime.now(UTC)
    _, found = clocks._zones_and_now(Looked({}), (now, now, now, timedelta(hours=8)))
    assert (found.outcome, "by the data of the database" in found.what) == ("failure", True)


# --- secrets ------------------------------------------------------------------------------------------------------------

MADE = {
    "secret_keys": (b"4Xl0nGJH-rrD4UjQHq2nL9mYb0yW7oZc1f3aKpTtE8s",),
    "peppers": {1: b"w2J8bqv1Hk-0tR5yXzLmN7cDfGhQaSeU3oPiT6rYVlM"},
    "data_keys": (b"Zk3pQm9_xVb6nHs2LdFg7jRtYwCe8uAo1iTqEzXv5By",),
}


def test_secrets_that_a_program_has_made_are_in_order() -> None:
    made = replace(SETTINGS, **MADE)  # type: ignore[arg-type]
    assert outcomes([*secret_keys.keys(Looked({}, given=made))]) == ["ok"]


def test_secrets_of_words_and_ones_that_serve_twice_are_named_and_not_told() -> None:
    key = MADE["data_keys"][0]  # type: ignore[index]
    weak = replace(
        SETTINGS,
        **{**MADE, "secret_keys": (key,), "peppers": {1: b"correct horse battery staple password"}},  # type: ignore[arg-type]
    )
    found = [*secret_keys.keys(Looked({}, given=weak))]
    assert outcomes(found) == ["warning", "warning"]
    assert found[0].what.startswith("MYPAGE_PEPPERS holds one that looks like words")
    assert found[1].what == "MYPAGE_DATA_KEYS and MYPAGE_SECRET_KEYS hold the same one"
    assert not any(one in str(found) for one in ("correct horse", key.decode()))


def test_a_file_of_a_secret_is_looked_at_from_outside(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("x")
    environment = {"MYPAGE_SECRET_KEYS_FILE": str(path), "MYPAGE_DATA_KEYS_FILE": str(tmp_path / "nowhere")}
    path.chmod(0o600)
    assert [*secret_keys.keys(Looked(environment))] == []
    path.chmod(0o644)
    (found,) = secret_keys.keys(Looked(environment))
    assert (found.outcome, "MYPAGE_SECRET_KEYS_FILE is open to others (-rw-r--r--)" in found.what) == (
        "failure",
        True,
    )
    path.chmod(0o640)
    long_ago = time.time() - timedelta(days=500).total_seconds()
    os.utime(path, (long_ago, long_ago))
    (found,) = secret_keys.keys(Looked(environment))
    assert (found.outcome, "is 500 days old" in found.what) == ("warning", True)
    assert [
        *secret_keys.keys(Looked({"MYPAGE_PEPPERS_FILE": str(path)}))
    ] == []  # peppers are never exchanged


# --- all of them ----------------------------------------------------------------------------------------------------------


def test_a_check_that_hangs_is_given_up_and_holds_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "LIMIT", 0.1)
    monkeypatch.setattr(running, "LONGEST", 0.2)

    def hangs(_: Looked) -> list[Finding]:
        time.sleep(3)
        return []

    began = time.monotonic()
    found = [
        *running.run({"first": hangs, "second": hangs, "third": lambda _: [ok("third", "done")]}, Looked({}))
    ]
    assert time.monotonic() - began < 1
    assert [(one.check, one.outcome) for one in found] == [
        ("first", "failure"),
        ("second", "failure"),
        ("third", "ok"),
    ]
    assert "was not done within 0 seconds and was given up" in found[0].what


def test_a_defect_of_ours_is_no_finding() -> None:
    def broken(_: Looked) -> list[Finding]:
        raise RuntimeError("a defect")

    with pytest.raises(RuntimeError, match="a defect"):
        list(running.run({"broken": broken}, Looked({})))


def test_settings_that_are_not_right_are_said_once_and_nothing_is_asked_with_them() -> None:
    for name in ("mail server", "Stripe", "proxy", "secrets"):
        assert [*checks.CHECKS[name](Looked({}))] == [], name
    (found,) = checks.CHECKS["settings"](Looked({}))
    assert "mail server, Stripe, proxy and secrets were not looked at" in found.text
    with pytest.raises(settings.SettingsError):
        settings.production({})
