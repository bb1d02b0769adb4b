"""Weak passwords on the forms that set one: the reason stands at the field, and nothing is hashed."""

from __future__ import annotations

from typing import Any

import pytest

from app.domain.people.weak_passwords import REASONS
from tests.browser import Browser
from tests.people.test_accounts_pages import NEW

EDIT = "/accounts/arteri-an-001/edit"
ALONE = "/accounts/arteri-an-001/password"


async def sent(browser: Browser, page: str, weak: str, typed: dict[str, str] | None = None) -> list[str]:
    """The reasons that the page gives for the password."""
    await browser.open(page)
    await browser.submit(**{**(typed or {}), "password": weak, "password_again": weak})
    return browser.reasons


@pytest.mark.parametrize(
    ("page", "typed"), [("/accounts/new", NEW), (EDIT, {}), (ALONE, {}), ("/customer-password", {})]
)
async def test_every_form_that_sets_a_password_refuses_a_weak_one_at_the_field(
    contractor: Browser, page: str, typed: dict[str, str], hashed: list[dict[str, Any]]
) -> None:
    hashed.clear()
    assert await sent(contractor, page, "sunshine7", typed) == [REASONS["common"]]
    assert contractor.answer.status_code == 422
    field = contractor.page.select_one("input[name=password]")
    assert field
    assert field["aria-invalid"] == "true"
    assert not field.get("value")
    assert "sunshine7" not in contractor.answer.text
    assert hashed == []


@pytest.mark.parametrize("typed", ["ARTERI-AN-003", "arteri003", "nagisa-88", "u_mi-no-7"])
async def test_a_new_account_id_is_judged_by_what_is_typed_beside_it(contractor: Browser, typed: str) -> None:
    beside = {"given": "渚", "given_kana": "なぎさ", "user_name": "u_mi-no"}
    (reason,) = await sent(contractor, "/accounts/new", typed, {**NEW, **beside})
    assert reason in (REASONS["login"], REASONS["name"], REASONS["user-name"])


async def test_a_weak_password_is_told_together_with_what_else_is_wrong(contractor: Browser) -> None:
    reasons = await sent(contractor, "/accounts/new", "sunshine7", {**NEW, "family": ""})
    assert REASONS["common"] in reasons
    assert len(reasons) == 2


async def test_the_contractors_birth_date_is_refused_for_her_passwords(contractor: Browser) -> None:
    assert await sent(contractor, "/customer-password", "s600612!") == [REASONS["birth"]]
    assert await sent(contractor, "/accounts/new", "tk-850612", NEW) == [REASONS["birth"]]
    assert await sent(contractor, ALONE, "tk-850612") == [REASONS["birth"]]


@pytest.mark.slow
async def test_nobody_finds_out_her_birth_date_or_phone_by_trying_passwords(family_user: Browser) -> None:
    for password in ("tkq-850612", "kqm-0612x"):
        assert await sent(family_user, ALONE, password) == []


@pytest.mark.slow
async def test_an_imported_password_is_its_owners_weak_or_not(visitor: Browser) -> None:
    await visitor.log_in("account", "arteri-an-001", "abc12345")
    assert visitor.heading == "ユーザー管理"
