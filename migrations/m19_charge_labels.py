"""What a charge is called may be as long as the reader of all fields lets it be.

An emoji of several code points, and a 漢字 with its form, are one character of `mypage import charges`, of twelve code
points at most; the database counts code points (m18_reader.py).
"""

from __future__ import annotations

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from migrations import chapter

ID = "m19_charge_labels"

SCHEMA = """
ALTER TABLE other_charge DROP CONSTRAINT other_charge_label_check,
    ADD CONSTRAINT other_charge_label_check CHECK (char_length(label) BETWEEN 1 AND 12 * 60);
"""


async def forwards() -> MigrationManager:
    return chapter(ID, SCHEMA)
