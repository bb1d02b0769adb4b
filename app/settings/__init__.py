"""Everything an operator can set, read from the environment once, as one frozen object.

`production()` refuses to start half-set: it names every variable that is missing or weak, and what to do.
docs/operating.md lists the same names; a test compares them.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from app.branding import BRAND
from app.domain import reserved_names
from app.domain.installation import (
    CUSTOMER_NUMBER_DIGITS,
    Installation,
    Issuer,
    Peppers,
    SecondFactor,
    Sender,
)
from app.settings import mail_system, parts, secret_files, variables
from app.settings.of_demo import (
    DEMO_BILLING,
    DEMO_CONTACT,
    DEMO_ELSEWHERE,
    DEMO_INSTALLERS,
    DEMO_INVOICE_NUMBER,
    DEMO_MAIL,
    DEMO_MAIL_SYSTEM,
    DEMO_PAYMENT_DAY,
    DEMO_REMOTE_SUPPORT,
    demo,
    kept_key,
)
from app.settings.secret_files import is_given
from app.settings.shape import (
    Billing,
    Contact,
    Elsewhere,
    Internal,
    Mail,
    Metrics,
    Security,
    Settings,
    SettingsError,
    Smtp,
    SupportWindow,
)
from app.settings.variables import VARIABLES

__all__ = [
    "DEMO_BILLING",
    "DEMO_CONTACT",
    "DEMO_ELSEWHERE",
    "DEMO_INSTALLERS",
    "DEMO_INVOICE_NUMBER",
    "DEMO_MAIL",
    "DEMO_MAIL_SYSTEM",
    "DEMO_PAYMENT_DAY",
    "DEMO_REMOTE_SUPPORT",
    "VARIABLES",
    "Billing",
    "Contact",
    "Elsewhere",
    "Internal",
    "Mail",
    "Metrics",
    "Security",
    "Settings",
    "SettingsError",
    "Smtp",
    "SupportWindow",
    "customer_number_digits",
    "data_dir",
    "data_keys",
    "database_url",
    "delivery",
    "demo",
    "erasing",
    "erasures",
    "importing",
    "installation_of",
    "installers",
    "issuer",
    "made_by_demo",
    "mail_hold",
    "peppers",
    "production",
    "with_brand",
    "writer",
]


def data_dir(environment: Mapping[str, str] = os.environ) -> Path:
    """Folder of the embedded PostgreSQL."""
    return Path(environment.get("MYPAGE_DATA_DIR") or ".mypage")


def database_url(environment: Mapping[str, str] = os.environ) -> str | None:
    """The operator's own PostgreSQL, if set. Raises SettingsError for a file that it cannot be read from."""
    wrong: list[str] = []
    found = secret_files.given(environment, "DATABASE_URL", wrong)
    if wrong:
        raise SettingsError(wrong[0])
    return found or None


def production(environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings to serve with. Raises SettingsError that names all that is wrong at once."""
    wrong: list[str] = []
    environment = with_brand(environment)
    secret_files.misplaced(environment, wrong)
    parts.log(environment, wrong)
    secret_files.given(environment, "DATABASE_URL", wrong)
    settings = Settings(
        secret_keys=tuple(variables.keys(environment, "MYPAGE_SECRET_KEYS", wrong)),
        peppers=parts.peppers(environment, wrong),
        data_keys=tuple(variables.keys(environment, "MYPAGE_DATA_KEYS", wrong)),
        base_url=(base_url := parts.base_url(environment, wrong)),
        hosts=(hosts := parts.hosts(environment, base_url, wrong)),
        contact=parts.contact(environment, wrong),
        invoice_number=parts.invoice_number(environment, wrong),
        billing=parts.billing(environment, wrong),
        remote_support=SupportWindow(
            phone=environment.get("MYPAGE_REMOTE_SUPPORT_PHONE", "").strip(),
            hours=environment.get("MYPAGE_REMOTE_SUPPORT_HOURS", "").strip(),
            ways=BRAND.names.remote_support.ways,
        ),
        installers=parts.installers(environment, wrong),
        elsewhere=Elsewhere(
            fault_phone=variables.needed(environment, "MYPAGE_FAULT_PHONE", wrong, "0120-000-0001"),
            fault_hours=variables.needed(environment, "MYPAGE_FAULT_HOURS", wrong, "24時間（年中無休）"),
            partners=parts.partners(environment, wrong),
            fault_ways=BRAND.names.fault.ways,
        ),
        mail=parts.mail(environment, wrong),
        mail_system=mail_system.read(environment, hosts, wrong),
        stripe=parts.stripe(environment, wrong),
        trusted_proxies=tuple(parts.proxies(environment, wrong)),
        security_contact=parts.security_contact(environment, wrong),
        pool_size=variables.number(environment, "MYPAGE_POOL_SIZE", 10, 200, wrong),
        low_stock=variables.number(environment, "MYPAGE_LOW_STOCK", 10, 99999, wrong),
        reserved_names=parts.reserved_names(environment, wrong),
        internal=parts.internal(environment, wrong),
        metrics=parts.metrics(environment, wrong),
        second_factor=parts.second_factor(environment, wrong),
        payment_day=parts.payment_day(environment, wrong),
        customer_number_digits=parts.customer_number_digits(environment, wrong),
        closed_months=(closed := parts.closed_months(environment, wrong)),
        keep=parts.keep(environment, closed, wrong),
    )
    if wrong:
        raise SettingsError("not started; mend these settings:\n" + "\n".join(f"  {line}" for line in wrong))
    return settings


def second_factor(environment: Mapping[str, str] = os.environ) -> SecondFactor:
    """Who must have a second factor: the one setting that the demo takes, too. Raises SettingsError."""
    wrong: list[str] = []
    chosen = parts.second_factor(environment, wrong)
    if wrong:
        raise SettingsError(wrong[0])
    return chosen


def customer_number_digits(environment: Mapping[str, str] = os.environ) -> int:
    """How long customer numbers are, for a command; a demo's have what those of its file have. Raises SettingsError."""
    if made_by_demo(environment):
        return CUSTOMER_NUMBER_DIGITS
    wrong: list[str] = []
    digits = parts.customer_number_digits(environment, wrong)
    if wrong:
        raise SettingsError(wrong[0])
    return digits


def installation_of(chosen: Settings) -> Installation:
    """What the rules in app/domain need of the settings; a server, the demo and the tests hand over all of it."""
    return Installation(
        peppers=Peppers(chosen.peppers),
        data_keys=chosen.data_keys,
        sender=_sender(chosen.contact, chosen.mail.sender, held=chosen.mail.held),
        issuer=_issuer(chosen.contact, chosen.invoice_number, chosen.billing, chosen.payment_day),
        mail_system=chosen.mail_system,
        mail_domain=chosen.mail_system.domain,
        base_url=chosen.base_url,
        low_stock=chosen.low_stock,
        reserved_names=reserved_names.of_operator(_host_names(chosen), chosen.reserved_names),
        second_factor=chosen.second_factor,
        payment_day=chosen.payment_day,
        customer_number_digits=chosen.customer_number_digits,
        closed_months=chosen.closed_months,
        keep=chosen.keep,
    )


def _host_names(chosen: Settings) -> set[str]:
    """Every name under which the operator's machines are known here."""
    system = chosen.mail_system
    named = {*chosen.hosts, system.domain, system.imap.host, system.submission.host, system.web_host}
    if system.upload:
        named.add(system.upload.host)
    return named | {chosen.mail.sender.rpartition("@")[2]}


def peppers(environment: Mapping[str, str] = os.environ) -> dict[int, bytes]:
    """The peppers for a command: the operator's, or the one that `mypage demo` keeps with its data.

    Never one that is made up here, which no server would know. Raises SettingsError.
    """
    if not is_given(environment, "MYPAGE_PEPPERS") and made_by_demo(environment):
        return {1: kept_key(data_dir(environment) / "pepper")}
    wrong: list[str] = []
    found = parts.peppers(environment, wrong)
    if wrong:
        raise SettingsError("\n".join(wrong))
    return found


def installers(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Where products are downloaded, for a command: as `peppers`; none need be given. Raises SettingsError."""
    if not environment.get("MYPAGE_INSTALLERS") and made_by_demo(environment):
        return DEMO_INSTALLERS
    wrong: list[str] = []
    found = parts.installers(environment, wrong)
    if wrong:
        raise SettingsError("\n".join(wrong))
    return found


def data_keys(environment: Mapping[str, str] = os.environ) -> tuple[bytes, ...]:
    """The keys of what is encrypted at rest, for a command: as `peppers`. Raises SettingsError."""
    if not is_given(environment, "MYPAGE_DATA_KEYS") and made_by_demo(environment):
        return (kept_key(data_dir(environment) / "data-key"),)
    wrong: list[str] = []
    found = variables.keys(environment, "MYPAGE_DATA_KEYS", wrong)
    if wrong:
        raise SettingsError("\n".join(wrong))
    return tuple(found)


def importing(environment: Mapping[str, str] = os.environ) -> Installation:
    """What an import of contracts goes by: peppers, and of the rest what is set. A line that needs what is not says so.

    Raises SettingsError.
    """
    if made_by_demo(environment):
        made = installation_of(demo(data_dir(environment)))
        return replace(made, peppers=Peppers(peppers(environment)), data_keys=data_keys(environment))
    wrong: list[str] = []
    unsaid: list[str] = []
    domain = environment.get("MYPAGE_MAIL_DOMAIN", "").strip().lower()
    hosts = parts.hosts(environment, parts.base_url(environment, unsaid), unsaid)
    named = (
        environment.get(name, "")
        for name in ("MYPAGE_IMAP_HOST", "MYPAGE_SUBMISSION_HOST", "MYPAGE_WEB_HOST")
    )
    contact, address = parts.contact(environment, unsaid), parts.sender(environment, unsaid)
    held = parts.mail_hold(environment, wrong)
    found = Installation(
        peppers=Peppers(peppers(environment)),
        data_keys=data_keys(environment) if is_given(environment, "MYPAGE_DATA_KEYS") else None,
        sender=None if unsaid else _sender(contact, address, held=held),
        mail_domain=domain or None,
        reserved_names=reserved_names.of_operator(
            filter(None, [*hosts, domain, *named, address.rpartition("@")[2]]),
            parts.reserved_names(environment, wrong),
        ),
        customer_number_digits=customer_number_digits(environment),
        closed_months=parts.closed_months(environment, wrong),
    )
    if wrong:
        raise SettingsError("\n".join(wrong))
    return found


def erasing(environment: Mapping[str, str] = os.environ) -> Installation:
    """What erasing and disclosing go by: the peppers that hashes are made with, and how long what is kept.

    Raises SettingsError.
    """
    if made_by_demo(environment):
        made = installation_of(demo(data_dir(environment)))
        return replace(made, peppers=Peppers(peppers(environment)))
    wrong: list[str] = []
    closed = parts.closed_months(environment, wrong)
    found = Installation(
        peppers=Peppers(peppers(environment)),
        closed_months=closed,
        keep=parts.keep(environment, closed, wrong),
        customer_number_digits=customer_number_digits(environment),
    )
    if wrong:
        raise SettingsError("\n".join(wrong))
    return found


def erasures(environment: Mapping[str, str] = os.environ) -> Path | None:
    """The list of erasures outside of the database, if there is to be one."""
    given = environment.get("MYPAGE_ERASURES", "").strip()
    return Path(given) if given else None


def delivery(environment: Mapping[str, str] = os.environ) -> tuple[str, Mail]:
    """Name of the operator and how to write, for a command beside a server. Raises SettingsError.

    Only data that a demo made are delivered as the demo does, which sends nothing.
    """
    if made_by_demo(environment) and not environment.get("MYPAGE_SMTP_HOST"):
        return DEMO_CONTACT.operator, DEMO_MAIL
    wrong: list[str] = []
    environment = with_brand(environment)
    operator = variables.needed(environment, "MYPAGE_OPERATOR", wrong, "例示通信株式会社")
    mail = parts.mail(environment, wrong)
    if wrong:
        raise SettingsError(
            "mails cannot be delivered; mend these settings:\n" + "\n".join(f"  {line}" for line in wrong)
        )
    return operator, mail


def writer(environment: Mapping[str, str] = os.environ) -> Sender:
    """Who a command writes mails as. Raises SettingsError."""
    if made_by_demo(environment) and not environment.get("MYPAGE_MAIL_FROM"):
        return _sender(DEMO_CONTACT, DEMO_MAIL.sender)
    wrong: list[str] = []
    environment = with_brand(environment)
    contact, address = parts.contact(environment, wrong), parts.sender(environment, wrong)
    held = parts.mail_hold(environment, wrong)
    if wrong:
        raise SettingsError(
            "nothing was done, because it could not be told by mail; mend these settings:\n"
            + "\n".join(f"  {line}" for line in wrong)
        )
    return _sender(contact, address, held=held)


def issuer(environment: Mapping[str, str] = os.environ) -> Issuer:
    """Who a command issues bills as. Raises SettingsError."""
    if made_by_demo(environment) and not environment.get("MYPAGE_INVOICE_NUMBER"):
        return _issuer(DEMO_CONTACT, DEMO_INVOICE_NUMBER, DEMO_BILLING, DEMO_PAYMENT_DAY)
    wrong: list[str] = []
    environment = with_brand(environment)
    found = (
        parts.contact(environment, wrong),
        parts.invoice_number(environment, wrong),
        parts.billing(environment, wrong),
        parts.payment_day(environment, wrong),
    )
    if wrong:
        raise SettingsError(
            "nothing was closed, because the bills' issuer is not known; mend these settings:\n"
            + "\n".join(f"  {line}" for line in wrong)
        )
    return _issuer(*found)


def with_brand(environment: Mapping[str, str]) -> Mapping[str, str]:
    """The environment, with what the brand's folder says of it where it says nothing itself."""
    return {**BRAND.variables(), **{name: value for name, value in environment.items() if value}}


def _issuer(contact: Contact, invoice_number: str, billing: Billing, payment_day: str) -> Issuer:
    return Issuer(
        contact.operator,
        billing.address,
        contact.phone,
        contact.hours,
        invoice_number,
        payment_day,
        billing.elsewhere,
    )


def _sender(contact: Contact, address: str, *, held: bool = False) -> Sender:
    return Sender(contact.operator, address, contact.phone, contact.hours, held)


def mail_hold(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether mails are held, for a command; a demo's never leave. Raises SettingsError."""
    wrong: list[str] = []
    held = parts.mail_hold(environment, wrong)
    if wrong:
        raise SettingsError(wrong[0])
    return held and not made_by_demo(environment)


def made_by_demo(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether a command works on data that `mypage demo` made."""
    folder = data_dir(environment)
    return database_url(environment) is None and all(
        (folder / key).exists() for key in ("secret-key", "pepper")
    )
