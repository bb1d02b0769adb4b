"""Notices of the demo: a current maintenance, one to come and a past outage, around the demo's own time."""

from __future__ import annotations

import json
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

from app.domain import clock, tables
from app.domain.notices.notice_import import import_notices


async def load() -> None:
    """Load them through the operator's door, in place of those of a former start, unless a maintenance is going on already."""
    now = clock.now()
    maintenance = tables.Notice.kind == "maintenance"
    if await tables.Notice.exists().where(
        maintenance, tables.Notice.starts_at <= now, tables.Notice.ends_at > now
    ):
        return
    await tables.Notice.delete().where(tables.Notice.title.is_in([one["title"] for one in _notices()]))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "notices.jsonl"
        file.write_text("".join(json.dumps(notice, ensure_ascii=False) + "\n" for notice in _notices()))
        await import_notices(file, progress=lambda _: None)


def _notices() -> list[dict[str, Any]]:
    today = clock.now().astimezone(clock.TOKYO).replace(hour=0, minute=0, second=0, microsecond=0)

    def at(days: int, hour: int) -> str:
        return (today + timedelta(days=days, hours=hour)).isoformat()

    return [
        {
            "kind": "maintenance",
            "severity": "info",
            "title": "メールサーバーのメンテナンス",
            "text": "メールサーバーのメンテナンスを行っています。\n"
            "期間中、メールの送受信が、数分間できなくなることがあります。メールが失われることはありません。",
            "starts_at": at(0, 0),
            "ends_at": at(7, 5),
            "buildings": None,
        },
        {
            "kind": "maintenance",
            "severity": "warning",
            "title": "建物内の通信設備の交換",
            "text": "通信設備を交換するため、作業中はインターネットをご利用いただけません。",
            "starts_at": at(14, 1),
            "ends_at": at(14, 5),
            "buildings": ["B001"],
        },
        {
            "kind": "outage",
            "severity": "critical",
            "title": "インターネット接続の障害（復旧しました）",
            "text": "停電のため、インターネットに接続できない状態が続いていましたが、復旧しました。\n\n"
            "ご迷惑をおかけしましたことを、おわびいたします。",
            "starts_at": at(-10, 14),
            "ends_at": at(-10, 17),
            "buildings": ["B001", "B002"],
        },
    ]
