"""Input → confirm → complete: once, whoever presses how often; all of it or nothing; secrets for one session only."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import ClassVar

import pytest

from app.domain import clock, tables
from app.domain.access.matrix import CUSTOMER_NAME, Forbidden, Missing, Permission
from app.domain.access.members import Member, SessionEnded
from app.domain.changes import asking, history, kinds, words
from app.domain.changes.words import Receipt, Refused, Review, Row
from app.domain.letters.recipients import Told
from app.domain.people.account_deletion import DeleteAccount
from app.domain.people.account_password import ChangeAccountPassword
from app.domain.people.customer_password import ChangeCustomerPassword
from tests import households
from tests.households import HASH, PASSWORD, Household

A_MOMENT = timedelta(seconds=20)
"""Longer than any statement here takes: the clock runs on while they do."""
PEEK = PASSWORD[:3]


@dataclass(frozen=True)
class OneMore(
    kinds.OfContract, name="同居人の追加", permission=Permission.CONTRACT, page="/one-more", tells=Told.NOBODY
):
    """同居人数 grows by one; refused from `most` on, after it was done."""

    kind: ClassVar[str] = "test-one-more"

    most: int = 20
    about: str | None = None

    @property
    def subject(self) -> str | None:
        return self.about

    def review(self, member: Member, now: datetime) -> Review:
        return Review(title="同居人の追加確認", rows=[Row("最多", str(self.most))], button="登録")

    async def apply(self, member: Member, now: datetime) -> Receipt:
        contract = tables.Contract.id == member.contract.id
        before = await tables.Contract.select(tables.Contract.household).where(contract).first()
        number = before["household"] + 1 if before else 0
        await tables.Contract.update({tables.Contract.household: number}).where(contract)
        if number > self.most:
            raise Refused("これ以上は登録できません。")
        rows = [Row("同居人数", str(number)), Row("パスワード", words.STARS, secret=True)]
        return Receipt(title="同居人の追加完了", lead="追加しました。", rows=rows)


@pytest.fixture
async def family(empty_database: str, monkeypatch: pytest.MonkeyPatch) -> Household:
    monkeypatch.setitem(kinds.KINDS, OneMore.kind, OneMore)
    return await households.new_household()


@pytest.fixture
async def mother(family: Household) -> Member:
    return await households.log_in(family.contract, family.mother)


async def household(member: Member) -> int:
    contract = tables.Contract
    found = await contract.select(contract.household).where(contract.id == member.contract.id).first()
    return int(found["household"]) if found else -1


async def row(identity: uuid.UUID) -> dict[str, object]:
    found = await tables.Change.select().where(tables.Change.id == identity).first()
    assert found
    return found


async def asked_ago(member: Member, ago: timedelta) -> uuid.UUID:
    identity = await asking.ask(member, OneMore())
    await tables.Change.update({tables.Change.asked_at: clock.now() - ago}).where(
        tables.Change.id == identity
    )
    return identity


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


async def test_a_change_that_does_not_exist_is_missing(mother: Member) -> None:
    with pytest.raises(Missing):
        await asking.find(mother, uuid.uuid4())
    await asking.confirm(mother, uuid.uuid4())
    assert await household(mother) == 0


# --- it expires -------------------------------------------------------------------------------------------------------


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


async def test_there_is_no_draft_of_what_is_over_or_somebody_elses(family: Household, mother: Member) -> None:
    expired = await asked_ago(mother, timedelta(minutes=30))
    applied = await asking.ask(mother, OneMore())
    await asking.confirm(mother, applied)
    assert await asking.draft(mother, expired, OneMore) is None
    assert await asking.draft(mother, applied, OneMore) is None
    pending = await asking.ask(mother, OneMore())
    assert await asking.draft(await households.log_in(family.contract), pending, OneMore) is None


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


# --- history ----------------------------------------------------------------------------------------------------------


async def test_receipt_numbers_are_unique_and_grow_with_ten_digits(mother: Member) -> None:
    for _ in range(5):
        await asking.confirm(mother, await asking.ask(mother, OneMore()))
    numbers = [asked.receipt_number for asked in await history.history(mother)]
    assert all(len(number) == 10 and number.isdigit() for number in numbers)
    assert numbers == sorted(set(numbers), reverse=True)


async def test_the_history_has_what_was_done_newest_first_page_by_page(mother: Member) -> None:
    for number in range(history.PAGE + 2):
        await asking.confirm(mother, await asking.ask(mother, OneMore(most=99, about=str(number))))
        await tables.Contract.update({tables.Contract.household: 0}, force=True)
    await asking.ask(mother, OneMore())
    newest = await history.history(mother)
    older = await history.history(mother, int(newest[-1].receipt_number))
    assert [asked.subject for asked in newest + older] == [str(n) for n in reversed(range(history.PAGE + 2))]
    assert (len(newest), len(older)) == (history.PAGE, 2)


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
