"""From service periods to charged months: the table of spec 14, and what must hold for every period."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import catalogue
from app.domain.access.graph import Ended
from app.domain.catalogue import Price, Product
from app.domain.clock import TOKYO
from app.domain.money import billing
from app.domain.money.billing import Earlier, Service, charged_months, charges
from app.domain.months import Month
from tests.products import AGAIN, Shipped, dearer

UPTO = Month(2026, 6)


def tokyo(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=TOKYO)


@pytest.mark.parametrize(
    ("events", "months"),
    [
        ("B 2026-01-10", [[2, 3, 4, 5, 6]]),
        ("B 2026-01-10, C 2026-01-20", [[1]]),
        ("B 2026-01-10, C 2026-02-20", [[2]]),
        ("B 2026-01-10, C 2026-03-31T23:59:59", [[2, 3]]),
        ("B 2026-01-10, C 2026-04-01T00:00:00", [[2, 3, 4]]),
        ("B 2026-01-10, C 2026-01-12, B 2026-01-20", [[1], [2, 3, 4, 5, 6]]),
        ("B 2026-01-10, C 2026-01-12, B 2026-01-20, C 2026-01-25", [[1], [1]]),
        ("B 2026-01-10, C 2026-03-05, B 2026-03-06, C 2026-03-30", [[2, 3], [3]]),
        # edges beside the table
        ("B 2026-01-31T23:59:59, C 2026-02-01T00:00:00", [[2]]),
        ("B 2026-01-01T00:00:00, C 2026-01-01T00:00:00", [[1]]),
        ("B 2026-07-01T00:00:00", [[]]),
    ],
)
def test_the_table_of_the_specification(events: str, months: list[list[int]]) -> None:
    services = history(events)
    made = charges(services, UPTO)
    assert [[c.month.month for c in made if c.service is service] for service in services] == months
    assert {charge.yen for charge in made} <= {550}


def history(events: str, product: Product = Shipped.SECURITY_360) -> list[Service]:
    """The purchases of a contract from its events: B is bought, C cancelled."""
    services: list[Service] = []
    for event in events.split(", "):
        kind, at = event[0], tokyo(event[2:])
        if kind == "B":
            services.append(Service(len(services), "arteri-an-002", product, at, None))
        else:
            services[-1] = replace(services[-1], ended_at=at)
    return services


def test_months_are_counted_in_tokyo() -> None:
    before_midnight = datetime(2026, 1, 31, 14, 59, 59, tzinfo=UTC)
    assert Month.of(before_midnight) == Month(2026, 1)
    assert Month.of(before_midnight + timedelta(seconds=1)) == Month(2026, 2)


def test_a_day_belongs_to_its_month() -> None:
    assert Month.of_day(date(2026, 2, 3)) == Month(2026, 2)


moments = st.datetimes(datetime(2020, 1, 1), datetime(2029, 12, 31), timezones=st.just(UTC))
LATE = Month(2031, 1)


@given(moments, moments)
def test_a_closed_period_costs_at_least_one_month_and_no_month_twice(one: datetime, other: datetime) -> None:
    start, end = sorted((one, other))
    months = charged_months(start, end, LATE)
    assert months
    assert len(months) == len(set(months))
    assert months == sorted(months)
    assert months[-1] == Month.of(end)


@given(moments, moments, moments)
def test_splitting_a_period_never_costs_less(one: datetime, two: datetime, three: datetime) -> None:
    start, middle, end = sorted((one, two, three))
    whole = charged_months(start, end, LATE)
    parts = charged_months(start, middle, LATE) + charged_months(middle, end, LATE)
    assert len(parts) >= len(whole)


@given(moments, moments)
def test_a_period_that_goes_on_is_charged_as_far_as_asked(start: datetime, now: datetime) -> None:
    upto = Month.of(now)
    months = charged_months(start, None, upto)
    assert Month.of(start) not in months
    assert all(Month.of(start) < month <= upto for month in months)
    assert charged_months(start, None, upto.next)[: len(months)] == months


@given(st.integers(2000, 2100), st.integers(1, 12))
def test_the_next_month_follows(year: int, month: int) -> None:
    here = Month(year, month)
    assert here.last_day + timedelta(days=1) == here.next.first_day


@given(moments, moments, st.integers(0, 40))
def test_looking_at_the_last_months_only_is_the_end_of_the_whole(
    one: datetime, other: datetime, back: int
) -> None:
    start, end = sorted((one, other))
    since = Month.of(end).back(back)
    whole = charged_months(start, end, LATE)
    assert charged_months(start, end, LATE, since) == [month for month in whole if month >= since]


@st.composite
def histories(draw: st.DrawFn) -> list[Service]:
    """What a contract bought and cancelled: one after the other of each product."""
    services: list[Service] = []
    for product in (Shipped.SECURITY_360, Shipped.REMOTE_SUPPORT, Shipped.MAIL_WEB):
        times = sorted(draw(st.lists(moments, max_size=6)))
        for start, end in zip(times[::2], [*times[1::2], None], strict=False):
            services.append(Service(len(services) + 1, None, product, start, end))
    return services


@given(histories(), st.randoms(use_true_random=False))
def test_charges_do_not_depend_on_the_order_and_are_made_once(
    services: list[Service], random: Random
) -> None:
    mixed = list(services)
    random.shuffle(mixed)
    made, again = charges(services, LATE), charges(mixed, LATE)
    assert set(made) == set(again)
    assert len(made) == len(again) == len({(c.service.id, c.item, c.month) for c in made})
    for service in services:
        own = [c for c in made if c.service is service and c.item == service.product]
        assert own or service.ended_at is None
    bought_again = max(0, sum(s.product == Shipped.REMOTE_SUPPORT for s in services) - 1)
    assert sum(c.item == AGAIN for c in made) == bought_again


@given(histories(), moments)
def test_a_month_that_is_over_is_charged_the_same_for_ever(services: list[Service], now: datetime) -> None:
    this = Month.of(now)
    known = [
        replace(s, ended_at=s.ended_at if s.ended_at and s.ended_at <= now else None)
        for s in services
        if s.started_at <= now
    ]
    then = {(c.service.id, c.item, c.month, c.yen) for c in charges(known, this.previous)}
    later = {(c.service.id, c.item, c.month, c.yen) for c in charges(services, this.previous)}
    assert then == later


@given(histories(), moments, moments)
def test_the_charges_of_some_months_are_the_whole_without_the_others_fees_included(
    services: list[Service], one: datetime, other: datetime
) -> None:
    since, upto = sorted((Month.of(one), Month.of(other)))
    whole = charges(services, LATE)
    assert charges(services, upto, since) == [charge for charge in whole if since <= charge.month <= upto]


def test_remote_support_that_is_bought_again_costs_a_fee_in_that_month() -> None:
    services = history("B 2026-01-10, C 2026-02-20, B 2026-03-06", Shipped.REMOTE_SUPPORT)
    made = [(charge.item, charge.month.month, charge.yen) for charge in charges(services, Month(2026, 4))]
    fee = (AGAIN, 3, 3_300)
    assert made == [(Shipped.REMOTE_SUPPORT, 2, 550), (Shipped.REMOTE_SUPPORT, 4, 550), fee]
    (of_march,) = charges(services, Month(2026, 3), Month(2026, 3))
    assert (of_march.item, of_march.month.month, of_march.yen) == fee


@given(st.integers(2000, 2100), st.integers(1, 12), st.integers(0, 500))
def test_months_go_back_and_are_written_as_in_a_path(year: int, month: int, back: int) -> None:
    here = there = Month(year, month)
    for _ in range(back):
        there = there.previous
    assert there == here.back(back)
    assert Month.parse(here.iso) == here


@pytest.mark.parametrize("text", ["", "2026", "2026-1", "2026-13", "0026-01", "2026-01 ", "２０２６-01"])
def test_what_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no month"):
        Month.parse(text)


def test_what_ending_costs_is_what_will_be_charged() -> None:
    bought = tokyo("2026-01-10")
    for now in ("2026-01-20", "2026-02-20"):
        costs = billing.of_ending(Shipped.MAIL_WEB, bought, tokyo(now))
        assert costs[0].text == "275円（税込、日割りなし）"
        assert costs[1].text == "かかりません"
        assert costs[2].text == now.replace("-", "/")


@pytest.mark.parametrize(
    ("product", "deleted", "last"),
    [
        (Shipped.SECURITY_360, False, "2026/02/28"),
        (Shipped.SECURITY_360, True, "2026/02/03"),
        (Shipped.REMOTE_SUPPORT, False, "2026/02/03"),
        (Shipped.MAILBOX_10GB, True, "2026/02/03"),
    ],
)
def test_a_cancelled_security_option_is_usable_to_the_end_of_the_month(
    product: Product, deleted: bool, last: str
) -> None:
    costs = billing.of_ending(product, tokyo("2026-01-10"), tokyo("2026-02-03"), deleted=deleted)
    assert costs[2].text == last


def test_an_option_that_is_cancelled_without_its_account_id_is_usable_on() -> None:
    now = tokyo("2026-02-03")
    assert billing.last_usable_day(Shipped.SECURITY_360, now) == date(2026, 2, 28)
    assert billing.of_ending(Shipped.SECURITY_360, tokyo("2026-01-10"), now)[2].text == "2026/02/28"


def test_what_ends_at_once_is_said_product_by_product_line_by_line() -> None:
    bought = [
        Service(number, None, product, tokyo("2026-01-10"), None)
        for number, product in enumerate((Shipped.MAIL_WEB, Shipped.KIDS_FILTER))
    ]
    mail, option = billing.of_endings(bought, tokyo("2026-02-03"))
    assert (mail.label, option.label) == ("メール&Webスペース", "安心 Kidsフィルター")
    assert option.text.splitlines() == [
        "今月（2026年2月）の料金：330円（税込、日割りなし）",
        "来月（2026年3月）からの料金：かかりません",
        "最後に利用できる日：2026/02/28",
    ]
    assert mail.text.splitlines()[2] == "最後に利用できる日：2026/02/03"
    _, with_account = billing.of_endings(bought, tokyo("2026-02-03"), deleted=True)
    assert with_account.text.splitlines()[2] == "最後に利用できる日：2026/02/03"


# --- the month of a change --------------------------------------------------------------------------------------------


def over(start: str, end: str, product: Product = Shipped.SECURITY_360) -> Ended:
    return Ended(product, tokyo(start), tokyo(end))


@dataclass
class Had:
    """A buyer as far as billing looks at one."""

    ended: list[Ended]
    before: list[Product]


def earlier(*ended: Ended, before: Sequence[Product] = ()) -> Earlier:
    return billing.earlier(Had([*ended], [*before]))  # type: ignore[arg-type]


def test_a_free_month_stands_with_what_it_costs_to_cancel_in_it_and_a_years_total() -> None:
    assert billing.price_of_purchase(Shipped.SECURITY_360, tokyo("2026-01-10")).splitlines() == [
        "今月 0円（2026/01/31までに解約した場合は550円）",
        "2026年2月から 550円／月（税込）",
        "1年間の合計の目安 6,050円（2026年1月から2026年12月まで、税込）",
    ]


def test_buying_again_shows_what_was_cancelled_in_the_month() -> None:
    before = earlier(over("2026-01-02", "2026-01-12"), over("2026-01-12", "2026-01-13T00:30"))
    month, *_ = billing.price_of_purchase(Shipped.SECURITY_360, tokyo("2026-01-20"), before).splitlines()
    assert month == (
        "今月 1,100円（税込。2026/01/12に解約した分 550円、2026/01/13に解約した分 550円）。"
        "2026/01/31までに解約した場合は、今回の分 550円が加わります"
    )


def test_buying_again_has_its_fee_in_this_months_sum_and_in_the_years() -> None:
    now, support = tokyo("2026-01-20"), Shipped.REMOTE_SUPPORT
    months_ago = billing.price_of_purchase(support, now, earlier(before=[support])).splitlines()
    assert months_ago[0] == (
        "今月 3,300円（税込）　今回のお申し込みの手数料として、今月分でご請求します。"
        "2026/01/31までに解約した場合は、今回の分 550円が加わります"
    )
    assert months_ago[2].startswith("1年間の合計の目安 9,350円（")
    again = earlier(over("2026-01-05", "2026-01-12", support), before=[support])
    assert billing.buying(support, now, again).total == 3_300 + 550 + 3_300
    text = billing.price_of_purchase(support, now, again)
    assert "再申し込み手数料（2026/01/05のお申し込みの分） 3,300円" in text


def test_a_years_total_is_that_of_the_new_purchase_alone() -> None:
    price = billing.price_of_purchase(
        Shipped.SECURITY_360, tokyo("2026-01-20"), earlier(over("2026-01-02", "2026-01-12"))
    )
    assert "1年間の合計の目安 6,050円（" in price


def test_a_price_that_changes_is_said_as_each_month_costs(monkeypatch: pytest.MonkeyPatch) -> None:
    dearer(monkeypatch, Shipped.SECURITY_360, Price(date(2026, 2, 1), 660))
    assert billing.price_of_purchase(Shipped.SECURITY_360, tokyo("2026-01-20")).splitlines() == [
        "今月 0円（2026/01/31までに解約した場合は550円）",
        "2026年2月から 660円／月（税込）",
        "1年間の合計の目安 7,260円（2026年1月から2026年12月まで、税込）",
    ]


def test_a_second_cancellation_shows_both_and_the_fee_of_a_purchase_of_this_month() -> None:
    before = earlier(over("2026-01-02", "2026-01-12"))
    costs = billing.of_ending(Shipped.SECURITY_360, tokyo("2026-01-20"), tokyo("2026-01-25"), before=before)
    assert costs[0].text == (
        "1,100円（税込、日割りなし。2026/01/12に解約した分 550円、今回解約する分 550円）"
    )
    support = Shipped.REMOTE_SUPPORT
    costs = billing.of_ending(
        support, tokyo("2026-01-20"), tokyo("2026-01-25"), before=earlier(before=[support])
    )
    assert costs[0].text == (
        "3,850円（税込、日割りなし。今回解約する分 550円、再申し込み手数料（2026/01/20のお申し込みの分） 3,300円）"
    )


def test_another_product_of_the_buyer_is_none_of_its_month() -> None:
    before = earlier(over("2026-01-02", "2026-01-12", Shipped.KIDS_FILTER), before=[Shipped.REMOTE_SUPPORT])
    assert billing.buying(Shipped.SECURITY_360, tokyo("2026-01-20"), before).total == 0


def test_what_was_cancelled_before_stands_beside_what_ends_with_the_account_id() -> None:
    before = earlier(over("2026-01-02", "2026-01-12", Shipped.KIDS_FILTER), over("2026-01-02", "2026-01-12"))
    ends = [Service(1, None, Shipped.SECURITY_360, tokyo("2026-01-14"), None)]
    (cost,) = billing.of_cancelled(before, ends, tokyo("2026-01-25"))
    assert cost.label == "安心 Kidsフィルター"
    assert cost.text.splitlines()[0] == (
        "今月（2026年1月）の料金：330円（税込、日割りなし。2026/01/12に解約した分 330円）"
    )
    assert cost.text.splitlines()[2] == "最後に利用できる日：2026/01/25"
    assert billing.of_cancelled(earlier(before=[Shipped.MAIL_WEB]), [], tokyo("2026-01-25")) == []


@pytest.mark.parametrize(
    ("product", "ends", "last"),
    [
        (Shipped.MAILBOX_10GB, ["2026-01-05"], "2026/01/05"),
        (Shipped.MAILBOX_10GB, ["2026-01-05", "2026-01-19T23:59"], "2026/01/19"),
        (Shipped.MAILBOX_10GB, ["2026-01-19T23:59", "2026-01-05"], "2026/01/19"),
        (Shipped.MAILBOX_10GB, ["2026-01-20T08:00"], "2026/01/20"),
        (Shipped.SECURITY_360, ["2026-01-05"], "2026/01/20"),
        (Shipped.SECURITY_360, ["2026-01-05", "2026-01-06"], "2026/01/20"),
        (Shipped.KIDS_FILTER, ["2026-01-20T08:00"], "2026/01/20"),
    ],
)
def test_what_ended_before_the_account_id_was_usable_no_longer_than_it_was(
    product: Product, ends: list[str], last: str
) -> None:
    before = earlier(*(over("2026-01-02", end, product) for end in ends))
    (cost,) = billing.of_cancelled(before, [], tokyo("2026-01-20T12:00"))
    assert cost.text.splitlines()[-1] == f"最後に利用できる日：{last}"


def test_what_was_bought_long_ago_is_no_purchase_that_ended_now() -> None:
    before = earlier(over("2000-01-01", "2000-01-01", Shipped.MAILBOX_10GB), before=[Shipped.REMOTE_SUPPORT])
    assert [service.product for service in before.ended] == [Shipped.MAILBOX_10GB]
    assert before.had == {Shipped.REMOTE_SUPPORT}


def test_a_text_of_several_lines_is_several_lines_of_a_mail() -> None:
    assert billing.lines([billing.Cost("料金", "今月\n来月"), billing.Cost("数量", "1")]) == (
        "料金：今月",
        "　来月",
        "数量：1",
    )


def test_the_price_of_the_first_of_the_charged_month_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    dearer(monkeypatch, Shipped.SECURITY_360, Price(date(2026, 3, 2), 660))
    made = charges(history("B 2026-01-10"), Month(2026, 4))
    assert [charge.yen for charge in made] == [550, 550, 660]
    assert {charge.tax_rate for charge in made} == {10}
    assert [catalogue.tax_rate(date(2019, month, 1)) for month in (9, 10)] == [8, 10]
