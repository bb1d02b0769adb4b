"""What Prometheus asks: `/metrics`, on a port of its own that has no other path, and that the members' port knows nothing of.

It asks for no login: whoever reaches the port learns how busy the portal is, and nothing of anybody. Its address is the
loopback interface unless the operator says otherwise.
"""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from litestar import Litestar, MediaType, Request, Response, get
from litestar.datastructures import State
from litestar.status_codes import HTTP_500_INTERNAL_SERVER_ERROR
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from prometheus_client.multiprocess import MultiProcessCollector

from app.domain.tables import TABLES
from app.metrics import folder
from app.metrics.figures import Readings
from app.metrics.settled import Settled
from app.postgres import database
from app.postgres.engine import Engine
from app.settings import Settings

if TYPE_CHECKING:
    from litestar.types import ASGIApp

log = logging.getLogger("mypage")


@get("/metrics")
async def metrics(request: Request[Any, Any, Any], state: State) -> Response[bytes]:
    reading = await state.readings.now()
    folder.fold(state.folder, state.server)
    registry = CollectorRegistry()
    for collector in (reading, state.settled):
        registry.register(collector)
    MultiProcessCollector(registry, str(state.folder))  # type: ignore[no-untyped-call]
    write, content_type = choose_encoder(request.headers.get("accept", ""))
    return Response(write(registry), headers={"Content-Type": content_type})


def _broken(_: Request[Any, Any, Any], error: Exception) -> Response[str]:
    log.error("a scrape failed", exc_info=database.without_detail(error))
    return Response("", status_code=HTTP_500_INTERNAL_SERVER_ERROR, media_type=MediaType.TEXT)


def listener(settings: Settings, engine: Engine, counted: Path) -> ASGIApp:
    """The application; it connects when it is started. `counted`: where the server's processes count."""

    @contextlib.asynccontextmanager
    async def running(_: Litestar) -> AsyncIterator[None]:
        database.use(engine, TABLES)
        await engine.start_connection_pool(max_size=1)
        try:
            yield
        finally:
            await engine.close_connection_pool()

    return Litestar(
        route_handlers=[metrics],
        lifespan=[running],
        request_max_body_size=0,
        exception_handlers={HTTP_500_INTERNAL_SERVER_ERROR: _broken},
        openapi_config=None,
        debug=False,  # not what LITESTAR_DEBUG says: its pages show tracebacks
        logging_config=None,
        state=State(
            {
                "readings": Readings(),
                "settled": Settled(settings),
                "folder": counted,
                "server": os.getppid(),
            }
        ),
    )
