"""Pages, each declared once, at its handler: whom it is open to, behind which step, where in the menu.

`open_to` makes the handler's `opt`. What the whole portal has to know of its pages is derived from there when the
application is made (`Pages`): the side menu, the step of each path, and where to come back to from a path that shows
nothing. So a new page is a handler, a template and tests.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from types import ModuleType

from litestar.exceptions import ImproperlyConfiguredException
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler
from litestar.routes import BaseRoute, HTTPRoute

from app.domain import catalogue
from app.domain.access.matrix import CLOSED_MAY, Permission, Role, allowed
from app.domain.access.members import Member, Stage
from app.domain.access.proofs import Step

OVERVIEW = "ご契約情報一覧"
OWN_PAGE = "ユーザー管理"
"""Title of the 利用者画面, the first page of a user-role member."""


class Menu(StrEnum):
    """The sections of the side menu, in the manual's order."""

    CONTRACT = "ご契約情報"
    PROCEDURES = "各種お手続き"
    STATEMENTS = "料金明細照会"
    OPTIONS = "オプションサービス"
    ACCOUNTS = "アカウントIDオプション"
    NOTICES = "お知らせ"
    HISTORY = "お手続き履歴"


There = Callable[[Member], bool]
"""Whether the member is shown a page at all: what the catalogue lacks, and nobody has, answers 404."""


@dataclass(frozen=True)
class Place:
    """Where a page stands in the side menu: its section, its order there, and what it is called.

    `order` is counted in tens, as the manual has it, so that a page can come between two others. `path` is for a
    handler with several paths, with a variable in its path, or for a place on the page (`/#account-ids`).
    `called`: its title where the catalogue gives that; `there`: where it is not always, as its page's.
    """

    section: Menu
    order: int
    title: str
    path: str = ""
    called: Callable[[], str] | None = None
    there: There | None = None


@dataclass(frozen=True)
class Page:
    """What a handler declares of its page."""

    permission: Permission
    step: Step | None
    places: tuple[Place, ...]
    nothing_to_read: bool
    back: str
    stages: frozenset[Stage]
    entry: Stage | None
    same_origin: bool = False
    there: There | None = None


MenuKey = tuple[Role, bool, bool, str | None, tuple[bool, ...]]
"""Of a side menu: role, whether deleted, whether the contract is over, the catalogue's version, and what of the pages that are
not always there is."""
InOrder = list[tuple[str, list[tuple[Place, Page]]]]
"""The menu's sections, each with the places in it."""


def open_to(
    permission: Permission,
    *,
    step: Step | None = None,
    menu: Place | tuple[Place, ...] = (),
    nothing_to_read: bool = False,
    back: str = "",
    stages: Iterable[Stage] = (Stage.OPEN,),
    entry: Stage | None = None,
    same_origin: bool = False,
    there: There | None = None,
) -> dict[str, Page]:
    """The `opt` of a handler: who may use it, the step that is asked for first, and its places in the menu.

    `nothing_to_read`: it is a form and nothing else, so the menu of a deleted person, who may not write, leaves it out.
    `back`: the page to come back to from a path that shows nothing when it is opened.

    `stages`: how far a session must have come; a page that says nothing is for whoever is logged in wholly.
    `entry`: a session at that stage is led to this page, whatever it asks for, until it has passed the stage.

    `same_origin`: its form may come from a page of an earlier session, as long as the browser says that it is ours. Of what
    changes nothing that anybody typed, so that an old page can be left, kept open and tidied.

    `there`: it is not for everybody there is; for others it answers 404 and is in no menu.

    The step of a page guards whatever its path shows, so the handler of its form need not name it. One that does is
    asked for the step before the form is looked at.
    """
    if step and permission in (Permission.PUBLIC, Permission.ANYONE):
        raise ImproperlyConfiguredException("a step asks for the password of a member")
    places = (menu,) if isinstance(menu, Place) else menu
    reached = frozenset({*stages, *((entry,) if entry else ())})
    return {"page": Page(permission, step, places, nothing_to_read, back, reached, entry, same_origin, there)}


def page_of(handler: BaseRouteHandler) -> Page | None:
    """What the handler declares; None for one that nobody declared, such as Litestar's own for OPTIONS."""
    page = handler.opt.get("page")
    return page if isinstance(page, Page) else None


def collected(package: ModuleType) -> list[HTTPRouteHandler]:
    """The handlers of every module of a package: a new file is found, no list names it."""
    found: dict[int, HTTPRouteHandler] = {}
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        for value in vars(importlib.import_module(module.name)).values():
            if isinstance(value, HTTPRouteHandler):
                found[id(value)] = value
    return list(found.values())


@dataclass(frozen=True)
class Entry:
    """A line of the side menu."""

    title: str
    path: str


@dataclass(frozen=True)
class Section:
    """A titled part of the side menu."""

    title: str
    entries: list[Entry]


class Pages:
    """What follows from the declarations of one application's handlers. Raises ImproperlyConfiguredException."""

    def __init__(self, routes: Iterable[BaseRoute]) -> None:
        self.steps: dict[str, Step] = {}
        """By path, variables in braces: the step that its page is behind."""
        self.back: dict[str, str] = {}
        """By path: the page to come back to instead."""
        self.entries: dict[Stage, str] = {}
        """By stage: the page that a session which has come as far is led to."""
        declared = list(_declared(routes))
        opened = {path for path, handler, _ in declared if "GET" in handler.http_methods}
        self.opened: frozenset[str] = frozenset(opened)
        """The paths that a page is opened by."""
        places: list[tuple[Place, Page]] = []
        for path, handler, page in declared:
            if "GET" in handler.http_methods:
                places += [(place, page) for place in _places(path, handler, page)]
                if page.step:
                    self.steps[path] = page.step
                if page.entry:
                    self.entries[page.entry] = path
            elif page.places:
                raise ImproperlyConfiguredException(f"{handler}: nobody can open it from the menu")
            elif page.back or path not in opened:
                self.back[path] = page.back
        _must_lead_to(opened, self.back)
        self._places = [
            (replace(place, there=place.there or page.there), page) for place, page in _sorted(places)
        ]
        self._conditions = list(dict.fromkeys(place.there for place, _ in self._places if place.there))
        self._menus: dict[MenuKey, list[Section]] = {}

    def step_of(self, path: str) -> Step | None:
        """The step that guards whatever the path shows: its page's, or that of the page that its form stands on."""
        return self.steps.get(path) or self.steps.get(self.back.get(path, ""))

    def menu_key(self, member: Member) -> MenuKey:
        """All that the side menu hangs on."""
        shown = tuple(condition(member) for condition in self._conditions)
        return member.role, member.deleted, member.closed, catalogue.version(), shown

    def menu(self, member: Member, key: MenuKey | None = None) -> list[Section]:
        """The side menu as this member may use it, made once for all who get the same; `key`: where it is known already."""
        key = key or self.menu_key(member)
        if key not in self._menus:
            places = [(place, page) for place, page in self._places if not place.there or place.there(member)]
            self._menus[key] = _menu(_in_order(places), member.role, member.deleted, member.closed)
        return self._menus[key]


def current(menu: Iterable[Section], path: str) -> Entry | None:
    """The entry of the menu whose page this is, or is below: of /statements/2026-01 that of /statements."""
    found = [
        entry
        for section in menu
        for entry in section.entries
        if path == entry.path or path.startswith(f"{entry.path}/")
    ]
    return max(found, key=lambda entry: len(entry.path), default=None)


def home(member: Member | None) -> str:
    """What the member's first page is called."""
    return _home(member.role) if member else OVERVIEW


def _home(role: Role) -> str:
    return OWN_PAGE if role is Role.USER else OVERVIEW


def _title(place: Place) -> str:
    return place.called() if place.called else place.title


def _menu(in_order: InOrder, role: Role, deleted: bool, closed: bool) -> list[Section]:
    """What a role is offered, and the customer number of a contract that is over.

    A deleted person can pass no step, having no password any more, and may not write."""
    sections = [
        Section(
            title,
            [
                Entry(_home(role) if place.path == "/" else _title(place), place.path)
                for place, page in entries
                if allowed(page.permission, role) and not (deleted and (page.step or page.nothing_to_read))
                if not closed or (page.permission in CLOSED_MAY and "#" not in place.path)
            ],
        )
        for title, entries in in_order
    ]
    return [section for section in sections if section.entries]


def _declared(routes: Iterable[BaseRoute]) -> Iterable[tuple[str, HTTPRouteHandler, Page]]:
    """Each path, as Litestar's scope has it, with each handler and what that declares."""
    for route in routes:
        for handler in route.route_handlers if isinstance(route, HTTPRoute) else ():
            if handler.http_methods == {"OPTIONS"}:
                continue  # Litestar's own
            page = page_of(handler)
            if page is None or set(handler.opt) != {"page"}:
                raise ImproperlyConfiguredException(f"{handler}: its opt is not made by open_to()")
            yield route.path_format, handler, page


def _places(path: str, handler: HTTPRouteHandler, page: Page) -> Iterable[Place]:
    """The places of a page that are on this path of its handler, each with the address that it leads to."""
    paths = [re.sub(r":\w+}", "}", own) for own in handler.paths]
    for place in page.places:
        address = place.path or (path if len(paths) == 1 else "")
        leads_to = address.partition("#")[0]
        if "{" in leads_to or not any(_matches(own, leads_to) for own in paths):
            raise ImproperlyConfiguredException(f"{handler}: {place.title} has to name a path of {paths}")
        if _matches(path, leads_to):
            yield replace(place, path=address)


def _matches(template: str, path: str) -> bool:
    return re.fullmatch(re.sub(r"{[^}]+}", "[^/]+", template), path) is not None


def _must_lead_to(opened: set[str], back: dict[str, str]) -> None:
    for path, page in back.items():
        if page not in opened:
            raise ImproperlyConfiguredException(f"{path} shows nothing when it is opened, nor does {page!r}")


def _sorted(places: list[tuple[Place, Page]]) -> list[tuple[Place, Page]]:
    """By their order. Raises ImproperlyConfiguredException where two have the same place."""
    taken = [(place.section, place.order) for place, _ in places]
    if len(taken) != len(set(taken)):
        raise ImproperlyConfiguredException(f"two pages have the same place in the menu: {sorted(taken)}")
    return sorted(places, key=lambda one: one[0].order)


def _in_order(places: list[tuple[Place, Page]]) -> InOrder:
    return [(section.value, [one for one in places if one[0].section is section]) for section in Menu]
