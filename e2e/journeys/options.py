"""Security options on their page and mail addresses (manual 10, 14): asked for, and decided on the confirm page."""

from __future__ import annotations

from app.domain.mail.addresses import OTHER
from e2e.device import Device

REVIEW, DONE = "セキュリティオプション購入／解約確認", "セキュリティオプション購入／解約完了"


async def ask_for_option(device: Device, name: str, what: str) -> None:
    """From the page of security options to the confirm page; `what`: 購入 or 解約."""
    await device.shows("セキュリティオプション購入／解約")
    if what == "購入":
        await device.page.get_by_label(f"{name}のサービス利用規約に同意する").check()
    await device.press(f"{name}を{what}する")
    await device.shows(REVIEW)


async def decide(device: Device) -> None:
    await device.press("決定")
    await device.shows(DONE)


async def register_other_address(device: Device, login: str, address: str) -> None:
    """An address of another company, which costs nothing."""
    await device.open(f"/accounts/{login}/mail-address")
    await device.page.get_by_label(OTHER).check()
    await device.fill("他社のメールアドレス", address)
    await device.page.get_by_label("上記の内容に同意する").check()
    await device.completes("メールアドレス登録／変更", "登録")
