"""Purchase requests as they wait and end: once each, whoever ends them, and by themselves after 14 days."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from app.domain import clock, housekeeping, tables
from app.domain.access.matrix import Missing, UserPurchases
from app.domain.changes.words import Refused
from app.domain.options import purchase_requests
from app.domain.options.approvals import RequestPurchase
from app.domain.options.purchase_requests import State
from app.domain.options.security import BuySecurity
from app.domain.options.user_purchases import PermitUserPurchases
from app.domain.people.account_deletion import DeleteAccount
from app.domain.people.accounts import AccountDetails, EditAccount
from app.postgres import database
from tests import households
from tests.options.asked import (
    CONTACT,
    P360,
    SONS,
    People,
    approval,
    ask,
    charged,
    do,
    later,
    mailed,
    new_people,
    states,
)
from tests.products import Shipped

KIDS = Shipped.KIDS_FILTER


@pytest.fixture
async def people(empty_database: str) -> People:
    return await new_people()


async def row_of(request: uuid.UUID) -> dict[str, Any]:
    row = await tables.PurchaseRequest.select().where(tables.PurchaseRequest.id == request).first()
    assert row
    return row


# --- who sees it ------------------------------------------------------------------------------------------------------


async def test_a_user_sees_the_own_requests_customer_and_admins_the_contracts(people: People) -> None:
    request = await ask(people)
    await households.new_account(people.family.contract, "family-daughter", 3, role="user")
    daughters = await tables.Account.objects().get(tables.Account.login == "family-daughter")
    assert daughters
    daughter = await households.log_in(people.family.contract, daughters.id)
    for member in (people.customer, people.mother, people.son):
        assert [one.id for one in await purchase_requests.listed(member)] == [request]
        assert (await purchase_requests.find(member, request)).login == people.family.sons_login
        fresh = await households.again(member)
        assert fresh
        assert purchase_requests.pending(fresh, request)
    assert await purchase_requests.listed(daughter) == []
    assert purchase_requests.pending(daughter, request) is None
    with pytest.raises(Missing):
        await purchase_requests.find(daughter, request)


async def test_another_contracts_request_and_a_missing_one_are_the_same(people: People) -> None:
    request = await ask(people)
    others = await new_people("others")
    for member in (others.customer, others.mother, others.son):
        assert purchase_requests.pending(member, request) is None
        assert await purchase_requests.listed(member) == []
        for one in (request, uuid.uuid4()):
            with pytest.raises(Missing):
                await purchase_requests.find(member, one)


# --- one at a time ----------------------------------------------------------------------------------------------------


async def test_a_product_is_asked_for_once_at_a_time_and_the_others_beside_it(people: People) -> None:
    await ask(people)
    await ask(people, KIDS)
    with pytest.raises(Refused, match="すでに申請しています"):
        await do(people.son, RequestPurchase(people.family.sons_login, P360))
    assert await states() == ["pending", "pending"]


async def test_the_database_lets_one_wait_and_wants_each_end_whole(people: People) -> None:
    now = clock.now()
    right: dict[str, Any] = {
        "contract": people.family.contract,
        "account": people.family.son,
        "product": "kids-filter",
        "asked_at": now,
        "lapses_at": now + timedelta(days=14),
    }
    over: dict[str, Any] = {"decided_at": now, "decided_by": "x"}

    async def kept(**values: Any) -> None:
        await tables.PurchaseRequest(**{**right, "id": uuid.uuid4(), **values}).save()

    await kept()
    with pytest.raises(asyncpg.UniqueViolationError):
        await kept()
    for wrong in (
        {"product": "mail-pack"},
        {"state": "maybe", **over},
        {"lapses_at": now},
        {"state": "refused", **over},
        {"state": "refused", "reason": "x"},
        {"state": "refused", "reason": "x", "decided_at": now},
        {"state": "refused", "reason": "x" * 201, **over},
        {"state": "withdrawn", **over, "decided_at": now - timedelta(seconds=1)},
        {"state": "approved", **over},
        {"state": "lapsed", **over},
        {**over},
    ):
        with pytest.raises(asyncpg.CheckViolationError):
            await kept(**wrong)
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await kept(product="security-360", contract=(await new_people("others")).family.contract)
    await kept(state="refused", reason="x" * 200, **over)
    await kept(state="withdrawn", **over)
    await kept(state="lapsed", decided_at=now)


# --- what ends it besides ---------------------------------------------------------------------------------------------


async def test_turning_the_switch_to_yes_takes_requests_back_and_tells_who_asked(people: People) -> None:
    request = await ask(people)
    await ask(people, KIDS)
    before = len(await mailed())
    await do(people.customer, PermitUserPurchases(UserPurchases.YES))
    assert await states() == ["withdrawn", "withdrawn"]
    assert (await row_of(request))["decided_by"] == "お客様番号"
    assert sorted((await mailed())[before:]) == sorted(
        [
            (CONTACT, "ユーザー権限での購入の設定変更のお知らせ"),
            (SONS, "セキュリティ360°の購入の申請についてのお知らせ"),
            (SONS, "安心 Kidsフィルターの購入の申請についてのお知らせ"),
        ]
    )
    await do(people.son, BuySecurity(people.family.sons_login, P360))


async def test_turning_it_to_no_refuses_them_with_that_reason(people: People) -> None:
    request = await ask(people)
    await do(people.mother, PermitUserPurchases(UserPurchases.NO))
    row = await row_of(request)
    assert (row["state"], row["decided_by"]) == ("refused", people.family.mothers_login)
    assert row["reason"] == "ユーザー権限の方の購入を許可しない設定に変わったため"
    with pytest.raises(Refused, match="許可されていません"):
        await do(people.son, RequestPurchase(people.family.sons_login, P360))


async def test_the_switch_of_one_contract_ends_nothing_of_another(people: People) -> None:
    others = await new_people("others")
    await ask(people)
    await ask(others)
    await do(people.customer, PermitUserPurchases(UserPurchases.NO))
    assert await states() == ["refused", "pending"]


@pytest.mark.slow
async def test_who_becomes_an_admin_needs_no_request_any_more(people: People) -> None:
    request = await ask(people)
    account = people.customer.account(people.family.sons_login)
    details = AccountDetails.of(account)
    same = EditAccount(people.family.sons_login, AccountDetails(**{**vars(details), "given": "新"}), "")
    await do(people.customer, same)
    assert await states() == ["pending"]
    await do(
        people.customer,
        EditAccount(people.family.sons_login, AccountDetails(**{**vars(details), "role": "admin"}), ""),
    )
    row = await row_of(request)
    assert (row["state"], row["reason"]) == ("withdrawn", "管理者権限になり、申請しなくても購入できるため")
    assert (SONS, "セキュリティ360°の購入の申請についてのお知らせ") in await mailed()


@pytest.mark.slow
async def test_the_requests_of_a_deleted_account_id_are_taken_back_and_no_others(people: People) -> None:
    await households.new_account(people.family.contract, "family-daughter", 3, role="user")
    request = await ask(people)
    await do(people.customer, DeleteAccount("family-daughter"))
    assert await states() == ["pending"]
    await do(people.customer, DeleteAccount(people.family.sons_login))
    row = await row_of(request)
    assert (row["state"], row["reason"]) == ("withdrawn", "アカウントIDが削除されたため")
    with pytest.raises(Refused):
        await do(people.customer, approval(people, request))
    assert await charged() == 0


async def test_whoever_pays_and_buys_it_on_the_ordinary_page_has_approved_it(people: People) -> None:
    request = await ask(people)
    await ask(people, KIDS)
    await do(people.mother, BuySecurity(people.family.mothers_login, P360))
    assert await states() == ["pending", "pending"]
    await do(people.mother, BuySecurity(people.family.sons_login, P360))
    row = await row_of(request)
    assert (row["state"], row["decided_by"]) == ("approved", people.family.mothers_login)
    (period,) = await database.rows(
        "SELECT account, product FROM service_period WHERE id = $1", row["period"]
    )
    assert tuple(period) == (people.family.son, "security-360")
    assert await states() == ["approved", "pending"]


# --- lapsing ----------------------------------------------------------------------------------------------------------


async def test_after_fourteen_days_nobody_can_approve_it_though_nothing_has_noted_that(
    people: People,
) -> None:
    request = await ask(people)
    later(days=14, seconds=-30)
    son = await households.log_in(people.family.contract, people.family.son)
    assert (await purchase_requests.find(son, request)).pending
    later(seconds=31)
    customer = await households.log_in(people.family.contract)
    one = await purchase_requests.find(customer, request)
    assert (one.state, one.decided_at, one.decided_by) == (State.LAPSED, one.lapses_at, "")
    assert [listed.state for listed in await purchase_requests.listed(customer)] == [State.LAPSED]
    assert purchase_requests.pending(customer, request) is None
    assert await states() == ["pending"]
    with pytest.raises(Refused, match="期限切れ"):
        await do(customer, approval(people, request))
    assert await charged() == 0
    await do(customer, BuySecurity(people.family.sons_login, P360))
    await housekeeping.tidy()
    assert await states() == ["lapsed"], "what was bought later is no approval of it"


async def test_housekeeping_notes_it_and_tells_who_asked_and_the_contract_once(people: People) -> None:
    await ask(people)
    before = len(await mailed())
    later(days=13)
    await housekeeping.tidy()
    assert await states() == ["pending"]
    later(days=1)
    await housekeeping.tidy()
    await housekeeping.tidy()
    assert await states() == ["lapsed"]
    subject = "セキュリティ360°の購入の申請の期限切れのお知らせ"
    assert (await mailed())[before:] == [(SONS, subject), (CONTACT, subject)]


async def test_more_than_a_batch_of_them_lapse_in_one_round(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(purchase_requests, "BATCH", 1)
    await ask(people)
    await ask(people, KIDS)
    later(days=14)
    assert await purchase_requests.lapse_due() == 2
    assert await states() == ["lapsed", "lapsed"]


async def test_what_has_lapsed_can_be_asked_for_again_at_once(people: People) -> None:
    await ask(people)
    later(days=15)
    son = await households.log_in(people.family.contract, people.family.son)
    await do(son, RequestPurchase(people.family.sons_login, P360))
    assert await states() == ["lapsed", "pending"]
    lapsed = [subject for _, subject in await mailed() if "期限切れ" in subject]
    assert len(lapsed) == 2


async def test_what_somebody_is_deciding_right_now_does_not_lapse(
    server: dict[str, Any], empty_database: str
) -> None:
    people = await new_people()
    request = await ask(people)
    other = await asyncpg.connect(**{**server, "database": empty_database})
    async with other.transaction():
        await other.execute("SELECT 1 FROM purchase_request WHERE id = $1 FOR UPDATE", request)
        later(days=14)
        assert await purchase_requests.lapse_due() == 0
    await other.close()
    assert await purchase_requests.lapse_due() == 1
