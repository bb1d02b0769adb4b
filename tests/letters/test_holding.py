"""Held mails: posted and not sent, until an operator looks at them and lets them go, or gives them up."""

from __future__ import annotations

import asyncio
import contextvars
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from app.domain import clock, installation, tables
from app.domain.letters import holding, outbox
from app.domain.letters.holding import Chosen
from app.domain.letters.outbox import DueMail
from app.postgres import database
from tests import households
from tests.conftest import Installed
from tests.waiting import somebody_waits

PASSWORD, REPLY = "account-password-changed", "forwarding"
START = datetime(2026, 1, 10, 9, tzinfo=clock.TOKYO)
A_DAY = timedelta(days=1)


@pytest.fixture
async def contract(empty_database: str) -> int:
    clock.start_at(START)
    return await households.new_contract()


async def posted(contract: int, *recipients: str, mail: str = PASSWORD) -> None:
    facts: dict[str, object] = {"settings": ("転送先：なし",)} if mail == REPLY else {}
    async with database.engine().transaction():
        await outbox.post(contract, recipients, mail, login="taro-01", **facts)


async def sent(*, hold: bool) -> list[str]:
    """What a deliverer sends now, as a server does its round."""
    taken: list[str] = []

    async def send(mail: DueMail) -> None:
        taken.append(mail.recipient)

    if hold:
        await holding.hold_waiting()
    await outbox.deliver_due(send, holding=hold)
    return taken


@pytest.fixture
async def held(contract: int) -> int:
    """A hold: two mails of one kind, a day later one of another, to two people."""
    await posted(contract, "a@example.jp", "b@example.jp")
    clock.start_at(START + A_DAY)
    await posted(contract, "a@example.jp", mail=REPLY)
    assert await sent(hold=True) == []
    return contract


async def test_while_mails_are_held_none_leaves_and_none_is_lost(held: int) -> None:
    assert await sent(hold=True) == []
    assert await tables.Outbox.count() == 3
    assert (await holding.look()).all.mails == 3


async def test_what_is_held_is_told_by_kind_with_people_and_the_oldest(held: int) -> None:
    found = await holding.look()
    assert [(one.kind, one.mails, one.people) for one in found.by_kind] == [(PASSWORD, 2, 2), (REPLY, 1, 1)]
    assert (found.all.mails, found.all.people) == (3, 2)
    assert found.all.oldest is not None
    assert timedelta() <= found.all.oldest - START < timedelta(minutes=1)
    assert "パスワード" in found.by_kind[0].subject
    assert found.by_kind[1].oldest is not None
    assert found.by_kind[1].oldest - START >= A_DAY


async def test_without_the_setting_what_was_held_stays_held_and_what_comes_leaves(held: int) -> None:
    await posted(held, "c@example.jp")
    assert await sent(hold=False) == ["c@example.jp"]
    assert (await holding.look()).all.mails == 3


async def test_what_is_released_leaves_though_the_hold_goes_on_and_what_comes_does_not(held: int) -> None:
    assert (await holding.release()).all.mails == 3
    await posted(held, "c@example.jp")
    assert sorted(await sent(hold=True)) == ["a@example.jp", "a@example.jp", "b@example.jp"]
    assert (await holding.look()).all.mails == 1
    assert (await holding.release()).all.mails == 1
    assert await sent(hold=False) == ["c@example.jp"]


@pytest.mark.parametrize(
    ("chosen", "left"),
    [
        (Chosen(kinds=(REPLY,)), ["a@example.jp", "b@example.jp"]),
        (Chosen(kinds=(PASSWORD,)), ["a@example.jp"]),
        (Chosen(before=START + A_DAY), ["a@example.jp"]),
        (Chosen(kinds=(REPLY, PASSWORD)), []),
    ],
)
async def test_what_is_discarded_never_leaves_and_stands_among_the_refused(
    held: int, chosen: Chosen, left: list[str]
) -> None:
    gone = (await holding.discard(chosen)).all.mails
    assert gone == 3 - len(left)
    assert (await holding.release()).all.mails == len(left)
    assert sorted(await sent(hold=False)) == left
    refused = [mail.problem for mail in await outbox.undelivered() if mail.refused_at]
    assert refused == [holding.DISCARDED] * gone


async def test_a_kind_that_none_is_held_of_is_named_and_nothing_is_done(held: int) -> None:
    for deed in (holding.look, holding.release, holding.discard):
        with pytest.raises(holding.NoneHeld, match=r"^forgoten$"):
            await deed(Chosen(kinds=(PASSWORD, "forgoten")))
    assert (await holding.look()).all.mails == 3


async def test_to_look_changes_nothing(held: int) -> None:
    await holding.look()
    assert await sent(hold=False) == []


async def test_whoever_posts_under_the_hold_holds_it_though_another_delivers_without(
    contract: int, installed: Installed
) -> None:
    installed(sender=replace(installation.sender(), held=True))
    await posted(contract, "a@example.jp")
    assert await sent(hold=False) == []
    assert (await holding.look()).all.mails == 1


async def test_a_mail_that_is_posted_while_a_round_goes_on_is_not_sent_in_it(contract: int) -> None:
    async def send(mail: DueMail) -> None:
        raise AssertionError(f"{mail.recipient} was sent")

    await holding.hold_waiting()
    await posted(contract, "a@example.jp")  # by a program that knows of no hold
    assert (await outbox.deliver_due(send, holding=True)).sent == 0


async def test_a_mail_that_is_being_sent_when_the_hold_begins_is_sent_once(contract: int) -> None:
    await posted(contract, "a@example.jp", "b@example.jp")

    async def slow(_: DueMail) -> None:
        await holding.hold_waiting()

    assert (await outbox.deliver_due(slow)).sent == 1
    assert (await holding.look()).all.mails == 1
    await holding.release()
    assert await sent(hold=False) == ["b@example.jp"]


async def test_two_operators_who_release_at_once_each_count_what_was_theirs(held: int) -> None:
    apart = contextvars.copy_context()  # a task of this one would be in its transaction
    async with database.engine().transaction():
        mine = await holding.release()
        other = asyncio.create_task(holding.release(), context=apart)
        await somebody_waits()
    assert (mine.all.mails, (await other).all.mails) == (3, 0)


async def test_an_operator_is_warned_while_the_hold_is_on_or_something_is_held(contract: int) -> None:
    assert await holding.warning(on=False) == ""
    assert "none is held so far" in await holding.warning(on=True)
    await posted(contract, "a@example.jp", "b@example.jp", mail=REPLY)
    await holding.hold_waiting()
    counted = "2 mails to 2 people are held, the oldest of 2026-01-10 09:00 (Asia/Tokyo)"
    assert (await holding.warning(on=True)).startswith(
        f"MYPAGE_MAIL_HOLD is on: no mail leaves; {counted}; `mypage mail release"
    )
    assert (await holding.warning(on=False)).startswith(f"{counted}, although MYPAGE_MAIL_HOLD is not on")
