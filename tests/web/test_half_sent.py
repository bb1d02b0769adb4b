"""A form that came too slowly is given back as far as it came; one that was sent to a path without forms, to be copied."""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import quote_plus

import pytest
from bs4 import BeautifulSoup

from app.web import errors, forms
from app.web.body_deadline import BodyDeadline, TooSlow
from tests.access.test_matrix import ROUTES
from tests.browser import Browser, filled_in
from tests.web.test_body_deadline import body, coming
from tests.web.test_give_back import MOTHER, filled_in_text_of
from tests.web.test_give_back import member as member
from tests.web.test_whose_form import log_in

pytestmark = pytest.mark.slow  # a walk through every form, change or step: `make test` takes it

SENT = {"Sec-Fetch-Site": "same-origin", "Content-Type": "application/x-www-form-urlencoded"}
NO_FORMS = sorted(
    path
    for method, path in ROUTES
    if method == "GET" and ("POST", path) not in ROUTES and "{" not in path and not path.startswith("/static")
)


async def in_part(text: str) -> AsyncIterator[bytes]:
    """A body that stops there."""
    yield text.encode()
    raise TooSlow


def areas(text: str) -> list[str]:
    return [area.get_text().strip() for area in BeautifulSoup(text, "lxml").select("main textarea[readonly]")]


# --- too slow ---------------------------------------------------------------------------------------------------------


async def test_a_form_that_stops_on_its_way_comes_back_as_far_as_it_came(member: Browser) -> None:
    path = f"/accounts/{MOTHER}/auto-reply"
    await member.open(path)
    token = filled_in(member.form())["csrf_token"]
    text = quote_plus("出張中です。\n急ぎは母まで、電話してくださ")
    came = f"csrf_token={token}&enabled=on&subject={quote_plus('不在 <1>')}&body={text}%E3%81"
    answer = await member.post(path, content=in_part(came), headers=SENT)
    now = filled_in_text_of(answer.text, path)
    assert answer.status_code == 408
    assert answer.headers["connection"] == "close"
    assert now["subject"] == "不在 <1>"
    assert now["body"].strip() == "出張中です。\n急ぎは母まで、電話してくださ"
    assert errors.PART_READ in answer.text
    answer = await member.post(path, data={**now, "body": "短い"}, headers={"Sec-Fetch-Site": "same-origin"})
    assert errors.STALE not in answer.text


async def test_what_did_not_come_is_as_it_is_registered(member: Browser) -> None:
    await member.open("/customer")
    known = filled_in(member.form("/customer"))
    came = f"csrf_token={known['csrf_token']}&phone=03-1111-2222&ema"
    answer = await member.post("/customer", content=in_part(came), headers=SENT)
    now = filled_in_text_of(answer.text, "/customer")
    assert (now["phone"], now["email"]) == ("03-1111-2222", known["email"])


@pytest.mark.parametrize("came", ["", "csrf_tok", "csrf_token=", "csrf_token={token}"])
async def test_where_nothing_came_the_page_says_so(contractor: Browser, came: str) -> None:
    await contractor.open("/customer")
    token = filled_in(contractor.form("/customer"))["csrf_token"]
    answer = await contractor.post("/customer", content=in_part(came.format(token=token[:-3])), headers=SENT)
    assert answer.status_code == 408
    assert errors.NOTHING_READ[408] in answer.text
    assert BeautifulSoup(answer.text, "lxml").select("form[action='/customer']")


async def test_half_a_form_of_another_login_waits_for_it(contractor: Browser) -> None:
    await contractor.open("/customer")
    token = filled_in(contractor.form("/customer"))["csrf_token"]
    await log_in(contractor, "the mother")
    came = f"csrf_token={token}&phone=03-1111-2222&mobile=090"
    answer = await contractor.post("/customer", content=in_part(came), headers=SENT)
    assert (answer.status_code, "03-1111-2222" in answer.text) == (422, False)
    assert "お預かりしています" in answer.text


async def test_half_a_form_does_nothing(contractor: Browser) -> None:
    """Though all that it needs may have come."""
    await contractor.open("/customer")
    form = filled_in(contractor.form("/customer"))
    came = "&".join(f"{name}={quote_plus(text)}" for name, text in {**form, "phone": "03-1111-2222"}.items())
    answer = await contractor.post("/customer", content=in_part(came), headers=SENT)
    assert answer.status_code == 408


@pytest.mark.parametrize(
    ("came", "left"),
    [
        ("a=1&b=x", "a=1&b=x"),
        ("a=1&b", "a=1"),
        ("a=1&", "a=1"),
        ("a=1&b=%E3%81%82%E3%81", "a=1&b=%E3%81%82"),
        ("a=1&b=%E3%81%82%E", "a=1&b=%E3%81%82"),
        ("a=1&b=x%", "a=1&b=x"),
        ("a=1&b=card+4111+1111-1111+1", "a=1&b=card+"),
        ("a=1&b=%EF%BC%94%EF%BC%91%EF%BC%91%EF%BC%91", "a=1&b="),
        ("a=1&b=4111111111111111", "a=1&b="),
        ("a=1&b=12x", "a=1&b=12x"),
        ("a=1&b=x.+-", "a=1&b=x.+-"),
        ("csrf_token=abc", ""),
        ("", ""),
        (
            "a=1" + "1" * 100_000 + "&b=" + "1" * 100_000 + "x",
            "a=1" + "1" * 100_000 + "&b=" + "1" * 100_000 + "x",
        ),
    ],
)
def test_the_last_field_is_cut_before_what_may_be_half_of_something(came: str, left: str) -> None:
    assert forms.cut_short(came.encode()) == left.encode()


@pytest.mark.parametrize("status", [200, 303, 422])
async def test_any_answer_to_what_came_too_late_closes_the_connection(status: int) -> None:
    """Whatever it says: the rest of the body may still come on it."""
    sent = []

    async def app(_: object, receive: object, send: object) -> None:
        with pytest.raises(TooSlow):
            await receive()  # type: ignore[operator]
        headers = [(b"connection", b"keep-alive"), (b"x-other", b"1")]
        await send({"type": "http.response.start", "status": status, "headers": headers})  # type: ignore[operator]

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/"}
    receive = coming((60, body(b"", more=False)))
    await BodyDeadline(app, 0.05)(scope, receive, send)  # type: ignore[arg-type]
    assert sent[0]["headers"] == [(b"x-other", b"1"), (b"connection", b"close")]


# --- where no form is taken -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", NO_FORMS)
async def test_what_is_sent_to_a_page_without_forms_can_be_copied(contractor: Browser, path: str) -> None:
    await contractor.open("/customer")
    typed = {**filled_in(contractor.form("/customer")), "phone": "03-1111-2222", "password": "Z!9-first"}
    await contractor.press(path, {**typed, "occupation": "4111 1111 1111 1111"})
    assert contractor.answer.status_code == 405
    assert contractor.answer.headers["allow"]
    assert contractor.heading == errors.TROUBLES[405].title
    assert "03-1111-2222" in areas(contractor.answer.text)
    for secret in ("Z!9-first", "4111 1111"):
        assert secret not in contractor.answer.text
    await log_in(contractor, "the mother")
    await contractor.press(path, typed)
    assert (contractor.answer.status_code, areas(contractor.answer.text)) == (405, [])


async def test_so_can_what_is_sent_to_a_path_that_leads_nowhere(contractor: Browser) -> None:
    await contractor.open("/customer")
    typed = {**filled_in(contractor.form("/customer")), "phone": "03-1111-2222"}
    await contractor.press("/gone", typed)
    assert (contractor.answer.status_code, "03-1111-2222" in areas(contractor.answer.text)) == (404, True)
    await log_in(contractor, "the mother")
    await contractor.press("/gone", typed)
    assert (contractor.answer.status_code, areas(contractor.answer.text)) == (404, [])


@pytest.mark.parametrize(
    "headers", [{}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}]
)
async def test_another_sites_form_is_not_read_there(contractor: Browser, headers: dict[str, str]) -> None:
    for path, status in (("/contact", 405), ("/gone", 404)):
        answer = await contractor.post(path, data={"phone": "planted-1"}, headers=headers)
        assert (answer.status_code, "planted-1" in answer.text) == (status, False)


async def test_a_body_that_is_too_large_or_too_slow_there_is_no_trouble(contractor: Browser) -> None:
    answer = await contractor.post("/contact", content=in_part("a=1&phone=03-1111-2222x"), headers=SENT)
    assert (answer.status_code, "03-1111-2222x" in answer.text) == (405, True)
    answer = await contractor.post("/contact", content=b"a=" + b"x" * 300_000, headers=SENT)
    assert answer.status_code == 405
