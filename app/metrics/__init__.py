"""Metrics for Prometheus, on a port of their own: what the server's processes count, and what the database holds.

Each process counts into files of its own (`measures`, `folder`), and one more process reads all of them, asks the database,
and answers Prometheus (`listener`, `serving`). Without `MYPAGE_METRICS_PORT` nothing is counted and nothing of it is loaded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.metrics import folder

if TYPE_CHECKING:
    from app.metrics.measures import Measures


def of_this_process() -> Measures | None:
    """What this process counts from now on; none where its server has no metrics: then nothing is loaded for them."""
    if folder.in_use() is None:
        return None
    from app.metrics.measures import Measures

    return Measures()
