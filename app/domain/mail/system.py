"""What the portal has to know of the mail and web servers: names that members type into their programs."""

from __future__ import annotations

from dataclasses import dataclass

IMAP_PORT = 993
SUBMISSION_PORT = 587


@dataclass(frozen=True)
class MailSystem:
    """Names of the operator's mail domain and servers."""

    domain: str
    imap_host: str
    submission_host: str
    web_host: str

    def address(self, local_part: str) -> str:
        return f"{local_part}@{self.domain}"

    def home_page(self, name: str) -> str:
        return f"https://{self.web_host}/{name}/"


_system: MailSystem | None = None


def use(system: MailSystem) -> None:
    """Set the names, once at start."""
    global _system
    _system = system


def current() -> MailSystem:
    """The names in use. Raises RuntimeError before `use`."""
    if _system is None:
        raise RuntimeError("no mail system in use: call mail_system.use() first")
    return _system
