"""The catalogue in tables: products, fees, prices, taxes, limits, terms; and what is bought refers to it.

Until this chapter, products were lists in the program and in CHECKs. The items that rows may refer to already are put in
here with no more than their keys and kinds; `mypage migrate` then loads the catalogue that is shipped, and `mypage import
catalogue` another one. While nothing was bought (`catalogue_in_use`), a catalogue may be replaced whole.
"""

from __future__ import annotations

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from migrations import chapter

ID = "m23_catalogue"

TABLES = r"""
CREATE TABLE catalogue (
    id smallint PRIMARY KEY CHECK (id = 1),
    version text NOT NULL,
    loaded_at timestamptz,
    account_ids smallint NOT NULL CHECK (account_ids > 0),
    mailbox_gigabytes integer NOT NULL CHECK (mailbox_gigabytes > 0),
    forwarding_addresses smallint NOT NULL CHECK (forwarding_addresses > 0),
    virus_check boolean NOT NULL DEFAULT false
);
INSERT INTO catalogue (id, version, account_ids, mailbox_gigabytes, forwarding_addresses) VALUES (1, '', 5, 1, 5);

CREATE TABLE catalogue_item (
    key text PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('mail', 'mailbox', 'licence', 'support', 'fee', 'other')),
    -- One that is taken out stays here with its prices, and is part of the catalogue no more.
    listed boolean NOT NULL DEFAULT true,
    place smallint NOT NULL,
    name text NOT NULL,
    sold boolean NOT NULL,
    environment text NOT NULL,
    in_contracts text UNIQUE,
    base smallint NOT NULL,
    bought smallint NOT NULL,
    gigabytes integer NOT NULL,
    computers smallint NOT NULL,
    activation text[] NOT NULL,
    installer text,
    fee_of text REFERENCES catalogue_item ON DELETE RESTRICT,
    CHECK ((kind = 'mail') = (in_contracts IS NOT NULL)),
    CHECK ((kind = 'fee') = (fee_of IS NOT NULL))
);

CREATE TABLE catalogue_price (
    id bigserial PRIMARY KEY,
    item text NOT NULL REFERENCES catalogue_item ON DELETE RESTRICT,
    valid_from date NOT NULL CHECK (extract(day FROM valid_from) = 1),
    yen integer NOT NULL CHECK (yen > 0),
    loaded_at timestamptz NOT NULL
);
CREATE INDEX catalogue_price_item ON catalogue_price (item, valid_from, id);

CREATE TABLE catalogue_tax (
    id bigserial PRIMARY KEY,
    valid_from date NOT NULL CHECK (extract(day FROM valid_from) = 1),
    percent smallint NOT NULL CHECK (percent BETWEEN 0 AND 99),
    loaded_at timestamptz NOT NULL
);

CREATE TABLE catalogue_terms (
    id bigserial PRIMARY KEY,
    product text NOT NULL REFERENCES catalogue_item ON DELETE RESTRICT,
    version smallint NOT NULL CHECK (version > 0),
    dated date NOT NULL,
    about text[] NOT NULL,
    points text[] NOT NULL,
    conditions text[] NOT NULL,
    loaded_at timestamptz NOT NULL,
    UNIQUE (product, version)
);

CREATE TABLE telephone_service (
    key text PRIMARY KEY,
    offered boolean NOT NULL
);
"""

KNOWN = r"""
-- What the rows of an older database refer to. It is complete with the first catalogue that is loaded.
INSERT INTO catalogue_item (key, kind, place, name, sold, environment, in_contracts, base, bought, gigabytes, computers,
    activation)
VALUES
    ('mail-pack', 'mail', 1, 'mail-pack', false, '', 'mail_pack', 0, 0, 0, 0, '{}'),
    ('mail-web', 'mail', 2, 'mail-web', false, '', 'mail_web', 0, 0, 0, 0, '{}'),
    ('mailbox-10gb', 'mailbox', 3, 'mailbox-10gb', false, '', NULL, 0, 0, 10, 0, '{}'),
    ('remote-support', 'support', 4, 'remote-support', false, '', NULL, 0, 0, 0, 0, '{}'),
    ('security-360', 'licence', 5, 'security-360', false, '', NULL, 0, 0, 0, 1, '{}'),
    ('security-online', 'licence', 6, 'security-online', false, '', NULL, 0, 0, 0, 1, '{}'),
    ('kids-filter', 'licence', 7, 'kids-filter', false, '', NULL, 0, 0, 0, 1, '{}'),
    ('other', 'other', 0, 'other', false, '', NULL, 0, 0, 0, 0, '{}');
INSERT INTO catalogue_item (key, kind, place, name, sold, environment, base, bought, gigabytes, computers, activation, fee_of)
VALUES ('remote-support-again', 'fee', 4, 'remote-support-again', false, '', 0, 0, 0, 0, '{}', 'remote-support');
INSERT INTO telephone_service VALUES ('hikari-denwa', true), ('gate-call-050', true);
"""

REFERENCES = r"""
-- Of a kind that is bought by who bears it; and of a kind that has licence keys.
CREATE FUNCTION bearer_of_kind() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        its text := (SELECT kind FROM catalogue_item WHERE key = NEW.product);
    BEGIN
        IF its IN ('mail', 'support') AND NEW.account IS NULL OR its IN ('mailbox', 'licence') AND NEW.account IS NOT NULL THEN
            RETURN NEW;
        END IF;
        RAISE check_violation USING CONSTRAINT = 'service_period_bearer',
            MESSAGE = 'some kinds of products are bought for the contract, the others for one of its account IDs';
    END $$;
CREATE FUNCTION must_be_licence() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF EXISTS (SELECT FROM catalogue_item WHERE key = NEW.product AND kind = 'licence') THEN
            RETURN NEW;
        END IF;
        RAISE check_violation USING CONSTRAINT = TG_TABLE_NAME || '_product_check', MESSAGE = 'it is no product with licences';
    END $$;

ALTER TABLE service_period DROP CONSTRAINT service_period_bearer,
    ADD FOREIGN KEY (product) REFERENCES catalogue_item ON DELETE RESTRICT;
CREATE TRIGGER service_period_bearer BEFORE INSERT OR UPDATE OF product, account ON service_period
    FOR EACH ROW EXECUTE FUNCTION bearer_of_kind();
ALTER TABLE licence DROP CONSTRAINT licence_product_check,
    ADD FOREIGN KEY (product) REFERENCES catalogue_item ON DELETE RESTRICT;
CREATE TRIGGER licence_product BEFORE INSERT OR UPDATE OF product ON licence
    FOR EACH ROW EXECUTE FUNCTION must_be_licence();
ALTER TABLE purchase_request DROP CONSTRAINT purchase_request_product_check,
    ADD FOREIGN KEY (product) REFERENCES catalogue_item ON DELETE RESTRICT;
CREATE TRIGGER purchase_request_product BEFORE INSERT OR UPDATE OF product ON purchase_request
    FOR EACH ROW EXECUTE FUNCTION must_be_licence();
ALTER TABLE charge DROP CONSTRAINT charge_item,
    ADD FOREIGN KEY (product) REFERENCES catalogue_item ON DELETE RESTRICT;
ALTER TABLE contract DROP CONSTRAINT contract_mail_product_check,
    ADD FOREIGN KEY (mail_product) REFERENCES catalogue_item (in_contracts) ON DELETE RESTRICT;
ALTER TABLE call DROP CONSTRAINT call_service_check,
    ADD FOREIGN KEY (service) REFERENCES telephone_service ON DELETE RESTRICT;
CREATE INDEX service_period_product ON service_period (product);
"""

LIMITS = r"""
-- How many there may be says the catalogue: whoever has more than a later one allows keeps them.
CREATE FUNCTION within_account_ids() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NEW.slot > (SELECT account_ids FROM catalogue) THEN
            RAISE check_violation USING CONSTRAINT = 'account_slot_check',
                MESSAGE = 'the contract has as many account IDs as it may';
        END IF;
        RETURN NEW;
    END $$;
CREATE FUNCTION within_forwarding() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF cardinality(NEW.addresses) > (SELECT forwarding_addresses FROM catalogue) THEN
            RAISE check_violation USING CONSTRAINT = 'forwarding_addresses_check',
                MESSAGE = 'so many addresses are not forwarded to';
        END IF;
        RETURN NEW;
    END $$;
ALTER TABLE account DROP CONSTRAINT account_slot_check, ADD CONSTRAINT account_slot_check CHECK (slot > 0);
CREATE TRIGGER account_slot_limit BEFORE INSERT OR UPDATE OF slot ON account FOR EACH ROW EXECUTE FUNCTION within_account_ids();
ALTER TABLE forwarding DROP CONSTRAINT forwarding_addresses_check,
    ADD CONSTRAINT forwarding_addresses_check CHECK (cardinality(addresses) > 0);
CREATE TRIGGER forwarding_limit BEFORE INSERT OR UPDATE OF addresses ON forwarding
    FOR EACH ROW EXECUTE FUNCTION within_forwarding();

CREATE OR REPLACE VIEW mail_v1.mailbox WITH (security_barrier) AS
SELECT mailbox, login, address, '{ARGON2ID}' || password_hash AS password, bytes AS quota_bytes,
    '*:bytes=' || bytes AS quota_rule
FROM mail_v1.living
CROSS JOIN LATERAL (
    SELECT coalesce((
        SELECT max(item.gigabytes) FROM service_period big JOIN catalogue_item item ON item.key = big.product
        WHERE big.account = living.account AND item.kind = 'mailbox' AND big.ended_at IS NULL
    ), (SELECT mailbox_gigabytes FROM catalogue)) * 1073741824::bigint AS bytes
) quota;
"""

KEPT = r"""
-- Whether anything hangs on the catalogue's prices already.
CREATE FUNCTION catalogue_in_use() RETURNS boolean LANGUAGE sql STABLE
RETURN EXISTS (SELECT FROM service_period) OR EXISTS (SELECT FROM charge) OR EXISTS (SELECT FROM licence)
    OR EXISTS (SELECT FROM purchase_request) OR EXISTS (SELECT FROM consent);

CREATE FUNCTION refuse_edit_of_catalogue() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF catalogue_in_use() THEN
            RAISE EXCEPTION '% of % is refused: it is added to, never edited', TG_OP, TG_TABLE_NAME
                USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NULL;
    END $$;
CREATE TRIGGER catalogue_price_never_edited AFTER UPDATE OR DELETE OR TRUNCATE ON catalogue_price
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_edit_of_catalogue();
CREATE TRIGGER catalogue_tax_never_edited AFTER UPDATE OR DELETE OR TRUNCATE ON catalogue_tax
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_edit_of_catalogue();
CREATE TRIGGER catalogue_terms_never_edited AFTER UPDATE OR DELETE OR TRUNCATE ON catalogue_terms
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_edit_of_catalogue();
CREATE FUNCTION refuse_another_kind() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'a key stays with its kind' USING ERRCODE = 'restrict_violation';
    END $$;
CREATE TRIGGER catalogue_item_kind BEFORE UPDATE OF key, kind ON catalogue_item FOR EACH ROW
    WHEN (OLD.key <> NEW.key OR OLD.kind <> NEW.kind) EXECUTE FUNCTION refuse_another_kind();
"""


async def forwards() -> MigrationManager:
    return chapter(ID, TABLES + KNOWN + REFERENCES + LIMITS + KEPT)
