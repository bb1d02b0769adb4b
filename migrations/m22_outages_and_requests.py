"""Notices that are corrected, taken back and kept: an id of the operator's, services, state, updates, emergency calls.
And the day that somebody wants the line to end on, who asks for that in writing."""

from __future__ import annotations

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from migrations import chapter

ID = "m22_outages_and_requests"

SCHEMA = """
ALTER TABLE notice
    -- The operator's name of it: a file that has it corrects whatever else it says.
    ADD COLUMN identity text CHECK (identity ~ '^[!-~]{1,64}$'),
    -- In the operator's words; none: it was not said.
    ADD COLUMN services text[] CHECK (cardinality(services) > 0),
    ADD COLUMN state text CHECK (state IN ('発生', '復旧')),
    ADD COLUMN emergency_calls text CHECK (emergency_calls <> ''),
    ADD COLUMN updated_at timestamptz,
    ADD COLUMN next_update_at timestamptz,
    -- It was told by mistake, and is kept.
    ADD COLUMN withdrawn_at timestamptz,
    ADD CONSTRAINT notice_restored CHECK (state IS DISTINCT FROM '復旧' OR ends_at IS NOT NULL);
UPDATE notice SET updated_at = starts_at;
ALTER TABLE notice ALTER COLUMN updated_at SET NOT NULL;
CREATE UNIQUE INDEX notice_identity ON notice (identity);
ALTER TABLE paper_request ADD COLUMN wanted_on date;
"""


async def forwards() -> MigrationManager:
    return chapter(ID, SCHEMA)
