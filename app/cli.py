"""The `mypage` commands. Each loads what it needs when it is chosen: no other command waits for that."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

from app import arguments, log_lines
from app.mistake import Mistake


def main(arguments: list[str] | None = None) -> int:
    """Run a command; returns its exit status: 0, 1 for a mistake that is named on stderr, 3 for a guard that stopped it."""
    try:
        log_lines.begin()
        chosen = _parser().parse_args(arguments)
        _function(chosen.run)(chosen)
    except Mistake as error:
        log_lines.say(str(error), logging.ERROR)
        return error.status
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        reason = _of_the_database(error)
        if reason is None:
            _forget_rows(error)
            raise
        log_lines.say(f"the database {reason}", logging.ERROR)
        return 1
    return 0


def _of_the_database(error: Exception) -> str | None:
    """What a database says that cannot be used, or to somebody who may not come in or may not do that."""
    import asyncpg

    from app.postgres import database

    if isinstance(
        error,
        asyncpg.InvalidAuthorizationSpecificationError  # a wrong user or password
        | asyncpg.InvalidCatalogNameError  # no such database
        | asyncpg.InsufficientPrivilegeError,
    ):
        return f"refuses: {error.args[0]} (see DATABASE_URL, and docs/operating.md, Database roles)"
    if database.unavailable(error):
        return f"is not reachable or cannot do it now: {error}"
    return None


def _forget_rows(error: Exception) -> None:
    """A traceback goes into the journal of a timer, and PostgreSQL's errors repeat rows."""
    from app.postgres import database

    database.without_detail(error)


class _Version(argparse.Action):
    """Says which version is installed; no other command waits for what that takes to look up."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options, nargs=0, help="show the version that is installed")

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import version

        print(f"mypage {version('mypage')}")
        parser.exit()


# --- the commands -----------------------------------------------------------------------------------------------------


class Argument:
    """A flag or a word of a command, as argparse wants it."""

    def __init__(self, *names: str, **options: Any) -> None:
        self.names, self.options = names, options


@dataclass(frozen=True)
class Command:
    """One command: its words, what it is for, and the function of app/commands/ that runs it."""

    words: str
    help: str
    run: str
    arguments: tuple[Argument, ...] = ()


FILE = (Argument("file", type=Path),)
DRY_RUN = Argument("--dry-run", action="store_true", help="say what would be done, and do nothing")
FILE_OR_EXAMPLE = (
    Argument("file", type=Path, nargs="?"),
    Argument("--example", action="store_true", help="print a file as it has to be"),
)
LOGIN = Argument("login", type=arguments.login, metavar="CUSTOMER_NUMBER|ACCOUNT_ID")
IDENTITIES = (Argument("id", type=arguments.identity, nargs="+"),)
PORT = Argument("--port", type=arguments.port, default=8000)
GROUPS = {
    "import": "load operator data",
    "licences": "the stock of licence keys",
    "contracts": "erase a customer, or write down what is kept about one",
    "bill": "the ledger of charges",
    "events": "what other systems read of what has changed",
    "requests": "papers that members asked for",
    "mail": "the portal's own mail",
    "payments": "cards that wait for a name check",
    "password": "whoever has lost one",
    "sessions": "who is logged in",
    "second-factor": "passkeys, authenticator apps and recovery codes of logins",
}
COMMANDS = (
    Command(
        "demo",
        "try the portal with an embedded database and demo contracts",
        "servers.demo",
        (
            PORT,
            Argument("--data-dir", type=Path, help="default: MYPAGE_DATA_DIR or .mypage"),
            Argument(
                "--now", type=arguments.moment, help="start the clock there, in Asia/Tokyo: 2026-01-10T09:00"
            ),
        ),
    ),
    Command(
        "serve",
        "serve for production, from the environment",
        "servers.serve",
        (Argument("--host", default="127.0.0.1"), PORT, Argument("--workers", type=int, default=2)),
    ),
    Command(
        "check",
        "what this installation lacks, each with what to do",
        "check.check",
        (
            Argument(
                "--resolver",
                type=arguments.resolver,
                metavar="ADDRESS[:PORT]",
                help="name server; default the system's",
            ),
            Argument(
                "--workers", type=int, default=2, help="workers of a server, as serve has them; default 2"
            ),
            Argument("--json", action="store_true", help="for programs: one JSON object"),
        ),
    ),
    Command(
        "roles",
        "print what makes the database's two roles, for psql as a superuser",
        "staff.print_roles",
    ),
    Command("migrate", "bring the schema up to date", "staff.migrate"),
    Command(
        "import contracts",
        "contracts, as JSON Lines",
        "imports.contracts",
        (
            Argument("file", type=Path, nargs="?"),
            Argument(
                "--example",
                type=arguments.contracts,
                nargs="?",
                const=0,
                metavar="N",
                help="print a file as it has to be; with N, of so many invented contracts, to rehearse with",
            ),
            DRY_RUN,
            Argument(
                "--update", action="store_true", help="compare contracts that are there, and change them"
            ),
            Argument("--contact", action="store_true", help="with --update: contact details, too"),
            Argument("--yes", metavar="DIGEST", help="with --update: apply exactly the plan of that digest"),
        ),
    ),
    Command("import calls", "telephone calls, as CSV", "imports.calls", (*FILE, DRY_RUN)),
    Command(
        "import charges",
        "the operator's other charges, as CSV",
        "imports.charges",
        (*FILE_OR_EXAMPLE, DRY_RUN),
    ),
    Command(
        "import licences", "licence keys (PINs), as CSV product,pin", "imports.licence_keys", (*FILE, DRY_RUN)
    ),
    Command(
        "import catalogue",
        "products, prices, taxes and limits, as TOML",
        "imports.catalogue",
        (*FILE, DRY_RUN),
    ),
    Command("import notices", "outages and maintenance, as JSON Lines", "imports.notices", (*FILE, DRY_RUN)),
    Command(
        "contracts erase",
        "order that a closed contract is erased, or do what is due",
        "contracts.erase",
        (
            Argument("number", type=arguments.login, nargs="?", metavar="CUSTOMER_NUMBER"),
            Argument("--reason", default="", help="why, in words; it goes with the person"),
            Argument(
                "--kept-elsewhere",
                action="store_true",
                help="what the law wants kept (bills, applications) is kept outside of the portal",
            ),
            Argument("--due", action="store_true", help="erase what is ordered, and what is over"),
            Argument(
                "--list",
                nargs="?",
                const="",
                metavar="FILE",
                help="write the list of erasures; default MYPAGE_ERASURES",
            ),
            Argument(
                "--again",
                nargs="?",
                const="",
                metavar="FILE",
                help="after a restore: erase whom that list knows; default MYPAGE_ERASURES",
            ),
        ),
    ),
    Command(
        "contracts disclose",
        "what is kept about a customer, for 開示等の請求",
        "contracts.disclose",
        (
            Argument("number", type=arguments.login, metavar="CUSTOMER_NUMBER"),
            Argument("--out", type=Path, metavar="FILE", help="default: stdout"),
        ),
    ),
    Command("contracts cases", "what feed and portal do not agree on (照合)", "contracts.cases"),
    Command(
        "contracts settle",
        "decide a case (照合): the feed's value, or ours against it",
        "contracts.settle",
        (Argument("id", type=arguments.identity), Argument("whose", choices=("feed", "ours"))),
    ),
    Command("licences renew", "encrypt PINs with the newest of MYPAGE_DATA_KEYS", "staff.renew_licences"),
    Command(
        "bill close",
        "write a month's charges, once and for all",
        "staff.close_bills",
        (Argument("month", type=arguments.month, metavar="YYYY-MM"),),
    ),
    Command(
        "bill export",
        "the lines of a closed month, as CSV",
        "staff.export_bills",
        (
            Argument("month", type=arguments.month, metavar="YYYY-MM"),
            Argument("--out", type=Path, metavar="FILE", help="default: stdout"),
        ),
    ),
    Command(
        "events restart",
        "begin a new epoch, after the database was restored",
        "staff.restart_events",
    ),
    Command("events readers", "who reads events, and how far behind", "staff.list_readers"),
    Command(
        "events forget",
        "keep nothing for a reader any more",
        "staff.forget_reader",
        (Argument("name", metavar="READER"),),
    ),
    Command(
        "requests list",
        "those that wait to be sent",
        "staff.list_requests",
        (
            Argument(
                "--sent", action="store_true", help="forms that were sent and are to come back or be entered"
            ),
        ),
    ),
    Command(
        "requests done",
        "note that papers were sent, and write to the customers",
        "staff.finish_requests",
        IDENTITIES,
    ),
    Command(
        "requests received",
        "note that forms came back filled in, and write to the customers",
        "staff.receive_requests",
        IDENTITIES,
    ),
    Command(
        "requests entered",
        "note that what forms ask for was done, and write to the customers",
        "staff.enter_requests",
        IDENTITIES,
    ),
    Command("mail deliver", "send what is due, once", "staff.deliver_mails"),
    Command("mail list", "mails that wait or were refused", "staff.list_mails"),
    Command(
        "mail release",
        "let held mails go, or discard some of them (MYPAGE_MAIL_HOLD)",
        "staff.release_mails",
        (
            DRY_RUN,
            Argument(
                "--kind",
                action="append",
                default=[],
                help="only those of that kind; may be given more than once",
            ),
            Argument(
                "--before",
                type=arguments.moment,
                help="only those posted before: 2026-01-10 or 2026-01-10T09:00",
            ),
            Argument("--discard", action="store_true", help="never send what --kind and --before choose"),
        ),
    ),
    Command("payments list", "the cards that wait", "staff.list_payments"),
    Command(
        "payments approve",
        "make a card the contract's",
        "staff.approve_payment",
        (Argument("id", type=arguments.identity),),
    ),
    Command(
        "payments refuse",
        "drop a card; the former one counts again",
        "staff.refuse_payment",
        (Argument("id", type=arguments.identity),),
    ),
    Command(
        "password issue",
        "a one-time password, shown once; whoever logs in with it sets an own one first",
        "logins.issue_password",
        (
            LOGIN,
            Argument(
                "--days", type=arguments.days, default=14, help="it works so long; default 14, at most 90"
            ),
        ),
    ),
    Command("sessions end", "log a login out everywhere", "logins.end_sessions", (LOGIN,)),
    Command(
        "second-factor remove",
        "of somebody who has lost it: all of a login's, told by mail",
        "staff.remove_second_factor",
        (LOGIN,),
    ),
)


class _Parser(argparse.ArgumentParser):
    """Says what is mistyped as everything else is said where the log is JSON, without the usage."""

    def error(self, message: str) -> NoReturn:
        if log_lines.form() != "json":
            super().error(message)
        log_lines.say(message, logging.ERROR)
        self.exit(2)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="mypage", description="マイページ, the member portal")
    parser.add_argument("--version", action=_Version)
    first = parser.add_subparsers(required=True, metavar="COMMAND")
    groups = {
        name: first.add_parser(name, help=what).add_subparsers(required=True, metavar="WHAT")
        for name, what in GROUPS.items()
    }
    for command in COMMANDS:
        group, _, name = command.words.rpartition(" ")
        of_command = (groups[group] if group else first).add_parser(name, help=command.help)
        for argument in command.arguments:
            of_command.add_argument(*argument.names, **argument.options)
        of_command.set_defaults(run=command.run)
    return parser


def _function(path: str) -> Callable[[argparse.Namespace], None]:
    module, _, name = path.partition(".")
    function: Callable[[argparse.Namespace], None] = getattr(import_module(f"app.commands.{module}"), name)
    return function
