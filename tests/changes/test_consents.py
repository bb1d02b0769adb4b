"""規約への同意: each text has its version, and what a member agreed to is known for ever."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import date
from itertools import pairwise

import jinja2
import msgspec
import pytest
from bs4 import BeautifulSoup

from app.branding import BRAND
from app.domain import catalogue
from app.domain.catalogue import Kind
from app.domain.changes import consents
from app.domain.changes.consents import TEXTS
from app.domain.people import own_data
from app.postgres import database
from app.web.render import OF_CATALOGUE, PARTIALS
from tests import households
from tests.browser import Browser
from tests.options.steps import FULL, PAGE, buy
from tests.products import use

TERMS = PARTIALS / "terms"


def digest(name: str) -> str:
    """Of the words of a text, wherever they come from; not of its tags and line breaks."""
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(PARTIALS), autoescape=True)
    text = environment.get_template(f"terms/{name}.html").render(our=BRAND, **OF_CATALOGUE)
    words = "".join(BeautifulSoup(text, "html.parser").get_text().split())
    return hashlib.sha256(words.encode()).hexdigest()[:16]


@pytest.mark.parametrize("name", TEXTS)
def test_a_text_that_was_edited_has_a_new_version(name: str) -> None:
    newest = TEXTS[name].newest
    made = digest(name)
    assert made == newest.digest, (
        f"the words of terms/{name}.html changed: give it TextVersion({newest.number + 1}, <its first day>, "
        f"{made!r}) behind the others in app/domain/changes/consents.py, and write its words into agreed/{name}."
        f"{newest.number + 1}.txt; the file of version {newest.number} stays"
    )


def words_digest(words: str) -> str:
    return hashlib.sha256("".join(words.split()).encode()).hexdigest()[:16]


@pytest.mark.parametrize("name", TEXTS)
def test_the_words_of_every_version_can_be_read_for_ever(name: str) -> None:
    for version in TEXTS[name].versions:
        kept = consents.words(name, version.number)
        assert words_digest(kept) == version.digest, (
            f"agreed/{name}.{version.number}.txt is not what was agreed to"
        )
        assert len(kept.splitlines()) > 1


def test_no_words_are_kept_of_what_nobody_was_asked() -> None:
    versions = {f"{text.name}.{version.number}.txt" for text in TEXTS.values() for version in text.versions}
    before = {"mailbox-10gb.1.txt", "security-360.1.txt", "security-online.1.txt"}
    assert {path.name for path in consents.WORDS.iterdir()} == versions | before
    with pytest.raises(FileNotFoundError):
        consents.words("card", 99)


def test_versions_are_numbered_from_1_and_each_is_later_than_the_one_before() -> None:
    for text in TEXTS.values():
        assert [version.number for version in text.versions] == [*range(1, len(text.versions) + 1)]
        assert all(one.dated < other.dated for one, other in pairwise(text.versions))
        assert len({version.digest for version in text.versions}) == len(text.versions)


def test_every_file_of_terms_is_a_text_or_a_part_of_one() -> None:
    parts = {
        name
        for path in TERMS.glob("*.html")
        for name in re.findall(r'include "terms/([\w-]+)\.html"', path.read_text())
    }
    assert {path.stem for path in TERMS.glob("*.html")} == parts | TEXTS.keys()


def test_the_words_of_a_products_terms_are_those_of_its_page() -> None:
    for entry in catalogue.current().products:
        heading, *lines = consents.words(entry.key, entry.terms.version).splitlines()
        assert heading.endswith("サービス説明")
        assert {*entry.terms.about, *entry.terms.points, *entry.terms.conditions} <= {*lines}


def test_nothing_is_said_where_no_consent_is_asked_for() -> None:
    assert consents.rows(()) == []


async def test_the_version_is_on_input_confirm_and_complete_page_and_beside_the_change(
    contractor: Browser,
) -> None:
    said = "セキュリティ360°のサービス説明とサービス利用規約（第2版、2026/12/01）"
    await contractor.open(PAGE)
    assert said in contractor.text
    await contractor.submit(PAGE + FULL, agree="yes")
    assert contractor.rows["規約への同意"] == said
    assert await database.rows("SELECT 1 FROM consent") == []
    await contractor.submit()
    assert contractor.rows["規約への同意"] == said
    (kept,) = await database.rows(
        "SELECT text, version, dated, agreed_at = applied_at AS then, kind, consent.contract = change.contract AS its"
        " FROM consent JOIN change ON change.id = consent.change"
    )
    assert tuple(kept.values()) == ("security-360", 2, date(2026, 12, 1), True, "security-purchase", True)


def third_version(patch: pytest.MonkeyPatch) -> None:
    """The terms of セキュリティ360° say something else from 2027/04/01 on."""
    own, *others = [one for one in catalogue.current().products if one.kind is Kind.LICENCE]
    terms = msgspec.structs.replace(own.terms, version=3, dated=date(2027, 4, 1), points=("ほか",))
    newer = msgspec.structs.replace(own, terms=terms, former=(own.terms,))
    rest = [one for one in catalogue.current().products if one.kind is not Kind.LICENCE]
    use(patch, products=(*rest, newer, *others))


async def test_a_text_that_changed_while_its_confirm_page_was_open_is_shown_before_it_is_agreed_to(
    contractor: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    await contractor.open(PAGE)
    await contractor.submit(PAGE + FULL, agree="yes")
    third_version(monkeypatch)
    await contractor.submit()
    assert "内容が変わりました" in contractor.text
    assert contractor.rows["規約への同意"].endswith("（第3版、2027/04/01）")
    assert await database.rows("SELECT 1 FROM consent") == []
    await contractor.submit()
    assert [row["version"] for row in await database.rows("SELECT version FROM consent")] == [3]


async def test_the_complete_page_holds_the_words_that_were_agreed_to_after_they_were_edited_too(
    contractor: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    await buy(contractor)
    third_version(monkeypatch)
    await contractor.open(contractor.path)
    assert contractor.rows["規約への同意"].endswith("（第2版、2026/12/01）")
    (agreed,) = contractor.page.select("main details.agreed")
    summary, *lines = [part.get_text() for part in agreed.select("summary, li")]
    assert summary == "セキュリティ360°のサービス説明とサービス利用規約（第2版）"
    assert lines == consents.words("security-360", 2).splitlines()[1:]


async def test_a_complete_page_of_before_shows_no_text(contractor: Browser) -> None:
    await buy(contractor)
    await database.rows("UPDATE change SET receipt = (receipt::jsonb - 'agreed')::json")
    await contractor.open(contractor.path)
    assert contractor.heading == "セキュリティオプション購入／解約完了"
    assert not contractor.page.select("main details.agreed")


async def test_consents_are_among_the_own_data(contractor: Browser) -> None:
    await buy(contractor)
    (contract,) = await database.rows("SELECT id FROM contract WHERE customer_number = '90000000000000'")
    exported = json.loads(await own_data.of(await households.log_in(contract["id"])))
    assert [(one["text"], one["version"]) for one in exported["規約への同意"]] == [("security-360", 2)]


async def test_a_change_that_asks_for_none_keeps_none(contractor: Browser) -> None:
    await contractor.open("/application")
    await contractor.submit(paper="name")
    assert "規約への同意" not in contractor.rows
    await contractor.submit()
    assert await database.rows("SELECT 1 FROM consent") == []
