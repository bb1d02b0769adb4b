"""The second factor on a phone: passkeys with Chromium's virtual authenticator, and codes without a script.

Passkeys need a host name, so the portal is visited as localhost here.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pyotp
import pytest
from playwright.async_api import Browser, CDPSession, expect

from app.domain import clock
from e2e import device as devices
from e2e.accessibility import wrong_with
from e2e.device import Device
from e2e.households import Household, Town
from e2e.portal import Portal

AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


class Owner:
    """Who holds the phone, and touches its sensor when asked, or does not."""

    def __init__(self, wire: CDPSession, authenticator: str) -> None:
        self.wire = wire
        self.authenticator = authenticator

    async def touches(self, touches: bool = True) -> None:
        told = {"authenticatorId": self.authenticator, "enabled": touches}
        await self.wire.send("WebAuthn.setAutomaticPresenceSimulation", told)


PhoneAndOwner = tuple[Device, Owner]


@pytest.fixture
async def phone_with_passkeys(chromium: Browser, portal: Portal) -> AsyncIterator[PhoneAndOwner]:
    """A phone of 360 px that knows its owner again, at the portal's host name."""
    origin = portal.url.replace("127.0.0.1", "localhost")
    async with AsyncExitStack() as stack:
        phone = await stack.enter_async_context(devices.device(chromium, origin))
        wire = await phone.context.new_cdp_session(phone.page)
        await wire.send("WebAuthn.enable")
        options: dict[str, Any] = {"options": AUTHENTICATOR}
        added = await wire.send("WebAuthn.addVirtualAuthenticator", options)
        yield phone, Owner(wire, added["authenticatorId"])
        assert phone.troubles() == []


async def register(phone: Device, name: str) -> None:
    await phone.open("/second-factor")
    await phone.follow("パスキーを登録する")
    await phone.shows("パスキー登録")
    await phone.fill("パスキーの名前", name)
    await phone.press("パスキーを作成")
    await phone.shows("パスキー登録確認")
    await phone.press("登録")
    await phone.swapped_to("パスキー登録完了")


async def test_a_passkey_is_registered_signs_in_alone_and_passes_the_step(
    phone_with_passkeys: PhoneAndOwner, town: Town, household: Household
) -> None:
    phone, owner = phone_with_passkeys
    await town.log_in(phone, household)
    await register(phone, "私の電話")
    await expect(phone.row("回復コード")).to_contain_text("-")
    assert await wrong_with(phone) == []
    await owner.touches(False)
    await phone.log_out()
    assert await wrong_with(phone) == []
    await owner.touches()
    await phone.press("パスキーでログイン")
    await phone.shows("ご契約情報一覧")
    await town.let_proofs_expire(household)
    await phone.open("/customer-password")
    await phone.shows("パスワードの確認")
    assert await wrong_with(phone) == []
    await phone.press("パスキーで確認")
    await phone.shows("お客様番号パスワード変更")
    await phone.open("/second-factor")
    await expect(phone.page.get_by_role("rowheader", name="私の電話")).to_be_visible()
    assert await wrong_with(phone) == []


async def test_a_passkey_is_offered_at_the_field_for_the_name(
    phone_with_passkeys: PhoneAndOwner, town: Town, household: Household
) -> None:
    phone, _ = phone_with_passkeys
    await town.log_in(phone, household)
    await register(phone, "私の電話")
    await phone.press("ログアウト")
    await phone.shows("ご契約情報一覧")  # the virtual authenticator chooses at once


async def test_a_passkey_is_the_second_factor_after_the_password(
    phone_with_passkeys: PhoneAndOwner, town: Town, household: Household
) -> None:
    phone, owner = phone_with_passkeys
    await town.log_in(phone, household)
    await register(phone, "私の電話")
    await owner.touches(False)
    await phone.log_out()
    await phone.log_in_as_customer(household.customer_number)
    await phone.shows("2段階認証")
    assert await wrong_with(phone) == []
    await owner.touches()
    await phone.press("パスキーで確認")
    await phone.shows("ご契約情報一覧")


async def test_the_same_authenticator_is_told_that_it_is_registered(
    phone_with_passkeys: PhoneAndOwner, town: Town, household: Household
) -> None:
    phone, _ = phone_with_passkeys
    await town.log_in(phone, household)
    await register(phone, "私の電話")
    await phone.open("/second-factor/passkeys/new")
    await phone.press("パスキーを作成")
    await expect(phone.page.get_by_role("alert")).to_have_text(
        "この端末のパスキーは、すでに登録されています。"
    )
    assert await wrong_with(phone) == []


async def test_an_app_is_set_up_and_asked_for_at_login(
    phone: Device, town: Town, household: Household
) -> None:
    await town.log_in(phone, household)
    await phone.open("/second-factor")
    await expect(phone.page.get_by_text("このアドレスでは、パスキーを登録できません。")).to_be_visible()
    await phone.follow("認証アプリを登録する")
    await phone.shows("認証アプリ登録")
    app = pyotp.TOTP((await phone.row("キー").inner_text()).replace(" ", ""))
    phone.expect_status(422)
    await phone.fill("確認コード", "000000")
    await phone.press("次へ進む")
    await expect(phone.page.locator(".error-summary")).to_contain_text("コードが正しくありません。")
    await phone.fill("確認コード", app.at(clock.now()))
    await phone.completes("認証アプリ登録", "登録")
    codes = (await phone.row("回復コード").inner_text()).split("\n")
    await phone.log_out()
    await phone.log_in_as_customer(household.customer_number)
    await phone.shows("2段階認証")
    await phone.fill("確認コード", codes[0])
    await phone.press("次へ進む")
    await phone.shows("ご契約情報一覧")
