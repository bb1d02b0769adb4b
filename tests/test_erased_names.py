"""Erased names are known again by each pepper that was ever the newest, and by nobody who has the database alone."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from app.domain import clock, erased_names, tables
from app.domain.changes import asking
from app.domain.changes.kinds import Change
from app.domain.changes.words import Refused
from app.domain.erased_names import ErasedNames, Kind
from app.domain.fields import Wrong
from app.domain.installation import Peppers
from app.domain.mail import addresses, web_space
from app.domain.mail.addresses import RegisterUcomAddress
from app.domain.mail.web_space import RegisterWebSpace
from app.domain.people import accounts
from app.domain.people.accounts import RegisterAccount
from app.settings import DEMO_MAIL_SYSTEM
from tests import households
from tests.letters.test_recipients import DETAILS


async def test_a_name_is_known_again_after_a_new_pepper_and_not_without_its_own(
    empty_database: str, installed: Any
) -> None:
    first, second = b"the first pepper of the tests", b"the second pepper of the tests"
    installed(peppers=Peppers({1: first}))
    await tables.ErasedName(
        hash=erased_names.hashed("login", "uta"), kind="login", pepper=1, erased_on=date(2026, 1, 1)
    ).save()
    installed(peppers=Peppers({1: first, 2: second}))
    assert await erased_names.is_erased("login", "uta")
    all_of_them = await ErasedNames.load()
    assert all_of_them.holds("login", "uta")
    assert not all_of_them.holds("address", "uta")
    installed(peppers=Peppers({2: second}))
    assert not await erased_names.is_erased("login", "uta")
    assert not ErasedNames([]).holds("login", "uta")


async def forget(kind: Kind, name: str) -> None:
    await tables.ErasedName(
        hash=erased_names.hashed(kind, name), kind=kind, pepper=1, erased_on=date(2026, 1, 1)
    ).save()


async def test_nobody_registers_an_erased_contracts_name(empty_database: str) -> None:
    family = await households.rich_household("family")
    member = await households.log_in(family.contract)
    account = member.contract.accounts[0]
    await forget("login", "gone-login")
    await forget("address", f"gone.one@{DEMO_MAIL_SYSTEM.domain}")
    await forget("web_space", "gone-one")
    for asked in (
        accounts.free_name(member, "gone-login"),
        addresses.free_address(member, account, "gone.one"),
        web_space.must_be_free("gone-one"),
    ):
        with pytest.raises(Wrong, match="すでに使われているか、過去に使われていた"):
            await asked
    await accounts.free_name(member, "gone-one")
    await web_space.must_be_free("gone-login")


@pytest.mark.parametrize("kind", ["login", "address", "web_space"])
async def test_a_name_that_was_erased_while_its_confirm_page_was_open_is_refused(
    empty_database: str, kind: Kind
) -> None:
    family = await households.new_household()
    of_the_son: dict[str, Any] = {"contract": family.contract, "account": family.son}
    now = clock.now()
    if kind == "web_space":
        address = f"family.son@{DEMO_MAIL_SYSTEM.domain}"
        await tables.MailAddress(**of_the_son, address=address, registered_at=now).save()
    changes: dict[str, tuple[Change, str]] = {
        "login": (RegisterAccount("gone-one", DETAILS, households.HASH), "gone-one"),
        "address": (
            RegisterUcomAddress(family.sons_login, f"gone-one@{DEMO_MAIL_SYSTEM.domain}"),
            f"gone-one@{DEMO_MAIL_SYSTEM.domain}",
        ),
        "web_space": (RegisterWebSpace(family.sons_login, "gone-one"), "gone-one"),
    }
    change, name = changes[kind]
    customer = await households.log_in(family.contract)
    identity = await asking.ask(customer, change)
    await forget(kind, name)
    with pytest.raises(Refused) as refused:
        await asking.confirm(customer, identity)
    assert "すでに使われているか、過去に使われていた" in str(refused.value)
    assert not await tables.Account.exists().where(tables.Account.login == name)
    assert not await tables.MailAddress.exists().where(tables.MailAddress.address == name)
    assert await tables.WebSpace.count() == 0
