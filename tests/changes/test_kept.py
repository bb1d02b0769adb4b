"""A change as it is kept: when it expires, who may see it, and that its secrets are for one session only."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, fields, replace
from datetime import timedelta

import pytest

from app import routes
from app.domain import clock, tables
from app.domain.access.matrix import CUSTOMER_NAME, Missing
from app.domain.access.members import Member
from app.domain.cards import checks
from app.domain.cards.register import RegisterCard
from app.domain.changes import asking, history, words
from app.domain.changes.kept import NOT_TYPED, SECRETS
from app.domain.changes.kinds import KINDS
from app.domain.people.account_deletion import DeleteAccount
from app.domain.people.account_password import ChangeAccountPassword
from app.domain.people.customer_password import ChangeCustomerPassword
from app.web.pages import collected
from tests import households
from tests.cards.steps import kept_card
from tests.changes.one_more import A_MOMENT, PEEK, OneMore, asked_ago, household, row
from tests.households import HASH, PASSWORD, Household

# --- it expires -------------------------------------------------------------------------------------------------------


def test_every_field_of_a_change_that_opens_something_is_forgotten_when_it_expires() -> None:
    collected(routes)
    opens = re.compile(r"hash|password|secret|code|credential|key|token|pin", re.IGNORECASE)
    for change in KINDS.values():
        names = {field.name for field in fields(change) if field.type not in ("int", "bool")}  # type: ignore[arg-type]
        secret = {name for name in names if opens.search(name)}
        assert secret <= SECRETS | NOT_TYPED or names & NOT_TYPED, change
        assert all(field.type == "str" for field in fields(change) if field.name in SECRETS)  # type: ignore[arg-type]


async def test_an_expired_change_knows_what_was_typed_and_no_password(mother: Member) -> None:
    identity = await asking.ask(mother, ChangeAccountPassword("family-son", HASH), PEEK)
    await tables.Change.update({tables.Change.asked_at: clock.now() - timedelta(minutes=31)}, force=True)
    asked = await asking.find(mother, identity)
    assert (asked.change, asked.peek) == (ChangeAccountPassword("family-son", ""), "")


async def test_just_before_30_minutes_have_passed_a_confirm_page_still_works(mother: Member) -> None:
    identity = await asked_ago(mother, timedelta(minutes=30) - A_MOMENT)
    assert not (await asking.find(mother, identity)).expired
    await asking.confirm(mother, identity)
    assert await household(mother) == 1


async def test_after_30_minutes_a_confirm_page_has_expired_and_pressing_does_nothing(mother: Member) -> None:
    identity = await asked_ago(mother, timedelta(minutes=30))
    assert (await asking.find(mother, identity)).expired
    await asking.confirm(mother, identity)
    assert await household(mother) == 0
    assert (await row(identity))["applied_at"] is None


async def test_an_applied_change_never_expires(mother: Member) -> None:
    identity = await asking.ask(mother, OneMore())
    await asking.confirm(mother, identity)
    await tables.Change.update({tables.Change.asked_at: clock.now() - timedelta(days=9)}, force=True)
    assert not (await asking.find(mother, identity)).expired


# --- who may see it ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["stranger", "son", "customer"])
async def test_a_pending_change_is_its_askers_alone(family: Household, mother: Member, who: str) -> None:
    identity = await asking.ask(mother, OneMore())
    others = await households.new_household("others")
    sessions = {"stranger": (others.contract, None), "son": (family.contract, family.son)}
    other = await households.log_in(*sessions.get(who, (family.contract, None)))
    with pytest.raises(Missing):
        await asking.find(other, identity)
    await asking.confirm(other, identity)
    assert (await row(identity))["applied_at"] is None
    assert await household(mother) == 0


async def test_customer_and_admin_see_everybodys_history_and_a_user_role_member_the_own(
    family: Household, mother: Member
) -> None:
    customer, son = (
        await households.log_in(family.contract),
        await households.log_in(family.contract, family.son),
    )
    stranger = await households.log_in(await households.new_contract())
    for member in (customer, mother):
        await asking.confirm(member, await asking.ask(member, OneMore()))
    password = ChangeAccountPassword(family.sons_login, HASH.replace("c2Fsd", "d2Fsd"))
    await asking.confirm(son, await asking.ask(son, password))
    everything = ["family-son", "family-mother", CUSTOMER_NAME]
    assert [asked.asker for asked in await history.history(customer)] == everything
    assert [asked.asker for asked in await history.history(mother)] == everything
    assert [asked.asker for asked in await history.history(son)] == ["family-son"]
    assert await history.history(stranger) == []


async def test_a_user_role_member_reads_what_others_did_to_the_own_account_id_and_not_what_they_ask_for(
    family: Household, mother: Member
) -> None:
    son = await households.log_in(family.contract, family.son)
    hashes = [HASH.replace("$m=8,", f"$m={memory},") for memory in (9, 10)]
    applied, pending = [
        await asking.ask(mother, ChangeAccountPassword(family.sons_login, one)) for one in hashes
    ]
    await asking.confirm(mother, applied)
    assert (await asking.find(son, applied)).asker == family.mothers_login
    with pytest.raises(Missing):
        await asking.find(son, pending)


async def test_what_the_customer_asked_for_waits_in_each_of_the_customers_sessions(family: Household) -> None:
    here, elsewhere = [await households.log_in(family.contract) for _ in range(2)]
    identity = await asking.ask(here, OneMore(most=7))
    for customer in (here, elsewhere):
        asked = await asking.find(customer, identity)
        assert (asked.change, asked.asker) == (OneMore(most=7), CUSTOMER_NAME)


async def test_who_became_a_user_sees_nothing_of_what_only_an_admin_may(
    family: Household, mother: Member
) -> None:
    hashes = [HASH.replace("$m=8,", f"$m={memory},") for memory in (9, 10, 11)]
    of_the_contract = OneMore()
    of_the_son = ChangeAccountPassword(family.sons_login, hashes[0])
    her_own = ChangeAccountPassword(family.mothers_login, hashes[1])
    applied = [await asking.ask(mother, change) for change in (of_the_contract, of_the_son, her_own)]
    for identity in applied:
        await asking.confirm(mother, identity)
    her_next = ChangeAccountPassword(family.mothers_login, hashes[2])
    pending = [
        await asking.ask(mother, change)
        for change in (OneMore(), DeleteAccount(family.mothers_login), of_the_son, her_next)
    ]
    assert len(await history.history(mother)) == 3
    await tables.Account.update({tables.Account.role: "user"}).where(tables.Account.id == family.mother)
    lowered = await households.again(mother)
    assert lowered
    assert [asked.id for asked in await history.history(lowered)] == [applied[2]]
    for identity in (*applied[:2], *pending[:3]):
        with pytest.raises(Missing):
            await asking.find(lowered, identity)
    for identity in (applied[2], pending[3]):
        assert (await asking.find(lowered, identity)).subject == family.mothers_login


# --- secrets ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("applied", [False, True])
async def test_the_table_holds_no_password_and_no_first_characters(mother: Member, applied: bool) -> None:
    identity = await asking.ask(
        mother, ChangeAccountPassword("family-son", HASH.replace("c2Fsd", "d2Fsd")), PEEK
    )
    if applied:
        await asking.confirm(mother, identity)
    dumped = await row(identity)
    assert dumped["sealed"]
    everything = json.dumps(dumped, default=str, ensure_ascii=False)
    assert PASSWORD not in everything
    assert PEEK not in everything
    if applied:
        assert dumped["data"] is None
        assert "argon2" not in everything


async def test_of_a_change_without_a_password_nothing_is_sealed(mother: Member) -> None:
    identity = await asking.ask(mother, OneMore())
    assert (await row(identity))["sealed"] is None
    assert (await asking.find(mother, identity)).peek == ""


async def test_the_first_characters_are_for_the_session_that_typed_them(
    family: Household, mother: Member
) -> None:
    identity = await asking.ask(mother, OneMore(), PEEK)
    at_work = await households.log_in(family.contract, family.mother)
    assert (await asking.find(mother, identity)).peek == PEEK
    assert (await asking.find(at_work, identity)).peek == ""
    await asking.confirm(mother, identity)
    assert (await asking.find(mother, identity)).peek == PEEK
    assert (await asking.find(await households.log_in(family.contract), identity)).peek == ""


async def test_a_retired_signing_key_still_opens_what_it_sealed_and_a_removed_one_does_not(
    mother: Member,
) -> None:
    newest, older = mother.seal_keys
    before = replace(mother, seal_keys=(older,))
    identity = await asking.ask(before, OneMore(), PEEK)
    assert (await asking.find(mother, identity)).peek == PEEK
    assert (await asking.find(replace(mother, seal_keys=(newest,)), identity)).peek == ""


async def test_a_customer_number_password_shows_its_first_characters_only_to_its_session(
    family: Household,
) -> None:
    customer = await households.log_in(family.contract)
    identity = await asking.ask(customer, ChangeCustomerPassword("p1" + HASH), PEEK)
    await asking.confirm(customer, identity)
    asked = await asking.find(customer, identity)
    assert asked.receipt
    assert [shown.value for shown in words.with_peek(asked.receipt.rows, asked.peek)][-1] == PEEK + "*****"


# --- its receipt ------------------------------------------------------------------------------------------------------


async def test_receipt_numbers_are_unique_and_grow_with_ten_digits(mother: Member) -> None:
    for _ in range(5):
        await asking.confirm(mother, await asking.ask(mother, OneMore()))
    numbers = [asked.receipt_number for asked in await history.history(mother)]
    assert all(len(number) == 10 and number.isdigit() for number in numbers)
    assert numbers == sorted(set(numbers), reverse=True)


async def test_only_what_staff_decided_of_a_card_that_waited_is_said_by_its_receipt(
    family: Household, mother: Member
) -> None:
    first, second, other = (
        RegisterCard(kept_card(), "KICHI", "ARUTERI", name_differs=True),
        RegisterCard(kept_card(), "YOSHI", "ARUTERI", name_differs=True),
        OneMore(),
    )
    applied = [await asking.ask(mother, change) for change in (first, second, other)]
    for identity in applied:
        await asking.confirm(mother, identity)

    async def decisions() -> list[str | None]:
        found = [await asking.find(mother, identity) for identity in applied]
        return [asked.decision.outcome if asked.decision else None for asked in found]

    waiting = (await asking.find(mother, applied[1])).receipt
    assert await decisions() == ["replaced", None, None]
    moment = (await row(applied[1]))["applied_at"]
    strangers = {"contract": await households.new_contract(), "outcome": "approved", "decided_at": moment}
    await tables.CardCheck(
        **{**asdict(kept_card()), **strangers}, holder="AN ARUTERI", asked_at=moment
    ).save()
    await tables.Change.update({tables.Change.applied_at: moment}).where(tables.Change.id == applied[2])
    assert await decisions() == ["replaced", None, None]
    (check,) = await checks.waiting()
    await checks.refuse(check.id)
    assert await decisions() == ["replaced", "refused", None]
    asked = await asking.find(mother, applied[1])
    assert waiting
    assert asked.decision
    assert asked.receipt == RegisterCard.once_decided(waiting, asked.decision) != waiting


# --- its ways ---------------------------------------------------------------------------------------------------------


async def test_the_way_back_leads_to_the_input_page_which_finds_there_what_was_typed(mother: Member) -> None:
    for change, page, words_of_it in (
        (DeleteAccount("family-son"), "/accounts/family-son/delete", words.FORMER_PAGE),
        (OneMore(), "/one-more", words.INPUT_PAGE),
    ):
        asked = await asking.find(mother, await asking.ask(mother, change))
        assert (asked.back, asked.way_back) == (f"{page}?change={asked.id}", words_of_it)


async def test_a_change_that_holds_nothing_any_more_leads_back_to_the_first_page(mother: Member) -> None:
    identity = await asking.ask(mother, OneMore())
    await asking.confirm(mother, identity)
    asked = await asking.find(mother, identity)
    assert (asked.back, asked.way_back) == (f"/?change={identity}", words.INPUT_PAGE)
