"""What a catalogue would change, in words; and what it may not change under whoever has it."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
import pytest

from app.domain.catalogue import Catalogue, file, plan
from app.domain.catalogue.plan import Item, KnownCatalogue
from app.domain.imports import ImportRefused
from tests.catalogue.texts import FOURTH, TEXT, edited, line_of, without

TODAY = date(2026, 1, 20)
START = "2026-02-01"


def known(
    catalogue: Catalogue, used: dict[str, dict[str, Any]] | None = None, **parts: Any
) -> KnownCatalogue:
    """A database with this catalogue, in use; `used`: what it knows of items besides."""
    plain: dict[str, Any] = {"listed": True, "has": 0, "had": False, "contracts": 0, "first_bought": None}
    items = []
    for entry in catalogue.products:
        own = {**plain, "in_contracts": entry.in_contracts, "fee_of": None, "terms": (entry.terms,)}
        items.append({"key": entry.key, "kind": entry.kind.value, "prices": entry.prices, **own})
        if fee := entry.again:
            its = {**plain, "in_contracts": None, "fee_of": entry.key, "terms": ()}
            items.append({"key": fee.key, "kind": "fee", "prices": fee.prices, **its})
    made = tuple(Item(**{**item, **(used or {}).get(item["key"], {})}) for item in items)
    whole: dict[str, Any] = {
        "version": catalogue.version,
        "in_use": True,
        "closed": None,
        "tax_rates": catalogue.tax_rates,
    }
    return KnownCatalogue(items=made, **{**whole, **parts})


SHIPPED = file.shipped()
SOMEBODY = known(SHIPPED, {"kids-filter": {"has": 12, "had": True}, "mail-pack": {"contracts": 3}})


def planned(text: str, state: KnownCatalogue = SOMEBODY, before: Catalogue | None = SHIPPED) -> list[str]:
    return [*plan.plan(file.of_text(text), before, state, TODAY).lines]


def refused(text: str, state: KnownCatalogue = SOMEBODY) -> list[tuple[int, str]]:
    with pytest.raises(ImportRefused) as error:
        planned(text, state)
    return [(problem.line, problem.reason) for problem in error.value.problems]


FIRST = "prices = [{ from = 2014-01-01, yen = 330 }]"
"""Of メールパック."""


def mail_pack(*prices: tuple[str, int]) -> str:
    listed = ", ".join(f"{{ from = {day}, yen = {yen} }}" for day, yen in prices)
    return edited((FIRST, f"prices = [{listed}]"))


# --- in words ---------------------------------------------------------------------------------------------------------


def test_the_same_file_changes_nothing() -> None:
    assert planned(TEXT) == []


def test_each_change_is_a_line() -> None:
    said = planned(
        edited(
            (FIRST, FIRST.replace("}]", "}, { from = 2026-04-01, yen = 440 }]")),
            ("percent = 10 },", f"percent = 10 }},\n{{ from = {START}, percent = 12 }},"),
            ("account_ids = 5", "account_ids = 6"),
            (', "gate-call-050"]', "]"),
            ("virus_check = true", "virus_check = false"),
            ('name = "セキュリティオンライン"', 'name = "まもりオンライン"'),
            text=TEXT.replace(
                'name = "安心 Kidsフィルター"\nsold = true', 'name = "安心 Kidsフィルター"\nsold = false'
            )
            + FOURTH.replace("2014-01-01", "2026-03-01"),
        )
    )
    assert said == [
        "+ メールパック (mail-pack): 440 yen from 2026-04-01",
        "~ まもりオンライン (security-online): name 'セキュリティオンライン' -> 'まもりオンライン'",
        "~ 安心 Kidsフィルター (kids-filter): offered to nobody any more; 12 purchases go on",
        "+ 見守りバックアップ (backup-guard, licence): sold from 2026-03-01 on, 440 yen from 2026-03-01",
        "+ consumption tax: 12 percent from 2026-02-01",
        "~ limits.account_ids: 5 -> 6",
        "- telephony: gate-call-050: no page of it is shown; its calls are kept",
        "~ virus_check: members are told of none",
        "~ order of pages and lists: mail-pack, mail-web, mailbox-10gb, remote-support, security-360, security-online, "
        "kids-filter, backup-guard",
    ]


def test_a_price_may_be_mended_until_its_month_begins() -> None:
    before = file.of_text(mail_pack(("2014-01-01", 330), (START, 440))).catalogue
    assert planned(mail_pack(("2014-01-01", 330), (START, 450)), known(before), before) == [
        f"~ メールパック (mail-pack): from {START} 440 yen -> 450 yen"
    ]


def test_a_product_that_nobody_ever_had_is_taken_out() -> None:
    assert (
        planned(without("security-online"))[0]
        == "- セキュリティオンライン (security-online): taken out; nobody has it"
    )


def test_the_first_catalogue_is_all_new_whenever_its_prices_begin() -> None:
    said = planned(mail_pack(("2026-01-01", 1)), known(SHIPPED, version="", tax_rates=()), None)
    assert said[:2] == [
        plan.FIRST + ": all of it is new",
        "+ メールパック (mail-pack, mail): sold at once, 1 yen from 2026-01-01",
    ]


def test_until_something_was_bought_another_may_take_its_place_whole() -> None:
    unused = known(SHIPPED, in_use=False)
    for text in (mail_pack(("2026-01-01", 1)), without("kids-filter"), edited(("yen = 3300", "yen = 1"))):
        assert planned(text, unused)


# --- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("prices", "part", "said"),
    [
        ([("2014-01-01", 331)], "yen = 331",
            f"yen: was 330 from 2014-01-01 on, which is charged already: write 330 again, and add another from {START} on"),
        ([("2014-01-01", 330), ("2026-01-01", 440)], "yen = 440",
            f"from: 2026-01-01 is over, begun or closed: what is new is valid from {START} at the earliest"),
        ([("2014-01-01", 330), ("2015-01-01", 440)], "yen = 440", "from: 2015-01-01 is over, begun or closed"),
        ([("2013-01-01", 330), ("2014-01-01", 330)], "from = 2013-01-01", "from: 2013-01-01 is over"),
        ([("2026-02-01", 440)], "yen = 440", "prices: yen = 330 from 2014-01-01 is missing: put it back"),
    ],
)  # fmt: skip
def test_prices_are_only_added_to(prices: list[tuple[str, int]], part: str, said: str) -> None:
    text = mail_pack(*prices)
    line, reason = refused(text)[0]
    assert reason.startswith(said)
    assert line == line_of(text, part)


def test_a_price_that_has_not_begun_may_still_become_another_and_is_never_taken_away() -> None:
    coming = edited((FIRST, FIRST.replace("}]", "}, { from = 2026-04-01, yen = 4400 }]")))
    loaded = file.of_text(coming).catalogue
    right = coming.replace("4400", "440")
    assert planned(right, known(loaded), loaded) == [
        "~ メールパック (mail-pack): from 2026-04-01 4,400 yen -> 440 yen"
    ]
    assert refused(TEXT, known(loaded))[0][1].startswith("prices: yen = 4400 from 2026-04-01 is missing")


def test_what_is_new_begins_after_the_last_closed_month_too() -> None:
    text = edited((FIRST, FIRST.replace("}]", "}, { from = 2026-02-01, yen = 440 }]")))
    assert planned(text, known(SHIPPED, closed=date(2026, 1, 1)))
    ahead = known(SHIPPED, closed=date(2026, 2, 1))
    assert "valid from 2026-03-01 at the earliest" in refused(text, ahead)[0][1]


def test_a_new_product_begins_on_a_first_that_comes() -> None:
    assert "2014-01-01 is over" in refused(TEXT + FOURTH)[0][1]
    assert planned(TEXT + FOURTH.replace("2014-01-01", START))


def test_tax_rates_are_only_added_to() -> None:
    line, reason = refused(edited(("percent = 8", "percent = 7")))[0]
    assert (line, reason[:33]) == (line_of(TEXT, "percent = 8"), "percent: was 8 from 2014-04-01 on")
    gone = edited(("    { from = 2014-04-01, percent = 8 },\n", ""))
    assert "tax_rates: percent = 8 from 2014-04-01 is missing" in refused(gone)[0][1]
    late = edited(("percent = 10 },", "percent = 10 },\n{ from = 2025-12-01, percent = 12 },"))
    assert "from: 2025-12-01 is over" in refused(late)[0][1]


def test_a_product_that_somebody_has_stays() -> None:
    assert refused(without("kids-filter")) == [
        (
            1,
            "the product kids-filter is missing, and 12 purchases of it go on: put it back, "
            "with sold = false to offer it no more",
        )
    ]
    assert "the product mail-pack is missing, and 3 contracts have it" in refused(without("mail-pack"))[0][1]
    had = known(SHIPPED, {"remote-support": {"had": True}, "remote-support-again": {"had": True}})
    reasons = [reason for _, reason in refused(without("remote-support"), had)]
    assert reasons[0].startswith("the fee remote-support-again is missing, and somebody had it")
    assert reasons[1].startswith("the product remote-support is missing, and somebody had it")


def test_a_price_gap_that_leaves_a_month_without_a_price_is_refused() -> None:
    since = {"mail-pack": {"had": True, "first_bought": date(2025, 11, 20)}}
    first = known(SHIPPED, since, version="")
    text = mail_pack(("2026-01-01", 330))
    assert refused(text, first) == [
        (line_of(text, "prices = [{ from = 2026-01-01, yen = 330 }]"),
            "prices: mail-pack was bought in 2025-11 and has no price before 2026-01-01: begin with an earlier one")
    ]  # fmt: skip
    assert planned(mail_pack(("2025-11-01", 330)), first, None)


def test_a_key_stays_with_its_kind_and_its_contracts() -> None:
    renamed = edited(('in_contracts = "mail_pack"', 'in_contracts = "pack"'))
    assert refused(renamed) == [
        (
            line_of(renamed, 'in_contracts = "pack"'),
            "in_contracts: 3 contracts have it as mail_pack: write that again",
        )
    ]
    turned = msgspec.structs.replace(SOMEBODY.items[0], kind="support", contracts=0)
    state = msgspec.structs.replace(SOMEBODY, items=(turned, *SOMEBODY.items[1:]))
    assert "kind: mail-pack is of the kind support and stays that" in refused(TEXT, state)[0][1]


TERMS = 'version = 2\ndated = 2026-12-01\nabout = [\n    "「セキュリティ360'


@pytest.mark.parametrize(
    ("version", "dated", "words", "said"),
    [
        (2, "2026-12-01", "また", "say something else than version 2 that was loaded: make them version 3"),
        (1, "2026-12-01", "また", "after version 2 of 2026-12-01 comes version 3 of a later day"),
        (4, "2027-01-01", "また", "after version 2 of 2026-12-01 comes version 3 of a later day"),
        (3, "2026-12-01", "また", "after version 2 of 2026-12-01 comes version 3 of a later day"),
    ],
)
def test_terms_that_were_agreed_to_get_a_new_version(version: int, dated: str, words: str, said: str) -> None:
    text = edited(
        (TERMS, TERMS.replace("version = 2", f"version = {version}").replace("2026-12-01", dated) + words)
    )
    assert said in refused(text)[0][1]


def test_a_new_version_of_terms_is_planned() -> None:
    text = edited(
        (TERMS, TERMS.replace("version = 2", "version = 3").replace("2026-12-01", "2027-01-01") + "また")
    )
    assert planned(text) == ["~ セキュリティ360° (security-360): terms, version 3 of 2027-01-01 (was 2)"]
