"""The variables of the environment, and how a plain one is read: a text, a list, a number, a key, an address.

A reader adds what is wrong to the list that it is given, so that all of it is named at once.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from app.domain.keeping import KEPT
from app.settings.secret_files import given

KEY_LENGTH = 32
"""Shortest secret that is accepted, in characters."""

VARIABLES = {
    "DATABASE_URL": "PostgreSQL 15 or newer; without it the embedded one in MYPAGE_DATA_DIR",
    "MYPAGE_DATA_DIR": "folder of the embedded PostgreSQL (the demo's default: .mypage)",
    "MYPAGE_SECRET_KEYS": "keys that sign cookies, newest first, separated by commas",
    "MYPAGE_PEPPERS": "keys of password hashes as version:key, separated by commas; never remove one in use",
    "MYPAGE_DATA_KEYS": "keys of what is encrypted at rest (PINs, authenticator apps), newest first, separated by commas",
    "MYPAGE_HOSTS": "host names the portal answers to, separated by commas (default: that of MYPAGE_BASE_URL)",
    "MYPAGE_BASE_URL": "https address of the portal, without a path: links in mails and other absolute addresses begin with it",
    "MYPAGE_TRUSTED_PROXIES": "addresses or networks of the proxies before the portal, separated by commas, or none",
    "MYPAGE_POOL_SIZE": "database connections of one worker (default 10)",
    "MYPAGE_SECOND_FACTOR": "who must have a second factor: offered (nobody, default), admins or all",
    "MYPAGE_CUSTOMER_NUMBER_DIGITS": "how long every customer number is, 6 to 14 (default 14)",
    "MYPAGE_CLOSED_MONTHS": "how many months the customer number of a contract that ended can read its bills (default 3)",
    "MYPAGE_ERASURES": "file outside of the database in which erased contracts are known again by keyed hashes",
    **{
        one.variable: f"how long is kept: {one.what}; as {one.default.written} (default), {one.least.written} at least"
        for one in KEPT
    },
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
    "MYPAGE_BRAND": "folder of the brand: names, colours, icon, texts (default: the one that comes with the program)",
    "MYPAGE_CINEMA_URL": "https address of the partner giga-cinema, where the brand leaves it to this variable",
    "MYPAGE_CLUB_URL": "likewise of the partner club-off",
    "MYPAGE_MAIL_DOMAIN": "domain of the members' mail addresses",
    "MYPAGE_IMAP_HOST": "host name for receiving mail that a member types into a mail program",
    "MYPAGE_IMAP_PORT": "its port (default 993)",
    "MYPAGE_IMAP_SECURITY": "its encryption: tls (default) or starttls",
    "MYPAGE_SUBMISSION_HOST": "host name for sending mail, likewise",
    "MYPAGE_SUBMISSION_PORT": "its port (default 587)",
    "MYPAGE_SUBMISSION_SECURITY": "its encryption: starttls (default) or tls",
    "MYPAGE_WEB_HOST": "host name of the members' home pages",
    "MYPAGE_WEB_MEGABYTES": "capacity of a web space in MB (default: ask by phone)",
    "MYPAGE_WEB_UPLOAD": "where members put their files, as sftp://host or ftps://host (default: ask by phone)",
    "MYPAGE_STRIPE_SECRET_KEY": "secret or restricted key of the Stripe account that keeps the members' cards",
    "MYPAGE_MAIL_FROM": "address that the portal's mails come from, and bounces go to",
    "MYPAGE_MAIL_HOLD": "1: mails are posted and held, and none leaves before `mypage mail release` (default 0)",
    "MYPAGE_DKIM_SELECTOR": "selector that the mail server signs the portal's mails with, for `mypage check`",
    "MYPAGE_SMTP_HOST": "host name of the mail server that takes the portal's mails",
    "MYPAGE_SMTP_PORT": "its port (default 587)",
    "MYPAGE_SMTP_USER": "login name there",
    "MYPAGE_SMTP_PASSWORD": "password there",
    "MYPAGE_RESERVED_NAMES": "more names that no member may register, separated by commas",
    "MYPAGE_INTERNAL_HOST": "address that the internal listener listens on (default 127.0.0.1)",
    "MYPAGE_INTERNAL_PORT": "its port; without it there is none",
    "MYPAGE_INTERNAL_SECRET": "the secret that the operator's own servers, such as Dovecot, show there",
    "MYPAGE_LOG": "how the log is written: text (default) or json",
    "MYPAGE_METRICS_PORT": "port that Prometheus asks at; without it there are no metrics",
    "MYPAGE_METRICS_HOST": "address that it listens on (default 127.0.0.1)",
    "MYPAGE_SMTP_SECURITY": "starttls (default), tls, or none, which only a loopback host may have",
}


def needed(environment: Mapping[str, str], name: str, wrong: list[str], example: str) -> str:
    """The text of a variable that must be set."""
    found = given(environment, name, wrong)
    if found is None:
        return ""
    value = found.strip()
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


def split(value: str) -> list[str]:
    """The parts between commas, without empty ones."""
    return [part.strip() for part in value.split(",") if part.strip()]


def needed_list(environment: Mapping[str, str], name: str, wrong: list[str], example: str) -> list[str]:
    """The parts of a variable that must be set; commas alone are nothing."""
    found = given(environment, name, wrong)
    if found is None:
        return []
    return split(found) or split(needed({}, name, wrong, example))


def keys(environment: Mapping[str, str], name: str, wrong: list[str]) -> list[bytes]:
    """Secrets, none of them short or plain."""
    listed = needed_list(environment, name, wrong, f"{KEY_LENGTH} random characters")
    if any(weak(key) for key in listed):
        wrong.append(f"{name} holds a weak key: {ADVICE}")
    return [key.encode() for key in listed]


def weak(key: str) -> bool:
    """Whether the key is too short, or repeats itself."""
    return len(key) < KEY_LENGTH or len(set(key)) < KEY_LENGTH // 4


ADVICE = f"make one of {KEY_LENGTH} characters or more with `python3 -c 'import secrets; print(secrets.token_urlsafe(32))'`"


def number(environment: Mapping[str, str], name: str, preset: int, most: int, wrong: list[str]) -> int:
    value = environment.get(name) or str(preset)
    if re.fullmatch(r"[0-9]{1,5}", value) and 1 <= int(value) <= most:
        return int(value)
    wrong.append(f"{name} is {value!r}: a number from 1 to {most} is wanted")
    return preset
