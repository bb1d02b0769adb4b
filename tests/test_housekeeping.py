"""What is over is thrown away, what is not stays, one worker at a time."""

from __future__ import annotations

import hashlib
import json
import uuid
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from app.domain import clock, housekeeping, tables
from app.domain.access import members
from app.domain.access.members import Member
from app.domain.cards import checks, numbers
from app.domain.cards import kept as kept_cards
from app.domain.cards.numbers import Number
from app.domain.changes import asking
from app.domain.letters import recipients
from app.domain.people.account_deletion import DeleteAccount
from app.gateway.vault import Vault
from app.postgres import database
from app.web.cookies import token_hash
from tests import households
from tests.households import Household

A_MOMENT = timedelta(seconds=20)
"""Longer than any statement here takes: the clock runs on while they do."""


@pytest.fixture
async def family(empty_database: str) -> Household:
    return await households.new_household()


@pytest.fixture
async def mother(family: Household) -> Member:
    return await households.log_in(family.contract, family.mother)


async def asked_ago(member: Member, ago: timedelta) -> uuid.UUID:
    """A pending change that was asked for so long ago."""
    identity = await asking.ask(member, DeleteAccount("family-son"), peek="Zq9")
    await tables.Change.update({tables.Change.asked_at: clock.now() - ago}).where(
        tables.Change.id == identity
    )
    return identity


async def kept(identity: uuid.UUID) -> dict[str, Any] | None:
    return await tables.Change.select().where(tables.Change.id == identity).first()


async def test_sessions_that_are_over_are_deleted_and_live_ones_stay(family: Household) -> None:
    now = clock.now()
    half_an_hour, half_a_day = timedelta(minutes=30), timedelta(hours=12)
    live = [
        await households.new_session(family.contract, seen_at=now - half_an_hour + A_MOMENT),
        await households.new_session(family.contract, family.son, opened_at=now - half_a_day + A_MOMENT),
    ]
    over = [
        await households.new_session(family.contract, seen_at=now - half_an_hour),
        await households.new_session(family.contract, family.mother, opened_at=now - half_a_day),
    ]
    assert await housekeeping.tidy()
    assert all([await households.caller(token) for token in live])
    assert not any([await households.caller(token) for token in over])
    ended = [await members.how_it_ended(token_hash(token)) for token in (*over, "another")]
    assert ended == ["idle", "long", "elsewhere"]


async def test_a_session_that_is_over_says_so_for_a_day(family: Household) -> None:
    now, day = clock.now(), timedelta(days=1)
    for late in (timedelta(), A_MOMENT):
        await households.new_session(family.contract, seen_at=now - members.IDLE - day + late)
        await households.new_session(family.contract, opened_at=now - members.LIFETIME - day + late)
    assert await housekeeping.tidy()
    assert await tables.Session.count() == 2


async def test_a_confirm_page_is_kept_whole_until_it_expires(mother: Member) -> None:
    identity = await asked_ago(mother, timedelta(minutes=30) - A_MOMENT)
    await housekeeping.tidy()
    await asking.confirm(mother, identity)
    assert (await asking.find(mother, identity)).receipt


async def test_an_expired_confirm_page_says_so_for_a_week_and_leads_back_without_the_password(
    mother: Member,
) -> None:
    for ago in (timedelta(minutes=30), timedelta(days=7) - A_MOMENT):
        identity = await asked_ago(mother, ago)
        await housekeeping.tidy()
        row = await kept(identity)
        assert row
        assert row["sealed"] is None
        asked = await asking.find(mother, identity)
        assert (asked.expired, asked.peek, asked.name) == (True, "", "アカウントID削除")
        assert asked.back == f"/accounts/family-son/delete?change={identity}"


async def test_a_week_later_an_expired_confirm_page_is_gone(mother: Member) -> None:
    identity = await asked_ago(mother, timedelta(days=7))
    await housekeeping.tidy()
    assert await kept(identity) is None


async def test_a_receipt_stays_for_seven_years(mother: Member) -> None:
    identity = await asked_ago(mother, timedelta())
    await asking.confirm(mother, identity)
    before = await kept(identity)
    long_ago = clock.now() - timedelta(days=7 * 365)
    await tables.Change.update(
        {tables.Change.asked_at: long_ago, tables.Change.applied_at: long_ago}, force=True
    )
    await housekeeping.tidy()
    after = await kept(identity)
    assert before
    assert after
    assert (after["receipt"], after["receipt_number"]) == (before["receipt"], before["receipt_number"])


async def test_the_first_characters_of_a_password_whose_receipt_nobody_opened_are_emptied(
    mother: Member,
) -> None:
    identity = await asked_ago(mother, timedelta())
    await asking.confirm(mother, identity)
    await tables.Change.update({tables.Change.asked_at: clock.now() - timedelta(minutes=30)}, force=True)
    await housekeeping.tidy()
    row = await kept(identity)
    assert row
    assert row["sealed"] is None


async def test_counters_that_count_no_more_are_dropped(empty_database: str) -> None:
    window = timedelta(minutes=15)
    for key, ago in ((b"live", window - A_MOMENT), (b"over", window + A_MOMENT)):
        await tables.Attempt(key=key, failures=3, since=clock.now() - ago).save()
    await housekeeping.tidy()
    assert await tables.Attempt.select(tables.Attempt.key).output(as_list=True) == [b"live"]


async def test_a_delivered_mail_is_kept_for_thirty_days_and_a_refused_one_for_ninety(
    family: Household,
) -> None:
    now = clock.now()
    for name, dated in (
        ("sent long ago", {"sent_at": now - timedelta(days=30) - A_MOMENT}),
        ("sent lately", {"sent_at": now - timedelta(days=30) + A_MOMENT}),
        ("refused long ago", {"refused_at": now - timedelta(days=90) - A_MOMENT}),
        ("refused lately", {"refused_at": now - timedelta(days=90) + A_MOMENT}),
        ("waiting", {}),
    ):
        posted: dict[str, Any] = {"posted_at": now - timedelta(days=300), "due_at": now, **dated}
        await tables.Outbox(contract=family.contract, subject=name, message_id=name, **posted).save()
    await housekeeping.tidy()
    subjects = tables.Outbox.select(tables.Outbox.subject).order_by(tables.Outbox.id)
    assert await subjects.output(as_list=True) == ["sent lately", "refused lately", "waiting"]


async def test_a_former_address_is_kept_as_long_as_it_is_told_and_no_longer(family: Household) -> None:
    for ago, address in (
        (timedelta(days=30), "too-old@example.jp"),
        (timedelta(days=29.9), "told@example.jp"),
    ):
        await recipients.replaced(family.contract, family.son, address, clock.now() - ago)
    await housekeeping.tidy()
    left = await tables.FormerAddress.select(tables.FormerAddress.address).output(as_list=True)
    assert left == ["told@example.jp"]
    assert await recipients.former(family.contract, family.son) == left


async def test_a_new_address_that_nobody_verified_in_a_day_is_forgotten(empty_database: str) -> None:
    now = clock.now()
    for email, ago in (("old@example.jp", A_MOMENT), ("new@example.jp", -A_MOMENT)):
        contract = await households.new_contract()
        asked: dict[str, Any] = {"asked_at": now - timedelta(days=1) - ago, "token_hash": token_hash(email)}
        await tables.EmailCheck(contract=contract, email=email, **asked).save()
    await housekeeping.tidy()
    assert await tables.EmailCheck.select(tables.EmailCheck.email).output(as_list=True) == ["new@example.jp"]


async def test_a_card_in_the_vault_is_kept_for_a_day_and_as_long_as_it_waits_or_counts(
    family: Household,
) -> None:
    vault, now = Vault(b"a key of the tests"), clock.now()
    clock.start_at(now - timedelta(days=1) - A_MOMENT)
    typed = [
        await vault.keep(Number(number, numbers.VISA), "2040-01")
        for number in ("4111111111111111", "4012888888881881", "4000000000000002", "4242424242424242")
    ]
    counts, waits, again, _ = typed
    await kept_cards.keep(family.contract, counts, "AN ARUTERI")
    await checks.wait(family.contract, waits, "KICHI ARUTERI", clock.now())
    clock.start_at(now)
    assert await vault.keep(Number("4000000000000002", numbers.VISA), "2040-01") == again
    await housekeeping.tidy()
    tokens = await tables.VaultCard.select(tables.VaultCard.token).output(as_list=True)
    assert sorted(tokens) == sorted(card.token for card in (counts, waits, again))


async def test_while_another_worker_tidies_this_one_leaves_it(
    server: dict[str, Any], empty_database: str, mother: Member
) -> None:
    await asked_ago(mother, timedelta(days=8))
    other = await asyncpg.connect(**{**server, "database": empty_database})
    await other.execute("SELECT pg_advisory_lock($1)", housekeeping.LOCK)
    assert await housekeeping.tidy() is False
    assert await tables.Change.count() == 1
    await other.close()
    assert await tidied()
    assert await tables.Change.count() == 0


async def tidied() -> bool:
    """Tidy as soon as the server has noticed that the other worker left."""
    for _ in range(1000):
        if await housekeeping.tidy():
            return True
    return False


@pytest.mark.slow
@pytest.mark.own_database
async def test_a_failure_halfway_leaves_everything_as_it_was(family: Household, mother: Member) -> None:
    await households.new_session(family.contract, seen_at=clock.now() - timedelta(hours=25))
    await asked_ago(mother, timedelta(days=8))
    await database.rows("ALTER TABLE attempt RENAME TO attempt_elsewhere")
    with pytest.raises(asyncpg.UndefinedTableError):
        await housekeeping.tidy()
    assert (await tables.Session.count(), await tables.Change.count()) == (2, 1)


async def test_a_form_that_was_kept_for_half_an_hour_is_erased(family: Household) -> None:
    for name, ago in (("live", timedelta(minutes=30) - A_MOMENT), ("over", timedelta(minutes=30))):
        await tables.KeptForm(
            name_hash=hashlib.sha256(name.encode()).digest(),
            contract=family.contract,
            path=name,
            sealed=b"",
            kept_at=clock.now() - ago,
        ).save()
    await housekeeping.tidy()
    assert await tables.KeptForm.select(tables.KeptForm.path).output(as_list=True) == ["live"]


@pytest.mark.parametrize(
    ("data", "left"),
    [
        ({"login": "x", "password_hash": "argon2"}, {"login": "x", "password_hash": ""}),
        ({"login": None, "codes": ["x"], "secret": "x", "label": "y"}, None),
        ({"email": "a@example.com"}, {"email": "a@example.com"}),
        ({"card": {"token": "x", "last4": "0000"}}, {"card": {"token": "", "last4": "0000"}}),
    ],
)
async def test_what_expired_loses_its_secrets_and_nothing_that_was_typed(
    mother: Member, data: dict[str, Any], left: dict[str, Any] | None
) -> None:
    identities = [await asked_ago(mother, ago) for ago in (timedelta(minutes=29), timedelta(minutes=31))]
    await tables.Change.update({tables.Change.data: json.dumps(data)}, force=True)
    for _ in range(2):
        await housekeeping.tidy()
    found = [(await kept(identity) or {})["data"] for identity in identities]
    assert [text and json.loads(text) for text in found] == [data, left]


async def test_notices_to_owners_go_a_month_after_they_were_read_and_unread_ones_stay(
    family: Household,
) -> None:
    now, month = clock.now(), timedelta(days=30)
    deleted = await households.new_account(family.contract, "family-gone", 3, deleted_at=now - month)
    leaving = await households.new_account(
        family.contract, "family-leaving", 4, deleted_at=now - month + A_MOMENT
    )
    rows = {
        "unread": (family.son, None),
        "read": (family.son, now - month + A_MOMENT),
        "over": (family.son, now - month),
        "of-nobody": (deleted, None),
        "of-one-leaving": (leaving, None),
    }
    for kind, (account, seen_at) in rows.items():
        of: dict[str, Any] = {"contract": family.contract, "account": account, "asker": "family-mother"}
        await tables.OwnerNotice(**of, kind=kind, happened_at=now - 2 * month, seen_at=seen_at).save()
    assert await housekeeping.tidy()
    left = await tables.OwnerNotice.select(tables.OwnerNotice.kind).order_by(tables.OwnerNotice.id)
    assert [row["kind"] for row in left] == ["unread", "read", "of-one-leaving"]
