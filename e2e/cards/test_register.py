"""お支払い方法登録／変更 (manual 19, spec 11) with the local vault."""

from __future__ import annotations

from playwright.async_api import expect

from app.domain.cards import kept as payment
from app.domain.cards import numbers
from e2e.device import Device

INPUT = "お支払い方法登録／変更"
VISA = "4111 1111 1111 1111"


async def type_in(device: Device, given: str, number: str) -> None:
    typed = {"月": "1", "年": "40", "（名）": given, "（姓）": "aruteri", "カード番号": number}
    for label, text in typed.items():
        await device.fill(label, text)


async def test_from_a_mistyped_number_to_the_contractors_own_card_and_to_one_that_waits(
    contractor: Device,
) -> None:
    await contractor.open("/")
    await contractor.press("メニュー")
    await contractor.unfold("各種お手続き")
    await contractor.follow("お支払い方法変更")
    await contractor.shows(INPUT)
    await expect(contractor.row("カード番号")).to_have_text("XXXX-XXXX-XXXX-0000")
    await type_in(contractor, "an", "4111 1111 1111 1112")
    await contractor.page.get_by_label("クレジットカード支払い注意事項へ同意する").check()
    contractor.expect_status(422)
    await contractor.press("次へ進む")
    await contractor.refuses(numbers.MISTYPED)
    await expect(contractor.field("カード番号")).to_have_value("")
    await expect(contractor.field("（名）")).to_have_value("an")
    await contractor.fill("カード番号", VISA)
    await contractor.press("次へ進む")
    await contractor.swapped_to(f"{INPUT}確認")
    await expect(contractor.row("カード名義")).to_have_text("（名）AN（姓）ARUTERI")
    await contractor.press("登録")
    await contractor.swapped_to(f"{INPUT}完了")

    await contractor.open("/payment")
    await type_in(contractor, "kichi", "3530111333300000")
    await contractor.page.get_by_label("クレジットカード支払い注意事項へ同意する").check()
    await contractor.press("次へ進む")
    await contractor.swapped_to(f"{INPUT}確認")
    await contractor.press("登録")
    await contractor.swapped_to(f"{INPUT}受付完了")
    await contractor.open("/mail-service")
    await expect(contractor.page.get_by_text(payment.WAITING)).to_be_visible()
    await contractor.follow(f"{INPUT}へ")
    await contractor.shows(INPUT)
    await expect(contractor.page.get_by_role("heading", name="確認中のお支払い方法")).to_be_visible()
