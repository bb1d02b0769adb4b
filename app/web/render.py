"""Pages: the Jinja environment, and `page()`, which alone knows what htmx wants of one."""

from __future__ import annotations

import contextlib
import re
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeGuard

import jinja2
from litestar import Response
from litestar.response import Redirect
from markupsafe import Markup, escape

from app.branding import BRAND
from app.domain import catalogue, clock, fields, installation
from app.domain.access import graph, matrix, members
from app.domain.access.members import Member, Stage
from app.domain.access.proofs import ProofNeeded
from app.domain.changes import consents
from app.domain.mail import mailbox
from app.domain.money import billing
from app.domain.notices import notices
from app.web.forms import Form
from app.web.pages import home
from app.web.request import Request
from app.web.visit import Visit

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from app.web.labels import Labels
    from app.web.static_files import StaticFiles

PARTIALS = Path(__file__).parents[1] / "partials"
HTML = "text/html"
SAID = {
    "by-customer": "アカウントIDの欄に入力されたお客様番号で、ログインしました。",
    "by-account": "お客様番号の欄に入力されたアカウントIDで、ログインしました。",
}
"""What a page that one is led to can say once, by the word for it in its query."""


class _Templates(jinja2.Environment):
    """Jinja's environment, in which all templates have its globals as they are, in one dict.

    Jinja itself lays a ChainMap over them for each template, and goes through it name by name at every include and import:
    a fifth of what rendering the overview took.
    """

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        return {**self.globals, **d} if d else self.globals


OF_CATALOGUE = {
    "mailbox_sizes": mailbox.sizes,
    "mailbox_sold": lambda: catalogue.offered(catalogue.mailbox(), clock.today()),
    "licences_there": lambda: bool(catalogue.licences()),
    "licences_sold": lambda: any(catalogue.offered(one, clock.today()) for one in catalogue.licences()),
}
"""What templates ask the catalogue, texts that are agreed to first of all."""


def environment(files: StaticFiles, *, demo: bool) -> jinja2.Environment:
    """The templates, compiled as they are first used; an unknown name in one is an error, None prints nothing."""
    made = _Templates(
        loader=jinja2.FileSystemLoader(PARTIALS),
        autoescape=True,
        auto_reload=False,
        cache_size=-1,  # there are so many and no more: no order of their last use is kept
        undefined=jinja2.StrictUndefined,
        finalize=lambda value: "" if value is None else value,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["static_url"] = files.url
    made.globals["demo"] = demo
    made.globals["customer_number_digits"] = installation.customer_number_digits
    made.globals["our"] = BRAND
    made.globals["consent_text"] = consents.text
    made.globals.update(OF_CATALOGUE)
    made.globals["terms_entry"] = catalogue.current_entry
    made.globals["terms_heading"] = consents.heading
    made.globals["agreed_words"] = consents.words
    made.globals.update({"hindrance": None, "resumed": "", "left": []})
    made.globals["role_names"] = matrix.ROLE_NAMES
    made.globals["admin_may"] = matrix.ADMIN_MAY
    made.globals["deleted_text"] = matrix.DELETED
    made.globals["customer_name"] = matrix.CUSTOMER_NAME
    made.globals["severities"] = notices.SEVERITIES
    made.globals["most_banners"] = graph.MOST_BANNERS
    made.globals["severity_boxes"] = {"critical": "error", "warning": "warning", "info": "info"}
    made.globals["idle_seconds"] = int(members.IDLE.total_seconds())
    made.filters["breakable"] = _breakable
    made.filters["slashed"] = _slashed
    made.filters["untranslated"] = _untranslated
    made.filters["in_element"] = _in_element
    made.tests["code"] = is_code
    made.filters["in_html"] = _in_html
    made.tests["optional_day"] = _is_optional_day
    made.filters["to_dial"] = fields.to_dial
    made.filters["moment"] = clock.minute
    made.filters["day"] = day
    made.filters["yen"] = billing.yen
    made.filters["way_rows"] = _way_rows
    return made


_NOT_IN_HTML = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff]")
"""Control characters and what is no character: they may be typed, and no page may hold them."""


def _in_html(text: str) -> str:
    return _NOT_IN_HTML.sub("", text)


def _is_optional_day(text: str) -> bool:
    """Whether a field for days can show it: it shows nothing else."""
    with contextlib.suppress(ValueError):
        return not text or (len(text) == 10 and bool(date.fromisoformat(text)))
    return False


_CODE = re.compile(r"[!-~\n]*[0-9A-Za-z][!-~\n]*")
_CODES_IN_TEXT = re.compile(
    r"""
    [^\s<>「」（）、。：]+@[a-z0-9.-]+         # a mail address
    | (?<![!-~])[a-z][a-z0-9-]{1,13}[a-z0-9](?![!-~])  # an account ID
    | (?<![!-~])[0-9]{6,14}(?![!-~])            # a customer number
    """,
    re.VERBOSE,
)
_MAY_HOLD_CODES = re.compile("@|[0-9a-z-]{3}")
"""What every code in a text has, found sooner than the code: most texts are Japanese alone."""
_ADDRESS_FIRST = re.compile(r"^[^\s<@]+@[^\s<]+")


def is_code(value: object) -> bool:
    """Whether a text is an ID, a number, an address or the like: what has no Japanese in it has nothing to be translated.

    A browser that translates the page would change some of it, `arteri-an-001` say.
    """
    return isinstance(value, str) and not isinstance(value, Markup) and bool(_CODE.fullmatch(value))


def _breakable(value: object) -> object:
    """A text in which a mail address may go on in the next line after its @, and in which codes are not translated. Where
    all of it is one, whoever shows it says so of the element around it (`in_element`, `is code`)."""
    return Markup(_shown_text(value, code=is_code(value))) if isinstance(value, str) else value  # noqa: S704 - escaped


def _shown_text(value: str, *, code: bool) -> str:
    """A text as HTML. `code`: all of it is one."""
    text = str(escape(value))
    if isinstance(value, Markup):
        text = _ADDRESS_FIRST.sub(_not_translated, text)
    elif not code and _MAY_HOLD_CODES.search(text):
        text = _CODES_IN_TEXT.sub(_not_translated, text)
    return text.replace("@", "@<wbr>")


_SLASHED = re.compile(r"[^\s／]{2}(?:／[^\s／]{2})+")
"""Of a title: 購入／確認／解約."""


def _slashed(title: str) -> Markup:
    """The title with its alternatives in one piece: else a line would begin with ／."""
    return Markup(_SLASHED.sub(r'<span class="nowrap">\g<0></span>', str(escape(title))))  # noqa: S704 - escaped


def _not_translated(found: re.Match[str]) -> str:
    return f'<span translate="no">{found[0]}</span>'


def _untranslated(value: object) -> object:
    """The text as `breakable` makes it, in an element of its own where all of it is a code."""
    return _in_element(value, "span") if is_code(value) else _breakable(value)


def _in_element(value: object, name: str) -> Markup:
    """A text as `breakable` makes it in an element of that name, which says so where all of it is a code; or a number."""
    code = is_code(value)
    text = _shown_text(value, code=code) if isinstance(value, str) else value
    return Markup(f'<{name} translate="no">{text}</{name}>' if code else f"<{name}>{text}</{name}>")  # noqa: S704


def _way_rows(ways: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """The ways beside a phone as rows; what is an address is a link."""
    link = Markup('<a class="act" href="{0}" rel="noreferrer external">{0}</a>')
    return tuple((name, link.format(way) if way.startswith("https://") else way) for name, way in ways)


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
    which marks the title as an error. A form that was sent before is as it was typed: it waited for a step or a login, or
    is given back with what stood in its way (give_back.py).

    Raises ProofNeeded: a step guards whatever its path shows.
    """
    _after_step(request)
    offer, kept = request.offer, request.kept_before
    if offer:
        form, status, offer.taken = offer.filled(form) if form else None, offer.status, True
    elif form is not None and kept:
        form = Form(kept.typed)
        context["resumed"] = kept.before
    return unguarded_page(
        request, template, title=title, form=form, status=status, hindrance=offer, **context
    )


def unguarded_page(
    request: Request,
    template: str,
    *,
    title: str,
    form: Form | None = None,
    status: int | None = None,
    **context: Any,
) -> Response[str]:
    """The same for an error page, which shows nothing of the path."""
    if status is None:
        status = 200 if form is None or form.valid else 422
    layout = "layout/panel.html" if request.by_htmx else "layout/page.html"
    shown = {"layout": layout, "title": title, "error": status == 422, "form": form, **context}
    answer = _html(request, template, status, shown)
    if left := _left(request, answer):
        answer = _html(request, template, status, {**shown, "left": left})
    if request.by_htmx:
        answer.headers.update({"HX-Retarget": "#main", "HX-Reswap": "innerHTML"})
        if status > 399:
            answer.headers["HX-Push-Url"] = "false"  # what was refused is no place to come back to
    return answer


def piece(request: Request, template: str, *, status: int = 200, **context: Any) -> Response[str]:
    """A part of a page that htmx swaps alone. Raises ProofNeeded, as page() does."""
    _after_step(request)
    offer = request.offer
    if offer:
        status, offer.taken = offer.status, True
    return _html(request, template, status, {"hindrance": offer, **context})


def _left(request: Request, answer: Response[str]) -> list[tuple[str, str]]:
    """What was typed into a form that is not on the page which answers it, with its labels: to be shown there, to be copied.

    The form may be gone with what it was about, or be closed to this member now.
    """
    sent = request.offer.form if request.offer else None
    if request.method == "POST" and request.from_own_page and not request.typed_by_another:
        sent = request.readable
    if sent is None or (answer.status_code or 200) < 400:
        return []
    labels: Labels = request.app.state.labels
    return [
        (labels.of(name), text)
        for name, text in sent.to_keep.items()
        if text.strip() and labels.is_text(name) and not _has_field(answer.content, name)
    ]


def _has_field(content: str, name: str) -> bool:
    return re.search(rf'(?<!type="hidden" )name="{re.escape(name)}"', content) is not None


def _after_step(request: Request) -> None:
    visit = request.visit_if_any
    if visit and visit.step:
        raise ProofNeeded(visit.step)


def _html(request: Request, template: str, status: int, context: dict[str, Any]) -> Response[str]:
    visit = request.visit_if_any
    member = _shown(visit)
    here = _here(request)
    content = request.templates.get_template(template).render(
        member=member,
        menu=request.menus.of(member, request.scope["path"], here) if _is_in(member) else "",
        center=request.settings.contact,
        csrf_token=visit.csrf_token if visit else "",
        here=here,
        home=home(member),
        said=SAID.get(request.query_params.get("said", "")),
        **context,
    )
    return Response(content, status_code=status, media_type=HTML, headers={"Vary": "HX-Request"})


def _is_in(member: Member | None) -> TypeGuard[Member]:
    """Whether somebody is logged in wholly."""
    return member is not None and member.stage is Stage.OPEN


def _shown(visit: Visit | None) -> Member | None:
    """Whom the frame of the page names: nobody before the second factor, which the contract's data lie behind, too."""
    member = visit.member if visit else None
    return None if member and member.stage is Stage.SECOND_FACTOR else member


def _here(request: Request) -> str:
    """The address of the page, to come back to."""
    if request.offer:
        return request.offer.here
    if request.back:
        return request.back
    path, query = request.scope["raw_path"].decode("latin-1"), request.scope["query_string"].decode("latin-1")
    return f"{path}?{query}" if query else path


def see_other(path: str) -> Redirect:
    """303: what was posted is done or kept; go and look there."""
    return Redirect(path, status_code=303)


def saying(path: str, word: str) -> str:
    """The path of a page of ours, which says there what the word stands for (SAID)."""
    page, hash_sign, place = path.partition("#")
    return f"{page}{'&' if '?' in page else '?'}said={word}{hash_sign}{place}"


def own_path(path: str) -> str:
    """A path of this portal to go on to after login; `/` for anything else."""
    ours = path.startswith("/") and not path.startswith("//") and "\\" not in path
    return path if ours and path.isascii() and path.isprintable() else "/"


def elsewhere(request: Request, path: str) -> Response[Any]:
    """The same where a whole page is wanted, whatever htmx asked for: with a policy of its own, or a file."""
    if request.by_htmx:
        return Response("", status_code=200, headers={"HX-Redirect": path})
    return see_other(path)
