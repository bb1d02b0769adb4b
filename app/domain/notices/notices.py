"""お知らせ (spec 15): 障害情報 and メンテナンス情報, for everybody or for some buildings.

A current one for the member's building is a banner on every page. The banners come with the member, in the same
statement (access/graph.py); whoever is not logged in sees none, because no building is known and no query is made there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from app.domain import clock
from app.postgres import database

if TYPE_CHECKING:
    from datetime import datetime

    from app.domain.access.graph import Banner
    from app.domain.access.members import Member

KINDS = {"outage": "障害情報", "maintenance": "メンテナンス情報"}
SEVERITIES = {"critical": "重大", "warning": "注意", "info": "お知らせ"}
"""In words; a 重大 banner cannot be closed."""
PAGE = 20
"""Past notices on one page."""

State = Literal["current", "coming", "past"]


@dataclass(frozen=True)
class Notice:
    """A notice that is for the member's building, or for all."""

    id: int
    kind: str
    severity: str
    title: str
    body: str
    starts_at: datetime
    ends_at: datetime | None
    buildings: list[str] | None
    state: State


@dataclass(frozen=True)
class NoticePage:
    """One page of notices: what is current and coming stands on the first one; `older`: whether there is a next one."""

    current: list[Notice]
    coming: list[Notice]
    past: list[Notice]
    older: bool


async def listed(member: Member, kinds: list[str], page: int) -> NoticePage:
    """The notices of these kinds for the member's building."""
    found = [
        Notice(**row)
        for row in await database.rows(
            _LISTED, member.contract.id, kinds, clock.now(), PAGE + 1, (page - 1) * PAGE
        )
    ]
    current, coming, past = (
        [notice for notice in found if notice.state == state] for state in ("current", "coming", "past")
    )
    return NoticePage(current, coming, past[:PAGE], older=len(past) > PAGE)


# SQL for two orders in one list, of which only the past is paged.
_LISTED = """
WITH mine AS (
    SELECT n.id, n.kind, n.severity, n.title, n.body, n.starts_at, n.ends_at, n.buildings,
        CASE WHEN n.ends_at <= $3 THEN 'past' WHEN n.starts_at > $3 THEN 'coming' ELSE 'current' END AS state
    FROM notice n JOIN contract c ON c.id = $1
    WHERE n.kind = ANY ($2) AND (n.buildings IS NULL OR c.building = ANY (n.buildings))
)
SELECT * FROM (SELECT * FROM mine WHERE state <> 'past' ORDER BY state DESC, starts_at, id) AS ahead
UNION ALL
SELECT * FROM (SELECT * FROM mine WHERE state = 'past' ORDER BY starts_at DESC, id LIMIT $4 OFFSET $5) AS past
"""


async def dismiss(member: Member, notice: int) -> list[Banner]:
    """Close a banner until this session ends; the banners that stay. A 重大 one stays, whoever asks."""
    await database.rows(_DISMISS, member.token_hash, notice)
    return [
        banner for banner in member.contract.banners if banner.id != notice or banner.severity == "critical"
    ]


# SQL for an array that a number is added to once, and not for a 重大 notice.
_DISMISS = """
UPDATE session SET dismissed = array_append(dismissed, n.id) FROM notice n
WHERE session.token_hash = $1 AND n.id = $2 AND n.severity <> 'critical' AND n.id <> ALL (session.dismissed)
"""
