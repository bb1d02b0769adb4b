"""IDs, numbers and addresses stay as they are where a browser translates the page."""

from __future__ import annotations

import pytest
from bs4 import BeautifulSoup
from litestar.types import ASGIApp
from markupsafe import Markup

from app.web.render import is_code
from tests.access.test_matrix import inner
from tests.browser import Browser
from tests.options.steps import buy, pins

LOGIN, NUMBER, ADDRESS = "arteri-an-002", "90000000000000", "arteri-kichi@mail.example.com"


@pytest.mark.parametrize(
    "text", [LOGIN, NUMBER, ADDRESS, "abc*****", "https://home.example.jp/taro/", "A1\nB2"]
)
def test_what_has_no_japanese_in_it_is_a_code(text: str) -> None:
    assert is_code(text)


@pytest.mark.parametrize(
    "text", ["", "*****", "未登録", "1個", f"{LOGIN}（有光 吉）", Markup("<a>a</a>"), 3, None]
)
def test_a_word_and_a_sentence_are_none(text: object) -> None:
    assert not is_code(text)


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        (f"{LOGIN}（有光 吉）、2026/01/10 09:00", [LOGIN]),
        (f"アカウントID「{LOGIN}」（管理者権限）でログインした方", [LOGIN]),
        (f"{ADDRESS} 宛に、「申込み完了メール」を送信しました。", [ADDRESS]),
        (f"これまでのメールアドレス（{ADDRESS}）は使えなくなります。", [ADDRESS]),
        (f"お客様番号{NUMBER}のご契約", [NUMBER]),
        ("Windows、macOS、1ライセンス、IMAPとSMTP、メール&Webスペース", []),
    ],
)
def test_codes_in_a_sentence_are_marked_and_its_words_are_not(
    application: ASGIApp, text: str, marked: list[str]
) -> None:
    made = shown(application, text)
    assert [part.get_text() for part in made.select("[translate=no]")] == marked
    assert made.get_text() == text


@pytest.mark.parametrize(
    "text", ["<b>x</b>@example.jp です", "<i>taro-01</i>（太郎）", "a&b@example.jp", "<b>"]
)
def test_what_somebody_typed_is_text(application: ASGIApp, text: str) -> None:
    made = shown(application, text)
    assert made.get_text() == text
    assert not made.select("b, i")


def shown(application: ASGIApp, text: str) -> BeautifulSoup:
    template = inner(application).state.templates.from_string("{{ text | untranslated }}")
    return BeautifulSoup(template.render(text=text), "html.parser")


def untranslated(browser: Browser, within: str = "body") -> set[str]:
    """What stands in the answer itself: `page` has no mark within a sentence."""
    page = BeautifulSoup(browser.answer.text.replace("<wbr>", ""), "lxml")
    return {part.get_text() for part in page.select(f"{within} [translate=no]")}


async def test_who_is_logged_in_and_every_row_of_an_account_id(contractor: Browser) -> None:
    await contractor.open(f"/?open={LOGIN}")
    assert {LOGIN, NUMBER, ADDRESS} <= untranslated(contractor)
    assert {LOGIN, ADDRESS} <= untranslated(contractor, f"#account-{LOGIN} summary")
    labels = [
        term.get_text() for part in contractor.page.select("[translate=no]") for term in part.select("dt")
    ]
    assert labels == [], "a label is translated"


@pytest.mark.parametrize(
    ("path", "texts"),
    [
        ("/accounts", {LOGIN, ADDRESS}),
        ("/changes", {LOGIN, "arteri-an-001"}),
        ("/logins", {LOGIN}),
        ("/cancellation", {LOGIN, "arteri-an-001"}),
        (f"/accounts/{LOGIN}/security", {LOGIN, ADDRESS}),
    ],
)
async def test_tables_and_lists(contractor: Browser, admin: Browser, path: str, texts: set[str]) -> None:
    await buy(admin)
    await contractor.open(path)
    options = {option.get_text() for option in contractor.page.select("main option")}
    marked = " ".join(untranslated(contractor, "main") | options)
    assert [text for text in texts if text not in marked] == []


async def test_receipt_and_pin(contractor: Browser) -> None:
    await buy(contractor)
    assert contractor.rows["受付番号"] in untranslated(contractor)
    ((pin, login, _),) = await pins()
    await contractor.open(f"/accounts/{login}/security/status")
    assert pin in untranslated(contractor)


async def test_the_first_characters_of_a_password(contractor: Browser) -> None:
    await contractor.open(f"/accounts/{LOGIN}/password")
    await contractor.submit(password="hik-7Q2m-3", password_again="hik-7Q2m-3")
    assert "hik*****" in untranslated(contractor)


async def test_an_error_names_a_number_that_stays(visitor: Browser) -> None:
    await visitor.open("/no/such/page")
    assert visitor.answer.headers["x-request-id"] in untranslated(visitor)
