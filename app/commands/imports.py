"""`mypage import`: operator data from files, all or nothing."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import logging
import secrets
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from app import settings
from app.branding import BRAND
from app.commands.running import (
    fit,
    fit_for_licences,
    migrated,
    progress,
    reached,
    schema_there,
    with_database,
)
from app.domain import installation
from app.domain.installation import Installation
from app.log_lines import say
from app.mistake import GuardStopped, Mistake
from app.postgres import database, rights

if TYPE_CHECKING:
    from app.domain.catalogue.plan import CataloguePlan
    from app.domain.contracts.plans import Plan

T = TypeVar("T")


def contracts(chosen: argparse.Namespace) -> None:
    from app.domain.contracts import file as contract_file
    from app.domain.contracts.importing import import_contracts

    if chosen.example:
        _print_rehearsal(chosen.example)
        return
    if chosen.example is not None:
        print(contract_file.EXAMPLE.read_text(encoding="utf-8"), end="")
        return
    if (chosen.contact or chosen.yes) and not chosen.update:
        raise Mistake("--contact and --yes go with --update")
    if chosen.dry_run and chosen.yes:
        raise Mistake("--dry-run does nothing: leave it out to apply the plan with --yes")
    file = _there(chosen.file, "contracts")
    installation.use(settings.importing())
    if chosen.update:
        _update(file, chosen)
        return
    done = _load(file, _fit_for_contracts, import_contracts, dry=chosen.dry_run)
    print(f"{done.new} contracts loaded, {done.already_there} were there already and were left as they are")
    if done.erased:
        listed = ", ".join(map(str, done.erased[:20])) + (", …" if len(done.erased) > 20 else "")
        print(f"{len(done.erased)} were erased and are left out: line {listed}; take them out of the file")


def _print_rehearsal(count: int) -> None:
    """Print so many invented contracts that fit the catalogue in use; on stderr the password of all of them."""
    from app.domain.access import passwords
    from app.domain.catalogue import kept
    from app.domain.contracts.rehearsal import invented

    chosen = settings.importing()

    async def with_catalogue() -> None:
        await migrated()
        await kept.load()

    with reached() as connection:
        asyncio.run(with_database(connection, with_catalogue))
    password = secrets.token_hex(5)
    say(f"the password of every login in it is {password}")
    for contract in invented(
        count,
        password_hash=passwords.hash_now(password, peppered=False),
        digits=settings.customer_number_digits(),
        domain=chosen.mail_domain,
    ):
        print(json.dumps(contract, ensure_ascii=False, separators=(",", ":")))


async def _fit_for_contracts() -> None:
    """Raises Mistake when the database is not for this program with these keys."""
    await fit(dict(installation.peppers().by_version))
    if installation.given("data_keys"):
        await fit_for_licences()


def _update(file: Path, chosen: argparse.Namespace) -> None:
    """Print the plan and carry it out, unless a guard stops it or it is only wanted to be read."""
    from app.domain.contracts import feeding

    if not installation.given("sender"):
        settings.writer()  # names what is missing: changes are told by mail
    asked = feeding.Asked(contact=chosen.contact, dry_run=chosen.dry_run, digest=chosen.yes)

    async def feed(path: Path, shown: Callable[[int], None]) -> Plan:
        return await feeding.feed_contracts(path, shown, asked)

    try:
        plan = _load(file, _fit_for_contracts, feed)
    except feeding.Stopped as stopped:
        _print_plan(stopped.plan)
        reasons = "\n".join(f"  {reason}" for reason in stopped.plan.stopped_by)
        raise GuardStopped(
            f"{file}: nothing was changed, because a person has to look at it:\n{reasons}\n"
            f"if it is meant, apply exactly this plan with --yes {stopped.plan.digest}"
        ) from stopped
    except feeding.Moved as moved:
        _print_plan(moved.plan)
        raise Mistake(
            f"{file}: nothing was changed: the plan is no longer {chosen.yes}, because the file or the database is "
            f"another one by now; read it again, its digest is {moved.plan.digest}"
        ) from moved
    _print_plan(plan)
    if chosen.dry_run:
        for reason in plan.stopped_by:
            print(f"would be stopped: {reason}")
        print(DRY)


def _print_plan(plan: Plan) -> None:
    print("\n".join(plan.lines()))


DRY = "dry run: nothing was changed"


def licence_keys(chosen: argparse.Namespace) -> None:
    from app.domain.options.licence_import import import_licences

    file = _there(chosen.file, "licences")
    installation.use(Installation(data_keys=settings.data_keys()))
    done = _load(file, fit_for_licences, import_licences, dry=chosen.dry_run)
    print(f"{done.new} licence keys loaded, {done.already_there} were there already")


def calls(chosen: argparse.Namespace) -> None:
    from app.domain.money.call_import import import_calls

    _hand_over_digits()
    done = _load(_there(chosen.file, "calls"), migrated, import_calls, dry=chosen.dry_run)
    print(f"{done.calls} calls {'were loaded from the same file before' if done.before else 'loaded'}")


def charges(chosen: argparse.Namespace) -> None:
    from app.domain.money import charge_import

    if chosen.example:
        print("\n".join(charge_import.EXAMPLE))
        return
    _hand_over_digits()
    done = _load(_there(chosen.file, "charges"), migrated, charge_import.import_charges, dry=chosen.dry_run)
    print(f"{done.new} charges loaded, {done.changed} changed, {done.same} were there already as they are")
    if done.corrections:
        print(
            f"{done.corrections} of them are for a closed month: the next `mypage bill close` puts them on its bills"
        )


def catalogue(chosen: argparse.Namespace) -> None:
    from app.domain.catalogue import kept

    file = _there(chosen.file, "catalogue")
    installers = settings.installers()

    def load(path: Path, _: Callable[[int], None]) -> Awaitable[CataloguePlan]:
        return kept.import_catalogue(path, installers, dry_run=chosen.dry_run)

    plan = _load(file, schema_there, load)
    if not plan.lines:
        print(f"{file} is the catalogue in use already: nothing changes")
        return
    print(BRAND.said(str(plan)))  # whose words stand in the file's names as {prefix}
    print(DRY if chosen.dry_run else "loaded; pages show it from now on")


def notices(chosen: argparse.Namespace) -> None:
    from app.domain.notices.notice_import import import_notices

    done = _load(_there(chosen.file, "notices"), migrated, import_notices, dry=chosen.dry_run)
    print(
        f"{done.new} notices loaded, {done.changed} changed, {done.already_there} were there already as they are"
    )
    if done.unknown_buildings:
        say(
            f"no contract is in {', '.join(done.unknown_buildings)}: nobody there is told; mend the codes if "
            "they are mistyped, and load the file again",
            logging.WARNING,
        )


def _load(
    file: Path,
    ready: Callable[[], Awaitable[None]],
    load: Callable[[Path, Callable[[int], None]], Awaitable[T]],
    *,
    dry: bool = False,
) -> T:
    """What came of loading the file, once the database is `ready` for it; of a dry run what would have come of it, and
    says so. Raises Mistake with every bad line."""
    from app.domain.imports import ImportRefused

    async def work() -> T:
        await ready()
        await rights.must_own()
        return await (_undone(load, file, shown) if dry else load(file, shown))

    with reached() as connection, progress(file.name, "lines") as shown:
        try:
            return asyncio.run(with_database(connection, work))
        except ImportRefused as error:
            raise Mistake(f"{file}: nothing was loaded\n{error}") from error


async def _undone(
    load: Callable[[Path, Callable[[int], None]], Awaitable[T]], file: Path, shown: Callable[[int], None]
) -> T:
    """Load the file whole, so that whatever could stand in the way does, and take all of it back."""
    found: list[T] = []
    with contextlib.suppress(_Undone):
        async with database.engine().transaction():
            found.append(await load(file, shown))
            raise _Undone
    print(f"{DRY}; without --dry-run it would be:")
    return found[0]


class _Undone(Exception):
    """Ends the transaction of a dry run."""


def _hand_over_digits() -> None:
    installation.use(Installation(customer_number_digits=settings.customer_number_digits()))


def _there(file: Path | None, what: str) -> Path:
    if file is None:
        raise Mistake(f"name the file to load; `mypage import {what} --example` prints one")
    if file.exists() and not file.is_file():
        raise Mistake(
            f"{file}: is no file that can be read twice, as an import does: name a file, not a folder or a pipe"
        )
    if not file.is_file():
        raise Mistake(f"{file}: no such file")
    return file
