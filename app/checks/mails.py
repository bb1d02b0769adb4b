"""Mails that are held (MYPAGE_MAIL_HOLD): how many, since when, and what lets them go."""

from __future__ import annotations

from collections.abc import Iterator

import asyncpg

from app.checks.finding import Finding, Looked, ok, warning
from app.domain.letters import holding
from app.mistake import Mistake
from app.postgres import database
from app.settings import mail_hold

CHECK = "held mails"
WHY = "members wait in vain for links and notices that are held"


def held(looked: Looked) -> Iterator[Finding]:
    """A warning while mails are held, or would be; one that says so where they cannot be counted."""
    if looked.asked is None or looked.unreached:
        return
    try:
        on = mail_hold(looked.environment)
        said = looked.asked(lambda: holding.warning(on=on))
    except (Mistake, asyncpg.PostgresError, OSError, TimeoutError) as error:
        reason = database.without_detail(error)
        yield warning(CHECK, f"they could not be counted: {reason}", WHY, "mend what is said of the database")
        return
    yield warning(CHECK, said, WHY, "see `mypage mail release --dry-run`") if said else ok(CHECK, "none")
