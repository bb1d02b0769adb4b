"""The rows of passkeys: five a login, each once, counted once a use, and removed by its owner alone."""

from __future__ import annotations

import pytest

from app.domain import clock
from app.domain.access import kept_passkeys, members
from app.domain.access.kept_passkeys import FULL, KNOWN_ALREADY, MOST, NewPasskey, WrongPasskey
from app.domain.access.members import Member
from app.domain.access.second_factor import Whose
from app.postgres import database
from tests.authenticator import register
from tests.browser import Browser


async def member_of(browser: Browser) -> Member:
    """Whoever is logged in with the only session, with the handle that a browser was given for the login."""
    (row,) = await database.rows("SELECT token_hash FROM session")
    found = await members.find(row["token_hash"], ())
    assert found
    await kept_passkeys.handle(Whose.own(found))
    return found


def made(number: int) -> NewPasskey:
    return NewPasskey(bytes([number]) * 32, b"a public key", 0, ["internal"])


@pytest.mark.slow
async def test_a_login_keeps_five_and_a_removed_ones_place_is_free(contractor: Browser) -> None:
    member = await member_of(contractor)
    for number in range(MOST):
        await kept_passkeys.keep(member, made(number), f"{number}", clock.now())
    with pytest.raises(WrongPasskey) as refused:
        await kept_passkeys.keep(member, made(MOST), "one more", clock.now())
    assert refused.value.reason == FULL
    found = await kept_passkeys.find(made(2).credential_id)
    assert found
    assert await kept_passkeys.remove(Whose.own(member), found.id)
    await kept_passkeys.keep(member, made(MOST), "one more", clock.now())
    (row,) = await database.rows("SELECT slot FROM passkey WHERE name = 'one more'")
    assert row["slot"] == 3


@pytest.mark.slow
async def test_the_same_one_is_kept_once(contractor: Browser) -> None:
    member = await member_of(contractor)
    await kept_passkeys.keep(member, made(1), "first", clock.now())
    with pytest.raises(WrongPasskey) as refused:
        await kept_passkeys.keep(member, made(1), "again", clock.now())
    assert refused.value.reason == KNOWN_ALREADY


async def test_a_use_is_counted_once_and_not_when_it_is_gone(contractor: Browser) -> None:
    member = await member_of(contractor)
    await kept_passkeys.keep(member, made(1), "first", clock.now())
    found = await kept_passkeys.find(made(1).credential_id)
    assert found
    assert (found.whose, found.sign_count) == (Whose.own(member), 0)
    assert await kept_passkeys.count_use(found, 7)
    assert not await kept_passkeys.count_use(found, 7)
    again = await kept_passkeys.find(made(1).credential_id)
    assert again
    assert again.sign_count == 7
    assert await kept_passkeys.remove(Whose.own(member), found.id)
    assert not await kept_passkeys.count_use(again, 8)
    assert await kept_passkeys.find(made(1).credential_id) is None


async def test_a_session_is_not_asked_for_the_one_that_it_made(contractor: Browser) -> None:
    member = await member_of(contractor)
    await kept_passkeys.keep(member, made(1), "first", clock.now())
    whose = Whose.own(member)
    assert len(await kept_passkeys.descriptions(whose)) == 1
    assert await kept_passkeys.descriptions(whose, in_session=member) == []


async def test_authenticators_know_a_login_by_one_handle_for_ever(
    contractor: Browser, admin: Browser
) -> None:
    (row,) = await database.rows("SELECT id, contract FROM account WHERE login = 'arteri-an-002'")
    first, second = Whose(row["contract"], None), Whose(row["contract"], row["id"])
    handles = [await kept_passkeys.handle(whose) for whose in (first, first, second)]
    assert handles[0] == handles[1] != handles[2]
    assert len(handles[0]) == 32


@pytest.mark.slow
async def test_a_passkey_is_removed_by_its_owner_alone(contractor: Browser) -> None:
    await register(contractor)
    (row,) = await database.rows("SELECT id, contract FROM passkey")
    (account,) = await database.rows("SELECT id FROM account WHERE login = 'arteri-an-001'")
    assert not await kept_passkeys.remove(Whose(row["contract"], account["id"]), row["id"])
    assert await kept_passkeys.remove(Whose(row["contract"], None), row["id"])
