"""ui.md P1: how much a page weighs, and that nothing moves while it comes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.web.static_files import for_browsers
from e2e.accessibility import layout_shift
from e2e.conftest import TakeDevice
from e2e.device import DESK, PHONE, Device
from e2e.households import Household, Town

STATIC = Path(__file__).parent.parent / "static"
KB = 1024


async def test_the_first_signed_in_page_is_light(
    scripted_phone: Device, town: Town, household: Household
) -> None:
    await town.log_in(scripted_phone, household)
    wire = await scripted_phone.context.new_cdp_session(scripted_phone.page)
    received: list[float] = []

    def finished(event: dict[str, Any]) -> None:
        received.append(event["encodedDataLength"])

    wire.on("Network.loadingFinished", finished)
    await wire.send("Network.enable")
    await scripted_phone.page.goto("/", wait_until="networkidle")
    assert 3 <= len(received) <= 5, received
    assert sum(received) <= 40 * KB, received


async def test_a_piece_of_a_page_is_small(scripted_phone: Device, town: Town, household: Household) -> None:
    await town.log_in(scripted_phone, household)
    answer = await scripted_phone.context.request.get(
        f"/accounts/{household.son}", headers={"HX-Request": "true"}
    )
    assert answer.ok
    assert "<html" not in await answer.text()
    assert len(await answer.body()) <= 4 * KB


def test_style_and_script_are_small() -> None:
    assert (STATIC / "mypage.css").stat().st_size <= 40 * KB
    assert len(for_browsers(STATIC / "mypage.js")) <= 4 * KB


@pytest.mark.parametrize("path", ["/login", "/", "/?open={wife}", "/accounts/new", "/customer-password"])
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
async def test_nothing_moves_while_a_page_comes(
    path: str, size: tuple[int, int], new_device: TakeDevice, town: Town, household: Household
) -> None:
    device = await new_device(size=size)
    if path != "/login":
        await town.log_in(device, household)
    await device.open(path.format(wife=household.wife))
    assert await layout_shift(device.page) == 0
