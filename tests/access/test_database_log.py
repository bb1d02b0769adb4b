"""What PostgreSQL writes to its own log: no hash of a password, whatever is refused (docs/operating.md says the rest)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from asyncpg import CheckViolationError, UniqueViolationError

from app import settings
from app.domain import tables
from app.domain.changes import asking
from app.domain.changes.words import Refused
from app.domain.people.account_password import ChangeAccountPassword
from app.domain.people.accounts import AccountDetails, RegisterAccount
from app.domain.people.customer_password import ChangeCustomerPassword
from app.postgres import database
from app.postgres.embedded import EmbeddedPostgres
from tests import households
from tests.households import HASH

DETAILS = AccountDetails("有光", "光", "アルテリ", "ヒカリ", "ひかり", "user")
ANOTHER = HASH[:-1] + ("A" if HASH[-1] != "A" else "B")

pytestmark = pytest.mark.skipif(
    settings.database_url() is not None, reason="the log of a server of somebody else's is not ours to read"
)


@pytest.fixture
async def logged(empty_database: str, embedded: EmbeddedPostgres) -> Callable[[], str]:
    """What the log got since the test began."""
    before = embedded.log.stat().st_size
    return lambda: embedded.log.read_bytes()[before:].decode()


async def test_a_password_that_was_used_before_is_refused_without_a_line(logged: Callable[[], str]) -> None:
    family = await households.new_household()
    customer = await households.log_in(family.contract)
    for change in (ChangeAccountPassword("family-son", ANOTHER), ChangeCustomerPassword("p1" + ANOTHER)):
        twice = [await asking.ask(customer, change) for _ in range(2)]
        await asking.confirm(customer, twice[0])
        with pytest.raises(Refused, match="使ったことのある"):
            await asking.confirm(customer, twice[1])
    assert logged() == ""


async def test_what_the_database_refuses_is_logged_without_its_rows(logged: Callable[[], str]) -> None:
    family = await households.new_household()
    customer = await households.log_in(family.contract)
    with pytest.raises(Refused):
        await asking.confirm(
            customer, await asking.ask(customer, RegisterAccount("family-son", DETAILS, ANOTHER))
        )
    row: dict[str, Any] = {"contract": family.contract, "account": family.son, "hash": ANOTHER}
    await tables.UsedPassword(**row).save()
    with pytest.raises(UniqueViolationError):
        await tables.UsedPassword(**row).save()
    with pytest.raises(CheckViolationError):
        await database.rows("UPDATE account SET role = 'root', password_hash = $1", ANOTHER)
    assert "account_login_key" in logged()
    assert "used_password_of_account" in logged()
    assert "account_role_check" in logged()
    for part in ("$argon2", ANOTHER, ANOTHER.rpartition("$")[2]):
        assert part not in logged()
