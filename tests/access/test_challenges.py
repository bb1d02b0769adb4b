"""Challenges: for one visit, one purpose, five minutes and one answer."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from app.domain import clock, housekeeping, tables
from app.domain.access.challenges import FOREIGN, TOO_OLD, USED, Challenges, WrongChallenge

KEYS = (b"a newest secret key", b"an older secret key")
OURS = Challenges(KEYS, "login", "a browser")


async def refused(challenge: bytes, by: Challenges = OURS) -> str:
    with pytest.raises(WrongChallenge) as wrong:
        await by.take(challenge)
    return wrong.value.reason


async def test_one_is_taken_once(empty_database: str) -> None:
    challenge = OURS.new()
    await OURS.take(challenge)
    assert await refused(challenge) == USED
    await OURS.take(OURS.new())


async def test_of_twenty_answers_at_once_one_counts(empty_database: str) -> None:
    challenge = OURS.new()
    taken = await asyncio.gather(*(OURS.take(challenge) for _ in range(20)), return_exceptions=True)
    assert taken.count(None) == 1


@pytest.mark.parametrize(
    "another",
    [
        Challenges(KEYS, "step", "a browser"),
        Challenges(KEYS, "login", "another browser"),
        Challenges((b"somebody's key",), "login", "a browser"),
    ],
)
async def test_one_of_another_purpose_visit_or_portal_is_none(
    empty_database: str, another: Challenges
) -> None:
    assert await refused(another.new()) == FOREIGN
    assert await refused(OURS.new(), another) == FOREIGN
    assert await tables.UsedChallenge.count() == 0


@pytest.mark.parametrize("forged", [b"", b"x" * 24, b"x" * 56, b"x" * 5_000])
async def test_one_that_was_made_up_is_none(empty_database: str, forged: bytes) -> None:
    assert await refused(forged) == FOREIGN


async def test_one_that_was_changed_is_none(empty_database: str) -> None:
    made = OURS.new()
    for place in (0, 20, 23, 55):
        changed = bytearray(made)
        changed[place] ^= 1
        assert await refused(bytes(changed)) == FOREIGN


async def test_it_is_good_for_five_minutes(empty_database: str) -> None:
    early, late = OURS.new(), OURS.new()
    clock.start_at(clock.now() + timedelta(minutes=4, seconds=50))
    await OURS.take(early)
    clock.start_at(clock.now() + timedelta(seconds=11))
    assert await refused(late) == TOO_OLD


async def test_one_of_an_older_key_holds(empty_database: str) -> None:
    await OURS.take(Challenges(KEYS[1:], "login", "a browser").new())


async def test_what_is_too_old_to_be_answered_again_is_forgotten(empty_database: str) -> None:
    await OURS.take(OURS.new())
    await housekeeping.tidy()
    assert await tables.UsedChallenge.count() == 1
    clock.start_at(clock.now() + timedelta(minutes=6))
    await housekeeping.tidy()
    assert await tables.UsedChallenge.count() == 0
