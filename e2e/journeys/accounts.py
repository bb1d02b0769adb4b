"""アカウントID管理 (manual 7, 8, 9): an account ID from its registration to its deletion."""

from __future__ import annotations

import re

from playwright.async_api import expect

from e2e.device import Device

INPUT, REVIEW, DONE = "アカウントID登録／変更", "アカウントID登録／変更確認", "アカウントID登録／変更完了"
PASSWORD = "hik-7q2mzw"


async def fill_in(device: Device, login: str, password: str = PASSWORD) -> None:
    """Type a daughter's account ID, kana in hiragana as people do."""
    await device.fill("アカウントID", login)
    await fill_in_name(device, "有光", "光")
    await device.fill("（姓カナ）", "ありみつ")
    await device.fill("（名カナ）", "ﾋｶﾘ")
    await device.fill("ユーザーネーム", "ひかり")
    await device.fill("パスワード", password)
    await device.fill("パスワード（確認）", password)


async def fill_in_name(device: Device, family: str, given: str) -> None:
    await device.fill("（姓）", family)
    await device.fill("（名）", given)


async def register(device: Device, login: str, password: str = PASSWORD) -> None:
    await device.open("/accounts")
    await device.follow("新規登録")
    await device.shows(INPUT)
    await fill_in(device, login, password)
    await device.press("次へ進む")
    await device.swapped_to(REVIEW)
    await expect(device.row("氏名カナ")).to_have_text("（姓カナ）アリミツ （名カナ）ヒカリ")
    await expect(device.row("パスワード")).to_have_text(f"{password[:3]}*****")
    await expect(device.row("アカウント権限種別")).to_have_text("ユーザー権限")
    await device.keep()
    await device.press("登録")
    await device.swapped_to(DONE)
    await expect(device.row("受付番号")).to_have_text(re.compile(r"^\d{10}$"))
    await device.keep()


async def rename(device: Device, login: str, *, promote: bool) -> None:
    """Change the given name; `promote`: to 管理者権限, too."""
    await device.open("/accounts")
    await device.shows("アカウントID管理")
    await device.follow(login)
    await device.shows(INPUT)
    await expect(device.field("（名）")).to_have_value("光")
    await device.fill("（名）", "ひかり")
    if promote:
        await device.page.get_by_label("管理者権限", exact=True).check()
    await device.press("次へ進む")
    await device.swapped_to(REVIEW)
    await expect(device.row("パスワード")).to_have_text("変更しない")
    await device.press("登録")
    await device.swapped_to(DONE)
    role = "管理者権限" if promote else "ユーザー権限"
    await expect(device.row("アカウント権限種別")).to_have_text(role)


async def change_password(device: Device, login: str, password: str) -> None:
    """Whoever is logged in with that account ID, on its first page."""
    await device.open("/")
    await device.follow(f"{login}のアカウントパスワードを変更")
    await type_password(device, password)
    await device.completes("アカウントIDパスワード変更", "変更")


async def type_password(device: Device, password: str) -> None:
    await device.fill("パスワード", password)
    await device.fill("パスワード（確認）", password)


async def delete(device: Device, login: str) -> None:
    await device.open("/accounts")
    await device.follow(f"{login}を削除")
    await device.shows("アカウントID情報削除")
    await device.press("次へ進む")
    await device.swapped_to("アカウントID情報削除確認")
    await expect(
        device.page.get_by_text("一度削除したアカウントIDは、二度と登録できません。")
    ).to_be_visible()
    await device.press("削除")
    await device.swapped_to("アカウントID削除完了")
