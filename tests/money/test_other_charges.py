"""The lines of the operator's other charges: whatever was loaded when, the bills come to what counts last."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from app.domain.money import other_charges
from app.domain.money.other_charges import Version
from app.domain.months import Month

JANUARY, FEBRUARY, MARCH = Month(2026, 1), Month(2026, 2), Month(2026, 3)
LINE = Version(1, "line-1", FEBRUARY, "回線料", 4_400, 10, date(2026, 2, 1), date(2026, 2, 28))


def yens(versions: list[Version], month: Month) -> list[tuple[int, int]]:
    """Version and yen of each line."""
    return [(line.version.id, line.yen) for line in other_charges.bill(versions, month)]


def test_a_charge_stands_in_its_month_and_not_before() -> None:
    assert yens([LINE], JANUARY) == []
    (line,) = other_charges.bill([LINE], FEBRUARY)
    assert (line.entry.name, line.entry.yen, line.entry.late) == ("回線料", 4_400, False)
    assert (line.entry.started_on, line.entry.ended_on) == (date(2026, 2, 1), date(2026, 2, 28))
    assert yens(other_charges.carried([LINE], [line]), FEBRUARY) == []


def test_what_came_later_for_an_open_month_is_all_that_is_charged() -> None:
    assert yens([LINE, LINE._replace(id=2, yen=3_300)], FEBRUARY) == [(2, 3_300)]
    assert yens([LINE, LINE._replace(id=2, label="回線料（割引後）")], FEBRUARY) == [(2, 4_400)]
    assert yens([LINE, LINE._replace(id=2, yen=0)], FEBRUARY) == []


def test_another_amount_after_the_close_is_one_line_of_the_difference() -> None:
    billed = LINE._replace(written=4_400)
    (line,) = other_charges.bill([billed, LINE._replace(id=2, yen=3_300)], MARCH)
    assert (line.yen, line.entry.name, line.entry.late) == (-1_100, "回線料", True)
    assert yens([billed, LINE._replace(id=2, yen=0)], MARCH) == [(2, -4_400)]


def test_other_words_or_another_rate_take_the_old_line_back_and_charge_the_new_one() -> None:
    billed = LINE._replace(written=4_400)
    for other in (
        LINE._replace(tax_rate=8),
        LINE._replace(label="x"),
        LINE._replace(ended_on=date(2026, 2, 9)),
    ):
        assert yens([billed, other._replace(id=2)], MARCH) == [(1, -4_400), (2, 4_400)]
    assert yens([billed, LINE._replace(id=2, month=MARCH.next)], MARCH) == [(1, -4_400)]


def test_what_is_for_a_later_month_waits_unless_it_counts_no_more() -> None:
    later = LINE._replace(id=2, ref="line-2", month=MARCH)
    assert other_charges.settled([LINE, later], FEBRUARY) == [LINE]
    changed = later._replace(id=3, yen=1)
    assert other_charges.settled([LINE, later, changed], FEBRUARY) == [LINE, later]
    assert other_charges.settled([LINE, later, changed], MARCH) == [LINE, later, changed]


words = st.tuples(
    st.sampled_from(["a", "b"]),
    st.integers(0, 7),
    st.sampled_from(["回線", "通話"]),
    st.integers(-3, 3),
    st.sampled_from([8, 10]),
    st.integers(0, 7),
)


@given(st.lists(words, max_size=10))
def test_whatever_is_loaded_when_the_bills_come_to_what_counts_last(
    loads: list[tuple[str, int, str, int, int, int]],
) -> None:
    """`loads`: ref, month, label, yen, rate and the month whose close is the first that sees it."""
    months = [JANUARY.back(-nth) for nth in range(9)]
    known: list[Version] = []
    for nth, month in enumerate(months):
        known += [
            Version(len(known) + which, ref, months[at], label, yen, rate, None, None)
            for which, (ref, at, label, yen, rate, seen) in enumerate(one for one in loads if one[5] == nth)
        ]
        lines = other_charges.bill(known, month)
        assert len(lines) == len({line.version.id for line in lines})
        known = other_charges.carried(known, lines)
    last = {version.ref: version for version in known}
    balance: dict[object, int] = {}
    for version in known:
        balance[version.words] = balance.get(version.words, 0) + version.written
    owed = {version.words: version.yen for version in last.values() if version.yen}
    assert {key: yen for key, yen in balance.items() if yen} == owed
