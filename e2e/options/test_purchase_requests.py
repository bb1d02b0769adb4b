"""Purchase requests: the son asks, the contractor approves on a phone, both read it in the history."""

from __future__ import annotations

from playwright.async_api import expect

from e2e.device import Device
from e2e.households import Household, Town

DONE = "セキュリティオプション購入／解約完了"


async def test_a_user_asks_the_payer_approves_on_a_phone_and_both_read_it(
    family_user: Device, contractor: Device, household: Household, town: Town
) -> None:
    await town.has_to_ask(household)
    await ask(family_user, household)
    await contractor.open("/")
    await contractor.follow(f"{household.son}のセキュリティ360°の申請を確認する")
    await contractor.shows("購入の申請")
    await expect(contractor.row("申請した方")).to_contain_text(household.son)
    await contractor.press("承認へ進む")
    await contractor.swapped_to("セキュリティオプション購入／解約確認")
    await no_sideways_scroll(contractor)
    await contractor.press("決定")
    await contractor.swapped_to(DONE)
    for device in (contractor, family_user):
        await device.open("/changes")
        await expect(device.page.get_by_text("セキュリティオプション購入の申請の承認")).to_have_count(
            2  # in the select, too
        )
        await no_sideways_scroll(device)
    await family_user.open(f"/purchase-requests/{await town.request(household)}")
    await expect(family_user.row("状態")).to_have_text("承認")
    await family_user.open(f"/accounts/{household.son}/security/status")
    await expect(family_user.page.get_by_text("PIN番号: DEMO-360-")).to_be_visible()


async def ask(son: Device, household: Household) -> None:
    """With a script in the accordion's place, without one on the page that the same link leads to."""
    await son.open("/")
    await son.follow(f"{household.son}のセキュリティ360°の購入を申請する")
    if son.scripts:
        await expect(
            son.page.get_by_role("heading", name="セキュリティ360°の購入の申請の確認")
        ).to_be_focused()
        await son.keep()
        await son.press("セキュリティ360°の購入の申請を決定")
        await expect(son.page.get_by_text("購入の申請を受け付けました。")).to_be_visible()
        await son.has_focus_in_view()
        await son.keep()
        return
    await son.shows("セキュリティオプション購入／解約")
    await son.page.get_by_label("セキュリティ360°のサービス利用規約に同意する").check()
    await son.press("セキュリティ360°の購入を申請する")
    await son.shows("セキュリティオプション購入の申請確認")
    await son.press("決定")
    await son.shows("セキュリティオプション購入の申請受付完了")


async def test_the_payer_refuses_with_a_reason_that_the_user_reads(
    family_user: Device, contractor: Device, household: Household, town: Town
) -> None:
    await town.asks(household)
    await contractor.open(f"/purchase-requests/{await town.request(household)}")
    contractor.expect_status(422)
    await contractor.press("却下へ進む")
    await contractor.refuses("却下の理由を入力してください。")
    await contractor.fill("却下の理由", "いまは必要ないと思います。")
    await contractor.press("却下へ進む")
    await contractor.swapped_to("購入の申請の却下確認")
    await contractor.press("決定")
    await contractor.swapped_to("購入の申請の却下完了")
    await family_user.open("/purchase-requests")
    await family_user.page.locator("main tbody a").click()
    await expect(family_user.row("理由")).to_have_text("いまは必要ないと思います。")


async def no_sideways_scroll(device: Device) -> None:
    assert await device.page.evaluate("document.documentElement.scrollWidth") <= 360
