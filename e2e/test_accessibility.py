"""ui.md, screen by screen: axe-core and the probes find nothing, in both schemes and at every width."""

from __future__ import annotations

import pytest

from e2e.accessibility import wrong_with
from e2e.conftest import NewDevice
from e2e.people import Town
from e2e.screens import SCREENS, Screen


@pytest.mark.parametrize("screen", SCREENS, ids=lambda screen: screen.name)
async def test_a_screen_can_be_used_by_everybody(screen: Screen, new_device: NewDevice, town: Town) -> None:
    device = await new_device()
    await screen.reach(device, town)
    assert await wrong_with(device) == []
