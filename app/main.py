"""The application put together: the handlers, the guard, the error pages, and what runs while the server runs."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

from litestar import Litestar
from litestar.datastructures import State
from litestar.handlers import HTTPRouteHandler

from app import demo, gateway, metrics, routes, web
from app.branding import BRAND, BrandError, colours
from app.domain import events, housekeeping, installation
from app.domain.cards import visits
from app.domain.catalogue import kept as kept_catalogue
from app.domain.tables import TABLES
from app.gateway.port import Unreachable
from app.gateway.stripe_checkout import StripeCheckout
from app.mailing import deliverer, transport
from app.postgres import database
from app.postgres.engine import Engine
from app.resources import static_folder
from app.settings import Settings, installation_of
from app.web import errors, forms, gone, guard, render
from app.web.body_deadline import BodyDeadline
from app.web.frameless import Frameless
from app.web.front_door import FrontDoor
from app.web.labels import Labels
from app.web.menus import Menus
from app.web.pages import Pages, collected
from app.web.request import Request
from app.web.static_files import StaticFiles

if TYPE_CHECKING:
    from litestar.types import ASGIApp

    from app.metrics.measures import Measures

LARGEST_BODY = 4 * forms.LARGEST
"""Bytes of a request body that are read; a form that is longer than is taken is given back so far."""

log = logging.getLogger("mypage")


def portal(settings: Settings, engine: Engine) -> ASGIApp:
    """The whole application for one worker; it connects when it is started, not when it is made."""
    files = StaticFiles(static_folder(), _of_brand(static_folder()))
    templates = render.environment(files, demo=settings.demo)
    payment_gateway = gateway.of(settings)
    measures = metrics.of_this_process()

    @contextlib.asynccontextmanager
    async def running(_: Litestar) -> AsyncIterator[None]:
        database.use(engine, TABLES)
        installation.use(installation_of(settings))
        await engine.start_connection_pool(max_size=settings.pool_size)
        await _read_catalogue()
        delivery = functools.partial(transport.delivery, settings.contact.operator, settings.mail)
        tasks = [
            asyncio.create_task(work)
            for work in (
                _keep_tidy(payment_gateway, measures),
                _keep_numbered(),
                deliverer.run(
                    engine,
                    delivery,
                    holding=settings.mail.held,
                    tell=measures.delivered if measures else deliverer.nobody,
                ),
                *([measures.keep_watching(engine, settings.pool_size)] if measures else []),
            )
        ]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            await engine.close_connection_pool()

    packages = (routes, web, demo) if settings.demo else (routes, web)
    handlers = [handler for package in packages for handler in collected(package)]
    _keep_apart(handlers)
    app = Litestar(
        route_handlers=[*handlers, *files.routes()],
        guards=[guard.guard],
        middleware=[BodyDeadline],
        request_class=Request,
        exception_handlers=errors.HANDLERS,
        after_exception=[gone.look],
        lifespan=[running],
        request_max_body_size=LARGEST_BODY,
        openapi_config=None,
        debug=False,  # not what LITESTAR_DEBUG says: its pages show tracebacks
        logging_config=None,
        state=State(
            {
                "settings": settings,
                "templates": templates,
                "gateway": payment_gateway,
                "labels": Labels(templates),
            }
        ),
    )
    app.state.pages = Pages(app.routes)
    app.state.menus = Menus(templates, app.state.pages, settings.contact)
    front_door = FrontDoor(app, settings, Frameless(templates, settings.contact))
    return measures.around(front_door) if measures else front_door


async def _read_catalogue() -> None:
    """Use the database's; while that is away, the first page that finds it again reads it (access/members.py)."""
    try:
        await kept_catalogue.load()
    except Exception as error:
        if not database.unavailable(error):
            raise


def _keep_apart(handlers: list[HTTPRouteHandler]) -> None:
    """Raises BrandError where a partner of the brand would stand on the path of a page."""
    taken = [path for handler in handlers for path in handler.paths]
    for partner in BRAND.partners:
        if taken.count(f"/{partner.key}") > 1:
            toml = BRAND.folder / "brand.toml"
            raise BrandError(
                f"{toml}: the portal has a page /{partner.key} of its own: choose another key for it"
            )


def _of_brand(folder: Path) -> dict[str, bytes]:
    """What the brand makes of the static files: its colours in the stylesheet, its mark as the icon."""
    given = BRAND.names.colours
    style = (folder / "mypage.css").read_bytes()
    return {
        "mypage.css": colours.stylesheet(style, {"light": given.light, "dark": given.dark}),
        "icon.svg": BRAND.mark,
    }


async def _keep_tidy(payment_gateway: gateway.Gateway, measures: Measures | None) -> None:
    """Tidy now and then; a database that is away is tried again the next time."""
    while True:
        try:
            await kept_catalogue.load()
            if await housekeeping.tidy() and measures:
                measures.tidied()
            if isinstance(payment_gateway, StripeCheckout):
                await visits.tidy(payment_gateway.forget_others)
        except Unreachable as error:
            log.warning("cards wait to be dropped at the payment gateway: %s", error)
        except Exception as error:
            if not database.unavailable(error):
                log.error("tidying failed", exc_info=database.without_detail(error))
        await asyncio.sleep(housekeeping.EVERY.total_seconds())


async def _keep_numbered() -> None:
    """Give events their positions; a database that is away is tried again the next time."""
    while True:
        try:
            while await events.number():
                pass
        except Exception as error:
            if not database.unavailable(error):
                log.error("numbering events failed", exc_info=database.without_detail(error))
        await asyncio.sleep(events.EVERY.total_seconds())
