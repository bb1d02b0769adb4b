"""What of a contract a member gets to see: all of the contract's own, of account IDs those that the role may see."""

from __future__ import annotations

import uuid
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.domain import clock, tables
from app.domain.access import graph
from app.domain.access.graph import Account, AutoReply, Contract, Forwarding
from app.domain.clock import TOKYO
from app.postgres import database
from tests import households
from tests.households import Household
from tests.notices.filed import load, notice
from tests.products import SECURITY, Shipped

A_MOMENT = timedelta(seconds=20)


@pytest.fixture
async def family(empty_database: str) -> Household:
    return await households.new_household()


async def contract_of(family: Household, account: int | None = None) -> Contract:
    return (await households.log_in(family.contract, account)).contract


async def sons(family: Household) -> Account:
    return (await households.log_in(family.contract)).account(family.sons_login)


# --- the contract and its account IDs ---------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["customer", "mother", "son"])
async def test_everybody_sees_the_contract_and_how_many_of_each_are_registered(
    empty_database: str, who: str
) -> None:
    family = await households.rich_household("family")
    await households.rich_household("others")
    accounts = {"customer": None, "mother": family.mother, "son": family.son}
    contract = (await households.log_in(family.contract, accounts[who])).contract
    assert contract.id == family.contract
    assert (contract.account_ids, contract.mail_addresses, contract.web_spaces) == (2, 2, 2)
    assert contract.products == [Shipped.MAIL_PACK]
    assert (contract.mail.base, contract.bought_mail, contract.full) == (1, 4, False)


async def test_customer_and_admin_see_every_living_account_id_with_what_it_has(empty_database: str) -> None:
    family = await households.rich_household("family")
    await households.rich_household("others")
    for account in (None, family.mother):
        member = await households.log_in(family.contract, account)
        assert [seen.id for seen in member.contract.accounts] == [family.mother, family.son]
        mother = member.account(family.mothers_login)
        assert mother.mail_address == "family-mother-new@ucom.ne.jp"
        assert mother.web_space == "family-mother-new"
        assert mother.products == [Shipped.KIDS_FILTER]


async def test_a_user_role_member_sees_the_own_account_id_only(empty_database: str) -> None:
    family = await households.rich_household("family")
    son = await households.log_in(family.contract, family.son)
    assert [seen.id for seen in son.contract.accounts] == [family.son]
    assert son.account(family.sons_login).id == family.son
    assert "mother" not in repr(son)


async def test_the_mail_address_of_another_company_counts_when_there_is_no_ucom_one(
    family: Household,
) -> None:
    await tables.Account.update({tables.Account.other_address: "an@example.com"}).where(
        tables.Account.id == family.mother
    )
    member = await households.log_in(family.contract)
    assert member.account(family.mothers_login).mail_address == "an@example.com"
    assert member.account(family.sons_login).mail_address is None


async def test_five_account_ids_are_full_and_nothing_bought_adds_nothing(family: Household) -> None:
    for slot in (3, 4, 5):
        assert not (await households.log_in(family.contract)).contract.full
        await households.new_account(family.contract, f"child-{slot}", slot)
    contract = (await households.log_in(family.contract)).contract
    assert (contract.full, contract.account_ids, contract.bought_mail) == (True, 5, 0)


async def test_a_contract_without_anything_has_empty_lists(empty_database: str) -> None:
    contract = (await households.log_in(await households.new_contract(mail_product="mail_web"))).contract
    assert (contract.accounts, contract.products, contract.mail.base) == ([], [], 0)


async def test_of_the_refused_cards_the_graph_has_the_newest_one_of_the_contract(family: Household) -> None:
    others = await households.new_household("others")
    now = clock.now()
    for contract, last4, days in (
        (family.contract, "1", 1),
        (family.contract, "2", 2),
        (others.contract, "3", 0),
    ):
        dated: dict[str, Any] = {
            "asked_at": now - timedelta(days=days),
            "decided_at": now,
            "outcome": "refused",
        }
        card: dict[str, Any] = {
            "token": "t",
            "payer": "",
            "brand": "VISA",
            "last4": last4 * 4,
            "expires": "2040-01",
        }
        await tables.CardCheck(contract=contract, holder="KICHI ARUTERI", **card, **dated).save()
    refused = (await households.log_in(family.contract)).contract.refused_card
    assert refused == graph.RefusedCard("1111", now - timedelta(days=1))


# --- what an account ID has -------------------------------------------------------------------------------------------


async def test_an_account_id_has_its_own_forwarding_and_auto_reply_and_nobody_elses(
    family: Household,
) -> None:
    mother: dict[str, Any] = {"contract": family.contract, "account": family.mother}
    son: dict[str, Any] = {"contract": family.contract, "account": family.son}
    await tables.Forwarding(**mother, addresses=["mother@example.com"], keep_copy=True).save()
    await tables.AutoReply(**mother, enabled=False, subject="", body="").save()
    assert ((await sons(family)).forwarding, (await sons(family)).auto_reply) == (None, None)
    await tables.Forwarding(**son, addresses=["b@example.com", "a@example.com"], keep_copy=False).save()
    replying: dict[str, Any] = {"enabled": True, "subject": "不在", "body": "九月まで\n不在です。"}
    dates: dict[str, Any] = {"starts_on": date(2026, 8, 1), "ends_on": None}
    await tables.AutoReply(**son, **replying, **dates).save()
    seen = await sons(family)
    assert seen.forwarding == Forwarding(["b@example.com", "a@example.com"], keep_copy=False)
    assert seen.auto_reply == AutoReply(**replying, **dates)


async def test_the_use_of_a_mailbox_is_that_of_the_present_one_where_the_mail_system_reports_it(
    family: Household,
) -> None:
    of: dict[str, Any] = {"contract": family.contract, "account": family.son, "opened_at": clock.now()}
    retired, present = tables.Mailbox(**of, retired_at=clock.now()), tables.Mailbox(**of)
    for box in (retired, present):
        await box.save()
    report = "INSERT INTO mail_state_v1.quota_usage (mailbox, bytes, messages) VALUES ($1, $2, 1)"
    await database.rows(report, retired.id, 111)
    assert (await sons(family)).mailbox_bytes is None
    await database.rows(report, present.id, 222)
    assert (await sons(family)).mailbox_bytes == 222


async def test_what_ended_in_this_month_of_tokyo_is_still_there_and_what_ended_before_is_not(
    family: Household,
) -> None:
    month = datetime(2026, 2, 1, tzinfo=TOKYO)
    products = {
        Shipped.SECURITY_360: month - timedelta(microseconds=1),
        Shipped.KIDS_FILTER: month,
        Shipped.SECURITY_ONLINE: None,
    }
    for product, ended_at in products.items():
        await tables.ServicePeriod(
            contract=family.contract,
            account=family.son,
            product=product,
            started_at=month - timedelta(days=9),
            ended_at=ended_at,
        ).save()
    for now in (month, datetime(2026, 2, 28, 23, 59, tzinfo=TOKYO)):
        clock.start_at(now)
        seen = await sons(family)
        assert [(ended.product, ended.ended_at) for ended in seen.ended] == [(Shipped.KIDS_FILTER, month)]
        assert seen.products == [Shipped.SECURITY_ONLINE]
    clock.start_at(datetime(2026, 3, 1, tzinfo=TOKYO))
    assert (await sons(family)).ended == []


async def test_a_purchase_that_runs_is_found_by_its_product(family: Household) -> None:
    started = clock.now()
    for product in (Shipped.KIDS_FILTER, Shipped.SECURITY_360):
        await tables.ServicePeriod(
            contract=family.contract, account=family.son, product=product, started_at=started
        ).save()
    seen = await sons(family)
    assert seen.bought(Shipped.SECURITY_360) == graph.Period(Shipped.SECURITY_360, started)
    assert seen.bought(Shipped.SECURITY_ONLINE) is None


# --- what the contract has --------------------------------------------------------------------------------------------


async def test_what_the_contract_had_before_is_named_once_whatever_its_account_ids_had(
    family: Household,
) -> None:
    start = clock.now() - timedelta(days=100)
    for days, product, account in (
        (0, Shipped.REMOTE_SUPPORT, None),
        (10, Shipped.REMOTE_SUPPORT, None),
        (0, Shipped.KIDS_FILTER, family.son),
    ):
        began = start + timedelta(days=days)
        await tables.ServicePeriod(
            contract=family.contract,
            account=account,
            product=product,
            started_at=began,
            ended_at=began + timedelta(days=1),
        ).save()
    await tables.ServicePeriod(contract=family.contract, product=Shipped.MAIL_PACK, started_at=start).save()
    contract = await contract_of(family)
    assert (contract.had, contract.products) == ([Shipped.REMOTE_SUPPORT], [Shipped.MAIL_PACK])
    assert contract.ended == []


async def test_what_the_contract_ended_in_this_month_of_tokyo_stands_with_its_days(family: Household) -> None:
    month = datetime(2026, 2, 1, tzinfo=TOKYO)
    for start, end in ((-9, 0), (1, 2)):
        await tables.ServicePeriod(
            contract=family.contract,
            product=Shipped.REMOTE_SUPPORT,
            started_at=month + timedelta(days=start),
            ended_at=month + timedelta(days=end),
        ).save()
    clock.start_at(datetime(2026, 2, 28, 23, 59, tzinfo=TOKYO))
    contract = await contract_of(family)
    assert [one.ended_at for one in contract.ended] == [month, month + timedelta(days=2)]
    assert contract.had == contract.before == []
    clock.start_at(datetime(2026, 3, 1, tzinfo=TOKYO))
    contract = await contract_of(family)
    assert (contract.ended, contract.before) == ([], [Shipped.REMOTE_SUPPORT])


async def test_products_without_a_licence_key_to_sell_are_named(family: Household) -> None:
    assert set((await contract_of(family)).out_of_stock) == {*SECURITY}
    key = (
        "INSERT INTO licence (product, pin, data_key, fingerprint, loaded_at) VALUES ($1, '', $2, $3, now())"
    )
    await database.rows(key, Shipped.KIDS_FILTER, bytes(8), bytes(32))
    assert set((await contract_of(family)).out_of_stock) == {Shipped.SECURITY_360, Shipped.SECURITY_ONLINE}


async def test_a_mail_reaches_who_pays_at_the_contact_address_or_at_a_living_admins(
    family: Household,
) -> None:
    async def reached(email: str, son: str | None, mother: str | None) -> bool:
        await database.rows("UPDATE contract SET email = $2 WHERE id = $1", family.contract, email)
        for account, address in ((family.son, son), (family.mother, mother)):
            await database.rows("UPDATE account SET other_address = $2 WHERE id = $1", account, address)
        return (await contract_of(family)).payers_reached

    assert not await reached("", "son@example.com", None)
    assert await reached("contact@example.com", None, None)
    assert await reached("", None, "mother@example.com")
    await database.rows("UPDATE account SET role = 'user' WHERE id = $1", family.mother)
    assert not await reached("", None, "mother@example.com")


async def test_only_the_contracts_own_mail_product_adds_addresses(family: Household) -> None:
    for product, limit in ((Shipped.MAIL_WEB, 1), (Shipped.MAIL_PACK, 5)):
        await tables.ServicePeriod(contract=family.contract, product=product, started_at=clock.now()).save()
        assert (await contract_of(family)).mail_limit == limit


CARD: dict[str, Any] = {"token": "t", "payer": "", "brand": "VISA", "last4": "1111", "expires": "2040-01"}


async def check(family: Household, asked_at: datetime, outcome: str | None) -> None:
    """A card that had to wait for staff, and what came of it."""
    decided_at = clock.now() if outcome else None
    waited: dict[str, Any] = {"asked_at": asked_at, "decided_at": decided_at, "outcome": outcome}
    await tables.CardCheck(contract=family.contract, holder="KICHI ARUTERI", **CARD, **waited).save()


async def test_a_contract_has_its_own_card_and_another_one_none_of_it(family: Household) -> None:
    others, without = await households.new_household("others"), await households.new_household("without")
    for contract, last4 in ((others.contract, "2222"), (family.contract, "1111")):
        card = {**CARD, "payer": f"cus_{last4}", "last4": last4}
        await tables.Card(contract=contract, holder="AN ARUTERI", **card).save()
    assert (await contract_of(family)).card == graph.Card("VISA", "1111", "2040-01", "cus_1111")
    assert (await contract_of(others)).card == graph.Card("VISA", "2222", "2040-01", "cus_2222")
    assert (await contract_of(without)).card is None


async def test_a_card_waits_until_it_is_decided(family: Household) -> None:
    await check(family, clock.now(), "approved")
    assert (await contract_of(family)).waiting_card is None
    await check(family, clock.now(), None)
    assert (await contract_of(family)).waiting_card == graph.ShownCard("VISA", "1111", "2040-01")
    assert (await contract_of(family)).refused_card is None


@pytest.mark.parametrize(
    ("kind", "after", "told"),
    [
        ("card", timedelta(seconds=1), False),
        ("card", timedelta(), True),  # the change that asked for it
        ("customer", timedelta(seconds=1), True),
    ],
)
async def test_a_refused_card_is_told_until_another_one_was_asked_for(
    family: Household, kind: str, after: timedelta, told: bool
) -> None:
    asked_at = clock.now() - timedelta(days=1)
    await check(family, asked_at, "refused")
    applied: dict[str, Any] = {"applied_at": asked_at + after, "receipt_number": 1}
    for contract in (family.contract, await households.new_contract()):
        changed: dict[str, Any] = {"contract": contract, "asker": "x", "kind": kind, "asked_at": asked_at}
        await tables.Change(id=uuid.uuid4(), **changed, **applied).save()
        applied = {"applied_at": asked_at + timedelta(hours=1), "receipt_number": 2}
    assert ((await contract_of(family)).refused_card is not None) == told


async def test_current_notices_come_urgent_ones_first_and_the_newest_before_older_ones(
    family: Household, tmp_path: Path
) -> None:
    await load(
        tmp_path,
        notice("old", start=-3),
        notice("new", start=-2),
        notice("urgent", start=-9, severity="critical", end=None),
        notice("over", start=-2, end=-0.001),
        notice("coming", start=0.1, end=2),
        notice("elsewhere", buildings=["B999"]),
    )
    assert [banner.title for banner in (await contract_of(family)).banners] == ["urgent", "new", "old"]


async def test_of_many_notices_those_stay_that_matter_most(family: Household, tmp_path: Path) -> None:
    many = [notice(f"{number}", start=-number, end=number, severity="info") for number in range(2, 30)]
    await load(tmp_path, *many, notice("care", severity="warning"), notice("now", severity="critical"))
    shown = [banner.title for banner in (await contract_of(family)).banners]
    assert shown == ["now", "care", *(f"{number}" for number in range(2, graph.MOST_BANNERS))]


async def test_what_one_session_closed_is_shown_in_others_and_an_urgent_notice_everywhere(
    family: Household, tmp_path: Path
) -> None:
    await load(tmp_path, notice("closed"), notice("urgent", severity="critical"))
    here, elsewhere = [await households.log_in(family.contract) for _ in range(2)]
    close = "UPDATE session SET dismissed = ARRAY(SELECT id FROM notice) WHERE token_hash = $1"
    await database.rows(close, here.token_hash)
    for member, titles in ((here, ["urgent"]), (elsewhere, ["urgent", "closed"])):
        seen = await households.again(member)
        assert seen
        assert [banner.title for banner in seen.contract.banners] == titles
