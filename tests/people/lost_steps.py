"""What somebody does who has lost a password, and what was mailed."""

from __future__ import annotations

import re

from app.postgres import database
from tests.browser import Browser

NUMBER, CONTACT = "90000000000000", "arteri-an@keitai.example.jp"
SON, WIFE, WIFES = "arteri-an-001", "arteri-an-002", "arteri-kichi@mail.example.com"
NEW = {"password": "neu!4711", "password_again": "neu!4711"}
NEW_OF_ACCOUNT = {"password": "neues-4711", "password_again": "neues-4711"}
INVITED, TOLD, ISSUED = "パスワード再設定のご案内", "パスワード再設定のお知らせ", "仮パスワードを発行しました"


async def ask(browser: Browser, by: str, name: str, email: str) -> None:
    """Ask for a link; the answer is what everybody gets."""
    await browser.open("/forgotten")
    await browser.submit("/forgotten", by=by, name=name, email=email)
    assert (browser.path, browser.heading) == ("/forgotten/sent", "お申し込みを受け付けました"), (
        browser.reasons
    )


async def mailed(about: str = INVITED) -> list[str]:
    """To whom the mails of that subject went, in their order."""
    found = await database.rows(
        "SELECT recipient FROM outbox WHERE subject LIKE '%' || $1 ORDER BY id", about
    )
    return [row["recipient"] for row in found]


async def links() -> list[str]:
    """Paths of the links that were mailed, in their order."""
    found = await database.rows(
        "SELECT body FROM outbox WHERE body LIKE '%/forgotten/new?token=%' ORDER BY id"
    )
    address = re.compile(r"^https://mypage\.example\.jp(/\S+)$", re.MULTILINE)
    return [path for row in found for path in address.findall(row["body"])]


async def the_link(browser: Browser, by: str = "customer", name: str = NUMBER, email: str = CONTACT) -> str:
    """Ask for a link; the path that was mailed."""
    before = len(await links())
    await ask(browser, by, name, email)
    after = await links()
    assert len(after) == before + 1
    return after[-1]
