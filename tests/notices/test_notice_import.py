"""The `notices` file: what is loaded, changed or left alone, and what is refused with which line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.domain import clock
from app.domain.imports import LONGEST_JSON, ImportRefused, Problem
from app.domain.notices import notice_import
from app.domain.notices.notice_import import NoticesImported
from app.postgres import database
from tests import households
from tests.notices.filed import load, notice

pytestmark = pytest.mark.usefixtures("empty_database")


async def rows() -> list[dict[str, Any]]:
    return [dict(row) for row in await database.rows("SELECT * FROM notice ORDER BY id")]


async def refusal(folder: Path, *given: dict[str, Any] | str | bytes) -> list[Problem]:
    """What is wrong with the lines; nothing was loaded."""
    before = await rows()
    with pytest.raises(ImportRefused) as refused:
        await load(folder, *given)
    assert await rows() == before
    return refused.value.problems


async def test_notices_are_loaded_as_they_stand_in_the_file(tmp_path: Path) -> None:
    first = notice(
        starts_at="2026-01-10T09:00", ends_at=None, buildings=["B002", "B001", "B001"], text="一\n\n二\n"
    )
    second = notice(
        "別の障害", kind="maintenance", severity="critical", starts_at="2026-01-10T00:00:00+00:00"
    )
    assert await load(tmp_path, first, "", second) == NoticesImported(2, 0, 0, ("B001", "B002"))
    one, two = await rows()
    assert one["starts_at"] == two["starts_at"]  # without an offset it is Asia/Tokyo
    assert (one["ends_at"], one["buildings"], one["body"]) == (None, ["B001", "B002"], "一\n\n二")
    assert (two["kind"], two["severity"], two["buildings"]) == ("maintenance", "critical", None)


async def test_the_same_file_twice_changes_nothing(tmp_path: Path) -> None:
    file = [notice(), notice("二つ目")]
    await load(tmp_path, *file)
    before = await rows()
    assert await load(tmp_path, *file) == NoticesImported(0, 0, 2)
    assert await rows() == before


async def test_a_notice_that_is_known_again_is_changed_and_the_others_stay(tmp_path: Path) -> None:
    open_end, other = notice(end=None), notice("二つ目")
    await load(tmp_path, open_end, other)
    ended = {**open_end, "ends_at": clock.now().isoformat(), "severity": "warning"}
    assert await load(tmp_path, ended) == NoticesImported(0, 1, 0)
    one, two = await rows()
    assert (one["severity"], one["ends_at"] is None, two["title"]) == ("warning", False, "二つ目")


async def test_a_changed_notice_opens_again_where_it_was_closed_and_only_there(tmp_path: Path) -> None:
    told, quiet = notice(), notice("二つ目")
    await load(tmp_path, told, quiet)
    await households.new_session(await households.new_contract())
    await database.rows("UPDATE session SET dismissed = ARRAY(SELECT id FROM notice)")
    await load(tmp_path, {**told, "text": "復旧しました。"}, quiet)
    kept = await database.rows("SELECT n.title FROM session s JOIN notice n ON n.id = ANY (s.dismissed)")
    assert [row["title"] for row in kept] == ["二つ目"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"kind": "news"}, "kind: must be one of outage, maintenance"),
        ({"severity": "high"}, "severity: must be one of critical, warning, info"),
        ({"title": " "}, "title: must be 1 to 200 visible characters"),
        ({"title": "一\b二"}, "title: must be 1 to 200 visible characters (character 2 is U+0008)"),
        ({"text": ""}, "text: must be 1 to 4,000 characters, with line breaks where wanted"),
        ({"text": "字" * 4_001}, "text: must be 1 to 4,000 characters, with line breaks where wanted"),
        (
            {"text": "一\n二\x1b[31m"},
            "text: must be 1 to 4,000 characters, with line breaks where wanted (character 2 of line 2 is U+001B)",
        ),
        (
            {"starts_at": "tomorrow"},
            "starts_at: must be a moment as 2026-01-10T09:00, in Asia/Tokyo unless it has an offset",
        ),
        (
            {"ends_at": "9999-12-31T23:59"},
            "ends_at: must be a moment as 2026-01-10T09:00, in Asia/Tokyo unless it has an offset",
        ),
        (
            {"starts_at": "2026-01-10T09:00", "ends_at": "2026-01-10T09:00"},
            "ends_at: must be after starts_at, or null while the end is not known",
        ),
        ({"buildings": ["B001", ""]}, "buildings: must be 1 to 200 visible characters"),
        ({"buildings": "B001"}, "buildings: Expected `array | null`, got `str`"),
        ({"colour": "red"}, "Object contains unknown field `colour`"),
    ],
)
async def test_a_bad_line_is_named_with_what_must_be(
    tmp_path: Path, changes: dict[str, Any], reason: str
) -> None:
    assert await refusal(tmp_path, notice(), {**notice("二つ目"), **changes}) == [Problem(2, reason)]


async def test_every_bad_line_is_listed_and_nothing_is_loaded(tmp_path: Path) -> None:
    found = await refusal(
        tmp_path,
        "{",
        b'"\xff"',
        notice(kind="x", severity="y"),
        notice(),
        "[" * 5_000,
        b"x" * (LONGEST_JSON + 9),
    )
    assert [problem.line for problem in found] == [1, 2, 3, 3, 5, 6]
    assert found[5].reason == "longer than 65536 bytes: write one notice a line"


async def test_the_same_notice_twice_in_a_file_is_refused(tmp_path: Path) -> None:
    one = notice()
    (problem,) = await refusal(tmp_path, one, notice("二つ目"), {**one, "severity": "critical"})
    assert problem == Problem(3, "the same kind, title and starts_at stand on line 1 already; keep one")


async def test_another_kind_of_file_is_given_up_early(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notice_import, "MOST", 3)
    found = await refusal(tmp_path, *(notice(f"{number}") for number in range(9)))
    assert found == [Problem(4, "more than 3 notices: split the file")]


# --- an id, and what it corrects ----------------------------------------------------------------------------------------


async def test_an_id_corrects_everything_of_its_notice_and_its_banner_opens_again(tmp_path: Path) -> None:
    first = notice(id="O-17", services=["インターネット"], state="発生", buildings=["B001"])
    await load(tmp_path, first)
    await households.new_session(await households.new_contract())
    await database.rows("UPDATE session SET dismissed = ARRAY(SELECT id FROM notice)")
    right = notice("正しい題", start=-3, id="O-17", kind="maintenance", severity="critical", buildings=None)
    assert (await load(tmp_path, right)).changed == 1
    (one,) = await rows()
    assert (one["title"], one["kind"], one["severity"], one["buildings"]) == (
        *("正しい題", "maintenance", "critical"),
        None,
    )
    assert (one["services"], one["state"]) == (None, None)
    (session,) = await database.rows("SELECT dismissed FROM session")
    assert session["dismissed"] == []
    assert await load(tmp_path, right) == NoticesImported(0, 0, 1)


@pytest.mark.parametrize(
    "changes",
    [
        {"title": "別の題"},
        {"text": "別の本文"},
        {"severity": "critical"},
        {"ends_at": "2030-01-01T00:00"},
        {"buildings": ["B001"]},
        {"services": ["電話"]},
        {"state": "復旧"},
        {"emergency_calls": "110番へつながりません。"},
        {"updated_at": "2026-01-10T09:30"},
        {"next_update_at": "2026-01-10T10:30"},
        {"withdrawn": True},
    ],
)
@pytest.mark.parametrize("identity", [{"id": "O-17"}, {}])
async def test_whatever_differs_is_a_change_and_the_same_again_is_none(
    tmp_path: Path, changes: dict[str, Any], identity: dict[str, str]
) -> None:
    first = {**notice(), **identity}
    await load(tmp_path, first)
    if not identity and "title" in changes:
        assert (await load(tmp_path, {**first, **changes})).new == 1
        return
    assert await load(tmp_path, {**first, **changes}) == NoticesImported(
        0, 1, 0, ("B001",) if "buildings" in changes else ()
    )
    before = await rows()
    assert (await load(tmp_path, {**first, **changes})).already_there == 1
    assert await rows() == before


async def test_a_notice_from_before_gets_its_id_and_keeps_it(tmp_path: Path) -> None:
    first = notice()
    await load(tmp_path, first)
    assert (await load(tmp_path, {**first, "id": "O-17"})).changed == 1
    assert (await load(tmp_path, first)).already_there == 1
    (one,) = await rows()
    assert one["identity"] == "O-17"


async def test_a_notice_cannot_become_another_one(tmp_path: Path) -> None:
    one, two, bare = notice(id="O-1"), notice("二つ目", id="O-2"), notice("三つ目")
    await load(tmp_path, one, two, bare)
    taken = "id: the notice {} has this kind, title and starts_at; change one of them"
    assert await refusal(tmp_path, two, {**two, "id": "O-1"} | {"starts_at": two["starts_at"]}) == [
        Problem(2, "the same kind, title and starts_at stand on line 1 already; keep one")
    ]
    assert await refusal(tmp_path, {**two, "id": "O-1"}) == [Problem(1, taken.format("O-2"))]
    assert await refusal(tmp_path, {**bare, "id": "O-1"}) == [Problem(1, taken.format("without an id"))]
    assert await refusal(tmp_path, one, {**bare, "id": "O-1"}) == [
        Problem(2, "the same id stands on line 1 already; keep one")
    ]


async def test_what_is_withdrawn_is_kept_with_its_moment_and_may_come_back(tmp_path: Path) -> None:
    first = notice(id="O-17")
    await load(tmp_path, first)
    await load(tmp_path, {**first, "withdrawn": True})
    (one,) = await rows()
    moment = one["withdrawn_at"]
    assert moment is not None
    await load(tmp_path, {**first, "withdrawn": True, "text": "誤報でした。"})
    assert [row["withdrawn_at"] for row in await rows()] == [moment]
    await load(tmp_path, first)
    assert [row["withdrawn_at"] for row in await rows()] == [None]


async def test_buildings_that_no_contract_is_in_are_named(tmp_path: Path) -> None:
    await households.new_contract(building="B001")
    file = [notice(buildings=["B001", "B0O1"]), notice("二つ目", buildings=["Z9", "B0O1"]), notice("三つ目")]
    assert (await load(tmp_path, *file)).unknown_buildings == ("B0O1", "Z9")
    assert (await load(tmp_path, *file)).unknown_buildings == ("B0O1", "Z9")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"id": "O 17"}, "id: must be 1 to 64 signs of ASCII without blanks"),
        ({"id": ""}, "id: must be 1 to 64 signs of ASCII without blanks"),
        ({"state": "調査中"}, "state: must be one of 発生, 復旧"),
        (
            {"state": "復旧", "ends_at": None},
            "state: 復旧 needs ends_at, the moment since when it works again",
        ),
        ({"services": ["電話", " "]}, "services: must be 1 to 200 visible characters"),
        ({"emergency_calls": ""}, "emergency_calls: must be 1 to 200 visible characters"),
        (
            {"next_update_at": "soon"},
            "next_update_at: must be a moment as 2026-01-10T09:00, in Asia/Tokyo unless it has an offset",
        ),
        ({"withdrawn": "yes"}, "withdrawn: Expected `bool`, got `str`"),
    ],
)
async def test_what_is_told_of_an_outage_is_judged_too(
    tmp_path: Path, changes: dict[str, Any], reason: str
) -> None:
    assert await refusal(tmp_path, {**notice(), **changes}) == [Problem(1, reason)]
