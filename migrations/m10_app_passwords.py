"""App passwords of mailboxes, logins at the mail server, and how much an account ID may send.

`mail_v1` becomes 1.1: `mail_v1.login` says which passwords open a mailbox, `mail_v1.selector_salt` how an app password
is found. What was there before stays as it is. `mail_state_v1.submission_answer` counts what is sent.
"""

from __future__ import annotations

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from migrations import chapter

ID = "m10_app_passwords"

TABLES = r"""
-- Of a login at the mail server its protocol (imap, smtp); none: at the portal.
ALTER TABLE login_event ADD COLUMN protocol text NOT NULL DEFAULT '' CHECK (protocol ~ '^[a-z0-9-]{0,20}$');

-- A password that a mail program was given instead of the portal's. It belongs to the mailbox, so that it ends with it.
CREATE TABLE app_password (
    id bigserial PRIMARY KEY,
    contract bigint NOT NULL REFERENCES contract ON DELETE RESTRICT,
    account bigint NOT NULL REFERENCES account ON DELETE RESTRICT,
    mailbox bigint NOT NULL REFERENCES mailbox ON DELETE RESTRICT,
    slot smallint NOT NULL CHECK (slot BETWEEN 1 AND 10),
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 32),
    -- The first 32 bits of a salted hash: the mail server finds the row by it, and checks one hash instead of ten.
    selector text NOT NULL CHECK (selector ~ '^[0-9a-f]{8}$'),
    -- 12 bits of another hash, which Dovecot tells before a login: one that is right is not held up by others' guesses.
    hint text NOT NULL CHECK (hint ~ '^[0-9a-f]{3}$'),
    -- SHA-512 and its salt behind it, in base64: enough for a random password, and cheap for programs that ask often.
    hash text NOT NULL CHECK (hash ~ '^[A-Za-z0-9+/]{107}=$'),
    made_at timestamptz NOT NULL,
    used_at timestamptz,
    -- Where it was used last: imap, smtp.
    used_over text NOT NULL DEFAULT '',
    CONSTRAINT app_password_of_account FOREIGN KEY (account, contract) REFERENCES account (id, contract)
);
CREATE INDEX app_password_account ON app_password (account);
-- At most ten for a mailbox: each takes one of ten slots.
CREATE UNIQUE INDEX app_password_slot ON app_password (mailbox, slot);
CREATE UNIQUE INDEX app_password_name ON app_password (mailbox, name);
CREATE UNIQUE INDEX app_password_selector ON app_password (mailbox, selector);
"""

VIEWS = r"""
CREATE OR REPLACE VIEW mail_v1.contract WITH (security_barrier) AS SELECT 1 AS major, 1 AS minor;

-- It stands in Dovecot's settings too. Logged statements hold selectors of typed passwords; without the salt nobody can
-- try a list of passwords on them.
CREATE TABLE mail_v1.selector_salt (
    salt text NOT NULL,
    one boolean PRIMARY KEY DEFAULT true CHECK (one)
);
INSERT INTO mail_v1.selector_salt (salt)
VALUES (replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''));

-- What opens a mailbox. The row of the portal's password has app 0 and an empty selector, so that it is found whatever
-- is typed: the mail server learns whose mailbox it is, and reports a wrong password of it, not an unknown name. Once
-- there are app passwords, it holds a hash that no password has.
CREATE VIEW mail_v1.login WITH (security_barrier) AS
SELECT mailbox, login, address, 0::bigint AS app, ''::text AS selector,
    CASE WHEN EXISTS (SELECT FROM app_password own WHERE own.mailbox = living.mailbox)
        THEN '{SHA256}AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA='
        ELSE '{ARGON2ID}' || password_hash END AS password
FROM mail_v1.living
UNION ALL
SELECT living.mailbox, login, address, own.id, selector, '{SSHA512}' || hash
FROM mail_v1.living JOIN app_password own ON own.mailbox = living.mailbox;
"""

SENDING = r"""
CREATE TABLE mail_state_v1.submission (
    mailbox bigint PRIMARY KEY,
    since timestamptz NOT NULL,
    recipients integer NOT NULL
);

-- Postfix asks this for each recipient of a mail that a member sends; the answer is one of its access(5). Counting
-- starts anew an hour after the first recipient; one that is refused is not counted.
CREATE FUNCTION mail_state_v1.submission_answer(login text, most integer) RETURNS text
LANGUAGE sql VOLATILE STRICT SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    WITH counted AS (
        INSERT INTO mail_state_v1.submission AS former (mailbox, since, recipients) VALUES (login::bigint, now(), 1)
        ON CONFLICT (mailbox) DO UPDATE SET
            recipients = CASE WHEN former.since > now() - interval '1 hour' THEN former.recipients + 1 ELSE 1 END,
            since = CASE WHEN former.since > now() - interval '1 hour' THEN former.since ELSE now() END
        WHERE former.recipients < most OR former.since <= now() - interval '1 hour'
        RETURNING mailbox
    )
    SELECT CASE WHEN EXISTS (SELECT FROM counted) THEN 'DUNNO'
        ELSE '450 4.7.1 You may send to ' || most || ' recipients an hour. Try again later.' END
$$;
"""

RIGHTS = """
CREATE OR REPLACE PROCEDURE mail_v1.grant_rights() LANGUAGE plpgsql AS $$
    BEGIN
        IF EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'mypage_mail') THEN
            GRANT USAGE ON SCHEMA mail_v1 TO mypage_mail;
            GRANT SELECT ON mail_v1.contract, mail_v1.domain, mail_v1.mailbox, mail_v1.address, mail_v1.sieve,
                mail_v1.retired, mail_v1.login, mail_v1.selector_salt TO mypage_mail;
            GRANT EXECUTE ON FUNCTION mail_v1.sieve_string, mail_v1.sieve_line, mail_v1.sieve_lines
                TO mypage_mail;
        END IF;
        IF EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'mypage_mail_state') THEN
            GRANT USAGE ON SCHEMA mail_state_v1 TO mypage_mail_state;
            GRANT SELECT, INSERT, UPDATE, DELETE ON mail_state_v1.quota_usage TO mypage_mail_state;
            GRANT EXECUTE ON FUNCTION mail_state_v1.submission_answer TO mypage_mail_state;
        END IF;
    END $$;
CALL mail_v1.grant_rights();
"""


async def forwards() -> MigrationManager:
    return chapter(ID, TABLES + VIEWS + SENDING + RIGHTS)
