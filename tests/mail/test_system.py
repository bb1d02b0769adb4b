"""The mail and web servers, as members type them into their programs: the names that an operator set, and the ports."""

from __future__ import annotations

from app.domain.installation import MailSystem
from app.domain.mail import system
from tests.browser import Browser
from tests.conftest import Installed
from tests.mail.steps import buy, confirmed, get_address

OTHER = MailSystem("example.org", "imap.example.org", "smtp.example.org", "home.example.org")


async def test_a_mail_program_is_told_the_operators_servers_with_the_ports_of_encrypted_mail(
    contractor: Browser, installed: Installed
) -> None:
    installed(mail_system=OTHER)
    await buy(contractor)
    await get_address(contractor, "arteri-an-001", "hikari.taro")
    assert contractor.rows["メールアドレス"] == "hikari.taro@example.org"
    incoming, outgoing = contractor.rows["受信サーバー（IMAP）"], contractor.rows["送信サーバー（SMTP）"]
    assert "imap.example.org" in incoming
    assert "993" in incoming
    assert "smtp.example.org" in outgoing
    assert "587" in outgoing


async def test_a_home_page_is_at_the_operators_web_server(taro: Browser, installed: Installed) -> None:
    installed(mail_system=OTHER)
    await confirmed(taro, "/accounts/arteri-an-001/web-space", space="hikari")
    assert taro.rows["ホームページアドレス"] == "https://home.example.org/hikari/"


def test_the_names_are_those_of_the_installation_as_it_is_now(installed: Installed) -> None:
    before = system.current()
    installed(mail_system=OTHER)
    assert system.current() == OTHER != before
