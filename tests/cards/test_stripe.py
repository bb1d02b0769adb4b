"""お支払い方法 by Stripe's page: Stripe's library against a Stripe of our own on the loopback."""

from __future__ import annotations

import contextlib
import logging
import re
import threading
from pathlib import Path

import pytest
from litestar.types import ASGIApp

from app import settings
from app.domain.cards import checks, numbers
from app.domain.cards import register as payment
from app.domain.cards.kept import ThreeDSecure
from app.gateway import stripe_checkout
from app.gateway.port import Unreachable
from app.gateway.stripe_checkout import NOT_FINISHED, StripeCheckout
from app.postgres import database
from app.routes.cards.register import AWAY
from tests.browser import Browser
from tests.cards.steps import go
from tests.conftest import HOST
from tests.stripe_server import CHECKOUT, RIGHTS, FakeStripe, listening
from tests.test_settings import COMPLETE


@pytest.fixture
def application(with_stripe: ASGIApp) -> ASGIApp:
    """Whoever is logged in is so at a portal with Stripe."""
    return with_stripe


@pytest.mark.slow
async def test_a_card_that_was_typed_at_stripe_is_confirmed_and_registered_here(
    contractor: Browser, stripe: FakeStripe
) -> None:
    visit = await go(contractor)
    _, _, asked = stripe.requests[-1]
    assert asked["mode"] == "setup"
    assert asked["success_url"] == f"https://{HOST}/payment/return?session_id={{CHECKOUT_SESSION_ID}}"
    assert asked["cancel_url"] == f"https://{HOST}/payment"
    stripe.type_in(visit)
    await contractor.open(f"/payment/return?session_id={visit}")
    assert contractor.heading == "お支払い方法登録／変更確認"
    assert contractor.rows["カード名義"] == "AN ARUTERI"
    confirm = contractor.path
    await contractor.open(f"/payment/return?session_id={visit}")
    assert contractor.path == confirm
    await contractor.submit()
    assert contractor.heading == "お支払い方法登録／変更完了"
    kept = await database.rows(
        "SELECT token, payer, last4, expires, three_d_secure FROM card WHERE token <> ''"
    )
    assert [tuple(row) for row in kept] == [
        (f"pm_{visit}", asked["customer"], "4242", "2040-03", "authenticated")
    ]
    await contractor.open(f"/payment/return?session_id={visit}")
    assert contractor.path == confirm
    assert contractor.heading == "お支払い方法登録／変更完了"
    again = await go(contractor)
    assert stripe.sessions[again]["customer"] == asked["customer"]


@pytest.mark.slow
async def test_the_issuer_is_asked_by_3d_secure_for_each_card_that_is_typed(
    contractor: Browser, stripe: FakeStripe
) -> None:
    await go(contractor)
    _, _, asked = stripe.requests[-1]
    assert asked["payment_method_options[card][request_three_d_secure]"] == "any"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("result", "kept_as"),
    [
        ("authenticated", "authenticated"),
        ("attempt_acknowledged", "attempted"),
        ("exempted", "exempted"),
        ("not_supported", "not_supported"),
        ("failed", "failed"),
        ("processing_error", "unknown"),
        ("a word of next year's Stripe", "unknown"),
        (None, "unknown"),
    ],
)
async def test_what_came_of_it_is_kept_for_staff_and_shown_to_no_member(
    contractor: Browser, stripe: FakeStripe, result: str | None, kept_as: str
) -> None:
    visit = await go(contractor)
    stripe.type_in(visit, three_d_secure=result)
    await contractor.open(f"/payment/return?session_id={visit}")
    pages = [contractor.text]
    await contractor.submit()
    pages.append(contractor.text)
    pages += [(await contractor.get(path)).text for path in ("/payment", "/changes.csv")]
    (card,) = await database.rows("SELECT three_d_secure FROM card WHERE token <> ''")
    assert card["three_d_secure"] == kept_as
    assert not [page for page in pages if kept_as in page.replace("data-failed", "")]


@pytest.mark.slow
async def test_a_card_that_waits_for_staff_takes_it_along_when_it_is_approved(
    contractor: Browser, stripe: FakeStripe
) -> None:
    visit = await go(contractor)
    stripe.type_in(visit, name="KICHI ARUTERI", three_d_secure="attempt_acknowledged")
    await contractor.open(f"/payment/return?session_id={visit}")
    await contractor.submit()
    (waiting,) = await checks.waiting()
    assert waiting.card.three_d_secure == ThreeDSecure.ATTEMPTED
    await checks.approve(waiting.id)
    (card,) = await database.rows("SELECT three_d_secure FROM card WHERE token <> ''")
    assert card["three_d_secure"] == "attempted"


async def test_our_page_has_no_field_for_a_number_and_lets_only_its_form_lead_to_stripe(
    contractor: Browser,
) -> None:
    await contractor.open("/payment")
    assert not contractor.page.select("input[name=card_number]")
    policy = contractor.answer.headers["content-security-policy"]
    assert f"form-action 'self' {CHECKOUT};" in policy
    assert policy.count("stripe") == 1
    await contractor.open("/mail-service")
    assert "stripe" not in contractor.answer.headers["content-security-policy"]
    await contractor.open("/payment")
    await contractor.submit(agree="")
    assert contractor.reasons == [
        "同意のチェックが入っていません。内容をお読みのうえ、同意する場合はチェックしてください。"
    ]
    assert CHECKOUT in contractor.answer.headers["content-security-policy"]


async def test_the_vaults_form_is_not_there(contractor: Browser, stripe: FakeStripe) -> None:
    before = len(stripe.requests)
    await contractor.open("/payment")
    token = contractor.page.select_one("input[name=csrf_token]")
    assert token
    await contractor.press(
        "/payment", {"csrf_token": str(token["value"]), "card_number": "4111111111111111", "agree": "yes"}
    )
    assert contractor.answer.status_code == 404
    assert len(stripe.requests) == before
    await database.rows("UPDATE session SET opened_at = opened_at - interval '11 minutes', proved_at = NULL")
    await contractor.press("/payment", {"csrf_token": str(token["value"]), "agree": "yes"})
    assert (contractor.answer.status_code, contractor.heading) == (404, "ページが見つかりません")


@pytest.mark.slow
async def test_who_comes_back_without_a_card_of_ours_is_told_so_and_nothing_is_asked(
    contractor: Browser, stripe: FakeStripe
) -> None:
    visit = await go(contractor)
    await contractor.open(f"/payment/return?session_id={visit}")
    assert contractor.reasons == [NOT_FINISHED]
    stripe.type_in(visit, brand="discover")
    await contractor.open(f"/payment/return?session_id={visit}")
    assert contractor.reasons == [numbers.NOT_TAKEN]
    stripe.type_in(visit, name="有光 杏")
    await contractor.open(f"/payment/return?session_id={visit}")
    assert contractor.reasons == [
        "カード名義は、カードに記載のとおり、半角のローマ字で入力してください。「有光 杏」の「有」（1文字目）は使えません。"
    ]
    stripe.type_in(visit, name="KICHI ARUTERI")
    await contractor.open(f"/payment/return?session_id={visit}")
    assert payment.NAME_DIFFERS in contractor.text


@pytest.mark.slow
async def test_a_password_that_is_asked_for_before_the_visit_leads_back_to_our_page(
    contractor: Browser,
) -> None:
    await contractor.open("/payment")
    await database.rows("UPDATE session SET opened_at = opened_at - interval '11 minutes', proved_at = NULL")
    await contractor.submit(agree="yes")
    assert contractor.heading == "パスワードの確認"
    await contractor.prove("demo01")
    assert (contractor.heading, contractor.answer.url.path) == ("お支払い方法登録／変更", "/payment")
    assert contractor.form("/payment/visit").select("input[name=agree][checked]")


@pytest.mark.slow
async def test_who_comes_back_late_gives_the_password_before_any_card_is_shown(
    contractor: Browser, stripe: FakeStripe
) -> None:
    visit = await go(contractor)
    await database.rows("UPDATE session SET opened_at = opened_at - interval '11 minutes', proved_at = NULL")
    before = len(stripe.requests)
    await contractor.open(f"/payment/return?session_id={visit}")
    assert contractor.heading == "パスワードの確認"
    assert "XXXX" not in contractor.answer.text
    assert len(stripe.requests) == before
    await contractor.prove("demo01")
    assert contractor.reasons == [NOT_FINISHED]
    assert contractor.rows["カード番号"] == "XXXX-XXXX-XXXX-0000"
    stripe.type_in(visit)
    await database.rows("UPDATE session SET proved_at = NULL")
    await contractor.open(f"/payment/return?session_id={visit}")
    await contractor.prove("demo01")
    assert contractor.heading == "お支払い方法登録／変更確認"


@pytest.mark.slow
async def test_a_visit_of_another_contract_at_stripe_is_not_taken(
    contractor: Browser, stripe: FakeStripe
) -> None:
    visit = await go(contractor)
    stripe.type_in(visit)
    stripe.sessions[visit]["client_reference_id"] = "somebody-elses"
    await contractor.open(f"/payment/return?session_id={visit}")
    assert contractor.reasons == [NOT_FINISHED]


@pytest.mark.slow
async def test_a_stripe_that_fails_once_is_asked_again_for_the_same_visit(
    contractor: Browser, stripe: FakeStripe
) -> None:
    before = len(stripe.sessions)
    stripe.failures += [500, 0]
    await go(contractor)
    assert not stripe.failures
    assert len(stripe.sessions) == before + 1


async def test_a_stripe_that_is_away_or_refuses_is_said_in_words(
    contractor: Browser, stripe: FakeStripe, caplog: pytest.LogCaptureFixture
) -> None:
    stripe.failures += [401]
    await contractor.open("/payment")
    await contractor.submit(agree="yes")
    assert contractor.reasons == [AWAY]
    assert "AuthenticationError 401" in caplog.text
    assert "rk_test" not in caplog.text


# --- a restricted key ---------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("right", sorted(RIGHTS))
async def test_without_one_of_the_rights_that_the_documents_ask_for_the_log_names_it(
    contractor: Browser,
    stripe: FakeStripe,
    right: str,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With all of them everything works: so do all tests here, since this Stripe looks at the rights of the key."""
    monkeypatch.setattr(stripe, "rights", RIGHTS - {right})
    begun = set(stripe.sessions)
    with caplog.at_level(logging.ERROR, "mypage"):
        await contractor.open("/payment")
        await contractor.submit(agree="yes")
        for visit in [*set(stripe.sessions) - begun]:
            stripe.type_in(visit)
            await contractor.open(f"/payment/return?session_id={visit}")
        with contextlib.suppress(Unreachable):
            await StripeCheckout(stripe.account).forget_others("cus_0", [])
    assert right.rpartition("_")[0] in caplog.text
    assert "PermissionError 403" in caplog.text
    for secret in ("rk_test", "acct_1", "cs_test", "cus_", "pm_"):
        assert secret not in caplog.text
    assert await database.rows("SELECT 1 FROM card WHERE three_d_secure = 'authenticated'") == []


@pytest.mark.slow
async def test_a_key_that_may_not_read_attempts_costs_nobody_a_card(
    contractor: Browser,
    stripe: FakeStripe,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Should Stripe ever want a right of its own for them: what came of 3-D Secure is unknown then, and the log says why."""
    monkeypatch.setattr(stripe, "attempts", "rak_setup_attempt_read")
    visit = await go(contractor)
    stripe.type_in(visit)
    with caplog.at_level(logging.ERROR, "mypage"):
        await contractor.open(f"/payment/return?session_id={visit}")
    await contractor.submit()
    assert contractor.heading == "お支払い方法登録／変更完了"
    (card,) = await database.rows("SELECT three_d_secure FROM card WHERE token <> ''")
    assert card["three_d_secure"] == "unknown"
    (line,) = caplog.messages
    assert line == (
        "Stripe does not tell what came of 3-D Secure: PermissionError 403 None, the key lacks rak_setup_attempt_read"
    )


def test_the_documents_name_every_right() -> None:
    text = (Path(__file__).parents[2] / "docs" / "operating.md").read_text()
    (row,) = [line for line in text.splitlines() if line.startswith("| `MYPAGE_STRIPE_SECRET_KEY`")]
    assert set(re.findall("rak_[a-z_]+", row)) == RIGHTS


async def test_what_is_said_to_stripe_is_said_to_nobody_it_leads_to(
    contractor: Browser, stripe: FakeStripe
) -> None:
    with listening() as another:
        stripe.elsewhere = f"http://127.0.0.1:{another.port}/v1/customers"
        stripe.failures += [307, 307, 307]
        await contractor.open("/payment")
        await contractor.submit(agree="yes")
        stripe.failures.clear()
        assert contractor.reasons == [AWAY]
        assert another.requests == []


@pytest.mark.slow
async def test_a_stripe_that_hangs_does_not_hold_the_portal(
    contractor: Browser, stripe: FakeStripe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stripe_checkout, "LONGEST", 0.3)
    stripe.asleep = threading.Event()
    await contractor.open("/payment")
    await contractor.submit(agree="yes")
    assert contractor.reasons == [AWAY]
    stripe.asleep.set()
    stripe.asleep = None


def test_a_server_has_stripe_and_never_the_vault() -> None:
    assert settings.production(COMPLETE).stripe == stripe_checkout.StripeAccount("rk_test_0123456789abcdef")
    for key in ("", "pk_live_0123456789", "vault", "sk_live_"):
        with pytest.raises(settings.SettingsError, match="MYPAGE_STRIPE_SECRET_KEY"):
            settings.production({**COMPLETE, "MYPAGE_STRIPE_SECRET_KEY": key})
