"""What a login has typed fills no page for another one, whatever stands in the form's way: it waits for who typed it."""

from __future__ import annotations

import itertools
from urllib.parse import parse_qs, urlsplit

import pytest
from bs4 import BeautifulSoup, Tag

from app.domain.access.matrix import Role
from app.postgres import database
from app.routes.access.proof import TITLES
from app.web import errors, forms
from tests.access.test_matrix import LOGINS, ROUTES
from tests.access.test_proofs import pass_minutes
from tests.browser import Browser, filled_in
from tests.web.test_give_back import MOTHER, OPEN_TO_ALL, REQUEST, SON, expected, same_form, shown, typed_into
from tests.web.test_give_back import member as member

pytestmark = pytest.mark.slow  # a walk through every form, change or step: `make test` takes it

WHO = {
    "the contractor": LOGINS[Role.CUSTOMER],
    "the mother": LOGINS[Role.ADMIN],
    "the son": LOGINS[Role.USER],
    "a stranger": ("customer", "80000000000000", "tanin-1"),
}
PAIRS = list(itertools.permutations(WHO, 2))
LEAST = {"the contractor": 16, "the mother": 16, "the son": 3, "a stranger": 7}
"""Forms with text that each finds, lest a test of none passes."""
OURS = {"Sec-Fetch-Site": "same-origin"}


async def log_in(browser: Browser, who: str) -> None:
    """In another tab: whoever was logged in is out."""
    await browser.open("/contact")
    if browser.page.select("form[action='/logout']"):
        await browser.submit("/logout")
    await browser.log_in(*WHO[who])
    assert browser.heading != "ログイン"


async def own_forms(browser: Browser, who: str) -> list[Tag]:
    """Every form with text in it that the login finds on the pages that it may open."""
    found = []
    own = MOTHER if who in ("the contractor", "the mother") else SON
    for path in [path for method, path in ROUTES if method == "GET" and path not in OPEN_TO_ALL]:
        address = path.replace("{login:str}", own).replace("/purchase-requests/{identity:uuid}", REQUEST)
        if "{" in address or "." in address or address in ("/healthz", "/readyz", "/payment/return"):
            continue
        await browser.open(address)
        if browser.heading in TITLES.values() and address != "/proof":
            continue
        sent = browser.page.select("main form[method=post]")
        found += [form for form in sent if set(expected(typed_into(form)).values()) - {""}]
    return found


async def waits(browser: Browser, form: Tag, where: str) -> str:
    """It is told who is logged in and nothing else; the address of the form, once its typist has logged in."""
    assert (browser.answer.status_code, browser.heading) == (422, errors.NOT_GONE_ON), where
    assert "見本" not in browser.answer.text, where
    assert "ログインし直されて" in browser.text
    assert "お預かりしています" in browser.text
    (log_out,) = browser.page.select("main form")
    query = parse_qs(urlsplit(str(log_out["action"])).query)
    assert list(query) == ["next"], where
    return query["next"][0]


def filled(form: Tag) -> dict[str, str]:
    return {**filled_in(form), **typed_into(form)}


@pytest.mark.parametrize(("typist", "other"), PAIRS, ids=[", then ".join(pair) for pair in PAIRS])
async def test_every_form_of_one_login_waits_for_it_and_shows_another_nothing(
    member: Browser, typist: str, other: str
) -> None:
    """Sent within the ten minutes in which the other's own step holds, which would otherwise stop some of them."""
    await log_in(member, typist)
    found = await own_forms(member, typist)
    assert len(found) >= LEAST[typist]
    await log_in(member, other)
    waiting = []
    for form in found:
        where = str(form["action"])
        await member.press(where, filled(form))
        waiting.append((form, await waits(member, form, where)))
        await member.open(waiting[-1][1])
        assert "見本" not in member.answer.text, where
        (row,) = await database.rows(_LAST_KEPT)
        assert tuple(row) == WHO[typist][:2], where
    form = found[-1]
    await member.press(str(form["action"]), filled(form))
    await member.submit(str(member.page.select("main form")[0]["action"]))
    assert (member.heading, "お預かりしています" in member.text) == ("ログイン", True)
    by, name, password = WHO[typist]
    (login,) = (one for one in member.page.select("main form") if filled_in(one).get("by") == by)
    await member.press("/login", {**filled_in(login), "name": name, "password": password})
    assert shown(same_form(member, form), typed_into(form)) == expected(typed_into(form))


_LAST_KEPT = """
SELECT CASE WHEN a.id IS NULL THEN 'customer' ELSE 'account' END, coalesce(a.login, c.customer_number)
FROM kept_form k JOIN contract c ON c.id = k.contract LEFT JOIN account a ON a.id = k.account
ORDER BY k.kept_at DESC LIMIT 1
"""


@pytest.mark.parametrize("minutes", [0, 9, 11, 29])
async def test_it_does_not_hang_on_whether_the_others_step_still_holds(
    contractor: Browser, minutes: int
) -> None:
    await contractor.open("/customer")
    form = contractor.form("/customer")
    await log_in(contractor, "the mother")
    pass_minutes(minutes)
    await contractor.press("/customer", filled(form))
    await waits(contractor, form, "/customer")


@pytest.mark.parametrize(
    "more",
    [
        b"&occupation=" + b"x" * 70_000,
        b"&" + b"&".join(b"extra%d=x" % number for number in range(forms.MOST_FIELDS)),
        b"&occupation=%FF",
        b"&occupation=a&occupation=b",
        b"&occupation=4111+1111+1111+1111",
    ],
    ids=["too long", "too many", "no text", "twice", "a card number"],
)
@pytest.mark.parametrize("by_htmx", [False, True], ids=["browser", "htmx"])
async def test_whatever_else_is_wrong_with_it(contractor: Browser, more: bytes, by_htmx: bool) -> None:
    await contractor.open("/customer")
    token = filled_in(contractor.form("/customer"))["csrf_token"]
    await log_in(contractor, "the mother")
    body = b"csrf_token=%b&phone=mihon-1" % token.encode() + more
    headers = {**OURS, "Content-Type": "application/x-www-form-urlencoded"}
    if by_htmx:
        headers |= {"HX-Request": "true", "HX-Target": "main#main"}
    answer = await contractor.post("/customer", content=body, headers=headers)
    assert (answer.status_code, "mihon-1" in answer.text, "お預かり" in answer.text) == (422, False, True)
    assert ("<html" in answer.text) != by_htmx
    (row,) = await database.rows(_LAST_KEPT)
    assert row[0] == "customer"


async def test_the_accordions_button_of_another_login_buys_nothing_for_this_one(contractor: Browser) -> None:
    await contractor.open("/")
    body = {"csrf_token": filled_in(contractor.form("/logout"))["csrf_token"]}
    await log_in(contractor, "the mother")
    action, target = f"/accounts/{MOTHER}/security?product=kids-filter", f"dd#kids-filter-{MOTHER}"
    htmx = {**OURS, "HX-Request": "true", "HX-Target": target}
    answer = await contractor.post(action, data=body, headers=htmx)
    assert (answer.status_code, answer.headers["hx-retarget"]) == (422, "#main")
    assert [one["action"] for one in BeautifulSoup(answer.text, "lxml").select("form")] == [
        f"/logout?next=%2Faccounts%2F{MOTHER}%2Fsecurity%3Fproduct%3Dkids-filter"
    ]
    assert await database.rows("SELECT 1 FROM change") == []


async def test_a_confirm_page_of_another_login_is_no_confirm_page_of_this_one(contractor: Browser) -> None:
    await contractor.open("/customer")
    await contractor.submit(phone="03-0000-0001")
    confirm, body = contractor.path, filled_in(contractor.form())
    await log_in(contractor, "the mother")
    await contractor.press(confirm, body)
    assert (contractor.answer.status_code, contractor.heading) == (422, errors.NOT_GONE_ON)
    assert "03-0000-0001" not in contractor.answer.text
    assert "お預かり" not in contractor.text
    await contractor.submit(str(contractor.page.select("main form")[0]["action"]))
    by, name, password = WHO["the contractor"]
    (login,) = (one for one in contractor.page.select("main form") if filled_in(one).get("by") == by)
    await contractor.press("/login", {**filled_in(login), "name": name, "password": password})
    assert contractor.heading == "顧客基本情報確認"


async def test_what_a_login_typed_on_a_page_that_is_open_to_all_waits_for_it_too(contractor: Browser) -> None:
    await contractor.open("/forgotten")
    form = contractor.form("/forgotten")
    await log_in(contractor, "the mother")
    await contractor.press("/forgotten", filled(form))
    await waits(contractor, form, "/forgotten")


async def test_a_login_that_is_typed_when_somebody_is_logged_in_already_still_logs_in(
    visitor: Browser,
) -> None:
    await visitor.open("/login")
    form = next(one for one in visitor.page.select("main form") if filled_in(one).get("by") == "account")
    await log_in(visitor, "the contractor")
    await visitor.press("/login", {**filled_in(form), "name": MOTHER, "password": "abc12345"})
    assert "arteri-an-002（" in visitor.page.select("#who")[0].get_text()


async def test_where_nobody_can_tell_whose_it_is_the_text_can_be_copied_and_fills_nothing(
    contractor: Browser,
) -> None:
    """Cookies were erased in between: the token of the old page can be read no more."""
    await contractor.open("/customer")
    form = contractor.form("/customer")
    contractor.cookies.clear()
    await contractor.log_in(*WHO["the contractor"])
    for body in (filled(form), {**filled(form), "occupation": "x" * 70_000}):
        await contractor.press("/customer", body)
        assert contractor.answer.status_code in (403, 413)
        assert contractor.page.select("form[action='/customer']") == []
        areas = [area.get_text().strip() for area in contractor.page.select("main textarea[readonly]")]
        assert "見本 <phone>" in areas
    assert await database.rows("SELECT 1 FROM kept_form") == []


async def test_an_old_page_is_left_and_kept_open_by_whoever_is_logged_in(contractor: Browser) -> None:
    """What changes nothing that was typed asks nobody whose page it is."""
    await contractor.open("/")
    body = {"csrf_token": filled_in(contractor.form("/logout"))["csrf_token"]}
    await log_in(contractor, "the mother")
    for path in ("/session/extend", "/logout"):
        answer = await contractor.post(path, data=body, headers=OURS)
        assert answer.status_code == 303


@pytest.mark.parametrize("odd", ["//evil.example/", "https://evil.example/", "/\\evil.example", "", "/"])
async def test_the_way_on_after_a_logout_leads_to_a_page_of_ours(contractor: Browser, odd: str) -> None:
    answer = await contractor.post("/logout", params={"next": odd}, headers=OURS)
    assert answer.headers["location"] == "/login?out=1"
    answer = await contractor.post("/logout?next=/customer%3Ftyped=x", headers=OURS)
    assert answer.headers["location"] == "/login?out=1&next=%2Fcustomer%3Ftyped%3Dx"
