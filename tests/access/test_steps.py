"""A step guards whatever its path shows: the page, the answer to a form, a file; and what was typed outlives it.

The paths are the application's own, so one that is new is looked at too.
"""

from __future__ import annotations

import itertools
import re
from typing import Any

import httpx
import pytest
from bs4 import Tag
from litestar import Litestar

from app import routes
from app.domain.access.matrix import DELETED, Role
from app.domain.access.proofs import Step
from app.postgres import database
from app.routes.access.proof import TITLES
from app.web.pages import Pages, collected, page_of
from app.web.request import Request
from tests.access.test_matrix import OWN, delete
from tests.access.test_proofs import pass_minutes
from tests.browser import Browser, filled_in
from tests.cards.steps import TYPED as RIGHT_CARD

pytestmark = pytest.mark.slow  # a walk through every form, change or step: `make test` takes it

NAMES = {
    "service": ["gate-call-050"],
    "name": ["2026-01", "2026-01.csv", "2026-01.pdf"],
    "login": ["arteri-an-001"],
}
"""What may stand for the variables of a path."""
NEW = {"password": "hikari-2026", "password_again": "hikari-2026"}
RIGHT = {
    "/accounts/arteri-an-001/edit": {"given": "新"},
    "/accounts/arteri-an-001/password": NEW,
    "/accounts/new": {
        "login": "arteri-an-003",
        "family": "有光",
        "given": "光",
        "user_name": "ひかり",
        "family_kana": "アルテリ",
        "given_kana": "ヒカリ",
        **NEW,
    },
    "/customer": {"phone": "03-0000-0001"},
    "/customer-password": {"password": "Neu!1234", "password_again": "Neu!1234"},
    "/payment": RIGHT_CARD,
    "/second-factor/passkeys/new": {"name": "電話"},
    "/second-factor/totp": {"code": "123456"},
}
"""By the path that a form is sent to: what makes it right."""
PASSWORD = "Z!9-first"


def concrete(path: str) -> list[str]:
    """The addresses that a path with variables stands for."""
    variables = re.findall(r"{(\w+)}", path)
    return [
        path.format(**dict(zip(variables, names, strict=True)))
        for names in itertools.product(*(NAMES[variable] for variable in variables))
    ]


PAGES = Pages(
    Litestar(collected(routes), request_class=Request, openapi_config=None, logging_config=None).routes
)
STEPS: dict[str, Step] = {address: step for path, step in PAGES.steps.items() for address in concrete(path)}
ADDRESSES = sorted(STEPS)
BEFORE_IT_IS_LOOKED_AT = {
    address
    for handler in collected(routes)
    if "POST" in handler.http_methods and (page := page_of(handler)) and page.step
    for path in handler.paths
    for address in concrete(re.sub(r":\w+}", "}", path))
}
"""What is sent there waits for the step unseen: whether it is right would tell of the passwords that were used before."""


async def guarded() -> list[str]:
    """What is kept of the contractor that no page shows before its step is passed."""
    (row,) = await database.rows(
        "SELECT c.address, to_char(c.birth_date, 'YYYY/MM/DD') AS born, c.phone, c.email, 'XXXX-' || k.last4 AS card"
        " FROM contract c JOIN card k ON k.contract = c.id WHERE c.customer_number = '90000000000000'"
    )
    assert all(row)
    return list(row)


async def pass_step(browser: Browser) -> None:
    """Type what the page asks for."""
    if browser.heading == TITLES[Step.CUSTOMER]:
        await browser.prove("demo01", "90000000000000")
    elif browser.heading == TITLES[Step.RECENT]:
        await browser.prove("demo01")


async def look_at(browser: Browser, path: str) -> list[Tag]:
    """Open a page over its step; the forms on it."""
    await browser.open(path)
    await pass_step(browser)
    assert browser.heading not in TITLES.values()
    return (
        browser.page.select("main form[method=post]")
        if "html" in browser.answer.headers["content-type"]
        else []
    )


def sent(by_htmx: bool = False) -> dict[str, str]:
    """The headers of a request from a page of ours."""
    return {"Sec-Fetch-Site": "same-origin", **({"HX-Request": "true"} if by_htmx else {})}


async def token_of(browser: Browser) -> str:
    """A CSRF token of the browser's session."""
    await browser.open("/")
    return str(browser.form("/logout").select("input")[0]["value"])


def leads_to(answer: httpx.Response) -> str:
    """Where an answer leads that shows nothing itself."""
    assert answer.text == ""
    if answer.status_code == 303:
        return answer.headers["location"]
    assert answer.status_code == 200
    return answer.headers["HX-Redirect"]


def wrong(form: Tag) -> dict[str, str]:
    """Something in every field that the member fills in, and nothing of it right, so far as it can be wrong."""
    filled = {}
    for field in form.select("input[name]:not([type=hidden], [readonly]), select[name], textarea[name]"):
        kind, name = field.get("type", "text"), str(field["name"])
        filled[name] = str(field["value"]) if kind in ("radio", "checkbox") else f"まちがい {name}"
    return filled


# --- nothing is shown -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by_htmx", [False, True], ids=["browser", "htmx"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("address", ADDRESSES)
async def test_no_page_behind_a_step_is_opened_before_it(
    contractor: Browser, address: str, method: str, by_htmx: bool
) -> None:
    await look_at(contractor, address)
    pass_minutes(11)
    answer = await contractor.request(method, address, headers=sent(by_htmx))
    assert leads_to(answer).startswith("/proof?step=")


def test_every_form_that_is_sent_to_a_path_with_a_step_is_among_those_that_are_filled_in_rightly() -> None:
    sent_to = {
        address
        for handler in collected(routes)
        if "POST" in handler.http_methods
        for path in handler.paths
        if re.sub(r":\w+}", "}", path) in PAGES.steps
        for address in concrete(re.sub(r":\w+}", "}", path))
    }
    # A button, for whoever comes from a mail: tests/people/test_customer.py
    without_a_form = {"/customer/email"}
    assert sent_to & set(STEPS) - without_a_form == set(RIGHT)


@pytest.mark.parametrize("by_htmx", [False, True], ids=["browser", "htmx"])
@pytest.mark.parametrize(
    ("address", "typing"),
    [
        *((address, "nothing") for address in ADDRESSES),
        *itertools.product(RIGHT, ("empty", "wrong", "unchanged", "right")),
    ],
)
async def test_no_answer_to_what_is_sent_to_a_path_shows_what_its_step_guards(
    contractor: Browser, address: str, typing: str, by_htmx: bool
) -> None:
    page = [form for form in await look_at(contractor, address) if form["action"] == address]
    body = {"csrf_token": await token_of(contractor)}
    for form in page:
        body |= {
            "nothing": {},
            "empty": dict.fromkeys(wrong(form), ""),
            "wrong": wrong(form),
            "unchanged": filled_in(form),
            "right": {**filled_in(form), **RIGHT[address]},
        }[typing]
    pass_minutes(11)
    answer = await contractor.post(address, data=body, headers=sent(by_htmx))
    secrets = await guarded()
    assert not [secret for secret in secrets if secret in answer.text]
    if answer.status_code in (404, 405):
        return
    await contractor.open(leads_to(answer))
    assert contractor.heading == TITLES[Step.RECENT if STEPS[address] is Step.HOLDER else STEPS[address]]
    assert not [secret for secret in secrets if secret in contractor.text]
    goes_on = typing == "right" and address not in BEFORE_IT_IS_LOOKED_AT
    assert goes_on == leads_to(answer).startswith("/changes/")


async def test_what_is_looked_for_there_is_what_the_pages_show_after_their_step(contractor: Browser) -> None:
    shown = ""
    for path in ("/customer", "/payment"):
        await look_at(contractor, path)
        shown += contractor.answer.text.replace("XXXX-XXXX-", "")
    assert not [secret for secret in await guarded() if secret not in shown]


# --- what was typed outlives it ---------------------------------------------------------------------------------------


# --- where it is kept -------------------------------------------------------------------------------------------------


# --- who is not asked -------------------------------------------------------------------------------------------------


async def kept() -> int:
    (row,) = await database.rows("SELECT count(*) AS kept FROM kept_form")
    return int(row["kept"])


@pytest.mark.parametrize("path", sorted({*RIGHT, "/payment/visit"}))
async def test_a_form_of_another_site_is_refused_before_anything_of_it_is_kept(
    contractor: Browser, path: str
) -> None:
    token = await token_of(contractor)
    pass_minutes(11)
    for sent_token, headers in (
        (token, {"Sec-Fetch-Site": "cross-site"}),
        (token, {"Sec-Fetch-Site": "same-site"}),
        (token, {"Origin": "https://evil.example"}),
        ("x", {"Origin": "https://evil.example"}),
        ("x", {}),
    ):
        answer = await contractor.post(path, data={"csrf_token": sent_token, "phone": "1"}, headers=headers)
        assert answer.status_code == 403
        assert 'value="1"' not in answer.text
    assert await kept() == 0


@pytest.mark.parametrize("address", ADDRESSES)
async def test_a_deleted_person_is_told_so_instead_of_being_asked(
    contractor: Browser, admin: Browser, address: str
) -> None:
    token = await token_of(admin)
    await delete(contractor, OWN[Role.ADMIN])
    pass_minutes(11)
    await admin.open(address)
    assert (admin.answer.status_code, DELETED in admin.text) == (403, True)
    await admin.press(address, {"csrf_token": token, "phone": "1"})
    assert admin.answer.status_code in (403, 405)
    assert await kept() == 0


async def test_a_form_that_is_sent_while_the_step_holds_is_answered_at_once_and_kept_nowhere(
    contractor: Browser,
) -> None:
    await contractor.open("/customer")
    await contractor.submit(phone="1")
    assert (contractor.answer.status_code, contractor.heading) == (422, "顧客基本情報入力")
    assert await kept() == 0


async def test_what_stands_in_the_way_of_an_error_page_is_no_step(contractor: Browser) -> None:
    token = await token_of(contractor)
    pass_minutes(11)
    body: dict[str, Any] = {"csrf_token": token, "phone": "1"}
    answer = await contractor.post("/statements", data=body, headers=sent())
    assert answer.status_code == 405
    answer = await contractor.post("/customer", content=b"phone=1&phone=2", headers=sent())
    assert answer.status_code == 400
