"""［もう一度送信する］ on an error page does what the form would have done, once; where it could not work there is none."""

from __future__ import annotations

from typing import Any

import pytest

from app.domain.changes import asking, kinds
from app.postgres import database
from app.web import errors
from tests.access.test_matrix import ROUTES
from tests.browser import Browser, filled_in
from tests.changes.test_every_change import BY_NO_MEMBER, ask, begin
from tests.changes.walks import EVERY
from tests.web.test_give_back import MOTHER, REQUEST, typed_into
from tests.web.test_give_back import member as member
from tests.web.test_whose_form import log_in

pytestmark = pytest.mark.slow  # a walk through every form, change or step: `make test` takes it

BUTTON = "もう一度送信する"
ONE_OF_EACH = {walk.kind: name for name, walk in reversed(EVERY.items())}
AWAY = ConnectionError("away")


def the_button(browser: Browser) -> Any:
    """The form of the button, where the page has one."""
    forms = [form for form in browser.page.select("main form") if BUTTON in form.get_text()]
    return forms[0] if forms else None


async def press_the_button(browser: Browser) -> None:
    form = the_button(browser)
    await browser.press(str(form["action"]), filled_in(form))


def test_every_kind_of_change_is_tried() -> None:
    assert set(ONE_OF_EACH) == set(kinds.KINDS) - BY_NO_MEMBER


@pytest.mark.parametrize("name", ONE_OF_EACH.values())
async def test_a_change_whose_last_press_fails_is_done_once_by_the_button(
    visitor: Browser, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """It fails before anything is done, and then when all of it is done and only the answer is lost."""
    await begin(visitor, EVERY[name])
    await ask(visitor, EVERY[name])
    if not visitor.page.select("main form"):
        return  # done by the press on its input page
    before = await database.rows("SELECT count(*) FROM change WHERE applied_at IS NOT NULL")
    rows, confirm = database.rows, asking.confirm

    async def away(statement: str, *values: Any) -> Any:
        if statement == asking._CLAIM:
            raise AWAY
        return await rows(statement, *values)

    async def lost(*args: Any) -> None:
        await confirm(*args)
        raise AWAY

    with monkeypatch.context() as patch:
        patch.setattr(database, "rows", away)
        await visitor.submit()
    assert (visitor.answer.status_code, visitor.heading) == (503, errors.TROUBLES[503].title)
    with monkeypatch.context() as patch:
        patch.setattr(asking, "confirm", lost)
        await press_the_button(visitor)
    assert visitor.answer.status_code == 503
    await press_the_button(visitor)
    assert visitor.answer.status_code == 200, visitor.text
    assert "内容が変わりました" not in visitor.text
    assert not visitor.page.select("main form"), visitor.text
    (row,) = await database.rows("SELECT count(*) FROM change WHERE applied_at IS NOT NULL")
    assert row["count"] == before[0]["count"] + 1


async def test_the_button_does_nothing_else_than_what_its_confirm_page_said(
    contractor: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the page would say something else by now, that is shown first."""
    await contractor.open("/customer")
    await contractor.submit(phone="03-0000-0001")
    with monkeypatch.context() as patch:
        patch.setattr(asking, "confirm", fails)
        await contractor.submit()
    monkeypatch.setattr(asking, "fingerprint", lambda _: "of another page")
    await press_the_button(contractor)
    assert (contractor.heading, "変わりました" in contractor.text) == ("顧客基本情報確認", True)


async def fails(*_: Any, **__: Any) -> Any:
    raise AWAY


@pytest.mark.parametrize(("who", "least"), [("", 3), ("the contractor", 24)])
async def test_every_form_of_every_page_can_be_sent_again(
    member: Browser, monkeypatch: pytest.MonkeyPatch, who: str, least: int
) -> None:
    """What is wrong with it is said then as it would have been, and what was typed is there."""
    pressed = set()
    for path in [path for method, path in ROUTES if method == "GET" and "." not in path]:
        address = path.replace("{login:str}", MOTHER).replace("/purchase-requests/{identity:uuid}", REQUEST)
        if "{" in address or address in ("/healthz", "/readyz", "/payment/return"):
            continue
        await as_(member, who)
        await member.open(address)
        for form in member.page.select("main form[method=post]"):
            action = str(form["action"])
            if action in pressed:
                continue
            pressed.add(action)
            body = {**filled_in(form), **typed_into(form)}
            await as_(member, who)
            with monkeypatch.context() as patch:
                patch.setattr(database, "rows", fails)
                await member.press(action, body)
            if not who and member.answer.status_code == 422:
                continue  # what is wrong with it is seen without the database
            assert member.answer.status_code == 503, action
            assert (the_button(member) is None) == ("credential" in body), action
            if the_button(member):
                await press_the_button(member)
                assert member.answer.status_code in (200, 422), f"{action} {member.answer.status_code}"
                assert errors.STALE not in member.text, action
                assert errors.UNTRUSTED not in member.text, action
    assert len(pressed) >= least, pressed


async def as_(browser: Browser, who: str) -> None:
    await browser.open("/contact")
    inside = bool(browser.page.select("form[action='/logout']"))
    if inside and not who:
        await browser.submit("/logout")
    elif who and not inside:
        await log_in(browser, who)


@pytest.mark.parametrize(
    ("path", "begins"),
    [
        ("/login/passkey", "/login?next=%2Fpayment"),
        ("/proof/passkey", "/payment"),
        ("/login/second/passkey", "/login/second?next=%2Fpayment"),
    ],
)
async def test_an_authenticators_answer_is_good_once_so_it_is_asked_again_instead(
    contractor: Browser, monkeypatch: pytest.MonkeyPatch, path: str, begins: str
) -> None:
    await contractor.open("/")
    token = filled_in(contractor.form("/logout"))["csrf_token"]
    body = {"csrf_token": token, "credential": "{}", "next": "/payment"}
    with monkeypatch.context() as patch:
        patch.setattr(database, "rows", fails)
        await contractor.press(path, body | ({"step": "recent"} if "proof" in path else {}))
    assert contractor.answer.status_code == 503
    assert the_button(contractor) is None
    links = [str(link["href"]) for link in contractor.page.select("main a")]
    assert begins in links
    with monkeypatch.context() as patch:
        patch.setattr(database, "rows", fails)
        await contractor.press(path, {**body, "next": "//evil.example/"})
    assert "evil.example" not in contractor.answer.text
