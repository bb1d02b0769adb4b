"""What the desk changes is held; and any sequence of feed, member and desk on a real database."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain import clock, tables
from app.domain.changes import history
from app.domain.contracts import holding
from app.domain.contracts.feeding import Asked, feed_contracts
from app.domain.contracts.importing import import_contracts
from app.postgres import database
from tests.contracts.lines import contract, lines
from tests.households import log_in

pytestmark = pytest.mark.usefixtures("empty_database")


@pytest.fixture
async def loaded(tmp_path: Path) -> Path:
    """A contract that the feed brought; the file's place."""
    path = tmp_path / "feed.jsonl"
    path.write_bytes(lines(contract(1)))
    await import_contracts(path, lambda _: None)
    return path


async def test_a_change_at_the_desk_is_in_the_history_and_set_back_it_holds_nothing(loaded: Path) -> None:
    await holding.change_at_desk(1, {"building": "B555", "phone": "03-0000-0009"}, clock.now())
    (held,) = await database.rows("SELECT field, former, held_by FROM field_hold")
    assert tuple(held) == ("building", "B001", "受付窓口")
    await holding.change_at_desk(1, {"building": "B556"}, clock.now())
    assert (await database.rows("SELECT former FROM field_hold"))[0][0] == "B001"
    await holding.change_at_desk(1, {"building": "B001"}, clock.now())
    assert await tables.FieldHold.count() == 0
    await holding.change_at_desk(1, {"building": "B001"}, clock.now())
    changes = await history.history(await log_in(1))
    assert [change.asker for change in changes] == ["受付窓口"] * 3


async def test_a_contract_or_a_field_that_is_not_there_is_the_callers_mistake(loaded: Path) -> None:
    with pytest.raises(LookupError):
        await holding.change_at_desk(99, {"building": "B555"}, clock.now())
    with pytest.raises(KeyError):
        await holding.change_at_desk(1, {"password_hash": "x"}, clock.now())


_LINES = itertools.count()
"""Makes each line another one: one that is as it was applied last, in an earlier example, is not looked at."""
STEPS = st.lists(
    st.tuples(st.sampled_from(["feed", "member", "desk"]), st.sampled_from(["1", "2", "3"])),
    min_size=2,
    max_size=6,
)


@pytest.mark.slow
@given(steps=STEPS)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_whoever_changes_what_in_any_order_no_value_is_lost_silently(
    loaded: Path, steps: list[tuple[str, str]]
) -> None:
    """Two fields: 建物, the feed's, which the desk changes; 電話番号, the member's, with a feed that takes that too."""
    await database.rows("DELETE FROM field_hold")
    await database.rows("DELETE FROM feed_case")
    building, phone = await _now()
    owner = {"building": "feed", "phone": "feed"}
    said = (await database.rows("SELECT said ->> 'phone' AS phone FROM feed_line"))[0]["phone"]
    for who, digit in steps:
        before = await _now()
        if who == "member":
            phone = f"03-0000-000{digit}"
            await database.rows("UPDATE contract SET phone = $1", phone)
            owner["phone"] = owner["phone"] if phone == before[1] else "feed" if phone == said else who
        elif who == "desk":
            building = f"B{digit}"
            await holding.change_at_desk(1, {"building": building}, clock.now())
            owner["building"] = who if await tables.FieldHold.exists() else "feed"
        else:
            offered = {"building": f"B{digit}", "phone": f"03-0000-000{digit}"}
            line = contract(
                1,
                building=offered["building"],
                holder__phone=offered["phone"],
                contract_type=f"T{next(_LINES)}",
            )
            said = offered["phone"]
            loaded.write_bytes(lines(line))  # noqa: ASYNC240 - a line
            await feed_contracts(loaded, lambda _: None, Asked(contact=True))
            after, held = await _now(), await tables.FieldHold.exists()
            for name, was, became in zip(offered, before, after, strict=True):
                if owner[name] != "feed" and became != was:
                    raise AssertionError(f"{name}: {was} of the {owner[name]} was put aside by {became}")
                if became == offered[name]:
                    owner[name] = "feed"
            if held and after[0] != offered["building"] and offered["building"] != await _former():
                assert await _cases() > 0
            again = await everything()
            plan = await feed_contracts(loaded, lambda _: None, Asked(contact=True))
            assert plan.counts.nothing
            assert await everything() == again


async def _now() -> tuple[str, str]:
    (row,) = await database.rows("SELECT building, phone FROM contract")
    return row["building"], row["phone"]


async def _former() -> str | None:
    found = await database.rows("SELECT former FROM field_hold")
    return found[0]["former"] if found else None


async def _cases() -> int:
    return (await database.rows("SELECT count(*) FROM feed_case"))[0][0]  # type: ignore[no-any-return]


async def everything() -> list[str]:
    found = []
    for table in ("contract", "field_hold", "feed_case", "feed_line", "change", "outbox"):
        found += [str(dict(row)) for row in await database.rows(f"SELECT * FROM {table} ORDER BY 1")]
    return found
