-- The two roles of the portal's database, and the groups of those that read its views. Run it in the portal's database as a
-- superuser, once before the first `mypage migrate`; run again it changes nothing:
--
--     createdb -E UTF8 -T template0 mypage && mypage roles | psql -v ON_ERROR_STOP=1 -d mypage
--     psql -d mypage -c '\password mypage_owner' -c '\password mypage_portal'
--
-- mypage_owner   migrates, imports, closes months, erases: its DATABASE_URL is for commands and timers.
-- mypage_portal  serves: it gets exactly what a server needs from `mypage migrate` (app/postgres/rights.py), owns nothing,
--                and makes nothing.
--
-- A password does not stand here: without one neither role can log in by password. Where your logins have names of their
-- own, make them members (GRANT mypage_portal TO web1), and let who migrates be one role for ever, since it owns the tables.

DO $$
DECLARE
    wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['mypage_owner', 'mypage_portal'] LOOP
        CONTINUE WHEN EXISTS (SELECT FROM pg_roles WHERE rolname = wanted);
        EXECUTE format('CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS', wanted);
    END LOOP;
    -- Groups that cannot log in, to which migrations give the views of each (docs/interfaces.md, ops/mail/README.md).
    FOREACH wanted IN ARRAY ARRAY['mypage_mail', 'mypage_mail_state', 'mypage_billing', 'mypage_events'] LOOP
        CONTINUE WHEN EXISTS (SELECT FROM pg_roles WHERE rolname = wanted);
        EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
    END LOOP;
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM mypage_portal', current_database());
    -- Temporary tables are for imports; PostgreSQL lets everybody make them.
    EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT CONNECT, CREATE, TEMPORARY ON DATABASE %I TO mypage_owner', current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO mypage_portal', current_database());
END $$;

-- A database that is older than PostgreSQL 15 lets everybody make tables in public.
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO mypage_owner;
GRANT USAGE ON SCHEMA public TO mypage_portal;
