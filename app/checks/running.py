"""All checks at once, each within a time of its own: what hangs is said, and holds up nothing else."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping

from app.checks.finding import Finding, Looked, failure

Check = Callable[[Looked], Iterable[Finding]]

LIMIT = 5.0
"""Seconds that a check may take."""
LONGEST = 25.0
"""Seconds for all of them: those of the database wait for each other."""


class _Running(threading.Thread):
    """A check in a thread, which nothing waits for at the end."""

    def __init__(self, check: Check, looked: Looked) -> None:
        super().__init__(daemon=True)
        self.check, self.looked = check, looked
        self.found: list[Finding] = []
        self.defect: BaseException | None = None

    def run(self) -> None:
        try:
            self.found.extend(self.check(self.looked))
        except BaseException as error:
            self.defect = error


def run(checks: Mapping[str, Check], looked: Looked) -> Iterator[Finding]:
    """What every check finds, in their order. A defect of ours in a check is raised."""
    began = time.monotonic()
    _ = looked.settings  # read once, before anybody needs them
    started = {name: _Running(check, looked) for name, check in checks.items()}
    for one in started.values():
        one.start()
    for name, one in started.items():
        waited = time.monotonic() - began
        one.join(max(LIMIT - waited, min(1.0, LONGEST - waited), 0))
        if one.defect:
            raise one.defect
        if one.is_alive():
            yield failure(
                name,
                f"it was not done within {LIMIT:.0f} seconds and was given up",
                "whatever it asks hangs",
                "look at the server or program that it asks, and run `mypage check` again",
            )
        else:
            yield from one.found
