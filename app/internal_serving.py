"""Serves the internal listener (app/internal.py) from a process of its own beside the members' workers.

A guess at the mail server waits for no member's page, and a worker that dies takes nothing of it along. `mypage serve`
starts it again when it dies, and ends it with itself.
"""

from __future__ import annotations

import asyncio
import json
import logging.config
import os
import signal
import sys
from contextlib import AbstractContextManager

from app import internal, metrics, serving, settings
from app.beside import running
from app.log_lines import logging_config
from app.mistake import Mistake
from app.postgres.engine import Engine

COMMAND = (sys.executable, "-m", "app.internal_serving")


def beside() -> AbstractContextManager[None]:
    """Keep the process running as long as the block lasts. Where the database is must stand in the environment."""
    return running(COMMAND, "the internal listener")


def main() -> None:
    """The process: serve until SIGTERM."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to all of the server; its parent ends this one
    serving.end_with_parent()
    logging.config.dictConfig(logging_config())
    with serving.ending_in_words("the internal listener"):
        chosen = settings.production()
        if chosen.internal is None:
            raise Mistake("MYPAGE_INTERNAL_PORT is not set any more")
        metrics.of_this_process()
        app = internal.listener(chosen, Engine(json.loads(os.environ[serving.CONNECTION])))
        asyncio.run(serving.beside_workers(app, chosen.internal.host, chosen.internal.port))
    serving.leave()


if __name__ == "__main__":
    main()
