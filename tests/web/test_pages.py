"""A page is declared once, at its handler: what follows from that, and that nothing else has to name it."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import jinja2
import pytest
from litestar import Litestar, get, post
from litestar.exceptions import ImproperlyConfiguredException
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp

from app import demo, routes, web
from app.domain import clock
from app.domain.access.matrix import Permission, Role
from app.domain.access.proofs import Step
from app.main import portal
from app.postgres.engine import Engine
from app.web.pages import Menu, Pages, Place, collected, open_to
from app.web.request import Request
from tests.access.test_matrix import LOGINS, OWN, delete, inner
from tests.browser import Browser
from tests.conftest import HOST, SETTINGS

WHOLE = {
    "ご契約情報": [("ご契約情報一覧", "/")],
    "各種お手続き": [
        ("お客様情報変更", "/customer"),
        ("お客様番号パスワード変更", "/customer-password"),
        ("お支払い方法変更", "/payment"),
        ("ご契約内容変更申請", "/application"),
        ("ご利用ガイド・規約ご請求", "/guide-request"),
        ("ご解約", "/cancellation"),
    ],
    "料金明細照会": [
        ("月額請求明細照会", "/statements"),
        ("GATE CALL050通話明細照会", "/calls/gate-call-050"),
        ("UCOM光電話通話明細照会", "/calls/hikari-denwa"),
    ],
    "オプションサービス": [
        ("メールサービス", "/mail-service"),
        ("UCOM光 リモートサポート", "/remote-support"),
        ("ギガシネマ with U-NEXT", "/giga-cinema"),
        ("UCOM光 クラブオフ", "/club-off"),
    ],
    "アカウントIDオプション": [
        ("アカウントID管理", "/accounts"),
        ("アカウントIDオプション変更", "/#account-ids"),
    ],
    "お知らせ": [
        ("障害情報", "/notices/outage"),
        ("メンテナンス情報", "/notices/maintenance"),
        ("マニュアル・利用規約", "/documents"),
    ],
    "お手続き履歴": [
        ("お手続き履歴", "/changes"),
        ("2段階認証", "/second-factor"),
        ("ログイン履歴", "/logins"),
        ("ご登録情報のダウンロード", "/own-data"),
    ],
}
USERS = {
    "ご契約情報": [("ユーザー管理", "/")],
    "アカウントIDオプション": [("アカウントIDオプション変更", "/#account-ids")],
    "お知らせ": WHOLE["お知らせ"],
    "お手続き履歴": [
        ("お手続き履歴", "/changes"),
        ("2段階認証", "/second-factor"),
        ("ログイン履歴", "/logins"),
        ("ご登録情報のダウンロード", "/own-data"),
    ],
}
DELETED_ADMINS = {
    "ご契約情報": [("ご契約情報一覧", "/")],
    "各種お手続き": [("ご解約", "/cancellation")],
    "オプションサービス": [
        ("メールサービス", "/mail-service"),
        ("UCOM光 リモートサポート", "/remote-support"),
    ],
    "アカウントIDオプション": WHOLE["アカウントIDオプション"],
    "お知らせ": WHOLE["お知らせ"],
    "お手続き履歴": [("お手続き履歴", "/changes"), ("ログイン履歴", "/logins")],
}
DELETED_USERS = {**USERS, "お手続き履歴": DELETED_ADMINS["お手続き履歴"]}


@pytest.mark.parametrize(("role", "shown"), [(Role.CUSTOMER, WHOLE), (Role.ADMIN, WHOLE), (Role.USER, USERS)])
async def test_the_side_menu_of_each_role(
    visitor: Browser, role: Role, shown: dict[str, list[tuple[str, str]]]
) -> None:
    await visitor.log_in(*LOGINS[role], path="/login?next=/changes")
    assert visitor.menu == shown
    assert list(visitor.menu) == list(shown)
    current = visitor.page.select("#menu [aria-current=page]")
    assert [str(link["href"]) for link in current] == ["/changes"]


@pytest.mark.slow
@pytest.mark.parametrize(("role", "shown"), [(Role.ADMIN, DELETED_ADMINS), (Role.USER, DELETED_USERS)])
async def test_the_side_menu_of_whoever_was_deleted(
    contractor: Browser, another_browser: Browser, role: Role, shown: dict[str, list[tuple[str, str]]]
) -> None:
    await another_browser.log_in(*LOGINS[role])
    await delete(contractor, OWN[role])
    await another_browser.open("/")
    assert another_browser.menu == shown


# --- a page that is new -----------------------------------------------------------------------------------------------

NEW = """
from litestar import Response, get, post

from app.domain.access.members import Permission
from app.domain.access.proofs import Step
from app.web.pages import Menu, Place, open_to
from app.web.render import page, piece
from app.web.request import Request


@get("/points", opt=open_to(Permission.CONTRACT, step=Step.RECENT, menu=Place(Menu.PROCEDURES, 35, "ポイント照会")))
async def points(request: Request) -> Response[str]:
    return page(request, "points.html", title="ポイント照会")


@post(["/points", "/points/spend"], opt=open_to(Permission.CONTRACT, back="/points"))
async def spend(request: Request) -> Response[str]:
    form = await request.read_form()
    form.must(False, "points", "ポイントが足りません。")
    if form.typed.get("inline"):
        return piece(request, "points.html", layout="layout/panel.html", title="ポイント照会", form=form)
    return page(request, "points.html", title="ポイント照会", form=form)
"""
TEMPLATE = "{% extends layout %}{% block panel %}<h1>{{ title }}</h1><p>12,345ポイント</p>{% endblock %}"


@pytest.fixture
def with_a_new_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ASGIApp:
    """The portal, to which somebody added a routes file and its template."""
    (tmp_path / "points").mkdir()
    (tmp_path / "points" / "__init__.py").touch()
    (tmp_path / "points" / "points.py").write_text(NEW)
    monkeypatch.setattr(routes, "__path__", [*routes.__path__, str(tmp_path)])
    made = portal(SETTINGS, Engine({}))
    templates = inner(made).state.templates
    templates.loader = jinja2.ChoiceLoader([jinja2.DictLoader({"points.html": TEMPLATE}), templates.loader])
    return made


@pytest.fixture
async def browser(with_a_new_page: ASGIApp, filled_database: str) -> AsyncIterator[Browser]:
    async with Browser(with_a_new_page, HOST) as browser:
        yield browser


@pytest.mark.slow
async def test_a_new_file_with_a_handler_and_a_template_is_a_page_in_the_menu_behind_its_step(
    browser: Browser,
) -> None:
    await browser.log_in(*LOGINS[Role.CUSTOMER])
    names = [name for name, _ in browser.menu["各種お手続き"]]
    assert names[2:5] == ["お支払い方法変更", "ポイント照会", "ご契約内容変更申請"]
    await browser.open("/points")
    assert "12,345ポイント" in browser.text
    clock.start_at(clock.now() + timedelta(minutes=11))
    await browser.open("/points")
    assert browser.heading == "パスワードの確認"
    await browser.prove("demo01")
    assert (browser.path, browser.heading) == ("/points", "ポイント照会")


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/points", "/points/spend"])
@pytest.mark.parametrize("answer", ["a page", "a piece of one"])
async def test_the_step_of_a_new_page_guards_the_answer_to_its_form_and_no_handler_has_to_say_so(
    browser: Browser, answer: str, path: str
) -> None:
    await browser.log_in(*LOGINS[Role.CUSTOMER])
    await browser.open("/points")
    body = {
        "csrf_token": str(browser.form("/logout").select("input")[0]["value"]),
        "inline": "yes" if answer == "a piece of one" else "",
    }
    sent = {"Sec-Fetch-Site": "same-origin"}
    assert "12,345ポイント" in (await browser.post(path, data=body, headers=sent)).text
    clock.start_at(clock.now() + timedelta(minutes=11))
    asked = await browser.post(path, data=body, headers=sent)
    assert (asked.status_code, asked.text) == (303, "")
    assert asked.headers["location"].startswith("/proof?step=recent&next=%2Fpoints%3Ftyped%3D")


@pytest.mark.slow
async def test_a_new_page_is_neither_shown_nor_opened_to_a_role_without_its_permission(
    browser: Browser, contractor: Browser
) -> None:
    await browser.log_in(*LOGINS[Role.USER])
    assert browser.menu == USERS
    assert (await browser.get("/points")).status_code == 403
    await browser.submit("/logout")
    await browser.log_in(*LOGINS[Role.ADMIN])
    await delete(contractor, OWN[Role.ADMIN])
    await browser.open("/")
    assert browser.menu == DELETED_ADMINS
    await browser.open("/points")
    assert (browser.answer.status_code, "削除された" in browser.text) == (403, True)


def handlers_in(package: Any) -> Iterator[str]:
    """The names of the functions of a package that are decorated as handlers, as the text of its files has them."""
    for path in Path(package.__path__[0]).rglob("*.py"):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.AsyncFunctionDef) and node.decorator_list:
                yield f"{'.'.join(path.parts[path.parts.index('app') : -1])}.{path.stem}.{node.name}"


@pytest.mark.parametrize("package", [routes, web, demo])
def test_every_handler_of_every_file_is_collected_once(package: Any) -> None:
    found = [f"{handler.fn.__module__}.{handler.fn.__name__}" for handler in collected(package)]
    written = sorted(handlers_in(package))
    assert written
    assert sorted(found) == written


async def test_what_only_the_demo_has_is_nowhere_else(visitor: Browser) -> None:
    assert collected(demo)
    for handler in collected(demo):
        for path in handler.paths:
            assert (await visitor.get(path)).status_code == 404


# --- mistakes ---------------------------------------------------------------------------------------------------------


def pages_of(*handlers: HTTPRouteHandler) -> Pages:
    return Pages(Litestar(handlers, request_class=Request, openapi_config=None, logging_config=None).routes)


def test_a_misspelt_declaration_is_an_error_when_its_file_is_read() -> None:
    with pytest.raises(TypeError, match="stpe"):
        open_to(Permission.CONTRACT, stpe=Step.RECENT)  # type: ignore[call-arg]


@pytest.mark.parametrize("opt", [None, {"permission": Permission.CONTRACT}, {"page": Permission.CONTRACT}])
def test_a_handler_that_declares_no_page_stops_the_portal_from_being_made(opt: dict[str, Any]) -> None:
    @get("/points", opt=opt)
    async def points() -> None: ...

    with pytest.raises(ImproperlyConfiguredException, match="open_to"):
        pages_of(points)


def test_an_option_beside_the_declaration_is_one_that_nobody_reads() -> None:
    @get("/points", opt=open_to(Permission.CONTRACT), step=Step.RECENT)
    async def points() -> None: ...

    with pytest.raises(ImproperlyConfiguredException, match="open_to"):
        pages_of(points)


@pytest.mark.parametrize("permission", [Permission.PUBLIC, Permission.ANYONE])
def test_a_page_without_a_login_cannot_be_behind_a_step(permission: Permission) -> None:
    with pytest.raises(ImproperlyConfiguredException, match="password"):
        open_to(permission, step=Step.RECENT)


def test_two_pages_cannot_have_one_place_in_the_menu() -> None:
    @get("/points", opt=open_to(Permission.CONTRACT, menu=Place(Menu.PROCEDURES, 10, "ポイント照会")))
    async def points() -> None: ...

    @get("/coupons", opt=open_to(Permission.CONTRACT, menu=Place(Menu.PROCEDURES, 10, "クーポン照会")))
    async def coupons() -> None: ...

    with pytest.raises(ImproperlyConfiguredException, match="the same place"):
        pages_of(points, coupons)


@pytest.mark.parametrize(
    ("path", "leads_to"),
    [
        ("/points/{year:str}", ""),
        (["/points", "/coupons"], ""),
        ("/points", "/coupons"),
        ("/points/{year:str}", "/points/{year:str}"),
        ("/points/{year:str}", "/points/2026/01"),
    ],
)
def test_a_place_in_the_menu_leads_to_a_path_of_its_own_handler(path: Any, leads_to: str) -> None:
    @get(path, opt=open_to(Permission.CONTRACT, menu=Place(Menu.PROCEDURES, 10, "ポイント照会", leads_to)))
    async def points() -> None: ...

    with pytest.raises(ImproperlyConfiguredException, match="ポイント照会"):
        pages_of(points)


def test_only_what_can_be_opened_has_a_place_in_the_menu() -> None:
    @post("/points", opt=open_to(Permission.CONTRACT, menu=Place(Menu.PROCEDURES, 10, "ポイント照会")))
    async def points() -> None: ...

    with pytest.raises(ImproperlyConfiguredException, match="menu"):
        pages_of(points)


@pytest.mark.parametrize("back", ["", "/nowhere"])
def test_what_is_only_posted_to_names_a_page_to_come_back_to(back: str) -> None:
    @post("/points/spend", opt=open_to(Permission.CONTRACT, back=back))
    async def spend() -> None: ...

    with pytest.raises(ImproperlyConfiguredException, match="/points/spend"):
        pages_of(spend)


# --- style ------------------------------------------------------------------------------------------------------------

LONGEST = 15
"""Lines of a handler below its signature, without its docstring."""


def test_a_handler_is_read_at_a_glance() -> None:
    too_long = {}
    for handler in (*collected(routes), *collected(web), *collected(demo)):
        fn = handler.fn
        node = ast.parse(textwrap.dedent(inspect.getsource(fn))).body[0]
        assert isinstance(node, ast.AsyncFunctionDef)
        body = node.body[1:] if ast.get_docstring(node) else node.body
        lines = (node.end_lineno or 0) - body[0].lineno + 1
        if lines > LONGEST:
            too_long[f"{fn.__module__}.{fn.__name__}"] = lines
    assert too_long == {}
