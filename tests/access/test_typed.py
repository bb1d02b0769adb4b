"""What was typed into a form is in it again after the step that its answer was asked for, and nowhere else."""

from __future__ import annotations

import logging
from datetime import timedelta
from urllib.parse import unquote

import pytest
from bs4 import Tag

from app.domain import clock, tables
from app.domain.access import members, typed
from app.domain.access.matrix import Role
from app.domain.access.typed import Kept, Ticket
from app.domain.fields import OCCUPATIONS
from app.postgres import database
from app.web import forms
from app.web.cookies import token_hash
from tests.access.test_matrix import LOGINS
from tests.access.test_proofs import pass_minutes
from tests.access.test_steps import RIGHT, leads_to, look_at, pass_step, sent, wrong
from tests.browser import Browser, filled_in
from tests.households import KEYS
from tests.test_canary import dump

pytestmark = pytest.mark.slow  # a walk through every form, change or step: `make test` takes it

PASSWORD = "Z!9-first"


def kept_fields(form: Tag) -> dict[str, str]:
    """What is in the fields that the member fills in; a password, a code and a card number are not kept."""
    secret = {str(field["name"]) for field in form.select("input[type=password]")} | {
        forms.CARD_FIELD,
        "code",
    }
    filled = filled_in(form)
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
    answer = await contractor.post(path, data={**filled_in(form), **body}, headers=sent(by_htmx))
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
    back, filled = contractor.path, filled_in(contractor.form("/customer"))
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
    assert len(await kept()) == typed.MOST


async def kept() -> list[bytes]:
    """What the table holds, sealed."""
    return [row["sealed"] for row in await database.rows("SELECT sealed FROM kept_form ORDER BY kept_at")]


def ticket_of(browser: Browser, way_back: str) -> Ticket:
    """What the browser's cookie and the address of the way back make together."""
    signed = KEYS.read("browser", browser.cookies.get(KEYS.browser_cookie))
    assert signed
    path, _, name = way_back.partition("?typed=")
    return Ticket(name, path, KEYS.kept_keys(signed[0], name))


async def test_few_pages_read_what_waits_for_a_step(contractor: Browser) -> None:
    await contractor.open("/customer")
    pass_minutes(11)
    await contractor.submit(phone="1")
    back = unquote(str(contractor.answer.history[-1].headers["location"]).partition("next=")[2])
    ticket = ticket_of(contractor, back)
    signed = KEYS.read("session", contractor.cookies.get(KEYS.session_cookie))
    assert signed
    member = await members.find(token_hash(signed[0]))
    assert member
    assert member.kept is None
    member = await members.find(token_hash(signed[0]), ticket=ticket)
    assert member
    found = typed.opened(member.kept, ticket)
    assert found
    assert (found.before, found.typed["phone"]) == ("step", "1")


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
    found = typed.opened((await kept())[-1], ticket_of(contractor, unquote(asked[-1].partition("next=")[2])))
    assert found
    assert found.typed == {"username": "90000000000000"}


async def test_it_is_read_by_the_login_that_typed_it_in_its_browser_alone_and_on_its_own_page(
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
    await contractor.submit("/logout")
    await contractor.log_in(*LOGINS[Role.ADMIN])
    await look_at(contractor, back)
    assert kept_fields(contractor.form("/customer"))["phone"] != "1"
    await contractor.submit("/logout")
    await contractor.log_in(*LOGINS[Role.CUSTOMER])
    await look_at(contractor, back)
    assert kept_fields(contractor.form("/customer"))["phone"] == "1"
    (sealed,) = await kept()
    assert typed.opened(sealed, ticket_of(contractor, back)) is not None
    assert typed.opened(sealed, ticket_of(another_browser, back)) is None
    assert typed.opened(None, ticket_of(contractor, back)) is None


async def test_half_an_hour_later_it_is_erased_by_who_comes_back_and_by_housekeeping(
    contractor: Browser,
) -> None:
    await contractor.open("/customer")
    pass_minutes(11)
    await contractor.submit(phone="1")
    await contractor.prove("demo01")
    back = contractor.path
    for age, there in ((timedelta(minutes=29, seconds=50), True), (timedelta(minutes=30), False)):
        await tables.KeptForm.update({tables.KeptForm.kept_at: clock.now() - age}).where(
            tables.KeptForm.path == "/customer"
        )
        await typed.tidy(clock.now())
        assert len(await kept()) == there
        await look_at(contractor, back)
        assert (kept_fields(contractor.form("/customer"))["phone"] == "1") == there
    await contractor.open("/customer")
    await typed.keep((await contract(), None), ticket_of(contractor, back), Kept({"phone": "1"}, "step"))
    await tables.KeptForm.update({tables.KeptForm.kept_at: clock.now() - typed.VALID}).where(
        tables.KeptForm.path == "/customer"
    )
    await look_at(contractor, back)
    assert kept_fields(contractor.form("/customer"))["phone"] != "1"
    assert await kept() == []


async def contract() -> int:
    (row,) = await database.rows("SELECT id FROM contract WHERE customer_number = '90000000000000'")
    return int(row["id"])


async def test_what_is_too_large_or_of_nobody_is_not_kept(filled_database: str) -> None:
    ticket = Ticket("name", "/customer", KEYS.kept_keys("browser", "name"))
    login = (await contract(), None)
    assert not await typed.keep(login, ticket, Kept({"phone": "1" * typed.LARGEST}, "step"))
    assert not await typed.keep((0, None), ticket, Kept({"phone": "1"}, "step"))
    assert not await typed.keep((await contract(), 0), ticket, Kept({"phone": "1"}, "step"))
    assert await kept() == []
    assert await typed.keep(login, ticket, Kept({"phone": "1"}, "step"))


async def test_what_was_typed_is_forgotten_when_the_change_is_carried_out(contractor: Browser) -> None:
    await contractor.open("/customer")
    pass_minutes(11)
    await contractor.submit(phone="1")
    await contractor.prove("demo01")
    way_back = f"{contractor.path}?{contractor.answer.url.query.decode()}"
    await contractor.submit(phone="03-1111-2222")
    await contractor.submit()
    assert contractor.heading == "顧客情報登録完了"
    assert await kept() == []
    await contractor.open(way_back)
    assert kept_fields(contractor.form("/customer"))["phone"] == "03-1111-2222"
    assert "お手続きはまだ進んでいません" not in contractor.text


async def test_own_data_leave_out_what_was_typed(contractor: Browser) -> None:
    await contractor.open("/customer")
    pass_minutes(11)
    await contractor.submit(phone="1")
    await look_at(contractor, "/own-data")
    exported = (await contractor.get("/own-data.json")).json()
    assert exported["最近ログインした端末"]
    assert not [device for device in exported["最近ログインした端末"] if "typed" in device]
