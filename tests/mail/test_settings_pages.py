"""メールソフトの設定 and Webスペースの設定: pages that say what to type, to whoever may see the account ID."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.domain.installation import Upload
from app.domain.mail import system
from tests.browser import Browser
from tests.conftest import Installed
from tests.mail.steps import buy, confirmed, get_address, use_other

OWN = "/accounts/arteri-an-001"
MAIL, WEB = f"{OWN}/mail-settings", f"{OWN}/web-settings"
ADDRESS = "hikari.taro@s2.spaaqs.ne.jp"


def links(browser: Browser) -> dict[str, str]:
    """Where the links of the page's main part lead, by the words that are seen."""
    return {
        next(iter(link.find_all(string=True, recursive=False)), ""): str(link["href"])
        for link in browser.page.select("main a")
    }


def untranslated(browser: Browser) -> set[str]:
    return {part.get_text() for part in browser.page.select("main [translate=no]")}


async def make_app_password(browser: Browser) -> None:
    await confirmed(browser, f"{OWN}/mail-passwords", called="スマートフォン", consent="yes")


# --- mail -------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_the_page_tells_the_owner_servers_user_name_and_the_password_of_the_account_id(
    taro: Browser,
) -> None:
    await taro.open(MAIL)
    assert taro.heading == "メールソフトの設定"
    assert taro.rows == {
        "メールアドレス": ADDRESS,
        "ユーザー名（アカウント名）": "arteri-an-001",
        "パスワード": "アカウントIDのパスワード",
        "受信サーバー（IMAP）": "imap.s2.spaaqs.ne.jp",
        "受信のポート": "993",
        "受信の暗号化": "SSL/TLS",
        "送信サーバー（SMTP）": "smtp.s2.spaaqs.ne.jp",
        "送信のポート": "587",
        "送信の暗号化": "STARTTLS",
        "送信の認証": "必要（ユーザー名とパスワードは、受信と同じ）",
    }
    assert "今は、アカウントIDのパスワードを入力してください。" in taro.text
    assert "容量は1GBです。" in taro.text


@pytest.mark.slow
async def test_with_a_first_app_password_the_page_asks_for_that_one(taro: Browser) -> None:
    await make_app_password(taro)
    await taro.open(MAIL)
    assert taro.rows["パスワード"] == "メールソフト用パスワード"
    assert "アカウントIDのパスワードでは、メールを送受信できません。" in taro.text
    assert links(taro)["メールソフト用パスワード"] == f"{OWN}/mail-passwords"


@pytest.mark.slow
async def test_page_and_receipts_say_the_same(taro: Browser) -> None:
    await confirmed(taro, f"{OWN}/mail-address", kind="ucom", local_part="hikari.jiro", agree="yes")
    of_the_address = {
        label: text for label, text in taro.rows.items() if "信" in label or "ユーザー" in label
    }
    await taro.open(MAIL)
    assert of_the_address
    assert of_the_address.items() <= taro.rows.items()
    await make_app_password(taro)
    assert of_the_address.items() <= taro.rows.items()


@pytest.mark.slow
async def test_a_translating_browser_leaves_addresses_ids_and_hosts_as_they_are(taro: Browser) -> None:
    await taro.open(MAIL)
    hosts = {"imap.s2.spaaqs.ne.jp", "smtp.s2.spaaqs.ne.jp"}
    assert untranslated(taro) == {ADDRESS, "arteri-an-001", "993", "587", "SSL/TLS", "STARTTLS", *hosts}


@pytest.mark.slow
async def test_the_page_is_a_link_away_from_the_accordion_the_receipts_and_the_app_passwords(
    taro: Browser, family_user: Browser
) -> None:
    for browser in (taro, family_user):
        for path in ("/?open=arteri-an-001", OWN, f"{OWN}/mail-passwords"):
            await browser.open(path)
            assert MAIL in links(browser).values(), path
    await make_app_password(family_user)
    assert links(family_user)["メールソフトの設定"] == MAIL
    await confirmed(taro, f"{OWN}/mail-address", kind="ucom", local_part="hikari.jiro", agree="yes")
    assert links(taro)["メールソフトの設定"] == MAIL


@pytest.mark.slow
@pytest.mark.parametrize("app_password", [False, True])
async def test_a_new_password_of_the_account_id_leads_there_while_it_opens_the_mailbox(
    taro: Browser, app_password: bool
) -> None:
    if app_password:
        await make_app_password(taro)
    for page, password in (("password", "hik-7q2mzw"), ("edit", "hik-8q2mzw")):
        await confirmed(taro, f"{OWN}/{page}", password=password, password_again=password)
        assert ("メールソフトの設定" in links(taro)) is not app_password
    await confirmed(taro, f"{OWN}/edit", given="太郎")
    assert "メールソフトの設定" not in links(taro)


@pytest.mark.parametrize("other", [False, True])
async def test_without_an_address_of_ours_the_page_says_so_and_leads_to_the_registration(
    contractor: Browser, other: bool
) -> None:
    if other:
        await use_other(contractor, "arteri-an-001", "taro@example.com")
    await contractor.open(MAIL)
    assert contractor.answer.status_code == 200
    assert "UCOM光のメールアドレスを登録すると、ご利用いただけます。" in contractor.text
    assert f"{OWN}/mail-address" in links(contractor).values()
    assert not contractor.rows
    await contractor.open(OWN)
    assert not {MAIL, WEB} & set(links(contractor).values())


@pytest.mark.parametrize("path", [MAIL, WEB])
async def test_another_contracts_account_id_is_not_there(stranger: Browser, path: str) -> None:
    await stranger.open(path)
    assert stranger.answer.status_code == 404


@pytest.mark.slow
async def test_each_page_takes_one_round_trip(taro: Browser, round_trips: list[str]) -> None:
    for path in (MAIL, WEB):
        round_trips.clear()
        await taro.open(path)
        assert len(round_trips) == 1, path


# --- web space --------------------------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_the_page_of_a_web_space_tells_how_files_get_there(taro: Browser) -> None:
    await confirmed(taro, f"{OWN}/web-space", space="hikari")
    assert links(taro)["Webスペースの設定"] == WEB
    await taro.open(WEB)
    assert taro.heading == "Webスペースの設定"
    assert taro.rows == {
        "ホームページアドレス": "https://home.s2.spaaqs.ne.jp/hikari/",
        "容量": "100MB",
        "接続方法（プロトコル）": "SFTP",
        "サーバー（ホスト名）": "upload.s2.spaaqs.ne.jp",
        "ポート": "22",
        "ユーザー名": "arteri-an-001",
        "パスワード": "アカウントIDのパスワード",
    }
    assert "SFTPに対応したファイル転送ソフト" in taro.text
    assert "お問い合わせください" not in taro.text
    assert "https://home.s2.spaaqs.ne.jp/hikari/" in untranslated(taro)
    for path in ("/?open=arteri-an-001", f"{OWN}/web-space"):
        await taro.open(path)
        assert WEB in links(taro).values(), path


@pytest.mark.slow
@pytest.mark.parametrize(
    ("upload", "megabytes", "asked"),
    [
        (None, None, "アップロードのしかたと容量は、"),
        (None, 100, "アップロードのしかたは、"),
        (Upload("ftps", "files.example.org", 21), None, "容量は、"),
    ],
)
async def test_what_the_operator_did_not_say_is_asked_by_phone(
    taro: Browser, installed: Installed, upload: Upload | None, megabytes: int | None, asked: str
) -> None:
    await confirmed(taro, f"{OWN}/web-space", space="hikari")
    installed(mail_system=replace(system.current(), upload=upload, web_megabytes=megabytes))
    await taro.open(WEB)
    assert f"{asked}インフォメーションセンターへお問い合わせください。" in taro.text
    assert ("容量" in taro.rows) is (megabytes is not None)
    assert ("サーバー（ホスト名）" in taro.rows) is (upload is not None)
    assert ("ファイル転送ソフト" in taro.text) is (upload is not None)


async def test_without_a_web_space_the_page_leads_to_what_comes_first(contractor: Browser) -> None:
    await contractor.open(WEB)
    assert f"{OWN}/mail-address" in links(contractor).values()
    await buy(contractor)
    await get_address(contractor, "arteri-an-001", "hikari.taro")
    await contractor.open(WEB)
    assert "Webスペースを登録すると、ご利用いただけます。" in contractor.text
    assert f"{OWN}/web-space" in links(contractor).values()
    assert not contractor.rows


@pytest.mark.slow
async def test_a_deleted_person_reads_that_it_is_gone_and_is_led_to_no_form(
    taro: Browser, family_user: Browser
) -> None:
    await confirmed(taro, f"{OWN}/web-space", space="hikari")
    await taro.open(f"{OWN}/delete")
    await taro.submit()
    await taro.submit()
    for path in (MAIL, WEB):
        await family_user.open(path)
        assert family_user.answer.status_code == 200
        assert set(links(family_user).values()) == {"/"}


@pytest.mark.slow
async def test_a_deleted_admin_reads_the_settings_of_others_and_is_offered_no_change(
    taro: Browser, admin: Browser
) -> None:
    await taro.open("/accounts/arteri-an-002/delete")
    await taro.submit()
    await taro.submit()
    await admin.open(MAIL)
    assert admin.rows["メールアドレス"] == ADDRESS
    assert f"{OWN}/mail-passwords" not in links(admin).values()


@pytest.mark.slow
async def test_a_new_password_leads_nowhere_where_there_is_no_mailbox(contractor: Browser) -> None:
    await confirmed(contractor, f"{OWN}/password", password="hik-7q2mzw", password_again="hik-7q2mzw")
    assert "メールソフトの設定" not in links(contractor)
