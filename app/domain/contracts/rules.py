"""What each field of the `contracts` file may hold: the rules of the forms, with reasons for the operator.

A reason names what the field must be, and never repeats a value, which may be a password.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any, NamedTuple

from app.domain import catalogue, fields, holders, installation
from app.domain.access import passwords
from app.domain.access.matrix import UserPurchases
from app.domain.cards import numbers
from app.domain.fields import Wrong, reading
from app.domain.months import Month

_LAST4 = re.compile(r"[0-9]{4}")
_CARD_HOLDER = re.compile(r"[A-Za-z][A-Za-z .'-]{0,63}")
_OF_GATEWAY = re.compile(r"(?!.*[0-9]{14})[A-Za-z0-9_-]{0,255}")
_PIN = re.compile(r"[!-~]{4,64}")
_PLAIN = re.compile(r"[A-Za-z0-9]+([._-][A-Za-z0-9]+)*")
_OURS = re.compile(r"[a-z0-9]+([._-][a-z0-9]+)*")
_GATEWAYS = 'must be "" or a name of the payment gateway\'s (pm_…, cus_…) of letters, digits, - and _, with no run of 14 digits'
COMPANY_LENGTH = 100
REPEATED = 4_096
"""Values of a rule that are remembered: most lines repeat what others hold."""


class Rule(NamedTuple):
    """A check that gives the value as it is kept or raises Wrong, and what it asks for, in words."""

    check: Callable[[Any], object]
    must: str


def _repeated(check: Callable[[Any], object], must: str) -> Rule:
    """A rule whose values many lines have in common."""
    return Rule(lru_cache(REPEATED)(check), must)


def one_of(values: tuple[str, ...]) -> Rule:
    return Rule(partial(_chosen, values=values), f"must be one of {', '.join(values)}")


def _chosen(text: str, values: tuple[str, ...]) -> str:
    if text not in values:
        raise Wrong("another value")
    return text


def _product(text: str) -> str:
    """The key of a product of the catalogue, of one that is sold no more, too."""
    if text not in catalogue.current().by_key:
        raise Wrong("no product")
    return text


def _mail_product(text: str) -> str:
    """What the catalogue calls a mail product of contracts."""
    if text not in catalogue.current().mail_products:
        raise Wrong("no mail product")
    return text


def _like(pattern: re.Pattern[str], must: str, read: Callable[[str], str] = reading.roman) -> Rule:
    return _repeated(partial(_matching, pattern=pattern, read=read), must)


def _matching(text: str, pattern: re.Pattern[str], read: Callable[[str], str]) -> str:
    value = read(text)
    if not pattern.fullmatch(value):
        raise Wrong("another form")
    return value


def _or_nothing(rule: Rule, nothing: object) -> Rule:
    """The same where the value may be null or empty; `nothing` is what is kept then."""
    return Rule(partial(_unless_empty, check=rule.check, nothing=nothing), f'{rule.must}, or null or ""')


def _unless_empty(given: object, check: Callable[[Any], object], nothing: object) -> object:
    return nothing if given is None or given == "" else check(given)


def _or_null(rule: Rule) -> Rule:
    return Rule(partial(_unless_null_is_meant, check=rule.check), f"{rule.must}, or null")


def _unless_null_is_meant(given: object, check: Callable[[Any], object]) -> object:
    return None if given is None else check(given)


def _nothing(given: object) -> str:
    if given:
        raise Wrong("another value")
    return ""


def _there(rule: Rule) -> Rule:
    """A rule for what the shape lets be null."""
    return Rule(partial(_unless_null, check=rule.check), rule.must)


def _unless_null(given: object, check: Callable[[Any], object]) -> object:
    if given is None:
        raise Wrong("null")
    return check(given)


def _month(text: str) -> str:
    try:
        return Month.parse(fields.half_width(text)).iso
    except ValueError as error:
        raise Wrong("no month") from error


def _hash(text: str) -> str:
    if not passwords.is_hash(text):
        raise Wrong("not a hash")
    return text


def _household(number: int | None) -> int | None:
    return None if number is None else fields.household(str(number))


def _address(text: str) -> str:
    """As the forms read it. A plain one is known by its domain, of which most lines have the same few."""
    local, at, domain = text.rpartition("@")
    fits = len(local) <= fields.LOCAL_PART_LENGTH and len(text) <= fields.ADDRESS_LENGTH
    if at and fits and _PLAIN.fullmatch(local):
        return f"{local}@{_domain(domain)}"
    return fields.mail_address(text)


@lru_cache(REPEATED)
def _domain(domain: str) -> str:
    return fields.mail_address(f"a@{domain}").rpartition("@")[2]


def _optional_address(text: str) -> str:
    return _address(text) if reading.shows(text) else ""


def _other_address(text: str | None) -> str | None:
    if text is None:
        return None
    address = _address(text)
    if installation.given("mail_domain") and address.rpartition("@")[2] == installation.mail_domain():
        raise Wrong("ours")
    return address


def _ucom_address(text: str) -> str:
    """Of any length: an operator's older addresses may be longer than what is given today."""
    local, at, domain = fields.half_width(text).partition("@")
    if not at or domain.lower() != installation.mail_domain() or not _OURS.fullmatch(local):
        raise Wrong("not at our domain")
    if len(local) > 64:
        raise Wrong("too long")
    return f"{local}@{domain.lower()}"


def customer_number() -> Rule:
    digits = installation.customer_number_digits()
    return Rule(fields.customer_number, f"must be {digits} digits (MYPAGE_CUSTOMER_NUMBER_DIGITS)")


NAME = _repeated(fields.name, f"must be 1 to {fields.NAME_LENGTH} visible characters")
KANA = _repeated(fields.kana, f"must be 1 to {fields.NAME_LENGTH} katakana; ー and ・ are allowed")
ONE_LINE = _repeated(fields.one_line, f"must be 1 to {fields.LINE_LENGTH} visible characters")
DAY = _repeated(fields.day, f"must be a day as YYYY-MM-DD, from {fields.EARLIEST.year} on")
PAST = Rule(fields.past_date, "must be a day as YYYY-MM-DD that is not in the future")
_OPTIONAL_PHONE = Rule(
    fields.optional_phone, 'must be "" or 10 or 11 digits, the first 0; hyphens are allowed'
)
HASH = Rule(
    lru_cache(16)(_hash),
    "must be an argon2id hash ($argon2id$v=19$m=…,t=…,p=…$salt$hash) without pepper, "
    "of at most m=65536, t=4, p=4",
)

CONTRACT = {
    "contract_type": ONE_LINE,
    "mail_product": Rule(
        _mail_product, "must be one of the catalogue's mail products, as it calls them (in_contracts)"
    ),
    "building": ONE_LINE,
    "opened_on": DAY,
    "user_purchases": one_of(tuple(UserPurchases)),
}
CLOSED_ON = _or_null(DAY)
KIND = one_of(holders.KINDS)
_OF_ALL = {
    "address": Rule(fields.one_line, ONE_LINE.must),
    "household": Rule(_household, f"must be null or a whole number from 0 to {fields.HOUSEHOLD}"),
    "phone": Rule(fields.phone, "must be 10 or 11 digits, the first 0; hyphens are allowed"),
    "fax": _OPTIONAL_PHONE,
    "mobile": _OPTIONAL_PHONE,
    "email": Rule(_optional_address, 'must be "" or one mail address'),
}
_OF_COMPANY_ALONE = Rule(_nothing, "must be null of a person; a company is of the kind company")
PERSON = {
    "company": _OF_COMPANY_ALONE,
    "company_kana": _OF_COMPANY_ALONE,
    "family": _there(NAME),
    "given": _there(NAME),
    "family_kana": _there(KANA),
    "given_kana": _there(KANA),
    "birth_date": _there(PAST),
    "sex": _or_null(one_of(fields.SEXES)),
    "occupation": _there(ONE_LINE),
    **_OF_ALL,
}
"""The fields of a holder that is a person, in the order of their columns."""
COMPANY = {
    "company": _there(
        Rule(
            partial(fields.one_line, most=COMPANY_LENGTH), f"must be 1 to {COMPANY_LENGTH} visible characters"
        )
    ),
    "company_kana": _or_nothing(
        Rule(partial(fields.kana, most=COMPANY_LENGTH), f"must be 1 to {COMPANY_LENGTH} katakana"), ""
    ),
    "family": _or_nothing(NAME, ""),
    "given": _or_nothing(NAME, ""),
    "family_kana": _or_nothing(KANA, ""),
    "given_kana": _or_nothing(KANA, ""),
    "birth_date": _or_nothing(PAST, None),
    "sex": _or_nothing(one_of(fields.SEXES), None),
    "occupation": _or_nothing(ONE_LINE, ""),
    **_OF_ALL,
}
"""The same of a company."""
CARD = {
    "brand": one_of(numbers.BRANDS),
    "last4": _like(_LAST4, "must be the last 4 digits of the card number"),
    "expires": _repeated(_month, "must be a month as YYYY-MM"),
    "holder": _like(_CARD_HOLDER, "must be 1 to 64 Roman letters, with spaces . ' - between"),
    "token": Rule(partial(_matching, pattern=_OF_GATEWAY, read=str), _GATEWAYS),
    "payer": Rule(partial(_matching, pattern=_OF_GATEWAY, read=str), _GATEWAYS),
}
ACCOUNT = {
    "family": NAME,
    "given": NAME,
    "family_kana": KANA,
    "given_kana": KANA,
    "user_name": _repeated(
        fields.user_name,
        f"must be 1 to {fields.NAME_LENGTH} full-width characters, letters, digits, blanks, - or _",
    ),
    "role": Rule(fields.role, "must be user or admin"),
    "other_address": Rule(
        _other_address, "must be null or one mail address of another company; one of ours is a ucom_address"
    ),
}
LOGIN = Rule(
    fields.account_id,
    "must be 3 to 15 lower-case letters, digits or -, first a letter, last a letter or digit, "
    f"and not {', '.join(sorted(fields.RESERVED))}",
)
UCOM_ADDRESS = Rule(
    _ucom_address,
    "must be an address at MYPAGE_MAIL_DOMAIN, of small letters and digits with single . _ - between",
)
WEB_SPACE = _like(_OURS, "must be small letters and digits with single . _ - between", fields.half_width)
FORWARDED = Rule(_address, "must be one mail address")
PRODUCT = Rule(_product, "must be the key of a product of the catalogue")
PIN = Rule(partial(_matching, pattern=_PIN, read=str), "must be 4 to 64 ASCII characters without spaces")
