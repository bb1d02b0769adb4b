"""Nobody registers a name of an erased contract: it is refused where it is typed, and where it was erased since then."""

from __future__ import annotations

from datetime import date

import pytest

from app.domain import erased_names, tables
from app.domain.erased_names import Kind
from app.domain.mail import addresses, web_space
from app.domain.people import accounts
from app.settings import DEMO_MAIL_SYSTEM
from tests.browser import Browser
from tests.people.test_accounts_pages import NEW

PAGES: tuple[tuple[str, dict[str, str], Kind, str, str], ...] = (
    ("/accounts/new", NEW, "login", NEW["login"], accounts.TAKEN),
    (
        "/accounts/arteri-an-001/mail-address",
        {"kind": "ucom", "local_part": "uta.canary", "agree": "yes"},
        "address",
        f"uta.canary@{DEMO_MAIL_SYSTEM.domain}",
        addresses.TAKEN,
    ),
    ("/accounts/arteri-an-001/web-space", {"space": "uta"}, "web_space", "uta", web_space.TAKEN),
)


@pytest.mark.slow
@pytest.mark.parametrize(("path", "typed", "kind", "name", "said"), PAGES, ids=lambda one: str(one)[:12])
async def test_a_name_of_an_erased_contract_is_refused_before_and_after_the_confirm_page(
    taro: Browser, path: str, typed: dict[str, str], kind: Kind, name: str, said: str
) -> None:
    left = [await table.count() for table in (tables.Account, tables.MailAddress, tables.WebSpace)]
    await taro.open(path)
    await taro.submit(**typed)
    assert "確認" in taro.heading, taro.reasons
    erased = tables.ErasedName(
        hash=erased_names.hashed(kind, name), kind=kind, pepper=1, erased_on=date(2026, 1, 1)
    )
    await erased.save()
    await taro.submit()
    assert said in taro.text
    assert not taro.heading.endswith("完了")
    await taro.open(path)
    await taro.submit(**typed)
    assert taro.reasons == [said]
    assert left == [await table.count() for table in (tables.Account, tables.MailAddress, tables.WebSpace)]
