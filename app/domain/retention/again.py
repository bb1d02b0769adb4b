"""The list of erasures outside of the database, and erasing again what a restored backup brings back.

A backup knows nothing of what was erased after it was taken. So every run writes the keyed hashes of all erased names to a
file that is kept apart from the backups; `mypage contracts erase --again` reads it as the last step of a restore. The file
says nothing of a person to whoever lacks the peppers.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import msgspec

from app.domain import clock, erased_names, installation, tables
from app.domain.access import peppers
from app.domain.access.closed import end_of
from app.domain.contracts import closing
from app.domain.erased_names import Kind
from app.domain.retention import erasing
from app.postgres import database

BATCH = 1_000


class BadList(Exception):
    """The file is no whole list of erasures; the text says what is wrong, and on which line."""


class _Head(msgspec.Struct, forbid_unknown_fields=True):
    erasures: int
    """How many lines follow: a list that was cut off would leave people in."""
    made_at: str
    peppers: dict[int, str] = {}
    """Fingerprints of the peppers that its lines were made with: with another key none of them is known again."""


class _Line(msgspec.Struct, forbid_unknown_fields=True):
    kind: Kind
    pepper: int
    hash: str
    erased_on: date
    closed_on: date | None = None


@dataclass(frozen=True)
class Again:
    """What came of it: contracts that were erased again, and names that the list holds."""

    contracts: int
    names: int


# --- writing ----------------------------------------------------------------------------------------------------------


async def lines(before: list[int]) -> list[str]:
    """The list, as lines of a file. `before`: contracts that are about to be erased, whose names stand in it already."""
    made = await _made(before)
    head = _Head(
        len(made),
        clock.now().astimezone(clock.TOKYO).isoformat(timespec="seconds"),
        {used: _fingerprint(used) for used in sorted({line.pepper for line in made.values()})},
    )
    return [msgspec.json.encode(one).decode() for one in (head, *made.values())]


async def lacks(path: Path, before: list[int]) -> int:
    """How many names of the list at `path` a list of today would lack: 0, unless an older backup was restored.

    Writing over them would bring these people back for ever. Raises BadList, OSError.
    """
    made = await _made(before)
    return sum(name.hash.hex() not in made for name in _listed(path))


def _listed(path: Path) -> list[tables.ErasedName]:
    """Nobody where there is no list yet, or an empty file in its place."""
    return read(path) if path.exists() and path.stat().st_size else []


async def _made(before: list[int]) -> dict[str, _Line]:
    known = await tables.ErasedName.select().order_by(tables.ErasedName.hash)
    made = [
        _Line(row["kind"], row["pepper"], row["hash"].hex(), row["erased_on"], row["closed_on"])
        for row in known
    ]
    version = installation.peppers().newest
    for contract in before:
        made += [
            _Line(kind, version, erased_names.hashed(kind, name).hex(), clock.today(), closed_on)
            for kind, name, closed_on in await erasing.names_of(contract)
        ]
    return {line.hash: line for line in made}


# --- reading ----------------------------------------------------------------------------------------------------------


def read(path: Path) -> list[tables.ErasedName]:
    """The names of the list. Raises BadList, OSError."""
    head, found = None, []
    with path.open(encoding="utf-8") as file:
        for number, text in enumerate(file, 1):
            try:
                if head is None:
                    head = _of_these_peppers(msgspec.json.decode(text, type=_Head))
                else:
                    found.append(_row(msgspec.json.decode(text, type=_Line)))
            except (msgspec.DecodeError, ValueError) as error:
                raise BadList(f"line {number} is none of a list of erasures: {error}") from error
    if head is None or len(found) != head.erasures:
        wanted = head.erasures if head else "its number of"
        raise BadList(f"{len(found)} lines follow the first, {wanted} are wanted: the list is not whole")
    return found


def _fingerprint(version: int) -> str:
    return peppers.fingerprint(installation.peppers().by_version[version]).hex()


def _of_these_peppers(head: _Head) -> _Head:
    """Raises ValueError for the list of another portal, whose versions may have the same numbers."""
    ours = installation.peppers().by_version
    for version, fingerprint in head.peppers.items():
        if version in ours and fingerprint != _fingerprint(version):
            raise ValueError(
                f"MYPAGE_PEPPERS holds another key for version {version} than it was made with: "
                "is it the list of another portal?"
            )
    return head


def _row(line: _Line) -> tables.ErasedName:
    if line.pepper not in installation.peppers().by_version:
        raise ValueError(f"MYPAGE_PEPPERS lacks version {line.pepper}, which it was made with: put it back")
    hashed = bytes.fromhex(line.hash)
    if len(hashed) != erased_names.LENGTH:
        raise ValueError(f"hash: must be {2 * erased_names.LENGTH} digits of hex")
    if (line.kind == "number") != (line.closed_on is not None):
        raise ValueError("closed_on: a number has the last day of its contract, no other name has")
    return tables.ErasedName(
        hash=hashed,
        kind=line.kind,
        pepper=line.pepper,
        erased_on=line.erased_on,
        closed_on=line.closed_on,
    )


async def erase_again(names: list[tables.ErasedName]) -> Again:
    """Remember the names, and erase the contracts of their numbers, each whole or not at all.

    In an older backup a contract may be open still: it ends with the last day that the list knows. Nothing is judged: it
    was, when it was erased.
    """
    for start in range(0, len(names), BATCH):
        rows = names[start : start + BATCH]
        await tables.ErasedName.insert(*rows).on_conflict(tables.ErasedName.hash, "DO NOTHING")
    numbers = {name.hash: name for name in await _numbers()}
    erased = 0
    for contract, customer_number in await _living():
        known = next((h for h in erased_names.hashes("number", customer_number) if h in numbers), None)
        if known is not None:
            erased += await _erase(contract, numbers[known].closed_on)
    return Again(erased, len(names))


async def _numbers() -> list[tables.ErasedName]:
    return await tables.ErasedName.objects().where(tables.ErasedName.kind == "number")


async def _living() -> list[tuple[int, str]]:
    contract = tables.Contract
    rows = await contract.select(contract.id, contract.customer_number).where(contract.erased_at.is_null())
    return [(row["id"], row["customer_number"]) for row in rows]


async def _erase(contract: int, closed_on: date) -> bool:
    async with database.engine().transaction():
        await erasing.lock(contract)
        row = await tables.Contract.select().where(tables.Contract.id == contract).first()
        if row is None or row["erased_at"] is not None:
            return False
        if row["ended_at"] is None:
            day = row["closed_on"] or closed_on
            await tables.Contract.update({tables.Contract.closed_on: day}).where(
                tables.Contract.id == contract
            )
            await closing.end_all(contract, end_of(day))
        await erasing.erase(contract, clock.now())
    return True
