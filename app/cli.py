"""The `mypage` commands."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import asyncpg

from app import database, settings
from app.commands import imports, servers, staff
from app.commands.running import Mistake
from app.domain import billing, catalogue, clock, licences, peppers
from app.embedded import EmbeddedPostgresError

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
    named = parser.add_subparsers(required=True, metavar="COMMAND")
    demo = named.add_parser("demo", help="try the portal with an embedded database and demo contracts")
    demo.add_argument("--port", type=_port, default=8000)
    demo.add_argument("--data-dir", type=Path, default=None, help="default: MYPAGE_DATA_DIR or .mypage")
    demo.add_argument("--now", type=moment, help="start the clock there, in Asia/Tokyo: 2026-01-10T09:00")
    demo.set_defaults(run=servers.demo)
    serve = named.add_parser("serve", help="serve for production, from the environment")
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--port", type=_port, default=8000)
    serve.add_argument("--workers", type=int, default=2)
    serve.set_defaults(run=servers.serve)
    migrate = named.add_parser("migrate", help="bring the schema up to date")
    migrate.set_defaults(run=staff.migrate)
    files = named.add_parser("import", help="load operator data").add_subparsers(
        required=True, metavar="KIND"
    )
    contracts = files.add_parser("contracts", help="contracts, as JSON Lines")
    contracts.add_argument("file", type=Path)
    contracts.set_defaults(run=imports.contracts)
    calls = files.add_parser("calls", help="telephone calls, as CSV")
    calls.add_argument("file", type=Path)
    calls.set_defaults(run=imports.calls)
    keys = files.add_parser("licences", help="licence keys (PINs), as CSV product,pin")
    keys.add_argument("file", type=Path)
    keys.set_defaults(run=imports.licence_keys)
    stock = named.add_parser("licences", help="the stock of licence keys").add_subparsers(
        required=True, metavar="WHAT"
    )
    renew = stock.add_parser("renew", help="encrypt PINs with the newest of MYPAGE_DATA_KEYS")
    renew.set_defaults(run=staff.renew_licences)
    bills = named.add_parser("bill", help="the ledger of charges").add_subparsers(
        required=True, metavar="WHAT"
    )
    close = bills.add_parser("close", help="write a month's charges, once and for all")
    close.add_argument("month", type=_month, metavar="YYYY-MM")
    close.set_defaults(run=staff.close_bills)
    news = files.add_parser("notices", help="outages and maintenance, as JSON Lines")
    news.add_argument("file", type=Path)
    news.set_defaults(run=imports.notices)
    requests = named.add_parser("requests", help="papers that members asked for").add_subparsers(
        required=True, metavar="WHAT"
    )
    requests.add_parser("list", help="those that wait").set_defaults(run=staff.list_requests)
    done = requests.add_parser("done", help="note that papers were sent, and write to the customers")
    done.add_argument("id", type=_identity, nargs="+")
    done.set_defaults(run=staff.finish_requests)
    mails = named.add_parser("mail", help="the portal's own mail").add_subparsers(
        required=True, metavar="WHAT"
    )
    deliver = mails.add_parser("deliver", help="send what is due, once")
    deliver.set_defaults(run=staff.deliver_mails)
    listed = mails.add_parser("list", help="mails that wait or were refused")
    listed.set_defaults(run=staff.list_mails)
    payments = named.add_parser("payments", help="cards that wait for a name check").add_subparsers(
        required=True, metavar="WHAT"
    )
    waiting = payments.add_parser("list", help="the cards that wait")
    waiting.set_defaults(run=staff.list_payments)
    approve = payments.add_parser("approve", help="make a card the contract's")
    approve.add_argument("id", type=_identity)
    approve.set_defaults(run=staff.approve_payment)
    refuse = payments.add_parser("refuse", help="drop a card; the former one counts again")
    refuse.add_argument("id", type=_identity)
    refuse.set_defaults(run=staff.refuse_payment)
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


def moment(text: str) -> datetime:
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
