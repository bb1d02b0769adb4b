"""What is typed at login is forgiven as far as it cannot be meant otherwise, and nothing of it counts as a failure."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.access import names
from app.domain.access.logins import By
from app.domain.access.names import Name
from app.postgres import database
from tests.browser import Browser
from tests.fields.judging import HYPHENS
from tests.fields.test_reading import NOTHING

NUMBER, ID = Name("customer", "90000000000000"), Name("account", "arteri-an-001")


@pytest.mark.parametrize("by", ["customer", "account"])
@pytest.mark.parametrize(
    "typed",
    [
        "90000000000000",
        " 90000000000000\n",
        "９００００００００００００００"[:14],
        "9000 0000 0000 00",
        "9000\u30000000\u00a00000\t00",
        *(f"9000{hyphen}0000{hyphen}0000{hyphen}00" for hyphen in HYPHENS),
        *(f"{sign}90000000{sign}000000{sign}" for sign in NOTHING),
        "９０００\u3164００００\v０００００\u2028０",
    ],
)
def test_a_number_is_read_in_either_form(by: By, typed: str) -> None:
    assert names.read(by, typed) == NUMBER
    assert names.of_number(typed) == NUMBER.name


@pytest.mark.parametrize("by", ["customer", "account"])
@pytest.mark.parametrize(
    "typed",
    [
        "arteri-an-001",
        "Arteri-An-001",
        "ARTERI-AN-001 ",
        "\u3000ａｒｔｅｒｉ－ａｎ－００１",
        "ＡＲＴＥＲＩーＡＮー００１",
        "arteri - an - 001",
        *(f"arteri{hyphen}an{hyphen}001" for hyphen in HYPHENS),
        *(f"{sign}arteri-{sign}an-001{sign}" for sign in NOTHING),
    ],
)
def test_an_account_id_is_read_in_either_form(by: By, typed: str) -> None:
    assert names.read(by, typed) == ID


@pytest.mark.parametrize(
    ("by", "typed", "read"),
    [
        ("customer", "", Name("customer", "")),
        ("account", "", Name("account", "")),
        ("customer", " - ", Name("customer", "")),
        ("account", "123", Name("customer", "123")),
        ("customer", "１二三", Name("customer", "1二三")),
        ("account", "山田太郎", Name("account", "山田太郎")),
        ("account", "x" * 5000, Name("account", "x" * names.LONGEST)),
        ("customer", "9" * 5000, Name("customer", "9" * names.LONGEST)),
        ("account", "arteri.an.001", Name("account", "arteri.an.001")),
        ("account", "arteri_an_001", Name("account", "arteri_an_001")),
    ],
)
def test_what_could_be_meant_otherwise_stays_as_it_is(by: By, typed: str, read: Name) -> None:
    assert names.read(by, typed) == read


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("demo01", "demo01"),
        (" demo01\u3000", "demo01"),
        ("ｄｅｍｏ０１", "demo01"),
        ("neu－９９", "neu-99"),
        ("neuー99", "neu-99"),
        ("a¥b!99", "a\\b!99"),
        ("\ufeffde\u200bmo\u202e01\ufe0f", "demo01"),
        ("neu⸺99\u2800", "neu-99"),
        ("Demo01", "Demo01"),
        ("de mo01", "de mo01"),
        ("ぱすわーど１", "ぱすわーど１"),
        ("", ""),
        ("  ", "  "),
        ("y" * 5000, "y" * names.LONGEST),
    ],
)
def test_a_password_is_what_can_have_been_set(typed: str, read: str) -> None:
    assert names.password(typed) == read


@given(st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=20))
def test_a_password_as_it_can_be_set_is_looked_at_as_it_is(typed: str) -> None:
    assert names.password(typed) == typed


@given(st.text(st.characters(max_codepoint=0x3100), max_size=30), st.sampled_from(["customer", "account"]))
def test_reading_what_was_read_changes_nothing(typed: str, by: By) -> None:
    read = names.read(by, typed)
    if read.name.isascii():  # no other name is anybody's
        assert names.read(read.by, read.name) == read
    assert not names.password(typed).isascii() or names.password(names.password(typed)) == names.password(
        typed
    )


# --- at the door ------------------------------------------------------------------------------------------------------


async def failures() -> list[Any]:
    """What was noted or counted of failed logins."""
    noted = await database.rows("SELECT result FROM login_event WHERE result <> 'ok'")
    return [*noted, *await database.rows("SELECT 1 FROM attempt WHERE failures > 0")]


@pytest.mark.parametrize(
    ("by", "name", "password", "said"),
    [
        ("account", "ARTERI－AN－００２ ", "abc12345", ""),
        ("account", "arteri-an-002", " ａｂｃ１２３４５", ""),
        ("customer", "９０００ー0000ー0000ー00", "demo01", ""),
        (
            "account",
            "9000-0000-0000-00",
            "demo01",
            "アカウントIDの欄に入力されたお客様番号で、ログインしました。",
        ),
        (
            "customer",
            "Arteri-an-002",
            "abc12345",
            "お客様番号の欄に入力されたアカウントIDで、ログインしました。",
        ),
    ],
)
async def test_what_is_forgiven_signs_in_and_counts_as_no_failure(
    visitor: Browser, hashed: list[dict[str, Any]], by: str, name: str, password: str, said: str
) -> None:
    await visitor.log_in(by, name, password)
    assert visitor.heading == "ご契約情報一覧"
    assert len(hashed) == 1
    assert await failures() == []
    shown = [bar.get_text() for bar in visitor.page.select("[aria-label=ログインのお知らせ] p")]
    assert shown == ([f"お知らせ{said}"] if said else [])


async def test_a_login_through_the_other_form_leads_to_where_one_was_going_and_keeps_its_query(
    visitor: Browser,
) -> None:
    await visitor.log_in("account", "90000000000000", "demo01", "/login?next=/accounts?open=arteri-an-001")
    assert visitor.path == "/accounts?open=arteri-an-001&said=by-customer"


@pytest.mark.slow
async def test_a_wrong_password_is_counted_for_the_login_whichever_form_and_spelling(
    visitor: Browser,
) -> None:
    for by, name in (
        ("account", "arteri-an-001"),
        ("customer", "ＡＲＴＥＲＩ-an-001"),
        ("account", "Arteriーan-001"),
    ):
        await visitor.log_in(by, name, "wrong123")
        assert visitor.answer.status_code == 422
    counted = await database.rows("SELECT failures FROM attempt")
    assert [row["failures"] for row in counted] == [3, 3, 3]  # the address, the login, all
    noted = await database.rows(
        "SELECT login FROM login_event JOIN account ON account.id = login_event.account"
    )
    assert [row["login"] for row in noted] == ["arteri-an-001"] * 3


@pytest.mark.slow
async def test_the_step_forgives_the_same(contractor: Browser) -> None:
    await contractor.open("/statements")
    await contractor.prove("ｄｅｍｏ０１ ", "９０００−0000−0000−00")
    assert contractor.heading == "月額請求明細照会"
