"""The portal's internal listener as `mypage serve` starts it: a process of its own, on the database of the mail servers."""

from __future__ import annotations

import json
import os
import subprocess
import time
from typing import Any

from app import internal_serving, serving
from tests.commands.programs import SERVING, free_port
from tests.conftest import SETTINGS
from tests.mail_server.processes import PATIENCE, await_port
from tests.mail_server.servers import INTERNAL_SECRET


class Listener:
    """It can be stopped and started again, and be frozen."""

    def __init__(self, connection: dict[str, Any]) -> None:
        self.port = free_port()
        self._environment = {
            **os.environ,
            **SERVING,
            # The portal of the tests counts with the same key.
            "MYPAGE_SECRET_KEYS": ",".join(key.decode() for key in SETTINGS.secret_keys),
            "MYPAGE_INTERNAL_PORT": str(self.port),
            "MYPAGE_INTERNAL_SECRET": INTERNAL_SECRET,
            serving.CONNECTION: json.dumps(connection),
            serving.PARENT: str(os.getpid()),
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(internal_serving.COMMAND, env=self._environment)
        await_port(self.port)

    def stop(self) -> float:
        """End it in order; how many seconds that took."""
        assert self._process
        began = time.monotonic()
        self._process.terminate()
        assert self._process.wait(PATIENCE) == 0
        return time.monotonic() - began

    def signal(self, number: int) -> None:
        assert self._process
        self._process.send_signal(number)
