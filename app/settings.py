"""Everything an operator can set, read from the environment once, as one frozen object.

`production()` refuses to start half-set: it names every variable that is missing or weak, and what to do.
docs/operating.md lists the same names; a test compares them.
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, cast, get_args

from email_validator import EmailNotValidError, validate_email

from app.domain.catalogue import SECURITY
from app.domain.mail_system import MailSystem
from app.gateway.stripe_checkout import Account as StripeAccount

KEY_LENGTH = 32
"""Shortest secret that is accepted, in characters."""

VARIABLES = {
    "DATABASE_URL": "PostgreSQL 15 or newer; without it the embedded one in MYPAGE_DATA_DIR",
    "MYPAGE_DATA_DIR": "folder of the embedded PostgreSQL (default .mypage)",
    "MYPAGE_SECRET_KEYS": "keys that sign cookies, newest first, separated by commas",
    "MYPAGE_PEPPERS": "keys of password hashes as version:key, separated by commas; never remove one in use",
    "MYPAGE_DATA_KEYS": "keys that PINs are encrypted with at rest, newest first, separated by commas",
    "MYPAGE_HOSTS": "host names the portal answers to, separated by commas",
    "MYPAGE_TRUSTED_PROXIES": "addresses or networks of the proxies before the portal, separated by commas, or none",
    "MYPAGE_POOL_SIZE": "database connections of one worker (default 10)",
    "MYPAGE_OPERATOR": "name of the ISP, as the privacy page gives it",
    "MYPAGE_INVOICE_NUMBER": "the ISP's 登録番号 of qualified invoices: T and 13 digits",
    "MYPAGE_CONTACT_PHONE": "phone number of the インフォメーションセンター",
    "MYPAGE_CONTACT_HOURS": "its hours, in words",
    "MYPAGE_INSTALLERS": "where each security product is downloaded, as product=https://…, separated by commas",
    "MYPAGE_LOW_STOCK": "licence keys of a product below which operators are warned (default 10)",
    "MYPAGE_REMOTE_SUPPORT_PHONE": "phone number of the リモートサポート窓口, for members who bought it",
    "MYPAGE_REMOTE_SUPPORT_HOURS": "its hours, in words",
    "MYPAGE_FAULT_PHONE": "phone number for outages and faults",
    "MYPAGE_FAULT_HOURS": "its hours, in words",
    "MYPAGE_CINEMA_URL": "https address of ギガシネマ with U-NEXT",
    "MYPAGE_CLUB_URL": "https address of UCOM光 クラブオフ",
    "MYPAGE_MAIL_DOMAIN": "domain of the members' mail addresses",
    "MYPAGE_IMAP_HOST": "host name for receiving mail that a member types into a mail program",
    "MYPAGE_SUBMISSION_HOST": "host name for sending mail, likewise",
    "MYPAGE_WEB_HOST": "host name of the members' home pages",
    "MYPAGE_STRIPE_SECRET_KEY": "secret or restricted key of the Stripe account that keeps the members' cards",
    "MYPAGE_MAIL_FROM": "address that the portal's mails come from, and bounces go to",
    "MYPAGE_SMTP_HOST": "host name of the mail server that takes the portal's mails",
    "MYPAGE_SMTP_PORT": "its port (default 587)",
    "MYPAGE_SMTP_USER": "login name there",
    "MYPAGE_SMTP_PASSWORD": "password there",
    "MYPAGE_SMTP_SECURITY": "starttls (default), tls, or none, which only a loopback host may have",
}

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Security = Literal["starttls", "tls", "none"]


class SettingsError(Exception):
    """The environment is not fit to serve from; the text names each variable and what to do."""


@dataclass(frozen=True)
class Contact:
    """Who runs the portal and where a member asks."""

    operator: str
    phone: str
    hours: str


@dataclass(frozen=True)
class SupportWindow:
    """リモートサポート窓口."""

    phone: str
    hours: str


@dataclass(frozen=True)
class Elsewhere:
    """Where pages lead that hand over: the desk for faults, and the partners' sites."""

    fault_phone: str
    fault_hours: str
    cinema: str
    club: str


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


@dataclass(frozen=True)
class Settings:
    """The portal's settings. `secret_keys` and `data_keys` newest first; `peppers` by version."""

    secret_keys: tuple[bytes, ...]
    peppers: dict[int, bytes]
    data_keys: tuple[bytes, ...]
    hosts: frozenset[str]
    contact: Contact
    invoice_number: str
    """登録番号 of qualified invoices."""
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
    pool_size: int = 10
    low_stock: int = 10


def data_dir(environment: Mapping[str, str] = os.environ) -> Path:
    """Folder of the embedded PostgreSQL."""
    return Path(environment.get("MYPAGE_DATA_DIR") or ".mypage")


def database_url(environment: Mapping[str, str] = os.environ) -> str | None:
    """The operator's own PostgreSQL, if set."""
    return environment.get("DATABASE_URL") or None


def production(environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings to serve with. Raises SettingsError that names all that is wrong at once."""
    wrong: list[str] = []
    settings = Settings(
        secret_keys=tuple(_keys(environment, "MYPAGE_SECRET_KEYS", wrong)),
        peppers=_peppers(environment, wrong),
        data_keys=tuple(_keys(environment, "MYPAGE_DATA_KEYS", wrong)),
        hosts=frozenset(
            map(str.lower, _needed_list(environment, "MYPAGE_HOSTS", wrong, "mypage.example.jp"))
        ),
        contact=_contact(environment, wrong),
        invoice_number=_invoice_number(environment, wrong),
        remote_support=SupportWindow(
            phone=_needed(environment, "MYPAGE_REMOTE_SUPPORT_PHONE", wrong, "0120-000-0000"),
            hours=_needed(environment, "MYPAGE_REMOTE_SUPPORT_HOURS", wrong, "9時～17時（年中無休）"),
        ),
        installers=_installers(environment, wrong),
        elsewhere=Elsewhere(
            fault_phone=_needed(environment, "MYPAGE_FAULT_PHONE", wrong, "0120-000-0001"),
            fault_hours=_needed(environment, "MYPAGE_FAULT_HOURS", wrong, "24時間（年中無休）"),
            cinema=_https(environment, "MYPAGE_CINEMA_URL", wrong, "https://cinema.example.jp/"),
            club=_https(environment, "MYPAGE_CLUB_URL", wrong, "https://club.example.jp/"),
        ),
        mail=_mail(environment, wrong),
        mail_system=MailSystem(
            domain=_needed(environment, "MYPAGE_MAIL_DOMAIN", wrong, "mail.example.jp").lower(),
            imap_host=_needed(environment, "MYPAGE_IMAP_HOST", wrong, "imap.example.jp"),
            submission_host=_needed(environment, "MYPAGE_SUBMISSION_HOST", wrong, "smtp.example.jp"),
            web_host=_needed(environment, "MYPAGE_WEB_HOST", wrong, "home.example.jp"),
        ),
        stripe=_stripe(environment, wrong),
        trusted_proxies=tuple(_proxies(environment, wrong)),
        pool_size=_number(environment, "MYPAGE_POOL_SIZE", 10, 200, wrong),
        low_stock=_number(environment, "MYPAGE_LOW_STOCK", 10, 99999, wrong),
    )
    if wrong:
        raise SettingsError("not started; mend these settings:\n" + "\n".join(f"  {line}" for line in wrong))
    return settings


DEMO_INVOICE_NUMBER = "T9000000000000"
DEMO_CONTACT = Contact("デモ通信株式会社", "0120-000-0000", "9時～17時（年中無休）")
DEMO_REMOTE_SUPPORT = SupportWindow("0120-000-0000", "9時～17時（年中無休）")
DEMO_INSTALLERS = {product.value: f"https://download.example.jp/{product}/setup" for product in SECURITY}
DEMO_ELSEWHERE = Elsewhere(
    "0120-000-0001", "24時間（年中無休）", "https://cinema.example.jp/", "https://club.example.jp/"
)
DEMO_MAIL_SYSTEM = MailSystem(
    "s2.spaaqs.ne.jp", "imap.s2.spaaqs.ne.jp", "smtp.s2.spaaqs.ne.jp", "home.s2.spaaqs.ne.jp"
)
DEMO_MAIL = Mail("mypage@demo.example.jp")


def demo(folder: Path) -> Settings:
    """Settings of the demo: plain http on the loopback interface, keys kept in its data folder."""
    return Settings(
        secret_keys=(_kept_key(folder / "secret-key"),),
        peppers={1: _kept_key(folder / "pepper")},
        data_keys=(_kept_key(folder / "data-key"),),
        hosts=frozenset({"127.0.0.1", "localhost", "[::1]"}),
        contact=DEMO_CONTACT,
        invoice_number=DEMO_INVOICE_NUMBER,
        remote_support=DEMO_REMOTE_SUPPORT,
        installers=DEMO_INSTALLERS,
        elsewhere=DEMO_ELSEWHERE,
        mail=DEMO_MAIL,
        mail_system=DEMO_MAIL_SYSTEM,
        https=False,
        demo=True,
    )


def peppers(environment: Mapping[str, str] = os.environ) -> dict[int, bytes]:
    """The peppers for a command: the operator's, or the one that `mypage demo` keeps with its data.

    Never one that is made up here, which no server would know. Raises SettingsError.
    """
    if not environment.get("MYPAGE_PEPPERS") and made_by_demo(environment):
        return {1: _kept_key(data_dir(environment) / "pepper")}
    wrong: list[str] = []
    found = _peppers(environment, wrong)
    if wrong:
        raise SettingsError("\n".join(wrong))
    return found


def data_keys(environment: Mapping[str, str] = os.environ) -> tuple[bytes, ...]:
    """The keys of what is encrypted at rest, for a command: as `peppers`. Raises SettingsError."""
    if not environment.get("MYPAGE_DATA_KEYS") and made_by_demo(environment):
        return (_kept_key(data_dir(environment) / "data-key"),)
    wrong: list[str] = []
    found = _keys(environment, "MYPAGE_DATA_KEYS", wrong)
    if wrong:
        raise SettingsError("\n".join(wrong))
    return tuple(found)


def delivery(environment: Mapping[str, str] = os.environ) -> tuple[str, Mail]:
    """Name of the operator and how to write, for a command beside a server. Raises SettingsError.

    Only data that a demo made are delivered as the demo does, which sends nothing.
    """
    if made_by_demo(environment) and not environment.get("MYPAGE_SMTP_HOST"):
        return DEMO_CONTACT.operator, DEMO_MAIL
    wrong: list[str] = []
    operator = _needed(environment, "MYPAGE_OPERATOR", wrong, "例示通信株式会社")
    mail = _mail(environment, wrong)
    if wrong:
        raise SettingsError(
            "mails cannot be delivered; mend these settings:\n" + "\n".join(f"  {line}" for line in wrong)
        )
    return operator, mail


def writer(environment: Mapping[str, str] = os.environ) -> tuple[Contact, str]:
    """Who a command writes mails as: the operator with where to ask, and the address. Raises SettingsError."""
    if made_by_demo(environment) and not environment.get("MYPAGE_MAIL_FROM"):
        return DEMO_CONTACT, DEMO_MAIL.sender
    wrong: list[str] = []
    found = _contact(environment, wrong), _sender(environment, wrong)
    if wrong:
        raise SettingsError(
            "nothing was done, because it could not be told by mail; mend these settings:\n"
            + "\n".join(f"  {line}" for line in wrong)
        )
    return found


def made_by_demo(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether a command works on data that `mypage demo` made."""
    folder = data_dir(environment)
    return database_url(environment) is None and all(
        (folder / key).exists() for key in ("secret-key", "pepper")
    )


def _contact(environment: Mapping[str, str], wrong: list[str]) -> Contact:
    return Contact(
        operator=_needed(environment, "MYPAGE_OPERATOR", wrong, "例示通信株式会社"),
        phone=_needed(environment, "MYPAGE_CONTACT_PHONE", wrong, "0120-000-0000"),
        hours=_needed(environment, "MYPAGE_CONTACT_HOURS", wrong, "9時～17時（年中無休）"),
    )


def _mail(environment: Mapping[str, str], wrong: list[str]) -> Mail:
    return Mail(_sender(environment, wrong), _smtp(environment, wrong))


def _sender(environment: Mapping[str, str], wrong: list[str]) -> str:
    sender = _needed(environment, "MYPAGE_MAIL_FROM", wrong, "mypage@mypage.example.jp")
    if sender and not _is_address(sender):
        wrong.append(f"MYPAGE_MAIL_FROM is {sender!r}: one mail address is wanted")
    return sender


def _is_address(text: str) -> bool:
    try:
        found = validate_email(text, check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError:
        return False
    return found.ascii_email == text


def _smtp(environment: Mapping[str, str], wrong: list[str]) -> Smtp:
    host = _needed(environment, "MYPAGE_SMTP_HOST", wrong, "smtp.example.jp")
    if host and not _HOST.fullmatch(host):
        wrong.append(f"MYPAGE_SMTP_HOST is {host!r}: a host name or address is wanted, without a port")
    security = _security(environment, host, wrong)
    login = ("MYPAGE_SMTP_USER", "mypage"), ("MYPAGE_SMTP_PASSWORD", "the one that the mail server knows")
    if security == "none" and not any(environment.get(name) for name, _ in login):
        user = password = ""
    else:
        user, password = (_needed(environment, name, wrong, example) for name, example in login)
    return Smtp(host, _number(environment, "MYPAGE_SMTP_PORT", 587, 65535, wrong), user, password, security)


_HOST = re.compile(r"[A-Za-z0-9._-]{1,253}|[0-9A-Fa-f:.]{2,45}")


def _security(environment: Mapping[str, str], host: str, wrong: list[str]) -> Security:
    chosen = environment.get("MYPAGE_SMTP_SECURITY") or "starttls"
    if chosen not in get_args(Security):
        wrong.append(f"MYPAGE_SMTP_SECURITY is {chosen!r}: starttls, tls or none is wanted")
    elif chosen == "none" and host and not _is_loopback(host):
        wrong.append(
            f"MYPAGE_SMTP_SECURITY is none, which only a loopback host may have, not {host!r}: use starttls"
        )
    return cast(Security, chosen)


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _stripe(environment: Mapping[str, str], wrong: list[str]) -> StripeAccount:
    """Without Stripe there is no server: the local vault charges nobody."""
    name = "MYPAGE_STRIPE_SECRET_KEY"
    key = _needed(environment, name, wrong, "rk_live_… as Stripe's dashboard shows it")
    if key and not _STRIPE_KEY.fullmatch(key):
        wrong.append(f"{name} is none of Stripe's: one that begins with rk_ or sk_ is wanted")
    return StripeAccount(key)


_STRIPE_KEY = re.compile(r"[rs]k_(?:live|test)_[A-Za-z0-9_]{8,240}")


def _invoice_number(environment: Mapping[str, str], wrong: list[str]) -> str:
    """T and the 法人番号, whose first digit is a check digit over the other twelve."""
    name = "MYPAGE_INVOICE_NUMBER"
    number = _needed(environment, name, wrong, DEMO_INVOICE_NUMBER)
    digits = [int(digit) for digit in number[1:]] if re.fullmatch(r"T[0-9]{13}", number) else []
    weighed = sum(digit * (1 + place % 2) for place, digit in enumerate(reversed(digits[1:])))
    if number and (not digits or digits[0] != 9 - weighed % 9):
        wrong.append(
            f"{name} is {number!r}: T and the 13 digits of a 法人番号 are wanted, check digit included"
        )
    return number


def _needed(environment: Mapping[str, str], name: str, wrong: list[str], example: str) -> str:
    value = environment.get(name, "").strip()
    if not value:
        wrong.append(f"{name} is not set: {VARIABLES[name]}; for example {example}")
    return value


def _https(environment: Mapping[str, str], name: str, wrong: list[str], example: str) -> str:
    """The address of a page outside, which members are led to."""
    value = _needed(environment, name, wrong, example)
    if value and not _URL.fullmatch(value):
        wrong.append(f"{name} is {value!r}: an address that begins with https:// is wanted")
    return value


_URL = re.compile(r"https://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[!-~]*)?")


def _listed(value: str) -> list[str]:
    return [part.strip() for part in value.split(",") if part.strip()]


def _needed_list(environment: Mapping[str, str], name: str, wrong: list[str], example: str) -> list[str]:
    """The parts of a variable that must be set; commas alone are nothing."""
    given = _listed(environment.get(name, ""))
    return given or _listed(_needed({}, name, wrong, example))


def _keys(environment: Mapping[str, str], name: str, wrong: list[str]) -> list[bytes]:
    listed = _needed_list(environment, name, wrong, f"{KEY_LENGTH} random characters")
    if any(_weak(key) for key in listed):
        wrong.append(f"{name} holds a weak key: {_ADVICE}")
    return [key.encode() for key in listed]


def _installers(environment: Mapping[str, str], wrong: list[str]) -> dict[str, str]:
    name = "MYPAGE_INSTALLERS"
    example = ",".join(f"{product}={address}" for product, address in DEMO_INSTALLERS.items())
    listed = _needed_list(environment, name, wrong, example)
    found = dict(part.split("=", 1) for part in listed if "=" in part)
    missing = sorted(set(DEMO_INSTALLERS) - set(found))
    if listed and missing:
        wrong.append(f"{name} lacks {', '.join(missing)}: product=https://… is wanted for each")
    junk = [part for part in listed if not _INSTALLER.fullmatch(part)]
    if junk:
        wrong.append(f"{name} holds {', '.join(map(repr, junk))}: product=https://… is wanted")
    return found


_INSTALLER = re.compile(rf"({'|'.join(SECURITY)})=https://[A-Za-z0-9.-]+(:[0-9]{{1,5}})?(/[!-~]*)?")


def _peppers(environment: Mapping[str, str], wrong: list[str]) -> dict[int, bytes]:
    peppers: dict[int, bytes] = {}
    for part in _needed_list(environment, "MYPAGE_PEPPERS", wrong, f"1:{KEY_LENGTH} random characters"):
        version, _, key = part.partition(":")
        if not _VERSION.fullmatch(version) or int(version) in peppers or _weak(key):
            wrong.append(f"MYPAGE_PEPPERS holds a part that is not version:key with a strong key: {_ADVICE}")
            break
        peppers[int(version)] = key.encode()
    return peppers


_VERSION = re.compile(r"[0-9]{1,9}")


def _proxies(environment: Mapping[str, str], wrong: list[str]) -> list[Network]:
    """Whose X-Forwarded-For is believed. It must be said: behind an unnamed proxy all members have one address."""
    name = "MYPAGE_TRUSTED_PROXIES"
    listed = _needed_list(
        environment, name, wrong, "10.0.0.1, 10.1.0.0/16 (or none, if members ask the portal itself)"
    )
    networks = [] if listed == ["none"] else [(part, _network(part)) for part in listed]
    junk = [part for part, network in networks if network is None]
    if junk:
        wrong.append(
            f"{name} holds {', '.join(map(repr, junk))}: addresses and networks are wanted, or none alone"
        )
    return [network for _, network in networks if network]


def _network(text: str) -> Network | None:
    """The network; none for one that is everybody's."""
    try:
        network = ipaddress.ip_network(text)
    except ValueError:
        return None
    return network if network.prefixlen else None


def _weak(key: str) -> bool:
    return len(key) < KEY_LENGTH or len(set(key)) < KEY_LENGTH // 4


_ADVICE = f"make one of {KEY_LENGTH} characters or more with `python3 -c 'import secrets; print(secrets.token_urlsafe(32))'`"


def _number(environment: Mapping[str, str], name: str, preset: int, most: int, wrong: list[str]) -> int:
    value = environment.get(name) or str(preset)
    if re.fullmatch(r"[0-9]{1,5}", value) and 1 <= int(value) <= most:
        return int(value)
    wrong.append(f"{name} is {value!r}: a number from 1 to {most} is wanted")
    return preset


def _kept_key(path: Path) -> bytes:
    """A random key that stays with the demo's data; whole before it has its name, and the first one made stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        new = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
        new.touch(mode=0o600)
        new.write_text(secrets.token_urlsafe(32))
        with contextlib.suppress(FileExistsError):
            os.link(new, path)
        new.unlink()
    return path.read_bytes()
