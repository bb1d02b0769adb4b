"""Weak passwords (spec 18): refused with the reason, within the manual's lengths, on every form that sets one.

A password is weak if it is found with few guesses by somebody who tries common passwords, words, runs, repeats and days
first, and knows the person. zxcvbn searches for the cheapest way through the password; `guesses` adds what it lacks.

Nothing is looked up but what its owner may see (`of_member`), and an imported password is not judged: it is its owner's
already, and the import has no page to say so on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from itertools import chain

import anyio

from app.domain import tables
from app.domain.access import proofs
from app.domain.access.graph import Account
from app.domain.access.matrix import Permission
from app.domain.access.members import Member
from app.domain.access.proofs import ProofNeeded, Step
from app.domain.cards import roman_names
from app.domain.fields import Wrong
from app.domain.people import guesses
from app.domain.people.accounts import AccountDetails
from app.domain.people.guesses import Match

ENOUGH = 10**6
"""Guesses that a password must stand: so many stop whoever is slowed down as our login slows down (zxcvbn's score 2)."""

REASONS = {
    "login": "アカウントIDから推測できるパスワードは使えません。",
    "name": "お名前から推測できるパスワードは使えません。",
    "user-name": "ユーザーネームから推測できるパスワードは使えません。",
    "customer-number": "お客様番号に含まれる数字から推測できるパスワードは使えません。",
    "phone": "電話番号やFAX番号に含まれる数字から推測できるパスワードは使えません。",
    "birth": "生年月日から推測できるパスワードは使えません。",
    "mail": "メールアドレスから推測できるパスワードは使えません。",
    "service": "このサービスの名前から推測できるパスワードは使えません。",
    "repeat": "同じ文字や文字列の繰り返しから推測できるパスワードは使えません。",
    "run": "文字や数字、キーボードの並びから推測できるパスワードは使えません。",
    "date": "日付や年から推測できるパスワードは使えません。",
    "common": "多くの方が使っているパスワードと同じか、よく似ているため使えません。",
    "word": "よくある単語や名前から推測できるパスワードは使えません。",
}
"""Why a password is weak, by what most of it is; what is the person's own stands first."""


@dataclass(frozen=True)
class About:
    """Whose password it is: what somebody who knows the person would try. What is not known is empty."""

    login: str = ""
    """The account ID; empty for the password of a customer number."""
    customer_number: str = ""
    names: tuple[str, ...] = ()
    """Family and given names as written."""
    kana: tuple[str, ...] = ()
    """The same in カナ."""
    user_names: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    birth_date: date | None = None
    addresses: tuple[str, ...] = ()


def judge(password: str, about: About) -> str | None:
    """Why the password is weak, in one sentence; None: it is not. Takes some milliseconds, the first time 50."""
    from zxcvbn import matching, scoring  # its lists take 14 MB and 40 ms, which no command has to wait for

    found = [*matching.omnimatch(password), *_own_matches(password, about)]
    # Without the term that zxcvbn adds for each further piece: with it, three pieces would be strong whatever they are.
    cheapest = scoring.most_guessable_match_sequence(password, found, _exclude_additive=True)
    if cheapest["guesses"] >= min(ENOUGH, 10 ** (len(password) - 1)):
        return None
    return REASONS[_most(cheapest["sequence"])]


async def must_be_strong(password: str, about: About) -> None:
    """Raises Wrong, with the reason, for a weak password. In a thread: nobody else waits meanwhile."""
    reason = await anyio.to_thread.run_sync(judge, password, about)
    if reason:
        raise Wrong(reason)


def _own_matches(password: str, about: About) -> Iterator[Match]:
    words = partial(guesses.words, password)
    return chain(
        words(_parts(about.login), "login"),
        words(about.names, "name"),
        *(guesses.spelt(password, partial(roman_names.spans, kana=kana), "name") for kana in about.kana),
        words(chain.from_iterable(map(_parts, about.user_names)), "user-name"),
        guesses.numbers(password, [about.customer_number], "customer-number"),
        guesses.numbers(password, about.phones, "phone"),
        guesses.days(password, about.birth_date, "birth"),
        words(chain.from_iterable(_parts(one.partition("@")[0]) for one in about.addresses), "mail"),
        words(guesses.SERVICE, "service"),
        guesses.japanese(password),
        guesses.years(password),
        guesses.runs(password),
    )


def _parts(name: str) -> Iterator[str]:
    """A name as it is written, without its signs, and its parts of four letters and more."""
    yield name
    yield re.sub("[._-]", "", name)
    yield from (part for part in re.split("[._-]", name) if len(part) >= 4)


def _most(sequence: list[Match]) -> str:
    """What most of the password is, of the pieces that make it weak."""
    kinds = [(_kind(piece), len(piece["token"])) for piece in sequence if piece["pattern"] != "bruteforce"]
    order = list(REASONS)
    return max(kinds, key=lambda kind: (kind[1], -order.index(kind[0])))[0]


_ZXCVBN = {"spatial": "run", "sequence": "run", "regex": "date"}


def _kind(piece: Match) -> str:
    if piece["pattern"] == "dictionary":
        return "common" if piece["dictionary_name"] == "passwords" else "word"
    pattern: str = piece["pattern"]
    return _ZXCVBN.get(pattern, pattern)


# --- about whom -------------------------------------------------------------------------------------------------------


async def of_contractor(contract: int) -> About:
    """About the contractor, whose password the customer number's is."""
    c = tables.Contract
    row = (
        await c.select(
            c.customer_number,
            *(c.family, c.given, c.family_kana, c.given_kana, c.company, c.company_kana),
            *(c.phone, c.mobile, c.fax, c.birth_date, c.email),
        )
        .where(c.id == contract)
        .first()
    )
    if row is None:
        raise LookupError("there is no such contract")
    return About(
        customer_number=row["customer_number"],
        names=(row["family"], row["given"], row["company"]),
        kana=(row["family_kana"], row["given_kana"], row["company_kana"]),
        phones=(row["phone"], row["mobile"], row["fax"]),
        birth_date=row["birth_date"],
        addresses=(row["email"],),
    )


def of_account(login: str, customer_number: str, *people: Account | AccountDetails | None) -> About:
    """About an account ID: what it is registered as, what is typed for it, from all that is given."""
    given = [one for one in people if one]
    registered = [one for one in given if isinstance(one, Account)]
    return About(
        login=login,
        customer_number=customer_number,
        names=tuple(name for one in given for name in (one.family, one.given)),
        kana=tuple(name for one in given for name in (one.family_kana, one.given_kana)),
        user_names=tuple(one.user_name for one in given),
        addresses=tuple(
            address or "" for one in registered for address in (one.ucom_address, one.other_address)
        ),
    )


async def of_member(member: Member, about: About) -> About:
    """What is said about an account ID, and about the contractor too where this member may see that now.

    For whom it is hidden, or behind the step, a refusal would tell it: a birth date, say, guess by guess.
    """
    if not member.may(Permission.CONTRACT):
        return about
    try:
        proofs.require(member, Step.RECENT)
    except ProofNeeded:
        return about
    contractor = await of_contractor(member.contract.id)
    return replace(
        about,
        names=about.names + contractor.names,
        kana=about.kana + contractor.kana,
        phones=contractor.phones,
        birth_date=contractor.birth_date,
        addresses=about.addresses + contractor.addresses,
    )
