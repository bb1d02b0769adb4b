"""ご契約内容変更申請 and ご利用ガイド・規約ご請求: a paper by post."""

from __future__ import annotations

from functools import partial
from typing import Any

from litestar import Response, get, post

from app.domain import clock
from app.domain.access.matrix import Permission
from app.domain.changes import asking
from app.domain.fields import Wrong
from app.domain.money import calls
from app.domain.people import papers
from app.domain.people.papers import Desk, RequestGuide, RequestPaper
from app.web.forms import Form
from app.web.pages import Menu, Place, open_to
from app.web.render import page, see_other
from app.web.request import Request

TITLES = {"/application": RequestPaper.name, "/guide-request": RequestGuide.name}


def _choices(request: Request, desk: Desk) -> dict[str, str]:
    if request.scope["path"] == "/application":
        return papers.applications(company=desk.company)
    return papers.GUIDES


@get(
    ["/application", "/guide-request"],
    opt=open_to(
        Permission.CONTRACT,
        menu=(
            Place(Menu.PROCEDURES, 40, TITLES["/application"], "/application"),
            Place(Menu.PROCEDURES, 50, TITLES["/guide-request"], "/guide-request"),
        ),
        nothing_to_read=True,
    ),
)
async def input_page(request: Request) -> Response[str]:
    chosen = {"paper": request.query_params.get("paper", "")}
    return _page(request, Form(chosen), await _desk(request))


@post(["/application", "/guide-request"], opt=open_to(Permission.CONTRACT))
async def ask(request: Request) -> Response[Any]:
    member, form = request.member, await request.read_form()
    desk = await _desk(request)
    paper = form.take("paper", partial(_paper, choices=_choices(request, desk), desk=desk))
    if paper is None:
        return _page(request, form, desk)
    wanted = RequestPaper if paper in papers.APPLICATIONS else RequestGuide
    return see_other(f"/changes/{await asking.ask(member, wanted(paper, desk.sent_to))}")


async def _desk(request: Request) -> Desk:
    among = papers.APPLICATIONS if request.scope["path"] == "/application" else papers.GUIDES
    return await papers.desk(request.member.contract, among)


def _paper(text: str, choices: dict[str, str], desk: Desk) -> str:
    if text not in choices:
        raise Wrong("書類を選んでください。")
    if text in desk.waiting:
        raise Wrong(papers.already(text))
    return text


def _page(request: Request, form: Form, desk: Desk) -> Response[str]:
    path = request.scope["path"]
    waiting = {
        paper: f"{clock.day(moment)}にご請求を受け付け、発送の準備をしています。"
        for paper, moment in desk.waiting.items()
    }
    return page(
        request,
        "people/papers/input.html",
        title=TITLES[path],
        form=form,
        path=path,
        choices=[(paper, name, "") for paper, name in _choices(request, desk).items()],
        waiting=waiting,
        desk=desk,
        telephony=calls.services(),
        notices=papers.NOTICES,
    )
