"""A step guards whatever its path shows: the page, the answer to a form, a file; and what was typed outlives it.

The paths are the application's own, so one that is new is looked at too.
"""

from __future__ import annotations

import itertools
import logging
import re
from typing import Any

import httpx
import pytest
from bs4 import Tag
from litestar import Litestar

from app import routes
from app.domain.access import members, typed
from app.domain.access.matrix import DELETED, Role
from app.domain.access.members import Member
from app.domain.access.proofs import Step
from app.domain.fields import OCCUPATIONS
from app.postgres import database
from app.routes.access.proof import TITLES
from app.web import forms
from app.web.cookies import token_hash
from app.web.pages import Pages, collected
from app.web.request import Request
from tests.access.test_matrix import LOGINS, OWN, delete
from tests.access.test_proofs import pass_minutes
from tests.browser import Browser, _filled
from tests.cards.steps import TYPED as RIGHT_CARD
from tests.households import KEYS
from tests.test_canary import dump

STEPS: dict[str, Step] = Pages(
    Litestar(collected(routes), request_class=Request, openapi_config=None, logging_config=None).routes
).steps
NAMES = {"service": ["gate-call-050"], "name": ["2026-01", "2026-01.csv", "2026-01.pdf"]}
"""What may stand for the variables of a path."""
RIGHT = {
    "/customer": {"phone": "03-0000-0001"},
    "/customer-password": {"password": "Neu!1234", "password_again": "Neu!1234"},
    "/payment": RIGHT_CARD,
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


ADDRESSES = [address for path in sorted(STEPS) for address in concrete(path)]


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
    for field in form.select("input[name]:not([type=hidden]), select[name], textarea[name]"):
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
        path for handler in collected(routes) for path in handler.paths if "POST" in handler.http_methods
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
            "unchanged": _filled(form),
            "right": {**_filled(form), **RIGHT[address]},
        }[typing]
    pass_minutes(11)
    answer = await contractor.post(address, data=body, headers=sent(by_htmx))
    secrets = await guarded()
    assert not [secret for secret in secrets if secret in answer.text]
    if answer.status_code in (404, 405):
        return
    await contractor.open(leads_to(answer))
    assert contractor.heading == TITLES[STEPS[address]]
    assert not [secret for secret in secrets if secret in contractor.text]
    assert (typing == "right") == leads_to(answer).startswith("/changes/")


async def test_what_is_looked_for_there_is_what_the_pages_show_after_their_step(contractor: Browser) -> None:
    shown = ""
    for path in ("/customer", "/payment"):
        await look_at(contractor, path)
        shown += contractor.answer.text.replace("XXXX-XXXX-", "")
    assert not [secret for secret in await guarded() if secret not in shown]


# --- what was typed outlives it ---------------------------------------------------------------------------------------


def kept_fields(form: Tag) -> dict[str, str]:
    """What is in the fields that the member fills in; a password and a card number are not kept."""
    secret = {str(field["name"]) for field in form.select("input[type=password]")} | {forms.CARD_FIELD}
    filled = _filled(form)
    assert not any(filled.get(name) for name in secret)
    return {name: filled.get(name, "") for name in wrong(form) if name not in secret}


@pytest.mark.parametrize("by_htmx", [False, True], ids=["browser", "htmx"])
@pytest.mark.parametrize("typing", ["empty", "wrong"])
@pytest.mark.parametrize("path", sorted(RIGHT))
async def test_after_the_step_the_form_is_as_it_was_typed(
    contractor: Browser, path: str, typing: str, by_htmx: bool
) -> None:
    (form,) = (form for form in await look_at(contractor, path) if form["action"] == path)
    body = wrong(form) if typing == "wrong" else dict.fromkeys(wrong(form), "")
    pass_minutes(11)
    answer = await contractor.post(path, data={**_filled(form), **body}, headers=sent(by_htmx))
    await contractor.open(leads_to(answer))
    await pass_step(contractor)
    assert (contractor.answer.status_code, contractor.answer.url.path) == (200, path)
    assert "お手続きはまだ進んでいません" in contractor.text
    now = kept_fields(contractor.form(path))
    assert now == {name: body[name] for name in now}
    await contractor.submit(path)
    assert contractor.answer.status_code == 422
    assert "お手続きはまだ進んでいません" not in contractor.text
    assert kept_fields(contractor.form(path)) == now


async def test_what_was_typed_is_judged_when_it_is_sent_again_and_goes_on_when_it_is_right(
    contractor: Browser,
) -> None:
    await contractor.open("/customer")
    pass_minutes(11)
    await contractor.submit(phone="1", occupation=OCCUPATIONS[1], fax="03-0000-0002")
    assert contractor.heading == "パスワードの確認"
    await contractor.prove("demo01")
    back, filled = contractor.path, _filled(contractor.form("/customer"))
    await contractor.press(back, {**filled, "fax": "2"})
    assert contractor.reasons
    assert kept_fields(contractor.form("/customer"))["fax"] == "2"
    await contractor.submit(phone="03-0000-0001", fax="03-0000-0002")
    assert contractor.heading == "顧客基本情報確認"
    assert contractor.rows["職業"].startswith(OCCUPATIONS[1])
    assert contractor.rows["FAX番号"].startswith("03-0000-0002")


async def test_a_wrong_password_in_between_loses_nothing(contractor: Browser) -> None:
    await contractor.open("/customer")
    pass_minutes(11)
    await contractor.submit(phone="1", fax="03-0000-0002")
    await contractor.prove("demo02")
    assert contractor.answer.status_code == 422
    await contractor.prove("demo01")
    assert kept_fields(contractor.form("/customer"))["fax"] == "03-0000-0002"


async def test_the_way_back_can_be_reloaded_and_costs_no_round_trip_more(
    contractor: Browser, round_trips: list[str]
) -> None:
    await contractor.open("/customer")
    pass_minutes(11)
    await contractor.submit(phone="1")
    await contractor.prove("demo01")
    back = contractor.path
    for _ in range(2):
        round_trips.clear()
        await contractor.open(back)
        assert kept_fields(contractor.form("/customer"))["phone"] == "1"
        assert len(round_trips) == 2
    await contractor.open("/customer")
    assert kept_fields(contractor.form("/customer"))["phone"] != "1"


async def test_two_tabs_do_not_lose_one_anothers(contractor: Browser) -> None:
    waiting = {}
    forms_of = {
        path: (await look_at(contractor, path), contractor.page)[1] for path in ("/customer", "/payment")
    }
    pass_minutes(11)
    for name, path, body in (
        ("one", "/customer", {"phone": "1"}),
        ("two", "/customer", {"phone": "2"}),
        ("three", "/payment", {"given": "３"}),
    ):
        contractor.page = forms_of[path]
        await contractor.submit(path, **body)
        waiting[name] = contractor.page
    for name, path, field, text in (
        ("two", "/customer", "phone", "2"),
        ("three", "/payment", "given", "３"),
        ("one", "/customer", "phone", "1"),
    ):
        contractor.page = waiting[name]
        await contractor.prove("demo01")
        assert kept_fields(contractor.form(path))[field] == text


async def test_only_the_newest_forms_of_a_session_are_kept(contractor: Browser) -> None:
    await contractor.open("/customer")
    page = contractor.page
    pass_minutes(11)
    waiting = []
    for number in range(typed.MOST + 1):
        contractor.page = page
        await contractor.submit(phone=str(number))
        waiting.append(contractor.page)
    found = []
    for asked in waiting:
        contractor.page = asked
        await contractor.prove("demo01")
        found.append(kept_fields(contractor.form("/customer"))["phone"])
    assert found[1:] == [str(number) for number in range(1, typed.MOST + 1)]
    assert found[0] not in found[1:]
    (row,) = await database.rows("SELECT cardinality(typed) AS kept FROM session")
    assert row["kept"] == typed.MOST


# --- where it is kept -------------------------------------------------------------------------------------------------


async def caller(browser: Browser) -> Member:
    """Who the browser's session belongs to, with what it typed."""
    signed = KEYS.read("session", browser.cookies.get(KEYS.session_cookie))
    assert signed
    member = await members.find(token_hash(signed[0]), KEYS.seal_keys(signed[0]), with_typed=True)
    assert member
    return member


async def test_few_pages_read_what_waits_for_a_step(contractor: Browser) -> None:
    await contractor.open("/customer")
    pass_minutes(11)
    await contractor.submit(phone="1")
    with_typed = await caller(contractor)
    assert len(with_typed.typed) == 1
    member = await members.find(with_typed.token_hash, with_typed.seal_keys)
    assert member
    assert member.typed == ()


async def test_what_was_typed_is_in_no_url_log_cookie_or_table_and_a_password_nowhere_at_all(
    contractor: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await contractor.open("/customer-password")
    page = contractor.page
    await contractor.open("/customer")
    pass_minutes(11)
    await contractor.submit(phone="1", email="planted@")
    contractor.page = page
    await contractor.submit(password=PASSWORD, password_again=f"{PASSWORD}x")
    asked = [str(answer.headers["location"]) for answer in contractor.answer.history]
    assert asked
    everywhere = [*asked, contractor.answer.text, *(str(cookie.value) for cookie in contractor.cookies.jar)]
    everywhere += [record.getMessage() for record in caplog.records] + [row for _, row in await dump()]
    assert not [text for text in everywhere if "planted" in text or PASSWORD in text]
    assert not [text for text in everywhere if b"planted@".hex() in text or PASSWORD.encode().hex() in text]
    name = re.search(r"typed%3D([\w-]+)", asked[-1])
    assert name
    kept = typed.find(await caller(contractor), name[1], "/customer-password")
    assert kept == {"username": "90000000000000"}


async def test_it_is_read_by_the_session_that_typed_it_alone_and_on_its_own_page(
    contractor: Browser, another_browser: Browser
) -> None:
    await another_browser.log_in(*LOGINS[Role.CUSTOMER])
    await contractor.open("/customer")
    pass_minutes(11)
    await contractor.submit(phone="1")
    await contractor.prove("demo01")
    back = contractor.path
    await look_at(another_browser, back)
    assert kept_fields(another_browser.form("/customer"))["phone"] != "1"
    await contractor.open(back.replace("/customer", "/payment"))
    assert "お手続きはまだ進んでいません" not in contractor.text
    member = await caller(contractor)
    name = back.partition("=")[2]
    assert typed.find(member, name, "/customer") is not None
    retired = Member(
        member.role,
        member.contract,
        None,
        member.proved_at,
        None,
        b"",
        KEYS.seal_keys("another"),
        member.typed,
    )
    assert typed.find(retired, name, "/customer") is None


async def test_what_was_typed_is_forgotten_when_the_change_is_carried_out(contractor: Browser) -> None:
    await contractor.open("/customer")
    pass_minutes(11)
    await contractor.submit(phone="1")
    await contractor.prove("demo01")
    way_back = f"{contractor.path}?{contractor.answer.url.query.decode()}"
    await contractor.submit(phone="03-1111-2222")
    await contractor.submit()
    assert contractor.heading == "顧客情報登録完了"
    (row,) = await database.rows("SELECT cardinality(typed) AS kept FROM session")
    assert row["kept"] == 0
    await contractor.open(way_back)
    assert kept_fields(contractor.form("/customer"))["phone"] == "03-1111-2222"
    assert "お手続きはまだ進んでいません" not in contractor.text


async def test_own_data_leave_out_what_was_typed(contractor: Browser) -> None:
    await contractor.open("/customer")
    pass_minutes(11)
    await contractor.submit(phone="1")
    await look_at(contractor, "/own-data")
    exported = (await contractor.get("/own-data.json")).json()
    assert exported["ログイン中の端末"]
    assert not [device for device in exported["ログイン中の端末"] if "typed" in device]


# --- who is not asked -------------------------------------------------------------------------------------------------


async def kept() -> int:
    (row,) = await database.rows("SELECT coalesce(sum(cardinality(typed)), 0) AS kept FROM session")
    return int(row["kept"])


@pytest.mark.parametrize("path", sorted({*RIGHT, "/payment/visit"}))
async def test_a_form_of_another_site_is_refused_before_anything_of_it_is_kept(
    contractor: Browser, path: str
) -> None:
    token = await token_of(contractor)
    pass_minutes(11)
    for body, headers in (
        ({"csrf_token": token, "phone": "1"}, {"Sec-Fetch-Site": "cross-site"}),
        ({"csrf_token": "x", "phone": "1"}, {"Sec-Fetch-Site": "same-origin"}),
    ):
        answer = await contractor.post(path, data=body, headers=headers)
        assert answer.status_code == 403
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
