"""Purchases: what is bought for a contract and what for an account ID; a charge is of its purchase's contract."""

from __future__ import annotations

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from migrations import by_statements

ID = "2026-11-22T18:50:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "purchases"

STATEMENTS = (
    """
    ALTER TABLE service_period ADD CONSTRAINT service_period_bearer CHECK (
        CASE WHEN account IS NULL THEN product IN ('mail-pack', 'mail-web', 'remote-support')
            ELSE product IN ('mailbox-10gb', 'security-360', 'security-online', 'kids-filter') END
    )
    """,
    """
    ALTER TABLE charge ADD CONSTRAINT charge_item CHECK (product IN ('mail-pack', 'mail-web', 'remote-support',
        'remote-support-again', 'mailbox-10gb', 'security-360', 'security-online', 'kids-filter'))
    """,
    # A bill with another contract's purchase in it would be shown to the wrong customer, or not at all.
    "ALTER TABLE service_period ADD CONSTRAINT service_period_of_contract UNIQUE (id, contract)",
    """
    ALTER TABLE charge ADD CONSTRAINT charge_of_contract
        FOREIGN KEY (period, contract) REFERENCES service_period (id, contract)
    """,
)


async def forwards() -> MigrationManager:
    return by_statements(ID, DESCRIPTION, STATEMENTS)
