"""Pages that hand over, お問い合わせ窓口, terms and accessibility."""

from __future__ import annotations

import pytest

from app.domain import catalogue
from app.web.render import PARTIALS
from tests.browser import Browser
from tests.conftest import SETTINGS
from tests.products import EVERY, Shipped

SPEC_MENU = {
    "ご契約情報": ["ご契約情報一覧"],
    "各種お手続き": [
        *("お客様情報変更", "お客様番号パスワード変更", "お支払い方法変更", "ご契約内容変更申請"),
        *("ご利用ガイド・規約ご請求", "ご解約"),
    ],
    "料金明細照会": ["月額請求明細照会", "GATE CALL050通話明細照会", "UCOM光電話通話明細照会"],
    "オプションサービス": [
        "メールサービス",
        "UCOM光 リモートサポート",
        "ギガシネマ with U-NEXT",
        "UCOM光 クラブオフ",
    ],
    "アカウントIDオプション": ["アカウントID管理", "アカウントIDオプション変更"],
    "お知らせ": ["障害情報", "メンテナンス情報", "マニュアル・利用規約"],
}
"""Section 2 of the specification; お手続き履歴 after it is ours."""


async def test_the_menu_is_the_one_of_the_specification(contractor: Browser) -> None:
    await contractor.open("/")
    menu = {title: [name for name, _ in entries] for title, entries in contractor.menu.items()}
    assert list(menu.items())[:-1] == list(SPEC_MENU.items())
    assert list(menu)[-1] == "お手続き履歴"


@pytest.mark.parametrize("path", ["/cancellation", "/hikari-denwa", "/gate-call-050", "/contact"])
async def test_who_has_to_phone_finds_number_and_hours(contractor: Browser, path: str) -> None:
    await contractor.open(path)
    assert SETTINGS.contact.phone in contractor.text
    assert SETTINGS.contact.hours in contractor.text


async def test_the_contact_page_names_the_desk_for_faults(visitor: Browser) -> None:
    await visitor.open("/contact")
    assert SETTINGS.elsewhere.fault_phone in visitor.text
    assert not visitor.page.select("main a[href^='/notices']")  # these pages need a login
    assert visitor.page.select("main a[href='/outages']")


@pytest.mark.parametrize(
    ("path", "address"),
    [
        ("/giga-cinema", SETTINGS.elsewhere.partners["giga-cinema"]),
        ("/club-off", SETTINGS.elsewhere.partners["club-off"]),
    ],
)
async def test_a_partner_is_behind_the_customers_step_and_told_nothing(
    admin: Browser, path: str, address: str
) -> None:
    await admin.open(path)
    assert admin.heading == "お客様番号で再度ログイン"
    assert "管理者権限のアカウントIDでは表示できません" in admin.text
    await admin.prove("demo01", "90000000000000")
    assert admin.path == path
    link = admin.page.select_one("main a.button")
    assert link is not None
    assert (link["href"], link["rel"]) == (address, ["noreferrer", "external"])


@pytest.mark.slow
async def test_the_terms_of_every_product_can_be_read(family_user: Browser) -> None:
    await family_user.open("/documents")
    texts = [*EVERY, *(PARTIALS / "terms").glob("*.html")]
    links = {link.get_text(): str(link["href"]) for link in family_user.page.select("main ul a")}
    assert len(links) == len(texts)
    for name, path in links.items():
        await family_user.open(path)
        assert family_user.heading == f"利用規約：{name}"
        assert family_user.page.select("main section li")
    assert catalogue.name(Shipped.MAILBOX_10GB) in links
    assert "ご利用ガイド・規約ご請求" not in family_user.text  # not for this role
    assert (await family_user.get("/documents/mail_rules")).status_code == 404


async def test_whoever_ends_an_option_only_is_led_to_it(contractor: Browser) -> None:
    await contractor.open("/cancellation")
    paths = {str(link["href"]) for link in contractor.page.select("main a:not(.tel)")}
    assert paths == {"/accounts", "/remote-support", "/hikari-denwa", "/gate-call-050"}


async def test_accessibility_is_told_to_everybody(visitor: Browser) -> None:
    await visitor.open("/accessibility")
    assert "読み上げソフトを実際に使った確認は、まだ行っていません。" in visitor.text


@pytest.mark.slow
async def test_no_page_of_the_menu_takes_more_than_two_round_trips(
    contractor: Browser, round_trips: list[str]
) -> None:
    await contractor.open("/own-data")
    await contractor.prove("demo01", "90000000000000")
    menu = [path for entries in contractor.menu.values() for _, path in entries]
    assert len(menu) > 20
    for path in [*menu, "/own-data.json", "/changes.csv"]:
        round_trips.clear()
        assert (await contractor.get(path)).status_code == 200
        assert len(round_trips) <= 2, path
