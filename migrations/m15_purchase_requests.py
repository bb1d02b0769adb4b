"""Purchase requests: ユーザー権限 may buy, or ask whoever pays, or neither; and what becomes of what was asked for.

The switch of a contract had two positions. The third, asking, holds both sentences of the manual true, and is what a new
contract gets; contracts that are there keep what was chosen for them.
"""

from __future__ import annotations

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from migrations import chapter

ID = "m15_purchase_requests"

SCHEMA = r"""
ALTER TABLE contract ALTER COLUMN user_purchases DROP DEFAULT;
ALTER TABLE contract
    ALTER COLUMN user_purchases TYPE text USING CASE WHEN user_purchases THEN 'yes' ELSE 'no' END,
    ALTER COLUMN user_purchases SET DEFAULT 'ask',
    ADD CONSTRAINT contract_user_purchases CHECK (user_purchases IN ('yes', 'ask', 'no'));
-- What waits for its confirm page meanwhile can be confirmed afterwards.
UPDATE change
SET data = jsonb_set(data, '{permitted}', CASE WHEN (data ->> 'permitted')::boolean THEN '"yes"' ELSE '"no"' END::jsonb)
WHERE kind = 'user-purchases' AND data IS NOT NULL;

CREATE TABLE purchase_request (
    id uuid PRIMARY KEY,
    contract bigint NOT NULL REFERENCES contract ON DELETE RESTRICT,
    -- Who asked, for whom it is.
    account bigint NOT NULL REFERENCES account ON DELETE RESTRICT,
    product text NOT NULL CHECK (product IN ('security-360', 'security-online', 'kids-filter')),
    asked_at timestamptz NOT NULL,
    lapses_at timestamptz NOT NULL CHECK (lapses_at > asked_at),
    state text NOT NULL DEFAULT 'pending'
        CHECK (state IN ('pending', 'approved', 'refused', 'withdrawn', 'lapsed')),
    decided_at timestamptz CHECK (decided_at >= asked_at),
    -- As the history names whoever it was; nobody lets a request lapse.
    decided_by text,
    reason text NOT NULL DEFAULT '' CHECK (length(reason) <= 200),
    period bigint UNIQUE REFERENCES service_period ON DELETE RESTRICT,
    FOREIGN KEY (account, contract) REFERENCES account (id, contract),
    FOREIGN KEY (period, contract, product) REFERENCES service_period (id, contract, product),
    CONSTRAINT purchase_request_decided CHECK ((state = 'pending') = (decided_at IS NULL)),
    CONSTRAINT purchase_request_decided_by CHECK ((state IN ('pending', 'lapsed')) = (decided_by IS NULL)),
    -- What was approved was bought, once; whoever was refused reads why.
    CONSTRAINT purchase_request_bought CHECK ((state = 'approved') = (period IS NOT NULL)),
    CONSTRAINT purchase_request_why CHECK (state <> 'refused' OR reason <> '')
);
-- An account ID waits for one answer about a product at a time.
CREATE UNIQUE INDEX purchase_request_pending ON purchase_request (account, product) WHERE state = 'pending';
CREATE INDEX purchase_request_due ON purchase_request (lapses_at) WHERE state = 'pending';
CREATE INDEX purchase_request_contract ON purchase_request (contract, asked_at);
"""


async def forwards() -> MigrationManager:
    return chapter(ID, SCHEMA)
