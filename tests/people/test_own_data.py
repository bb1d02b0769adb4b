"""Own data: nothing about a contract is forgotten, and nothing secret leaves."""

from __future__ import annotations

import json

import pytest
from piccolo.columns import Bytea

from app.domain import tables
from app.domain.changes import asking
from app.domain.people import own_data
from app.domain.people.account_password import ChangeAccountPassword
from app.domain.people.own_data import (
    COLUMNS_LEFT_OUT,
    LEFT_OUT,
    OF_THE_CONTRACT,
    PRIVATE,
    TITLES,
    exported_columns,
)
from app.domain.tables import TABLES
from app.postgres import database
from tests import households
from tests.browser import Browser
from tests.households import HASH
from tests.mail.steps import ADDRESS, confirmed, get_address


def about_a_contract(table: type) -> bool:
    return table is tables.Contract or any(column._meta.name == "contract" for column in table._meta.columns)  # type: ignore[attr-defined]


def test_every_table_about_a_contract_is_exported_or_left_out_with_a_reason() -> None:
    known = {*TITLES, *LEFT_OUT}
    forgotten = {table.__name__ for table in TABLES if about_a_contract(table)} - {
        one.__name__ for one in known
    }
    assert not forgotten, "give it a title in own_data.TITLES, or a reason in LEFT_OUT"
    assert all(LEFT_OUT.values())
    assert all(isinstance(one, type) for one in LEFT_OUT), "a column stands in COLUMNS_LEFT_OUT"
    assert not set(TITLES) & set(LEFT_OUT)


def test_no_secret_column_and_no_bytes_are_exported() -> None:
    for table in TITLES:
        for column in exported_columns(table):
            assert not column._meta.secret, column
            assert not isinstance(column, Bytea), column
            assert not any(word in column._meta.name for word in ("password", "hash", "token", "sealed")), (
                column
            )


async def test_the_file_holds_the_contract_and_not_a_single_hash_pin_or_token(empty_database: str) -> None:
    family = await households.new_household()
    await households.new_household("stranger")
    member = await households.log_in(family.contract)
    await asking.ask(member, ChangeAccountPassword(family.sons_login, HASH.replace("m=8", "m=9")), peek="Zq9")
    await database.rows(
        "INSERT INTO paper_request (contract, account, paper, asked_at) VALUES ($1, $2, 'name', now())",
        *(family.contract, family.mother),
    )
    text = await own_data.of(member)
    found = json.loads(text)
    assert list(found) == ["作成日時", *TITLES.values()]
    assert found["ご契約"][0]["family"] == "有光"
    assert [account["login"] for account in found["アカウントID"]] == [
        family.mothers_login,
        family.sons_login,
    ]
    assert found["書類のご請求"][0]["account"] == family.mothers_login
    assert "stranger" not in text
    assert "argon2" not in text
    assert member.token_hash.hex() not in text


# --- others' mail, and a user role ------------------------------------------------------------------------------------

TARGETS = ("himitsu@example.com", "mae@example.com")
SUBJECT, TEXT = "留守にします", "入院しています。"
SON, WIFE = "arteri-an-001", "arteri-an-002"


async def set_up(browser: Browser, login: str, marked: str = "", **typed: str) -> None:
    """Forwarding, twice, so that there is a former one; and an auto-reply. `marked`: stands before each text."""
    for target in reversed(TARGETS):
        await confirmed(browser, f"/accounts/{login}/forwarding", address_1=f"{marked}{target}", **typed)
    text = {"subject": f"{marked}{SUBJECT}", "body": f"{marked}{TEXT}"}
    await confirmed(browser, f"/accounts/{login}/auto-reply", enabled="on", **text, **typed)


async def downloaded(browser: Browser, prove: bool = True) -> str:
    await browser.open("/own-data")
    if prove:
        await browser.prove("demo01", "90000000000000")
    return (await browser.get("/own-data.json")).text


def test_every_exported_table_is_about_an_account_id_or_left_to_the_contract_with_a_reason() -> None:
    for table in TITLES:
        about = any(column._meta.name == "account" for column in table._meta.columns)
        about = about or table in (tables.Account, tables.Consent)
        assert about != (table in OF_THE_CONTRACT), table
    assert all(OF_THE_CONTRACT.values())


def test_each_private_column_is_in_the_owners_file() -> None:
    for column in PRIVATE:
        assert column._meta.name in [one._meta.name for one in exported_columns(column._meta.table)]


def test_a_column_that_is_left_out_takes_none_of_its_name_in_another_table_along() -> None:
    assert "body" in [column._meta.name for column in exported_columns(tables.AutoReply)]
    for column, reason in COLUMNS_LEFT_OUT:
        assert column._meta.name not in [one._meta.name for one in exported_columns(column._meta.table)], (
            reason
        )


@pytest.mark.slow
async def test_the_contractors_file_has_no_targets_and_texts_of_others_whoever_set_them(
    taro: Browser, family_user: Browser, admin: Browser
) -> None:
    await set_up(family_user, SON)
    for browser in (taro, admin):
        text = await downloaded(browser)
        assert not [private for private in (*TARGETS, SUBJECT, TEXT) if private in text]
        found = json.loads(text)
        assert (found["メール転送"][0]["account"], found["メール転送"][0]["addresses"]) == (SON, None)
        assert found["自動返信"][0]["enabled"] is True
    await set_up(taro, SON, "sono.", consent="yes", keep_copy="")
    text = await downloaded(taro, prove=False)
    assert not [private for private in (*TARGETS, SUBJECT, TEXT) if private in text]
    told = [mail["recipient"] for mail in json.loads(text)["マイページから送ったメール"]]
    assert {"arteri-an@keitai.example.jp", ADDRESS, None} == set(told)


@pytest.mark.slow
async def test_the_owners_file_has_them_the_former_ones_included(taro: Browser, family_user: Browser) -> None:
    await set_up(family_user, SON)
    text = await downloaded(family_user, prove=False)
    assert [private for private in (*TARGETS, SUBJECT, TEXT) if private not in text] == []


@pytest.mark.slow
async def test_an_admins_file_has_the_own_ones(taro: Browser, admin: Browser) -> None:
    await get_address(taro, WIFE, "hikari.hana")
    await set_up(admin, WIFE)
    text = await downloaded(admin)
    assert [private for private in (*TARGETS, SUBJECT, TEXT) if private not in text] == []
    others = await downloaded(taro)
    assert not [private for private in (*TARGETS, SUBJECT, TEXT) if private in others]


@pytest.mark.slow
async def test_a_user_roles_file_has_rows_of_nobody_else(
    taro: Browser, admin: Browser, family_user: Browser
) -> None:
    await get_address(taro, WIFE, "hikari.hana")
    await set_up(admin, WIFE)
    await set_up(admin, SON, "ko.", consent="yes")
    found = json.loads(await downloaded(family_user, prove=False))
    assert {title for title in TITLES.values() if title in found} == {
        title for table, title in TITLES.items() if table not in OF_THE_CONTRACT
    }
    for title in (
        "メール転送",
        "自動返信",
        "UCOM光のメールアドレス",
        "メールボックス",
        "最近ログインした端末",
    ):
        assert {row["account"] for row in found[title]} == {SON}, title
    assert {row["subject"] for row in found["お手続き"]} == {SON}
    assert [row["text"] for row in found["規約への同意"]] == [
        "mail-address",
        *["others-mail"] * 3,
    ]  # of his account ID alone
    assert [row["asker"] for row in found["ほかの方が行ったメールの設定のお知らせ"]] == [WIFE, WIFE]


@pytest.mark.slow
async def test_what_somebody_did_as_an_admin_is_in_no_file_of_the_user_that_he_became(
    taro: Browser, admin: Browser
) -> None:
    await admin.open("/application")
    await admin.submit(paper="name")
    await admin.submit()
    await database.rows("UPDATE account SET role = 'user' WHERE login = $1", WIFE)
    assert json.loads(await downloaded(admin, prove=False))["お手続き"] == []


async def test_the_file_has_what_came_of_3d_secure(contractor: Browser) -> None:
    await database.rows("UPDATE card SET three_d_secure = 'attempted'")
    assert json.loads(await downloaded(contractor))["お支払い方法"][0]["three_d_secure"] == "attempted"
