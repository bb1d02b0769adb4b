"""A Stripe on the loopback, and a portal whose cards are typed there."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import pytest
from litestar.types import ASGIApp

from app.main import portal
from app.postgres.engine import Engine
from tests.conftest import SETTINGS
from tests.stripe_server import FakeStripe, listening


@pytest.fixture(scope="module")
def stripe() -> Iterator[FakeStripe]:
    with listening() as answering:
        yield answering


@pytest.fixture(scope="module")
def with_stripe(stripe: FakeStripe) -> ASGIApp:
    return portal(dataclasses.replace(SETTINGS, stripe=stripe.account), Engine({}))
