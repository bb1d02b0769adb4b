"""Contracts, account IDs and sessions for the tests of the domain, put into the tables directly."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from argon2.low_level import Type, hash_secret

from app.domain import clock, tables
from app.domain.access import members
from app.domain.access.logins import By
from app.domain.access.members import Member
from app.web.cookies import Keys, new_token, token_hash
from tests.browser import Browser
from tests.products import Shipped

KEYS = Keys((b"a newest secret key for the tests", b"an older secret key for the tests!"), https=True)
PASSWORD = "Z!9-first"
"""The password behind HASH. Its first three characters can occur in no base64, and in no name of the tests."""
HASH = hash_secret(
    PASSWORD.encode(),
    b"salt of a tester",
    time_cost=1,
    memory_cost=8,
    parallelism=1,
    hash_len=32,
    type=Type.ID,
).decode()
"""A cheap hash, as an import file may hold one."""

_customer_numbers = itertools.count(90_000_000_000_000)


@dataclass(frozen=True)
class Household:
    """A contract with the mother's admin account ID and her son's user-role one: keys and logins."""

    contract: int
    mother: int
    son: int
    mothers_login: str
    sons_login: str


async def new_contract(**values: Any) -> int:
    """A contract of its own customer number; its key."""
    contract = tables.Contract(
        **{
            "customer_number": str(next(_customer_numbers)),
            "password_hash": HASH,
            "contract_type": "マンションLANタイプ",
            "mail_product": "mail_pack",
            "opened_on": date(2015, 4, 1),
            "family": "有光",
            "given": "杏",
            "birth_date": date(1980, 1, 2),
            "household": 0,
            **values,
        }
    )
    await contract.save()
    return int(contract.id)


async def new_account(contract: int, login: str, slot: int, **values: Any) -> int:
    """An account ID of the contract; its key."""
    account = tables.Account(
        **{
            "contract": contract,
            "login": login,
            "slot": slot,
            "password_hash": HASH,
            "family": "有光",
            "given": login,
            "family_kana": "アリテリ",
            "given_kana": "アン",
            "user_name": login,
            "registered_at": clock.now() - timedelta(days=400),
            **values,
        }
    )
    await account.save()
    await tables.UsedPassword(contract=contract, account=account.id, hash=account.password_hash).save()
    return int(account.id)


async def new_household(name: str = "family") -> Household:
    """A contract with two account IDs, named after the family."""
    contract = await new_contract()
    mothers_login, sons_login = f"{name}-mother", f"{name}-son"
    mother = await new_account(contract, mothers_login, 1, role="admin")
    son = await new_account(contract, sons_login, 2, role="user")
    return Household(contract, mother, son, mothers_login, sons_login)


async def rich_household(name: str) -> Household:
    """A household with a mail address, a web space and bought products; some of each are over."""
    family = await new_household(name)
    now = clock.now()
    ago = now - timedelta(days=30)
    for account, login in ((family.mother, family.mothers_login), (family.son, family.sons_login)):
        of: dict[str, Any] = {"contract": family.contract, "account": account}
        for place, ended in (("old", now), ("new", None)):
            dated: dict[str, Any] = {"registered_at": ago, "released_at": ended}
            await tables.MailAddress(**of, **dated, address=f"{login}-{place}@ucom.ne.jp").save()
            await tables.WebSpace(**of, **dated, name=f"{login}-{place}").save()
        await tables.ServicePeriod(**of, product=Shipped.SECURITY_360, started_at=ago, ended_at=now).save()
        await tables.ServicePeriod(**of, product=Shipped.KIDS_FILTER, started_at=ago).save()
    await tables.ServicePeriod(contract=family.contract, product=Shipped.MAIL_PACK, started_at=ago).save()
    await new_account(family.contract, f"{name}-gone", 3, deleted_at=now)
    return family


async def new_session(
    contract: int,
    account: int | None = None,
    *,
    opened_at: datetime | None = None,
    seen_at: datetime | None = None,
) -> str:
    """A session of the customer number or of an account ID; its token."""
    token, now = new_token(), clock.now()
    await tables.Session(
        token_hash=token_hash(token),
        contract=contract,
        account=account,
        opened_at=opened_at or now,
        seen_at=seen_at or now,
    ).save()
    return token


async def sign_in(browser: Browser, by: By, name: str) -> Browser:
    """Give the browser a session as a login does, without the time of its pages and of a hash."""
    if by == "customer":
        contract = await tables.Contract.objects().get(tables.Contract.customer_number == name)
        assert contract
        token, role = await new_session(contract.id), "customer"
    else:
        account = await tables.Account.objects().get(tables.Account.login == name)
        assert account
        token, role = await new_session(account.contract, account.id), account.role
    browser.cookies.set(KEYS.session_cookie, KEYS.sign("session", [token, role]), browser.base_url.host)
    return browser


async def caller(token: str) -> Member | None:
    """Whom a request with that token comes from."""
    return await members.find(token_hash(token), KEYS.seal_keys(token))


async def log_in(contract: int, account: int | None = None) -> Member:
    """A member with a session of its own."""
    member = await caller(await new_session(contract, account))
    assert member
    return member


async def again(member: Member) -> Member | None:
    """The same session at its next request."""
    return await members.find(member.token_hash, member.seal_keys)
