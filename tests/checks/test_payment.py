"""`mypage check` on Stripe: which key it is and what it lacks, found out without making anything there."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from app.checks import Finding, Looked, clocks, payment
from app.gateway import stripe_key
from app.gateway.stripe_checkout import StripeAccount
from tests import stripe_server
from tests.commands.programs import free_port
from tests.conftest import SETTINGS
from tests.stripe_server import FakeStripe

pytestmark = pytest.mark.slow


@pytest.fixture
def stripe() -> Iterator[FakeStripe]:
    with stripe_server.listening() as listening:
        yield listening


def looked_at(account: StripeAccount) -> list[Finding]:
    return [*payment.key(Looked({}, given=replace(SETTINGS, stripe=account)))]


def test_a_key_with_all_rights_is_in_order_and_makes_nothing(stripe: FakeStripe) -> None:
    clock, kind = looked_at(stripe.account)
    assert (clock.check, clock.outcome) == ("clock", "ok")
    assert (kind.outcome, kind.what) == ("warning", "the key is one for tests")
    assert len(stripe.requests) == 4
    assert (stripe.sessions, stripe.methods, stripe._idempotent) == ({}, {}, {})


@pytest.mark.parametrize("right", sorted(stripe_server.RIGHTS))
def test_each_right_that_the_portal_needs_and_the_key_lacks_is_named(stripe: FakeStripe, right: str) -> None:
    stripe.rights -= {right}
    failures = [one for one in looked_at(stripe.account) if one.outcome == "failure"]
    assert [one.what for one in failures] == [f"the key lacks {right}"]


def test_a_key_that_stripe_does_not_know_is_refused(stripe: FakeStripe) -> None:
    (found,) = looked_at(replace(stripe.account, secret_key="rk_live_of_somebody_else"))
    assert (found.outcome, found.what[:23]) == ("failure", "it refuses the key: it ")
    assert "somebody" not in found.text


def test_a_network_without_stripe_is_said_in_words(
    stripe: FakeStripe, monkeypatch: pytest.MonkeyPatch
) -> None:
    (away,) = looked_at(replace(stripe.account, api=f"http://127.0.0.1:{free_port()}"))
    monkeypatch.setattr(stripe_key, "PATIENCE", 0.2)
    stripe.asleep = threading.Event()
    (asleep,) = looked_at(stripe.account)
    stripe.asleep.set()
    for found in (away, asleep):
        assert (found.outcome, "cannot be asked: APIConnectionError" in found.what) == ("failure", True)
        assert "let this machine reach api.stripe.com" in found.remedy


def test_a_stripe_that_fails_is_not_taken_for_a_wrong_key(stripe: FakeStripe) -> None:
    stripe.failures = [503] * 4
    (found,) = looked_at(stripe.account)
    assert "cannot be asked: APIError 503" in found.what


def test_what_kind_of_key_it_is_shows_in_its_name() -> None:
    kinds = {
        "rk_live_0123456789": ["ok"],
        "sk_live_0123456789": ["warning"],
        "sk_test_0123456789": ["warning", "warning"],
    }
    for secret, outcomes in kinds.items():
        assert [one.outcome for one in payment._kind(secret, complete=True)] == outcomes, secret


def test_the_time_at_stripe_is_compared() -> None:
    now = datetime.now(UTC)
    for apart, outcome in ((0, "ok"), (2, "ok"), (10, "warning"), (-10, "warning"), (100, "failure")):
        date = format_datetime(now + timedelta(seconds=apart), usegmt=True)
        (found,) = clocks.of_http("Stripe's clock", date, now)
        assert found.outcome == outcome, apart
    assert [*clocks.of_http("Stripe's clock", None, now)] == []
