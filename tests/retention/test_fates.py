"""Every table and every column says what becomes of it, and how long it is kept."""

from __future__ import annotations

import pytest
from piccolo.columns import ForeignKey

from app.domain import keeping, tables
from app.domain.keeping import Keep
from app.domain.people import own_data
from app.domain.retention import fates
from app.domain.retention.fates import FATES, Deleted, Replaced, Stays
from app.domain.tables import TABLES
from app.postgres import database
from tests.retention.canary import about_a_contract


def test_every_table_says_how_long_it_is_kept_and_what_erasing_does_with_it() -> None:
    assert set(FATES) == set(TABLES), "give it a fate in app/domain/retention/fates.py"
    for table, fate in FATES.items():
        personal = about_a_contract(table) or table is tables.Contract
        assert fate.kept or not personal, table
        assert isinstance(fate.erasing, Deleted | Replaced) or fate.erasing.why, table
        assert fate.erasing is not fates.NOBODY or not personal, table


def test_of_a_table_whose_rows_stay_every_column_is_replaced_or_may_stay() -> None:
    for table, fate in FATES.items():
        if isinstance(fate.erasing, Replaced):
            columns = {column._meta.db_column_name for column in table._meta.columns}
            said = [*fate.erasing.by, *fate.erasing.columns]
            assert columns == set(said), table
            assert len(said) == len(columns), table


def test_rows_that_stay_as_they_are_have_no_words_of_a_person() -> None:
    """Columns of texts and JSON, by which a person comes in, in tables about contracts that erasing does not touch."""
    texts = {
        f"{table._meta.tablename}.{column._meta.db_column_name}"
        for table, fate in FATES.items()
        if isinstance(fate.erasing, Stays) and about_a_contract(table)
        for column in table._meta.columns
        if column.value_type is str and not isinstance(column, ForeignKey)
    }
    assert texts == {"event.kind", "event.data"}, "keys and words of short lists (tests/test_events.py)"


async def test_every_table_of_the_database_is_one_of_these(empty_database: str) -> None:
    rows = await database.rows(
        "SELECT schemaname || '.' || tablename AS name FROM pg_tables"
        " WHERE schemaname NOT IN ('pg_catalog', 'information_schema', 'before')"
    )
    known = {f"public.{table._meta.tablename}" for table in TABLES} | set(fates.OUTSIDE)
    assert {row["name"] for row in rows} == known


def test_what_members_read_of_themselves_says_how_long_it_is_kept() -> None:
    for table in own_data.TITLES:
        assert FATES[table].in_words, table


def test_each_setting_is_the_time_of_a_table() -> None:
    used: set[Keep] = set()
    for fate in FATES.values():
        if isinstance(fate.kept, Keep):
            used.add(fate.kept)
        elif isinstance(fate.kept, tuple):
            used |= set(fate.kept)
    assert used == set(keeping.KEPT)


@pytest.mark.parametrize("table", [tables.Charge, tables.BillName])
def test_the_ledger_is_asked_by_the_month(table: type) -> None:
    assert "bill_close" in (fates.statement(table) or "")
