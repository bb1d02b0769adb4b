"""Notices for the tests, loaded as an operator loads them."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

from app.domain import clock
from app.domain.notices.notice_import import NoticesImported, import_notices


def notice(
    title: str = "回線の障害", start: float = -1, end: float | None = 1, **changes: object
) -> dict[str, Any]:
    """A notice that starts and ends so many hours from now; without an end if that is None."""
    now = clock.now()
    return {
        "kind": "outage",
        "severity": "info",
        "title": title,
        "text": "ご不便をおかけします。",
        "starts_at": (now + timedelta(hours=start)).isoformat(),
        "ends_at": (now + timedelta(hours=end)).isoformat() if end is not None else None,
        "buildings": None,
        **changes,
    }


async def load(folder: Path, *given: dict[str, Any] | str | bytes) -> NoticesImported:
    """Import a file of these lines."""
    path = folder / "notices.jsonl"
    lines = (json.dumps(line, ensure_ascii=False) if isinstance(line, dict) else line for line in given)
    path.write_bytes(b"".join((line if isinstance(line, bytes) else line.encode()) + b"\n" for line in lines))
    return await import_notices(path, lambda _: None)
