"""What leaves: `billing_v1`, views of closed months and what to charge with, and `events_v1`, what has changed.

Both are a contract with programs outside this one, as mail_v1 is (m06_mail_server.py): within a major version columns and
views are added, never changed or removed. `mypage_billing` and `mypage_events` are group roles that cannot log in; where
they are missing, `CALL billing_v1.grant_rights()` and `CALL events_v1.grant_rights()` make up for it.

Events come of the tables themselves: whoever writes a row, page, feed, desk, housekeeping or a hand in psql, there is one
place that tells of it. The triggers are by statement, so that an import of 100,000 contracts stays a matter of a few INSERTs.
An event holds keys, days, moments, months, words of short lists and names of columns; never what a column holds.

Positions are given after the commit (app/domain/events.py): a number that is drawn before it becomes visible in another
order than it was drawn, and a reader that went by it would pass over what was committed late.
"""

from __future__ import annotations

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from migrations import chapter

ID = "m25_events"

ROLES = """
DO $$
DECLARE
    wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['mypage_billing', 'mypage_events'] LOOP
        CONTINUE WHEN EXISTS (SELECT FROM pg_roles WHERE rolname = wanted);
        BEGIN
            EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
        EXCEPTION
            -- Another database of the cluster made it at the same time: this one has waited for that.
            WHEN unique_violation OR duplicate_object THEN NULL;
            WHEN insufficient_privilege THEN RAISE WARNING 'role % is missing: see docs/interfaces.md', wanted;
        END;
    END LOOP;
END $$;
"""

BILLING = """
CREATE SCHEMA billing_v1;

-- Lines of a bill that are for earlier months: the others of a month are found by the index that begins with it.
CREATE INDEX charge_late ON charge (billed) WHERE billed <> month;

CREATE VIEW billing_v1.closed_month WITH (security_barrier) AS
SELECT b.month, b.closed_at, count(DISTINCT t.contract) AS bills,
    coalesce(sum(t.yen), 0)::bigint AS yen, coalesce(sum(t.tax), 0)::bigint AS tax
FROM bill_close b LEFT JOIN bill_tax t ON t.month = b.month WHERE b.closed_at IS NOT NULL GROUP BY b.month;

-- While a month is being closed its lines are there in part: they are shown when all are.
CREATE VIEW billing_v1.charge WITH (security_barrier) AS
SELECT line.id AS charge, line.billed, line.contract, c.customer_number, line.login, line.period AS purchase, o.ref,
    line.product, line.name, line.month, line.started_on, line.ended_on, line.yen, line.tax_rate
FROM (
    SELECT id, billed, contract, login, period, other, product, name, month, started_on, ended_on, yen, tax_rate
    FROM charge WHERE month = billed
    UNION ALL
    SELECT id, billed, contract, login, period, other, product, name, month, started_on, ended_on, yen, tax_rate
    FROM charge WHERE billed <> month
) line
JOIN bill_close b ON b.month = line.billed AND b.closed_at IS NOT NULL
JOIN contract c ON c.id = line.contract
LEFT JOIN other_charge o ON o.id = line.other;

-- The tax of a bill is rounded once for each rate, which the lines alone do not say.
CREATE VIEW billing_v1.tax WITH (security_barrier) AS
SELECT t.month AS billed, t.contract, t.tax_rate, t.yen, t.tax
FROM bill_tax t JOIN bill_close b ON b.month = t.month AND b.closed_at IS NOT NULL;

-- No name and no address: whose number it is, the operator's own systems know.
CREATE VIEW billing_v1.contract WITH (security_barrier) AS
SELECT id AS contract, customer_number, holder_kind, contract_type, mail_product, opened_on, closed_on, ended_at
FROM contract;

CREATE VIEW billing_v1.card WITH (security_barrier) AS
SELECT k.contract, c.customer_number, k.id AS card, k.brand, k.last4, k.expires, k.token, k.payer, k.three_d_secure
FROM card k JOIN contract c ON c.id = k.contract;
"""

EVENTS = """
ALTER TABLE contract
    ADD COLUMN erased_at timestamptz,
    ADD CONSTRAINT contract_erased CHECK (erased_at IS NULL OR ended_at IS NOT NULL);

-- Positions begin anew with each epoch. `system` and `database` are those that it was begun in: whatever was restored
-- elsewhere is another database, which goes on differently from the one that its readers know.
CREATE TABLE event_epoch (
    id bigserial PRIMARY KEY,
    epoch uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
    begun_at timestamptz NOT NULL DEFAULT now(),
    system bigint NOT NULL,
    database bigint NOT NULL,
    given bigint NOT NULL DEFAULT 0,
    pruned bigint NOT NULL DEFAULT 0,
    CHECK (pruned BETWEEN 0 AND given)
);

-- Without foreign keys: an event may outlive what it is about, and imports write many.
CREATE TABLE event (
    id bigserial PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now(),
    kind text NOT NULL CHECK (kind IN ('contract', 'account', 'purchase', 'cancellation', 'address', 'card', 'closing',
        'erasing', 'closed_month')),
    version smallint NOT NULL DEFAULT 1,
    contract bigint,
    account bigint,
    data jsonb NOT NULL,
    epoch uuid,
    position bigint CHECK (position > 0),
    CHECK ((epoch IS NULL) = (position IS NULL)),
    CHECK ((contract IS NULL) = (kind = 'closed_month')),
    UNIQUE (epoch, position)
);
CREATE INDEX event_waiting ON event (id) WHERE position IS NULL;

-- Names of the columns that differ, but those that are told of otherwise, or not at all.
CREATE FUNCTION event_fields(former jsonb, present jsonb, apart text[]) RETURNS jsonb LANGUAGE sql IMMUTABLE
RETURN (SELECT coalesce(jsonb_agg(key ORDER BY key), '[]') FROM jsonb_each(present) AS field (key, value)
    WHERE value IS DISTINCT FROM former -> key AND key <> ALL (apart));
"""

TELLING = """
CREATE FUNCTION event_of_contract() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'INSERT' THEN
            INSERT INTO event (kind, contract, data) SELECT 'contract', id, jsonb_build_object('change', 'added',
                'holder_kind', holder_kind, 'mail_product', mail_product, 'opened_on', opened_on)
            FROM present ORDER BY id;
            INSERT INTO event (kind, contract, data) SELECT 'closing', id,
                jsonb_build_object('change', 'ordered', 'closed_on', closed_on)
            FROM present WHERE closed_on IS NOT NULL ORDER BY id;
            RETURN NULL;
        END IF;
        INSERT INTO event (kind, contract, data) SELECT 'contract', p.id, jsonb_build_object('change', 'changed',
            'fields', fields, 'holder_kind', p.holder_kind, 'mail_product', p.mail_product, 'opened_on', p.opened_on)
        FROM present p JOIN former f USING (id) CROSS JOIN LATERAL event_fields(to_jsonb(f), to_jsonb(p),
            '{password_hash,closed_on,ended_at,erased_at}') AS fields
        WHERE p.erased_at IS NULL AND fields <> '[]' ORDER BY p.id;
        INSERT INTO event (kind, contract, data) SELECT 'closing', p.id, jsonb_strip_nulls(jsonb_build_object(
            'change', CASE WHEN p.closed_on IS NULL THEN 'withdrawn' ELSE 'ordered' END, 'closed_on', p.closed_on))
        FROM present p JOIN former f USING (id) WHERE p.closed_on IS DISTINCT FROM f.closed_on ORDER BY p.id;
        INSERT INTO event (kind, contract, data) SELECT 'closing', p.id,
            jsonb_build_object('change', 'ended', 'closed_on', p.closed_on)
        FROM present p JOIN former f USING (id) WHERE p.ended_at IS NOT NULL AND f.ended_at IS NULL ORDER BY p.id;
        INSERT INTO event (kind, contract, data) SELECT 'erasing', p.id, '{}'
        FROM present p JOIN former f USING (id) WHERE p.erased_at IS NOT NULL AND f.erased_at IS NULL ORDER BY p.id;
        RETURN NULL;
    END $$;

-- A tombstone is told of no more, whatever is still taken from it.
CREATE FUNCTION event_of_account() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'INSERT' THEN
            INSERT INTO event (kind, contract, account, data) SELECT 'account', contract, id,
                jsonb_build_object('change', 'added', 'role', role) FROM present ORDER BY id;
            INSERT INTO event (kind, contract, account, data) SELECT 'address', contract, id,
                jsonb_build_object('change', 'registered', 'of', 'other') FROM present
            WHERE other_address IS NOT NULL ORDER BY id;
            INSERT INTO event (kind, contract, account, data) SELECT 'account', contract, id,
                jsonb_build_object('change', 'deleted', 'role', role) FROM present WHERE deleted_at IS NOT NULL ORDER BY id;
            RETURN NULL;
        END IF;
        INSERT INTO event (kind, contract, account, data) SELECT 'account', p.contract, p.id,
            jsonb_build_object('change', 'changed', 'fields', fields, 'role', p.role)
        FROM present p JOIN former f USING (id) CROSS JOIN LATERAL event_fields(to_jsonb(f), to_jsonb(p),
            '{password_hash,slot,other_address,deleted_at}') AS fields
        WHERE f.deleted_at IS NULL AND fields <> '[]' ORDER BY p.id;
        INSERT INTO event (kind, contract, account, data) SELECT 'address', p.contract, p.id, jsonb_build_object(
            'change', CASE WHEN p.other_address IS NULL THEN 'released' WHEN f.other_address IS NULL THEN 'registered'
                ELSE 'changed' END, 'of', 'other')
        FROM present p JOIN former f USING (id)
        WHERE f.deleted_at IS NULL AND p.other_address IS DISTINCT FROM f.other_address ORDER BY p.id;
        INSERT INTO event (kind, contract, account, data) SELECT 'account', p.contract, p.id,
            jsonb_build_object('change', 'deleted', 'role', p.role)
        FROM present p JOIN former f USING (id) WHERE p.deleted_at IS NOT NULL AND f.deleted_at IS NULL ORDER BY p.id;
        RETURN NULL;
    END $$;

CREATE FUNCTION event_of_address() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'INSERT' THEN
            INSERT INTO event (kind, contract, account, data) SELECT 'address', contract, account,
                jsonb_build_object('change', 'registered', 'of', 'ours', 'address', id) FROM present ORDER BY id;
            INSERT INTO event (kind, contract, account, data) SELECT 'address', contract, account,
                jsonb_build_object('change', 'released', 'of', 'ours', 'address', id) FROM present
            WHERE released_at IS NOT NULL ORDER BY id;
            RETURN NULL;
        END IF;
        INSERT INTO event (kind, contract, account, data) SELECT 'address', p.contract, p.account, jsonb_build_object(
            'change', CASE WHEN p.released_at IS NULL THEN 'registered' ELSE 'released' END, 'of', 'ours', 'address', p.id)
        FROM present p JOIN former f USING (id)
        WHERE (p.released_at IS NULL) <> (f.released_at IS NULL) ORDER BY p.id;
        RETURN NULL;
    END $$;

CREATE FUNCTION event_of_purchase() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'DELETE' THEN
            INSERT INTO event (kind, contract, account, data) SELECT 'cancellation', contract, account,
                jsonb_build_object('change', 'undone', 'purchase', id, 'product', product) FROM former ORDER BY id;
            RETURN NULL;
        END IF;
        IF TG_OP = 'INSERT' THEN
            INSERT INTO event (kind, contract, account, data) SELECT 'purchase', contract, account, jsonb_strip_nulls(
                jsonb_build_object('change', 'bought', 'purchase', id, 'product', product, 'started_at', started_at,
                    'charged_from', charged_from)) FROM present ORDER BY id;
            INSERT INTO event (kind, contract, account, data) SELECT 'cancellation', contract, account, jsonb_build_object(
                'change', 'ended', 'purchase', id, 'product', product, 'ended_at', ended_at)
            FROM present WHERE ended_at IS NOT NULL ORDER BY id;
            RETURN NULL;
        END IF;
        INSERT INTO event (kind, contract, account, data) SELECT
            CASE WHEN p.ended_at IS NULL THEN 'purchase' ELSE 'cancellation' END, p.contract, p.account,
            jsonb_strip_nulls(jsonb_build_object('change', CASE WHEN p.ended_at IS NULL THEN 'restored' ELSE 'ended' END,
                'purchase', p.id, 'product', p.product, 'ended_at', p.ended_at))
        FROM present p JOIN former f USING (id) WHERE p.ended_at IS DISTINCT FROM f.ended_at ORDER BY p.id;
        RETURN NULL;
    END $$;

CREATE FUNCTION event_of_card() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        CASE TG_OP
            WHEN 'INSERT' THEN INSERT INTO event (kind, contract, data) SELECT 'card', contract,
                jsonb_build_object('change', 'registered', 'card', id) FROM present ORDER BY id;
            WHEN 'DELETE' THEN INSERT INTO event (kind, contract, data) SELECT 'card', contract,
                jsonb_build_object('change', 'removed', 'card', id) FROM former ORDER BY id;
            ELSE INSERT INTO event (kind, contract, data) SELECT 'card', p.contract, jsonb_build_object('change', 'changed',
                    'card', p.id, 'fields', fields)
                FROM present p JOIN former f USING (id)
                CROSS JOIN LATERAL event_fields(to_jsonb(f), to_jsonb(p), '{}') AS fields
                WHERE fields <> '[]' ORDER BY p.id;
        END CASE;
        RETURN NULL;
    END $$;

CREATE FUNCTION event_of_close() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'INSERT' THEN
            INSERT INTO event (kind, data) SELECT 'closed_month', jsonb_build_object('month', to_char(month, 'YYYY-MM'))
            FROM present WHERE closed_at IS NOT NULL ORDER BY month;
        ELSE
            INSERT INTO event (kind, data) SELECT 'closed_month', jsonb_build_object('month', to_char(month, 'YYYY-MM'))
            FROM present p JOIN former f USING (month)
            WHERE p.closed_at IS NOT NULL AND f.closed_at IS NULL ORDER BY month;
        END IF;
        RETURN NULL;
    END $$;
"""

TOLD = {
    "contract": ("event_of_contract", ("INSERT", "UPDATE")),
    "account": ("event_of_account", ("INSERT", "UPDATE")),
    "mail_address": ("event_of_address", ("INSERT", "UPDATE")),
    "service_period": ("event_of_purchase", ("INSERT", "UPDATE", "DELETE")),
    "card": ("event_of_card", ("INSERT", "UPDATE", "DELETE")),
    "bill_close": ("event_of_close", ("INSERT", "UPDATE")),
}
"""What tells of what happens to each table. Nobody deletes rows of the others: they end, and stay."""
_SEEN = {
    "INSERT": "NEW TABLE AS present",
    "UPDATE": "OLD TABLE AS former NEW TABLE AS present",
    "DELETE": "OLD TABLE AS former",
}
TRIGGERS = "".join(
    f"CREATE TRIGGER event_{happens.lower()} AFTER {happens} ON {table} REFERENCING {_SEEN[happens]}"
    f" FOR EACH STATEMENT EXECUTE FUNCTION {function}();\n"
    for table, (function, happenings) in TOLD.items()
    for happens in happenings
)

LEAVING = """
CREATE SCHEMA events_v1;

CREATE VIEW events_v1.event WITH (security_barrier) AS
SELECT epoch, position, at AS time, kind, version, contract, account, data FROM event WHERE position IS NOT NULL;

-- What can be read now: one row, or none before the first server has run.
CREATE VIEW events_v1.reach WITH (security_barrier) AS
SELECT epoch, pruned + 1 AS oldest, given AS newest, begun_at FROM event_epoch ORDER BY id DESC LIMIT 1;

-- How far somebody has read: what lies behind that is kept for them. Each login writes its own rows alone.
CREATE TABLE events_v1.reader (
    name text PRIMARY KEY CHECK (name ~ '^[a-z][a-z0-9_-]{0,62}$'),
    login name NOT NULL DEFAULT current_user,
    epoch uuid NOT NULL,
    position bigint NOT NULL CHECK (position >= 0),
    read_at timestamptz NOT NULL DEFAULT now()
);
ALTER TABLE events_v1.reader ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON events_v1.reader FOR SELECT USING (true);
CREATE POLICY made ON events_v1.reader FOR INSERT WITH CHECK (login = current_user);
CREATE POLICY moved ON events_v1.reader FOR UPDATE USING (login = current_user) WITH CHECK (login = current_user);
CREATE POLICY removed ON events_v1.reader FOR DELETE USING (login = current_user);
"""

RIGHTS = """
CREATE PROCEDURE billing_v1.grant_rights() LANGUAGE plpgsql AS $$
    BEGIN
        IF EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'mypage_billing') THEN
            GRANT USAGE ON SCHEMA billing_v1 TO mypage_billing;
            GRANT SELECT ON billing_v1.closed_month, billing_v1.charge, billing_v1.tax, billing_v1.contract,
                billing_v1.card TO mypage_billing;
        END IF;
    END $$;
CREATE PROCEDURE events_v1.grant_rights() LANGUAGE plpgsql AS $$
    BEGIN
        IF EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'mypage_events') THEN
            GRANT USAGE ON SCHEMA events_v1 TO mypage_events;
            GRANT SELECT ON events_v1.event, events_v1.reach TO mypage_events;
            GRANT SELECT, INSERT, UPDATE, DELETE ON events_v1.reader TO mypage_events;
        END IF;
    END $$;
CALL billing_v1.grant_rights();
CALL events_v1.grant_rights();
"""


async def forwards() -> MigrationManager:
    return chapter(ID, ROLES + BILLING + EVENTS + TELLING + TRIGGERS + LEAVING + RIGHTS)
