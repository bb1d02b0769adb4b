"""Mail delivery has two: over SMTP to the operator's mail server, and the demo's, whose mails are only shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.domain.outbox import Sender

if TYPE_CHECKING:
    from app.settings import Settings


def sender_of(settings: Settings) -> Sender:
    """Who the portal's mails come from, as the settings say."""
    contact = settings.contact
    return Sender(contact.operator, settings.mail.sender, contact.phone, contact.hours)
