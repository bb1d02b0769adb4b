"""Notices, papers that were asked for by post, and the history of logins with what a session is told apart by."""

from __future__ import annotations

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from migrations import by_statements

ID = "2026-11-22T18:40:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "notices, papers, logins"

STATEMENTS = (
    """
    CREATE TABLE notice (
        id bigserial PRIMARY KEY,
        kind text NOT NULL CHECK (kind IN ('outage', 'maintenance')),
        severity text NOT NULL CHECK (severity IN ('info', 'warning', 'critical')),
        title text NOT NULL CHECK (title <> ''),
        body text NOT NULL CHECK (body <> ''),
        starts_at timestamptz NOT NULL,
        ends_at timestamptz CHECK (ends_at > starts_at),
        buildings text[] CHECK (cardinality(buildings) > 0)
    )
    """,
    # By these an import knows a notice again (domain/notice_import.py).
    "CREATE UNIQUE INDEX notice_again ON notice (kind, title, starts_at)",
    "CREATE INDEX notice_end ON notice ((coalesce(ends_at, 'infinity')))",
    """
    CREATE TABLE paper_request (
        id bigserial PRIMARY KEY,
        contract bigint NOT NULL REFERENCES contract ON DELETE RESTRICT,
        account bigint REFERENCES account ON DELETE RESTRICT,
        paper text NOT NULL,
        asked_at timestamptz NOT NULL,
        done_at timestamptz CHECK (done_at >= asked_at)
    )
    """,
    # A paper that is on its way is not asked for a second time.
    "CREATE UNIQUE INDEX paper_request_open ON paper_request (contract, paper) WHERE done_at IS NULL",
    """
    CREATE TABLE login_event (
        id bigserial PRIMARY KEY,
        contract bigint NOT NULL REFERENCES contract ON DELETE CASCADE,
        account bigint REFERENCES account ON DELETE CASCADE,
        at timestamptz NOT NULL,
        result text NOT NULL CHECK (result IN ('ok', 'wrong', 'limited')),
        browser text NOT NULL,
        network text NOT NULL
    )
    """,
    "CREATE INDEX login_event_contract ON login_event (contract, at DESC)",
    "CREATE INDEX login_event_at ON login_event (at)",
    """
    ALTER TABLE session
        ADD COLUMN id bigserial UNIQUE,
        ADD COLUMN browser text NOT NULL DEFAULT '',
        ADD COLUMN network text NOT NULL DEFAULT '',
        ADD COLUMN dismissed bigint[] NOT NULL DEFAULT '{}'
    """,
)


async def forwards() -> MigrationManager:
    return by_statements(ID, DESCRIPTION, STATEMENTS)
