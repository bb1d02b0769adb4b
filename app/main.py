"""Table of contents: the routes, the guard, the error pages, and what runs while the server runs."""

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

from app import database, gateway
from app.demo import elsewhere
from app.demo import mailbox as demo_mailbox
from app.domain import housekeeping, installation
from app.domain.cards import visits
from app.domain.tables import TABLES
from app.gateway.port import Unreachable
from app.gateway.stripe_checkout import StripeCheckout
from app.mailing import deliverer, transport
from app.routes.access import login, logins, proof
from app.routes.cards import register as payment
from app.routes.changes import asking, history
from app.routes.contracts import overview
from app.routes.mail import addresses as mail_addresses
from app.routes.mail import auto_reply, forwarding, mailbox, web_space
from app.routes.mail import service as mail_service
from app.routes.money import calls, statements
from app.routes.notices import contact, documents, hand_over, notices
from app.routes.options import remote_support, security, user_purchases
from app.routes.people import accounts, customer, customer_password, own_data, papers
from app.settings import Settings, installation_of
from app.web import errors, guard, health, render
from app.web.front_door import FrontDoor
from app.web.request import Request
from app.web.static_files import StaticFiles

if TYPE_CHECKING:
    from litestar.types import ASGIApp

STATIC = Path(__file__).parent.parent / "static"
LARGEST_BODY = 64 * 1024
"""Bytes of a request body; the longest form of ours has a few thousand."""

ROUTES = [
    login.login_page,
    login.log_in,
    login.log_out,
    login.extend,
    proof.proof_page,
    proof.prove,
    overview.overview,
    overview.account,
    accounts.account_list,
    accounts.registration_page,
    accounts.register,
    accounts.edit_page,
    accounts.edit,
    accounts.password_page,
    accounts.change_password,
    accounts.deletion_page,
    accounts.delete,
    user_purchases.input_page,
    user_purchases.change,
    mail_addresses.input_page,
    mail_addresses.register,
    mailbox.input_page,
    mailbox.change,
    forwarding.input_page,
    forwarding.change,
    auto_reply.input_page,
    auto_reply.change,
    web_space.input_page,
    web_space.change,
    mail_service.input_page,
    mail_service.buy,
    security.input_page,
    security.change,
    security.status_page,
    security.download,
    remote_support.input_page,
    remote_support.change,
    customer.input_page,
    customer.change,
    customer.address_page,
    customer.verify_address,
    customer_password.input_page,
    customer_password.change,
    payment.input_page,
    payment.register,
    payment.visit,
    payment.come_back,
    statements.listing,
    statements.statement,
    calls.listing,
    calls.month,
    history.history,
    history.history_file,
    asking.show,
    asking.confirm,
    logins.logins,
    logins.end,
    own_data.offer,
    own_data.download,
    papers.input_page,
    papers.ask,
    hand_over.cancellation,
    hand_over.hikari_denwa,
    hand_over.gate_call_050,
    hand_over.giga_cinema,
    hand_over.club_off,
    notices.both,
    notices.listed,
    notices.dismiss,
    documents.documents,
    documents.terms,
    documents.accessibility,
    contact.contact,
    contact.privacy,
    contact.nowhere,
    contact.nothing_to_change,
    health.healthz,
    health.readyz,
]
DEMO_ROUTES = [elsewhere.elsewhere, demo_mailbox.mailbox]

log = logging.getLogger("mypage")


def portal(settings: Settings, engine: database.Engine) -> ASGIApp:
    """The whole application for one worker; it connects when it is started, not when it is made."""
    files = StaticFiles(STATIC)
    templates = render.environment(files, demo=settings.demo)
    payment_gateway = gateway.of(settings)

    @contextlib.asynccontextmanager
    async def running(_: Litestar) -> AsyncIterator[None]:
        database.use(engine, TABLES)
        installation.use(installation_of(settings))
        await engine.start_connection_pool(max_size=settings.pool_size)
        delivery = functools.partial(transport.delivery, settings.contact.operator, settings.mail)
        tasks = [
            asyncio.create_task(work)
            for work in (_keep_tidy(payment_gateway), deliverer.run(engine, delivery))
        ]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            await engine.close_connection_pool()

    app = Litestar(
        route_handlers=[*ROUTES, *(DEMO_ROUTES if settings.demo else []), *files.routes()],
        guards=[guard.guard],
        request_class=Request,
        exception_handlers=errors.HANDLERS,
        lifespan=[running],
        request_max_body_size=LARGEST_BODY,
        openapi_config=None,
        logging_config=None,
        state=State({"settings": settings, "templates": templates, "gateway": payment_gateway}),
    )
    return FrontDoor(app, settings, errors.bad_request(templates))


async def _keep_tidy(payment_gateway: gateway.Gateway) -> None:
    """Tidy now and then; a database that is away is tried again the next time."""
    while True:
        try:
            await housekeeping.tidy()
            if isinstance(payment_gateway, StripeCheckout):
                await visits.tidy(payment_gateway.forget_others)
        except Unreachable as error:
            log.warning("cards wait to be dropped at the payment gateway: %s", error)
        except Exception as error:
            if not database.unavailable(error):
                log.error("tidying failed", exc_info=database.without_detail(error))
        await asyncio.sleep(housekeeping.EVERY.total_seconds())
