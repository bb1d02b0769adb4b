"""Own data: nothing about a contract is forgotten, and nothing secret leaves."""

from __future__ import annotations

import json

from piccolo.columns import Bytea

from app.domain import tables
from app.domain.changes import asking
from app.domain.people import own_data
from app.domain.people.account_password import ChangeAccountPassword
from app.domain.people.own_data import LEFT_OUT, TITLES, exported_columns
from app.domain.tables import TABLES
from app.postgres import database
from tests import households
from tests.households import HASH


def about_a_contract(table: type) -> bool:
    return table is tables.Contract or any(column._meta.name == "contract" for column in table._meta.columns)  # type: ignore[attr-defined]


def test_every_table_about_a_contract_is_exported_or_left_out_with_a_reason() -> None:
    known = {*TITLES, *(one for one in LEFT_OUT if isinstance(one, type))}
    forgotten = {table.__name__ for table in TABLES if about_a_contract(table)} - {
        one.__name__ for one in known
    }
    assert not forgotten, "give it a title in own_data.TITLES, or a reason in LEFT_OUT"
    assert all(LEFT_OUT.values())
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
