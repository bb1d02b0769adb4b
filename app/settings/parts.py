"""How each part of the settings is read from the variables of the environment (variables.py).

A reader adds what is wrong to the list that it is given, so that all of it is named at once.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import cast, get_args

from email_validator import EmailNotValidError, validate_email

from app import log_lines
from app.branding import BRAND
from app.domain import keeping, networks
from app.domain.installation import CLOSED_MONTHS, CUSTOMER_NUMBER_DIGITS, SecondFactor
from app.domain.keeping import Duration
from app.gateway.stripe_checkout import StripeAccount
from app.mistake import Mistake
from app.settings.of_demo import DEMO_INSTALLERS, DEMO_INVOICE_NUMBER
from app.settings.secret_files import is_given
from app.settings.shape import Billing, Contact, Internal, Mail, Metrics, Security, Smtp
from app.settings.variables import ADVICE, KEY_LENGTH, https, needed, needed_list, number, split, weak


def contact(environment: Mapping[str, str], wrong: list[str]) -> Contact:
    return Contact(
        operator=needed(environment, "MYPAGE_OPERATOR", wrong, "例示通信株式会社"),
        phone=needed(environment, "MYPAGE_CONTACT_PHONE", wrong, "0120-000-0000"),
        hours=needed(environment, "MYPAGE_CONTACT_HOURS", wrong, "9時～17時（年中無休）"),
        ways=BRAND.names.contact.ways,
    )


def partners(environment: Mapping[str, str], wrong: list[str]) -> dict[str, str]:
    """Where the brand's partners are, by key; one that the brand gives no address is left out."""
    return {
        partner.key: https(environment, partner.address[1:], wrong, "https://partner.example.jp/")
        if partner.address.startswith("$")
        else partner.address
        for partner in BRAND.partners
        if partner.address
    }


def billing(environment: Mapping[str, str], wrong: list[str]) -> Billing:
    """What bills say; whether they are the whole of what a member pays has to be said."""
    address = needed(environment, "MYPAGE_OPERATOR_ADDRESS", wrong, "〒100-0000 東京都千代田区例示1-2-3")
    example = "none, or 回線と通話の料金は、この金額に含まれません。別にお送りする請求書でご請求します。"
    elsewhere = needed(environment, "MYPAGE_BILLED_ELSEWHERE", wrong, example)
    return Billing(address, "" if elsewhere == "none" else elsewhere)


def customer_number_digits(environment: Mapping[str, str], wrong: list[str]) -> int:
    name, preset = "MYPAGE_CUSTOMER_NUMBER_DIGITS", CUSTOMER_NUMBER_DIGITS
    value = environment.get(name) or str(preset)
    if re.fullmatch(r"[0-9]{1,2}", value) and 6 <= int(value) <= 14:
        return int(value)
    wrong.append(f"{name} is {value!r}: a number from 6 to 14 is wanted")
    return preset


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
    return Mail(sender(environment, wrong), _smtp(environment, wrong), mail_hold(environment, wrong))


def mail_hold(environment: Mapping[str, str], wrong: list[str]) -> bool:
    """Whether mails are held. A word that was meant as yes must not let them go."""
    value = environment.get("MYPAGE_MAIL_HOLD", "").strip() or "0"
    if value not in ("0", "1"):
        wrong.append(f"MYPAGE_MAIL_HOLD is {value!r}: 1 (mails are held) or 0 is wanted")
    return value != "0"


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
    if security == "none" and not any(is_given(environment, name) for name, _ in login):
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
    if not any(is_given(environment, name) for name in names):
        return None
    needed(environment, names[0], wrong, "8010")
    secret = needed(environment, names[1], wrong, f"{KEY_LENGTH} random characters")
    if secret and (weak(secret) or not _HEADER.fullmatch(secret)):
        wrong.append(f"{names[1]} is weak, or has other signs than letters, digits, - and _: {ADVICE}")
    host = environment.get("MYPAGE_INTERNAL_HOST") or "127.0.0.1"
    if networks.address(host) is None:
        wrong.append(f"MYPAGE_INTERNAL_HOST is {host!r}: an address of this machine is wanted")
    return Internal(host, number(environment, names[0], 8010, 65535, wrong), secret)


_HEADER = re.compile(r"[A-Za-z0-9_-]+")
"""What stands in a header of Dovecot's settings as it is."""


def log(environment: Mapping[str, str], wrong: list[str]) -> None:
    """How the log is written, which log_lines.py reads by itself: a program may have to say something before this."""
    try:
        log_lines.form(environment)
    except Mistake as error:
        wrong.append(str(error))


def metrics(environment: Mapping[str, str], wrong: list[str]) -> Metrics | None:
    """Where Prometheus asks; no port: nowhere."""
    name = "MYPAGE_METRICS_PORT"
    host = environment.get("MYPAGE_METRICS_HOST") or "127.0.0.1"
    if networks.address(host) is None:
        wrong.append(f"MYPAGE_METRICS_HOST is {host!r}: an address of this machine is wanted")
    if not environment.get(name, "").strip():
        return None
    return Metrics(host, number(environment, name, 9464, 65535, wrong))


def second_factor(environment: Mapping[str, str], wrong: list[str]) -> SecondFactor:
    chosen = environment.get("MYPAGE_SECOND_FACTOR") or "offered"
    if chosen not in get_args(SecondFactor):
        wrong.append(f"MYPAGE_SECOND_FACTOR is {chosen!r}: offered, admins or all is wanted")
    return cast(SecondFactor, chosen)


def closed_months(environment: Mapping[str, str], wrong: list[str]) -> int:
    return number(environment, "MYPAGE_CLOSED_MONTHS", CLOSED_MONTHS, 120, wrong)


def keep(environment: Mapping[str, str], closed: int, wrong: list[str]) -> dict[str, Duration]:
    """How long what is kept. `closed`: months that a contract that ended is read, which its data must not end before."""
    found = {}
    known = [one.variable for one in keeping.KEPT]
    prefix = known[0].removesuffix(keeping.KEPT[0].name.upper())
    wrong += [
        f"{name} is set, and there is no such setting: {', '.join(sorted(known))} say how long what is kept"
        for name in sorted(environment)
        if name.startswith(prefix) and name not in known
    ]
    for one in keeping.KEPT:
        text = environment.get(one.variable, "").strip() or one.default.written
        period = Duration.parse(text)
        if period is None:
            wrong.append(f"{one.variable} is {text!r}: days, months or years are wanted, as 90d, 25m or 7y")
        elif problem := keeping.too_short(one, period):
            wrong.append(problem)
        found[one.name] = period or one.default
    contracts = keeping.CONTRACTS
    if found[contracts.name].at_least < Duration(months=closed).at_least:
        wrong.append(
            f"{contracts.variable} is {found[contracts.name].written}: MYPAGE_CLOSED_MONTHS lets customers read for {closed} "
            "months after the end, so it must not be shorter"
        )
    return found


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


def base_url(environment: Mapping[str, str], wrong: list[str]) -> str:
    """Scheme and host that links from outside begin with."""
    name = "MYPAGE_BASE_URL"
    value = needed(environment, name, wrong, "https://mypage.example.jp").lower().removesuffix("/")
    found = _BASE.fullmatch(value)
    if value and not (found and _is_host(found["host"]) and 1 <= int(found["port"] or 443) <= 65535):
        wrong.append(f"{name} is {value!r}: https:// and a host name are wanted, without a path")
    return value


def hosts(environment: Mapping[str, str], base: str, wrong: list[str]) -> frozenset[str]:
    """The names that the portal answers to: those that are listed, else that of its address, `base`."""
    listed = [host.lower() for host in split(environment.get("MYPAGE_HOSTS", ""))]
    junk = [host for host in listed if not _is_host(host)]
    if junk:
        wrong.append(
            f"MYPAGE_HOSTS holds {', '.join(map(repr, junk))}: host names are wanted, without https:// and port"
        )
    found = _BASE.fullmatch(base)
    own = found["host"] if found else ""
    if own and listed and own not in listed:
        wrong.append(f"MYPAGE_BASE_URL is {base!r}: MYPAGE_HOSTS does not name its host {own}")
    return frozenset(listed or filter(None, [own]))


def _is_host(text: str) -> bool:
    """A name, an address, or one of IPv6 in brackets."""
    if text.startswith("["):
        return text.endswith("]") and networks.address(text[1:-1]) is not None
    return len(text) <= 253 and _NAME_OF_HOST.fullmatch(text) is not None


_BASE = re.compile(r"https://(?P<host>[a-z0-9.-]+|\[[0-9a-f:.]+\])(:(?P<port>[0-9]{1,5}))?")
_LABEL = r"(?!-)[a-z0-9_-]{1,63}(?<!-)"
_NAME_OF_HOST = re.compile(rf"{_LABEL}(\.{_LABEL})*")


def security_contact(environment: Mapping[str, str], wrong: list[str]) -> str:
    """An address as /.well-known/security.txt wants it; "" where none is set."""
    value = environment.get("MYPAGE_SECURITY_CONTACT", "").strip()
    if value and not _CONTACT.fullmatch(value):
        wrong.append(f"MYPAGE_SECURITY_CONTACT is {value!r}: mailto:…, https://… or tel:… is wanted")
    return value


_CONTACT = re.compile(r"mailto:[!-~]+@[!-~]+|https://[!-~]+|tel:\+?[0-9][!-~]+")


def installers(environment: Mapping[str, str], wrong: list[str]) -> dict[str, str]:
    """Addresses by product, of those whose catalogue does not say it."""
    name = "MYPAGE_INSTALLERS"
    listed = split(environment.get(name, ""))
    junk = [part for part in listed if not _INSTALLER.fullmatch(part)]
    if junk:
        example = ",".join(f"{product}={address}" for product, address in DEMO_INSTALLERS.items())
        wrong.append(f"{name} holds {', '.join(map(repr, junk))}: product=https://… is wanted, as {example}")
    return dict(part.split("=", 1) for part in listed if "=" in part)


_INSTALLER = re.compile(r"[a-z][a-z0-9-]{1,31}=https://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[!-~]*)?")


def reserved_names(environment: Mapping[str, str], wrong: list[str]) -> tuple[str, ...]:
    """Names of the operator's own; none need be given."""
    listed = split(environment.get("MYPAGE_RESERVED_NAMES", ""))
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
            wrong.append(f"MYPAGE_PEPPERS holds a part that is not version:key with a strong key: {ADVICE}")
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
