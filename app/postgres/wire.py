"""Whether what is said to PostgreSQL can be heard on the way: asyncpg goes on without TLS where the server has none."""

from __future__ import annotations

from app.domain import networks
from app.postgres import database

WARNING = (
    "the database at {server} is asked without TLS: whoever is on the way reads all that the portal knows. "
    "Let DATABASE_URL end with ?sslmode=verify-full, or keep the two in a network of their own"
)


async def warning() -> str:
    """What to tell the operator; "" where the server is on this machine, or TLS is between."""
    (found,) = await database.rows(_CONNECTION)
    return said_of(found["server"], encrypted=found["encrypted"])


def said_of(server: str | None, *, encrypted: bool) -> str:
    """The same of a connection to that address; None: by a socket of this machine."""
    if server is None or networks.is_loopback(server) or encrypted:
        return ""
    return WARNING.format(server=server)


# SQL for what the server says of this connection.
_CONNECTION = """
SELECT host(inet_server_addr()) AS server,
    coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false) AS encrypted
"""
