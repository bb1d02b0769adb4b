"""Money: how a contract pays, what it owes month by month, and its calls.

Of a card only what may be shown is kept, and the payment gateway's token; a check refuses a card number in its place.
The ledger is written once by `mypage bill close` and never edited: what turns out wrong is put right by a line in a
later month's bill.
"""

from __future__ import annotations

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from migrations import chapter

ID = "m07_money"

CARDS = r"""
-- Another card of the contract is another row. An imported card has no token of a gateway of ours.
CREATE TABLE card (
    id bigserial PRIMARY KEY,
    contract bigint NOT NULL UNIQUE REFERENCES contract ON DELETE RESTRICT,
    token text NOT NULL DEFAULT '' CHECK (token !~ '[0-9]{14}'),
    payer text NOT NULL DEFAULT '',
    brand text NOT NULL
        CONSTRAINT card_brand CHECK (brand IN ('MasterCard', 'VISA', 'JCB', 'AMERICAN EXPRESS', 'Diners Club')),
    last4 text NOT NULL CHECK (last4 ~ '^[0-9]{4}$'),
    expires text NOT NULL CHECK (expires ~ '^[1-9][0-9]{3}-(0[1-9]|1[0-2])$'),
    holder text NOT NULL
);
CREATE INDEX card_expires ON card (expires);

-- A card whose holder's name is not the contractor's waits here until staff decide, or until another card takes its
-- place. A contract has one that waits.
CREATE TABLE card_check (
    id bigserial PRIMARY KEY,
    contract bigint NOT NULL REFERENCES contract ON DELETE RESTRICT,
    token text NOT NULL CHECK (token !~ '[0-9]{14}'),
    payer text NOT NULL,
    brand text NOT NULL CHECK (brand IN ('MasterCard', 'VISA', 'JCB', 'AMERICAN EXPRESS', 'Diners Club')),
    last4 text NOT NULL CHECK (last4 ~ '^[0-9]{4}$'),
    expires text NOT NULL CHECK (expires ~ '^[1-9][0-9]{3}-(0[1-9]|1[0-2])$'),
    holder text NOT NULL CHECK (holder ~ '^[A-Z][A-Z .''-]*$'),
    asked_at timestamptz NOT NULL,
    decided_at timestamptz CHECK (decided_at >= asked_at),
    outcome text CHECK (outcome IN ('approved', 'refused', 'replaced')),
    CHECK ((decided_at IS NULL) = (outcome IS NULL))
);
CREATE UNIQUE INDEX card_check_waiting ON card_check (contract) WHERE decided_at IS NULL;
-- A receipt and the payment page say what came of a card.
CREATE INDEX card_check_asked ON card_check (contract, asked_at);

-- Each mail before an expiry is posted once, however many workers look.
CREATE TABLE card_reminder (
    id bigserial PRIMARY KEY,
    contract bigint NOT NULL REFERENCES contract ON DELETE RESTRICT,
    card bigint NOT NULL REFERENCES card ON DELETE CASCADE,
    days smallint NOT NULL CHECK (days IN (60, 30)),
    posted_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX card_reminder_once ON card_reminder (card, days);

-- Somebody went to the gateway's own page. A visit brings one card, to one change.
CREATE TABLE card_visit (
    id uuid PRIMARY KEY,
    contract bigint NOT NULL REFERENCES contract ON DELETE RESTRICT,
    account bigint REFERENCES account ON DELETE RESTRICT,
    session text NOT NULL UNIQUE,
    -- The gateway's name of who pays: with it, cards that are no longer needed are dropped there.
    payer text NOT NULL DEFAULT '',
    asked_at timestamptz NOT NULL,
    change uuid UNIQUE
);
CREATE INDEX card_visit_asked ON card_visit (asked_at);
CREATE INDEX card_visit_contract ON card_visit (contract, asked_at);

-- What the local vault of demo and tests keeps, which stands in for a gateway. The same card has the same token, however
-- often it is typed; a keyed fingerprint tells that it is the same.
CREATE TABLE vault_card (
    token text PRIMARY KEY CHECK (token !~ '[0-9]{14}'),
    fingerprint bytea NOT NULL CHECK (length(fingerprint) = 32),
    brand text NOT NULL,
    last4 text NOT NULL CHECK (last4 ~ '^[0-9]{4}$'),
    expires text NOT NULL CHECK (expires ~ '^[1-9][0-9]{3}-(0[1-9]|1[0-2])$'),
    kept_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX vault_card_same ON vault_card (fingerprint, expires);
"""

LEDGER = """
-- A month of the ledger: up to which contract its charges are written, and when it was whole.
CREATE TABLE bill_close (
    month date PRIMARY KEY CHECK (extract(day FROM month) = 1),
    reached bigint NOT NULL,
    closed_at timestamptz
);

-- One charge for a period, product and month; a correction stands in a later month's bill.
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
    -- This key and the index below begin with the month, so that a close adds to their end and touches no page of the
    -- years before.
    UNIQUE (month, period, product, billed),
    CHECK (billed >= month),
    -- Money is given back by corrections only.
    CHECK (yen > 0 OR billed > month),
    -- Every product, and the fee for buying one again.
    CONSTRAINT charge_item CHECK (product IN ('mail-pack', 'mail-web', 'remote-support',
        'remote-support-again', 'mailbox-10gb', 'security-360', 'security-online', 'kids-filter')),
    -- A bill with another contract's purchase in it would be shown to the wrong customer, or not at all.
    CONSTRAINT charge_of_contract FOREIGN KEY (period, contract) REFERENCES service_period (id, contract)
);
CREATE INDEX charge_contract ON charge (month, contract);

CREATE FUNCTION refuse_edit() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION '% of % is refused: the ledger is never edited', TG_OP, TG_TABLE_NAME
            USING ERRCODE = 'restrict_violation';
    END $$;
CREATE TRIGGER charge_never_edited BEFORE UPDATE OR DELETE OR TRUNCATE ON charge
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_edit();
CREATE TRIGGER bill_close_never_removed BEFORE DELETE OR TRUNCATE ON bill_close
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_edit();
CREATE TRIGGER bill_close_never_opened_again BEFORE UPDATE ON bill_close
    FOR EACH ROW WHEN (OLD.closed_at IS NOT NULL) EXECUTE FUNCTION refuse_edit();

-- What is closed stays as it is: nothing is added to it either.
CREATE FUNCTION refuse_late_charge() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF EXISTS (SELECT 1 FROM bill_close b WHERE b.closed_at IS NOT NULL
            AND b.month IN (SELECT DISTINCT billed FROM added)) THEN
            RAISE EXCEPTION 'the month is closed: a correction goes into an open one'
                USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NULL;
    END $$;
CREATE TRIGGER charge_into_open_months AFTER INSERT ON charge REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_late_charge();
"""

CALLS = """
-- A file of calls that was loaded, known again by the SHA-256 of what is in it.
CREATE TABLE call_file (
    digest bytea PRIMARY KEY CHECK (octet_length(digest) = 32),
    loaded_at timestamptz NOT NULL,
    calls integer NOT NULL
);

CREATE TABLE call (
    id bigserial PRIMARY KEY,
    contract bigint NOT NULL REFERENCES contract ON DELETE RESTRICT,
    service text NOT NULL CHECK (service IN ('gate-call-050', 'hikari-denwa')),
    started_at timestamptz NOT NULL,
    number text NOT NULL,
    seconds integer NOT NULL CHECK (seconds >= 0),
    yen integer NOT NULL CHECK (yen >= 0),
    -- Nobody calls a number twice in one second. The key also answers the month pages: by contract, service and time.
    UNIQUE (contract, service, started_at, number)
);
"""


async def forwards() -> MigrationManager:
    return chapter(ID, CARDS + LEDGER + CALLS)
