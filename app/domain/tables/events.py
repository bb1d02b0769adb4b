"""What leaves by `events_v1`: each event, and the epochs that their positions belong to (app/domain/events.py)."""

from __future__ import annotations

from piccolo.columns import JSONB, UUID, BigInt, BigSerial, SmallInt, Text, Timestamptz
from piccolo.table import Table


class EventEpoch(Table):
    """Positions begin anew with each epoch; the last one is that of now."""

    id = BigSerial(primary_key=True)
    epoch = UUID(unique=True)
    begun_at = Timestamptz(default=None)
    system = BigInt(default=None, help_text="the cluster that it was begun in, as PostgreSQL identifies it")
    database = BigInt(default=None, help_text="OID of the database that it was begun in")
    given = BigInt(default=0, help_text="the last position that was given")
    pruned = BigInt(default=0, help_text="the last position that is deleted")


class Event(Table):
    """Something that has changed, written by triggers (migrations/m25_events.py), without a position until it is committed."""

    id = BigSerial(primary_key=True)
    at = Timestamptz(default=None, help_text="by the database's clock")
    kind = Text()
    version = SmallInt(default=1, help_text="of what data holds")
    contract = BigInt(null=True, default=None, help_text="its key; none: of the whole portal")
    account = BigInt(null=True, default=None)
    data = JSONB(help_text="keys and values that say nothing of a person")
    epoch = UUID(null=True, default=None, help_text="that its position belongs to")
    position = BigInt(null=True, default=None)
