"""What is typed on the page of お客様情報変更, and what is stored and mailed after it."""

from __future__ import annotations

import re
from typing import Any

from app.postgres import database
from tests.browser import Browser

OLD = "arteri-an@keitai.example.jp"


NEW = "an@new.example.jp"


async def change(browser: Browser, **typed: str) -> None:
    await browser.open("/customer")
    await browser.submit(**typed)


async def changed(browser: Browser, **typed: str) -> None:
    await change(browser, **typed)
    assert browser.heading == "顧客基本情報確認", browser.reasons
    await browser.submit()
    assert browser.heading == "顧客情報登録完了", browser.text


async def mails() -> list[tuple[str, str]]:
    found = await database.rows("SELECT recipient, subject FROM outbox ORDER BY id")
    return [(row["recipient"], row["subject"].removeprefix("【マイページ】")) for row in found]


async def link() -> str:
    """Path of the link that was mailed last."""
    (row,) = await database.rows(
        "SELECT body FROM outbox WHERE body LIKE '%token=%' ORDER BY id DESC LIMIT 1"
    )
    found = re.search(r"https://[^/]+(/customer/email\?token=\S+)", row["body"])
    assert found
    return found[1]


async def stored(column: str = "email") -> Any:
    found = await database.rows(f"SELECT {column} FROM contract WHERE customer_number = '90000000000000'")
    return found[0][column]
