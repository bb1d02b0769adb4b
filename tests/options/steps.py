"""What members do on the pages of セキュリティオプション, and the licence keys that are taken by it."""

from __future__ import annotations

from datetime import datetime

from app.domain import clock, data_keys
from app.postgres import database
from tests.browser import Browser

WIFE, SON = "arteri-an-002", "arteri-an-001"
"""She has an address of another company, he has none yet."""
PAGE = f"/accounts/{WIFE}/security"
FULL = "?product=security-360"


async def buy(browser: Browser, login: str = WIFE, product: str = "security-360") -> None:
    path = f"/accounts/{login}/security"
    await browser.open(path)
    await browser.submit(f"{path}?product={product}", agree="yes")
    await browser.submit()
    assert browser.heading == "セキュリティオプション購入／解約完了", browser.text


async def cancel(browser: Browser, login: str = WIFE, product: str = "security-360") -> None:
    path = f"/accounts/{login}/security"
    await browser.open(path)
    await browser.submit(f"{path}?product={product}&want=cancel")
    await browser.submit()
    assert browser.heading == "セキュリティオプション購入／解約完了", browser.text


async def token(browser: Browser) -> str:
    """The session's CSRF token, off any page."""
    await browser.open("/")
    return str(browser.page.select("header [name=csrf_token]")[0]["value"])


async def pins() -> list[tuple[str, str, bool]]:
    """PIN, account ID and whether its period goes on, of every licence key that was taken."""
    rows = await database.rows(
        "SELECT l.pin, a.login, p.ended_at IS NULL AS goes_on FROM licence l JOIN service_period p ON p.id = l.period"
        " JOIN account a ON a.id = p.account ORDER BY p.id"
    )
    return [(data_keys.current().decrypt(row["pin"]), row["login"], row["goes_on"]) for row in rows]


async def give_address(login: str) -> None:
    await database.rows("UPDATE account SET other_address = 'son@example.com' WHERE login = $1", login)


def tokyo(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=clock.TOKYO)
