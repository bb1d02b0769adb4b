"""What the words in braces of the brand's texts stand for on this installation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from markupsafe import Markup

from app import accessibility
from app.branding import BRAND, texts
from app.branding.shape import Passage, Text
from app.domain import fields, installation, keeping
from app.domain.access.matrix import ADMIN_MAY
from app.domain.letters import recipients
from app.web.request import Request

ASK = "お問い合わせ窓口で、遅滞なくお答えします。"
WHEN_CHARGED = (
    "カード会社の規約に定められた日に、口座から引き落とされます。引き落とし日は、カード会社により異なります。"
)
CARD_KEEPER = "カードの情報は、決済会社Stripe（ストライプ）の画面で入力され、同社が保管します。"


def shown(request: Request, text: Text) -> dict[str, object]:
    """A text for a template: lead and sections, those that somebody has written, with the words put in."""
    words = _words(request)
    return {"lead": _lead(text.lead, words), "sections": list(_sections(text.sections, words))}


def _lead(html: str, words: Mapping[str, object]) -> Markup:
    return texts.put_in(html.replace("<p>", '<p class="lead">', 1), words)


def _sections(sections: tuple[Passage, ...], words: Mapping[str, object]) -> Iterator[tuple[Markup, Markup]]:
    return ((texts.put_in(one.heading, words), texts.put_in(one.html, words)) for one in sections if one.html)


def _words(request: Request) -> dict[str, object]:
    settings = request.settings
    contact = settings.contact
    return {
        "service": BRAND.service,
        "tagline": BRAND.tagline,
        "short": BRAND.short,
        "prefix": BRAND.prefix,
        "center": BRAND.center,
        "operator": contact.operator,
        "address": settings.billing.address,
        "representative": BRAND.names.operator.representative or ASK,
        "phone": phone(contact.phone),
        "hours": contact.hours,
        "host": settings.base_url.partition("://")[2],
        "base_url": f"{settings.base_url}/",
        "sender": settings.mail.sender,
        "payment_day": settings.payment_day or WHEN_CHARGED,
        "checked": accessibility.in_words(),
        **{f"keep_{one.name}": installation.kept(one).in_words for one in keeping.KEPT},
        "keep_addresses": f"{recipients.FORMER.days}日",
        "keep_mails": installation.kept(keeping.SENT_MAILS).in_words,
        "card_keeper": CARD_KEEPER if request.gateway.origin is not None else "",
        "admin_may": ADMIN_MAY,
    }


def phone(number: str) -> Markup:
    """A number of ours, which a touch calls."""
    dialled = fields.to_dial(number)
    if not dialled:
        return Markup("{}").format(number)
    return Markup('<a class="tel" href="tel:{}">{}</a>').format(dialled, number)
