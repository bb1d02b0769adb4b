"""The catalogue: a price and a tax rate for every day, a name for everything, and what a contract has at most."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import catalogue
from app.domain.catalogue import ACCOUNT_IDS, MAIL_PRODUCTS, PRICES, SECURITY, TAX_RATES, Fee, Price, Product

days = st.dates(date(2014, 1, 1), date(2040, 1, 1))
DAY = timedelta(days=1)


# --- prices -----------------------------------------------------------------------------------------------------------


def test_every_product_and_every_fee_has_a_price_from_the_first_day_on() -> None:
    for item in (*Product, *Fee):
        assert catalogue.price(item, date(2014, 12, 1)) > 0
    with pytest.raises(LookupError, match="mail-pack"):
        catalogue.price(Product.MAIL_PACK, date(2000, 1, 1))


@given(st.lists(days, min_size=1, max_size=5, unique=True), days, st.data())
def test_the_price_of_a_day_is_the_last_that_had_begun_in_whatever_order_they_stand(
    raised: list[date], day: date, data: st.DataObject
) -> None:
    prices = [Price(Product.MAIL_PACK, start, yen) for yen, start in enumerate(sorted(raised))]
    others = [Price(Product.MAIL_WEB, start, 999) for start in raised]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(catalogue, "PRICES", data.draw(st.permutations([*others, *prices])))
        for asked in (day, *raised, *(start - DAY for start in raised)):
            begun = [price.yen for price in prices if price.valid_from <= asked]
            if begun:
                assert catalogue.price(Product.MAIL_PACK, asked) == begun[-1]
            else:
                with pytest.raises(catalogue.NoPrice, match=f"no price of mail-pack on {asked}"):
                    catalogue.price(Product.MAIL_PACK, asked)


def test_a_product_without_a_price_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    catalogue.check(date(2026, 1, 1))
    lacking = [row for row in PRICES if row.product not in (Product.KIDS_FILTER, Fee.REMOTE_SUPPORT_AGAIN)]
    monkeypatch.setattr(catalogue, "PRICES", lacking)
    with pytest.raises(catalogue.NoPrice, match=r"2026-01-01 of kids-filter, remote-support-again"):
        catalogue.check(date(2026, 1, 1))
    with pytest.raises(catalogue.NoPrice, match="tax"):
        catalogue.tax_rate(date(1990, 1, 1))


# --- tax --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "percent"),
    [
        (date(1997, 4, 1), 5),
        (date(2014, 3, 31), 5),
        (date(2014, 4, 1), 8),
        (date(2019, 9, 30), 8),
        (date(2019, 10, 1), 10),
    ],
)
def test_the_consumption_tax_was_raised_on_those_days(day: date, percent: int) -> None:
    assert catalogue.tax_rate(day) == percent


def test_a_day_without_a_tax_rate_is_refused_although_everything_has_a_price(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(catalogue, "TAX_RATES", [row for row in TAX_RATES if row.percent == 10])
    catalogue.check(date(2019, 10, 1))
    with pytest.raises(catalogue.NoPrice, match="no tax rate on 2019-09-30"):
        catalogue.check(date(2019, 9, 30))


# --- what there is ----------------------------------------------------------------------------------------------------


def test_every_product_and_every_fee_has_a_name_of_its_own() -> None:
    names = [catalogue.name(item) for item in (*Product, *Fee)]
    assert all(names)
    assert len(set(names)) == len(Product) + len(Fee)


def test_every_security_product_says_how_it_is_activated_and_no_other_does() -> None:
    assert set(catalogue.ACTIVATION) == set(SECURITY)
    assert all(activation.systems and activation.steps for activation in catalogue.ACTIVATION.values())


def test_a_bought_mail_product_gives_every_account_id_of_the_contract_an_address() -> None:
    assert [(product.base, product.base + product.bought) for product in MAIL_PRODUCTS.values()] == [
        (1, ACCOUNT_IDS),
        (0, ACCOUNT_IDS),
    ]
