"""What a login's addresses are told of the login itself: a lock, and a browser that is new to it, at most once a day
each; a recovery code that was used.
"""

from __future__ import annotations

import logging
from datetime import timedelta

from app.domain import clock
from app.domain.access import logins
from app.domain.access.login_events import Device, Failure
from app.domain.access.members import Member
from app.domain.letters import outbox, recipients
from app.postgres import database

ONCE = timedelta(days=1)
"""An alert of one kind goes out so often, whatever strangers do."""

log = logging.getLogger("mypage")


async def new_browser(member: Member, device: Device) -> None:
    """Tell of a login from a browser that has never logged in with it, or not since its password was changed."""
    await _tell(member.contract.id, member.account_id, "new-browser", device, named(member))


async def locked(failure: Failure) -> None:
    """Tell of a login that was tried too often, or of a step. Called when the answer is sent, as login_events.note is."""
    try:
        owner = await logins.find(failure.by, failure.name)
        if owner:
            name = of_customer(failure.name) if owner.account is None else of_account(failure.name)
            mail = "second-factor-failed" if failure.factor else "login-locked"
            mail = "step-guessed" if failure.step else mail
            await _tell(owner.contract, owner.account, mail, failure.device, name)
    except Exception as error:
        log.error("nobody could be told of a locked login", exc_info=database.without_detail(error))


async def recovery_code_used(member: Member, device: Device, left: int) -> None:
    """Tell of a login by a recovery code, each time: whoever found the list can come in as often as there are codes left."""
    whom = member.contract.id, member.account_id
    facts = {
        "login": named(member),
        "moment": clock.now(),
        "browser": device.browser,
        "network": device.network,
    }
    async with database.engine().transaction():
        told = await recipients.of_login(*whom) + await recipients.former(*whom)
        await outbox.post(member.contract.id, told, "recovery-code-used", **facts, left=left)


async def _tell(contract: int, account: int | None, mail: str, device: Device, login: str) -> None:
    now = clock.now()
    async with database.engine().transaction():
        if not await database.rows(_FIRST_OF_THE_DAY, contract, account, mail, now, now - ONCE):
            return
        told = await recipients.of_login(contract, account)
        facts = {"login": login, "moment": now, "browser": device.browser, "network": device.network}
        await outbox.post(contract, told, mail, **facts)


# SQL for an upsert that writes, and says so, only where the last alert is old enough: of two at once one tells.
_FIRST_OF_THE_DAY = """
INSERT INTO alert (contract, account, kind, told_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (contract, account, kind) DO UPDATE SET told_at = $4 WHERE alert.told_at <= $5
RETURNING 1
"""


def named(member: Member) -> str:
    """The member's login, as a mail names it."""
    return of_account(member.own.login) if member.own else of_customer(member.customer_number)


def of_account(login: str) -> str:
    return f"アカウントID「{login}」"


def of_customer(number: str) -> str:
    """No mail carries the whole number: it is half of a login."""
    return f"お客様番号（末尾{number[-4:]}）"
