"""Input → confirm → complete: once, whoever presses how often; all of it or nothing."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest

from app.domain import clock, tables
from app.domain.access.matrix import Forbidden, Missing
from app.domain.access.members import Member, SessionEnded
from app.domain.access.usage import TooOften
from app.domain.changes import asking, words
from app.domain.changes.words import Refused, Row
from app.domain.people.account_deletion import DeleteAccount
from app.postgres import database
from tests import households
from tests.changes.one_more import PEEK, OneMore, household, row
from tests.households import Household

# --- ask, find, confirm -----------------------------------------------------------------------------------------------


async def test_what_was_asked_is_found_pending_and_has_changed_nothing(mother: Member) -> None:
    identity = await asking.ask(mother, OneMore(most=7, about="family-son"))
    asked = await asking.find(mother, identity)
    assert asked.change == OneMore(most=7, about="family-son")
    assert (asked.name, asked.asker, asked.subject) == ("同居人の追加", "family-mother", "family-son")
    assert (asked.applied_at, asked.receipt, asked.receipt_number, asked.expired) == (None, None, "", False)
    assert await household(mother) == 0


async def test_a_confirmed_change_is_done_and_leaves_its_receipt_and_not_what_was_asked(
    mother: Member,
) -> None:
    identity = await asking.ask(mother, OneMore())
    before = clock.now()
    await asking.confirm(mother, identity)
    asked = await asking.find(mother, identity)
    assert await household(mother) == 1
    assert asked.change is None
    assert asked.receipt
    assert asked.receipt.rows[0] == Row("同居人数", "1")
    assert asked.applied_at
    assert before <= asked.applied_at <= clock.now()


async def test_a_second_press_shows_the_same_receipt(mother: Member) -> None:
    identity = await asking.ask(mother, OneMore())
    await asking.confirm(mother, identity)
    first = await row(identity)
    await asking.confirm(mother, identity)
    assert await row(identity) == first
    assert await household(mother) == 1


async def test_a_change_that_does_not_exist_is_missing(mother: Member) -> None:
    with pytest.raises(Missing):
        await asking.find(mother, uuid.uuid4())
    await asking.confirm(mother, uuid.uuid4())
    assert await household(mother) == 0


# --- all of it or nothing ---------------------------------------------------------------------------------------------


async def test_a_refused_change_is_undone_whole_and_can_be_pressed_again(mother: Member) -> None:
    identity = await asking.ask(mother, OneMore(most=5))
    await tables.Contract.update({tables.Contract.household: 5}, force=True)
    before = await row(identity)
    with pytest.raises(Refused, match="これ以上は登録できません。"):
        await asking.confirm(mother, identity)
    assert await row(identity) == before
    assert await household(mother) == 5
    await tables.Contract.update({tables.Contract.household: 4}, force=True)
    await asking.confirm(mother, identity)
    assert (await asking.find(mother, identity)).receipt
    assert await household(mother) == 5


async def test_a_change_of_what_was_deleted_in_the_meantime_is_refused_and_stays_pending(
    family: Household, mother: Member
) -> None:
    twice = [await asking.ask(mother, DeleteAccount(family.sons_login)) for _ in range(2)]
    await asking.confirm(mother, twice[0])
    with pytest.raises(Refused, match="すでに削除されています"):
        await asking.confirm(mother, twice[1])
    assert (await row(twice[1]))["applied_at"] is None
    seen_now = await households.again(mother)
    asked = await asking.find(mother, twice[1])
    assert seen_now
    assert asked.change
    with pytest.raises(Refused, match="すでに削除されています"):
        asking.review(seen_now, asked.change)


async def test_a_session_that_ended_in_the_meantime_changes_nothing(mother: Member) -> None:
    identity = await asking.ask(mother, OneMore())
    await tables.Session.delete(force=True)
    with pytest.raises(SessionEnded):
        await asking.confirm(mother, identity)
    assert (await row(identity))["applied_at"] is None
    assert await household(mother) == 0


async def test_a_role_that_was_lowered_in_the_meantime_changes_nothing(mother: Member) -> None:
    identity = await asking.ask(mother, OneMore())
    await tables.Account.update({tables.Account.role: "user"}, force=True)
    with pytest.raises(Forbidden) as forbidden:
        await asking.confirm(mother, identity)
    assert not forbidden.value.deleted
    await tables.Account.update({tables.Account.role: "admin"}, force=True)
    await asking.confirm(mother, identity)
    assert await household(mother) == 1


async def test_a_person_who_was_deleted_in_the_meantime_changes_nothing(mother: Member) -> None:
    identity = await asking.ask(mother, OneMore())
    await tables.Account.update({tables.Account.deleted_at: clock.now()}, force=True)
    with pytest.raises(Forbidden) as forbidden:
        await asking.confirm(mother, identity)
    assert forbidden.value.deleted
    assert await household(mother) == 0


# --- the draft --------------------------------------------------------------------------------------------------------


async def test_the_input_page_is_filled_from_the_own_pending_change_of_its_kind(mother: Member) -> None:
    identity = await asking.ask(mother, OneMore(most=3), PEEK)
    assert await asking.draft(mother, identity, OneMore) == (OneMore(most=3), PEEK)
    assert await asking.draft(mother, identity, DeleteAccount) is None
    assert await asking.draft(mother, uuid.uuid4(), OneMore) is None


async def test_there_is_no_draft_of_what_is_applied_or_somebody_elses(
    family: Household, mother: Member
) -> None:
    applied = await asking.ask(mother, OneMore())
    await asking.confirm(mother, applied)
    assert await asking.draft(mother, applied, OneMore) is None
    pending = await asking.ask(mother, OneMore())
    assert await asking.draft(await households.log_in(family.contract), pending, OneMore) is None


# --- the receipt ------------------------------------------------------------------------------------------------------


async def test_once_shown_the_first_characters_are_gone(mother: Member) -> None:
    identity = await asking.ask(mother, OneMore(), PEEK)
    await asking.confirm(mother, identity)
    asked = await asking.find(mother, identity)
    assert asked.receipt
    assert words.with_peek(asked.receipt.rows, asked.peek)[1].value == PEEK + "*****"
    await asking.shown(asked)
    again = await asking.find(mother, identity)
    assert again.receipt
    assert words.with_peek(again.receipt.rows, again.peek)[1].value == "*****"
    assert (await row(identity))["sealed"] is None


# --- not too many -----------------------------------------------------------------------------------------------------


async def test_a_login_has_a_hundred_changes_waiting_and_the_next_is_told_how_long(mother: Member) -> None:
    start = clock.now()
    for _ in range(asking.MOST_PENDING):
        await asking.ask(mother, OneMore())
    clock.start_at(start + timedelta(minutes=10))
    with pytest.raises(TooOften) as refused:
        await asking.ask(mother, OneMore())
    assert timedelta(minutes=19) < refused.value.wait <= timedelta(minutes=20, seconds=20)
    assert await tables.Change.count() == asking.MOST_PENDING
    assert await asking.ask(await households.log_in(await households.new_contract()), OneMore())
    assert await asking.ask(await households.log_in(mother.contract.id), OneMore())
    clock.start_at(start + timedelta(minutes=31))
    assert await asking.ask(mother, OneMore())


async def test_what_was_carried_out_waits_no_more(mother: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "MOST_PENDING", 1)
    for _ in range(3):
        await asking.confirm(mother, await asking.ask(mother, OneMore()))
    await asking.ask(mother, OneMore())
    with pytest.raises(TooOften):
        await asking.ask(mother, OneMore())


async def test_what_a_user_role_did_counts_for_that_account_id_alone(
    mother: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(OneMore, "a_day", 2)
    contract = mother.contract.id
    (son,) = await database.rows("SELECT id FROM account WHERE contract = $1 AND role = 'user'", contract)
    await database.rows(
        """INSERT INTO change (id, contract, account, asker, kind, asked_at, applied_at, receipt, receipt_number)
        SELECT gen_random_uuid(), $1, $2, 'son', $3, $4, $4, '{}',
            nextval('receipt_number') FROM generate_series(1, 2)""",
        *(contract, son["id"], OneMore.kind, clock.now()),
    )
    customer = await households.log_in(contract)
    for who in (mother, customer):
        await asking.confirm(who, await asking.ask(who, OneMore()))
    with pytest.raises(Refused, match="24時間に2回まで"):  # who pays shares one limit
        await asking.confirm(customer, await asking.ask(customer, OneMore()))


async def test_a_kind_with_a_limit_for_a_day_is_refused_above_it_until_a_day_is_over(
    mother: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(OneMore, "a_day", 2)
    start = clock.now()
    other = await households.log_in(await households.new_contract())
    for who in (mother, mother, other):
        await asking.confirm(who, await asking.ask(who, OneMore()))
    third = await asking.ask(mother, OneMore())
    with pytest.raises(Refused, match="24時間に2回まで"):
        await asking.confirm(mother, third)
    assert await household(mother) == 2
    clock.start_at(start + timedelta(hours=24, seconds=30))
    again = await households.log_in(mother.contract.id, mother.account_id)
    await asking.confirm(again, await asking.ask(again, OneMore()))
    assert await household(mother) == 3
