"""`mypage demo` and `mypage serve`."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
from datetime import timedelta
from pathlib import Path

from app import settings
from app.branding import BRAND
from app.commands.running import (
    embedded_in_words,
    ending_with,
    fit,
    keep_clock,
    reached,
    say_database,
    with_database,
)
from app.domain import catalogue, clock, installation
from app.domain.access import peppers, totp
from app.domain.catalogue import kept as kept_catalogue
from app.domain.letters import holding
from app.domain.options import licences
from app.log_lines import say
from app.mistake import Mistake
from app.postgres import database, pooler, rights, server_log, wire
from app.postgres.embedded import EmbeddedPostgres
from app.postgres.engine import PATIENCE

DEMO_CONTRACTS = Path(__file__).parents[1] / "demo" / "contracts.jsonl"
DEMO_LICENCES = Path(__file__).parents[1] / "demo" / "licences.csv"


def demo(chosen: argparse.Namespace) -> None:
    from app import serving

    folder: Path = chosen.data_dir or settings.data_dir()
    try:
        serving.claim("127.0.0.1", chosen.port)
    except serving.PortTaken as error:
        raise Mistake(str(error)) from error
    second_factor = settings.second_factor()
    clock.start_at(chosen.now)
    say_database(embedded_in_words(folder))
    with EmbeddedPostgres(folder) as postgres:
        connection = postgres.start()
        demo_settings = settings.demo(folder, chosen.port, second_factor)
        asyncio.run(with_database(connection, lambda: prepare_demo(demo_settings)))
        keep_clock(folder, chosen.now)
        with ending_with(postgres):
            serving.demo(demo_settings, connection, chosen.port, ready=lambda: _greet(chosen.port))
    serving.leave()


async def prepare_demo(chosen: settings.Settings) -> None:
    from app.demo import calls as demo_calls
    from app.demo import notices as demo_notices
    from app.domain import tables
    from app.domain.contracts.importing import import_contracts
    from app.domain.options.licence_import import import_licences
    from app.postgres.migrate import migrate

    installation.use(settings.installation_of(chosen))
    await migrate()
    await kept_catalogue.must_be_there()
    await peppers.recognise(chosen.peppers)
    await licences.recognise()
    await totp.recognise()
    if not await tables.Contract.exists():
        await import_contracts(DEMO_CONTRACTS, progress=lambda _: None)
        await demo_calls.load()
    if not await tables.Licence.exists():
        await import_licences(DEMO_LICENCES, progress=lambda _: None)
    await demo_notices.load()
    newest = await clock.newest_stored()
    if newest and newest > clock.now():
        start = f"{newest.astimezone(clock.TOKYO) + timedelta(minutes=1):%Y-%m-%dT%H:%M}"
        raise Mistake(
            f"the data were changed at {start} by the demo's clock, which cannot start before that: "
            f"give --now {start} or later, or another --data-dir"
        )


def _greet(port: int) -> None:
    print(
        f"{BRAND.service} (demo): http://127.0.0.1:{port}/\n"
        f"  at http://localhost:{port}/ to try passkeys, which need a name instead of an address\n"
        "\n"
        "  お客様番号でログイン    90000000000000 … 90000000000003    password demo01\n"
        "  アカウントIDでログイン  arteri-an-001 (user), arteri-an-002 (admin), keiyaku-003 (admin)    password abc12345\n"
        "\n"
        "Ctrl-C stops it.",
        flush=True,
    )


# --- production -------------------------------------------------------------------------------------------------------


def serve(chosen: argparse.Namespace) -> None:
    from app import internal_serving, serving
    from app.metrics import serving as metrics_serving

    chosen_settings = settings.production()
    if not 1 <= chosen.workers <= 64:
        raise Mistake(f"--workers is {chosen.workers}: a number from 1 to 64 is wanted")
    _claim(chosen, chosen_settings)
    with reached(serving=True) as connection:
        asyncio.run(with_database(connection, lambda: _ready_to_serve(chosen_settings), patience=PATIENCE))
        serving.hand_over(connection)
        with contextlib.ExitStack() as beside:
            if chosen_settings.metrics:  # first: the other processes count for it
                beside.enter_context(metrics_serving.beside())
            if chosen_settings.internal:
                beside.enter_context(internal_serving.beside())
            serving.production(connection, chosen.host, chosen.port, chosen.workers)


def _claim(chosen: argparse.Namespace, found: settings.Settings) -> None:
    """Raises Mistake where a port is taken, or is to be had twice."""
    from app import serving

    taken = {chosen.port: "--port"}
    named = {"MYPAGE_INTERNAL_PORT": found.internal, "MYPAGE_METRICS_PORT": found.metrics}
    listeners = {name: listener for name, listener in named.items() if listener}
    for name, listener in listeners.items():
        if other := taken.get(listener.port):
            raise Mistake(f"{name} is {listener.port}, which is {other} too: choose another port")
        taken[listener.port] = name
    try:
        serving.claim(chosen.host, chosen.port)
        for listener in listeners.values():
            serving.claim(listener.host, listener.port)
    except serving.PortTaken as error:
        raise Mistake(str(error)) from error


def _must_fit_catalogue(chosen: settings.Settings) -> None:
    """Raises Mistake for products that members could buy and not download, and for support that nobody could call."""
    window = chosen.remote_support
    if catalogue.support() and not (window.phone and window.hours):
        raise Mistake(
            "MYPAGE_REMOTE_SUPPORT_PHONE or MYPAGE_REMOTE_SUPPORT_HOURS is not set, and the catalogue has a product of the "
            "kind support: for example 0120-000-0000, 9時～17時（年中無休）"
        )
    lacking = [
        product
        for product in catalogue.licences()
        if not catalogue.entry(product).installer and product not in chosen.installers
    ]
    if lacking:
        raise Mistake(
            f"MYPAGE_INSTALLERS lacks {', '.join(lacking)}: product=https://… is wanted for each, or installer in the catalogue"
        )


async def _must_have_rights() -> None:
    """Raises Mistake where a page would fail because the database role may not do what it takes."""
    lacking = await rights.too_few()
    if lacking:
        raise Mistake(
            f"the database role {lacking}: run `mypage migrate` as the role that owns the tables, which gives {rights.PORTAL} "
            f"what servers need, and let this one be {rights.PORTAL} or a member of it"
        )


async def _ready_to_serve(chosen: settings.Settings) -> None:
    """With the database there, its schema must be up to date and its peppers and data keys ours; while it is away, the
    server starts and answers 503."""
    installation.use(settings.installation_of(chosen))
    try:
        await _must_have_rights()
        await fit(chosen.peppers)
        _must_fit_catalogue(chosen)
        await licences.recognise()
        await totp.recognise()
        held = chosen.mail.held
        if held:
            await holding.hold_waiting()
        for warning in (
            await server_log.warning(),
            await wire.warning(),
            await pooler.warning(),
            await holding.warning(on=held),
        ):
            if warning:
                say(warning, logging.WARNING)
    except Exception as error:
        if not database.unavailable(error):
            raise
        say(f"starting although the database is not reachable: {error!r}", logging.WARNING)
