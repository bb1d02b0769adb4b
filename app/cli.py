"""The `mypage` commands."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from app import database, settings
from app.domain import clock, passwords
from app.domain.tables import TABLES
from app.embedded import EmbeddedPostgres, EmbeddedPostgresError

T = TypeVar("T")

DEMO_CONTRACTS = Path(__file__).parent / "demo_contracts.jsonl"


class Mistake(Exception):
    """Something that the operator can mend; the text says what and how."""


def main(arguments: list[str] | None = None) -> int:
    """Run a command; returns its exit status: 0, 1 for a mistake that is named on stderr."""
    chosen = _parser().parse_args(arguments)
    try:
        chosen.run(chosen)
    except (Mistake, settings.SettingsError, EmbeddedPostgresError) as error:
        print(f"mypage: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        if not database.unavailable(error):
            raise
        print(f"mypage: the database is not reachable: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="mypage", description="マイページ, the member portal")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    demo = commands.add_parser("demo", help="try the portal with an embedded database and demo contracts")
    demo.add_argument("--port", type=int, default=8000)
    demo.add_argument("--data-dir", type=Path, default=None, help="default: MYPAGE_DATA_DIR or .mypage")
    demo.add_argument("--now", type=_moment, help="start the clock there, in Asia/Tokyo: 2026-01-10T09:00")
    demo.set_defaults(run=_demo)
    serve = commands.add_parser("serve", help="serve for production, from the environment")
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--port", type=int, default=8000)
    serve.add_argument("--workers", type=int, default=2)
    serve.set_defaults(run=_serve)
    migrate = commands.add_parser("migrate", help="bring the schema up to date")
    migrate.set_defaults(run=_migrate)
    imports = commands.add_parser("import", help="load operator data").add_subparsers(
        required=True, metavar="KIND"
    )
    contracts = imports.add_parser("contracts", help="contracts, as JSON Lines")
    contracts.add_argument("file", type=Path)
    contracts.set_defaults(run=_import_contracts)
    mails = commands.add_parser("mail", help="the portal's own mail").add_subparsers(
        required=True, metavar="WHAT"
    )
    deliver = mails.add_parser("deliver", help="send what is due, once")
    deliver.set_defaults(run=_deliver_mails)
    listed = mails.add_parser("list", help="mails that wait or were refused")
    listed.set_defaults(run=_list_mails)
    return parser


def commands() -> dict[str, list[str]]:
    """Each command with its options, as docs/operating.md must name them."""
    return dict(_commands(_parser(), ""))


def _commands(parser: argparse.ArgumentParser, name: str) -> Iterator[tuple[str, list[str]]]:
    options: list[str] = []
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for part, inner in action.choices.items():
                yield from _commands(inner, f"{name} {part}".strip())
            return
        options += [option for option in action.option_strings if option not in ("-h", "--help")]
    yield name, options


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=clock.TOKYO)


# --- demo and serve ---------------------------------------------------------------------------------------------------


def _demo(chosen: argparse.Namespace) -> None:
    from app import serving

    folder: Path = chosen.data_dir or settings.data_dir()
    try:
        serving.claim("127.0.0.1", chosen.port)
    except serving.PortTaken as error:
        raise Mistake(str(error)) from error
    with EmbeddedPostgres(folder) as postgres:
        connection = postgres.start()
        demo_settings = settings.demo(folder, chosen.now)
        clock.start_at(chosen.now)
        asyncio.run(_with_database(connection, lambda: _prepare_demo(demo_settings)))
        serving.demo(demo_settings, connection, chosen.port, ready=lambda: _greet(chosen.port))


async def _prepare_demo(chosen: settings.Settings) -> None:
    from app.domain.contract_import import import_contracts
    from app.domain.tables import Contract
    from app.migrate import migrate

    passwords.season(passwords.Peppers(chosen.peppers))
    await migrate()
    if not await Contract.exists():
        await import_contracts(DEMO_CONTRACTS, progress=lambda _: None)


def _greet(port: int) -> None:
    print(
        f"マイページ (demo): http://127.0.0.1:{port}/\n"
        "\n"
        "  お客様番号でログイン    90000000000000 … 90000000000003    password demo01\n"
        "  アカウントIDでログイン  arteri-an-001 (user), arteri-an-002 (admin), keiyaku-003 (admin)    password abc12345\n"
        "\n"
        "Ctrl-C stops it.",
        flush=True,
    )


def _serve(chosen: argparse.Namespace) -> None:
    from app import serving

    settings.production()
    if not 1 <= chosen.workers <= 64:
        raise Mistake(f"--workers is {chosen.workers}: a number from 1 to 64 is wanted")
    try:
        serving.claim(chosen.host, chosen.port)
    except serving.PortTaken as error:
        raise Mistake(str(error)) from error
    with _connection(serving=True) as connection:
        asyncio.run(_with_database(connection, _ready_to_serve))
        serving.production(connection, chosen.host, chosen.port, chosen.workers)


async def _ready_to_serve() -> None:
    """With the database there, its schema must be up to date; while it is away, the server starts and answers 503."""
    from app.migrate import pending

    try:
        missing = await pending()
    except Exception as error:
        if not database.unavailable(error):
            raise
        print(f"mypage: starting although the database is not reachable: {error}", file=sys.stderr)
        return
    if missing:
        raise Mistake(f"the schema lacks {', '.join(missing)}: run `mypage migrate` first")


# --- commands beside a server -----------------------------------------------------------------------------------------


def _migrate(_: argparse.Namespace) -> None:
    from app.migrate import migrate

    with _connection() as connection:
        done = asyncio.run(_with_database(connection, migrate))
    print("\n".join(f"migrated: {name}" for name in done) or "nothing to migrate")


def _import_contracts(chosen: argparse.Namespace) -> None:
    from app.domain.contract_import import ImportRefused, import_contracts

    if not chosen.file.is_file():
        raise Mistake(f"{chosen.file}: no such file")
    passwords.season(passwords.Peppers(settings.peppers()))
    with _connection() as connection, _progress(chosen.file) as progress:
        try:
            done = asyncio.run(_with_database(connection, lambda: import_contracts(chosen.file, progress)))
        except ImportRefused as error:
            raise Mistake(f"{chosen.file}: nothing was loaded\n{error}") from error
    print(f"{done.new} contracts loaded, {done.already_there} were there already and were left as they are")


def _deliver_mails(_: argparse.Namespace) -> None:
    from app import mail_transport
    from app.domain import outbox

    operator, mail = settings.delivery()

    async def deliver() -> outbox.Delivered:
        async with mail_transport.delivery(operator, mail) as send:
            return await outbox.deliver_due(send, limit=sys.maxsize)

    with _connection() as connection:
        done = asyncio.run(_with_database(connection, deliver))
    print(f"{done.sent} sent, {done.put_off} put off, {done.refused} refused")
    if done.away:
        raise Mistake(done.away)


def _list_mails(_: argparse.Namespace) -> None:
    from app.domain import outbox

    with _connection() as connection:
        mails = asyncio.run(_with_database(connection, outbox.undelivered))
    print("id\tstate\tposted\trecipient\tsubject\ttries\tproblem")
    for mail in mails:
        state = "refused" if mail.refused_at else "waiting"
        posted = f"{mail.posted_at.astimezone(clock.TOKYO):%Y-%m-%dT%H:%M}"
        print(mail.id, state, posted, mail.recipient, mail.subject, mail.tries, mail.problem or "", sep="\t")


@contextlib.contextmanager
def _connection(*, serving: bool = False) -> Iterator[dict[str, Any]]:
    """The operator's database, or the embedded one, beside a running server if there is one."""
    url = settings.database_url()
    if url is not None:
        try:
            yield database.arguments(url)
        except ValueError as error:
            raise Mistake(str(error)) from error
        return
    with EmbeddedPostgres(settings.data_dir()) as postgres:
        yield postgres.start() if serving else postgres.connect_or_start()


async def _with_database(connection: dict[str, Any], work: Callable[[], Awaitable[T]]) -> T:
    """Run `work` with an engine whose statements may take as long as they take."""
    engine = database.Engine(connection, patience=None)
    database.use(engine, TABLES)
    await engine.start_connection_pool()
    try:
        return await work()
    finally:
        await engine.close_connection_pool()


@contextlib.contextmanager
def _progress(file: Path) -> Iterator[Callable[[int], None]]:
    """Shows on a terminal how many lines are done; elsewhere nothing."""
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    with Progress(
        SpinnerColumn(),
        TextColumn(f"{file.name}: {{task.completed:,.0f}} lines"),
        TimeElapsedColumn(),
        console=console,
        disable=not console.is_terminal,
    ) as shown:
        task = shown.add_task("lines", total=None)
        yield lambda lines: shown.update(task, completed=lines)
