"""Mail: what its tables refuse by themselves, whoever writes to them."""

from __future__ import annotations

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from migrations import by_statements

ID = "2026-11-22T18:25:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "mail rules"

OF_AN_ACCOUNT_ID = ("service_period", "mail_address", "mailbox", "web_space", "forwarding", "auto_reply")

STATEMENTS = (
    # The length is not among them: an operator's older addresses may be longer than what is given today.
    """
    ALTER TABLE mail_address ADD CONSTRAINT mail_address_form
        CHECK (address ~ '^[a-z0-9]+([._-][a-z0-9]+)*@[a-z0-9-]+([.][a-z0-9-]+)+$')
    """,
    "ALTER TABLE web_space ADD CONSTRAINT web_space_form CHECK (name ~ '^[a-z0-9]+([._-][a-z0-9]+)*$')",
    # One address that Sieve cannot read would keep the whole script from running: no forward, no auto-reply.
    """
    ALTER TABLE forwarding ADD CONSTRAINT forwarding_form CHECK (
        array_position(addresses, NULL) IS NULL
        AND array_to_string(addresses, ' ') ~ '^[!-?A-~]+@[!-?A-~]+( [!-?A-~]+@[!-?A-~]+)*$'
    )
    """,
    """
    ALTER TABLE auto_reply ADD CONSTRAINT auto_reply_written
        CHECK (NOT enabled OR (subject <> '' AND body <> ''))
    """,
    # What belongs to an account ID belongs to the contract of that account ID.
    "ALTER TABLE account ADD CONSTRAINT account_of_contract UNIQUE (id, contract)",
    *(
        f"ALTER TABLE {table} ADD CONSTRAINT {table}_of_account"
        " FOREIGN KEY (account, contract) REFERENCES account (id, contract)"
        for table in OF_AN_ACCOUNT_ID
    ),
    # Everybody may call a new function, so the mail server's roles could too: those of now, and those to come.
    """
    DO $$
    DECLARE
        ours regprocedure;
    BEGIN
        FOR ours IN SELECT p.oid FROM pg_proc p JOIN pg_roles r ON r.oid = p.proowner
            WHERE p.pronamespace = 'public'::regnamespace AND r.rolname = current_user
        LOOP
            EXECUTE format('REVOKE ALL ON ROUTINE %s FROM PUBLIC', ours);
        END LOOP;
    END $$
    """,
    "ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON ROUTINES FROM PUBLIC",
)


async def forwards() -> MigrationManager:
    return by_statements(ID, DESCRIPTION, STATEMENTS)
