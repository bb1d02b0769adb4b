"""What the first page says of the month's options is what the month's bill says of them."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given

from app.domain import clock
from app.domain.access.graph import Account, Contract, Ended
from app.domain.money import this_month
from app.domain.months import Month
from app.postgres import database
from tests.browser import Browser
from tests.money.steps import bought, close, empty, loaded, tokyo
from tests.money.test_previews import Done, Life, lived, lives

TODAY = "2026-03-20T09:00"


def contract_of(life: Life, now: datetime) -> Contract:
    """The graph of a contract that lived so, at that moment."""
    gone = [life.buyer(owner, now).ended for owner in life.deleted]
    living = [life.buyer(owner, now) for owner in ("an", "taro") if owner not in life.deleted]
    accounts = [empty(Account, periods=one.periods, ended=one.ended) for one in living]
    own = life.buyer(None, now)
    over: list[Ended] = [one for ended in gone for one in ended]
    of_contract = {"periods": own.periods, "ended": own.ended, "had": own.had}
    contract: Contract = empty(Contract, accounts=accounts, ended_with_account=over, **of_contract)
    return contract


@pytest.mark.slow
@given(lives)
def test_at_any_moment_it_is_what_the_bill_would_say_if_nothing_more_happened(done: Done) -> None:
    life = Life()
    for now in lived(life, done):
        shown = this_month.of(contract_of(life, now), now)
        bills = list(life.bills())
        for month, yen in ((shown.month, shown.yen), (shown.month.next, shown.next_yen)):
            if month <= Month(2026, 3):
                assert yen == sum(line.yen for line in bills if line.billed == month)


STORIES: dict[str, tuple[list[tuple[str, str | None]], str, str | None, str | None]] = {
    "nothing": ([], "料金のかかるオプションはありません", None, None),
    "bought long ago": ([("2026-01-05T10:00", None)], "", "550円", None),
    "bought in this month": (
        [("2026-03-05T10:00", None)],
        "0円（今月のうちに解約した場合は、料金がかかります）",
        None,
        "550円",
    ),
    "cancelled in this month": (
        [("2026-01-05T10:00", "2026-03-10T10:00")],
        "",
        "550円",
        "料金のかかるオプションはありません",
    ),
    "cancelled and bought again in this month": (
        [("2026-01-05T10:00", "2026-03-10T10:00"), ("2026-03-11T10:00", None)],
        "今月お申し込みの分は、今月のうちに解約した場合は、料金がかかります",
        "550円",
        None,
    ),
}


@pytest.mark.parametrize("story", STORIES)
async def test_the_first_page_says_it_with_its_condition(visitor: Browser, story: str) -> None:
    lives, value, amount, next_ = STORIES[story]
    clock.start_at(tokyo(TODAY))
    for start, end in lives:
        await bought(start, end)
    await visitor.log_in("customer", "90000000000000", "demo01")
    await visitor.open("/")
    assert visitor.heading == "ご契約情報一覧"
    first = visitor.page.select_one("main section dl.rows > div")
    assert first
    said, *more = [cell.get_text(strip=True) for cell in first.select("dd")]
    assert said == value
    assert (amount in more) if amount else not [text for text in more if "円" in text]
    assert visitor.rows.get("来月から", "") == ("" if next_ is None or next_.endswith("円") else next_)
    in_words = [
        row.get_text(" ", strip=True) for row in visitor.page.select("main section:first-of-type dl > div")
    ]
    assert [text.removeprefix("来月から ").strip() for text in in_words if text.startswith("来月から")] == (
        [next_] if next_ else []
    )


@pytest.mark.slow
async def test_what_a_deleted_account_id_cost_in_this_month_is_in_it(visitor: Browser) -> None:
    clock.start_at(tokyo(TODAY))
    await bought("2026-01-05T10:00", "2026-03-10T10:00")
    await database.rows(
        "UPDATE account SET deleted_at = $1 WHERE login = 'arteri-an-002'", tokyo("2026-03-10T10:00")
    )
    await visitor.log_in("customer", "90000000000000", "demo01")
    await visitor.open("/")
    assert "550円" in visitor.text
    await visitor.open("/statements/2026-03")
    await visitor.prove("demo01", "90000000000000")
    assert "550円" in visitor.text


@pytest.mark.slow
@pytest.mark.parametrize("closed", [(), ("2026-01",), ("2026-01", "2026-02")])
async def test_what_the_operator_charges_beside_is_said_as_the_bill_will_say_it(
    visitor: Browser, closed: tuple[str, ...]
) -> None:
    """Charged for January, changed later; for February, which is closed or not; for this month and for the next."""
    clock.start_at(tokyo(TODAY))
    await loaded("line-1", "2026-01", "回線料", 4_400)
    await close(*closed)
    await loaded("line-1", "2026-01", "回線料", 4_000)
    await loaded("line-2", "2026-02", "訪問設定料", 7_700)
    await loaded("line-3", "2026-03", "機器レンタル料", 330)
    await loaded("line-4", "2026-04", "機器レンタル料", 330)
    await visitor.log_in("customer", "90000000000000", "demo01")
    await visitor.open("/")
    section = visitor.page.select_one("main section:first-of-type")
    assert section
    (said,) = [
        row.select("dd")[-1].get_text() for row in section.select("dl > div") if "その他の料金" in str(row)
    ]
    await visitor.open("/statements/2026-03")
    await visitor.prove("demo01", "90000000000000")
    assert said == visitor.rows["合計（税込）"]


async def test_a_user_role_sees_neither_sums_nor_the_card(family_user: Browser) -> None:
    await family_user.open("/")
    assert family_user.heading == "ユーザー管理"
    assert not {"今月の料金とお支払い", "下4桁", "来月から"} & set(family_user.text.split())
    assert "VISA" not in family_user.answer.text


async def test_an_admin_who_may_not_see_the_bill_is_told_of_the_options_alone(admin: Browser) -> None:
    clock.start_at(tokyo(TODAY))
    await loaded("line-3", "2026-03", "機器レンタル料", 330)
    await admin.open("/")
    assert "今月のオプション料金" in admin.text
    assert "その他の料金" not in admin.text
