"""Life after the import: a feed is compared, planned, stopped or applied; what members and the desk changed stays."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.domain import clock, tables
from app.domain.changes import history
from app.domain.contracts import feeding, guards, holding
from app.domain.contracts.feeding import Asked, Moved, Stopped, feed_contracts
from app.domain.contracts.importing import import_contracts
from app.domain.contracts.plans import Plan
from app.domain.imports import ImportRefused
from app.postgres import database
from tests.contracts.lines import ABSENT, account, contract, lines
from tests.households import log_in
from tests.mail.steps import mails

pytestmark = pytest.mark.usefixtures("empty_database")

Line = dict[str, Any]
NIGHT = datetime(2026, 1, 10, 2, 0, tzinfo=clock.TOKYO)


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Writes a file of these lines, with a header where a sequence is given."""

    def file(*given: Line, sequence: int | None = None, made_at: str = "2026-01-10T01:00") -> Path:
        path = tmp_path / "feed.jsonl"
        head = {"feed": "contracts", "made_at": made_at, "lines": len(given), "sequence": sequence}
        path.write_bytes(lines(*([head] if sequence else []), *given))
        return path

    return file


async def load(path: Path) -> None:
    await import_contracts(path, lambda _: None)


async def feed(path: Path, **asked: Any) -> Plan:
    return await feed_contracts(path, lambda _: None, Asked(**asked))


async def value(field: str, number: int = 1) -> Any:
    found = await database.rows(f"SELECT {field} FROM contract WHERE customer_number = $1", f"{number:014}")
    return found[0][0]


async def everything() -> dict[str, list[Any]]:
    names = [table._meta.tablename for table in tables.TABLES]
    return {
        name: sorted(str(dict(row)) for row in await database.rows(f"SELECT * FROM {name}")) for name in names
    }


# --- what differs ---


@pytest.mark.slow
async def test_a_difference_is_a_change_by_the_operator_in_the_history_and_mailed_where_it_is_name_or_address(
    write: Callable[..., Path],
) -> None:
    await load(write(contract(1), contract(2), contract(3)))
    moved = contract(1, holder__address="大阪府大阪市例示区1-2-3", building="B777")
    plan = await feed(write(moved, contract(2, holder__sex="男性"), contract(3)))
    assert plan.summary == (
        "0 new, 2 changed, 0 closed, 0 reopened, 0 held, 0 for somebody to decide (照合), 1 mails"
    )
    assert (await value("address"), await value("building")) == ("大阪府大阪市例示区1-2-3", "B777")
    assert await value("sex", 2) == "男性"
    (told,) = await mails()
    assert "項目：設置先住所" in told["body"]
    assert "大阪" not in told["body"]
    member = await log_in(1)
    (change,) = await history.history(member)
    assert (change.name, change.asker) == ("運営会社による変更", "運営会社")
    assert change.receipt
    assert [(row.label, row.value) for row in change.receipt.rows] == [
        ("設置先住所", "大阪府大阪市例示区1-2-3"),
        ("建物", "B777"),
    ]
    assert change.receipt.rows[1].before == "B001"
    assert change.receipt.mailed == ("連絡用メールアドレス",)


@pytest.mark.slow
async def test_the_same_feed_again_changes_nothing(write: Callable[..., Path]) -> None:
    await load(write(contract(1), contract(2)))
    path = write(contract(1, building="B777"), contract(2), contract(3))
    first = await feed(path)
    assert (first.counts.new, first.counts.changed) == (1, 1)
    before = await everything()
    again = await feed(path)
    assert again.counts.nothing
    after = await everything()
    before.pop("feed_run"), after.pop("feed_run")
    assert after == before


async def test_what_is_not_in_the_feed_stays_as_it_is(write: Callable[..., Path]) -> None:
    await load(write(contract(1), contract(2)))
    before = await everything()
    await feed(write(contract(1)))
    after = await everything()
    before.pop("feed_run"), after.pop("feed_run")
    assert after == before


async def test_a_dry_run_says_what_would_be_done_and_does_nothing(write: Callable[..., Path]) -> None:
    await load(write(contract(1)))
    before = await everything()
    plan = await feed(write(contract(1, building="B777"), contract(2)), dry_run=True)
    assert await everything() == before
    said = "\n".join(plan.lines())
    assert f"{1:014}: building (建物): B001 -> B777" in said
    assert f"{2:014}: new" in said
    assert f"digest: {plan.digest}" in said


@pytest.mark.slow
async def test_a_card_with_a_token_is_replaced_and_one_without_says_nothing(
    write: Callable[..., Path],
) -> None:
    await load(write(contract(1)))
    await feed(write(contract(1, card__last4="1111")))
    assert (await database.rows("SELECT last4 FROM card"))[0][0] == "0000"
    renewed = contract(1, card__last4="2222", card__token="pm_1", card__payer="cus_1")
    await feed(write(renewed))
    assert tuple((await database.rows("SELECT last4, token, payer FROM card"))[0]) == (
        "2222",
        "pm_1",
        "cus_1",
    )
    await database.rows("UPDATE card SET last4 = '3333', token = 'pm_of_member'")
    await feed(write(renewed | {"building": "B777"}))
    assert (await database.rows("SELECT token FROM card"))[0][0] == "pm_of_member"
    newer = contract(1, card__last4="4444", card__token="pm_2", card__payer="cus_1")
    plan = await feed(write(newer))
    assert plan.counts.cases == 1
    assert (await database.rows("SELECT token FROM card"))[0][0] == "pm_of_member"


async def test_a_card_that_a_member_registered_before_the_feed_ever_named_one_stays(
    write: Callable[..., Path],
) -> None:
    await load(write(contract(1)))
    await database.rows("UPDATE card SET token = 'pm_of_member'")
    plan = await feed(write(contract(1, card__token="pm_1", card__payer="cus_1")))
    assert plan.counts.cases == 1
    assert (await database.rows("SELECT token FROM card"))[0][0] == "pm_of_member"


# --- whose a field is ---


async def test_contact_details_are_the_members_unless_the_feed_is_given_them(
    write: Callable[..., Path],
) -> None:
    await load(write(contract(1, holder__email="old@example.jp")))
    changed = contract(1, holder__phone="03-1111-1111", holder__email="new@example.jp")
    assert (await feed(write(changed))).counts.nothing
    plan = await feed(write(changed), contact=True)
    assert plan.counts.changed == 1
    assert (await value("phone"), await value("email")) == ("03-1111-1111", "new@example.jp")
    assert {mail["recipient"] for mail in await mails()} == {"old@example.jp", "new@example.jp"}
    assert plan.mails == 2


async def test_what_a_member_changed_is_not_put_back_by_what_the_feed_said_before(
    write: Callable[..., Path],
) -> None:
    await load(write(contract(1, holder__phone="03-0000-0001")))
    await database.rows("UPDATE contract SET phone = '03-0000-0002'")
    await feed(write(contract(1, holder__phone="03-0000-0001", building="B777")), contact=True)
    assert await value("phone") == "03-0000-0002"
    plan = await feed(write(contract(1, holder__phone="03-0000-0003", building="B777")), contact=True)
    assert plan.counts.cases == 1
    assert await value("phone") == "03-0000-0002"
    (case,) = await database.rows("SELECT id, field, offered, reason FROM feed_case")
    assert tuple(case)[1:] == ("phone", "03-0000-0003", "third")
    await holding.settle(case["id"], for_feed=True, now=clock.now())
    assert await value("phone") == "03-0000-0003"


@pytest.mark.slow
async def test_a_field_that_the_desk_changed_is_held_until_the_feed_says_the_same(
    write: Callable[..., Path],
) -> None:
    await load(write(contract(1)))
    await holding.change_at_desk(1, {"building": "B555"}, clock.now())
    plan = await feed(write(contract(1, contract_type="新タイプ")))
    assert (plan.counts.held, plan.counts.changed) == (1, 1)
    assert await value("building") == "B555"
    await feed(write(contract(1, contract_type="新タイプ", building="B555")))
    assert await tables.FieldHold.count() == 0
    await feed(write(contract(1, contract_type="新タイプ", building="B001")))
    assert await value("building") == "B001"


@pytest.mark.slow
async def test_a_third_value_and_fourteen_days_are_a_case_for_somebody(write: Callable[..., Path]) -> None:
    clock.start_at(NIGHT)
    await load(write(contract(1), contract(2)))
    for key in (1, 2):
        await holding.change_at_desk(key, {"building": "B555"}, clock.now())
    await feed(write(contract(1, building="B999"), contract(2)))
    assert await value("building") == "B555"
    clock.start_at(NIGHT + timedelta(days=14, minutes=1))
    plan = await feed(write(contract(1, building="B999"), contract(2)))
    assert plan.counts.cases == 1
    cases = await database.rows("SELECT contract, offered, reason FROM feed_case ORDER BY contract")
    assert [tuple(case) for case in cases] == [(1, "B999", "third"), (2, "B001", "overdue")]
    first, second = await database.rows("SELECT id FROM feed_case ORDER BY contract")
    await holding.settle(first["id"], for_feed=False, now=clock.now())
    await holding.settle(second["id"], for_feed=True, now=clock.now())
    assert (await value("building", 1), await value("building", 2)) == ("B555", "B001")
    plan = await feed(write(contract(1, building="B999", contract_type="新"), contract(2)))
    assert (await value("building", 1), plan.counts.held, plan.counts.cases) == ("B555", 1, 0)
    with pytest.raises(holding.NoCase):
        await holding.settle(first["id"], for_feed=True, now=clock.now())


@pytest.mark.slow
async def test_a_contract_that_the_desk_closed_is_not_reopened_by_a_feed_that_does_not_know(
    write: Callable[..., Path],
) -> None:
    clock.start_at(NIGHT)
    await load(write(contract(1, closed_on=None)))
    await holding.change_at_desk(1, {"closed_on": "2026-01-31"}, clock.now())
    await feed(write(contract(1, closed_on=None, building="B777")))
    assert str(await value("closed_on")) == "2026-01-31"
    await feed(write(contract(1, closed_on="2026-01-31", building="B777")))
    assert await tables.FieldHold.count() == 0


async def test_a_feed_that_says_nothing_of_the_end_takes_none_back(write: Callable[..., Path]) -> None:
    clock.start_at(NIGHT)
    await load(write(contract(1, closed_on="2026-02-28")))
    assert (await feed(write(contract(1, building="B777")))).counts.reopened == 0
    assert str(await value("closed_on")) == "2026-02-28"
    assert (await feed(write(contract(1, building="B777", closed_on=None)))).counts.reopened == 1
    assert await value("closed_on") is None


async def test_another_mail_product_beside_a_bought_one_is_for_somebody_to_decide(
    write: Callable[..., Path],
) -> None:
    bought = [{"product": "mail-web", "account": None, "started_on": "2018-05-10"}]
    await load(write(contract(1, services=bought), contract(2)))
    packs = [contract(1, mail_product="mail_pack"), contract(2, mail_product="mail_pack")]
    plan = await feed(write(*packs))
    assert (await value("mail_product", 1), await value("mail_product", 2)) == ("mail_web", "mail_pack")
    assert plan.counts.cases == 1


# --- the header ---


@pytest.mark.slow
async def test_a_file_that_is_cut_at_any_line_is_refused_whole(write: Callable[..., Path]) -> None:
    await load(write(*map(contract, range(1, 5)), sequence=1))
    path = write(*(contract(number, building="B777") for number in range(1, 5)), sequence=2)
    whole = path.read_bytes()
    ends = [at + 1 for at, byte in enumerate(whole) if byte == ord("\n")]
    before = await everything()
    for end in ends[:-1]:
        path.write_bytes(whole[:end])
        with pytest.raises(ImportRefused, match="the file was cut"):
            await feed(path)
        path.write_bytes(whole[: end - 9])
        with pytest.raises(ImportRefused):
            await feed(path)
    assert await everything() == before
    path.write_bytes(whole)
    assert (await feed(path)).counts.changed == 4


@pytest.mark.parametrize(
    ("sequence", "made_at", "reason"),
    [
        (2, "2026-01-10T01:00", "sequence: 2 has passed"),
        (1, "2026-01-09T01:00", "sequence: 1 has passed"),
        (4, "2026-01-12T01:00", "sequence: 3 is missing"),
        (3, "2026-01-09T23:00", "made_at: is before"),
        (3, "yesterday", "made_at: must be"),
    ],
)
async def test_yesterdays_feed_after_todays_and_a_hole_are_refused(
    write: Callable[..., Path], sequence: int, made_at: str, reason: str
) -> None:
    await load(write(contract(1), sequence=1, made_at="2026-01-09T01:00"))
    await feed(write(contract(1, building="B777"), sequence=2, made_at="2026-01-10T01:00"))
    with pytest.raises(ImportRefused, match=reason):
        await feed(write(contract(1), sequence=sequence, made_at=made_at))
    assert await value("building") == "B777"
    await feed(write(contract(1, building="B778"), sequence=3, made_at="2026-01-11T01:00"))
    assert await value("building") == "B778"


async def test_bad_lines_are_named_with_their_lines_and_nothing_is_changed(
    write: Callable[..., Path],
) -> None:
    await load(write(contract(1), contract(2)))
    before = await everything()
    with pytest.raises(ImportRefused) as refused:
        await feed(write(contract(1, building="B777"), contract(2, building=""), contract(1), sequence=1))
    assert [line for line, _ in refused.value.problems] == [3, 4]
    assert await everything() == before


# --- guards ---


@pytest.mark.slow
async def test_three_of_twenty_are_closed_and_many_are_not(
    write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock.start_at(NIGHT)
    await load(write(*map(contract, range(1, 21))))
    ends = [contract(number, closed_on="2026-02-28") for number in range(1, 4)]
    assert (await feed(write(*ends))).counts.closed == 3
    monkeypatch.setattr(guards, "MOST_CLOSED", (0.05, 3))
    more = write(*(contract(number, closed_on="2026-02-28") for number in range(4, 8)))
    before = await everything()
    with pytest.raises(Stopped) as stopped:
        await feed(more)
    assert stopped.value.plan.stopped_by == ["4 of 20 contracts would be closed or reopened"]
    assert await everything() == before
    plan = await feed(more, digest=stopped.value.plan.digest)
    assert plan.counts.closed == 4


async def test_a_field_that_is_emptied_everywhere_stops_the_feed(write: Callable[..., Path]) -> None:
    await load(write(*map(contract, range(1, 6))))
    path = write(*(contract(number, holder__sex=None) for number in range(1, 6)))
    with pytest.raises(Stopped) as stopped:
        await feed(path)
    assert stopped.value.plan.stopped_by == ["sex would be emptied in 5 of 5 contracts"]
    assert await value("sex") == "女性"


@pytest.mark.slow
async def test_a_plan_is_not_applied_after_the_database_moved(write: Callable[..., Path]) -> None:
    await load(write(contract(1), contract(2)))
    path = write(contract(1, building="B777"), contract(2))
    plan = await feed(path, dry_run=True)
    await holding.change_at_desk(1, {"building": "B555"}, clock.now())
    before = await everything()
    with pytest.raises(Moved) as moved:
        await feed(path, digest=plan.digest)
    assert await everything() == before
    assert moved.value.plan.digest != plan.digest
    with pytest.raises(Moved):
        await feed(write(contract(1, building="B778"), contract(2)), digest=moved.value.plan.digest)


async def test_what_a_member_does_between_plan_and_lock_counts(
    write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    await load(write(contract(1, holder__phone="03-0000-0001")))
    under_lock = feeding._again_under_lock

    async def meanwhile(*given: Any) -> Plan:
        await database.engine().fetch("UPDATE contract SET phone = '03-0000-0009'")
        return await under_lock(*given)

    monkeypatch.setattr(feeding, "_again_under_lock", meanwhile)
    plan = await feed(write(contract(1, holder__phone="03-0000-0002")), contact=True)
    assert (await value("phone"), plan.counts.cases) == ("03-0000-0009", 1)


async def test_a_contract_that_is_there_needs_no_password_and_a_new_one_does(
    write: Callable[..., Path],
) -> None:
    await load(write(contract(1)))
    plain = [contract(number, building="B777", password_hash=ABSENT, accounts=[]) for number in (1, 2)]
    assert (await feed(write(plain[0]))).counts.changed == 1
    with pytest.raises(ImportRefused, match="line 2: password: give exactly one"):
        await feed(write(*plain))


async def test_accounts_and_services_of_a_known_contract_are_left_to_its_members(
    write: Callable[..., Path],
) -> None:
    await load(write(contract(1)))
    other = contract(1, accounts=[account("login-1", family="別"), account("second-1")])
    assert (await feed(write(other))).counts.nothing
    assert await tables.Account.count() == 1
    assert json.loads((await database.rows("SELECT said FROM feed_line"))[0][0])["phone"] == "012-345-6789"
