"""The test customer before a portal: logs in, passes whatever step a page asks for, opens pages."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pyotp
from playwright.async_api import expect

from acceptance.hiding import hide

if TYPE_CHECKING:
    from playwright.async_api import Response, StorageState

    from acceptance.target import Target
    from e2e.device import Device

LANDED = "form[action='/logout'], .error-summary"
PROOF = "main form[action='/proof']"
SECOND = "/login/second"
STILL_GOOD = 300
"""Seconds after a password was typed in which a journey may begin that the portal asks one for."""
A_CODE = 30
"""Seconds for which an authenticator app shows a code; none is taken twice."""


class NotIn(AssertionError):
    """Nobody could log in; the text says what the portal said, or what it wants first."""


class Member:
    """The login of a run: made once, shared by its devices, as the cookies that the portal gave."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.state: StorageState | None = None
        self.refused = False
        self._proved_at = 0.0
        self._code_of = 0

    async def log_in(self, device: Device) -> None:
        """By the account ID of LOGIN, else by the customer number. Raises NotIn."""
        await self.log_in_with(device, self.target.login, self.target.own_password)

    async def log_in_with(self, device: Device, login: str, password: str) -> None:
        """`login`: an account ID; "": the customer number."""
        await device.open("/login")
        if login:
            await device.log_in_as(login, password)
        else:
            await device.log_in_as_customer(self.target.number, password)
        await expect(device.page.locator(LANDED).first).to_be_visible()
        if path(device) == SECOND:
            await self._give_code(device)
        await _must_be_open(device)

    async def _give_code(self, device: Device) -> None:
        if not self.target.totp:
            raise NotIn(
                "a second factor is on: give its key in ACCEPTANCE_TOTP (base32, as the registration shows it)"
            )
        device.expect_status(422)
        for _ in range(2):  # the first may have been used just now, by somebody at a desk
            if await self._is_let_in_by_a_new_code(device):
                return

    async def _is_let_in_by_a_new_code(self, device: Device) -> bool:
        if self._code_of == int(time.time()) // A_CODE:
            await asyncio.sleep(A_CODE - time.time() % A_CODE)
        self._code_of = int(time.time()) // A_CODE
        code = pyotp.TOTP(self.target.totp).now()
        hide(code)
        await device.fill("確認コード", code)
        async with device.page.expect_response(_answers_the_code) as answer:
            await device.press("次へ進む")
        if (await answer.value).status == 422:
            return False
        await device.page.wait_for_url(lambda url: urlsplit(url).path != SECOND)
        return True

    async def keep(self, device: Device) -> None:
        """From now on other devices are logged in as this one is."""
        self.state = await device.context.storage_state()
        self._proved_at = time.monotonic()

    @property
    def proved_just_now(self) -> bool:
        """Whether the portal need not ask for the password again within a journey: it does after ten minutes."""
        return time.monotonic() - self._proved_at < STILL_GOOD

    async def open(self, device: Device, path_of_page: str) -> int:
        """Open a page, over the password that it asks for first; the status of its answer."""
        answer = await device.page.goto(path_of_page)
        if await device.page.locator(PROOF).count():
            await self._prove(device)
            answer = await device.page.goto(path_of_page)
        assert answer, f"{path_of_page} leads to no page"
        led_out = path(device) == "/login" and not path_of_page.startswith("/login")
        assert not led_out, f"{path_of_page} leads to the login: the session has ended"
        return answer.status

    async def _prove(self, device: Device) -> None:
        own = device.field("アカウントIDパスワード")
        if await device.field("お客様番号").count():
            await device.fill("お客様番号", self.target.number)
            await device.fill("お客様番号パスワード", self.target.password)
        elif await own.count():
            await own.fill(self.target.account_password)
        else:
            await device.fill("お客様番号パスワード", self.target.password)
        await device.press("次へ進む")
        await expect(device.page.locator(PROOF)).to_have_count(0)
        await self.keep(device)  # a proof makes a new session of the one before

    async def account_ids(self, device: Device) -> list[str]:
        """Those of the contract that whoever is logged in sees in the overview; their names are hidden in reports."""
        await self.open(device, "/")
        rows = device.page.locator("main details[id^='account-']")
        ids = await rows.evaluate_all("rows => rows.map(row => row.id.slice('account-'.length))")
        for place, login in enumerate(ids, 1):
            hide(login, f"(account ID {place})")
        return [str(login) for login in ids]


def _answers_the_code(answer: Response) -> bool:
    return answer.request.method == "POST" and urlsplit(answer.url).path == SECOND


def path(device: Device) -> str:
    """Of the page that the device shows."""
    return urlsplit(device.page.url).path


async def _must_be_open(device: Device) -> None:
    summary = device.page.locator(".error-summary")
    if await summary.count():
        reasons = " ".join(await summary.get_by_role("listitem").all_inner_texts())
        raise NotIn(f"the portal refused the login: {reasons or await summary.inner_text()}")
    wanted = {
        SECOND: "a code of the second factor",
        "/new-password": "a new password: the one given was to be used once; set one by hand",
        "/second-factor": "a second factor to be registered: do so by hand, then give its key in ACCEPTANCE_TOTP",
        "/login": "another try: the login page came back without a reason",
    }
    if path(device) in wanted:
        raise NotIn(f"after the login the portal wants {wanted[path(device)]}")
