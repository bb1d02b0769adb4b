"""The log: a line a record, on stderr, of servers and of commands; as text, or as JSON where MYPAGE_LOG says so."""

from __future__ import annotations

import json
import logging
import logging.config
import os
import sys
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

from app import request_id
from app.mistake import Mistake

NAME = "MYPAGE_LOG"
FORMS = ("text", "json")


def form(environment: Mapping[str, str] = os.environ) -> str:
    """How the log is written. Raises Mistake for a word that is none of FORMS."""
    value = environment.get(NAME, "").strip() or FORMS[0]
    if value not in FORMS:
        raise Mistake(f"{NAME} is {value!r}: {' or '.join(FORMS)} is wanted")
    return value


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


class OneObject(logging.Formatter):
    """The same as a JSON object on one line, in ASCII: what any program takes for an end of line is escaped."""

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        said = {
            "time": moment.replace("+00:00", "Z"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if number := request_id.current():
            said["request_id"] = number
        if record.exc_info and record.exc_info[0]:
            said["exception"] = self.formatException(record.exc_info)
        if record.stack_info:
            said["stack"] = self.formatStack(record.stack_info)
        return json.dumps(said)


def logging_config(level: str = "INFO") -> dict[str, Any]:
    """For logging.config.dictConfig, of this process and of each worker. Raises Mistake."""
    formatter = "app.log_lines.OneObject" if form() == "json" else "app.log_lines.OneLine"
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": formatter}},
        "handlers": {
            "stderr": {
                "class": "logging.StreamHandler",
                "formatter": "line",
                "stream": "ext://sys.stderr",
            }
        },
        "loggers": {},
        "root": {"level": level, "handlers": ["stderr"]},
    }


# --- commands ---------------------------------------------------------------------------------------------------------


def begin() -> None:
    """A program begins: in JSON everything that comes to stderr is such a line, warnings and its last words too.

    Raises Mistake.
    """
    if form() == "json":
        logging.config.dictConfig(logging_config("WARNING"))
    catch_all()


def catch_all() -> None:
    """In JSON have warnings and errors that nobody caught written as the log is: of the program, a thread, a finalizer."""
    if form() == "json":
        logging.captureWarnings(True)
        sys.excepthook = _last_words
        threading.excepthook = lambda it: _last_words(it.exc_type, it.exc_value, it.exc_traceback)
        sys.unraisablehook = lambda it: _last_words(it.exc_type, it.exc_value, it.exc_traceback)


def say(text: str, level: int = logging.INFO) -> None:
    """Tell whoever runs a command, on stderr: `mypage: …`, or a line of the log where that is JSON."""
    try:
        as_json = form() == "json"
    except Mistake:  # which is what is said here
        as_json = False
    if as_json:
        record = logging.LogRecord("mypage.command", level, __file__, 0, "%s", (text,), None)
        text = OneObject().format(record)
    else:
        text = f"mypage: {text}"
    print(text, file=sys.stderr, flush=True)


def _last_words(
    kind: type[BaseException], error: BaseException | None, traceback: TracebackType | None
) -> None:
    from app.postgres import database  # at last: most programs say nothing of the kind

    found = (kind, database.without_detail(error or kind()), traceback)
    logging.getLogger("mypage").critical("an error that nobody caught", exc_info=found)
