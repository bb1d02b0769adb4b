"""Notices: 障害情報 and メンテナンス情報 from the operator's file, for everybody or for the members of some buildings."""

from __future__ import annotations

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from migrations import chapter

ID = "m08_notices"

SCHEMA = """
CREATE TABLE notice (
    id bigserial PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('outage', 'maintenance')),
    severity text NOT NULL CHECK (severity IN ('info', 'warning', 'critical')),
    title text NOT NULL CHECK (title <> ''),
    body text NOT NULL CHECK (body <> ''),
    starts_at timestamptz NOT NULL,
    -- No end: it is not known yet.
    ends_at timestamptz CHECK (ends_at > starts_at),
    -- No buildings: all of them.
    buildings text[] CHECK (cardinality(buildings) > 0)
);
-- By these an import knows a notice again (domain/notices/notice_import.py).
CREATE UNIQUE INDEX notice_again ON notice (kind, title, starts_at);
CREATE INDEX notice_end ON notice ((coalesce(ends_at, 'infinity')));
"""


async def forwards() -> MigrationManager:
    return chapter(ID, SCHEMA)
