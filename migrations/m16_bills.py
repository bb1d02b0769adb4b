"""Bills: what a closed month says is written down when it is closed, and the operator's other charges stand on it too.

A line of the ledger holds the words and days that a bill shows of it; beside the ledger stand the tax of each bill, who
issued the month's bills, and, in a table of its own, whom a bill was for. That one alone holds a person, so that erasing
one takes its rows away and leaves the sums. What was billed before this chapter is filled in as it is shown today.
"""

from __future__ import annotations

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from migrations import chapter

ID = "m16_bills"

OTHERS = r"""
-- What the operator charges beside the portal's own products, as `mypage import charges` loaded it. A ref with other
-- contents is a further row, so that all of them are kept; the last one of a ref and contract counts.
CREATE TABLE other_charge (
    id bigserial PRIMARY KEY,
    ref text NOT NULL CHECK (char_length(ref) BETWEEN 1 AND 64),
    contract bigint NOT NULL REFERENCES contract ON DELETE RESTRICT,
    month date NOT NULL CHECK (extract(day FROM month) = 1),
    label text NOT NULL CHECK (char_length(label) BETWEEN 1 AND 100),
    yen integer NOT NULL,
    tax_rate smallint NOT NULL CHECK (tax_rate BETWEEN 0 AND 99),
    started_on date,
    ended_on date CHECK (ended_on >= started_on),
    loaded_at timestamptz NOT NULL,
    -- The first close that took it into account; null: it still has to reach a bill.
    billed date REFERENCES bill_close ON DELETE RESTRICT,
    CHECK ((started_on IS NULL) = (ended_on IS NULL)),
    -- For references: a line of the ledger is of its charge's contract.
    UNIQUE (id, contract)
);
CREATE INDEX other_charge_ref ON other_charge (ref, id);
CREATE INDEX other_charge_of_contract ON other_charge (contract, ref, id);
CREATE INDEX other_charge_open ON other_charge (contract) WHERE billed IS NULL;
"""

LINES = r"""
ALTER TABLE charge
    ALTER period DROP NOT NULL,
    ADD other bigint REFERENCES other_charge ON DELETE RESTRICT,
    ADD name text,
    ADD started_on date,
    ADD ended_on date;

-- The ledger is filled in once, by this chapter, with what its bills show today.
ALTER TABLE charge DISABLE TRIGGER charge_never_edited;
UPDATE charge h SET
    name = CASE h.product
        WHEN 'mail-pack' THEN 'メールパック'
        WHEN 'mail-web' THEN 'メール&Webスペース'
        WHEN 'mailbox-10gb' THEN 'メールボックス 10GB'
        WHEN 'remote-support' THEN 'UCOM光 リモートサポート'
        WHEN 'remote-support-again' THEN 'UCOM光 リモートサポート 再申し込み手数料'
        WHEN 'security-360' THEN 'セキュリティ360°'
        WHEN 'security-online' THEN 'セキュリティオンライン'
        WHEN 'kids-filter' THEN '安心 Kidsフィルター'
    END,
    started_on = (p.started_at AT TIME ZONE 'Asia/Tokyo')::date,
    ended_on = CASE
        WHEN h.product = 'remote-support-again' THEN (p.started_at AT TIME ZONE 'Asia/Tokyo')::date
        WHEN p.ended_at IS NULL THEN NULL
        WHEN p.ended_at AT TIME ZONE 'Asia/Tokyo' >= h.billed + interval '1 month' THEN NULL
        ELSE least(
            CASE WHEN h.product IN ('security-360', 'security-online', 'kids-filter')
                THEN (date_trunc('month', p.ended_at AT TIME ZONE 'Asia/Tokyo') + interval '1 month - 1 day')::date
                ELSE (p.ended_at AT TIME ZONE 'Asia/Tokyo')::date
            END,
            (SELECT (a.deleted_at AT TIME ZONE 'Asia/Tokyo')::date FROM account a WHERE a.id = p.account)
        )
    END
FROM service_period p WHERE p.id = h.period;
ALTER TABLE charge ENABLE TRIGGER charge_never_edited;

ALTER TABLE charge
    ALTER name SET NOT NULL,
    DROP CONSTRAINT charge_item,
    ADD CONSTRAINT charge_item CHECK (product IN ('mail-pack', 'mail-web', 'remote-support',
        'remote-support-again', 'mailbox-10gb', 'security-360', 'security-online', 'kids-filter', 'other')),
    -- Either a purchase of the portal's, or a charge of the operator's.
    ADD CONSTRAINT charge_of_one CHECK (num_nonnulls(period, other) = 1 AND (product = 'other') = (other IS NOT NULL)),
    ADD CONSTRAINT charge_other_of_contract FOREIGN KEY (other, contract) REFERENCES other_charge (id, contract),
    -- The operator may give a discount in the month itself; a product is given back by corrections only.
    DROP CONSTRAINT charge_check1,
    ADD CONSTRAINT charge_given_back CHECK (yen > 0 OR billed > month OR other IS NOT NULL);
CREATE UNIQUE INDEX charge_other ON charge (other, billed) WHERE other IS NOT NULL;
"""

BESIDE = r"""
-- Who issues the bills of a month, in the words of the day that its close began.
CREATE TABLE bill_issuer (
    month date PRIMARY KEY REFERENCES bill_close ON DELETE RESTRICT,
    name text NOT NULL,
    address text NOT NULL,
    phone text NOT NULL,
    hours text NOT NULL,
    invoice_number text NOT NULL,
    payment_day text NOT NULL,
    elsewhere text NOT NULL
);

-- What is taxed at one rate in a bill, and the tax in it: a month has a bill where it has such a row.
CREATE TABLE bill_tax (
    id bigserial PRIMARY KEY,
    contract bigint NOT NULL REFERENCES contract ON DELETE RESTRICT,
    month date NOT NULL REFERENCES bill_close ON DELETE RESTRICT,
    tax_rate smallint NOT NULL CHECK (tax_rate BETWEEN 0 AND 99),
    yen integer NOT NULL,
    tax integer NOT NULL,
    UNIQUE (month, contract, tax_rate)
);
INSERT INTO bill_tax (contract, month, tax_rate, yen, tax)
SELECT contract, billed, tax_rate, sum(yen), sum(yen) * tax_rate / (100 + tax_rate)
FROM charge GROUP BY contract, billed, tax_rate ORDER BY billed, contract;

-- Whom a bill was for, and the card that it was to be debited from: the one table of a closed month that holds a person.
-- An erased person's rows are gone; the bill's lines and sums stay.
CREATE TABLE bill_name (
    id bigserial PRIMARY KEY,
    contract bigint NOT NULL REFERENCES contract ON DELETE RESTRICT,
    month date NOT NULL REFERENCES bill_close ON DELETE RESTRICT,
    customer_number text NOT NULL,
    recipient text NOT NULL,
    card_brand text,
    card_last4 text CHECK (card_last4 ~ '^[0-9]{4}$'),
    CHECK ((card_brand IS NULL) = (card_last4 IS NULL)),
    UNIQUE (month, contract)
);
INSERT INTO bill_name (contract, month, customer_number, recipient, card_brand, card_last4)
SELECT c.id, b.month, c.customer_number, concat_ws(' ', c.family, c.given), d.brand, d.last4
FROM (SELECT DISTINCT contract, month FROM bill_tax) b JOIN contract c ON c.id = b.contract
LEFT JOIN card d ON d.contract = c.id AND d.expires >= to_char(b.month, 'YYYY-MM') ORDER BY b.month, c.id;
"""

NEVER_EDITED = r"""
CREATE TRIGGER bill_issuer_never_edited BEFORE UPDATE OR DELETE OR TRUNCATE ON bill_issuer
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_edit();
CREATE TRIGGER bill_tax_never_edited BEFORE UPDATE OR DELETE OR TRUNCATE ON bill_tax
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_edit();
-- Rows of a person who is erased may go; none may say something else, and none may come back.
CREATE TRIGGER bill_name_never_edited BEFORE UPDATE OR TRUNCATE ON bill_name
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_edit();

CREATE FUNCTION refuse_late_bill() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF EXISTS (SELECT 1 FROM bill_close b WHERE b.closed_at IS NOT NULL
            AND b.month IN (SELECT DISTINCT month FROM added)) THEN
            RAISE EXCEPTION 'the month is closed: nothing is added to its bills' USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NULL;
    END $$;
CREATE TRIGGER bill_tax_of_open_months AFTER INSERT ON bill_tax REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_late_bill();
CREATE TRIGGER bill_name_of_open_months AFTER INSERT ON bill_name REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_late_bill();

-- Of an imported charge nothing changes but that a close has taken it into account.
CREATE FUNCTION refuse_edit_of_other() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF OLD.billed IS NULL AND to_jsonb(OLD) - 'billed' = to_jsonb(NEW) - 'billed' THEN
            RETURN NEW;
        END IF;
        RAISE EXCEPTION '% of % is refused: what was loaded is never edited', TG_OP, TG_TABLE_NAME
            USING ERRCODE = 'restrict_violation';
    END $$;
CREATE TRIGGER other_charge_never_edited BEFORE UPDATE ON other_charge
    FOR EACH ROW EXECUTE FUNCTION refuse_edit_of_other();
CREATE TRIGGER other_charge_never_removed BEFORE DELETE OR TRUNCATE ON other_charge
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_edit();
"""


async def forwards() -> MigrationManager:
    return chapter(ID, OTHERS + LINES + BESIDE + NEVER_EDITED)
