"""The card that a contract pays with: until when it is valid, and what is refused without one."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import clock, tables
from app.domain.access.graph import Card, Contract, RefusedCard, ShownCard
from app.domain.cards import kept
from app.domain.mail.service import BOUGHT
from app.domain.months import Month
from app.postgres import database
from tests import households
from tests.browser import Browser
from tests.cards.steps import kept_card, let_wait, register
from tests.money.steps import empty

A_MOMENT = timedelta(seconds=20)


@given(st.builds(Month, st.integers(2020, 2090), st.integers(1, 12)))
def test_a_card_is_valid_to_the_last_moment_of_its_last_month_in_tokyo(month: Month) -> None:
    clock.start_at(month.next.began - A_MOMENT)
    assert not kept.expired(month.iso)
    clock.start_at(month.next.began)
    assert kept.expired(month.iso)


def test_the_page_shows_of_a_card_its_brand_its_last_digits_and_its_month_and_that_it_is_over() -> None:
    clock.start_at(Month(2026, 2).began)
    for expires, text in (("2026-02", "02月 / 2026年"), ("2026-01", "01月 / 2026年（期限切れ）")):
        assert kept.card_rows(ShownCard("VISA", "1111", expires)) == [
            ("お支払い方法", "カード"),
            ("カード会社", "VISA"),
            ("有効期限", text),
            ("カード番号", "XXXX-XXXX-XXXX-1111"),
        ]


async def test_a_contract_pays_with_a_valid_card_while_no_other_one_waits(empty_database: str) -> None:
    family, others = await households.new_household(), await households.new_household("others")

    async def refusal(contract: int = family.contract) -> str | None:
        refused = kept.cannot_pay(await households.log_in(contract))
        assert not refused or refused.mend == kept.PAGE
        return refused.reason if refused else None

    assert await refusal() == kept.NO_CARD
    for expires, expected in (("2020-01", kept.EXPIRED), ("2040-01", None)):
        await kept.keep(family.contract, kept_card(expires=expires), "AN ARUTERI")
        assert await refusal() == expected
    await let_wait(family.contract)
    assert await refusal() == kept.WAITING
    await tables.Card.delete().where(tables.Card.contract == family.contract)
    assert await refusal() == kept.WAITING
    assert await refusal(others.contract) == kept.NO_CARD


async def test_a_card_that_is_kept_takes_the_place_of_the_contracts_own_as_a_row_of_its_own(
    empty_database: str,
) -> None:
    contracts = [await households.new_contract() for _ in range(2)]
    for contract in contracts:
        await kept.keep(contract, kept_card(), "AN ARUTERI")
    first, others = await tables.Card.select().order_by(tables.Card.id)
    new = kept_card(last4="4444", token="pm_2")
    await kept.keep(contracts[0], new, "AN ARUTERI")
    stays, second = await tables.Card.select().order_by(tables.Card.id)
    assert stays == others
    assert (second["contract"], kept.KeptCard.of(second)) == (contracts[0], new)
    assert second["id"] != first["id"], "the mails before an expiry are told to its row"


def test_the_gateways_names_are_in_nothing_that_is_printed_mailed_or_shown() -> None:
    card, shown = (
        kept_card(token="pm_secret", payer="cus_secret"),
        Card("VISA", "1111", "2040-01", "cus_secret"),
    )
    assert kept.facts(card) == {"brand": "VISA", "last4": "1111", "expires": "01月 / 2040年"}
    assert "secret" not in f"{card!r}{kept.card_rows(shown)}"


@pytest.mark.slow
async def test_without_a_card_or_with_an_expired_one_a_purchase_leads_to_this_page(visitor: Browser) -> None:
    await visitor.log_in("customer", "90000000000003", "demo01")
    await visitor.open("/mail-service")
    assert kept.NO_CARD in visitor.text
    assert visitor.page.select("main a[href='/payment']")
    await visitor.open("/payment")
    assert visitor.rows["お支払い方法"] == "未登録"
    await register(visitor, given="ICHIRO", family="SATO")
    await visitor.open("/mail-service")
    await visitor.submit(agree="yes")
    confirm = visitor.path
    await database.rows("UPDATE card SET expires = '2026-01'")
    await visitor.submit()
    assert (visitor.path, visitor.answer.status_code) == (confirm, 422)
    assert kept.EXPIRED in visitor.text
    assert visitor.page.select("main a[href='/payment']")
    await visitor.open("/payment")
    assert visitor.rows["有効期限"] == "01月 / 2026年（期限切れ）"
    assert kept.EXPIRED in visitor.text
    await register(visitor, given="ICHIRO", family="SATO")
    await visitor.open(confirm)
    await visitor.submit()
    assert visitor.heading == "メールサービス購入完了"
    await visitor.open("/mail-service")
    assert BOUGHT.removesuffix("。")[:8] in visitor.text


WAITS, REFUSED = (
    ShownCard("JCB", "2222", "2031-02"),
    RefusedCard("1111", datetime(2026, 2, 3, tzinfo=clock.TOKYO)),
)


@pytest.mark.parametrize(
    ("expires", "waiting", "refused", "expected"),
    [
        (None, None, None, ["未登録"]),
        ("2026-05", None, None, ["ご登録済 VISA 下4桁 0000 有効期限 05月 / 2026年"]),
        ("2026-04", None, None, ["まもなく有効期限 VISA 下4桁 0000 有効期限 04月 / 2026年"]),
        ("2026-03", None, None, ["まもなく有効期限 VISA 下4桁 0000 有効期限 03月 / 2026年"]),
        ("2026-02", None, None, ["有効期限切れ VISA 下4桁 0000 有効期限 02月 / 2026年"]),
        (None, WAITS, REFUSED, ["名義を確認中 JCB 下4桁 2222 有効期限 02月 / 2031年"]),
        (
            "2026-05",
            WAITS,
            None,
            [
                "名義を確認中 JCB 下4桁 2222 有効期限 02月 / 2031年",
                "ご登録済 VISA 下4桁 0000 有効期限 05月 / 2026年",
            ],
        ),
        (
            "2026-02",
            None,
            REFUSED,
            [
                "承認されませんでした 下4桁 1111 2026/02/03のお申し込み",
                "有効期限切れ VISA 下4桁 0000 有効期限 02月 / 2026年",
            ],
        ),
    ],
)
def test_how_it_stands_with_each_card_is_said_beside_that_card(
    expires: str | None, waiting: ShownCard | None, refused: RefusedCard | None, expected: list[str]
) -> None:
    """The 1st of March; the last day of April is 60 days later, of May 91."""
    card = Card("VISA", "0000", expires, payer="") if expires else None
    contract = empty(Contract, card=card, waiting_card=waiting, refused_card=refused)
    said = kept.standings(contract, date(2026, 3, 1))
    assert [" ".join([standing.value, *facts]) for standing, facts in said] == expected


@pytest.mark.parametrize(
    ("today", "standing"),
    [(date(2026, 3, 31), kept.Standing.SOON), (date(2026, 4, 1), kept.Standing.EXPIRED)],
)
def test_on_its_last_day_a_card_has_not_expired(today: date, standing: kept.Standing) -> None:
    contract = empty(Contract, card=Card("VISA", "0000", "2026-03", payer=""))
    assert [one for one, _ in kept.standings(contract, today)] == [standing]


async def test_the_first_page_tells_the_card_that_waits_from_the_one_that_pays(visitor: Browser) -> None:
    [row] = await database.rows("SELECT id FROM contract WHERE customer_number = '90000000000000'")
    await let_wait(row["id"])
    await visitor.log_in("customer", "90000000000000", "demo01")
    await visitor.open("/")
    first, second = (p.get_text() for p in visitor.page.select("main section:first-of-type dd p"))
    assert first.startswith("名義を確認中 ")
    assert second.startswith("ご登録済 VISA 下4桁 0000 ")
    assert "0000" not in first
