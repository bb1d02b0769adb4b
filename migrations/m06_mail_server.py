"""What the mail server sees: `mail_v1`, read-only views; and where it reports: `mail_state_v1`.

Both are a contract with programs outside this one (ops/mail/). Within a major version columns and views are added,
never changed or removed; the next major version is a schema of its own beside this one.

Two group roles that cannot log in carry the rights: `mypage_mail` reads the views, `mypage_mail_state` writes the
reports. Roles belong to the whole cluster and need CREATEROLE, which the owner of a database may lack: then this
chapter goes on without them, and `CALL mail_v1.grant_rights()` makes up for it (ops/mail/README.md).
"""

from __future__ import annotations

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from migrations import chapter

ID = "m06_mail_server"

ROLES = """
DO $$
DECLARE
    wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['mypage_mail', 'mypage_mail_state'] LOOP
        CONTINUE WHEN EXISTS (SELECT FROM pg_roles WHERE rolname = wanted);
        BEGIN
            EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
        EXCEPTION
            -- Another database of the cluster made it at the same time: this one has waited for that.
            WHEN unique_violation OR duplicate_object THEN NULL;
            WHEN insufficient_privilege THEN RAISE WARNING 'role % is missing: see ops/mail/README.md', wanted;
        END;
    END LOOP;
END $$;
"""

VIEWS = r"""
CREATE SCHEMA mail_v1;

CREATE VIEW mail_v1.contract WITH (security_barrier) AS SELECT 1 AS major, 0 AS minor;

-- The domains that are ours: a domain whose addresses are all released is still ours. Every mail asks, so each step
-- takes the next domain from the index mail_address_domain instead of reading all addresses.
CREATE VIEW mail_v1.domain WITH (security_barrier) AS
WITH RECURSIVE found AS (
    SELECT min(split_part(address, '@', 2)) AS domain FROM mail_address
    UNION ALL
    SELECT (SELECT min(split_part(address, '@', 2)) FROM mail_address
            WHERE split_part(address, '@', 2) > found.domain)
    FROM found WHERE found.domain IS NOT NULL
)
SELECT domain FROM found WHERE domain IS NOT NULL;

-- Not for the mail server: what the views below have in common.
CREATE VIEW mail_v1.living AS
SELECT box.id AS mailbox, box.account, who.login, who.password_hash, it.address
FROM mailbox box
JOIN account who ON who.id = box.account AND who.deleted_at IS NULL
JOIN mail_address it ON it.account = box.account AND it.released_at IS NULL
WHERE box.retired_at IS NULL;

CREATE VIEW mail_v1.mailbox WITH (security_barrier) AS
SELECT mailbox, login, address, '{ARGON2ID}' || password_hash AS password, bytes AS quota_bytes,
    '*:bytes=' || bytes AS quota_rule
FROM mail_v1.living
CROSS JOIN LATERAL (
    SELECT CASE WHEN EXISTS (
        SELECT FROM service_period big
        WHERE big.account = living.account AND big.product = 'mailbox-10gb' AND big.ended_at IS NULL
    ) THEN 10 ELSE 1 END * 1073741824::bigint AS bytes
) quota;

CREATE VIEW mail_v1.address WITH (security_barrier) AS
SELECT address, mailbox FROM mail_v1.living;

CREATE VIEW mail_v1.retired WITH (security_barrier) AS
SELECT id AS mailbox, retired_at FROM mailbox WHERE retired_at IS NOT NULL;
"""

SIEVE = r"""
-- A Sieve string ends at a quote, and a backslash takes the next character as it is; nothing else is special in one,
-- as long as no script requires "variables" or "encoded-character".
CREATE FUNCTION mail_v1.sieve_string(value text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN '"' || replace(replace(value, '\', '\\'), '"', '\"') || '"';

-- For a header: no line break, which would begin another header, and no other control character.
CREATE FUNCTION mail_v1.sieve_line(value text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN mail_v1.sieve_string(regexp_replace(value, '[\u0001-\u001F\u007F]+', ' ', 'g'));

-- For a body: every line break as CR LF, and of the control characters only the tab.
CREATE FUNCTION mail_v1.sieve_lines(value text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN mail_v1.sieve_string(regexp_replace(
    regexp_replace(value, '[\u0001-\u0008\u000B\u000C\u000E-\u001F\u007F]', '', 'g'),
    '\r\n?|\n', E'\r\n', 'g'));

-- The auto-reply comes first: it is sent whether or not a forward takes the mail out of the box. Its handle makes it
-- one reply a day for each sender, whatever becomes of its text. The days are days in Japan.
CREATE VIEW mail_v1.sieve WITH (security_barrier) AS
SELECT mailbox, 'portal'::text AS name, md5(script) AS id, script
FROM mail_v1.living
LEFT JOIN auto_reply reply ON reply.account = living.account AND reply.enabled
LEFT JOIN forwarding ON forwarding.account = living.account
CROSS JOIN LATERAL (
    SELECT concat_ws(E'\r\n',
        'require ["copy", "date", "relational", "vacation"];',
        'if allof (true'
            || coalesce(', currentdate :zone "+0900" :value "ge" "date" '
                || mail_v1.sieve_string(to_char(reply.starts_on, 'YYYY-MM-DD')), '')
            || coalesce(', currentdate :zone "+0900" :value "le" "date" '
                || mail_v1.sieve_string(to_char(reply.ends_on, 'YYYY-MM-DD')), '')
            || ') { vacation :days 1 :handle "portal" :from ' || mail_v1.sieve_line(address)
            || ' :addresses [' || mail_v1.sieve_line(address) || ']'
            || ' :subject ' || mail_v1.sieve_line(reply.subject)
            || ' ' || mail_v1.sieve_lines(reply.body) || '; }',
        (
            SELECT string_agg(
                'redirect ' || CASE WHEN forwarding.keep_copy THEN ':copy ' ELSE '' END
                    || mail_v1.sieve_line(destination) || ';',
                E'\r\n' ORDER BY place)
            FROM unnest(forwarding.addresses) WITH ORDINALITY AS target (destination, place)
        ),
        ''
    ) AS script
) whole
WHERE reply.id IS NOT NULL OR forwarding.id IS NOT NULL;
"""

REPORTS = """
CREATE SCHEMA mail_state_v1;

CREATE TABLE mail_state_v1.quota_usage (
    mailbox bigint PRIMARY KEY,
    bytes bigint NOT NULL DEFAULT 0,
    messages bigint NOT NULL DEFAULT 0,
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE FUNCTION mail_state_v1.touch() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        NEW.updated_at := now();
        RETURN NEW;
    END $$;
CREATE TRIGGER touch BEFORE INSERT OR UPDATE ON mail_state_v1.quota_usage
    FOR EACH ROW EXECUTE FUNCTION mail_state_v1.touch();
"""

RIGHTS = """
CREATE PROCEDURE mail_v1.grant_rights() LANGUAGE plpgsql AS $$
    BEGIN
        IF EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'mypage_mail') THEN
            GRANT USAGE ON SCHEMA mail_v1 TO mypage_mail;
            GRANT SELECT ON mail_v1.contract, mail_v1.domain, mail_v1.mailbox, mail_v1.address, mail_v1.sieve,
                mail_v1.retired TO mypage_mail;
            GRANT EXECUTE ON FUNCTION mail_v1.sieve_string, mail_v1.sieve_line, mail_v1.sieve_lines
                TO mypage_mail;
        END IF;
        IF EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'mypage_mail_state') THEN
            GRANT USAGE ON SCHEMA mail_state_v1 TO mypage_mail_state;
            GRANT SELECT, INSERT, UPDATE, DELETE ON mail_state_v1.quota_usage TO mypage_mail_state;
        END IF;
    END $$;
CALL mail_v1.grant_rights();
"""


async def forwards() -> MigrationManager:
    return chapter(ID, ROLES + VIEWS + SIEVE + REPORTS + RIGHTS)
