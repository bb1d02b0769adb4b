"""The variables of the environment, and how each part of the settings is read from them.

A reader adds what is wrong to the list that it is given, so that all of it is named at once.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import cast, get_args

from email_validator import EmailNotValidError, validate_email

from app.domain import networks
from app.domain.catalogue import SECURITY
from app.domain.installation import SecondFactor
from app.gateway.stripe_checkout import StripeAccount
from app.settings.of_demo import DEMO_INSTALLERS, DEMO_INVOICE_NUMBER
from app.settings.shape import Billing, Contact, Internal, Mail, Security, Smtp

KEY_LENGTH = 32
"""Shortest secret that is accepted, in characters."""

VARIABLES = {
    "DATABASE_URL": "PostgreSQL 15 or newer; without it the embedded one in MYPAGE_DATA_DIR",
    "MYPAGE_DATA_DIR": "folder of the embedded PostgreSQL (default .mypage)",
    "MYPAGE_SECRET_KEYS": "keys that sign cookies, newest first, separated by commas",
    "MYPAGE_PEPPERS": "keys of password hashes as version:key, separated by commas; never remove one in use",
    "MYPAGE_DATA_KEYS": "keys of what is encrypted at rest (PINs, authenticator apps), newest first, separated by commas",
    "MYPAGE_HOSTS": "host names the portal answers to, separated by commas",
    "MYPAGE_BASE_URL": "https address of the portal, without a path: links in mails begin with it",
    "MYPAGE_TRUSTED_PROXIES": "addresses or networks of the proxies before the portal, separated by commas, or none",
    "MYPAGE_POOL_SIZE": "database connections of one worker (default 10)",
    "MYPAGE_SECOND_FACTOR": "who must have a second factor: offered (nobody, default), admins or all",
    "MYPAGE_OPERATOR": "name of the ISP, as the privacy page gives it",
    "MYPAGE_INVOICE_NUMBER": "the ISP's 登録番号 of qualified invoices: T and 13 digits",
    "MYPAGE_OPERATOR_ADDRESS": "its postal address, as bills give it",
    "MYPAGE_BILLED_ELSEWHERE": "sentence for bills on where line and calls are billed, or none if these are on them too",
    "MYPAGE_CONTACT_PHONE": "phone number of the インフォメーションセンター",
    "MYPAGE_CONTACT_HOURS": "its hours, in words",
    "MYPAGE_SECURITY_CONTACT": "where a weakness is reported, as mailto:…, https://… or tel:… (default: the phone number)",
    "MYPAGE_INSTALLERS": "where each security product is downloaded, as product=https://…, separated by commas",
    "MYPAGE_LOW_STOCK": "licence keys of a product below which operators are warned (default 10)",
    "MYPAGE_REMOTE_SUPPORT_PHONE": "phone number of the リモートサポート窓口, for members who bought it",
    "MYPAGE_REMOTE_SUPPORT_HOURS": "its hours, in words",
    "MYPAGE_PAYMENT_DAY": "when a card is debited, in words that every purchase shows (default: ask by phone)",
    "MYPAGE_FAULT_PHONE": "phone number for outages and faults",
    "MYPAGE_FAULT_HOURS": "its hours, in words",
    "MYPAGE_CINEMA_URL": "https address of ギガシネマ with U-NEXT",
    "MYPAGE_CLUB_URL": "https address of UCOM光 クラブオフ",
    "MYPAGE_MAIL_DOMAIN": "domain of the members' mail addresses",
    "MYPAGE_IMAP_HOST": "host name for receiving mail that a member types into a mail program",
    "MYPAGE_IMAP_PORT": "its port (default 993)",
    "MYPAGE_IMAP_SECURITY": "its encryption: tls (default) or starttls",
    "MYPAGE_SUBMISSION_HOST": "host name for sending mail, likewise",
    "MYPAGE_SUBMISSION_PORT": "its port (default 587)",
    "MYPAGE_SUBMISSION_SECURITY": "its encryption: starttls (default) or tls",
    "MYPAGE_WEB_HOST": "host name of the members' home pages",
    "MYPAGE_WEB_UPLOAD": "where members put their files, as sftp://host or ftps://host (default: ask by phone)",
    "MYPAGE_WEB_MEGABYTES": "capacity of a web space in MB (default: ask by phone)",
    "MYPAGE_STRIPE_SECRET_KEY": "secret or restricted key of the Stripe account that keeps the members' cards",
    "MYPAGE_MAIL_FROM": "address that the portal's mails come from, and bounces go to",
    "MYPAGE_SMTP_HOST": "host name of the mail server that takes the portal's mails",
    "MYPAGE_SMTP_PORT": "its port (default 587)",
    "MYPAGE_SMTP_USER": "login name there",
    "MYPAGE_SMTP_PASSWORD": "password there",
    "MYPAGE_RESERVED_NAMES": "more names that no member may register, separated by commas",
    "MYPAGE_INTERNAL_HOST": "address that the internal listener listens on (default 127.0.0.1)",
    "MYPAGE_INTERNAL_PORT": "its port; without it there is none",
    "MYPAGE_INTERNAL_SECRET": "the secret that the operator's own servers, such as Dovecot, show there",
    "MYPAGE_SMTP_SECURITY": "starttls (default), tls, or none, which only a loopback host may have",
}


def contact(environment: Mapping[str, str], wrong: list[str]) -> Contact:
    return Contact(
        operator=needed(environment, "MYPAGE_OPERATOR", wrong, "例示通信株式会社"),
        phone=needed(environment, "MYPAGE_CONTACT_PHONE", wrong, "0120-000-0000"),
        hours=needed(environment, "MYPAGE_CONTACT_HOURS", wrong, "9時～17時（年中無休）"),
    )


def billing(environment: Mapping[str, str], wrong: list[str]) -> Billing:
    """What bills say; whether they are the whole of what a member pays has to be said."""
    address = needed(environment, "MYPAGE_OPERATOR_ADDRESS", wrong, "〒100-0000 東京都千代田区例示1-2-3")
    example = "none, or 回線と通話の料金は、この金額に含まれません。別にお送りする請求書でご請求します。"
    elsewhere = needed(environment, "MYPAGE_BILLED_ELSEWHERE", wrong, example)
    return Billing(address, "" if elsewhere == "none" else elsewhere)


def payment_day(environment: Mapping[str, str], wrong: list[str]) -> str:
    """One line, which stands in mails, too."""
    text = (environment.get("MYPAGE_PAYMENT_DAY") or "").strip()
    if not text.isprintable() or len(text) > PAYMENT_DAY_LENGTH:
        wrong.append(
            f"MYPAGE_PAYMENT_DAY is not fit: one line of {PAYMENT_DAY_LENGTH} characters at most is wanted"
        )
    return text


PAYMENT_DAY_LENGTH = 100


def mail(environment: Mapping[str, str], wrong: list[str]) -> Mail:
    return Mail(sender(environment, wrong), _smtp(environment, wrong))


def sender(environment: Mapping[str, str], wrong: list[str]) -> str:
    sender = needed(environment, "MYPAGE_MAIL_FROM", wrong, "mypage@mypage.example.jp")
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
    host = needed(environment, "MYPAGE_SMTP_HOST", wrong, "smtp.example.jp")
    if host and not _HOST.fullmatch(host):
        wrong.append(f"MYPAGE_SMTP_HOST is {host!r}: a host name or address is wanted, without a port")
    security = _security(environment, host, wrong)
    login = ("MYPAGE_SMTP_USER", "mypage"), ("MYPAGE_SMTP_PASSWORD", "the one that the mail server knows")
    if security == "none" and not any(environment.get(name) for name, _ in login):
        user = password = ""
    else:
        user, password = (needed(environment, name, wrong, example) for name, example in login)
    return Smtp(host, number(environment, "MYPAGE_SMTP_PORT", 587, 65535, wrong), user, password, security)


_HOST = re.compile(r"[A-Za-z0-9._-]{1,253}|[0-9A-Fa-f:.]{2,45}")


def _security(environment: Mapping[str, str], host: str, wrong: list[str]) -> Security:
    chosen = environment.get("MYPAGE_SMTP_SECURITY") or "starttls"
    if chosen not in get_args(Security):
        wrong.append(f"MYPAGE_SMTP_SECURITY is {chosen!r}: starttls, tls or none is wanted")
    elif chosen == "none" and host and not networks.is_loopback(host):
        wrong.append(
            f"MYPAGE_SMTP_SECURITY is none, which only a loopback host may have, not {host!r}: use starttls"
        )
    return cast(Security, chosen)


def internal(environment: Mapping[str, str], wrong: list[str]) -> Internal | None:
    """Where the operator's own servers ask; a port and a secret, or neither."""
    names = "MYPAGE_INTERNAL_PORT", "MYPAGE_INTERNAL_SECRET"
    if not any(environment.get(name, "").strip() for name in names):
        return None
    needed(environment, names[0], wrong, "8010")
    secret = needed(environment, names[1], wrong, f"{KEY_LENGTH} random characters")
    if secret and (weak(secret) or not _HEADER.fullmatch(secret)):
        wrong.append(f"{names[1]} is weak, or has other signs than letters, digits, - and _: {_ADVICE}")
    host = environment.get("MYPAGE_INTERNAL_HOST") or "127.0.0.1"
    if networks.address(host) is None:
        wrong.append(f"MYPAGE_INTERNAL_HOST is {host!r}: an address of this machine is wanted")
    return Internal(host, number(environment, names[0], 8010, 65535, wrong), secret)


_HEADER = re.compile(r"[A-Za-z0-9_-]+")
"""What stands in a header of Dovecot's settings as it is."""


def second_factor(environment: Mapping[str, str], wrong: list[str]) -> SecondFactor:
    chosen = environment.get("MYPAGE_SECOND_FACTOR") or "offered"
    if chosen not in get_args(SecondFactor):
        wrong.append(f"MYPAGE_SECOND_FACTOR is {chosen!r}: offered, admins or all is wanted")
    return cast(SecondFactor, chosen)


def stripe(environment: Mapping[str, str], wrong: list[str]) -> StripeAccount:
    """Without Stripe there is no server: the local vault charges nobody."""
    name = "MYPAGE_STRIPE_SECRET_KEY"
    key = needed(environment, name, wrong, "rk_live_… as Stripe's dashboard shows it")
    if key and not _STRIPE_KEY.fullmatch(key):
        wrong.append(f"{name} is none of Stripe's: one that begins with rk_ or sk_ is wanted")
    return StripeAccount(key)


_STRIPE_KEY = re.compile(r"[rs]k_(?:live|test)_[A-Za-z0-9_]{8,240}")


def invoice_number(environment: Mapping[str, str], wrong: list[str]) -> str:
    """T and the 法人番号, whose first digit is a check digit over the other twelve."""
    name = "MYPAGE_INVOICE_NUMBER"
    number = needed(environment, name, wrong, DEMO_INVOICE_NUMBER)
    digits = [int(digit) for digit in number[1:]] if re.fullmatch(r"T[0-9]{13}", number) else []
    weighed = sum(digit * (1 + place % 2) for place, digit in enumerate(reversed(digits[1:])))
    if number and (not digits or digits[0] != 9 - weighed % 9):
        wrong.append(
            f"{name} is {number!r}: T and the 13 digits of a 法人番号 are wanted, check digit included"
        )
    return number


def needed(environment: Mapping[str, str], name: str, wrong: list[str], example: str) -> str:
    """The text of a variable that must be set."""
    value = environment.get(name, "").strip()
    if not value:
        wrong.append(f"{name} is not set: {VARIABLES[name]}; for example {example}")
    return value


def https(environment: Mapping[str, str], name: str, wrong: list[str], example: str) -> str:
    """The address of a page outside, which members are led to."""
    value = needed(environment, name, wrong, example)
    if value and not _URL.fullmatch(value):
        wrong.append(f"{name} is {value!r}: an address that begins with https:// is wanted")
    return value


_URL = re.compile(r"https://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[!-~]*)?")


def base_url(environment: Mapping[str, str], hosts: Collection[str], wrong: list[str]) -> str:
    """Scheme and host that links from outside begin with; the front door must let that host in."""
    name = "MYPAGE_BASE_URL"
    value = needed(environment, name, wrong, "https://mypage.example.jp").lower().removesuffix("/")
    found = _BASE.fullmatch(value)
    if value and not found:
        wrong.append(f"{name} is {value!r}: https:// and a host name are wanted, without a path")
    elif found and hosts and found["host"] not in hosts:
        wrong.append(f"{name} is {value!r}: MYPAGE_HOSTS does not name its host {found['host']}")
    return value


_BASE = re.compile(r"https://(?P<host>[a-z0-9.-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?")


def security_contact(environment: Mapping[str, str], wrong: list[str]) -> str:
    """An address as /.well-known/security.txt wants it; "" where none is set."""
    value = environment.get("MYPAGE_SECURITY_CONTACT", "").strip()
    if value and not _CONTACT.fullmatch(value):
        wrong.append(f"MYPAGE_SECURITY_CONTACT is {value!r}: mailto:…, https://… or tel:… is wanted")
    return value


_CONTACT = re.compile(r"mailto:[!-~]+@[!-~]+|https://[!-~]+|tel:\+?[0-9][!-~]+")


def _listed(value: str) -> list[str]:
    return [part.strip() for part in value.split(",") if part.strip()]


def needed_list(environment: Mapping[str, str], name: str, wrong: list[str], example: str) -> list[str]:
    """The parts of a variable that must be set; commas alone are nothing."""
    given = _listed(environment.get(name, ""))
    return given or _listed(needed({}, name, wrong, example))


def keys(environment: Mapping[str, str], name: str, wrong: list[str]) -> list[bytes]:
    """Secrets, none of them short or plain."""
    listed = needed_list(environment, name, wrong, f"{KEY_LENGTH} random characters")
    if any(weak(key) for key in listed):
        wrong.append(f"{name} holds a weak key: {_ADVICE}")
    return [key.encode() for key in listed]


def installers(environment: Mapping[str, str], wrong: list[str]) -> dict[str, str]:
    name = "MYPAGE_INSTALLERS"
    example = ",".join(f"{product}={address}" for product, address in DEMO_INSTALLERS.items())
    listed = needed_list(environment, name, wrong, example)
    found = dict(part.split("=", 1) for part in listed if "=" in part)
    missing = sorted(set(DEMO_INSTALLERS) - set(found))
    if listed and missing:
        wrong.append(f"{name} lacks {', '.join(missing)}: product=https://… is wanted for each")
    junk = [part for part in listed if not _INSTALLER.fullmatch(part)]
    if junk:
        wrong.append(f"{name} holds {', '.join(map(repr, junk))}: product=https://… is wanted")
    return found


_INSTALLER = re.compile(rf"({'|'.join(SECURITY)})=https://[A-Za-z0-9.-]+(:[0-9]{{1,5}})?(/[!-~]*)?")


def reserved_names(environment: Mapping[str, str], wrong: list[str]) -> tuple[str, ...]:
    """Names of the operator's own; none need be given."""
    listed = _listed(environment.get("MYPAGE_RESERVED_NAMES", ""))
    junk = [name for name in listed if not _NAME.fullmatch(name)]
    if junk:
        wrong.append(
            f"MYPAGE_RESERVED_NAMES holds {', '.join(map(repr, junk))}: "
            "names of letters, digits and . _ - are wanted"
        )
    return tuple(listed)


_NAME = re.compile(r"[A-Za-z0-9._-]*[A-Za-z0-9][A-Za-z0-9._-]*")


def peppers(environment: Mapping[str, str], wrong: list[str]) -> dict[int, bytes]:
    peppers: dict[int, bytes] = {}
    for part in needed_list(environment, "MYPAGE_PEPPERS", wrong, f"1:{KEY_LENGTH} random characters"):
        version, _, key = part.partition(":")
        if not _VERSION.fullmatch(version) or int(version) in peppers or weak(key):
            wrong.append(f"MYPAGE_PEPPERS holds a part that is not version:key with a strong key: {_ADVICE}")
            break
        peppers[int(version)] = key.encode()
    return peppers


_VERSION = re.compile(r"[0-9]{1,9}")


def proxies(environment: Mapping[str, str], wrong: list[str]) -> list[networks.Network]:
    """Whose X-Forwarded-For is believed. It must be said: behind an unnamed proxy all members have one address."""
    name = "MYPAGE_TRUSTED_PROXIES"
    listed = needed_list(
        environment, name, wrong, "10.0.0.1, 10.1.0.0/16 (or none, if members ask the portal itself)"
    )
    read = [] if listed == ["none"] else [(part, _network(part)) for part in listed]
    junk = [part for part, network in read if network is None]
    if junk:
        wrong.append(
            f"{name} holds {', '.join(map(repr, junk))}: addresses and networks are wanted, or none alone"
        )
    return [network for _, network in read if network]


def _network(text: str) -> networks.Network | None:
    """The network; none for one that is everybody's."""
    found = networks.network(text)
    return found if found and found.prefixlen else None


def weak(key: str) -> bool:
    """Whether the key is too short, or repeats itself."""
    return len(key) < KEY_LENGTH or len(set(key)) < KEY_LENGTH // 4


_ADVICE = f"make one of {KEY_LENGTH} characters or more with `python3 -c 'import secrets; print(secrets.token_urlsafe(32))'`"


def number(environment: Mapping[str, str], name: str, preset: int, most: int, wrong: list[str]) -> int:
    value = environment.get(name) or str(preset)
    if re.fullmatch(r"[0-9]{1,5}", value) and 1 <= int(value) <= most:
        return int(value)
    wrong.append(f"{name} is {value!r}: a number from 1 to {most} is wanted")
    return preset
