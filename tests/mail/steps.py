"""What members do on the mail pages, step by step, and what is left in the tables after it."""

from __future__ import annotations

from typing import Any

from app.postgres import database
from tests.browser import Browser

ADDRESS = "hikari.taro@s2.spaaqs.ne.jp"


async def confirmed(browser: Browser, path: str, action: str | None = None, **typed: str) -> None:
    """Fill in an input page, confirm, and see the complete page."""
    await browser.open(path)
    await browser.submit(action, **typed)
    assert "確認" in browser.heading, browser.reasons
    await browser.submit()
    assert browser.heading.endswith("完了"), browser.text


async def buy(browser: Browser) -> None:
    await confirmed(browser, "/mail-service", agree="yes")


async def get_address(browser: Browser, login: str, local_part: str) -> None:
    await confirmed(
        browser, f"/accounts/{login}/mail-address", kind="ucom", local_part=local_part, agree="yes"
    )


async def use_other(browser: Browser, login: str, address: str) -> None:
    await confirmed(browser, f"/accounts/{login}/mail-address", kind="other", address=address, agree="yes")


async def open_periods() -> list[str]:
    found = await database.rows("SELECT product FROM service_period WHERE ended_at IS NULL ORDER BY id")
    return [row["product"] for row in found]


async def mails() -> list[Any]:
    return await database.rows("SELECT recipient, subject, body FROM outbox ORDER BY id")


async def open_notices() -> list[str]:
    """Kinds of the changes that owners of account IDs are still told of."""
    return [
        row["kind"]
        for row in await database.rows("SELECT kind FROM owner_notice WHERE seen_at IS NULL ORDER BY id")
    ]
