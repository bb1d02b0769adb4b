"""Text that is read as people see it: lengths in characters, and addresses with dots where RFC 5322 has none.

An emoji of several code points, and a 漢字 with its form, are one character (app/domain/fields/reading.py), of twelve
code points at most; the database counts code points, so its limits are twelve times as high. In `mail_v1.sieve` a
redirect has such a local part in quotes, as Sieve demands; one that Sieve cannot read keeps the script from running.
"""

from __future__ import annotations

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from migrations import chapter

ID = "m18_reader"

LENGTHS = """
ALTER TABLE auto_reply DROP CONSTRAINT auto_reply_subject_check, DROP CONSTRAINT auto_reply_body_check,
    ADD CONSTRAINT auto_reply_subject_check CHECK (char_length(subject) <= 12 * 100),
    ADD CONSTRAINT auto_reply_body_check CHECK (char_length(body) <= 12 * 1000);
ALTER TABLE app_password DROP CONSTRAINT app_password_name_check,
    ADD CONSTRAINT app_password_name_check CHECK (char_length(name) BETWEEN 1 AND 12 * 32);
"""

SIEVE = r"""
-- Dots first, last or twice in a row are docomo's and au's of former days.
CREATE FUNCTION mail_v1.sieve_address(value text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN mail_v1.sieve_line(regexp_replace(value, '^([.][^@"]*|[^@"]*[.][.][^@"]*|[^@"]*[.])@', '"\1"@'));

CREATE OR REPLACE VIEW mail_v1.sieve WITH (security_barrier) AS
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
                    || mail_v1.sieve_address(destination) || ';',
                E'\r\n' ORDER BY place)
            FROM unnest(forwarding.addresses) WITH ORDINALITY AS target (destination, place)
        ),
        ''
    ) AS script
) whole
WHERE reply.id IS NOT NULL OR forwarding.id IS NOT NULL;
"""

RIGHTS = """
CREATE OR REPLACE PROCEDURE mail_v1.grant_rights() LANGUAGE plpgsql AS $$
    BEGIN
        IF EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'mypage_mail') THEN
            GRANT USAGE ON SCHEMA mail_v1 TO mypage_mail;
            GRANT SELECT ON mail_v1.contract, mail_v1.domain, mail_v1.mailbox, mail_v1.address, mail_v1.sieve,
                mail_v1.retired, mail_v1.login, mail_v1.selector_salt TO mypage_mail;
            GRANT EXECUTE ON FUNCTION mail_v1.sieve_string, mail_v1.sieve_line, mail_v1.sieve_lines,
                mail_v1.sieve_address TO mypage_mail;
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
    return chapter(ID, LENGTHS + SIEVE + RIGHTS)
