"""What the settings are made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from app.domain.installation import CLOSED_MONTHS, CUSTOMER_NUMBER_DIGITS, MailSystem, SecondFactor
from app.domain.keeping import DEFAULTS, Duration
from app.domain.networks import Network
from app.gateway.stripe_checkout import StripeAccount
from app.mistake import Mistake

Security = Literal["starttls", "tls", "none"]
Ways = tuple[tuple[str, str], ...]
"""What a desk offers beside its phone, each with what it is called (branding.Window)."""


class SettingsError(Mistake):
    """The environment is not fit to serve from; the text names each variable and what to do."""


@dataclass(frozen=True)
class Contact:
    """Who runs the portal and where a member asks."""

    operator: str
    phone: str
    hours: str
    ways: Ways = ()


@dataclass(frozen=True)
class Billing:
    """What bills say beside the contact: the operator's address, and what is billed elsewhere."""

    address: str
    elsewhere: str


@dataclass(frozen=True)
class SupportWindow:
    """リモートサポート窓口."""

    phone: str
    hours: str
    ways: Ways = ()


@dataclass(frozen=True)
class Elsewhere:
    """Where pages lead that hand over: the desk for faults, and the partners' sites."""

    fault_phone: str
    fault_hours: str
    partners: Mapping[str, str]
    """Address by the partner's key; one that has none is asked for by phone."""
    fault_ways: Ways = ()


@dataclass(frozen=True)
class Smtp:
    """The mail server that takes the portal's mails; no user: it asks for no login."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    security: Security


@dataclass(frozen=True)
class Mail:
    """How the portal writes; no server: as in the demo, where mails are only shown."""

    sender: str
    server: Smtp | None = None
    held: bool = False
    """Whether mails are held until an operator releases them."""


@dataclass(frozen=True)
class Internal:
    """Where the operator's own servers ask the portal, and with what secret."""

    host: str
    port: int
    secret: str = field(repr=False)


@dataclass(frozen=True)
class Metrics:
    """Where Prometheus asks."""

    host: str
    port: int


@dataclass(frozen=True)
class Settings:
    """The portal's settings. `secret_keys` and `data_keys` newest first; `peppers` by version."""

    secret_keys: tuple[bytes, ...]
    peppers: dict[int, bytes]
    data_keys: tuple[bytes, ...]
    hosts: frozenset[str]
    base_url: str
    """Scheme and host that links in mails begin with."""
    contact: Contact
    invoice_number: str
    """登録番号 of qualified invoices."""
    billing: Billing
    remote_support: SupportWindow
    installers: dict[str, str]
    """Address of the installer by product."""
    elsewhere: Elsewhere
    mail: Mail
    mail_system: MailSystem
    stripe: StripeAccount | None = None
    """None: the local vault, which only the demo and the tests may have."""
    https: bool = True
    demo: bool = False
    trusted_proxies: tuple[Network, ...] = ()
    security_contact: str = ""
    """Where a weakness is reported, as a URI; "": by phone."""
    pool_size: int = 10
    low_stock: int = 10
    reserved_names: tuple[str, ...] = ()
    """Names of the operator's own, beside those that follow from host names, that no member may register."""
    internal: Internal | None = None
    """None: there is no internal listener."""
    metrics: Metrics | None = None
    """None: nothing is counted."""
    second_factor: SecondFactor = "offered"
    """Who must have one."""
    customer_number_digits: int = CUSTOMER_NUMBER_DIGITS
    closed_months: int = CLOSED_MONTHS
    keep: Mapping[str, Duration] = field(default_factory=lambda: DEFAULTS)
    """How long what is kept (domain/keeping.py)."""
    payment_day: str = ""
    """When a card is debited, in words; "": members are told to ask."""
