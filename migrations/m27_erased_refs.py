"""The versions of an erased contract's charge stay versions of one charge.

A restored backup may have charges that no bill has yet when their contract is erased again. With a ref for each version the
next close would charge every one of them whole, and not what the last one says.
"""

from __future__ import annotations

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from migrations import chapter

ID = "m27_erased_refs"

REFS = r"""
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


async def forwards() -> MigrationManager:
    return chapter(ID, REFS)
