"""Money: the ledger of charges, which months of it are closed, and the calls."""

from __future__ import annotations

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from migrations import by_statements

ID = "2026-11-22T18:20:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "money"

STATEMENTS = (
    # A month of the ledger: how far its close has come, and when it was whole.
    """
    CREATE TABLE bill_close (
        month date PRIMARY KEY CHECK (extract(day FROM month) = 1),
        reached bigint NOT NULL,
        closed_at timestamptz
    )
    """,
    # One charge for a period, product and month; a correction stands in a later month's bill.
    """
    CREATE TABLE charge (
        id bigserial PRIMARY KEY,
        contract bigint NOT NULL REFERENCES contract ON DELETE RESTRICT,
        period bigint NOT NULL REFERENCES service_period ON DELETE RESTRICT,
        login text,
        product text NOT NULL,
        month date NOT NULL CHECK (extract(day FROM month) = 1),
        billed date NOT NULL REFERENCES bill_close ON DELETE RESTRICT,
        yen integer NOT NULL CHECK (yen <> 0),
        tax_rate smallint NOT NULL CHECK (tax_rate BETWEEN 0 AND 99),
        UNIQUE (month, period, product, billed),
        CHECK (billed >= month),
        CHECK (yen > 0 OR billed > month)
    )
    """,
    # Both indexes begin with the month, so that a close adds to their end and touches no page of the years before.
    "CREATE INDEX charge_contract ON charge (month, contract)",
    """
    CREATE FUNCTION refuse_edit() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION '% of % is refused: the ledger is never edited', TG_OP, TG_TABLE_NAME
            USING ERRCODE = 'restrict_violation';
    END $$
    """,
    """
    CREATE TRIGGER charge_never_edited BEFORE UPDATE OR DELETE OR TRUNCATE ON charge
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_edit()
    """,
    """
    CREATE TRIGGER bill_close_never_removed BEFORE DELETE OR TRUNCATE ON bill_close
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_edit()
    """,
    """
    CREATE TRIGGER bill_close_never_opened_again BEFORE UPDATE ON bill_close
        FOR EACH ROW WHEN (OLD.closed_at IS NOT NULL) EXECUTE FUNCTION refuse_edit()
    """,
    # What is closed stays as it is: nothing is added to it either.
    """
    CREATE FUNCTION refuse_late_charge() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF EXISTS (SELECT 1 FROM bill_close b WHERE b.closed_at IS NOT NULL
            AND b.month IN (SELECT DISTINCT billed FROM added)) THEN
            RAISE EXCEPTION 'the month is closed: a correction goes into an open one'
                USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER charge_into_open_months AFTER INSERT ON charge REFERENCING NEW TABLE AS added
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_late_charge()
    """,
    # A file of calls that was loaded, known again by the SHA-256 of what is in it.
    """
    CREATE TABLE call_file (
        digest bytea PRIMARY KEY CHECK (octet_length(digest) = 32),
        loaded_at timestamptz NOT NULL,
        calls integer NOT NULL
    )
    """,
    # The unique key also answers the month pages: by contract, service and time.
    """
    CREATE TABLE call (
        id bigserial PRIMARY KEY,
        contract bigint NOT NULL REFERENCES contract ON DELETE RESTRICT,
        service text NOT NULL CHECK (service IN ('gate-call-050', 'hikari-denwa')),
        started_at timestamptz NOT NULL,
        number text NOT NULL,
        seconds integer NOT NULL CHECK (seconds >= 0),
        yen integer NOT NULL CHECK (yen >= 0),
        UNIQUE (contract, service, started_at, number)
    )
    """,
)


async def forwards() -> MigrationManager:
    return by_statements(ID, DESCRIPTION, STATEMENTS)
