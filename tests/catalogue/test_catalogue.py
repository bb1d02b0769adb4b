"""The catalogue in use: a price and a tax rate for every day, a name for everything, and what a contract has at most."""

from __future__ import annotations

import re
from datetime import date, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.branding import BRAND
from app.domain import catalogue
from app.domain.catalogue import Kind, Price, Product, file
from tests.products import AGAIN, EVERY, SECURITY, Shipped, priced, use

days = st.dates(date(2014, 1, 1), date(2040, 1, 1))
DAY = timedelta(days=1)


def test_texts_name_the_brand_wherever_they_stand_and_the_version_stays() -> None:
    own = file.shipped()
    shown = catalogue.said(own)
    assert "{prefix}" in msgspec.json.encode(own).decode()
    words = msgspec.json.encode(shown).decode()
    assert not re.search(r"\{[a-z]+\}", words)
    support = shown.by_key[Shipped.REMOTE_SUPPORT]
    assert support.again
    assert (support.name, support.again.name) == (
        BRAND.named("リモートサポート"),
        BRAND.named("リモートサポート 再申し込み手数料"),
    )
    assert any(f"解約は、{BRAND.service}からできます。" in point for point in support.terms.points)
    assert (shown.version, support.kind) == (own.version, Kind.SUPPORT)
    former = msgspec.structs.replace(
        own.by_key[Shipped.REMOTE_SUPPORT], former=(own.by_key[Shipped.REMOTE_SUPPORT].terms,)
    )
    assert catalogue.said(msgspec.structs.replace(own, products=(former,))).products[0].former == (
        support.terms,
    )


# --- prices and taxes -------------------------------------------------------------------------------------------------


def test_every_product_and_every_fee_has_a_price_from_the_first_day_on() -> None:
    for item in (*EVERY, AGAIN):
        assert catalogue.price(item, date(2014, 12, 1)) > 0
    with pytest.raises(LookupError, match="mail-pack"):
        catalogue.price(Shipped.MAIL_PACK, date(2000, 1, 1))


@given(st.lists(days, min_size=1, max_size=5, unique=True), days, st.data())
def test_the_price_of_a_day_is_the_last_that_had_begun_in_whatever_order_they_stand(
    raised: list[date], day: date, data: st.DataObject
) -> None:
    prices = [Price(start, yen) for yen, start in enumerate(sorted(raised))]
    with pytest.MonkeyPatch.context() as patch:
        priced(patch, Shipped.MAIL_PACK, *data.draw(st.permutations(prices)))
        for asked in (day, *raised, *(start - DAY for start in raised)):
            begun = [price.yen for price in prices if price.valid_from <= asked]
            if begun:
                assert catalogue.price(Shipped.MAIL_PACK, asked) == begun[-1]
            else:
                with pytest.raises(catalogue.NoPrice, match=f"no price of mail-pack on {asked}"):
                    catalogue.price(Shipped.MAIL_PACK, asked)


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


def test_a_day_before_every_tax_rate_has_none() -> None:
    with pytest.raises(catalogue.NoPrice, match="no tax rate on 1990-01-01"):
        catalogue.tax_rate(date(1990, 1, 1))


def test_a_fee_is_charged_from_its_first_price_on(monkeypatch: pytest.MonkeyPatch) -> None:
    assert catalogue.fee_of_buying_again(Shipped.REMOTE_SUPPORT, date(2026, 1, 31)) == AGAIN
    assert catalogue.fee_of_buying_again(Shipped.MAIL_PACK, date(2026, 1, 31)) is None
    priced(monkeypatch, AGAIN, Price(date(2026, 2, 1), 1_100))
    assert catalogue.fee_of_buying_again(Shipped.REMOTE_SUPPORT, date(2026, 1, 31)) is None
    assert catalogue.fee_of_buying_again(Shipped.REMOTE_SUPPORT, date(2026, 2, 1)) == AGAIN


# --- what there is ----------------------------------------------------------------------------------------------------


def test_every_product_and_every_fee_has_a_name_of_its_own() -> None:
    names = [catalogue.name(item) for item in (*EVERY, AGAIN)]
    assert all(names)
    assert len(set(names)) == len(EVERY) + 1
    with pytest.raises(catalogue.Unknown):
        catalogue.name(Product("nothing"))


def test_kinds_say_what_there_is() -> None:
    assert catalogue.licences() == SECURITY
    assert (catalogue.mailbox(), catalogue.support()) == (Shipped.MAILBOX_10GB, Shipped.REMOTE_SUPPORT)
    assert [catalogue.is_licence(product) for product in EVERY] == [False] * 4 + [True] * 3
    assert catalogue.is_fee(AGAIN)
    assert not any(catalogue.is_fee(product) for product in EVERY)


def test_a_product_is_offered_while_it_is_sold_from_its_first_price_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    today = date(2026, 1, 20)
    assert all(catalogue.offered(product, today) for product in EVERY)
    assert not catalogue.offered(None, today)
    assert not catalogue.offered(Product("nothing"), today)
    priced(monkeypatch, Shipped.KIDS_FILTER, Price(date(2026, 2, 1), 330))
    assert not catalogue.offered(Shipped.KIDS_FILTER, date(2026, 1, 31))
    assert catalogue.offered(Shipped.KIDS_FILTER, date(2026, 2, 1))
    withdrawn = [msgspec.structs.replace(entry, sold=False) for entry in catalogue.current().products]
    use(monkeypatch, products=tuple(withdrawn))
    assert not any(catalogue.offered(product, today) for product in EVERY)


def test_a_bought_mail_product_gives_every_account_id_of_the_contract_an_address() -> None:
    most = catalogue.limits().account_ids
    mail = [entry for entry in catalogue.current().products if entry.kind is Kind.MAIL]
    assert [(entry.base, entry.base + entry.bought) for entry in mail] == [(1, most), (0, most)]


def test_before_one_was_read_nobody_is_told_of_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue, "_current", None)
    assert catalogue.version() is None
    with pytest.raises(catalogue.NotRead):
        catalogue.limits()
