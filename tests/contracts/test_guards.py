"""What stops a feed."""

from __future__ import annotations

import pytest

from app.domain.contracts import guards
from app.domain.contracts.guards import Counts


@pytest.mark.parametrize(
    ("counts", "stopped"),
    [
        (Counts(20, closed=3), False),
        (Counts(20, closed=20), False),
        (Counts(21, closed=21), True),
        (Counts(400, closed=20), False),
        (Counts(420, closed=21), False),
        (Counts(419, closed=21), True),
        (Counts(419, closed=11, reopened=10), True),
        (Counts(30_000, closed=1_500), False),
        (Counts(30_000, closed=2_000), True),
        (Counts(500, changed=100), False),
        (Counts(505, changed=101), False),
        (Counts(504, changed=101), True),
        (Counts(100, emptied={"sex": 1}), False),
        (Counts(100, emptied={"sex": 2}), True),
        (Counts(99, emptied={"sex": 1}), True),
        (Counts(99_999, mails=500), False),
        (Counts(99_999, mails=501), True),
        (Counts(0, new=30_000), False),
    ],
)
def test_a_feed_is_stopped_beyond_its_bounds_and_not_at_them(counts: Counts, stopped: bool) -> None:
    assert bool(guards.reasons(counts)) is stopped


def test_all_reasons_are_named_with_their_numbers() -> None:
    counts = Counts(30_000, changed=7_000, closed=2_000, mails=501, emptied={"sex": 3_000, "fax": 301})
    assert guards.reasons(counts) == [
        "2,000 of 30,000 contracts would be closed or reopened",
        "7,000 of 30,000 contracts would change",
        "fax would be emptied in 301 of 30,000 contracts",
        "sex would be emptied in 3,000 of 30,000 contracts",
        "501 mails would be sent",
    ]
