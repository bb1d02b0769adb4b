"""Pages: the Jinja environment, and `page()`, which alone knows what htmx wants of one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2
from litestar import Response
from litestar.response import Redirect
from markupsafe import Markup, escape

from app.domain import clock
from app.domain.access import matrix, members
from app.domain.access.matrix import Permission
from app.domain.access.members import Member
from app.domain.money import billing
from app.domain.notices import notices
from app.web.request import Request

if TYPE_CHECKING:
    from app.web.forms import Form
    from app.web.static_files import StaticFiles

PARTIALS = Path(__file__).parents[1] / "partials"
HTML = "text/html"


@dataclass(frozen=True)
class Entry:
    """A line of the side menu."""

    title: str
    path: str
    current: bool = False


@dataclass(frozen=True)
class Section:
    """A titled part of the side menu."""

    title: str
    entries: list[Entry]


MENU: tuple[tuple[str, tuple[tuple[str, str, Permission], ...]], ...] = (
    ("ご契約情報", (("ご契約情報一覧", "/", Permission.OVERVIEW),)),
    (
        "各種お手続き",
        (
            ("お客様情報変更", "/customer", Permission.CONTRACT),
            ("お客様番号パスワード変更", "/customer-password", Permission.CONTRACT),
            ("お支払い方法変更", "/payment", Permission.PAYMENT),
            ("ご契約内容変更申請", "/application", Permission.CONTRACT),
            ("ご利用ガイド・規約ご請求", "/guide-request", Permission.CONTRACT),
            ("ご解約", "/cancellation", Permission.BY_PHONE),
        ),
    ),
    (
        "料金明細照会",
        (
            ("月額請求明細照会", "/statements", Permission.STATEMENTS),
            ("GATE CALL050通話明細照会", "/calls/gate-call-050", Permission.STATEMENTS),
            ("UCOM光電話通話明細照会", "/calls/hikari-denwa", Permission.STATEMENTS),
        ),
    ),
    (
        "オプションサービス",
        (
            ("メールサービス", "/mail-service", Permission.MAIL_SERVICE),
            ("UCOM光 リモートサポート", "/remote-support", Permission.REMOTE_SUPPORT),
            ("ギガシネマ with U-NEXT", "/giga-cinema", Permission.PARTNERS),
            ("UCOM光 クラブオフ", "/club-off", Permission.PARTNERS),
        ),
    ),
    (
        "アカウントIDオプション",
        (
            ("アカウントID管理", "/accounts", Permission.ACCOUNTS),
            ("アカウントIDオプション変更", "/#account-ids", Permission.OVERVIEW),
        ),
    ),
    (
        "お知らせ",
        (
            ("障害情報", "/notices/outage", Permission.NOTICES),
            ("メンテナンス情報", "/notices/maintenance", Permission.NOTICES),
            ("マニュアル・利用規約", "/documents", Permission.NOTICES),
        ),
    ),
    (
        "お手続き履歴",
        (
            ("お手続き履歴", "/changes", Permission.CHANGES),
            ("ログイン履歴", "/logins", Permission.LOGINS),
            ("ご登録情報のダウンロード", "/own-data", Permission.OWN_DATA),
        ),
    ),
)
"""The side menu in the manual's order; each entry stands here from the day that its page does."""

BEHIND_A_STEP = {
    *(
        "/customer",
        "/customer-password",
        "/payment",
        "/statements",
        "/calls/gate-call-050",
        "/calls/hikari-denwa",
    ),
    *("/giga-cinema", "/club-off", "/own-data"),
}
"""What asks for a password again (proofs.py): a deleted person has none any more."""
FORMS_ONLY = {"/application", "/guide-request"}
"""What holds nothing to read: a deleted person may not write."""


def menu(member: Member, path: str) -> list[Section]:
    """The menu as this role may use it."""
    sections = [
        Section(
            title,
            [
                Entry(home(member) if link == "/" else name, link, current=link == path)
                for name, link, permission in entries
                if member.may(permission) and not (member.deleted and link in BEHIND_A_STEP | FORMS_ONLY)
            ],
        )
        for title, entries in MENU
    ]
    return [section for section in sections if section.entries]


def home(member: Member | None) -> str:
    """What the member's first page is called."""
    return OWN_PAGE if member and member.role is matrix.Role.USER else MENU[0][1][0][0]


OWN_PAGE = "ユーザー管理"
"""Title of the 利用者画面, the first page of a user-role member."""


def environment(files: StaticFiles, *, demo: bool) -> jinja2.Environment:
    """The templates, compiled as they are first used; an unknown name in one is an error, None prints nothing."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(PARTIALS),
        autoescape=True,
        auto_reload=False,
        undefined=jinja2.StrictUndefined,
        finalize=lambda value: "" if value is None else value,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["static_url"] = files.url
    made.globals["demo"] = demo
    made.globals["role_names"] = matrix.ROLE_NAMES
    made.globals["deleted_text"] = matrix.DELETED
    made.globals["customer_name"] = matrix.CUSTOMER_NAME
    made.globals["severities"] = notices.SEVERITIES
    made.globals["severity_boxes"] = {"critical": "error", "warning": "warning", "info": "info"}
    made.globals["idle_seconds"] = int(members.IDLE.total_seconds())
    made.filters["breakable"] = _breakable
    made.filters["moment"] = clock.minute
    made.filters["day"] = day
    made.filters["yen"] = billing.yen
    return made


def _breakable(value: object) -> object:
    """A text in which a mail address may go on in the next line after its @."""
    if not isinstance(value, str) or "@" not in value:
        return value
    return Markup(str(escape(value)).replace("@", "@<wbr>"))  # noqa: S704 - escaped


def day(value: date | datetime) -> str:
    return f"{value.astimezone(clock.TOKYO) if isinstance(value, datetime) else value:%Y/%m/%d}"


def page(
    request: Request,
    template: str,
    *,
    title: str,
    form: Form | None = None,
    status: int | None = None,
    **context: Any,
) -> Response[str]:
    """A whole page for a browser, its panel for htmx, whatever smaller piece that wanted. A wrong form makes it a 422,
    which marks the title as an error."""
    if status is None:
        status = 200 if form is None or form.valid else 422
    layout = "layout/panel.html" if request.by_htmx else "layout/page.html"
    shown = {"layout": layout, "title": title, "error": status == 422, "form": form, **context}
    answer = _html(request, template, status, shown)
    if request.by_htmx:
        answer.headers.update({"HX-Retarget": "#main", "HX-Reswap": "innerHTML"})
    return answer


def piece(request: Request, template: str, *, status: int = 200, **context: Any) -> Response[str]:
    """A part of a page that htmx swaps alone."""
    return _html(request, template, status, context)


def _html(request: Request, template: str, status: int, context: dict[str, Any]) -> Response[str]:
    visit = request.visit_if_any
    member = visit.member if visit else None
    content = request.templates.get_template(template).render(
        member=member,
        menu=menu(member, request.scope["path"]) if member else [],
        csrf_token=visit.csrf_token if visit else "",
        here=_here(request),
        home=home(member),
        **context,
    )
    return Response(content, status_code=status, media_type=HTML, headers={"Vary": "HX-Request"})


POSTED_ONLY = {
    **dict.fromkeys(("/logout", "/session/extend", "/notices/dismiss", "/proof"), "/"),
    "/logins/end": "/logins",
    "/payment/visit": "/payment",
}
"""Paths that show nothing when they are merely opened, with the page to come back to instead."""


def _here(request: Request) -> str:
    """The address of the page, to come back to."""
    if request.method == "POST" and request.scope["path"] in POSTED_ONLY:
        return POSTED_ONLY[request.scope["path"]]
    path, query = request.scope["raw_path"].decode("latin-1"), request.scope["query_string"].decode("latin-1")
    return f"{path}?{query}" if query else path


def see_other(path: str) -> Redirect:
    """303: what was posted is done or kept; go and look there."""
    return Redirect(path, status_code=303)


def own_path(path: str) -> str:
    """A path of this portal to go on to after login; `/` for anything else."""
    ours = path.startswith("/") and not path.startswith("//") and "\\" not in path
    return path if ours and path.isascii() and path.isprintable() else "/"


def elsewhere(request: Request, path: str) -> Response[Any]:
    """The same where a whole page is wanted, whatever htmx asked for: with a policy of its own, or a file."""
    if request.by_htmx:
        return Response("", status_code=200, headers={"HX-Redirect": path})
    return see_other(path)
