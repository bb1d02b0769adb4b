"""The log: a line a record, on stderr, of servers and of the commands that write to it."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

from app import request_id


class OneLine(logging.Formatter):
    """Time, level, logger, text and request of a record on one line, a traceback too: nobody can write a second one."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802
        return datetime.fromtimestamp(record.created).astimezone().isoformat(timespec="milliseconds")

    def format(self, record: logging.LogRecord) -> str:
        line = super().format(record)
        if number := request_id.current():
            line = f"{line} request={number}"
        return "".join(
            sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in line
        )


def logging_config() -> dict[str, Any]:
    """For logging.config.dictConfig, of this process and of each worker."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": "app.log_lines.OneLine"}},
        "handlers": {
            "stderr": {
                "class": "logging.StreamHandler",
                "formatter": "line",
                "stream": "ext://sys.stderr",
            }
        },
        "loggers": {},
        "root": {"level": "INFO", "handlers": ["stderr"]},
    }
