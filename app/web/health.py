"""For whatever watches the servers."""

from __future__ import annotations

from litestar import MediaType, Response, get

from app.domain.access.matrix import Permission
from app.postgres import database
from app.web.pages import open_to


@get("/healthz", opt=open_to(Permission.PUBLIC), media_type=MediaType.TEXT)
async def healthz() -> str:
    """The process is up; asks nothing else."""
    return "ok"


@get("/readyz", opt=open_to(Permission.PUBLIC), media_type=MediaType.TEXT)
async def readyz() -> Response[str]:
    """The database answers too. What operators should look at is told on the internal listener alone (app/internal.py)."""
    try:
        await database.rows("SELECT 1")
        return Response("ok", media_type=MediaType.TEXT)
    except Exception as error:
        if not database.unavailable(error):
            raise
        return Response("database unavailable", status_code=503, media_type=MediaType.TEXT)
