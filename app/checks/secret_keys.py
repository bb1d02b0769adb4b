"""Secrets: hard to guess, each for one thing, and in files that nobody else reads and that are exchanged now and then.

The settings refuse short and repetitive ones. How old one is, its file tells, where it is read from one (…_FILE).
"""

from __future__ import annotations

import math
import stat
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from app.checks.finding import Finding, Looked, failure, ok, warning
from app.settings import Settings
from app.settings.variables import ADVICE, VARIABLES

CHECK = "secrets"
BITS = 100
"""What a secret has at least that a program has made: somebody who tries a list of words has far fewer."""
OLD = timedelta(days=400)
"""A year, and a month to do it in (docs/security.md advises to exchange all but the peppers once a year)."""
LONGEST_JUDGED = 72
"""Characters that zxcvbn looks at."""


def keys(looked: Looked) -> Iterator[Finding]:
    """Nothing of the secrets themselves is said."""
    yield from _files(looked.environment)
    if looked.settings:
        weak = [*_guessable(looked.settings), *_used_twice(looked.settings)]
        yield from weak or [ok(CHECK, "none can be guessed or serves twice")]


def _by_variable(settings: Settings) -> Iterator[tuple[str, str]]:
    for name, held in (
        ("MYPAGE_SECRET_KEYS", settings.secret_keys),
        ("MYPAGE_PEPPERS", settings.peppers.values()),
        ("MYPAGE_DATA_KEYS", settings.data_keys),
    ):
        for key in held:
            yield name, key.decode("utf-8", "replace")
    if settings.internal:
        yield "MYPAGE_INTERNAL_SECRET", settings.internal.secret


def _guessable(settings: Settings) -> Iterator[Finding]:
    for name in sorted({name for name, key in _by_variable(settings) if bits(key) < BITS}):
        yield warning(
            CHECK,
            f"{name} holds one that looks like words, not like something that a program has made",
            "whoever guesses it can forge cookies, or read what is encrypted with it",
            f"put a new one in front (docs/operating.md says how): {ADVICE}",
        )


def bits(key: str) -> float:
    """How many bits a guess has to find, for somebody who knows what people write."""
    from zxcvbn import zxcvbn

    guesses = zxcvbn(key[:LONGEST_JUDGED], max_length=LONGEST_JUDGED)["guesses"]
    return math.log2(int(guesses))


def _used_twice(settings: Settings) -> Iterator[Finding]:
    places: dict[str, set[str]] = defaultdict(set)
    for name, key in _by_variable(settings):
        places[key].add(name)
    for names in sorted(sorted(found) for found in places.values() if len(found) > 1):
        yield warning(
            CHECK,
            f"{' and '.join(names)} hold the same one",
            "one that becomes known opens what the other guards, too",
            "make one for each",
        )


def _files(environment: Mapping[str, str]) -> Iterator[Finding]:
    """The files that secrets are read from."""
    for name in VARIABLES:
        path = environment.get(f"{name}_FILE", "").strip()
        if not path:
            continue
        try:
            kept = Path(path).stat()
        except OSError:
            continue  # what cannot be read stops the settings
        if kept.st_mode & (stat.S_IROTH | stat.S_IWOTH | stat.S_IWGRP):
            yield failure(
                CHECK,
                f"{path} of {name}_FILE is open to others ({stat.filemode(kept.st_mode)})",
                "every program of this machine can read or replace it",
                f"chmod 640 or 600 {path}",
            )
        age = datetime.now(UTC) - datetime.fromtimestamp(kept.st_mtime, UTC)
        if age > OLD and name != "MYPAGE_PEPPERS":
            yield warning(
                CHECK,
                f"{path} of {name}_FILE is {age.days} days old",
                "whoever has left, or a lost backup, may have it",
                "exchange it once a year (docs/operating.md says how)",
            )
