"""Who is calling: the matrix of the spec, when a session ends, and what of the contract a member gets to see."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from app.domain import clock, tables
from app.domain.access import matrix, members
from app.domain.access.matrix import MATRIX, Forbidden, Missing, Permission, Role
from app.domain.access.members import Member
from app.postgres import database
from app.postgres.engine import Engine
from tests import households
from tests.households import Household

SPEC = """
| 契約情報の変更 | ○ | ○ | × |
| お支払い登録情報の確認/変更 | ○ | ○ | × |
| 料金明細照会 | ○※ | ×※ | × |
| アカウントIDの登録/削除 | ○ | ○ | × |
| アカウントIDパスワードの変更 | ◎ | ◎ | ○ |
| メールオプションの購入 | ○ | ○ | × |
| メールアドレスの登録・変更 | ◎ | ◎ | ○ |
| メール転送設定 | ◎ | ◎ | ○ |
| メール自動返信設定 | ◎ | ◎ | ○ |
| セキュリティオプションの購入/解約 | ◎ | ◎ | ○ |
| セキュリティオプション情報確認 | ◎ | ◎ | ○ |
| Webスペースの登録 | ◎ | ◎ | ○ |
| UCOM光 リモートサポートの申込/解約 | ○ | ○ | × |
| UCOM光電話の申込/解約, インターネット回線の解約 | page that says: by phone, インフォメーションセンター | same | × |
| GATE CALL050の申込/解約 | page that says: on paper | same | × |
| ギガシネマ with U-NEXT, UCOM光 クラブオフ | ○※ | ×※ | × |
"""
"""The table of the spec's section 1: feature, customer, admin, user."""

FEATURES = [
    Permission.CONTRACT,
    Permission.PAYMENT,
    Permission.STATEMENTS,
    Permission.ACCOUNTS,
    Permission.ACCOUNT_PASSWORD,
    Permission.MAIL_SERVICE,
    Permission.MAIL_ADDRESS,
    Permission.FORWARDING,
    Permission.AUTO_REPLY,
    Permission.SECURITY,
    Permission.SECURITY_STATUS,
    Permission.WEB_SPACE,
    Permission.REMOTE_SUPPORT,
    Permission.BY_PHONE,
    Permission.ON_PAPER,
    Permission.PARTNERS,
]
OURS = {
    Permission.OVERVIEW,
    Permission.ACCOUNT_NAMES,
    Permission.PURCHASE_REQUESTS,
    Permission.PURCHASE_DECISIONS,
    Permission.CHANGES,
    Permission.LOGINS,
    Permission.SECOND_FACTOR,
    Permission.OWN_DATA,
    Permission.NOTICES,
    Permission.SESSION,
}
OPEN = {Permission.PUBLIC, Permission.ANYONE}
A_MOMENT = timedelta(seconds=20)
"""Longer than any statement here takes: the clock runs on while they do."""


def spec_rows() -> list[tuple[str, ...]]:
    cells = [line.strip("|").split("|") for line in SPEC.strip().splitlines()]
    return [tuple(cell.strip() for cell in row) for row in cells]


def matrix_rows() -> list[Any]:
    """The rows with the permission that each is about."""
    return [
        pytest.param(row, permission, id=permission)
        for row, permission in zip(spec_rows(), FEATURES, strict=True)
    ]


def sign_of(cell: str) -> str:
    """A page that only tells where to turn is one for the contract."""
    return "○" if cell.startswith("page that says") or cell == "same" else cell


# --- the matrix -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("row", "permission"), matrix_rows())
def test_a_row_of_the_matrix_is_the_specs(row: tuple[str, ...], permission: Permission) -> None:
    _, *cells = row
    assert MATRIX[permission] == tuple(map(sign_of, cells))


def test_every_permission_has_a_row_in_the_spec_or_is_one_of_ours() -> None:
    assert {*FEATURES, *OURS} == set(MATRIX)
    assert {*FEATURES, *OURS, *OPEN} == set(Permission)


def test_rows_that_the_specs_sentences_ask_for_have_their_cells() -> None:
    assert MATRIX[Permission.ACCOUNT_NAMES] == ("◎", "◎", "○")
    assert MATRIX[Permission.PURCHASE_REQUESTS] == ("◎", "◎", "○")
    assert MATRIX[Permission.PURCHASE_DECISIONS] == ("◎", "◎", "×")


def test_a_cell_says_whether_the_role_may() -> None:
    for permission, row in MATRIX.items():
        for role, cell in zip(("customer", "admin", "user"), row, strict=True):
            assert matrix.sign(permission, Role(role)) == cell
            assert matrix.allowed(permission, Role(role)) == (cell != "×")


# --- a session and its ends -------------------------------------------------------------------------------------------


@pytest.fixture
async def family(empty_database: str) -> Household:
    return await households.new_household()


async def test_a_live_session_leads_to_its_member(family: Household) -> None:
    customer = await households.log_in(family.contract)
    assert (customer.role, customer.own, customer.account_id) == (Role.CUSTOMER, None, None)
    assert customer.label == "ご契約者様（お客様番号）"
    mother = await households.log_in(family.contract, family.mother)
    assert (mother.role, mother.account_id) == (Role.ADMIN, family.mother)
    assert mother.label == f"{family.mothers_login}（管理者権限）"
    son = await households.log_in(family.contract, family.son)
    assert (son.role, son.account_id) == (Role.USER, family.son)


async def test_no_session_leads_to_nobody(family: Household) -> None:
    await households.log_in(family.contract)
    assert await households.caller("no such token") is None
    assert await members.find(b"") is None


@pytest.mark.parametrize(
    ("opened", "seen", "live"),
    [
        (timedelta(), timedelta(minutes=30) - A_MOMENT, True),
        (timedelta(), timedelta(minutes=30), False),
        (timedelta(hours=12) - A_MOMENT, timedelta(), True),
        (timedelta(hours=12), timedelta(), False),
    ],
)
async def test_a_session_ends_30_minutes_idle_or_12_hours_old(
    family: Household, opened: timedelta, seen: timedelta, live: bool
) -> None:
    now = clock.now()
    token = await households.new_session(
        family.contract, family.mother, opened_at=now - max(opened, seen), seen_at=now - seen
    )
    assert (await households.caller(token) is not None) == live
    assert (await households.caller(token) is not None) == live  # and asking has not revived it


async def test_who_goes_on_reading_stays_logged_in_until_12_hours_have_passed(family: Household) -> None:
    start = datetime(2026, 1, 10, 0, 0, tzinfo=UTC)
    clock.start_at(start)
    member = await households.log_in(family.contract)
    for passed in range(29, 12 * 60, 29):
        clock.start_at(start + timedelta(minutes=passed))
        assert await households.again(member), passed
    clock.start_at(start + timedelta(hours=12) + A_MOMENT)
    assert await households.again(member) is None


@pytest.mark.parametrize(
    ("ago", "live"), [(timedelta(minutes=30) - A_MOMENT, True), (timedelta(minutes=30), False)]
)
async def test_a_deleted_person_may_read_on_for_30_minutes(
    family: Household, ago: timedelta, live: bool
) -> None:
    member = await households.log_in(family.contract, family.mother)
    await tables.Account.update({tables.Account.deleted_at: clock.now() - ago}).where(
        tables.Account.id == family.mother
    )
    found = await households.again(member)
    assert (found is not None) == live
    if found:
        assert found.deleted
        assert found.own
        assert found.account(family.mothers_login) == found.own
        assert [account.login for account in found.accounts] == [family.sons_login]


async def test_a_use_is_noted_at_most_once_a_minute(family: Household) -> None:
    async def seen_after(ago: timedelta) -> datetime:
        await tables.Session.delete(force=True)
        token = await households.new_session(family.contract, seen_at=clock.now() - ago)
        assert await households.caller(token)
        seen: list[datetime] = await tables.Session.select(tables.Session.seen_at).output(as_list=True)
        return seen[0]

    now = clock.now()
    assert await seen_after(timedelta(seconds=30)) < now - timedelta(seconds=20)
    assert await seen_after(timedelta(seconds=61)) >= now


async def test_an_account_id_that_is_not_in_the_graph_is_nobody_and_never_the_customer(
    family: Household,
) -> None:
    contract = (await households.log_in(family.contract, family.mother)).contract
    graph = msgspec.json.encode(contract)
    row: Any = {"account": 0, "role": "user", "graph": graph, "proved_at": None, "customer_proved_at": None}
    with pytest.raises(ValueError, match="unpack"):
        members._member(row, b"", ())


# --- what a member sees -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "login", ["family-mother", "others-mother", "family-gone", "nobody", "", "family-son "]
)
async def test_what_is_not_theirs_and_what_is_not_there_look_the_same(
    empty_database: str, login: str
) -> None:
    family = await households.rich_household("family")
    await households.rich_household("others")
    son = await households.log_in(family.contract, family.son)
    with pytest.raises(Missing):
        son.account(login)


async def test_neither_password_hash_nor_token_is_in_what_a_member_prints(family: Household) -> None:
    member = await households.log_in(family.contract, family.mother)
    assert "argon2" not in repr(member)
    assert repr(member.token_hash) not in repr(member)
    assert repr(member.seal_keys[0]) not in repr(member)


# --- the right to do it -----------------------------------------------------------------------------------------------


async def may(member: Member, permission: Permission, *, writing: bool) -> bool | str:
    try:
        member.require(permission, writing=writing)
    except Forbidden as forbidden:
        return "deleted" if forbidden.deleted else False
    return True


async def test_a_member_may_what_the_matrix_says_and_a_deleted_one_may_only_read(family: Household) -> None:
    mother = await households.log_in(family.contract, family.mother)
    son = await households.log_in(family.contract, family.son)
    assert await may(mother, Permission.ACCOUNTS, writing=True) is True
    assert await may(son, Permission.ACCOUNTS, writing=False) is False
    await tables.Account.update({tables.Account.deleted_at: clock.now()}, force=True)
    deleted_mother, deleted_son = await households.again(mother), await households.again(son)
    assert deleted_mother
    assert deleted_son
    assert await may(deleted_mother, Permission.ACCOUNTS, writing=False) is True
    assert await may(deleted_mother, Permission.ACCOUNTS, writing=True) == "deleted"
    assert await may(deleted_son, Permission.ACCOUNTS, writing=True) is False
    assert await may(deleted_son, Permission.ACCOUNT_PASSWORD, writing=True) == "deleted"


async def test_a_role_that_was_lowered_holds_at_the_next_request(family: Household) -> None:
    mother = await households.log_in(family.contract, family.mother)
    await tables.Account.update({tables.Account.role: "user"}).where(tables.Account.id == family.mother)
    lowered = await households.again(mother)
    assert lowered
    assert lowered.role == Role.USER
    assert [account.id for account in lowered.contract.accounts] == [family.mother]


# --- one round trip ---------------------------------------------------------------------------------------------------


class Counting(Engine):
    """An engine that counts its statements."""

    statements = 0

    async def fetch(self, query: str, args: Any = ()) -> list[Any]:
        self.statements += 1
        return await super().fetch(query, args)


async def test_a_member_with_the_whole_contract_is_one_statement(
    server: dict[str, Any], empty_database: str
) -> None:
    family = await households.rich_household("family")
    token = await households.new_session(family.contract, seen_at=clock.now() - timedelta(minutes=2))
    counting = Counting({**server, "database": empty_database})
    database.use(counting, tables.TABLES)
    assert await households.caller(token)
    assert counting.statements == 1
