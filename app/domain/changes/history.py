"""お手続き履歴: the changes of a contract that were carried out, as each member may see them."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.access.matrix import Permission
from app.domain.access.members import Member
from app.domain.changes import by_operator  # noqa: F401 - its kind is in every history
from app.domain.changes.kept import COLUMNS, VISIBLE, Asked, asked, seen_by
from app.domain.changes.kinds import KINDS
from app.postgres import database

PAGE = 50
"""Changes on one page."""


@dataclass(frozen=True)
class Wanted:
    """What the history is narrowed down to: a name of changes, an account ID that they are about."""

    name: str | None = None
    account_id: str | None = None


async def history(
    member: Member, before: int | None = None, wanted: Wanted = Wanted(), most: int = PAGE
) -> list[Asked]:
    """The applied changes that this member may see, newest first, at most `most`, below the receipt number given."""
    found = await database.rows(_HISTORY, *_arguments(member, before, wanted, most))
    return [asked(member, row) for row in found]


@dataclass(frozen=True)
class HistoryPage:
    """A page of it, with what it can be narrowed down to beside the living account IDs."""

    listed: list[Asked]
    deleted: list[str]
    """The account IDs that were deleted, as far as this member may see what was done with them."""


async def page(member: Member, before: int | None, wanted: Wanted) -> HistoryPage:
    """PAGE of the changes, and the deleted account IDs, in one round trip."""
    found = await database.rows(_PAGE, *_arguments(member, before, wanted, PAGE))
    return HistoryPage([asked(member, row) for row in found if row["id"]], found[0]["deleted"])


def _arguments(member: Member, before: int | None, wanted: Wanted, most: int) -> tuple[object, ...]:
    contract, account, everybodys, kinds, login = seen_by(member)
    kinds = [kind for kind in kinds if wanted.name in (None, KINDS[kind].in_words())]
    return contract, account, everybodys, kinds, login, before or 2**62, wanted.account_id, most


# SQL for the decision that comes with a change (kept.py), from a table that knows it by its moment.
_HISTORY = f"""
SELECT {COLUMNS} FROM change WHERE {VISIBLE} AND applied_at IS NOT NULL
    AND receipt_number < $6 AND ($7::text IS NULL OR subject = $7) ORDER BY receipt_number DESC LIMIT $8
"""  # noqa: S608 - the only text put in is constants
# SQL for the two in one round trip: a page has two, and its member takes the other one.
_PAGE = f"""
WITH listed AS ({_HISTORY}), deleted AS (
    SELECT coalesce(array_agg(login ORDER BY login), '{{}}') AS deleted FROM account
    WHERE contract = $1 AND deleted_at IS NOT NULL AND ($3 OR login = $5)
)
SELECT deleted.deleted, listed.* FROM deleted LEFT JOIN listed ON true ORDER BY listed.receipt_number DESC
"""  # noqa: S608 - the only text put in is constants


def names(member: Member) -> list[str]:
    """The names of the changes that the member's role may ask for, in the order of the manual's feature table."""
    matrix = list(Permission)
    found = {
        (matrix.index(change.permission), change.in_words())
        for change in KINDS.values()
        if change.readable(member) and change.there()
    }
    return [name for _, name in sorted(found)]
