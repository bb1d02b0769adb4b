"""What a page leaves in a browser's history: where Back leads, from engine to engine the same (browsers/ walks it)."""

from __future__ import annotations

import pytest

from app.web.render import PARTIALS
from tests.browser import Browser

BY_HTMX = {"HX-Request": "true", "HX-Target": "main#main", "Sec-Fetch-Site": "same-origin"}
EDIT = "/accounts/arteri-an-001/edit"


async def confirm_page(browser: Browser) -> str:
    await browser.open(EDIT)
    await browser.submit(given="改")
    return browser.path


async def test_back_from_a_confirm_page_leads_to_what_was_typed(contractor: Browser) -> None:
    path = await confirm_page(contractor)
    answer = await contractor.get(path, headers=BY_HTMX)
    assert "HX-Replace-Url" not in answer.headers
    back = answer.headers["X-Back"]
    assert back == f"{EDIT}?change={path.rpartition('/')[2]}"
    await contractor.open(back)
    assert contractor.page.select_one("[name=given][value=改]")


@pytest.mark.slow
async def test_what_follows_a_confirm_page_takes_its_place(contractor: Browser) -> None:
    path = await confirm_page(contractor)
    differs = await contractor.get(f"{path}?differs=yes", headers=BY_HTMX)
    await contractor.submit()
    done = await contractor.get(path, headers=BY_HTMX)
    for answer in (differs, done):
        assert answer.headers["HX-Replace-Url"] == path
        assert "X-Back" not in answer.headers


async def test_what_was_refused_is_no_place_to_come_back_to(contractor: Browser) -> None:
    await contractor.open(EDIT)
    token = contractor.form(EDIT).select_one("[name=csrf_token]")
    assert token
    wrong = await contractor.post(
        EDIT, data={"csrf_token": str(token["value"]), "given": ""}, headers=BY_HTMX
    )
    missing = await contractor.get("/nowhere", headers=BY_HTMX)
    assert (wrong.status_code, missing.status_code) == (422, 404)
    assert [answer.headers["HX-Push-Url"] for answer in (wrong, missing)] == ["false"] * 2


@pytest.mark.slow
@pytest.mark.parametrize(
    ("by", "name", "password", "leads_to"),
    [
        ("customer", "90000000000000", "demo01", "/"),
        ("account", "90000000000000", "demo01", "/?said=by-customer"),
        ("customer", "90000000000001", "demo01", "/accounts/new?first=yes"),
    ],
)
async def test_a_login_by_a_script_goes_on_to_a_whole_page(
    by: str, name: str, password: str, leads_to: str, visitor: Browser
) -> None:
    """The wrong ones before it were pieces, and left nothing in the history that a browser would send again."""
    await visitor.open("/login")
    form = visitor.page.select_one("form[action='/login']")
    assert form
    assert form["data-hx-post"] == "/login"
    token = form.select_one("[name=csrf_token]")
    assert token
    typed = {"csrf_token": str(token["value"]), "by": by, "name": name}
    wrong = await visitor.post("/login", data={**typed, "password": "wrong-1"}, headers=BY_HTMX)
    assert wrong.status_code == 422
    assert "<html" not in wrong.text
    right = await visitor.post("/login", data={**typed, "password": password}, headers=BY_HTMX)
    assert (right.status_code, right.headers["HX-Redirect"]) == (200, leads_to)


async def test_every_form_but_those_that_leave_the_page_is_sent_by_a_script(visitor: Browser) -> None:
    for path in ("/login", "/forgotten", "/forgotten/new?token=x"):
        await visitor.open(path)
        plain = visitor.page.select("main form:not([data-hx-post])")
        assert [form["action"] for form in plain] == []


def test_logging_out_loads_a_whole_page() -> None:
    """A piece would leave the head of the page with the member's name and menu."""
    forms = [
        line
        for path in PARTIALS.rglob("*.html")
        for line in path.read_text().splitlines()
        if "/logout" in line
    ]
    assert len(forms) >= 3
    assert [line for line in forms if "post_form" in line and "target=none" not in line] == []
    assert [line for line in forms if "data-hx-post" in line] == []


async def test_a_place_on_the_page_that_is_shown_has_another_address(contractor: Browser) -> None:
    """A link to the same address would load nothing, and leave the menu of a phone open over the page."""

    def entry() -> str:
        return next(
            str(link["href"]) for link in contractor.page.select("#menu li a") if "#" in str(link["href"])
        )

    for path, leads_to in (
        ("/", "/?menu#account-ids"),
        ("/?menu", "/#account-ids"),
        ("/accounts", "/#account-ids"),
    ):
        await contractor.open(path)
        assert entry() == leads_to
    await contractor.open("/?menu")
    assert contractor.heading == "ご契約情報一覧"
