"""What staff do for one login: give out a one-time password, end its sessions."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from app import security_log, settings
from app.commands.running import fit, log_to_stderr, migrated, owned, reached, with_database
from app.domain import clock, installation
from app.domain.installation import Installation, Peppers

T = TypeVar("T")


def issue_password(chosen: argparse.Namespace) -> None:
    """The password alone stands on its line: it is told once, and nothing can show it again."""
    from app.domain.access import names
    from app.domain.people import one_time

    found = settings.peppers()
    installation.use(Installation(peppers=Peppers(found), sender=settings.writer()))
    name = names.read("account", chosen.login)

    async def ready() -> None:
        await fit(found)
        await owned()

    done = _run(lambda: one_time.issue(name, chosen.days), ready)
    until = f"{done.until.astimezone(clock.TOKYO):%Y-%m-%d %H:%M}"
    told = (
        f"told by mail at {done.told} addresses"
        if done.told
        else "no mail address is known: nobody was told by mail"
    )
    print(f"{done.password}\nfor {name.name}, until {until} (Asia/Tokyo), to set an own one; {told}")


def end_sessions(chosen: argparse.Namespace) -> None:
    from app.domain.access import logins, names
    from app.domain.people import one_time

    name = names.read("account", chosen.login)

    async def end() -> int:
        owner = await one_time.owner_of(name)
        number = await logins.end_sessions(owner)
        security_log.note("sessions-ended", (owner.contract, owner.account), number=str(number))
        return number

    print(f"{_run(end, migrated)} sessions of {name.name} ended")


def _run(work: Callable[[], Awaitable[T]], ready: Callable[[], Awaitable[None]]) -> T:
    """Do the work on the operator's database, once that is `ready`."""

    async def prepared() -> T:
        await ready()
        return await work()

    log_to_stderr()
    with reached() as connection:
        return asyncio.run(with_database(connection, prepared))
