"""What the portal's database role may do: exactly what a server needs, table by table, and nothing of the schema.

`ops/postgres/roles.sql` makes two roles. The owner migrates, imports, closes months and erases. `mypage_portal` serves: a
hole in a page then cannot drop the ledger's triggers, write a charge or empty a table. RIGHTS is the one list: `mypage
migrate` grants it, so that it comes with each migration, `mypage check` compares with it, and in the tests every request is
answered as that role (tests/roles.py). A database without the role is served by its owner, as the embedded one is.

A right that a release no longer needs is taken out one release later: servers of the former one still run meanwhile.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from app.mistake import Mistake
from app.postgres import database

PORTAL = "mypage_portal"
"""Role that servers log in as, or as a member of."""

READ = "SELECT"
ALL = "SELECT, INSERT, UPDATE, DELETE"

RIGHTS: Mapping[str, str] = {
    # people
    "contract": "SELECT, UPDATE (password_hash, occupation, household, phone, fax, mobile, email, user_purchases, ended_at)",
    "account": (
        "SELECT, INSERT, UPDATE (password_hash, family, given, family_kana, given_kana, user_name, role, other_address, "
        "deleted_at)"
    ),
    "email_check": "SELECT, INSERT, UPDATE (email, token_hash, asked_at), DELETE",
    "paper_request": "SELECT, INSERT, DELETE",
    # access
    "session": ALL,
    "login_event": "SELECT, INSERT, UPDATE (result, at), DELETE",
    "attempt": "SELECT, INSERT, UPDATE (failures, since), DELETE",
    "asked_count": "SELECT, INSERT, UPDATE (times, until), DELETE",
    "alert": "SELECT, INSERT, UPDATE (told_at)",
    "kept_form": "SELECT, INSERT, DELETE",
    "used_password": "SELECT, INSERT",
    "password_link": "SELECT, INSERT, UPDATE (token_hash, mark, asked_at), DELETE",
    "one_time_password": "SELECT, UPDATE (used_at, mark, expires_at), DELETE",
    "pepper": "SELECT, INSERT",
    "passkey_user": "SELECT, INSERT, DELETE",
    "passkey": "SELECT, INSERT, UPDATE (sign_count, used_at), DELETE",
    "totp": "SELECT, INSERT, UPDATE (last_step, used_at), DELETE",
    "recovery_code": "SELECT, INSERT, UPDATE (used_at), DELETE",
    "used_challenge": "SELECT, INSERT, DELETE",
    # changes
    "change": "SELECT, INSERT, UPDATE (data, sealed, applied_at, receipt_number, receipt), DELETE",
    "consent": "SELECT, INSERT",
    "receipt_number": "USAGE",
    # mail
    "mail_address": "SELECT, INSERT, UPDATE (released_at)",
    "mailbox": "SELECT, INSERT, UPDATE (retired_at)",
    "web_space": "SELECT, INSERT, UPDATE (released_at)",
    "forwarding": "SELECT, INSERT, DELETE",
    "auto_reply": "SELECT, INSERT, DELETE",
    "app_password": "SELECT, INSERT, UPDATE (used_at, used_over), DELETE",
    "owner_notice": "SELECT, INSERT, UPDATE (seen_at), DELETE",
    "mail_v1.selector_salt": READ,
    "mail_state_v1.quota_usage": READ,
    "mail_state_v1.submission": "",
    # what is bought
    "service_period": "SELECT, INSERT, UPDATE (ended_at)",
    "licence": "SELECT, UPDATE (contract, period)",
    "purchase_request": "SELECT, INSERT, UPDATE (state, decided_at, decided_by, reason, period), DELETE",
    # cards
    "card": "SELECT, INSERT, DELETE",
    "card_check": "SELECT, INSERT, UPDATE (decided_at, outcome), DELETE",
    "card_reminder": "SELECT, INSERT",
    "card_visit": "SELECT, INSERT, UPDATE (change), DELETE",
    "vault_card": "SELECT, INSERT, UPDATE (kept_at), DELETE",
    # money: the close writes it, as the owner
    "bill_close": READ,
    "charge": READ,
    "other_charge": READ,
    "bill_tax": READ,
    "bill_name": READ,
    # Months that were closed before bills named their issuer get the one of the next server.
    "bill_issuer": "SELECT, INSERT",
    "call": "SELECT, DELETE",
    "call_file": "",
    # what the operator loads
    "catalogue": READ,
    "catalogue_item": READ,
    "catalogue_price": READ,
    "catalogue_tax": READ,
    "catalogue_terms": READ,
    "telephone_service": READ,
    "notice": READ,
    "feed_run": "SELECT, DELETE",
    "feed_line": READ,
    "field_hold": READ,
    "feed_case": "SELECT, DELETE",
    "erasure": "",
    "erased_name": READ,
    # letters
    "outbox": "SELECT, INSERT, UPDATE (due_at, tries, sent_at, refused_at, problem, held_at, released_at), DELETE",
    "former_address": "SELECT, INSERT, DELETE",
    "first_start": "SELECT, INSERT",
    # what leaves
    "event": "SELECT, INSERT (kind, version, contract, account, data), UPDATE (epoch, position), DELETE",
    "event_epoch": "SELECT, INSERT (system, database), UPDATE (given, pruned)",
    "events_v1.reader": READ,
    # What the triggers that write events call; a trigger itself needs no right.
    "event_fields()": "EXECUTE",
    # the schema
    "migration": READ,
}
"""By table, sequence that is no column's, or function(): what a server does with it. Each table stands here, also one that
it does not touch; of functions (which PUBLIC may not call: m01) those that it calls. `public` is left out of names."""

# --- the list against a database --------------------------------------------------------------------------------------

Wanted = dict[str, frozenset[str] | None]
"""Rights to a table: those columns, or None: all of it."""


@dataclass(frozen=True)
class Difference:
    """What a role may do with a table otherwise than RIGHTS says: `INSERT`, `UPDATE (slot)`."""

    table: str
    too_few: tuple[str, ...] = ()
    too_many: tuple[str, ...] = ()


@dataclass(frozen=True)
class DatabaseRole:
    """What a role is, beside its rights to tables."""

    role: str
    owner: str
    """Who owns the tables; "": there are none yet."""
    owns: bool
    """Whether the role is the owner, or may do as the owner does."""
    superuser: bool
    makes: tuple[str, ...] = ()
    """What it may make although a server makes nothing: tables in a schema, temporary ones, roles, databases."""
    differences: tuple[Difference, ...] = field(default=())


class NotOwner(Mistake):
    """A command needs the role that owns the tables, and has another one."""

    def __init__(self, role: str, owner: str) -> None:
        who = f"{owner}, which owns the tables" if owner else "a role that may make tables in this database"
        super().__init__(
            f"the database role {role} may not do this: it takes {who}. Run it with that role's DATABASE_URL; servers "
            f"alone log in as {PORTAL} (docs/operating.md, Database roles)"
        )


def wanted(rights: str) -> Wanted:
    """An entry of RIGHTS, read."""
    found = re.findall(r"([A-Z]+)(?: \(([^)]*)\))?", rights)
    return {right: frozenset(columns.split(", ")) if columns else None for right, columns in found}


async def of(role: str) -> tuple[Difference, ...]:
    """What that role may do otherwise than RIGHTS says, of the tables that are there."""
    found = (_compared(row) for row in await database.rows(_PRIVILEGES, role, [*RIGHTS]))
    return tuple(one for one in found if one.too_few or one.too_many)


async def standing() -> DatabaseRole:
    """What the role is that this program has logged in as."""
    (row,) = await database.rows(_STANDING, [*RIGHTS])
    role: str = row["role"]
    return DatabaseRole(
        role=role,
        owner=row["owner"] or "",
        owns=row["owns"],
        superuser=row["superuser"],
        makes=tuple(row["makes"]),
        differences=() if row["owns"] else await of(role),
    )


async def must_own() -> None:
    """Raises NotOwner: for commands that change the schema, or what servers may only read."""
    (row,) = await database.rows(_STANDING, [*RIGHTS])
    if not row["owns"]:
        raise NotOwner(row["role"], row["owner"] or "")


async def too_few() -> str:
    """What this program's role lacks of RIGHTS, in words; "" where a server can do all of its work."""
    here = await standing()
    lacking = [f"{', '.join(one.too_few)} on {one.table}" for one in here.differences if one.too_few]
    return f"{here.role} lacks {'; '.join(lacking)}" if lacking else ""


async def grant() -> list[str]:
    """Give PORTAL what RIGHTS says, in the current transaction, and take the rest; what was changed: nothing without it."""
    if not await database.rows("SELECT 1 FROM pg_roles WHERE rolname = $1", PORTAL):
        return []
    changed = [one.table for one in await of(PORTAL)]
    for row in await database.rows(_SCHEMAS, PORTAL, [name for name, rights in RIGHTS.items() if rights]):
        await database.rows(f'GRANT USAGE ON SCHEMA "{row["schema"]}" TO {PORTAL}')
    for row in await database.rows(_PRIVILEGES, PORTAL, [*RIGHTS]):
        if row["name"] in changed:
            for statement in _statements(row):
                await database.rows(statement)
    return changed


def _statements(row: Mapping[str, str]) -> Iterator[str]:
    yield f"REVOKE ALL ON {row['kind']} {row['quoted']} FROM {PORTAL}"
    for right, columns in _wanted_of(row).items():
        listed = f" ({', '.join(sorted(columns))})" if columns else ""
        yield f"GRANT {right}{listed} ON {row['kind']} {row['quoted']} TO {PORTAL}"


def _wanted_of(row: Mapping[str, str]) -> Wanted:
    """What RIGHTS says of it; of a column's sequence that it is used by whoever may insert."""
    if row["name"] in RIGHTS:
        return wanted(RIGHTS[row["name"]])
    return wanted("USAGE") if "INSERT" in wanted(RIGHTS[row["of_table"]]) else {}


def _compared(row: Mapping[str, str]) -> Difference:
    wants = _wanted_of(row)
    whole = set(row["whole"])
    parts: dict[str, set[str]] = {}
    for part in row["parts"]:
        right, _, column = part.partition(" ")
        parts.setdefault(right, set()).add(column)
    few: list[str] = []
    many = sorted(right for right in whole if wants.get(right, ...) is not None)
    for right, columns in wants.items():
        if right not in whole:
            few += [right] if columns is None else _listed(right, columns - parts.get(right, set()))
    for right, held in parts.items():
        many += _listed(right, held - (wants.get(right, frozenset()) or frozenset()))
    return Difference(row["name"], tuple(few), tuple(many))


def _listed(right: str, columns: Iterable[str]) -> list[str]:
    named = ", ".join(sorted(columns))
    return [f"{right} ({named})"] if named else []


# SQL for PostgreSQL's own catalogues. Rights that come by PUBLIC or by another membership count as the role's.
_OURS = """
SELECT c.oid, CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS kind, c.relowner, n.nspname AS schema,
    format('%I.%I', n.nspname, c.relname) AS quoted,
    CASE WHEN n.nspname = 'public' THEN '' ELSE n.nspname || '.' END || c.relname AS name,
    (SELECT CASE WHEN tn.nspname = 'public' THEN '' ELSE tn.nspname || '.' END || t.relname
        FROM pg_depend d JOIN pg_class t ON t.oid = d.refobjid JOIN pg_namespace tn ON tn.oid = t.relnamespace
        WHERE c.relkind = 'S' AND d.objid = c.oid AND d.classid = 'pg_class'::regclass
            AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')) AS of_table
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'S')
"""
_PRIVILEGES = f"""
SELECT o.name, o.quoted, o.kind, o.of_table,
    ARRAY(SELECT p FROM unnest('{{SELECT,INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER}}'::text[]) p
        WHERE o.kind = 'TABLE' AND has_table_privilege($1::name, o.oid, p)
        UNION ALL SELECT p FROM unnest('{{USAGE,UPDATE}}'::text[]) p
        WHERE o.kind = 'SEQUENCE' AND has_sequence_privilege($1::name, o.oid, p)) AS whole,
    ARRAY(SELECT p || ' ' || a.attname FROM unnest('{{SELECT,INSERT,UPDATE,REFERENCES}}'::text[]) p, pg_attribute a
        WHERE o.kind = 'TABLE' AND NOT has_table_privilege($1::name, o.oid, p) AND a.attrelid = o.oid AND a.attnum > 0
            AND NOT a.attisdropped AND has_column_privilege($1::name, o.oid, a.attnum, p)) AS parts
FROM ({_OURS}) o WHERE o.name = ANY ($2::text[]) OR o.of_table = ANY ($2::text[])
UNION ALL
SELECT f.name, f.oid::regprocedure::text, 'FUNCTION', NULL,
    CASE WHEN has_function_privilege($1::name, f.oid, 'EXECUTE') THEN '{{EXECUTE}}' ELSE '{{}}' END::text[], '{{}}'
FROM (SELECT p.oid, CASE WHEN n.nspname = 'public' THEN '' ELSE n.nspname || '.' END || p.proname || '()' AS name
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace) f WHERE f.name = ANY ($2::text[])
ORDER BY 1
"""  # noqa: S608 - constants, as below
_SCHEMAS = f"""
SELECT DISTINCT o.schema FROM ({_OURS}) o WHERE o.name = ANY ($2::text[])
    AND NOT has_schema_privilege($1::name, o.schema, 'USAGE')
"""  # noqa: S608
_STANDING = f"""
SELECT current_user::text AS role, r.rolsuper AS superuser, (SELECT rolname::text FROM pg_roles WHERE oid = t.owner) AS owner,
    coalesce(pg_has_role(current_user, t.owner, 'USAGE'), has_schema_privilege('public', 'CREATE')
        AND has_database_privilege(current_database(), 'CREATE')) AS owns,
    array_remove(ARRAY[
        CASE WHEN has_database_privilege(current_database(), 'TEMPORARY') THEN 'temporary tables' END,
        CASE WHEN has_database_privilege(current_database(), 'CREATE') THEN 'schemas' END,
        CASE WHEN has_schema_privilege('public', 'CREATE') THEN 'tables in the schema public' END,
        CASE WHEN r.rolcreaterole THEN 'roles' END, CASE WHEN r.rolcreatedb THEN 'databases' END,
        CASE WHEN r.rolreplication THEN 'copies by replication' END, CASE WHEN r.rolbypassrls THEN 'its way past policies' END
    ], NULL) AS makes
FROM pg_roles r, (SELECT min(o.relowner::bigint)::oid AS owner FROM ({_OURS}) o WHERE o.name = ANY ($1::text[])) t
WHERE r.rolname = current_user
"""  # noqa: S608
