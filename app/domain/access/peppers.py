"""The database remembers the peppers that its password hashes were made with, so that nobody goes on with others.

A server or an import with another key would make hashes that nobody can log in with, and not notice.
"""

from __future__ import annotations

import hashlib
import hmac

from app.domain import tables
from app.mistake import Mistake
from app.postgres import database


class WrongPeppers(Mistake):
    """The peppers are not those of the database; the text names the version and what to do."""


async def recognise(peppers: dict[int, bytes]) -> None:
    """Compare the peppers with what the database remembers; the newest, which new hashes get, it remembers from now on.

    Raises WrongPeppers, and leaves the database as it was.
    """
    newest = max(peppers)
    async with database.engine().transaction():
        known = await _known()
        if newest not in known:
            pepper = tables.Pepper(version=newest, fingerprint=fingerprint(peppers[newest]))
            await tables.Pepper.insert(pepper).on_conflict(tables.Pepper.version, "DO NOTHING")
            known = await _known()
        for version, remembered in known.items():
            if version not in peppers:
                raise WrongPeppers(
                    f"MYPAGE_PEPPERS lacks version {version}, which this database's password hashes were made with: "
                    "put it back, its members could not log in"
                )
            if not hmac.compare_digest(remembered, fingerprint(peppers[version])):
                raise WrongPeppers(
                    f"MYPAGE_PEPPERS holds another key for version {version} than this database's password hashes "
                    "were made with: set the right one, or give the new key a higher version"
                )


async def _known() -> dict[int, bytes]:
    rows = await tables.Pepper.select().order_by(tables.Pepper.version)
    return {row["version"]: row["fingerprint"] for row in rows}


def fingerprint(pepper: bytes) -> bytes:
    """Enough to know a key again, nothing to make a hash with."""
    return hmac.digest(pepper, b"check", hashlib.sha256)
