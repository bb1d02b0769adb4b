"""What the portal has to know of the mail and web servers: names that members type into their programs."""

from __future__ import annotations

from app.domain import installation

IMAP_PORT = 993
SUBMISSION_PORT = 587


def current() -> installation.MailSystem:
    """The names of this installation. Raises RuntimeError when they were not handed over at start."""
    return installation.mail_system()
