"""To whom the portal writes: the one place of the rule.

連絡用メールアドレス is the contract's; a member does not carry it, so it is looked up in the transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum, auto
from typing import Any

from app.domain import clock, tables
from app.domain.access.graph import Account
from app.postgres import database


class Told(StrEnum):
    """Who gets the mail of a kind of change; each kind declares one (changes/kinds.py)."""

    CONTRACT = auto()
    """連絡用メールアドレス, or the contract's 管理者権限 account IDs."""
    ACCOUNT = auto()
    """The account ID's own address, then as CONTRACT."""
    PAYERS = auto()
    """The account ID's own address, 連絡用メールアドレス and the contract's 管理者権限 account IDs: whoever may decide."""
    NEW_ADDRESS = auto()
    """The address that is registered, the one of another company that it replaces, then as CONTRACT."""
    OLD_AND_NEW_ADDRESS = auto()
    """As CONTRACT before the change, then the new 連絡用メールアドレス."""
    LEAVING = auto()
    """As CONTRACT, then the address of another company that a deleted account ID had."""


FORMER = timedelta(days=30)
"""An address that was replaced is told so long of whatever could lock its owner out (`grave`)."""


async def of(
    told: Told, contract: int, account: Account | None = None, address: str = "", *, grave: bool = False
) -> list[str]:
    """The addresses as they are now. `account`: whom it is about; `address`: the one that is registered.

    `grave`: also those that were replaced not long ago, of the contract and of the account ID.

    Raises ValueError without the one that is needed.
    """
    addresses = await _of(told, contract, account, address)
    return addresses + await former(contract, account.id if account else None) if grave else addresses


async def _of(told: Told, contract: int, account: Account | None, address: str) -> list[str]:
    if told in (Told.ACCOUNT, Told.PAYERS, Told.NEW_ADDRESS, Told.LEAVING) and account is None:
        raise ValueError(f"{told} is about an account ID that is not given")
    if told in (Told.NEW_ADDRESS, Told.OLD_AND_NEW_ADDRESS) and not address:
        raise ValueError(f"{told} is told at an address that is not given")
    of_all = await (admins_and_contact if told is Told.PAYERS else of_contract)(contract)
    if told is Told.OLD_AND_NEW_ADDRESS:
        return [*of_all, address]
    if account is None:
        return of_all
    elsewhere = [account.other_address] if account.other_address else []
    if told is Told.LEAVING:
        return [*of_all, *elsewhere]
    if told is Told.NEW_ADDRESS:
        return [address, *elsewhere, *of_all]  # one of ours ends with the change: nobody could read it there
    return [*_own(account), *of_all]


async def of_login(contract: int, account: int | None) -> list[str]:
    """Where who logs in by the account ID, or by the customer number (None), is reached."""
    own = _there(await database.rows(_OF_ACCOUNT, account)) if account else []
    return own + await of_contract(contract)


async def former(contract: int, account: int | None) -> list[str]:
    """The contract's and the account ID's addresses that were replaced less than FORMER ago.

    Where there is no 連絡用メールアドレス, those of its 管理者権限 account IDs stand for it, as in of_contract().
    """
    return _there(await database.rows(_FORMER, contract, account, clock.now() - FORMER))


async def replaced(contract: int, account: int | None, address: str | None, now: datetime) -> None:
    """Remember, in the change's transaction, an address that somebody could read until now."""
    if address:
        row = tables.FormerAddress(contract=contract, account=account, address=address, replaced_at=now)
        await row.save()


async def of_contract(contract: int) -> list[str]:
    """連絡用メールアドレス of the contract; one without is reached through its 管理者権限 account IDs."""
    return await _email(contract) or await _admins(contract)


async def in_words(contract: int) -> str:
    """Where a mail to the contract goes, for a page that promises one; "" where nobody can be reached."""
    if await _email(contract):
        return "連絡用メールアドレス"
    return "管理者権限のアカウントIDのメールアドレス" if await _admins(contract) else ""


async def named(
    contract: int, accounts: Sequence[Account], subject: str | None, new: str, addresses: Sequence[str]
) -> tuple[str, ...]:
    """What a receipt calls the addresses that were told, each once: whose they are, not what they are, since others read
    it, too. `accounts`: as they were before the change; `subject`: whom it is about; `new`: what it registers."""
    contact = await _email(contract)
    found = []
    for address in addresses:
        owners = [one.login for one in accounts if address in (one.mail_address, one.other_address)]
        if address in contact:
            found.append("連絡用メールアドレス")
        elif address == new:
            found.append("新しいメールアドレス")
        elif subject in owners:
            found.append(f"{subject}のメールアドレス")
        else:
            found.append("管理者権限の方のメールアドレス" if owners else "変更前のメールアドレス")
    return tuple(dict.fromkeys(found))


async def admins_and_contact(contract: int) -> list[str]:
    """連絡用メールアドレス of the contract, and the addresses of its living 管理者権限 account IDs."""
    return await _email(contract) + await _admins(contract)


# SQL, because every change waits for it twice.
_EMAIL = "SELECT email FROM contract WHERE id = $1"
# SQL for joins that begin at the other table's end: an account ID does not name its address.
_OF_ACCOUNT = """
SELECT coalesce(m.address, a.other_address) AS email
FROM account a LEFT JOIN mail_address m ON m.account = a.id AND m.released_at IS NULL WHERE a.id = $1
"""
_ADMINS = """
SELECT coalesce(m.address, a.other_address) AS email
FROM account a LEFT JOIN mail_address m ON m.account = a.id AND m.released_at IS NULL
WHERE a.contract = $1 AND a.role = 'admin' AND a.deleted_at IS NULL ORDER BY a.id
"""


# SQL for each address once, the one that was replaced last first.
_FORMER = """
SELECT address AS email FROM former_address
WHERE contract = $1 AND replaced_at > $3 AND (
    account IS NULL OR account = $2
    OR account IN (SELECT a.id FROM account a JOIN contract c ON c.id = a.contract
        WHERE c.id = $1 AND c.email = '' AND a.role = 'admin')
)
GROUP BY address ORDER BY max(replaced_at) DESC
"""


def _own(account: Account) -> list[str]:
    return [account.mail_address] if account.mail_address else []


async def _email(contract: int) -> list[str]:
    return _there(await database.rows(_EMAIL, contract))


async def _admins(contract: int) -> list[str]:
    return _there(await database.rows(_ADMINS, contract))


def _there(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    return [row["email"] for row in rows if row["email"]]
