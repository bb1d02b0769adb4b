"""Whether what is asked for at the start of a connection holds: a pooler between may drop it without a word."""

from __future__ import annotations

from app.postgres import database

WARNING = (
    "the database does not end statements that take too long, although each connection asks for it: a pooler between "
    "ignores statement_timeout. Let it set that itself, as ops/pgbouncer/pgbouncer.ini does"
)


async def warning() -> str:
    """What to tell the operator; "" where a server's statements have their limit."""
    (found,) = await database.rows(_LIMIT)
    return WARNING if found["limit"] == "0" else ""


# SQL for a setting of this connection.
_LIMIT = "SELECT current_setting('statement_timeout') AS \"limit\""
