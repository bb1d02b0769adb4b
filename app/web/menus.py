"""The side menu as HTML: made once for all who are offered the same, since every page has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

from app.web.pages import current

if TYPE_CHECKING:
    import jinja2

    from app.domain.access.members import Member
    from app.settings.shape import Contact
    from app.web.pages import Pages


class Menus:
    """The menus of one application, kept as they are first shown."""

    def __init__(self, templates: jinja2.Environment, pages: Pages, center: Contact) -> None:
        self._templates = templates
        self._pages = pages
        self._center = center
        self._made: dict[tuple[object, ...], Markup] = {}

    def of(self, member: Member, path: str, here: str) -> Markup:
        """What the member is offered on the page of that path; `here`: its whole address."""
        offered = self._pages.menu_key(member)
        menu = self._pages.menu(member, offered)
        entry = current(menu, path)
        exact, places = entry is not None and entry.path == path, here if here == "/" else ""
        key = (offered, entry, exact, places)
        if key not in self._made:
            made = self._templates.get_template("layout/menu.html").render(
                menu=menu, current=entry, exact=exact, here=places, center=self._center
            )
            self._made[key] = Markup(made)  # noqa: S704 - a template made it
        return self._made[key]
