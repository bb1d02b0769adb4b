"""The attack of one stale session on a whole contract, as it was once walked, step by step: none of them succeeds.

Somebody sits down at a screen that was left open a quarter of an hour ago and knows no password.
"""

from __future__ import annotations

import pytest

from app.domain import clock, tables
from app.postgres import database
from tests.access.test_proofs import pass_minutes
from tests.browser import Browser

pytestmark = pytest.mark.slow  # a walk through every form, change or step: `make test` takes it

MINE = "arteri-an-002"
NEW = {"password": "mine-2026", "password_again": "mine-2026"}
PERSON = {"family": "悪", "given": "者", "family_kana": "ワル", "given_kana": "モノ", "user_name": "悪者"}
STEPS: list[tuple[str, str, dict[str, str]]] = [
    ("sets the own password without the former one", f"/accounts/{MINE}/password", NEW),
    ("sets the own password in an edit", f"/accounts/{MINE}/edit", NEW),
    ("registers an admin", "/accounts/new", {**PERSON, "login": "warumono", "role": "admin", **NEW}),
    ("promotes a user", "/accounts/arteri-an-001/edit", {"role": "admin"}),
    ("edits another person's password", "/accounts/arteri-an-001/edit", NEW),
    ("sets another person's password", "/accounts/arteri-an-001/password", NEW),
    (
        "leads the mail of another person elsewhere",
        "/accounts/arteri-an-001/mail-address",
        {"kind": "other", "address": "warumono@example.org", "agree": "yes"},
    ),
    (
        "takes the own mail address away",
        f"/accounts/{MINE}/mail-address",
        {"kind": "other", "address": "warumono@example.org", "agree": "yes"},
    ),
    (
        "forwards the mail",
        "/accounts/arteri-an-001/forwarding",
        {"address_1": "warumono@example.org", "consent": "yes"},
    ),
    ("deletes an account ID", "/accounts/arteri-an-001/delete", {}),
    ("sets a new password of the customer number", "/customer-password", {**NEW, "password": "mine!99"}),
    ("changes the contact address", "/customer", {"email": "warumono@example.org"}),
]
KEPT = """
SELECT (SELECT json_agg(c ORDER BY id) FROM contract c)::text AS contracts,
    (SELECT json_agg(a ORDER BY id) FROM account a)::text AS accounts,
    (SELECT json_agg(f) FROM forwarding f)::text AS forwardings, (SELECT count(*) FROM outbox) AS mails
"""


@pytest.fixture
async def stale(taro: Browser, another_browser: Browser) -> Browser:
    """The admin's browser, which was left alone; arteri-an-001 has a mail address to be forwarded from."""
    await another_browser.log_in("account", MINE, "abc12345")
    return another_browser


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step[0])
async def test_somebody_at_an_abandoned_screen(stale: Browser, step: tuple[str, str, dict[str, str]]) -> None:
    _, page, typed = step
    before = await database.rows(KEPT)
    await stale.open(page)
    opened = stale.page
    asked_at_once = stale.heading == "お客様番号で再度ログイン"
    pass_minutes(16)
    for attempt in ("the page as it was left open", "the page opened again"):
        if attempt == "the page opened again":
            await stale.open(page)
        else:
            stale.page = opened
        if not (asked_at_once or stale.heading in ("パスワードの確認", "お客様番号で再度ログイン")):
            await stale.submit(**typed)
        assert stale.path.startswith("/proof?"), stale.heading
        assert await tables.Change.count().where(tables.Change.applied_at > clock.now()) == 0
    for guess in ("mine-2026", "mine!99", ""):
        number = {"customer_number": "90000000000000"} if "customer_number" in str(stale.page) else {}
        await stale.submit("/proof", password=guess, **number)
        assert stale.answer.status_code == 422
    assert await database.rows(KEPT) == before


async def test_whoever_knows_the_password_of_an_admin_alone_does_not_become_the_customer(
    admin: Browser,
) -> None:
    await admin.open("/customer-password")
    for password in ("abc12345", "demo02"):
        await admin.prove(password, "90000000000000")
        assert admin.answer.status_code == 422
    await admin.open("/accounts/arteri-an-002/password")
    await admin.submit(**NEW)
    await admin.submit()
    assert admin.heading == "アカウントIDパスワード変更完了"
    for page in ("/customer-password", "/statements", "/own-data"):
        await admin.open(page)
        await admin.prove("mine-2026", "90000000000000")
        assert admin.answer.status_code == 422
