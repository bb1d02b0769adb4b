"""For whatever watches the servers."""

from __future__ import annotations

from asyncpg import UndefinedTableError
from litestar import MediaType, Response, get

from app.domain.access.matrix import Permission
from app.domain.options import licences
from app.postgres import database
from app.web.pages import open_to


@get("/healthz", opt=open_to(Permission.PUBLIC), media_type=MediaType.TEXT)
async def healthz() -> str:
    """The process is up; asks nothing else."""
    return "ok"


@get("/readyz", opt=open_to(Permission.PUBLIC), media_type=MediaType.TEXT)
async def readyz() -> Response[str]:
    """The database answers too. What operators should look at follows, and takes no server away."""
    try:
        return Response("\n".join(["ok", *await _worth_a_look()]), media_type=MediaType.TEXT)
    except Exception as error:
        if not database.unavailable(error):
            raise
        return Response("database unavailable", status_code=503, media_type=MediaType.TEXT)


async def _worth_a_look() -> list[str]:
    try:
        low = await licences.low()
    except UndefinedTableError:
        return ["the schema is not up to date: run mypage migrate"]
    return [f"licence keys are running out: {left} left of {product}" for product, left in low.items()]
