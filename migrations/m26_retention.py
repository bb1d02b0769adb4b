"""What is kept how long, and erasing a contract: orders, tombstones without a name, and what the ledger lets go of.

An erased contract keeps its row, since sums, purchases and account IDs hang on it; the row says nothing of a person, and the
database sees to that. Its names (customer number, account IDs, addresses, web spaces) are known again by keyed hashes alone,
which belong to nobody: not even the contract can be read off them.

The ledger stays as it was written, with one way out: of an erased contract the account ID and the words of the operator's
own charges are replaced, never a number, a month or a product.
"""

from __future__ import annotations

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from migrations import chapter

ID = "m26_retention"

ERASING = r"""
-- An order to erase. Its reason goes with the person.
CREATE TABLE erasure (
    contract bigint PRIMARY KEY REFERENCES contract ON DELETE RESTRICT,
    ordered_at timestamptz NOT NULL,
    reason text NOT NULL CHECK (char_length(reason) <= 200),
    -- What the law wants kept (names on bills, applications) is kept outside of the portal.
    kept_elsewhere boolean NOT NULL,
    done_at timestamptz CHECK (done_at >= ordered_at),
    CHECK (done_at IS NULL OR reason = '')
);
CREATE INDEX erasure_open ON erasure (contract) WHERE done_at IS NULL;

-- Names that were erased, by an HMAC-SHA256 whose key comes of a pepper. Without the contract's key.
CREATE TABLE erased_name (
    hash bytea PRIMARY KEY CHECK (length(hash) = 32),
    kind text NOT NULL CHECK (kind IN ('number', 'login', 'address', 'web_space')),
    pepper integer NOT NULL,
    erased_on date NOT NULL,
    -- The last day of the contract, of its number alone: an older backup may not know it yet.
    closed_on date,
    CHECK ((kind = 'number') = (closed_on IS NOT NULL))
);

-- What stands in the place of a name: longer than any that members may have. The checks below say it themselves, since
-- who writes a row would need the right to call what its checks call.
CREATE FUNCTION erased_name_of(id bigint) RETURNS text LANGUAGE sql IMMUTABLE
RETURN 'erased-' || lpad(id::text, 12, '0');

ALTER TABLE contract
    DROP CONSTRAINT contract_customer_number_check,
    DROP CONSTRAINT contract_holder,
    ADD CONSTRAINT contract_customer_number_check CHECK (erased_at IS NOT NULL OR customer_number ~ '^[0-9]{6,14}$'),
    ADD CONSTRAINT contract_holder CHECK (erased_at IS NOT NULL
        OR CASE holder_kind WHEN 'company' THEN company <> '' ELSE company = '' AND birth_date IS NOT NULL END),
    -- Whatever writes to it later: there is no person in it any more.
    ADD CONSTRAINT contract_nobody CHECK (erased_at IS NULL OR (customer_number = 'erased-' || lpad(id::text, 12, '0')
        AND concat(family, given, family_kana, given_kana, company, company_kana, building, address) = ''
        AND concat(occupation, phone, fax, mobile, email) = '' AND num_nonnulls(birth_date, sex, household) = 0));
ALTER TABLE account
    DROP CONSTRAINT account_login_check,
    ADD CONSTRAINT account_login_check CHECK (
        login ~ '^[a-z][a-z0-9-]{1,13}[a-z0-9]$'
        OR (login = 'erased-' || lpad(id::text, 12, '0') AND deleted_at IS NOT NULL));
"""

LEDGER = r"""
DROP TRIGGER charge_never_edited ON charge;
CREATE FUNCTION refuse_edit_of_charge() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF EXISTS (SELECT FROM contract WHERE id = OLD.contract AND erased_at IS NOT NULL)
            AND to_jsonb(OLD) - '{login,name}'::text[] = to_jsonb(NEW) - '{login,name}'::text[]
            AND (NEW.login IS NOT DISTINCT FROM OLD.login OR NEW.login LIKE 'erased-%')
            AND (NEW.name = OLD.name OR (OLD.other IS NOT NULL AND NEW.name = '消去済み'))
        THEN
            RETURN NEW;
        END IF;
        RAISE EXCEPTION '% of % is refused: the ledger is never edited', TG_OP, TG_TABLE_NAME
            USING ERRCODE = 'restrict_violation';
    END $$;
CREATE TRIGGER charge_never_edited BEFORE UPDATE ON charge FOR EACH ROW EXECUTE FUNCTION refuse_edit_of_charge();
CREATE TRIGGER charge_never_removed BEFORE DELETE OR TRUNCATE ON charge
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_edit();

-- STABLE: it looks at the refs as they were before the statement, which replaces all versions of one at once.
CREATE OR REPLACE FUNCTION refuse_edit_of_other() RETURNS trigger STABLE LANGUAGE plpgsql AS $$
    BEGIN
        IF OLD.billed IS NULL AND to_jsonb(OLD) - 'billed' = to_jsonb(NEW) - 'billed' THEN
            RETURN NEW;
        END IF;
        IF EXISTS (SELECT FROM contract WHERE id = OLD.contract AND erased_at IS NOT NULL)
            AND to_jsonb(OLD) - '{ref,label}'::text[] = to_jsonb(NEW) - '{ref,label}'::text[]
            AND NEW.label = '消去済み' AND NEW.ref = erased_name_of(
                (SELECT min(o.id) FROM other_charge o WHERE o.contract = OLD.contract AND o.ref = OLD.ref))
        THEN
            RETURN NEW;
        END IF;
        RAISE EXCEPTION '% of % is refused: what was loaded is never edited', TG_OP, TG_TABLE_NAME
            USING ERRCODE = 'restrict_violation';
    END $$;
"""

ASKED = r"""
-- What housekeeping asks for what is over, oldest first, and what erasing asks for a contract's mails and closing day.
CREATE INDEX call_started ON call (started_at);
CREATE INDEX change_applied ON change (applied_at) WHERE applied_at IS NOT NULL;
CREATE INDEX consent_change ON consent (change);
CREATE INDEX purchase_request_decided ON purchase_request (decided_at) WHERE decided_at IS NOT NULL;
CREATE INDEX card_check_decided ON card_check (decided_at) WHERE decided_at IS NOT NULL;
CREATE INDEX outbox_sent ON outbox (sent_at) WHERE sent_at IS NOT NULL;
CREATE INDEX outbox_refused ON outbox (refused_at) WHERE refused_at IS NOT NULL;
CREATE INDEX outbox_contract ON outbox (contract);
CREATE INDEX paper_request_over ON paper_request (greatest(done_at, received_at, entered_at))
    WHERE done_at IS NOT NULL AND (received_at IS NULL OR entered_at IS NOT NULL);
CREATE INDEX feed_run_applied ON feed_run (applied_at);
CREATE INDEX feed_case_settled ON feed_case (settled_at) WHERE settled_at IS NOT NULL;
CREATE INDEX feed_case_contract ON feed_case (contract);
CREATE INDEX contract_closed ON contract (closed_on) WHERE closed_on IS NOT NULL AND erased_at IS NULL;
"""


async def forwards() -> MigrationManager:
    return chapter(ID, ERASING + LEDGER + ASKED)
