"""An index of the cards that staff decide: a receipt and the payment page say what came of them."""

from __future__ import annotations

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from migrations import by_statements

ID = "2026-11-22T22:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "decisions"

STATEMENTS = ("CREATE INDEX card_check_asked ON card_check (contract, asked_at)",)


async def forwards() -> MigrationManager:
    return by_statements(ID, DESCRIPTION, STATEMENTS)
