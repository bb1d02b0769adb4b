"""Serves the metrics (app/metrics/listener.py) from a process of its own beside the members' workers."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging.config
import os
import signal
import sys
from collections.abc import Iterator

from app.beside import running
from app.log_lines import logging_config
from app.metrics import folder
from app.mistake import Mistake

COMMAND = (sys.executable, "-m", "app.metrics.serving")


@contextlib.contextmanager
def beside() -> Iterator[None]:
    """Have the processes that start inside the block count, and keep the one that tells it running.

    Where the database is must stand in the environment. Raises Mistake where nothing can be counted.
    """
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(folder.made())
        except OSError as error:
            raise Mistake(
                f"MYPAGE_METRICS_PORT is set, and no folder for what is counted can be made: {error}; "
                "TMPDIR may name one that can be written to"
            ) from error
        stack.enter_context(running(COMMAND, "the listener for metrics"))
        yield


def main() -> None:
    """The process: serve until SIGTERM."""
    from app import serving, settings
    from app.metrics import listener
    from app.postgres.engine import Engine

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to all of the server; its parent ends this one
    serving.end_with_parent()
    logging.config.dictConfig(logging_config())
    with serving.ending_in_words("the listener for metrics"):
        chosen, counted = settings.production(), folder.in_use()
        if chosen.metrics is None or counted is None:
            raise Mistake("MYPAGE_METRICS_PORT is not set any more")
        app = listener.listener(chosen, Engine(json.loads(os.environ[serving.CONNECTION])), counted)
        asyncio.run(serving.beside_workers(app, chosen.metrics.host, chosen.metrics.port))
    serving.leave()


if __name__ == "__main__":
    main()
