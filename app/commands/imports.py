"""`mypage import`: operator data from files, all or nothing."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from app import settings
from app.commands.running import fit, fit_for_licences, migrated, progress, reached, with_database
from app.domain import installation
from app.domain.installation import Installation
from app.mistake import Mistake

T = TypeVar("T")


def contracts(chosen: argparse.Namespace) -> None:
    from app.domain.contracts import file as contract_file
    from app.domain.contracts.importing import import_contracts

    if chosen.example:
        print(contract_file.EXAMPLE.read_text(encoding="utf-8"), end="")
        return
    file, found = _there(chosen.file, "contracts"), settings.importing()
    installation.use(found)
    done = _load(file, lambda: fit(dict(installation.peppers().by_version)), import_contracts)
    print(f"{done.new} contracts loaded, {done.already_there} were there already and were left as they are")


def licence_keys(chosen: argparse.Namespace) -> None:
    from app.domain.options.licence_import import import_licences

    file = _there(chosen.file, "licences")
    installation.use(Installation(data_keys=settings.data_keys()))
    done = _load(file, fit_for_licences, import_licences)
    print(f"{done.new} licence keys loaded, {done.already_there} were there already")


def calls(chosen: argparse.Namespace) -> None:
    from app.domain.money.call_import import import_calls

    _hand_over_digits()
    done = _load(_there(chosen.file, "calls"), migrated, import_calls)
    print(f"{done.calls} calls {'were loaded from the same file before' if done.before else 'loaded'}")


def charges(chosen: argparse.Namespace) -> None:
    from app.domain.money import charge_import

    if chosen.example:
        print("\n".join(charge_import.EXAMPLE))
        return
    _hand_over_digits()
    done = _load(_there(chosen.file, "charges"), migrated, charge_import.import_charges)
    print(f"{done.new} charges loaded, {done.changed} changed, {done.same} were there already as they are")
    if done.corrections:
        print(
            f"{done.corrections} of them are for a closed month: the next `mypage bill close` puts them on its bills"
        )


def notices(chosen: argparse.Namespace) -> None:
    from app.domain.notices.notice_import import import_notices

    done = _load(_there(chosen.file, "notices"), migrated, import_notices)
    print(
        f"{done.new} notices loaded, {done.changed} changed, {done.already_there} were there already as they are"
    )


def _load(
    file: Path,
    ready: Callable[[], Awaitable[None]],
    load: Callable[[Path, Callable[[int], None]], Awaitable[T]],
) -> T:
    """What came of loading the file, once the database is `ready` for it. Raises Mistake with every bad line."""
    from app.domain.imports import ImportRefused

    async def work() -> T:
        await ready()
        return await load(file, shown)

    with reached() as connection, progress(file.name, "lines") as shown:
        try:
            return asyncio.run(with_database(connection, work))
        except ImportRefused as error:
            raise Mistake(f"{file}: nothing was loaded\n{error}") from error


def _hand_over_digits() -> None:
    installation.use(Installation(customer_number_digits=settings.customer_number_digits()))


def _there(file: Path | None, what: str) -> Path:
    if file is None:
        raise Mistake(f"name the file to load; `mypage import {what} --example` prints one")
    if not file.is_file():
        raise Mistake(f"{file}: no such file")
    return file
