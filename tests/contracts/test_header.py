"""The first line of a feed; what is refused by it: tests/contracts/test_feeding.py."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.domain import clock
from app.domain.contracts import file, header
from app.domain.contracts.header import Header
from app.domain.imports import ImportRefused
from tests.contracts.lines import as_bytes, contract


@pytest.mark.parametrize(
    ("line", "is_one"),
    [
        (b'{"feed":"contracts"}', True),
        (b' {"lines":1,"feed":7}\r', True),
        (as_bytes(contract(1)), False),
        (b'["feed"]', False),
        (b"{", False),
        (b"\xff", False),
        (b"[" * 50_000, False),
    ],
)
def test_a_line_is_a_header_where_it_names_its_feed(line: bytes, is_one: bool) -> None:
    assert header.is_header(line) is is_one


def test_all_that_is_wrong_with_one_is_named() -> None:
    wrong = Header("customers", "soon", 3, 0)
    assert [problem.split(":")[0] for problem in header.problems(wrong, 2, None)] == [
        "feed",
        "made_at",
        "lines",
        "sequence",
    ]
    right = Header("contracts", "2026-01-10T02:00", 2, 7)
    assert header.problems(right, 2, None) == []
    for lines in (1, 3):
        assert [problem.split(":")[0] for problem in header.problems(right, lines, None)] == ["lines"]
    later = (clock.now() + header.AHEAD + timedelta(minutes=1)).isoformat()
    wrong = Header("contracts", later, 2, header.LAST + 1)
    assert [problem.split(":")[0] for problem in header.problems(wrong, 2, None)] == ["made_at", "sequence"]
    assert right.moment == datetime(2026, 1, 9, 17, tzinfo=UTC)


def test_one_with_a_name_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "feed.jsonl"
    path.write_bytes(b'\n{"feed":"contracts","made_at":"2026-01-10","lines":0,"sequence":1,"more":1}\n')
    with pytest.raises(ImportRefused, match="line 2: Object contains unknown field `more`"):
        file.header(path)
