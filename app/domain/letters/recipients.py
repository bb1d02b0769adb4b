"""To whom the portal writes: the one place of the rule.

連絡用メールアドレス is the contract's; a member does not carry it, so it is looked up in the transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum, auto
from typing import Any

from app.domain import tables
from app.domain.access.graph import Account
from app.postgres import database


class Told(StrEnum):
    """Who gets the mail of a kind of change; each kind declares one (changes/kinds.py)."""

    NOBODY = auto()
    CONTRACT = auto()
    """連絡用メールアドレス, or the contract's 管理者権限 account IDs."""
    ACCOUNT = auto()
    """The account ID's own address and 連絡用メールアドレス."""
    ACCOUNT_ALONE = auto()
    """The account ID's own address, or 連絡用メールアドレス of one without."""
    NEW_ADDRESS = auto()
    """The address that is registered, then as CONTRACT."""
    OLD_AND_NEW_ADDRESS = auto()
    """As CONTRACT before the change, then the new 連絡用メールアドレス."""
    LEAVING = auto()
    """As CONTRACT, then the address of another company that a deleted account ID had."""


async def of(told: Told, contract: int, account: Account | None = None, address: str = "") -> list[str]:
    """The addresses as they are now. `account`: whom it is about; `address`: the one that is registered.

    Raises ValueError without the one that is needed.
    """
    if told is Told.NOBODY:
        return []
    if told in (Told.ACCOUNT, Told.ACCOUNT_ALONE, Told.LEAVING):
        return await _of_person(told, contract, account)
    of_all = await of_contract(contract)
    if told is Told.CONTRACT:
        return of_all
    if not address:
        raise ValueError(f"{told} is told at an address that is not given")
    return [address, *of_all] if told is Told.NEW_ADDRESS else [*of_all, address]


async def _of_person(told: Told, contract: int, account: Account | None) -> list[str]:
    if account is None:
        raise ValueError(f"{told} is about an account ID that is not given")
    if told is Told.LEAVING:
        return [*await of_contract(contract), *([account.other_address] if account.other_address else [])]
    return await (of_account if told is Told.ACCOUNT else of_account_alone)(account)


async def of_contract(contract: int) -> list[str]:
    """連絡用メールアドレス of the contract; one without is reached through its 管理者権限 account IDs."""
    return await _email(contract) or await _admins(contract)


async def in_words(contract: int) -> str:
    """Where a mail to the contract goes, for a page that promises one; "" where nobody can be reached."""
    if await _email(contract):
        return "連絡用メールアドレス"
    return "管理者権限のアカウントIDのメールアドレス" if await _admins(contract) else ""


async def of_account(account: Account) -> list[str]:
    """The account ID's own address, if it has one, and its contract's 連絡用メールアドレス."""
    return [*_own(account), *await _contact(account)]


async def of_account_alone(account: Account) -> list[str]:
    """The account ID's own address; one without is reached through its contract's 連絡用メールアドレス."""
    return _own(account) or await _contact(account)


async def admins_and_contact(contract: int) -> list[str]:
    """連絡用メールアドレス of the contract, and the addresses of its living 管理者権限 account IDs."""
    return await _email(contract) + await _admins(contract)


# SQL, because most changes ask for it: Piccolo takes 0.3 ms to build this join, a fifteenth of a whole change.
_OF_ACCOUNT = "SELECT c.email FROM contract c JOIN account a ON a.contract = c.id WHERE a.id = $1"
# SQL for a join that begins at the other table's end: an account ID does not name its address.
_ADMINS = """
SELECT coalesce(m.address, a.other_address) AS email
FROM account a LEFT JOIN mail_address m ON m.account = a.id AND m.released_at IS NULL
WHERE a.contract = $1 AND a.role = 'admin' AND a.deleted_at IS NULL ORDER BY a.id
"""


def _own(account: Account) -> list[str]:
    return [account.mail_address] if account.mail_address else []


async def _contact(account: Account) -> list[str]:
    return _there(await database.rows(_OF_ACCOUNT, account.id))


async def _email(contract: int) -> list[str]:
    of_contract = tables.Contract.select(tables.Contract.email)
    return _there(await of_contract.where(tables.Contract.id == contract))


async def _admins(contract: int) -> list[str]:
    return _there(await database.rows(_ADMINS, contract))


def _there(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    return [row["email"] for row in rows if row["email"]]
