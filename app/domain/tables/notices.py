"""お知らせ."""

from __future__ import annotations

from piccolo.columns import Array, BigSerial, Text, Timestamptz
from piccolo.table import Table


class Notice(Table):
    """障害情報 or メンテナンス情報, from the operator's file; the same for everybody, or for some buildings."""

    id = BigSerial(primary_key=True)
    kind = Text(help_text="outage or maintenance")
    severity = Text(help_text="info, warning or critical")
    title = Text()
    body = Text()
    starts_at = Timestamptz(default=None)
    ends_at = Timestamptz(null=True, default=None, help_text="none: not known yet")
    buildings = Array(base_column=Text(), null=True, default=None, help_text="none: all of them")
    identity = Text(null=True, default=None, help_text="the operator's id of it")
    services = Array(base_column=Text(), null=True, default=None, help_text="in words; none: not said")
    state = Text(null=True, default=None, help_text="発生 or 復旧; none: by its times")
    emergency_calls = Text(null=True, default=None, help_text="what becomes of 110, 118, 119")
    updated_at = Timestamptz(default=None)
    next_update_at = Timestamptz(null=True, default=None)
    withdrawn_at = Timestamptz(null=True, default=None, help_text="told by mistake, and kept")
