"""お知らせ (spec 15): 障害情報 and メンテナンス情報, for everybody or for some buildings.

A current one for the member's building is a banner on every page. The banners come with the member, in the same
statement (access/graph.py). Whoever is not logged in reads what is current and coming for any building: who cannot log in
may be who is cut off.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
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
STATES = ("発生", "復旧")
"""What an operator says of an outage; where nothing is said, its times do."""
BY_TIME = {
    "outage": {"current": "発生", "coming": "予定", "past": "復旧"},
    "maintenance": {"current": "作業中", "coming": "予定", "past": "終了"},
}
WITHDRAWN = "取り消し"
RECENT = timedelta(days=7)
"""A notice that ended can be read without a login so long."""
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
    services: list[str] | None
    said: str | None
    """One of STATES, as the operator says it."""
    emergency_calls: str | None
    updated_at: datetime
    next_update_at: datetime | None
    withdrawn_at: datetime | None
    state: State

    @property
    def in_words(self) -> str:
        """How far it is."""
        if self.withdrawn_at:
            return WITHDRAWN
        return self.said or BY_TIME[self.kind][self.state]

    @property
    def of_public(self) -> str:
        """Whom it is for, to somebody whose building is not known: codes of buildings are the operator's."""
        return f"一部の建物（{len(self.buildings)}棟）" if self.buildings else "すべての建物"


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
    return _page(found)


async def public() -> NoticePage:
    """What is current, coming or not long past, of both kinds and all buildings; what was withdrawn is for nobody here."""
    now = clock.now()
    return _page([Notice(**row) for row in await database.rows(_PUBLIC, now, now - RECENT, PAGE + 1)])


def _page(found: list[Notice]) -> NoticePage:
    current, coming, past = (
        [notice for notice in found if notice.state == state] for state in ("current", "coming", "past")
    )
    return NoticePage(current, coming, past[:PAGE], older=len(past) > PAGE)


_COLUMNS = """n.id, n.kind, n.severity, n.title, n.body, n.starts_at, n.ends_at, n.buildings, n.services,
    n.state AS said, n.emergency_calls, n.updated_at, n.next_update_at, n.withdrawn_at"""
_FIRST = "array_position(ARRAY['critical', 'warning', 'info'], severity)"
# SQL for two orders in one list, of which only the past is paged.
_LISTED = f"""
WITH mine AS (
    SELECT {_COLUMNS}, CASE WHEN n.ends_at <= $3 OR n.withdrawn_at IS NOT NULL THEN 'past'
        WHEN n.starts_at > $3 THEN 'coming' ELSE 'current' END AS state
    FROM notice n JOIN contract c ON c.id = $1
    WHERE n.kind = ANY ($2) AND (n.buildings IS NULL OR c.building = ANY (n.buildings))
)
SELECT * FROM (SELECT * FROM mine WHERE state <> 'past' ORDER BY state DESC, {_FIRST}, starts_at, id) AS ahead
UNION ALL
SELECT * FROM (SELECT * FROM mine WHERE state = 'past' ORDER BY starts_at DESC, id LIMIT $4 OFFSET $5) AS past
"""  # noqa: S608 - constants
_PUBLIC = f"""
SELECT {_COLUMNS},
    CASE WHEN n.ends_at <= $1 THEN 'past' WHEN n.starts_at > $1 THEN 'coming' ELSE 'current' END AS state
FROM notice n WHERE coalesce(n.ends_at, 'infinity') > $2 AND n.withdrawn_at IS NULL
ORDER BY state DESC, {_FIRST}, starts_at DESC, id LIMIT 10 * $3
"""  # noqa: S608 - constants


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
