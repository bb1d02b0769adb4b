"""The end of the run's login."""

from __future__ import annotations

from acceptance.target import Target
from e2e.device import Device
from e2e.journeys.reading import log_out_and_go_back


async def test_after_logout_back_shows_nothing(phone: Device, target: Target) -> None:
    await log_out_and_go_back(phone, target.number)
