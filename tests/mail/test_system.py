"""The mail and web servers, as members type them into their programs: what an operator set, said in one place."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.domain.installation import MailServer, MailSystem, Upload
from app.domain.mail import system
from tests.browser import Browser
from tests.conftest import Installed
from tests.mail.steps import buy, confirmed, get_address

OTHER = MailSystem(
    "example.org",
    MailServer("imap.example.org", 143, "starttls"),
    MailServer("smtp.example.org", 465, "tls"),
    "home.example.org",
    Upload("ftps", "files.example.org", 990),
    web_megabytes=2000,
)


async def test_a_receipt_tells_the_operators_mail_servers_with_ports_and_encryption(
    contractor: Browser, installed: Installed
) -> None:
    installed(mail_system=OTHER)
    await buy(contractor)
    await get_address(contractor, "arteri-an-001", "hikari.taro")
    assert contractor.rows["メールアドレス"] == "hikari.taro@example.org"
    told = {label: text for label, text in contractor.rows.items() if label.startswith(("受信", "送信"))}
    assert told == {
        "受信サーバー（IMAP）": "imap.example.org",
        "受信のポート": "143",
        "受信の暗号化": "STARTTLS",
        "送信サーバー（SMTP）": "smtp.example.org",
        "送信のポート": "465",
        "送信の暗号化": "SSL/TLS",
        "送信の認証": "必要（ユーザー名とパスワードは、受信と同じ）",
    }


async def test_a_home_page_is_at_the_operators_web_server(taro: Browser, installed: Installed) -> None:
    installed(mail_system=OTHER)
    await confirmed(taro, "/accounts/arteri-an-001/web-space", space="hikari")
    assert taro.rows["ホームページアドレス"] == "https://home.example.org/hikari/"


def test_the_names_are_those_of_the_installation_as_it_is_now(installed: Installed) -> None:
    before = system.current()
    installed(mail_system=OTHER)
    assert system.current() == OTHER != before


@pytest.mark.parametrize(
    ("number", "said"), [(1, "1MB"), (100, "100MB"), (1000, "1GB"), (1500, "1500MB"), (20_000, "20GB")]
)
def test_a_capacity_is_said_in_the_unit_that_fits(number: int, said: str) -> None:
    assert system.megabytes(number) == said


async def test_nothing_is_said_of_an_upload_that_the_operator_did_not_name(
    taro: Browser, installed: Installed
) -> None:
    installed(mail_system=replace(OTHER, upload=None, web_megabytes=None))
    await confirmed(taro, "/accounts/arteri-an-001/web-space", space="hikari")
    await taro.open("/accounts/arteri-an-001/web-settings")
    assert set(taro.rows) == {"ホームページアドレス", "電話番号", "受付時間"}
