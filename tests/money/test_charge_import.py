"""The `charges` file: what is loaded, what is refused with which line, and what becomes of a ref that is loaded again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain import clock
from app.domain.imports import RESAVED, ImportRefused, examined
from app.domain.money import charge_import, issuing
from app.domain.money.charge_import import EXAMPLE, HEADING, ChargesImported, import_charges
from app.domain.months import Month
from app.postgres import database
from tests import households
from tests.money.steps import close, tokyo

NUMBER, OTHER_NUMBER = "70000000000001", "70000000000002"
HEAD = ",".join(HEADING)
GOOD = f"line-1,{NUMBER},2026-02,回線料,4400,10,2026/02/01-2026/02/28"

pytestmark = pytest.mark.usefixtures("empty_database")


@pytest.fixture(autouse=True)
async def contracts(empty_database: str) -> tuple[int, int]:
    """Two contracts; the day is 2026-03-02."""
    clock.start_at(tokyo("2026-03-02T09:00"))
    return (
        await households.new_contract(customer_number=NUMBER),
        await households.new_contract(customer_number=OTHER_NUMBER),
    )


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Writes a file of these lines after the heading."""

    def file(*lines: str, encoding: str = "utf-8", heading: str = HEAD) -> Path:
        path = tmp_path / "charges.csv"
        path.write_bytes("".join(f"{line}\r\n" for line in (heading, *lines) if line).encode(encoding))
        return path

    return file


async def load(path: Path) -> ChargesImported:
    return await import_charges(path, lambda _: None)


async def refused(path: Path) -> list[tuple[int, str]]:
    """Lines and reasons; nothing was loaded."""
    before = await history()
    with pytest.raises(ImportRefused) as error:
        await load(path)
    assert await history() == before
    return [(problem.line, problem.reason) for problem in error.value.problems]


async def history() -> list[tuple[Any, ...]]:
    """Every version that was loaded: ref, last digit of the customer number, month, label, yen, percent, days."""
    rows = await database.rows(
        "SELECT ref, right(customer_number, 1), month, label, yen, tax_rate, started_on, ended_on"
        " FROM other_charge o JOIN contract c ON c.id = o.contract ORDER BY o.id"
    )
    return [(*row[:2], row["month"].month, *row[3:]) for row in rows]


async def billed() -> list[tuple[Any, ...]]:
    """The ledger: bill, last digit of the customer number, month, name, yen, percent."""
    rows = await database.rows(
        "SELECT billed, right(customer_number, 1), month, name, yen, tax_rate"
        " FROM charge h JOIN contract c ON c.id = h.contract ORDER BY h.id"
    )
    return [(row["billed"].month, row[1], row["month"].month, *row[3:]) for row in rows]


FEBRUARY = date(2026, 2, 1), date(2026, 2, 28)


async def test_a_charge_is_loaded_and_billed_in_its_month(write: Callable[..., Path]) -> None:
    other = f"less-1,{OTHER_NUMBER},2026-02,ご紹介　割引,-550,8,"
    assert await load(write(GOOD, other)) == ChargesImported(new=2, changed=0, same=0, corrections=0)
    assert await history() == [
        ("line-1", "1", 2, "回線料", 4_400, 10, *FEBRUARY),
        ("less-1", "2", 2, "ご紹介　割引", -550, 8, None, None),
    ]
    await close("2026-02")
    assert await billed() == [(2, "1", 2, "回線料", 4_400, 10), (2, "2", 2, "ご紹介　割引", -550, 8)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
async def test_utf_8_and_cp932_and_full_width_signs_are_read(
    write: Callable[..., Path], encoding: str
) -> None:
    wide = "ｌｉｎｅ－１,７００００００００００００１,２０２６/２,回線料,－４４００,１０％,２０２６/２/１～２０２６/２/２８"
    await load(write(wide, encoding=encoding))
    assert await history() == [("line-1", "1", 2, "回線料", -4_400, 10, *FEBRUARY)]


@pytest.mark.parametrize(
    ("period", "days"),
    [
        ("", (None, None)),
        ("2026-02", FEBRUARY),
        ("2026/02/01", (date(2026, 2, 1), date(2026, 2, 1))),
        *((f"2026-02-01{sign}2026-02-28", FEBRUARY) for sign in ("/", "..", "~", " - ", "〜", "～", "–")),
    ],
)
async def test_a_period_is_a_month_a_day_two_days_or_nothing(
    write: Callable[..., Path], period: str, days: tuple[date | None, date | None]
) -> None:
    await load(write(GOOD.replace("2026/02/01-2026/02/28", period)))
    assert (await history())[0][-2:] == days


async def test_the_same_file_twice_changes_nothing(write: Callable[..., Path]) -> None:
    await load(write(GOOD))
    before = await history()
    assert await load(write(GOOD)) == ChargesImported(new=0, changed=0, same=1, corrections=0)
    await close("2026-02")
    assert await load(write(GOOD)) == ChargesImported(new=0, changed=0, same=1, corrections=0)
    assert await history() == before
    clock.start_at(tokyo("2026-04-02T09:00"))
    await close("2026-03")
    assert len(await billed()) == 1


async def test_other_contents_in_an_open_month_replace_it_and_both_stay_in_history(
    write: Callable[..., Path],
) -> None:
    await load(write(GOOD))
    changed = GOOD.replace("4400", "3300").replace("回線料", "回線料（割引後）")
    assert await load(write(changed)) == ChargesImported(new=0, changed=1, same=0, corrections=0)
    assert [(line[3], line[4]) for line in await history()] == [
        ("回線料", 4_400),
        ("回線料（割引後）", 3_300),
    ]
    await close("2026-02")
    assert await billed() == [(2, "1", 2, "回線料（割引後）", 3_300, 10)]


async def test_in_a_closed_month_it_is_a_correction_line_of_the_open_one(write: Callable[..., Path]) -> None:
    await load(write(GOOD))
    await close("2026-02")
    late = GOOD.replace("line-1", "line-2").replace("回線料", "通話料")
    done = await load(write(GOOD.replace("4400", "3300"), late))
    assert done == ChargesImported(new=1, changed=1, same=0, corrections=2)
    clock.start_at(tokyo("2026-04-02T09:00"))
    await close("2026-03")
    assert (await billed())[1:] == [(3, "1", 2, "回線料", -1_100, 10), (3, "1", 2, "通話料", 4_400, 10)]


async def test_nothing_is_charged_any_more_at_0_yen(write: Callable[..., Path]) -> None:
    await load(write(GOOD))
    await load(write(GOOD.replace("4400", "0")))
    await close("2026-02")
    assert await billed() == []


async def test_a_ref_that_moves_to_another_contract_is_taken_back_from_the_one_before(
    write: Callable[..., Path],
) -> None:
    await load(write(GOOD))
    await close("2026-02")
    moved = GOOD.replace(NUMBER, OTHER_NUMBER)
    assert await load(write(moved)) == ChargesImported(new=0, changed=1, same=0, corrections=1)
    assert await load(write(moved)) == ChargesImported(new=0, changed=0, same=1, corrections=0)
    clock.start_at(tokyo("2026-04-02T09:00"))
    await close("2026-03")
    assert sorted((await billed())[1:]) == [
        (3, "1", 2, "回線料", -4_400, 10),
        (3, "2", 2, "回線料", 4_400, 10),
    ]
    assert await load(write(GOOD)) == ChargesImported(new=0, changed=1, same=0, corrections=1)
    clock.start_at(tokyo("2026-05-02T09:00"))
    await close("2026-04")
    assert sorted((await billed())[3:]) == [
        (4, "1", 2, "回線料", 4_400, 10),
        (4, "2", 2, "回線料", -4_400, 10),
    ]


async def test_what_is_loaded_while_a_batch_is_being_closed_is_not_lost(
    write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    await load(write(GOOD))
    read = issuing.open_others

    async def read_and_load(*given: Any) -> Any:
        found = await read(*given)
        connection = await asyncpg.connect(**database.engine().config)
        await connection.execute(
            "INSERT INTO other_charge (ref, contract, month, label, yen, tax_rate, loaded_at)"
            " SELECT 'line-2', contract, month, label, yen, tax_rate, loaded_at FROM other_charge"
        )
        await connection.close()
        return found

    monkeypatch.setattr(issuing, "open_others", read_and_load)
    await close("2026-02")
    monkeypatch.undo()
    clock.start_at(tokyo("2026-04-02T09:00"))
    await close("2026-03")
    assert [line[:3] for line in await billed()] == [(2, "1", 2), (3, "1", 2)]


WRONG = [
    ("line-1", "", "ref: must be"),
    ("line-1", "line 1", "ref: must be"),
    ("line-1", "r" * 65, "ref: must be"),
    ("line-1", "回線-1", "ref: must be"),
    (NUMBER, "7000000000000", "customer_number: must be 14 digits"),
    (NUMBER, "7E+13", "customer_number: must be 14 digits"),
    ("2026-02", "2026-13", "month: must be a month as 2026-01, from 2026-02 to 2027-03"),
    ("2026-02", "2026-01", "month: must be"),
    ("2026-02", "2027-04", "month: must be"),
    ("2026-02", "Feb-26", "month: must be"),
    ("回線料", "", "label: must be"),
    ("回線料", "\u3164", "label: must be"),
    ("回線料", "回線\ue000料", "label: must be"),
    ("回線料", "あ" * 61, "label: must be"),
    ("4400", "4400.5", "yen: must be"),
    ("4400", '"4,400"', "yen: must be"),
    ("4400", "10000001", "yen: must be"),
    ("4400", "", "yen: must be"),
    (",10,", ",,", "tax_rate: must be one of 0, 5, 8, 10"),
    (",10,", ",0.1,", "tax_rate: must be"),
    (",10,", ",7,", "tax_rate: must be"),
    ("2026/02/28", "2026/02/29", "period: must be"),
    ("2026/02/28", "2026/01/31", "period: must be"),
    ("2026/02/01-2026/02/28", "二月分", "period: must be"),
    (",10,", ",10,x,", "must be 7 columns"),
    (GOOD, '"', "must be 7 columns"),
    (GOOD, "x" * 1_001, "is longer than 1,000 characters"),
]


async def test_a_bad_line_is_named_with_its_reason_and_nothing_is_loaded(write: Callable[..., Path]) -> None:
    other = GOOD.replace("line-1", "line-2")
    said = await refused(write(other, *(GOOD.replace(old, new, 1) for old, new, _ in WRONG)))
    assert [line for line, _ in said] == list(range(3, 3 + len(WRONG)))
    for (_, reason), (_, new, expected) in zip(said, WRONG, strict=True):
        assert reason.startswith(expected), new


@pytest.mark.parametrize(
    ("label", "kept"),
    [
        ("\u200b回線\ufeff料\u00ad", "回線料"),
        ("　回線\u202e料\u2800 ", "回線料"),
        ("か゛す料金", "がす料金"),
        ("か\u3099す料金", "がす料金"),
        ("ｶﾞｽ料金", "ｶﾞｽ料金"),
        ("👨\u200d👩\u200d👧 家族割", "👨\u200d👩\u200d👧 家族割"),
        ("葛\U000e0100城", "葛\U000e0100城"),
        ("👨\u200d👩\u200d👧" * 60, "👨\u200d👩\u200d👧" * 60),
        ("あ" * 60, "あ" * 60),
    ],
)
async def test_a_label_is_read_as_every_field_of_a_form_is(
    write: Callable[..., Path], label: str, kept: str
) -> None:
    await load(write(GOOD.replace("回線料", label)))
    assert (await history())[0][3] == kept
    assert (await load(write(GOOD.replace("回線料", kept)))).same == 1
    await close("2026-02")
    assert (await billed())[0][3] == kept


@pytest.mark.parametrize(
    ("label", "sign"),
    [
        ("回線\ue000料", " (character 3 is U+E000)"),
        ("\u3164\u2800", ""),
        ("👨\u200d👩\u200d👧" * 61, ""),
    ],
)
async def test_a_label_that_is_none_is_named_with_its_sign(
    write: Callable[..., Path], label: str, sign: str
) -> None:
    said = f"label: must be 1 to 60 visible characters{sign}"
    assert await refused(write(GOOD.replace("回線料", label))) == [(2, said)]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        *((NUMBER, number) for number in ("7E+13", "7.0E+13", "7000000000001", "70000001")),
        *(
            (",2026-02,", f",{month},")
            for month in ("Feb-26", "Feb-2026", "2026/2/1", "2026-02-01", "2026/2/1 0:00", "2/1/2026", "46054", "1-Feb")
        ),
        *(
            ("2026/02/01-2026/02/28", days)
            for days in ("2026/3/1 0:00", "2026-03-01 0:00:00", "Feb-26", "2月10日", "2/10/26", "46054")
        ),
        *(("line-1", ref) for ref in ("1.23E+11", "Feb-26", "10-Jan")),
        (",4400,", ",4.4E+03,"),
    ],
)  # fmt: skip
async def test_cells_that_a_spreadsheet_has_rewritten_are_named_so(
    write: Callable[..., Path], old: str, new: str
) -> None:
    [(_, reason)] = await refused(write(GOOD.replace(old, new)))
    assert reason.endswith(RESAVED)


@pytest.mark.slow
async def test_what_is_wrong_otherwise_is_not_blamed_on_a_spreadsheet(write: Callable[..., Path]) -> None:
    for old, new in (
        *((NUMBER, number) for number in ("700000000000011", "7000000000000X", "0700", "")),
        *((",2026-02,", f",{month},") for month in ("2026-13", "2025-02", "二月", "")),
        *(("2026/02/01-2026/02/28", days) for days in ("2026/02/29", "2026/02/28-2026/02/01", "x")),
        ("4400", "4400.5"),
    ):
        [(_, reason)] = await refused(write(GOOD.replace(old, new)))
        assert "spreadsheet" not in reason, new


@pytest.mark.parametrize("ref", ["12e3", "123E45", "feb-26", "46054", "2026-02", "2026/2/1", "7000000000001"])
async def test_a_ref_may_look_like_a_number_or_a_day(write: Callable[..., Path], ref: str) -> None:
    assert (await load(write(GOOD.replace("line-1", ref)))).new == 1


async def test_the_heading_is_known_again_however_it_is_written(write: Callable[..., Path]) -> None:
    wide = ",".join(f"\u200b{name} " for name in HEADING).replace("ref", "ｒｅｆ")
    assert (await load(write(GOOD, heading=wide))).new == 1


async def test_a_ref_twice_and_a_contract_that_is_not_there_are_refused(write: Callable[..., Path]) -> None:
    stray = GOOD.replace("line-1", "line-2").replace(NUMBER, "70000000000009")
    assert await refused(write(GOOD, GOOD.replace("4400", "1"), stray)) == [
        (3, "ref: stands on line 2 already; keep one of the two"),
        (4, "customer_number: there is no such contract"),
    ]


async def test_a_month_is_not_before_the_ledger(write: Callable[..., Path]) -> None:
    early = GOOD.replace("2026-02,", "2026-01,")
    ((_, reason),) = await refused(write(early))
    assert "from 2026-02 to" in reason
    await database.rows(
        "INSERT INTO service_period (contract, product, started_at) SELECT id, 'remote-support', $1 FROM contract LIMIT 1",
        datetime(2026, 1, 5, tzinfo=UTC),
    )
    await load(write(early))
    await close("2026-01")
    assert await billed() == [(1, "1", 1, "回線料", 4_400, 10)]


async def test_two_imports_of_one_file_at_once_load_it_once(write: Callable[..., Path]) -> None:
    file = write(GOOD)
    done = await asyncio.gather(load(file), load(file))
    assert sorted(one.new for one in done) == [0, 1]
    assert len(await history()) == 1


async def test_the_example_is_a_file_that_can_be_loaded(write: Callable[..., Path]) -> None:
    await households.new_contract(customer_number="90000000000000")
    assert (await load(write(*EXAMPLE, heading=""))).new == len(EXAMPLE) - 1


@pytest.mark.slow
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.binary(max_size=60) | st.text(max_size=40).map(str.encode), max_size=5))
def test_whatever_a_file_holds_is_read_or_refused(tmp_path: Path, lines: list[bytes]) -> None:
    file = tmp_path / "any.csv"
    file.write_bytes(b"\n".join(lines))
    try:
        encoding, _ = examined(file)
    except ImportRefused:
        return
    for line in charge_import.read(file, encoding, (Month(2026, 1), Month(2026, 3))):
        assert bool(line.charge) != bool(line.problems)
