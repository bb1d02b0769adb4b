"""For whatever watches the servers."""

from __future__ import annotations

from litestar import MediaType, Response, get

from app import database
from app.domain.members import Permission


@get("/healthz", opt={"permission": Permission.PUBLIC}, media_type=MediaType.TEXT)
async def healthz() -> str:
    """The process is up; asks nothing else."""
    return "ok"


@get("/readyz", opt={"permission": Permission.PUBLIC}, media_type=MediaType.TEXT)
async def readyz() -> Response[str]:
    """The database answers too."""
    try:
        await database.rows("SELECT 1")
    except Exception as error:
        if not database.unavailable(error):
            raise
        return Response("database unavailable", status_code=503, media_type=MediaType.TEXT)
    return Response("ok", media_type=MediaType.TEXT)
