"""`mypage contracts`: erasing a customer (spec 19), and writing down what is kept about one."""

from __future__ import annotations

import argparse
import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from app import settings
from app.commands.listing import print_rows
from app.commands.running import fit, owned, reached, with_database, written_whole
from app.domain import clock, installation
from app.domain.access import names
from app.domain.installation import Installation
from app.log_lines import say
from app.mistake import Mistake

T = TypeVar("T")


def erase(chosen: argparse.Namespace) -> None:
    """Order an erasing, do what is due, write the list, or erase again what a restore brought back."""
    asked = [chosen.number is not None, chosen.due, chosen.again is not None]
    if sum(asked) > 1 or not (any(asked) or chosen.list is not None):
        raise Mistake("give one of: a customer number, --due, --list, --again")
    if chosen.number is None and (chosen.reason or chosen.kept_elsewhere):
        raise Mistake("--reason and --kept-elsewhere go with a customer number")
    if chosen.list is not None and not (chosen.due or sum(asked) == 0):
        raise Mistake("--list goes alone or with --due")
    if chosen.number is not None:
        _order(chosen)
    elif chosen.again is not None:
        _again(_list_of(chosen.again))
    elif chosen.due:
        _due(_list_of(chosen.list or ""))
    else:
        _list(_list_of(chosen.list))


def _order(chosen: argparse.Namespace) -> None:
    from app.domain.retention import orders

    number = names.of_number(chosen.number)
    try:
        _run(lambda: orders.order(number, chosen.reason, kept_elsewhere=chosen.kept_elsewhere))
    except orders.NotErasable as error:
        raise Mistake(f"{number} is not to be erased; nothing was changed:\n{error}") from error
    print(f"{number} is to be erased: the next `mypage contracts erase --due` does it, once and for all")


def _due(path: Path | None) -> None:
    """The list first, with what is about to be erased, then the erasing: a kill between the two leaves nobody out of it."""
    from app.domain.retention import again, orders

    async def work() -> orders.Done:
        if path is not None:
            due = await orders.due()
            await _nobody_is_lost(path, due)
            _write(path, await again.lines(due))
        done = await orders.erase_due()
        if path is not None:
            _write(
                path, await again.lines([]), "the list cannot be written anew; it has whom this run erased"
            )
        return done

    done = _run(work)
    print(f"{done.erased:,} contracts erased; names of {done.names:,} bills deleted, whose time is over")
    for line in done.waiting:
        say(f"ordered, and not erased yet: {line}", logging.WARNING)
    if path is None:
        say(_NOWHERE, logging.WARNING)


_NOWHERE = (
    "what was erased is known in the database alone, so a backup that is restored brings it back: set MYPAGE_ERASURES to a "
    "file that is kept apart from the backups"
)


def _list(path: Path | None) -> None:
    from app.domain.retention import again

    if path is None:
        raise Mistake("name the file to write the list of erasures to, or set MYPAGE_ERASURES")

    async def work() -> list[str]:
        await _nobody_is_lost(path, [])
        return await again.lines([])

    found = _run(work)
    _write(path, found, "the list cannot be written")
    print(f"{len(found) - 1:,} names are in {path}")


def _again(path: Path | None) -> None:
    from app.domain.retention import again

    if path is None:
        raise Mistake("name the list of erasures, or set MYPAGE_ERASURES")
    try:
        installation.use(settings.erasing())
        listed = again.read(path)
    except again.BadList as error:
        raise Mistake(f"{path}: nothing was erased: {error}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise Mistake(f"{path}: nothing was erased, since it cannot be read: {error}") from error
    done = _run(lambda: again.erase_again(listed))
    print(f"{done.contracts:,} contracts erased again; {done.names:,} names are given to nobody")


def disclose(chosen: argparse.Namespace) -> None:
    """Write what is kept about a customer, for the eyes of whoever asked for it: the file is its owner's alone."""
    from app.domain.retention import disclosing, orders

    number = names.of_number(chosen.number)

    async def work() -> str:
        return await disclosing.disclosed(await orders.find(number))

    try:
        text = _run(work)
    except orders.Unknown as error:
        raise Mistake(f"{number}: nothing can be disclosed:\n{error}") from error
    try:
        with written_whole(chosen.out) as file:
            file.write(text)
    except OSError as error:
        raise Mistake(f"{chosen.out or 'the output'} cannot be written: {error.strerror}") from error


def cases(_: argparse.Namespace) -> None:
    """What the feed and the desk, or a member, do not agree on (照合)."""
    from app.domain.contracts import applying, holding
    from app.domain.contracts.differences import LABELS

    print_rows(
        ("id", "opened", "customer number", "field", "here", "feed", "why"),
        (
            (
                *(one.id, one.opened_at, one.customer_number, LABELS[one.field]),
                *(applying.shown(one.field, one.ours), applying.shown(one.field, one.offered), one.reason),
            )
            for one in _run(holding.cases)
        ),
    )


def settle(chosen: argparse.Namespace) -> None:
    """Decide a case: the feed's value is carried out, or ours is kept against it."""
    from app.domain.contracts import holding

    for_feed = chosen.whose == "feed"
    try:
        _run(lambda: holding.settle(chosen.id, for_feed=for_feed, now=clock.now()), _telling)
    except holding.NoCase as error:
        raise Mistake(f"no case {error} is open; `mypage contracts cases` shows those that are") from error
    print(f"case {chosen.id}: {'the feed has its way' if for_feed else 'what is here stays'}")


def _telling() -> Installation:
    """What a change at the desk goes by; raises SettingsError where nobody could be told of it."""
    given = settings.importing()
    return given if given.sender else replace(given, sender=settings.writer())


def _list_of(given: str) -> Path | None:
    """The file that was named, else the setting's."""
    return Path(given) if given else settings.erasures()


async def _nobody_is_lost(path: Path, due: list[int]) -> None:
    """Raises Mistake where the list has names that it would not have any more: who stands in it stays erased."""
    from app.domain.retention import again

    try:
        lost = await again.lacks(path, due)
    except again.BadList as error:
        raise Mistake(f"{path}: nothing was erased, since it is no list to write over: {error}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise Mistake(f"{path}: nothing was erased, since it cannot be read: {error}") from error
    if lost:
        raise Mistake(
            f"{path}: nothing was erased: it has {lost:,} names that this database does not know as erased. It was restored "
            "from a backup: run `mypage contracts erase --again` first"
        )


def _write(
    path: Path, lines: list[str], why: str = "nothing was erased, since the list cannot be written"
) -> None:
    try:
        with written_whole(path) as file:
            file.writelines(f"{line}\n" for line in lines)
    except OSError as error:
        raise Mistake(f"{path}: {why}: {error.strerror}") from error


def _run(work: Callable[[], Awaitable[T]], given: Callable[[], Installation] = settings.erasing) -> T:
    """What came of it, as the owner of a database that is for these peppers."""
    installation.use(given())

    async def prepared() -> T:
        await owned()
        await fit(dict(installation.peppers().by_version))
        return await work()

    with reached() as connection:
        return asyncio.run(with_database(connection, prepared))
