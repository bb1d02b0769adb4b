"""The second factor of a login: what there is of it, whether one is wanted, and what a session passes with it.

A login is that of the customer number or of an account ID, and each has its own: passkeys (passkeys.py), an authenticator
app (totp.py), and recovery codes that stand in for them (recovery_codes.py). Recovery codes alone are no factor.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from piccolo.columns.combination import Where
from piccolo.table import Table

from app.domain import clock, installation, tables
from app.domain.access import members
from app.domain.access.matrix import Role
from app.domain.access.members import Member, SessionEnded, Stage
from app.domain.json_objects import json_list, json_object, json_one
from app.postgres import database


class Given(Exception):
    """The login has a second factor by now, which the session has not given."""


@dataclass(frozen=True)
class Whose:
    """A login: of the customer number, or of an account ID."""

    contract: int
    account: int | None

    @classmethod
    def own(cls, member: Member) -> Whose:
        return cls(member.contract.id, member.account_id)


@dataclass(frozen=True)
class UsedPasskey:
    """A passkey that has proved something, by the number of its row: it must still be there when that counts."""

    passkey: int
    whose: Whose


def rows_of(table: type[Table], whose: Whose) -> list[Where]:
    """What a Piccolo query asks for, to mean the rows of that login alone."""
    columns: Any = table
    account = columns.account.is_null() if whose.account is None else columns.account == whose.account
    return [columns.contract == whose.contract, account]


# --- what there is ----------------------------------------------------------------------------------------------------


class ShownPasskey(msgspec.Struct, frozen=True):
    """A passkey as its owner sees it."""

    id: int
    name: str
    registered_at: datetime
    used_at: datetime | None


class ShownTotp(msgspec.Struct, frozen=True):
    """The authenticator app as its owner sees it."""

    registered_at: datetime
    used_at: datetime | None


@dataclass(frozen=True)
class Factors:
    """What a login has; `codes`: recovery codes that are left."""

    passkeys: list[ShownPasskey]
    totp: ShownTotp | None
    codes: int

    @property
    def any(self) -> bool:
        return bool(self.passkeys or self.totp)

    @property
    def one_left(self) -> bool:
        """Whether removing one removes the last."""
        return len(self.passkeys) + (self.totp is not None) == 1


_ITS = "contract = $1 AND account IS NOT DISTINCT FROM $2::bigint"
_PASSKEY = json_object(ShownPasskey, tables.Passkey, "p")
_TOTP = json_object(ShownTotp, tables.Totp, "t")
# SQL for three tables in one round trip.
_FACTORS = f"""
SELECT {json_list(_PASSKEY, f"FROM passkey p WHERE {_ITS}", "p.id")} AS passkeys,
    {json_one(_TOTP, f"FROM totp t WHERE {_ITS}")} AS totp,
    (SELECT count(*) FROM recovery_code WHERE {_ITS} AND used_at IS NULL) AS codes
"""  # noqa: S608 - constants
_passkeys = msgspec.json.Decoder(list[ShownPasskey])
_totp = msgspec.json.Decoder(ShownTotp)


async def of(whose: Whose) -> Factors:
    """What the login has now."""
    (row,) = await database.rows(_FACTORS, whose.contract, whose.account)
    totp = _totp.decode(row["totp"]) if row["totp"] else None
    return Factors(_passkeys.decode(row["passkeys"]), totp, row["codes"])


async def forget(whose: Whose) -> bool:
    """Remove all of it, in the caller's transaction; whether there was a factor."""
    found = await of(whose)
    for table in (tables.Passkey, tables.Totp, tables.RecoveryCode):
        await table.delete().where(*rows_of(table, whose))
    return found.any


# --- at login ---------------------------------------------------------------------------------------------------------


def required(role: Role) -> bool:
    """Whether this installation wants a second factor of whoever has the role."""
    wanted = installation.second_factor()
    return wanted == "all" or (wanted == "admins" and role is not Role.USER)


async def stages(whose: Whose) -> tuple[Stage, ...]:
    """What a session has to do that was opened with the login's password."""
    (row,) = await database.rows(_AT_LOGIN, whose.contract, whose.account)
    if row["given"]:
        return (Stage.SECOND_FACTOR,)
    return (Stage.SET_UP,) if required(Role(row["role"])) else ()


# SQL for one round trip on the way of every login.
_AT_LOGIN = f"""
SELECT EXISTS (SELECT FROM passkey WHERE {_ITS}) OR EXISTS (SELECT FROM totp WHERE {_ITS}) AS given,
    coalesce((SELECT role FROM account WHERE id = $2), 'customer') AS role
"""  # noqa: S608 - constants


async def must_lack_one(member: Member) -> None:
    """Raises Given where the member's session was to set up a first factor and there is one by now.

    That session has given nothing but the password, so it must not add a factor of its own.
    """
    if Stage.SET_UP in member.stages and (await of(Whose.own(member))).any:
        raise Given


async def end_set_up(member: Member) -> None:
    """End the login's other sessions that were to set up a first factor: from now on they would have to give it."""
    await members.end_waiting(member.contract.id, member.account_id, Stage.SET_UP, member.token_hash)


async def passed(member: Member, token_hash: bytes) -> None:
    """The session's second factor was given: it goes on under a new token, and the login is noted as one that succeeded.

    Raises SessionEnded.
    """
    if not await database.rows(_PASSED, member.token_hash, token_hash, clock.now()):
        raise SessionEnded


# SQL, because the session's own note of its login is read while it is taken away.
_PASSED = """
WITH waiting AS (
    SELECT token_hash, noted_as FROM session WHERE token_hash = $1 AND 'second-factor' = ANY (stages) FOR UPDATE
), noted AS (
    UPDATE login_event SET result = 'ok', at = $3 FROM waiting WHERE login_event.id = waiting.noted_as
)
UPDATE session SET token_hash = $2, stages = array_remove(stages, 'second-factor'), noted_as = NULL, seen_at = $3
FROM waiting WHERE session.token_hash = waiting.token_hash RETURNING 1
"""
