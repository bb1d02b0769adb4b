"""The matrix, cell by cell: role × route × whose account ID it is.

Every route stands in ROUTES below with the permission it must name, so a new one without a thought fails.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import pytest
from bs4 import BeautifulSoup
from litestar import Litestar
from litestar.types import ASGIApp

from app.domain import fields
from app.domain.access.matrix import ADMIN_MAY, AGAIN, DELETED, MATRIX, Permission, Role, allowed
from app.domain.tables import TABLES
from app.postgres import database
from app.postgres.engine import Engine
from app.web.front_door import FrontDoor
from app.web.pages import page_of
from tests.browser import Browser
from tests.conftest import HOST

ROUTES: dict[tuple[str, str], Permission] = {
    ("GET", "/"): Permission.OVERVIEW,
    ("GET", "/accounts"): Permission.ACCOUNTS,
    ("GET", "/accounts/new"): Permission.ACCOUNTS,
    ("POST", "/accounts/new"): Permission.ACCOUNTS,
    ("GET", "/accounts/{login:str}"): Permission.OVERVIEW,
    ("GET", "/accounts/{login:str}/delete"): Permission.ACCOUNTS,
    ("POST", "/accounts/{login:str}/delete"): Permission.ACCOUNTS,
    ("GET", "/accounts/{login:str}/edit"): Permission.ACCOUNT_NAMES,
    ("POST", "/accounts/{login:str}/edit"): Permission.ACCOUNT_NAMES,
    ("GET", "/accounts/{login:str}/password"): Permission.ACCOUNT_PASSWORD,
    ("POST", "/accounts/{login:str}/password"): Permission.ACCOUNT_PASSWORD,
    ("GET", "/accounts/{login:str}/mail-address"): Permission.MAIL_ADDRESS,
    ("POST", "/accounts/{login:str}/mail-address"): Permission.MAIL_ADDRESS,
    ("GET", "/accounts/{login:str}/mail-passwords"): Permission.MAIL_ADDRESS,
    ("POST", "/accounts/{login:str}/mail-passwords"): Permission.MAIL_ADDRESS,
    ("GET", "/accounts/{login:str}/mail-settings"): Permission.MAIL_ADDRESS,
    ("GET", "/accounts/{login:str}/mailbox"): Permission.MAIL_SERVICE,
    ("POST", "/accounts/{login:str}/mailbox"): Permission.MAIL_SERVICE,
    ("GET", "/accounts/{login:str}/forwarding"): Permission.FORWARDING,
    ("POST", "/accounts/{login:str}/forwarding"): Permission.FORWARDING,
    ("GET", "/accounts/{login:str}/auto-reply"): Permission.AUTO_REPLY,
    ("POST", "/accounts/{login:str}/auto-reply"): Permission.AUTO_REPLY,
    ("GET", "/accounts/{login:str}/web-space"): Permission.WEB_SPACE,
    ("POST", "/accounts/{login:str}/web-space"): Permission.WEB_SPACE,
    ("GET", "/accounts/{login:str}/web-settings"): Permission.WEB_SPACE,
    ("GET", "/accounts/user-purchase-permission"): Permission.ACCOUNTS,
    ("POST", "/accounts/user-purchase-permission"): Permission.ACCOUNTS,
    ("GET", "/accounts/{login:str}/security"): Permission.SECURITY,
    ("POST", "/accounts/{login:str}/security"): Permission.SECURITY,
    ("GET", "/accounts/{login:str}/security/download"): Permission.SECURITY_STATUS,
    ("GET", "/accounts/{login:str}/security/status"): Permission.SECURITY_STATUS,
    ("GET", "/purchase-requests"): Permission.PURCHASE_REQUESTS,
    ("GET", "/purchase-requests/{identity:uuid}"): Permission.PURCHASE_REQUESTS,
    ("POST", "/purchase-requests/{identity:uuid}"): Permission.PURCHASE_REQUESTS,
    ("GET", "/purchase-requests/{identity:uuid}/decision"): Permission.PURCHASE_DECISIONS,
    ("POST", "/purchase-requests/{identity:uuid}/decision"): Permission.PURCHASE_DECISIONS,
    ("GET", "/remote-support"): Permission.REMOTE_SUPPORT,
    ("POST", "/remote-support"): Permission.REMOTE_SUPPORT,
    ("GET", "/mail-service"): Permission.MAIL_SERVICE,
    ("POST", "/mail-service"): Permission.MAIL_SERVICE,
    ("GET", "/payment"): Permission.PAYMENT,
    ("POST", "/payment"): Permission.PAYMENT,
    ("POST", "/payment/visit"): Permission.PAYMENT,
    ("GET", "/payment/return"): Permission.PAYMENT,
    ("GET", "/changes"): Permission.CHANGES,
    ("GET", "/changes.csv"): Permission.CHANGES,
    ("GET", "/changes/{identity:uuid}"): Permission.CHANGES,
    ("POST", "/changes/{identity:uuid}"): Permission.CHANGES,
    ("GET", "/contact"): Permission.ANYONE,
    ("GET", "/accessibility"): Permission.ANYONE,
    ("GET", "/seller"): Permission.ANYONE,
    ("GET", "/our-mails"): Permission.ANYONE,
    ("GET", "/application"): Permission.CONTRACT,
    ("POST", "/application"): Permission.CONTRACT,
    ("GET", "/guide-request"): Permission.CONTRACT,
    ("POST", "/guide-request"): Permission.CONTRACT,
    ("GET", "/cancellation"): Permission.BY_PHONE,
    ("POST", "/cancellation"): Permission.BY_PHONE,
    ("GET", "/hikari-denwa"): Permission.BY_PHONE,
    ("GET", "/gate-call-050"): Permission.ON_PAPER,
    ("GET", "/giga-cinema"): Permission.PARTNERS,
    ("GET", "/club-off"): Permission.PARTNERS,
    ("GET", "/notices"): Permission.NOTICES,
    ("GET", "/notices/{kind:str}"): Permission.NOTICES,
    ("POST", "/notices/dismiss"): Permission.SESSION,
    ("POST", "/owner-notices/seen"): Permission.SESSION,
    ("GET", "/documents"): Permission.NOTICES,
    ("GET", "/documents/{name:str}"): Permission.NOTICES,
    ("GET", "/customer"): Permission.CONTRACT,
    ("POST", "/customer"): Permission.CONTRACT,
    ("GET", "/customer/email"): Permission.CONTRACT,
    ("POST", "/customer/email"): Permission.CONTRACT,
    ("GET", "/calls/{service:str}"): Permission.STATEMENTS,
    ("GET", "/calls/{service:str}/{name:str}"): Permission.STATEMENTS,
    ("GET", "/statements"): Permission.STATEMENTS,
    ("GET", "/statements/{name:str}"): Permission.STATEMENTS,
    ("GET", "/customer-password"): Permission.CONTRACT,
    ("POST", "/customer-password"): Permission.CONTRACT,
    ("GET", "/favicon.ico"): Permission.PUBLIC,
    ("GET", "/forgotten"): Permission.ANYONE,
    ("POST", "/forgotten"): Permission.ANYONE,
    ("GET", "/forgotten/new"): Permission.ANYONE,
    ("POST", "/forgotten/new"): Permission.ANYONE,
    ("GET", "/forgotten/sent"): Permission.ANYONE,
    ("GET", "/new-password"): Permission.SESSION,
    ("POST", "/new-password"): Permission.SESSION,
    ("GET", "/healthz"): Permission.PUBLIC,
    ("GET", "/login"): Permission.ANYONE,
    ("POST", "/login"): Permission.ANYONE,
    ("POST", "/logout"): Permission.ANYONE,
    ("GET", "/.well-known/change-password"): Permission.ANYONE,
    ("GET", "/.well-known/security.txt"): Permission.PUBLIC,
    ("GET", "/login/passkey.json"): Permission.ANYONE,
    ("POST", "/login/passkey"): Permission.ANYONE,
    ("GET", "/login/second"): Permission.SESSION,
    ("POST", "/login/second"): Permission.SESSION,
    ("GET", "/login/second/passkey.json"): Permission.SESSION,
    ("POST", "/login/second/passkey"): Permission.SESSION,
    ("GET", "/second-factor"): Permission.SECOND_FACTOR,
    ("GET", "/second-factor/passkeys.json"): Permission.SECOND_FACTOR,
    ("GET", "/second-factor/passkeys/new"): Permission.SECOND_FACTOR,
    ("POST", "/second-factor/passkeys/new"): Permission.SECOND_FACTOR,
    ("POST", "/second-factor/passkeys/remove"): Permission.SECOND_FACTOR,
    ("GET", "/second-factor/totp"): Permission.SECOND_FACTOR,
    ("POST", "/second-factor/totp"): Permission.SECOND_FACTOR,
    ("POST", "/second-factor/totp/remove"): Permission.SECOND_FACTOR,
    ("POST", "/second-factor/recovery-codes"): Permission.SECOND_FACTOR,
    ("GET", "/logins"): Permission.LOGINS,
    ("POST", "/logins/end"): Permission.LOGINS,
    ("GET", "/own-data"): Permission.OWN_DATA,
    ("GET", "/own-data.json"): Permission.OWN_DATA,
    ("GET", "/outages"): Permission.ANYONE,
    ("GET", "/privacy"): Permission.ANYONE,
    ("GET", "/readyz"): Permission.PUBLIC,
    ("GET", "/proof"): Permission.SESSION,
    ("POST", "/proof"): Permission.SESSION,
    ("GET", "/proof/passkey.json"): Permission.SESSION,
    ("POST", "/proof/passkey"): Permission.SESSION,
    ("POST", "/session/extend"): Permission.SESSION,
    ("GET", "/static/{name:str}"): Permission.PUBLIC,
    ("GET", "/{path:path}"): Permission.ANYONE,
    **dict.fromkeys(
        ((method, "/{path:path}") for method in ("POST", "PUT", "PATCH", "DELETE")), Permission.PUBLIC
    ),
}
CHANGES = "/changes/{identity:uuid}"
OF_AN_ACCOUNT_ID = sorted(
    path
    for method, path in ROUTES
    if "{login" in path and method == "GET" and not path.endswith("/download")  # leads on: test_security.py
)
OF_THE_CONTRACT = [
    *("/", "/accounts", "/accounts/new", "/changes", "/changes.csv", "/customer-password", "/mail-service"),
    *("/customer", "/customer/email", "/payment"),
    *("/remote-support", "/accounts/user-purchase-permission", "/purchase-requests"),
    *("/application", "/guide-request", "/cancellation", "/hikari-denwa", "/gate-call-050"),
    *("/notices", "/documents", "/logins"),
    *("/second-factor", "/second-factor/passkeys.json", "/second-factor/passkeys/new", "/second-factor/totp"),
]
BEHIND_THE_CUSTOMERS_STEP = ["/giga-cinema", "/club-off", "/statements", "/own-data", "/own-data.json"]
"""※: whoever may see them types お客様番号 and its password first."""
OF_THE_USER_BEHIND_THE_OWN_STEP = ["/own-data", "/own-data.json"]
"""A user role types the own password for them."""

LOGINS = {
    Role.CUSTOMER: ("customer", "90000000000000", "demo01"),
    Role.ADMIN: ("account", "arteri-an-002", "abc12345"),
    Role.USER: ("account", "arteri-an-001", "abc12345"),
}
OWN = {Role.CUSTOMER: "arteri-an-001", Role.ADMIN: "arteri-an-002", Role.USER: "arteri-an-001"}
SIBLING = {Role.CUSTOMER: "arteri-an-002", Role.ADMIN: "arteri-an-001", Role.USER: "arteri-an-002"}
STRANGE = "tanin-001"


@dataclass
class Person:
    """Somebody of the contract, with the browser that is logged in."""

    role: Role
    browser: Browser


@pytest.fixture(scope="module")
async def household(application: ASGIApp, lasting_database: Engine) -> AsyncIterator[dict[Role, Browser]]:
    """A browser of each role, logged in once for all cells: looking at pages changes nothing."""
    database.use(lasting_database, TABLES)
    async with AsyncExitStack() as stack:
        browsers = {role: await stack.enter_async_context(Browser(application, HOST)) for role in Role}
        for role, browser in browsers.items():
            await browser.log_in(*LOGINS[role])
        yield browsers


@pytest.fixture(params=list(Role))
def person(
    request: pytest.FixtureRequest, household: dict[Role, Browser], lasting_database: Engine
) -> Person:
    """Each role in turn."""
    database.use(lasting_database, TABLES)
    return Person(request.param, household[request.param])


@pytest.fixture
async def nobody(application: ASGIApp, lasting_database: Engine) -> AsyncIterator[Browser]:
    """A browser that nobody is logged in with."""
    database.use(lasting_database, TABLES)
    async with Browser(application, HOST) as browser:
        yield browser


def inner(application: ASGIApp) -> Litestar:
    """The Litestar application behind the front door."""
    assert isinstance(application, FrontDoor)
    assert isinstance(application.app, Litestar)
    return application.app


def test_every_route_names_the_permission_that_it_must_have(application: ASGIApp) -> None:
    named: dict[tuple[str, str], Any] = {}
    for route in inner(application).routes:
        for handler in getattr(route, "route_handlers", []):
            for method in set(handler.http_methods) - {"OPTIONS", "HEAD"}:
                page = page_of(handler)
                named[(str(method), route.path)] = page and page.permission
    assert named == ROUTES


def test_no_account_id_can_be_registered_that_a_path_needs() -> None:
    words = {path.split("/")[2] for _, path in ROUTES if path.startswith("/accounts/")} - {"{login:str}"}
    assert words
    assert not any(fields.is_account_id(word) for word in words)


def test_every_permission_is_in_the_matrix_or_open_to_everybody() -> None:
    assert set(MATRIX) == set(Permission) - {Permission.PUBLIC, Permission.ANYONE}


@pytest.mark.parametrize(("method", "path"), sorted(ROUTES))
async def test_without_a_login_only_open_pages_answer(nobody: Browser, method: str, path: str) -> None:
    if ROUTES[method, path] in (Permission.PUBLIC, Permission.ANYONE):
        return
    concrete = path.replace("{login:str}", OWN[Role.USER]).replace(
        "{identity:uuid}", "00000000-0000-0000-0000-000000000000"
    )
    answer = await nobody.request(method, concrete, headers={"Sec-Fetch-Site": "same-origin"})
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/login?next=")


@pytest.mark.parametrize("path", OF_THE_CONTRACT)
async def test_a_role_reaches_the_contract_pages_of_its_row(person: Person, path: str) -> None:
    answer = await person.browser.get(path)
    asked_again = path == "/customer-password" and person.role is Role.ADMIN
    there = 303 if asked_again else 200
    assert answer.status_code == (there if allowed(ROUTES["GET", path], person.role) else 403)


@pytest.mark.parametrize("path", BEHIND_THE_CUSTOMERS_STEP)
async def test_a_page_with_the_sign_asks_for_the_customer_number_first(person: Person, path: str) -> None:
    answer = await person.browser.get(path)
    if person.role is Role.USER and path in OF_THE_USER_BEHIND_THE_OWN_STEP:
        assert answer.status_code == 200  # it has just logged in
        return
    assert answer.status_code == (303 if allowed(ROUTES["GET", path], person.role) else 403)
    if answer.status_code == 303:
        assert answer.headers["location"].startswith("/proof?step=customer&next=")


@pytest.mark.parametrize("path", OF_AN_ACCOUNT_ID)
async def test_a_role_reaches_the_pages_of_the_own_account_id_that_its_row_has(
    person: Person, path: str
) -> None:
    answer = await person.browser.get(path.replace("{login:str}", OWN[person.role]))
    assert answer.status_code == (200 if allowed(ROUTES["GET", path], person.role) else 403)


@pytest.mark.parametrize("path", OF_AN_ACCOUNT_ID)
async def test_a_siblings_account_id_opens_for_customer_and_admin_only(person: Person, path: str) -> None:
    answer = await person.browser.get(path.replace("{login:str}", SIBLING[person.role]))
    if not allowed(ROUTES["GET", path], person.role):
        assert answer.status_code == 403
    else:
        assert answer.status_code == (404 if person.role is Role.USER else 200)


@pytest.mark.parametrize("login", [STRANGE, "nobody-at-all"])
@pytest.mark.parametrize("path", OF_AN_ACCOUNT_ID)
async def test_another_contracts_account_id_and_a_missing_one_look_the_same(
    person: Person, path: str, login: str
) -> None:
    answer = await person.browser.get(path.replace("{login:str}", login))
    assert answer.status_code == (404 if allowed(ROUTES["GET", path], person.role) else 403)
    assert login not in answer.text


@pytest.mark.parametrize("whose", ["sibling", "stranger"])
@pytest.mark.parametrize("path", [path for path in OF_AN_ACCOUNT_ID if ("POST", path) in ROUTES])
async def test_posting_to_what_is_not_theirs_is_answered_like_looking_at_it(
    person: Person, path: str, whose: str
) -> None:
    concrete = path.replace("{login:str}", SIBLING[person.role] if whose == "sibling" else STRANGE)
    looked = (await person.browser.get(concrete)).status_code
    await person.browser.open("/")
    token = person.browser.page.select_one("input[name=csrf_token]")
    assert token is not None
    answer = await person.browser.post(
        concrete, data={"csrf_token": str(token["value"])}, headers={"Sec-Fetch-Site": "same-origin"}
    )
    own = {"delete": 303, "security": 404}.get(concrete.rpartition("/")[2], 422)  # of no product that is sold
    expected = {404: 404, 403: 403}.get(looked, own)
    assert answer.status_code == expected


async def test_a_deleted_account_id_is_gone_for_customer_and_admin(
    contractor: Browser, admin: Browser
) -> None:
    await delete(contractor, "arteri-an-001")
    for browser in (contractor, admin):
        for path in OF_AN_ACCOUNT_ID:
            answer = await browser.get(path.replace("{login:str}", "arteri-an-001"))
            assert answer.status_code == 404


async def test_a_deleted_person_reads_the_own_page_and_may_post_nothing(
    contractor: Browser, family_user: Browser
) -> None:
    await family_user.open("/accounts/arteri-an-001/password")
    await delete(contractor, "arteri-an-001")
    await family_user.submit(password="neu12345", password_again="neu12345")
    assert family_user.answer.status_code == 403
    assert "削除された" in family_user.text
    await family_user.open("/")
    assert family_user.answer.status_code == 200
    assert "削除済み" in family_user.page.get_text()


async def test_a_deleted_admin_reads_on_and_may_post_nothing(contractor: Browser, admin: Browser) -> None:
    await admin.open("/accounts/arteri-an-001/edit")
    await delete(contractor, "arteri-an-002")
    await admin.submit(given="変更")
    assert admin.answer.status_code == 403
    assert DELETED in admin.text
    await admin.open("/mail-service")
    assert admin.answer.status_code == 200
    assert DELETED in admin.text


@pytest.mark.slow
@pytest.mark.parametrize("whose", ["own", "sibling"])
@pytest.mark.parametrize("role", [Role.ADMIN, Role.USER])
async def test_no_page_that_a_deleted_person_opens_holds_a_form_that_writes(
    taro: Browser, another_browser: Browser, role: Role, whose: str
) -> None:
    await another_browser.log_in(*LOGINS[role])
    await delete(taro, OWN[role])
    login = (OWN if whose == "own" else SIBLING)[role]
    opened = set()
    members = {
        path for (method, path), who in ROUTES.items() if method == "GET" and who is not Permission.ANYONE
    }
    for path in sorted(path for path in members if "{identity" not in path):
        answer = await another_browser.get(path.replace("{login:str}", login))
        if answer.status_code == 200 and answer.headers["content-type"].startswith("text/html"):
            opened.add(path)
            assert not BeautifulSoup(answer.text, "lxml").select("main form[method=post]"), path
    assert {"/", "/logins"} <= opened
    assert (role is Role.ADMIN) == ({"/accounts", "/mail-service", "/remote-support"} <= opened)


@pytest.mark.parametrize(
    "path",
    [
        *("/accounts/new", "/accounts/user-purchase-permission", "/application", "/guide-request"),
        *("/gate-call-050", "/remote-support"),
        *(path for path in OF_AN_ACCOUNT_ID if ("POST", path) in ROUTES),
    ],
)
async def test_a_page_that_had_a_form_tells_a_deleted_admin_once_why_not(
    taro: Browser, admin: Browser, path: str
) -> None:
    await delete(taro, "arteri-an-002")
    await admin.open(path.replace("{login:str}", "arteri-an-001"))
    assert admin.text.count(DELETED) == 1
    assert not admin.page.select("main .steps")
    assert not [link for link in admin.page.select("main a") if str(link["href"]).startswith("/application")]


async def test_a_pending_change_of_a_deleted_person_holds_no_form(
    contractor: Browser, admin: Browser
) -> None:
    await ask_for_a_password(admin)
    await delete(contractor, "arteri-an-002")
    await admin.open(admin.path)
    assert DELETED in admin.text
    assert not admin.page.select("main form")


async def test_a_login_form_stays_for_a_deleted_person(contractor: Browser, admin: Browser) -> None:
    await delete(contractor, "arteri-an-002")
    await admin.open("/")
    token = str(admin.form("/logout").select("input")[0]["value"])
    body = {"csrf_token": token, "by": "account", "name": "arteri-an-001", "password": "wrong"}
    await admin.press("/login", body)
    assert admin.answer.status_code == 422
    assert len(admin.page.select("main form[action='/login']")) == 2
    assert DELETED not in admin.text


async def test_a_deleted_admin_reads_state_price_and_description(contractor: Browser, admin: Browser) -> None:
    await delete(contractor, "arteri-an-002")
    for path in ("/mail-service", "/remote-support"):
        await admin.open(path)
        assert {"現在のご契約状態", "月額利用料"} <= set(admin.rows), path
        assert "サービス説明" in admin.text, path
    await admin.open("/accounts/arteri-an-002/security")
    assert admin.rows["アカウントID"] == "arteri-an-002"
    assert [term.get_text() for term in admin.page.select("main dt")].count("月額利用料") == 3
    assert "［購入する］" not in admin.text
    assert not admin.page.select("main form")


async def test_a_deleted_admins_security_status_leads_to_no_purchase(
    contractor: Browser, admin: Browser
) -> None:
    await admin.open("/accounts/arteri-an-001/security/status")
    assert "購入／解約へ" in admin.text
    await delete(contractor, "arteri-an-002")
    await admin.open("/accounts/arteri-an-001/security/status")
    assert "購入／解約へ" not in admin.text
    piece = await admin.get(
        "/accounts/arteri-an-001/security?product=security-360",
        headers={"HX-Request": "true", "HX-Target": "dd#security-360-arteri-an-001"},
    )
    assert piece.text.strip() == "未購入"


async def test_a_deleted_admin_is_offered_what_can_be_read_and_no_change(admin: Browser) -> None:
    await delete(admin, "arteri-an-002")
    await admin.open("/")
    menu = [str(link["href"]).partition("#")[0] for link in admin.page.select("#menu li a")]
    assert "/accounts" in menu
    assert not {"/application", "/guide-request"} & set(menu)
    for path in menu:
        assert (await admin.get(path)).status_code == 200, path
    for path in ("/", "/?open=arteri-an-001", "/accounts"):
        await admin.open(path)
        offered = [
            link for link in admin.page.select("main a") if not str(link["href"]).endswith("/security/status")
        ]
        assert not [link for link in offered if "/accounts/arteri-an-001/" in str(link["href"])], path
        assert not {"変更", "登録", "新規登録", "削除"} & {link.get_text() for link in offered}


async def ask_for_a_password(browser: Browser) -> None:
    await browser.open("/accounts/arteri-an-001/password")
    await browser.submit(password="another-7q2m", password_again="another-7q2m")
    assert browser.heading == "アカウントIDパスワード変更確認"


async def test_a_pending_change_is_its_askers_alone(
    contractor: Browser, admin: Browser, family_user: Browser, stranger: Browser
) -> None:
    for asker in (contractor, admin, family_user):
        await ask_for_a_password(asker)
        path = asker.path
        for other in (contractor, admin, family_user, stranger):
            if other is not asker:
                assert (await other.get(path)).status_code == 404
                await other.open("/")
                token = other.page.select_one("input[name=csrf_token]")
                assert token is not None
                posted = await other.post(
                    path, data={"csrf_token": str(token["value"])}, headers={"Sec-Fetch-Site": "same-origin"}
                )
                assert posted.status_code == 404


async def test_a_receipt_is_read_by_customer_and_admins_and_by_who_asked(
    contractor: Browser, admin: Browser, family_user: Browser, stranger: Browser
) -> None:
    await ask_for_a_password(family_user)
    await family_user.submit()
    path = family_user.path
    for browser, status in ((family_user, 200), (contractor, 200), (admin, 200), (stranger, 404)):
        assert (await browser.get(path)).status_code == status


async def test_a_receipt_of_the_customer_is_not_for_a_user_role_member(
    contractor: Browser, family_user: Browser
) -> None:
    await contractor.open("/accounts/arteri-an-002/edit")
    await contractor.submit(given="新")
    await contractor.submit()
    assert contractor.heading == "アカウントID登録／変更完了"
    assert (await family_user.get(contractor.path)).status_code == 404
    await family_user.open("/changes")
    assert "お手続きは、まだありません。" in family_user.text


async def test_the_side_menu_shows_what_the_role_may_use_and_nothing_else(person: Person) -> None:
    await person.browser.open("/")
    links = {str(link["href"]).partition("#")[0] for link in person.browser.page.select("nav#menu li a")}
    for path in links:
        assert (await person.browser.get(path, follow_redirects=True)).status_code == 200
    for path in (*OF_THE_CONTRACT, *BEHIND_THE_CUSTOMERS_STEP):
        if not allowed(ROUTES["GET", path], person.role):
            assert path not in links


async def test_a_role_that_is_lowered_loses_its_pages_at_once(contractor: Browser, admin: Browser) -> None:
    await contractor.open("/accounts/arteri-an-002/edit")
    await contractor.submit(role="user")
    await contractor.submit()
    assert (await admin.get("/accounts")).status_code == 403
    await admin.open("/")
    assert admin.heading == "ユーザー管理"


async def delete(browser: Browser, login: str) -> None:
    """Delete an account ID through its pages."""
    await browser.open(f"/accounts/{login}/delete")
    await browser.submit()
    await browser.submit()
    assert browser.heading == "アカウントID削除完了"


def test_what_an_admin_logs_in_to_again_is_named_where_the_role_is_chosen() -> None:
    assert AGAIN.keys() == {right for right, signs in MATRIX.items() if signs[1] == "×※"}
    assert all(name in ADMIN_MAY for name in AGAIN.values())
