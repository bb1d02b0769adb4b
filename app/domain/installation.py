"""What this installation of the portal is: its keys, names and numbers, handed over once at start and never changed.

A server hands over all of it, a command what it needs. A part that was not given has no default: whoever needs it
gets a RuntimeError that names it, before a password is hashed without a pepper, say.

The database's engine and the clock are no parts of it: tests and the demo change them while a program runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Literal, TypeVar

from app.domain.keeping import Duration, Keep

T = TypeVar("T")
SecondFactor = Literal["offered", "admins", "all"]
"""Who must have a second factor: nobody; customer numbers and 管理者権限; every login."""


@dataclass(frozen=True)
class Peppers:
    """Secret keys of password hashes by version; the highest version is used for new hashes."""

    by_version: Mapping[int, bytes] = field(repr=False)

    def __post_init__(self) -> None:
        if not self.by_version:
            raise ValueError("there is no pepper: at least one is wanted")

    @property
    def newest(self) -> int:
        return max(self.by_version)


@dataclass(frozen=True)
class Sender:
    """Who writes the portal's mails: the operator's name, the address they come from, and where a member asks."""

    name: str
    address: str
    phone: str
    hours: str
    held: bool = False
    """Whether what is written is held until an operator releases it (letters/holding.py)."""


@dataclass(frozen=True)
class Issuer:
    """Who issues the bills (適格請求書), and what a bill says of paying it."""

    name: str
    address: str
    phone: str
    hours: str
    invoice_number: str
    """登録番号."""
    payment_day: str
    """When a card is debited, in the operator's words; "": it was not said."""
    elsewhere: str
    """Where the line and the calls are billed, in the operator's words; "": on the portal's bill, with all else."""


CUSTOMER_NUMBER_DIGITS = 14
"""How long UCOM's customer numbers are, and an operator's who says nothing else."""

CLOSED_MONTHS = 3

Encryption = Literal["tls", "starttls"]
"""How a mail program's connection is encrypted: from its first byte, or from STARTTLS on. There is none without."""
UploadProtocol = Literal["sftp", "ftps"]


@dataclass(frozen=True)
class MailServer:
    """A server that members type into their mail programs."""

    host: str
    port: int
    encryption: Encryption


@dataclass(frozen=True)
class Upload:
    """Where members put the files of their home pages, by what protocol."""

    protocol: UploadProtocol
    host: str
    port: int


@dataclass(frozen=True)
class MailSystem:
    """The operator's mail domain, and the mail and web servers."""

    domain: str
    imap: MailServer
    submission: MailServer
    web_host: str
    upload: Upload | None = None
    """None: it was not said, so members are told to ask."""
    web_megabytes: int | None = None
    """Capacity of one web space; None: likewise."""

    def address(self, local_part: str) -> str:
        return f"{local_part}@{self.domain}"

    def home_page(self, name: str) -> str:
        return f"https://{self.web_host}/{name}/"


@dataclass(frozen=True, kw_only=True)
class Installation:
    """The parts that a program was given; None: it was not given that one, and must not need it."""

    peppers: Peppers | None = None
    data_keys: tuple[bytes, ...] | None = field(default=None, repr=False)
    """What is encrypted at rest; newest first."""
    sender: Sender | None = None
    issuer: Issuer | None = None
    mail_system: MailSystem | None = None
    mail_domain: str | None = None
    """The domain of the members' addresses, of which a command needs nothing else."""
    base_url: str | None = None
    """Scheme and host that links in mails begin with."""
    low_stock: int | None = None
    """Licence keys of a product below which operators are warned."""
    reserved_names: frozenset[str] | None = None
    """Names of the operator's own that no member may have (reserved_names.py)."""
    second_factor: SecondFactor | None = None
    payment_day: str | None = None
    """When a card is debited, in the operator's words; "": it was not said."""
    customer_number_digits: int | None = None
    """How long every customer number is."""
    closed_months: int | None = None
    """How long the customer number of a contract that is over goes on to read."""
    keep: Mapping[str, Duration] | None = None
    """How long what is kept, by the names of keeping.KEPT."""

    def __post_init__(self) -> None:
        if self.data_keys == ():
            raise ValueError("there is no data key: at least one is wanted")


_NOTHING = Installation()
_current = _NOTHING


def use(installation: Installation) -> None:
    """Hand it over, once at start; the same one again does no harm (the demo prepares its data, then serves).

    Raises RuntimeError when another one is in use.
    """
    global _current
    if _current not in (_NOTHING, installation):
        names = (part.name for part in fields(Installation))
        other = [name for name in names if getattr(_current, name) != getattr(installation, name)]
        raise RuntimeError(
            f"an installation with other {', '.join(other)} is in use: hand over one, at start"
        )
    _current = installation


def peppers() -> Peppers:
    return _needed("peppers", _current.peppers)


def data_keys() -> tuple[bytes, ...]:
    return _needed("data_keys", _current.data_keys)


def sender() -> Sender:
    return _needed("sender", _current.sender)


def issuer() -> Issuer:
    return _needed("issuer", _current.issuer)


def mail_system() -> MailSystem:
    return _needed("mail_system", _current.mail_system)


def mail_domain() -> str:
    return _needed("mail_domain", _current.mail_domain)


def given(part: str) -> bool:
    """Whether a part was handed over, for what a command can do without."""
    return getattr(_current, part) is not None


def base_url() -> str:
    return _needed("base_url", _current.base_url)


def low_stock() -> int:
    return _needed("low_stock", _current.low_stock)


def reserved_names() -> frozenset[str]:
    return _needed("reserved_names", _current.reserved_names)


def payment_day() -> str:
    return _needed("payment_day", _current.payment_day)


def customer_number_digits() -> int:
    return _needed("customer_number_digits", _current.customer_number_digits)


def closed_months() -> int:
    return _needed("closed_months", _current.closed_months)


def keep() -> Mapping[str, Duration]:
    return _needed("keep", _current.keep)


def kept(what: Keep) -> Duration:
    """How long that is kept on this installation."""
    return keep()[what.name]


def second_factor() -> SecondFactor:
    return _needed("second_factor", _current.second_factor)


def _needed(name: str, part: T | None) -> T:
    if part is None:
        raise RuntimeError(
            f"{name} was not handed over: give it at start, installation.use(Installation({name}=...))"
        )
    return part
