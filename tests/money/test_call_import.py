"""The `calls` file: what is loaded, what is refused with which line, and that a refusal leaves nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.demo import calls as demo_calls
from app.domain import clock
from app.domain.imports import LISTED, ImportRefused, examined
from app.domain.money import call_import
from app.domain.money.call_import import HEADING, CallsImported, import_calls
from app.postgres import database
from tests import households

NUMBER = "70000000000001"
HEAD = ",".join(HEADING)
GOOD = f"{NUMBER},gate-call-050,2026-01-05T10:00:00,0312345678,65,17"

pytestmark = pytest.mark.usefixtures("empty_database")


@pytest.fixture(autouse=True)
async def contract(empty_database: str) -> int:
    """A contract whose calls they are; the day is 2026-03-02."""
    clock.start_at(datetime(2026, 3, 2, tzinfo=UTC))
    return await households.new_contract(customer_number=NUMBER)


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Writes a file of these lines after the heading."""

    def file(*lines: str, encoding: str = "utf-8", name: str = "calls.csv", heading: str = HEAD) -> Path:
        path = tmp_path / name
        path.write_bytes("".join(f"{line}\r\n" for line in (heading, *lines) if line).encode(encoding))
        return path

    return file


async def load(path: Path) -> CallsImported:
    return await import_calls(path, lambda _: None)


async def refused(path: Path) -> list[tuple[int, str]]:
    """Lines and reasons; nothing was loaded."""
    before = await loaded()
    with pytest.raises(ImportRefused) as error:
        await load(path)
    assert await loaded() == before
    return [(problem.line, problem.reason) for problem in error.value.problems]


async def loaded() -> list[tuple[Any, ...]]:
    rows = await database.rows("SELECT service, started_at, number, seconds, yen FROM call ORDER BY id")
    return [tuple(row) for row in rows]


async def test_a_call_is_loaded_with_its_time_in_tokyo(write: Callable[..., Path], contract: int) -> None:
    others = (
        f"{NUMBER},hikari-denwa,2026/01/31 23:59,0120-000-000,0,0",
        f"{NUMBER},hikari-denwa,2026-01-31T15:00:00Z,+81312345678,1,9",
        f"{NUMBER},ｈｉｋａｒｉ－ｄｅｎｗａ,2026-01-05T10:00:00,０３１２３４５６７８,６５,17".replace(
            "－", "-"
        ),
    )
    assert await load(write(GOOD, *others)) == CallsImported(4, before=False)
    assert await loaded() == [
        ("gate-call-050", datetime(2026, 1, 5, 1, tzinfo=UTC), "0312345678", 65, 17),
        ("hikari-denwa", datetime(2026, 1, 31, 14, 59, tzinfo=UTC), "0120-000-000", 0, 0),
        ("hikari-denwa", datetime(2026, 1, 31, 15, tzinfo=UTC), "+81312345678", 1, 9),
        ("hikari-denwa", datetime(2026, 1, 5, 1, tzinfo=UTC), "0312345678", 65, 17),
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
async def test_utf_8_and_cp932_are_told_apart_by_the_content(
    write: Callable[..., Path], encoding: str
) -> None:
    wide = GOOD.replace("0312345678", "０３１２３４５６７８")
    assert (await load(write(wide, encoding=encoding))).calls == 1
    assert (await loaded())[0][2] == "0312345678"


async def test_a_file_that_is_neither_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "calls.csv"
    file.write_bytes(GOOD.encode() + b"\x85\xff\x85")
    assert await refused(file) == [(1, "the file is neither UTF-8 nor cp932 (Shift_JIS)")]


async def test_the_same_content_is_skipped_under_any_name(write: Callable[..., Path]) -> None:
    assert await load(write(GOOD)) == CallsImported(1, before=False)
    assert await load(write(GOOD, name="another.csv")) == CallsImported(1, before=True)
    assert len(await loaded()) == 1


async def test_two_imports_of_one_file_at_once_load_it_once(write: Callable[..., Path]) -> None:
    file = write(GOOD)
    done = await asyncio.gather(load(file), load(file))
    assert sorted(one.before for one in done) == [False, True]
    assert len(await loaded()) == 1


async def test_a_file_that_was_refused_is_not_skipped_later(write: Callable[..., Path]) -> None:
    line = GOOD.replace(NUMBER, "70000000000002")
    assert await refused(write(line)) == [(2, "customer_number: there is no such contract")]
    await households.new_contract(customer_number="70000000000002")
    assert (await load(write(line))).calls == 1


WRONG = [
    (NUMBER, "700000000000", "customer_number: must be 14 digits"),
    ("gate-call-050", "gate-call", "service: must be one of gate-call-050, hikari-denwa"),
    ("2026-01-05T10:00:00", "2026-02-30T10:00:00", "started_at: must be"),
    ("2026-01-05T10:00:00", "2026-01-05", "started_at: must be"),
    ("2026-01-05T10:00:00", "2026-03-03T10:00:00", "started_at: must be"),
    ("2026-01-05T10:00:00", "0001-01-01T00:00:00+09:00", "started_at: must be"),
    ("0312345678", "", "number: must be"),
    ("0312345678", "非通知", "number: must be"),
    ("0312345678", "0" * 33, "number: must be"),
    (",65,", ",-1,", "seconds: must be"),
    (",65,", ",1.5,", "seconds: must be"),
    (",65,", ",604801,", "seconds: must be"),
    (",17", ",10000001", "amount: must be"),
    (",17", ",", "amount: must be"),
    (",17", ",17,18", "must be 6 columns"),
    (GOOD, '"', "must be 6 columns"),
    (GOOD, "x" * 1_001, "is longer than 1,000 characters"),
]


async def test_a_bad_line_is_named_with_its_reason(write: Callable[..., Path]) -> None:
    other = GOOD.replace("0312345678", "0399999999")
    said = await refused(write(other, *(GOOD.replace(old, new, 1) for old, new, _ in WRONG)))
    assert [line for line, _ in said] == list(range(3, 3 + len(WRONG)))
    for (_, reason), (_, new, expected) in zip(said, WRONG, strict=True):
        assert reason.startswith(expected), new


RESAVED = "a spreadsheet that opened the file and saved it again is the likely cause"


@pytest.mark.parametrize(
    "number",
    ["312345678", "3-1234-5678", "９０12345678", "90−1234−5678", "120444444", "8001234567", "5012345678", "570012345",
     "1012125551234", "10-1-212-555-1234", "3.12E+08", "9.01235E+09", "1e+11"],
)  # fmt: skip
async def test_a_number_that_a_spreadsheet_has_rewritten_is_refused_and_the_cause_named(
    write: Callable[..., Path], number: str
) -> None:
    [(line, reason)] = await refused(write(GOOD.replace("0312345678", number)))
    assert line == 2
    assert reason.startswith("number: ")
    assert RESAVED in reason


@pytest.mark.parametrize(
    "number",
    ["110", "188", "1410", "#9110", "*31#0312345678", "1840312345678", "1860901234567", "12209012345678", "0120444444",
     "00531234567", "010-1-212-555-1234", "+81312345678", "03−1234ー5678", "\u200b0312345678"],
)  # fmt: skip
async def test_a_number_that_begins_otherwise_by_right_is_taken(
    write: Callable[..., Path], number: str
) -> None:
    assert await load(write(GOOD.replace("0312345678", number))) == CallsImported(1, before=False)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (NUMBER, "7.0E+13"),
        (NUMBER, "7E+13"),
        (NUMBER, "7000000000001"),
        ("2026-01-05T10:00:00", "2026/1/5 10:00"),
        ("2026-01-05T10:00:00", "2026/01/05 9:00:00"),
        ("2026-01-05T10:00:00", "1/5/2026 10:00"),
        ("2026-01-05T10:00:00", "46027.4166666667"),
        (NUMBER, "70000000001"),
        ("0312345678", "Mar-12"),
    ],
)
async def test_other_cells_that_a_spreadsheet_has_rewritten_are_named_so(
    write: Callable[..., Path], old: str, new: str
) -> None:
    [(_, reason)] = await refused(write(GOOD.replace(old, new)))
    assert RESAVED in reason


async def test_a_moment_that_is_wrong_otherwise_is_not_blamed_on_a_spreadsheet(
    write: Callable[..., Path],
) -> None:
    for moment in ("2027-01-05 10:00:00", "yesterday"):
        [(_, reason)] = await refused(write(GOOD.replace("2026-01-05T10:00:00", moment)))
        assert "spreadsheet" not in reason


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
async def test_wide_characters_are_named(write: Callable[..., Path], encoding: str) -> None:
    [(line, reason)] = await refused(write(GOOD, encoding=encoding))
    assert (line, reason.partition(":")[0]) == (1, f"the file is {encoding[:6].upper()}")
    assert "save it as UTF-8" in reason


async def test_every_problem_is_listed_by_line_and_the_rest_counted(write: Callable[..., Path]) -> None:
    bad = GOOD.replace("gate-call-050", "x").replace(",65,", ",x,")
    assert [line for line, _ in await refused(write(bad, GOOD, bad))] == [2, 2, 4, 4]
    with pytest.raises(ImportRefused) as error:
        await load(write(*[bad] * LISTED))
    assert (len(error.value.problems), error.value.more) == (LISTED, LISTED)


async def test_a_call_that_is_there_twice_is_refused(write: Callable[..., Path]) -> None:
    again = GOOD.replace(",65,", ",70,")
    assert await refused(write(GOOD, again)) == [
        (3, "the same call stands on line 2 already; keep one of the two")
    ]
    await load(write(GOOD))
    assert await refused(write(again)) == [(2, "this call was loaded before, from another file")]


async def test_an_empty_file_loads_nothing(write: Callable[..., Path]) -> None:
    assert await load(write()) == CallsImported(0, before=False)
    assert await load(write(GOOD, heading="")) == CallsImported(1, before=False)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.binary(max_size=60), max_size=5))
def test_whatever_a_file_holds_is_read_or_refused(tmp_path: Path, lines: list[bytes]) -> None:
    file = tmp_path / "any.csv"
    file.write_bytes(b"\n".join(lines))
    try:
        encoding, _ = examined(file)
    except ImportRefused:
        return
    for line in call_import.read(file, encoding):
        assert bool(line.call) != bool(line.problems)


async def test_the_demo_has_two_months_of_calls_before_its_clock() -> None:
    await households.new_contract(customer_number=demo_calls.CUSTOMER_NUMBER)
    await demo_calls.load()
    months = await database.rows(
        "SELECT service, to_char(started_at AT TIME ZONE 'Asia/Tokyo', 'YYYY-MM') AS month, count(*) AS calls"
        " FROM call GROUP BY 1, 2 ORDER BY 1, 2"
    )
    assert [tuple(row) for row in months] == [
        ("gate-call-050", "2026-01", 18),
        ("gate-call-050", "2026-02", 18),
        ("hikari-denwa", "2026-01", 24),
        ("hikari-denwa", "2026-02", 24),
    ]
