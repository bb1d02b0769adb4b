"""What somebody looks at who changes nothing: a login that is refused, the accordion, a bill's files, the menu of a phone."""

from __future__ import annotations

from playwright.async_api import expect

from app.routes.access.login import WRONG_PAIR
from e2e.device import Device


async def is_refused(device: Device, number: str, password: str) -> None:
    """A wrong password: the reason says not which half is wrong, and the password is not sent back."""
    device.expect_status(422)
    await device.log_in_as_customer(number, password)
    await device.refuses(WRONG_PAIR if password else "パスワードを入力してください。")
    await expect(device.field("お客様番号")).to_have_value(number)
    await expect(device.field("お客様番号パスワード")).to_have_value("")
    await expect(device.field("アカウントID")).to_have_value("")


async def open_account_id(device: Device, login: str) -> None:
    """Open a row of the overview's accordion: its details are fetched, or without a script opened by their link."""
    await device.open("/")
    await device.page.locator(f"#account-{login} > summary").click()
    if not device.scripts:
        await device.follow(f"{login}の詳細を表示する")
    row = device.page.locator(f"#account-{login}")
    await expect(row.get_by_role("heading", name="アカウントID基本情報")).to_be_in_viewport()
    if device.scripts:
        await device.has_focus_in_view()
    await device.keep()


async def downloaded(device: Device, kind: str) -> bytes:
    """A file of the page that is shown: CSV or PDF."""
    device.expect_aborted()  # Chromium gives up the page for the file
    async with device.page.expect_download() as download:
        await device.follow(f"{kind}をダウンロード")
    return (await (await download.value).path()).read_bytes()


async def pass_the_customers_step(device: Device, number: str, password: str) -> None:
    """お客様番号で再度ログイン, which the device shows."""
    await device.shows("お客様番号で再度ログイン")
    await device.fill("お客様番号", number)
    await device.fill("お客様番号パスワード", password)
    await device.press("次へ進む")


async def open_and_close_the_menu(device: Device) -> None:
    """The menu of a phone."""
    menu = device.page.get_by_role("navigation", name="メニュー")
    await expect(menu).to_be_hidden()
    await device.press("メニュー")
    await expect(menu).to_be_visible()
    await device.press("メニューを閉じる")
    await expect(menu).to_be_hidden()


async def log_out_and_go_back(device: Device, *secrets: str) -> None:
    """After logout the page before shows nothing of what it did."""
    await device.open("/changes")
    await device.log_out()
    await expect(device.page.get_by_text("ログアウトしました。")).to_be_visible()
    await device.page.go_back()
    await device.shows("ログイン")
    for text in secrets:
        await expect(device.page.get_by_text(text)).to_have_count(0)
