"""The `mypage` commands."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import asyncpg

from app import database, settings
from app.domain import billing, catalogue, clock, data_keys, licences, passwords, peppers
from app.domain.tables import TABLES
from app.embedded import EmbeddedPostgres, EmbeddedPostgresError

T = TypeVar("T")

DEMO_CONTRACTS = Path(__file__).parent / "demo_contracts.jsonl"
DEMO_LICENCES = Path(__file__).parent / "demo_licences.csv"


class Mistake(Exception):
    """Something that the operator can mend; the text says what and how."""


MISTAKES = (
    Mistake,
    settings.SettingsError,
    peppers.WrongPeppers,
    licences.WrongDataKeys,
    catalogue.NoPrice,
    database.WrongAddress,
    EmbeddedPostgresError,
)
REFUSALS = (
    asyncpg.InvalidAuthorizationSpecificationError,  # a wrong user or password
    asyncpg.InvalidCatalogNameError,  # no such database
    asyncpg.InsufficientPrivilegeError,
)
"""What a database says to somebody who may not come in, or may not do that."""


def main(arguments: list[str] | None = None) -> int:
    """Run a command; returns its exit status: 0, 1 for a mistake that is named on stderr."""
    chosen = _parser().parse_args(arguments)
    try:
        chosen.run(chosen)
    except MISTAKES as error:
        print(f"mypage: {error}", file=sys.stderr)
        return 1
    except REFUSALS as error:
        print(f"mypage: the database refuses: {error.args[0]} (see DATABASE_URL)", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        if not database.unavailable(error):
            raise
        print(f"mypage: the database is not reachable or cannot do it now: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="mypage", description="マイページ, the member portal")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    demo = commands.add_parser("demo", help="try the portal with an embedded database and demo contracts")
    demo.add_argument("--port", type=_port, default=8000)
    demo.add_argument("--data-dir", type=Path, default=None, help="default: MYPAGE_DATA_DIR or .mypage")
    demo.add_argument("--now", type=_moment, help="start the clock there, in Asia/Tokyo: 2026-01-10T09:00")
    demo.set_defaults(run=_demo)
    serve = commands.add_parser("serve", help="serve for production, from the environment")
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--port", type=_port, default=8000)
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
    calls = imports.add_parser("calls", help="telephone calls, as CSV")
    calls.add_argument("file", type=Path)
    calls.set_defaults(run=_import_calls)
    keys = imports.add_parser("licences", help="licence keys (PINs), as CSV product,pin")
    keys.add_argument("file", type=Path)
    keys.set_defaults(run=_import_licences)
    stock = commands.add_parser("licences", help="the stock of licence keys").add_subparsers(
        required=True, metavar="WHAT"
    )
    renew = stock.add_parser("renew", help="encrypt PINs with the newest of MYPAGE_DATA_KEYS")
    renew.set_defaults(run=_renew_licences)
    bills = commands.add_parser("bill", help="the ledger of charges").add_subparsers(
        required=True, metavar="WHAT"
    )
    close = bills.add_parser("close", help="write a month's charges, once and for all")
    close.add_argument("month", type=_month, metavar="YYYY-MM")
    close.set_defaults(run=_close_bills)
    news = imports.add_parser("notices", help="outages and maintenance, as JSON Lines")
    news.add_argument("file", type=Path)
    news.set_defaults(run=_import_notices)
    requests = commands.add_parser("requests", help="papers that members asked for").add_subparsers(
        required=True, metavar="WHAT"
    )
    requests.add_parser("list", help="those that wait").set_defaults(run=_list_requests)
    done = requests.add_parser("done", help="note that papers were sent, and write to the customers")
    done.add_argument("id", type=_identity, nargs="+")
    done.set_defaults(run=_finish_requests)
    mails = commands.add_parser("mail", help="the portal's own mail").add_subparsers(
        required=True, metavar="WHAT"
    )
    deliver = mails.add_parser("deliver", help="send what is due, once")
    deliver.set_defaults(run=_deliver_mails)
    listed = mails.add_parser("list", help="mails that wait or were refused")
    listed.set_defaults(run=_list_mails)
    payments = commands.add_parser("payments", help="cards that wait for a name check").add_subparsers(
        required=True, metavar="WHAT"
    )
    waiting = payments.add_parser("list", help="the cards that wait")
    waiting.set_defaults(run=_list_payments)
    approve = payments.add_parser("approve", help="make a card the contract's")
    approve.add_argument("id", type=_identity)
    approve.set_defaults(run=_approve_payment)
    refuse = payments.add_parser("refuse", help="drop a card; the former one counts again")
    refuse.add_argument("id", type=_identity)
    refuse.set_defaults(run=_refuse_payment)
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


def _port(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 5 and 1 <= int(text) <= 65535):
        raise argparse.ArgumentTypeError(f"{text!r} is no port: a number from 1 to 65535 is wanted")
    return int(text)


def _identity(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 18):
        raise argparse.ArgumentTypeError(f"{text!r} is no id: give the number that the list begins with")
    return int(text)


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no moment: write it as 2026-01-10T09:00") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=clock.TOKYO)


def _month(text: str) -> billing.Month:
    try:
        return billing.Month.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


# --- demo and serve ---------------------------------------------------------------------------------------------------


def _demo(chosen: argparse.Namespace) -> None:
    from app import serving

    folder: Path = chosen.data_dir or settings.data_dir()
    try:
        serving.claim("127.0.0.1", chosen.port)
    except serving.PortTaken as error:
        raise Mistake(str(error)) from error
    clock.start_at(chosen.now)
    _check_prices()
    with EmbeddedPostgres(folder) as postgres:
        connection = postgres.start()
        demo_settings = settings.demo(folder)
        asyncio.run(_with_database(connection, lambda: _prepare_demo(demo_settings)))
        _keep_clock(folder, chosen.now)
        with _ending_with(postgres):
            serving.demo(demo_settings, connection, chosen.port, ready=lambda: _greet(chosen.port))


CLOCK = "clock"
"""File in a demo's data folder: by how many seconds its clock is shifted."""


def _keep_clock(folder: Path, started_at: datetime | None) -> None:
    shift = started_at - datetime.now(UTC) if started_at else timedelta()
    (folder / CLOCK).write_text(str(shift.total_seconds()))


def _follow_demo() -> None:
    """On a demo's data a command goes by the demo's clock, so that it can close the months that are over there."""
    kept = settings.data_dir() / CLOCK
    if settings.made_by_demo() and kept.exists():
        clock.start_at(datetime.now(UTC) + timedelta(seconds=float(kept.read_text())))


@contextlib.contextmanager
def _ending_with(postgres: EmbeddedPostgres) -> Iterator[None]:
    """A server inside ends, with status 1, when its PostgreSQL does: whatever watches it starts both again."""
    ended = False

    def tell(what: str) -> None:
        nonlocal ended
        ended = True
        print(f"mypage: {what}", file=sys.stderr, flush=True)
        os.kill(os.getpid(), signal.SIGTERM)

    postgres.when_it_ends(tell)
    yield
    if ended:
        sys.exit(1)


async def _prepare_demo(chosen: settings.Settings) -> None:
    from app import demo_calls, demo_notices
    from app.domain.contract_import import import_contracts
    from app.domain.licence_import import import_licences
    from app.domain.tables import Contract, Licence
    from app.migrate import migrate

    data_keys.use(chosen.data_keys)
    passwords.season(passwords.Peppers(chosen.peppers))
    await migrate()
    await peppers.recognise(chosen.peppers)
    await licences.recognise()
    if not await Contract.exists():
        await import_contracts(DEMO_CONTRACTS, progress=lambda _: None)
        await demo_calls.load()
    if not await Licence.exists():
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

    chosen_settings = settings.production()
    _check_prices()
    if not 1 <= chosen.workers <= 64:
        raise Mistake(f"--workers is {chosen.workers}: a number from 1 to 64 is wanted")
    try:
        serving.claim(chosen.host, chosen.port)
    except serving.PortTaken as error:
        raise Mistake(str(error)) from error
    with _connection(serving=True) as connection:
        asyncio.run(
            _with_database(connection, lambda: _ready_to_serve(chosen_settings), patience=database.PATIENCE)
        )
        serving.production(connection, chosen.host, chosen.port, chosen.workers)


def _check_prices() -> None:
    """Raises NoPrice that names what is sold and has none: a purchase of today may be charged for this month."""
    catalogue.check(billing.Month.of(clock.now()).first_day)


async def _ready_to_serve(chosen: settings.Settings) -> None:
    """With the database there, its schema must be up to date and its peppers and data keys ours; while it is away, the
    server starts and answers 503."""
    data_keys.use(chosen.data_keys)
    try:
        await _fit(chosen.peppers)
        await licences.recognise()
    except Exception as error:
        if not database.unavailable(error):
            raise
        print(f"mypage: starting although the database is not reachable: {error!r}", file=sys.stderr)


async def _fit(found: dict[int, bytes]) -> None:
    """Raises Mistake or WrongPeppers when the database is not for this program with these peppers."""
    await _migrated()
    await peppers.recognise(found)


async def _migrated() -> None:
    """Raises Mistake when the schema is not up to date."""
    from app.migrate import pending

    missing = await pending()
    if missing:
        raise Mistake(f"the schema lacks {', '.join(missing)}: run `mypage migrate` first")


# --- commands beside a server -----------------------------------------------------------------------------------------


def _migrate(_: argparse.Namespace) -> None:
    from app.migrate import TooOld, migrate

    with _connection() as connection:
        try:
            done = asyncio.run(_with_database(connection, migrate))
        except TooOld as error:
            raise Mistake(str(error)) from error
    print("\n".join(f"migrated: {name}" for name in done) or "nothing to migrate")


def _import_contracts(chosen: argparse.Namespace) -> None:
    from app.domain.contract_import import import_contracts

    file, found = _there(chosen.file), settings.peppers()
    passwords.season(passwords.Peppers(found))
    done = _load(file, import_contracts, lambda: _fit(found))
    print(f"{done.new} contracts loaded, {done.already_there} were there already and were left as they are")


def _import_licences(chosen: argparse.Namespace) -> None:
    from app.domain.licence_import import import_licences

    file = _there(chosen.file)
    data_keys.use(settings.data_keys())
    done = _load(file, import_licences, _fit_for_licences)
    print(f"{done.new} licence keys loaded, {done.already_there} were there already")


def _import_calls(chosen: argparse.Namespace) -> None:
    from app.domain.call_import import import_calls

    done = _load(_there(chosen.file), import_calls, _migrated)
    print(f"{done.calls} calls {'were loaded from the same file before' if done.before else 'loaded'}")


def _import_notices(chosen: argparse.Namespace) -> None:
    from app.domain.notice_import import import_notices

    done = _load(_there(chosen.file), import_notices, _migrated)
    print(
        f"{done.new} notices loaded, {done.changed} changed, {done.already_there} were there already as they are"
    )


def _there(file: Path) -> Path:
    if not file.is_file():
        raise Mistake(f"{file}: no such file")
    return file


def _load(
    file: Path,
    load: Callable[[Path, Callable[[int], None]], Awaitable[T]],
    fit: Callable[[], Awaitable[None]],
) -> T:
    """What an import did with the file, into a database that was found `fit` for it. Raises Mistake with its bad lines."""
    from app.domain.contract_import import ImportRefused

    async def work() -> T:
        await fit()
        return await load(file, progress)

    with _connection() as connection, _progress(file.name, "lines") as progress:
        try:
            return asyncio.run(_with_database(connection, work))
        except ImportRefused as error:
            raise Mistake(f"{file}: nothing was loaded\n{error}") from error


async def _fit_for_licences() -> None:
    await _migrated()
    await licences.recognise()


def _renew_licences(_: argparse.Namespace) -> None:
    data_keys.use(settings.data_keys())

    async def renew() -> int:
        await _fit_for_licences()
        return await licences.renew()

    with _connection() as connection:
        done = asyncio.run(_with_database(connection, renew))
    print(f"{done} PINs encrypted with the newest key; the older keys are needed no more")


def _close_bills(chosen: argparse.Namespace) -> None:
    from app.domain import ledger

    month: billing.Month = chosen.month

    async def close() -> ledger.Closed:
        await _migrated()
        return await ledger.close(month, progress)

    with _connection() as connection, _progress(f"bill {month.iso}", "contracts") as progress:
        try:
            done = asyncio.run(_with_database(connection, close))
        except ledger.NotNow as error:
            raise Mistake(str(error)) from error
    said = "was closed before; nothing changed" if done.before else "closed"
    print(f"{month.iso} {said}: {done.charges:,} charges, {done.yen:,} yen with tax")


def _list_requests(_: argparse.Namespace) -> None:
    from app.domain import papers

    with _connection() as connection:
        waiting = asyncio.run(_with_database(connection, papers.waiting))
    print("id\tasked\tcustomer number\tpaper\tsend to")
    for request in waiting:
        asked = f"{request.asked_at.astimezone(clock.TOKYO):%Y-%m-%dT%H:%M}"
        print(request.id, asked, request.customer_number, request.name, request.sent_to, sep="\t")


def _finish_requests(chosen: argparse.Namespace) -> None:
    from app import mail_transport
    from app.domain import outbox, papers

    outbox.write_as(mail_transport.sender(*settings.writer()))

    async def finish() -> None:
        async with database.engine().transaction():
            for identity in chosen.id:
                await papers.done(identity)

    with _connection() as connection:
        try:
            asyncio.run(_with_database(connection, finish))
        except papers.NotWaiting as error:
            raise Mistake(
                f"no request {error} waits, nothing was noted: see `mypage requests list`"
            ) from error
    print(f"{len(chosen.id)} requests done")


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


def _list_payments(_: argparse.Namespace) -> None:
    from app.domain import card_checks

    with _connection() as connection:
        waiting = asyncio.run(_with_database(connection, card_checks.waiting))
    print("id\tasked\tcustomer\tcontractor\tkana\tholder\tbrand\tlast4\texpires")
    for card in waiting:
        asked = f"{card.asked_at.astimezone(clock.TOKYO):%Y-%m-%dT%H:%M}"
        whose = card.customer_number, card.contractor, card.contractor_kana
        print(card.id, asked, *whose, card.holder, card.brand, card.last4, card.expires, sep="\t")


def _approve_payment(chosen: argparse.Namespace) -> None:
    from app.domain import card_checks

    _decide(chosen.id, card_checks.approve)
    print(f"card {chosen.id} is the contract's now; the customer is told by mail")


def _refuse_payment(chosen: argparse.Namespace) -> None:
    from app.domain import card_checks

    _decide(chosen.id, card_checks.refuse)
    print(f"card {chosen.id} is refused; the customer is told by mail")


def _decide(identity: int, decide: Callable[[int], Awaitable[None]]) -> None:
    from app import mail_transport
    from app.domain import card_checks, outbox

    outbox.write_as(mail_transport.sender(*settings.writer()))
    with _connection() as connection:
        try:
            asyncio.run(_with_database(connection, lambda: decide(identity)))
        except card_checks.NotWaiting as error:
            raise Mistake(
                f"no card waits as {identity}; `mypage payments list` shows those that do"
            ) from error
        except card_checks.Expired as error:
            raise Mistake(f"card {identity} expired while it waited: refuse it") from error


@contextlib.contextmanager
def _connection(*, serving: bool = False) -> Iterator[dict[str, Any]]:
    """The operator's database, or the embedded one, beside a running server if there is one."""
    url = settings.database_url()
    if url is not None:
        yield database.arguments(url)
        return
    with EmbeddedPostgres(settings.data_dir()) as postgres:
        if not serving:
            _follow_demo()
            yield postgres.connect_or_start()
            return
        connection = postgres.start()
        with _ending_with(postgres):
            yield connection


async def _with_database(
    connection: dict[str, Any], work: Callable[[], Awaitable[T]], *, patience: float | None = None
) -> T:
    """Run `work` with an engine whose statements may take as long as they take, or so many seconds."""
    engine = database.Engine(connection, patience=patience)
    database.use(engine, TABLES)
    await engine.start_connection_pool()
    try:
        return await work()
    finally:
        await engine.close_connection_pool()


@contextlib.contextmanager
def _progress(what: str, unit: str) -> Iterator[Callable[..., None]]:
    """Shows on a terminal how many are done, and of how many if that is known; elsewhere nothing."""
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    with Progress(
        SpinnerColumn(),
        TextColumn(f"{what}: {{task.completed:,.0f}} {unit}"),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        console=console,
        disable=not console.is_terminal,
    ) as shown:
        task = shown.add_task(unit, total=None)
        yield lambda done, of=None: shown.update(task, completed=done, total=of)
