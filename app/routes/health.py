"""For whatever watches the servers."""

from __future__ import annotations

from litestar import MediaType, Response, get

from app import database
from app.domain import licences
from app.domain.members import Permission


@get("/healthz", opt={"permission": Permission.PUBLIC}, media_type=MediaType.TEXT)
async def healthz() -> str:
    """The process is up; asks nothing else."""
    return "ok"


@get("/readyz", opt={"permission": Permission.PUBLIC}, media_type=MediaType.TEXT)
async def readyz() -> Response[str]:
    """The database answers too; and which licence keys are running out, which takes no server away."""
    try:
        low = await licences.low()
    except Exception as error:
        if not database.unavailable(error):
            raise
        return Response("database unavailable", status_code=503, media_type=MediaType.TEXT)
    running_out = ", ".join(f"{product} {left}" for product, left in low.items())
    warning = f"\nlicence keys are running out: {running_out}" if running_out else ""
    return Response(f"ok{warning}", media_type=MediaType.TEXT)
