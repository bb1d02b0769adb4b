"""Papers on their way: after it was sent, a form comes back and what it asks for is entered in the contract's data."""

from __future__ import annotations

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from migrations import chapter

ID = "m20_papers"

SCHEMA = """
ALTER TABLE paper_request
    ADD COLUMN received_at timestamptz,
    ADD COLUMN entered_at timestamptz,
    -- One step after the other: a comparison with a step that was not taken yet would be NULL, which a CHECK lets pass.
    ADD CONSTRAINT paper_request_received CHECK (received_at IS NULL OR coalesce(received_at >= done_at, false)),
    ADD CONSTRAINT paper_request_entered CHECK (entered_at IS NULL OR coalesce(entered_at >= received_at, false));
-- By contract for its pages, and by the moment that its change was applied at for the history.
CREATE INDEX paper_request_contract ON paper_request (contract, asked_at);
"""


async def forwards() -> MigrationManager:
    return chapter(ID, SCHEMA)
