"""The line between a browser and the portal, which can be made slow."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator

CHUNK = 65536


class Line:
    """A TCP proxy on a port of its own; `delay`: seconds that each piece of an answer is held back."""

    def __init__(self, port: int) -> None:
        self.delay = 0.0
        self._cut = False
        self._portal = ("127.0.0.1", port)
        self._ear = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._ear.getsockname()[1]}"
        threading.Thread(target=self._listen, daemon=True).start()

    @contextlib.contextmanager
    def slow(self, delay: float) -> Iterator[None]:
        """Hold every answer back for so many seconds, until the block is left."""
        self.delay = delay
        try:
            yield
        finally:
            self.delay = 0.0

    @contextlib.contextmanager
    def cut(self) -> Iterator[None]:
        """Let nothing through, until the block is left."""
        self._cut = True
        try:
            yield
        finally:
            self._cut = False

    def close(self) -> None:
        """Take no more connections."""
        self._ear.shutdown(socket.SHUT_RDWR)

    def _listen(self) -> None:
        while True:
            try:
                browser, _ = self._ear.accept()
            except OSError:  # closed
                self._ear.close()
                return
            portal = socket.create_connection(self._portal)
            threading.Thread(target=self._carry, args=(browser, portal, False), daemon=True).start()
            threading.Thread(target=self._carry, args=(portal, browser, True), daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket, held_back: bool) -> None:
        with contextlib.suppress(OSError):  # either side may hang up at any time, as browsers do
            while (piece := source.recv(CHUNK)) and not self._cut:
                if held_back:
                    time.sleep(self.delay)
                target.sendall(piece)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        source.close()
