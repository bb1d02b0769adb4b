"""Error pages outside of the application, for a request that reaches none of its routes, and for one whose error page fails.

They are made at start: whatever breaks later, these can be sent. Only the number of the request is put into them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from app import request_id
from app.branding import BRAND
from app.web.errors import TROUBLES

if TYPE_CHECKING:
    import jinja2

    from app.settings.shape import Contact

_NUMBER = "number-of-the-request"
NO_PLACE_OF_OURS = f"URLの形が正しくないか、このホスト名では{BRAND.service}を表示できません。"


class Frameless:
    """The two pages."""

    def __init__(self, templates: jinja2.Environment, center: Contact) -> None:
        self._bad_request = _made(templates, center, 400, NO_PLACE_OF_OURS)
        self._failed = _made(templates, center, 500, TROUBLES[500].text)

    def bad_request(self) -> bytes:
        """400: an unknown host, an unreadable URL."""
        return _numbered(self._bad_request)

    def failed(self) -> bytes:
        """500: not even the error page could be made."""
        return _numbered(self._failed)


def _made(templates: jinja2.Environment, center: Contact, status: int, text: str) -> str:
    return templates.get_template("layout/error.html").render(
        layout="layout/page.html",
        member=None,
        menu=[],
        center=center,
        csrf_token="",
        title=TROUBLES[status].title,
        request_id=_NUMBER,
        text=text,
    )


def _numbered(page: str) -> bytes:
    return page.replace(_NUMBER, request_id.to_read_out()).encode()
