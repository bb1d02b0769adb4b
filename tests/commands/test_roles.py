"""The two database roles as an operator has them: made by `mypage roles`, each logged in with a password of its own."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from app import cli
from app.commands.servers import DEMO_CONTRACTS, DEMO_LICENCES
from app.domain import installation
from app.domain.catalogue import file as files
from app.domain.money import charge_import
from tests.commands.programs import NO_STRIPE, SERVING, Starter, answers, free_port, mypage, until, url_of

pytestmark = pytest.mark.slow

OWNER, PORTAL = "mypage_owner", "mypage_portal"
NAME = "two_roles"


async def command(server: dict[str, Any], *statements: str, database: str | None = None) -> None:
    connection = await asyncpg.connect(**{**server, **({"database": database} if database else {})})
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture(scope="module")
def urls(server: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """DATABASE_URL by role, of a database that the owner has migrated and loaded."""
    folder = tmp_path_factory.mktemp("roles")
    printed = mypage(folder, "roles")
    assert (printed.returncode, printed.stderr) == (0, "")
    found = {
        role: url_of(server, user=role, password=f"{role} %/1", database=NAME) for role in (OWNER, PORTAL)
    }
    asyncio.run(command(server, f"DROP DATABASE IF EXISTS {NAME}", f"CREATE DATABASE {NAME}"))
    asyncio.run(command(server, printed.stdout, database=NAME))
    asyncio.run(command(server, *(f"ALTER ROLE {role} PASSWORD '{role} %/1'" for role in found)))
    early = mypage(folder, "migrate", DATABASE_URL=found[PORTAL])
    assert (early.returncode, early.stdout) == (1, "")
    assert f"the database role {PORTAL} may not do this: it takes a role that may make tables" in early.stderr
    for arguments in (
        ["migrate"],
        ["import", "contracts", str(DEMO_CONTRACTS)],
        ["import", "licences", str(DEMO_LICENCES)],
    ):
        done = mypage(folder, *arguments, **{**SERVING, "DATABASE_URL": found[OWNER]})
        assert done.returncode == 0, done.stderr
        assert "WARNING" not in done.stderr
    yield found
    asyncio.run(
        command(
            server,
            f"DROP DATABASE {NAME} WITH (FORCE)",
            *(f"ALTER ROLE {role} PASSWORD NULL" for role in found),
        )
    )


def files_of(folder: Path) -> dict[str, str]:
    """What commands load, by their words."""
    (folder / "calls.csv").write_text("90000000000000,hikari-denwa,2026-01-02T03:04,03-0000-0000,60,9\n")
    (folder / "charges.csv").write_text("\n".join(charge_import.EXAMPLE))
    (folder / "notices.jsonl").write_text("")
    return {
        "contracts": str(DEMO_CONTRACTS),
        "licences": str(DEMO_LICENCES),
        "catalogue": str(files.SHIPPED),
        "calls": str(folder / "calls.csv"),
        "charges": str(folder / "charges.csv"),
        "notices": str(folder / "notices.jsonl"),
    }


BY_OWNER = {
    **{
        f"import {what}": ["{file}"]
        for what in ("contracts", "calls", "charges", "licences", "catalogue", "notices")
    },
    "licences renew": [],
    "bill close": ["2020-01"],
    "bill export": ["2020-01"],
    "events restart": [],
    "events forget": ["crm"],
    "requests done": ["1"],
    "requests received": ["1"],
    "requests entered": ["1"],
    "password issue": ["90000000000000"],
    "contracts erase": ["--due"],
    "contracts disclose": ["90000000000000"],
    "contracts cases": [],
    "contracts settle": ["1", "ours"],
    "migrate": [],
}
BY_BOTH = {
    "events readers": [],
    "requests list": [],
    "mail deliver": [],
    "mail list": [],
    "mail release": ["--dry-run"],
    "payments list": [],
    "payments approve": ["1"],
    "payments refuse": ["1"],
    "sessions end": ["90000000000000"],
    "second-factor remove": ["90000000000000"],
}
APART = {"demo", "serve", "check", "roles"}
"""Those that have tests of their own, or need no database."""


@pytest.fixture
def run(
    urls: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    before_start: None,
) -> Callable[[str, list[str], str], tuple[int, str]]:
    """Runs a command within this process as a role; its status and what it said on stderr."""
    for name, value in SERVING.items():
        monkeypatch.setenv(name, value)

    def done(words: str, arguments: list[str], role: str) -> tuple[int, str]:
        monkeypatch.setenv("DATABASE_URL", urls[role])
        file = files_of(tmp_path).get(words.split()[-1], "")
        monkeypatch.setattr(installation, "_current", installation.Installation())
        status = cli.main([*words.split(), *(one.format(file=file) for one in arguments)])
        return status, capsys.readouterr().err

    return done


def test_each_command_says_who_may_run_it() -> None:
    assert {command.words for command in cli.COMMANDS} == {*BY_OWNER, *BY_BOTH, *APART}
    listed = re.search(r"It alone runs (.+?); every other", Path("docs/operating.md").read_text(), re.DOTALL)
    assert listed
    assert set(re.findall(r"`mypage ([a-z -]+)`", listed[1])) == {
        "import" if words.startswith("import") else words for words in BY_OWNER
    }


def test_what_takes_the_owner_says_so_in_words_as_the_role_that_serves(
    run: Callable[..., tuple[int, str]],
) -> None:
    for words, arguments in BY_OWNER.items():
        status, said = run(words, arguments, PORTAL)
        expected = f"the database role {PORTAL} may not do this: it takes {OWNER}, which owns the tables. Run it with that"
        assert (status, expected in said) == (1, True), f"{words}: {said}"


def test_what_takes_no_owner_runs_as_both(run: Callable[..., tuple[int, str]]) -> None:
    for role in (PORTAL, OWNER):
        for words, arguments in BY_BOTH.items():
            _, said = run(words, arguments, role)
            assert "role" not in said.partition("\n")[2], f"{words} as {role}: {said}"
            assert "denied" not in said, f"{words} as {role}: {said}"


def test_the_owner_does_what_is_the_owners(run: Callable[..., tuple[int, str]]) -> None:
    for words, arguments in BY_OWNER.items():
        _, said = run(words, arguments, OWNER)
        assert not re.search("database role|denied", said), f"{words}: {said}"


def test_check_tells_the_role_that_serves_from_the_owner(urls: dict[str, str], tmp_path: Path) -> None:
    found = {}
    for role in (PORTAL, OWNER):
        done = mypage(tmp_path, "check", "--json", **{**SERVING, **NO_STRIPE, "DATABASE_URL": urls[role]})
        listed = json.loads(done.stdout)["findings"]
        found[role] = {one["check"]: (one["outcome"], one["what"]) for one in listed}
    assert found[PORTAL]["database role"] == ("ok", f"{PORTAL} serves and owns nothing")
    assert found[OWNER]["database role"] == ("warning", f"{OWNER} owns the tables")
    for role in (PORTAL, OWNER):
        assert found[role]["rights"] == ("ok", f"{PORTAL} has what a server needs, and nothing else")
        assert found[role]["schema"] == ("ok", "up to date")
        assert found[role]["held mails"][0] == "ok"
        assert found[role]["fonts"][0] == "ok"


def test_a_server_runs_as_the_role_that_serves_and_does_all_of_its_work(
    urls: dict[str, str], server: dict[str, Any], start: Starter
) -> None:
    port = free_port()
    serve = start("serve", "--port", str(port), "--workers", "1", **{**SERVING, "DATABASE_URL": urls[PORTAL]})
    until(lambda: answers(port))
    assert answers(port, "/login")

    async def waiting() -> int:
        connection = await asyncpg.connect(**{**server, "database": NAME})
        try:
            return int(await connection.fetchval("SELECT count(*) FROM event WHERE position IS NULL"))
        finally:
            await connection.close()

    until(lambda: asyncio.run(waiting()) == 0)
    serve.terminate()
    said, _ = serve.communicate(timeout=60)
    assert serve.returncode == 0
    assert "denied" not in said
    assert "ERROR" not in said


def test_a_server_does_not_start_with_fewer_rights_than_its_pages_need(
    urls: dict[str, str], server: dict[str, Any], tmp_path: Path
) -> None:
    asyncio.run(command(server, f"REVOKE INSERT ON session FROM {PORTAL}", database=NAME))
    given = {**SERVING, "DATABASE_URL": urls[PORTAL]}
    refused = mypage(tmp_path, "serve", "--port", str(free_port()), **given)
    assert refused.returncode == 1
    assert f"the database role {PORTAL} lacks INSERT on session: run `mypage migrate` as" in refused.stderr
    mended = mypage(tmp_path, "migrate", **{**SERVING, "DATABASE_URL": urls[OWNER]})
    assert (mended.returncode, mended.stdout) == (0, "nothing to migrate\n")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        asyncio.run(command({"dsn": urls[PORTAL]}, "INSERT INTO charge (contract) VALUES (1)"))
    asyncio.run(
        command({"dsn": urls[PORTAL]}, "INSERT INTO attempt (key, failures, since) VALUES ('x', 1, now())")
    )
