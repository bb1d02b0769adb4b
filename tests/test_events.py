"""Events: every writer tells of what it did, positions have no gaps, epochs, pruning, and who may read what."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from app.domain import clock, events, housekeeping, keeping, tables
from app.domain.contracts import closing
from app.domain.retention import erasing
from app.postgres import database
from migrations.m25_events import TOLD
from tests import households
from tests.money.steps import close, tokyo
from tests.products import Shipped
from tests.test_serving import started
from tests.waiting import somebody_waits

RIGHTS = """
SELECT c.oid::regclass::text AS name, array_agg(kind ORDER BY kind) AS rights
FROM pg_class c CROSS JOIN unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER']) AS kind
WHERE c.relkind IN ('r', 'v', 'm', 'p', 'f') AND c.relnamespace::regnamespace::text NOT IN ('pg_catalog', 'information_schema')
    AND has_table_privilege($1, c.oid, kind)
GROUP BY c.oid
"""
ROUTINES = """
SELECT proname FROM pg_proc WHERE pronamespace::regnamespace::text NOT IN ('pg_catalog', 'information_schema')
    AND has_function_privilege($1, oid, 'EXECUTE')
"""

pytestmark = pytest.mark.usefixtures("empty_database")


async def told() -> list[tuple[str, str | None]]:
    """Kind and change of every event so far, in order; from then on they are read."""
    rows = await database.rows("DELETE FROM event RETURNING id, kind, data ->> 'change' AS change")
    return [(row["kind"], row["change"]) for row in sorted(rows, key=lambda row: row["id"])]


async def event(kind: str) -> dict[str, Any]:
    """What the last event of a kind holds."""
    rows = await database.rows("SELECT * FROM event WHERE kind = $1 ORDER BY id DESC LIMIT 1", kind)
    return {**dict(rows[0]), "data": json.loads(rows[0]["data"])}


async def all_numbered() -> None:
    while await events.number():
        pass


async def read() -> list[Any]:
    return await database.rows("SELECT * FROM events_v1.event ORDER BY epoch, position")


async def reach() -> dict[str, Any]:
    (row,) = await database.rows("SELECT * FROM events_v1.reach")
    return dict(row)


async def some_events(number: int = 1) -> None:
    contract = await households.new_contract()
    for _ in range(number - 1):
        await database.rows("UPDATE contract SET household = household + 1 WHERE id = $1", contract)


async def erase(contract: int) -> None:
    async with database.engine().transaction():
        await erasing.erase(contract, clock.now())


async def taken_back(number: int) -> None:
    """A change that fails after it was told of."""
    async with database.engine().transaction() as transaction:
        await some_events(number)
        await transaction.rollback()


# --- what is told -----------------------------------------------------------------------------------------------------


async def test_the_life_of_a_contract_is_told_kind_by_kind() -> None:
    contract = await households.new_contract()
    account = await households.new_account(contract, "family-son", 1)
    assert await told() == [("contract", "added"), ("account", "added")]
    of: dict[str, Any] = {"contract": contract, "account": account}
    await tables.MailAddress(**of, address="son@ucom.ne.jp", registered_at=clock.now()).save()
    period = tables.ServicePeriod(**of, product=Shipped.KIDS_FILTER, started_at=clock.now())
    await period.save()
    bought = await event("purchase")
    assert (bought["contract"], bought["account"]) == (contract, account)
    assert bought["data"]["purchase"] == period.id
    assert bought["data"]["product"] == "kids-filter"
    assert await told() == [("address", "registered"), ("purchase", "bought")]
    await tables.Account.update({tables.Account.other_address: "son@example.com"}).where(
        tables.Account.id == account
    )
    await tables.Account.update({tables.Account.role: "admin"}).where(tables.Account.id == account)
    await tables.ServicePeriod.end(clock.now(), tables.ServicePeriod.id == period.id)
    assert await told() == [("address", "registered"), ("account", "changed"), ("cancellation", "ended")]
    card = tables.Card(
        contract=contract, brand="VISA", last4="0000", expires="2040-01", holder="AN", token=""
    )
    await card.save()
    await tables.Card.update({tables.Card.expires: "2041-01"}).where(tables.Card.id == card.id)
    assert (await event("card"))["data"] == {"change": "changed", "card": card.id, "fields": ["expires"]}
    await card.remove()
    assert await told() == [("card", "registered"), ("card", "changed"), ("card", "removed")]


async def test_the_end_of_a_contract_is_told_with_all_that_ends_with_it() -> None:
    family = await households.rich_household("family")
    await told()
    closed_on = clock.today() - timedelta(days=1)
    await database.rows("UPDATE contract SET closed_on = $1", closed_on)
    assert await told() == [("closing", "ordered")]
    assert await closing.end_due() == 1
    assert (await event("closing"))["data"] == {"change": "ended", "closed_on": f"{closed_on:%Y-%m-%d}"}
    ended = await told()
    assert ended[-1] == ("closing", "ended")
    assert set(ended) == {
        *(("cancellation", "ended"), ("address", "released"), ("account", "deleted"), ("closing", "ended"))
    }
    await closing.reopen(family.contract)
    assert await told() == [("closing", "withdrawn")]


async def test_erasing_is_told_once_and_what_is_taken_from_tombstones_is_not() -> None:
    family = await households.new_household()
    await database.rows("UPDATE contract SET closed_on = $1", clock.today() - timedelta(days=1))
    await closing.end_due()
    await told()
    await database.rows("UPDATE account SET family = '', given = '', other_address = NULL")
    await erase(family.contract)
    await database.rows("UPDATE contract SET password_hash = password_hash || 'x', erased_at = now()")
    assert (await event("erasing"))["contract"] == family.contract
    assert [kind for kind, _ in await told()] == ["erasing"]


async def test_a_closed_month_is_told_when_it_is_whole() -> None:
    family = await households.new_household()
    clock.start_at(tokyo("2026-02-02T09:00"))
    await tables.ServicePeriod(
        contract=family.contract, product=Shipped.MAIL_PACK, started_at=tokyo("2026-01-05T00:00")
    ).save()
    await told()
    await close("2026-01", "2026-01")
    closed = await event("closed_month")
    assert (closed["contract"], closed["data"]) == (None, {"month": "2026-01"})
    assert await told() == [("closed_month", None)]


async def test_what_changes_nothing_and_passwords_are_not_told() -> None:
    family = await households.rich_household("family")
    await tables.Card(
        contract=family.contract, brand="VISA", last4="0000", expires="2040-01", holder="AN", token=""
    ).save()
    await database.rows("INSERT INTO bill_close (month, reached, closed_at) VALUES ('2025-01-01', 0, NULL)")
    await told()
    await database.rows("UPDATE bill_close SET reached = 9")
    for table, column in (("service_period", "product"), ("mail_address", "address"), ("card", "brand")):
        await database.rows(f"UPDATE {table} SET {column} = {column}")
    await database.rows("UPDATE contract SET family = family, password_hash = password_hash || 'x'")
    await database.rows("UPDATE account SET password_hash = password_hash || 'x' WHERE id = $1", family.son)
    await database.rows("UPDATE contract SET phone = '012' WHERE false")
    assert await told() == []


async def test_a_purchase_that_is_taken_back_or_goes_on_again_is_told() -> None:
    contract = await households.new_contract()
    period = tables.ServicePeriod(contract=contract, product=Shipped.MAIL_PACK, started_at=clock.now())
    await period.save()
    await tables.ServicePeriod.end(clock.now(), tables.ServicePeriod.id == period.id)
    await told()
    await database.rows("UPDATE service_period SET ended_at = NULL")
    await period.remove()
    assert await told() == [("purchase", "restored"), ("cancellation", "undone")]


async def test_what_is_rolled_back_is_never_told() -> None:
    await taken_back(1)
    await all_numbered()
    assert await read() == []


async def test_each_kind_that_is_known_is_told_by_something_and_no_other_is() -> None:
    family = await households.rich_household("family")
    await tables.Card(
        contract=family.contract, brand="VISA", last4="0000", expires="2040-01", holder="AN", token=""
    ).save()
    await database.rows("INSERT INTO bill_close (month, reached, closed_at) VALUES ('2025-01-01', 0, now())")
    await database.rows("UPDATE contract SET closed_on = $1", clock.today() - timedelta(days=1))
    await closing.end_due()
    await erase(family.contract)
    assert {kind for kind, _ in await told()} == events.KINDS
    (allowed,) = await database.rows(
        "SELECT pg_get_constraintdef(oid) AS text FROM pg_constraint WHERE conname = 'event_kind_check'"
    )
    assert set(re.findall(r"'(\w+)'::text", allowed["text"])) == events.KINDS


def test_events_are_written_by_the_triggers_alone() -> None:
    # A call beside them would tell of a change twice, or of one that was never made.
    app = Path(__file__).parent.parent / "app"
    assert [
        path for path in app.rglob("*.py") if re.search(r"INTO event\b|tables\.Event\(", path.read_text())
    ] == []


async def test_every_table_that_is_told_of_has_its_triggers_enabled() -> None:
    found = await database.rows(
        "SELECT tgrelid::regclass::text AS name, count(*) FROM pg_trigger WHERE tgname LIKE 'event_%' AND tgenabled = 'O'"
        " GROUP BY 1"
    )
    assert {row["name"]: row["count"] for row in found} == {
        table: len(happenings) for table, (_, happenings) in TOLD.items()
    }


# --- positions --------------------------------------------------------------------------------------------------------


async def test_positions_are_given_after_the_commit_in_order_and_without_gaps() -> None:
    await some_events(3)
    assert await read() == []
    assert await events.number() == 3
    await taken_back(4)
    await some_events(2)
    assert await events.number() == 2
    assert await events.number() == 0
    assert [row["position"] for row in await read()] == [1, 2, 3, 4, 5]
    found = await reach()
    assert (found["oldest"], found["newest"]) == (1, 5)
    assert {row["epoch"] for row in await read()} == {found["epoch"]}


async def test_more_than_one_batch_is_numbered_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "BATCH", 2)
    await some_events(5)
    assert [await events.number() for _ in range(4)] == [2, 2, 1, 0]
    rows = await database.rows("SELECT id FROM event ORDER BY position")
    assert [row["id"] for row in rows] == sorted(row["id"] for row in rows)


async def test_a_change_that_takes_long_holds_nobody_up_and_comes_when_it_is_committed() -> None:
    slow = await households.new_contract()
    await all_numbered()
    async with database.engine().transaction():
        await database.rows("UPDATE contract SET phone = '1' WHERE id = $1", slow)
        outside = asyncio.create_task(_elsewhere())
        assert await outside == 2
    await all_numbered()
    *_, last = await read()
    assert (last["position"], last["contract"]) == (4, slow)


async def _elsewhere() -> int:
    """Two events of others, numbered while a change is open."""
    database.engine().current_transaction.set(None)
    await some_events(2)
    return await events.number()


async def test_one_numberer_works_at_a_time() -> None:
    await some_events()
    async with database.engine().transaction():
        await database.rows("SELECT pg_advisory_xact_lock($1)", events.LOCK)

        async def other() -> int:
            database.engine().current_transaction.set(None)
            return await events.number()

        assert await asyncio.create_task(other()) == 0
    assert await events.number() == 1


# --- epochs -----------------------------------------------------------------------------------------------------------


async def test_another_epoch_begins_with_position_1_and_leaves_what_was_numbered() -> None:
    await some_events(3)
    await all_numbered()
    before = (await reach())["epoch"]
    await some_events(2)
    epoch = await events.restart()
    assert epoch != before
    await all_numbered()
    found = await reach()
    assert (found["epoch"], found["oldest"], found["newest"]) == (epoch, 1, 2)
    assert len(await read()) == 5


@pytest.mark.parametrize("moved", ["system", "database"])
async def test_in_another_cluster_or_database_an_epoch_begins_of_itself(moved: str) -> None:
    await some_events()
    await all_numbered()
    before = (await reach())["epoch"]
    await all_numbered()
    assert (await reach())["epoch"] == before
    await database.rows(f"UPDATE event_epoch SET {moved} = {moved} + 1")
    await all_numbered()
    found = await reach()
    assert found["epoch"] != before
    assert found["newest"] == 0


# --- pruning ----------------------------------------------------------------------------------------------------------


async def reads(name: str, position: int) -> None:
    await database.rows(
        "INSERT INTO events_v1.reader (name, epoch, position) VALUES ($1, $2, $3)",
        *(name, (await reach())["epoch"], position),
    )


async def aged(positions: int) -> None:
    await database.rows(
        "UPDATE event SET at = now() - $1::interval - interval '1 minute' WHERE position <= $2",
        timedelta(days=keeping.EVENTS.default.days),
        positions,
    )


async def left() -> list[int]:
    return [row["position"] for row in await read()]


async def test_what_is_old_goes_from_the_front_and_what_is_young_stays() -> None:
    await some_events(6)
    await all_numbered()
    await aged(4)
    await database.rows("UPDATE event SET at = now() WHERE position = 3")
    assert await events.prune() == 2
    assert await left() == [3, 4, 5, 6]
    assert (await reach())["oldest"] == 3
    assert await events.prune() == 0


async def test_what_a_stopped_reader_has_not_read_is_kept_until_it_is_forgotten() -> None:
    await some_events(6)
    await all_numbered()
    await aged(6)
    await reads("stopped", 2)
    await reads("running", 5)
    assert await events.prune() == 2
    assert await left() == [3, 4, 5, 6]
    assert [(one.name, one.behind) for one in await events.readers()] == [("stopped", 4), ("running", 1)]
    await events.forget("stopped")
    assert await events.prune() == 3
    assert await left() == [6]
    with pytest.raises(events.NoReader):
        await events.forget("stopped")
    await database.rows("UPDATE events_v1.reader SET position = 6")
    await reads("came-too-late", 1)  # what it has not read is deleted, so nothing can be kept for it
    assert await events.prune() == 1


async def test_a_reader_of_another_epoch_keeps_nothing_and_its_events_go_when_they_are_old() -> None:
    await some_events(2)
    await all_numbered()
    await reads("lost", 0)
    await aged(2)
    await events.restart()
    await some_events(2)
    await all_numbered()
    await aged(1)
    assert await events.prune() == 3
    assert await left() == [2]
    assert [one.behind for one in await events.readers()] == [None]


async def test_what_has_no_position_is_never_pruned() -> None:
    await all_numbered()
    await some_events()
    await database.rows("UPDATE event SET at = '2020-01-01'")
    assert await events.prune() == 0
    assert await events.number() == 1


async def test_pruning_that_waited_for_a_numberer_keeps_what_that_one_has_numbered() -> None:
    await some_events(2)
    await all_numbered()
    await aged(2)
    await some_events(2)

    async def pruned() -> int:
        database.engine().current_transaction.set(None)
        return await events.prune()

    async with database.engine().transaction(isolation="read_committed"):
        assert await events.number() == 2
        pruning = asyncio.create_task(pruned())
        await somebody_waits()
    assert await pruning == 2
    assert await left() == [3, 4]
    assert (await reach())["oldest"] == 3


async def test_pruning_goes_on_where_a_batch_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    await some_events(5)
    await all_numbered()
    await aged(5)
    monkeypatch.setattr(events, "BATCH", 2)
    assert [await events.prune() for _ in range(4)] == [2, 2, 1, 0]
    assert (await reach())["oldest"] == 6


# --- who may read what ------------------------------------------------------------------------------------------------


@pytest.fixture
async def connection(server: dict[str, Any], empty_database: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection of its own, to become another role with."""
    own = await asyncpg.connect(**{**server, "database": empty_database})
    yield own
    await own.close()


async def test_the_role_of_readers_sees_events_and_writes_how_far_it_is(
    connection: asyncpg.Connection,
) -> None:
    rights = {row["name"]: row["rights"] for row in await connection.fetch(RIGHTS, "mypage_events")}
    assert rights == {
        "events_v1.event": ["SELECT"],
        "events_v1.reach": ["SELECT"],
        "events_v1.reader": ["DELETE", "INSERT", "SELECT", "UPDATE"],
    }
    assert await connection.fetch(ROUTINES, "mypage_events") == []
    await some_events()
    await all_numbered()
    await reads("somebody-elses", 0)
    await connection.execute("SET ROLE mypage_events")
    assert await connection.fetch("SELECT FROM events_v1.event")
    for statement in (
        *("SELECT FROM public.event", "SELECT FROM public.contract", "SELECT FROM billing_v1.contract"),
        *("DELETE FROM events_v1.event", "CREATE TABLE events_v1.mine ()", "CALL events_v1.grant_rights()"),
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)


async def test_a_login_moves_its_own_reader_and_no_others(connection: asyncpg.Connection) -> None:
    await all_numbered()
    await reads("somebody-elses", 7)
    await connection.execute("SET ROLE mypage_events")
    made = "INSERT INTO events_v1.reader (name, epoch, position) SELECT $1, epoch, 0 FROM events_v1.reach"
    await connection.execute(made, "mine")
    moved = "UPDATE events_v1.reader SET position = 9 WHERE name = $1"
    assert await connection.execute(moved, "mine") == "UPDATE 1"
    assert await connection.execute(moved, "somebody-elses") == "UPDATE 0"
    assert (
        await connection.execute("DELETE FROM events_v1.reader WHERE name = 'somebody-elses'") == "DELETE 0"
    )
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute("UPDATE events_v1.reader SET login = 'postgres' WHERE name = 'mine'")


async def test_the_groups_cannot_log_in_and_the_public_may_do_nothing(connection: asyncpg.Connection) -> None:
    found = await connection.fetch(
        "SELECT rolcanlogin FROM pg_roles WHERE rolname IN ('mypage_events', 'mypage_billing')"
    )
    assert [row["rolcanlogin"] for row in found] == [False, False]
    assert await connection.fetch(RIGHTS, "public") == []
    assert await connection.fetch(ROUTINES, "public") == []


# --- who sees to it ---------------------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_a_server_numbers_what_is_committed_and_housekeeping_prunes(
    server: dict[str, Any], empty_database: str
) -> None:
    async with started({**server, "database": empty_database}):
        await some_events(2)
        async with asyncio.timeout(20):
            while await left() != [1, 2]:  # noqa: ASYNC110 - by another task, over the database
                await asyncio.sleep(0.05)
    await aged(1)
    await housekeeping.tidy()
    assert await left() == [2]
