"""The `mypage` commands, run as an operator runs them."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import asyncpg
import httpx
import pytest

from app import cli, database, mail_transport, settings
from app.commands import running
from app.commands.servers import DEMO_CONTRACTS, DEMO_LICENCES
from app.domain import catalogue, outbox
from app.embedded import EmbeddedPostgres
from tests import smtp_server
from tests.browser import Browser
from tests.conftest import SETTINGS

SERVING = {
    "MYPAGE_SECRET_KEYS": "a secret key of the production test",
    "MYPAGE_PEPPERS": "1:a pepper of the production test that is long",
    "MYPAGE_DATA_KEYS": "a data key of the production test that is long",
    "MYPAGE_HOSTS": "127.0.0.1",
    "MYPAGE_OPERATOR": "試験通信株式会社",
    "MYPAGE_INVOICE_NUMBER": "T9000000000000",
    "MYPAGE_CONTACT_PHONE": "0120-000-0000",
    "MYPAGE_CONTACT_HOURS": "9時～17時",
    "MYPAGE_REMOTE_SUPPORT_PHONE": "0120-000-1111",
    "MYPAGE_REMOTE_SUPPORT_HOURS": "9時～17時",
    "MYPAGE_INSTALLERS": "security-360=https://a.example.jp,security-online=https://b.example.jp/,kids-filter=https://c.example.jp/x",
    "MYPAGE_FAULT_PHONE": "0120-000-0001",
    "MYPAGE_FAULT_HOURS": "24時間",
    "MYPAGE_CINEMA_URL": "https://cinema.example.jp/",
    "MYPAGE_CLUB_URL": "https://club.example.jp/",
    "MYPAGE_MAIL_DOMAIN": "mail.example.jp",
    "MYPAGE_IMAP_HOST": "imap.example.jp",
    "MYPAGE_SUBMISSION_HOST": "smtp.example.jp",
    "MYPAGE_WEB_HOST": "home.example.jp",
    "MYPAGE_MAIL_FROM": "mypage@example.jp",
    "MYPAGE_SMTP_HOST": "127.0.0.1",
    "MYPAGE_SMTP_SECURITY": "none",
    "MYPAGE_TRUSTED_PROXIES": "none",
    "MYPAGE_STRIPE_SECRET_KEY": "rk_test_of_the_production_test",
}
OTHER_KEY = "another pepper of the production test: as long"
PATIENCE = 60.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def environment(folder: Path, **more: str) -> dict[str, str]:
    """Nothing of the caller's settings, the embedded database in `folder`."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("MYPAGE_", "DATABASE_URL"))
    }
    return {**kept, "MYPAGE_DATA_DIR": str(folder), **more}


def mypage(folder: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "app", *arguments],
        env=environment(folder, **more), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


Starter = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Starter]:
    """Starts a server command in the test's data folder; whatever still runs at the end is killed."""
    started: list[subprocess.Popen[str]] = []

    def run(*arguments: str, **more: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "app", *arguments],
            env=environment(tmp_path, **more), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate(timeout=PATIENCE)  # its output ends with the last of its workers


# initdb takes longer than all else that a test does here: it is done once, and the folder copied.


@pytest.fixture(scope="session")
def migrated_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder after `mypage migrate`."""
    folder = tmp_path_factory.mktemp("migrated")
    with EmbeddedPostgres(folder) as postgres:
        postgres.start({"fsync": "off"})
    with (folder / "data" / "postgresql.conf").open("a") as file:
        file.write("fsync = off\n")
    done = mypage(folder, "migrate")
    assert done.stdout.startswith("migrated: "), done.stderr
    return folder


@pytest.fixture(scope="session")
def demo_folder(migrated_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder after `mypage demo`."""
    folder, port = copied(migrated_folder, tmp_path_factory.mktemp("demo")), free_port()
    demo = subprocess.Popen(
        [sys.executable, "-m", "app", "demo", "--port", str(port)], env=environment(folder)
    )
    until(lambda: answers(port))
    demo.terminate()
    assert demo.wait(PATIENCE) == 0
    return folder


@pytest.fixture
def migrated(tmp_path: Path, migrated_folder: Path) -> Path:
    """The test's data folder, with the schema."""
    return copied(migrated_folder, tmp_path)


@pytest.fixture
def after_a_demo(tmp_path: Path, demo_folder: Path) -> Path:
    """The test's data folder, as a demo left it."""
    return copied(demo_folder, tmp_path)


def copied(source: Path, target: Path) -> Path:
    """With its owners: as root the server is somebody else."""
    subprocess.run(["cp", "-a", f"{source}/.", str(target)], check=True)
    return target


def answers(port: int, path: str = "/readyz") -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}{path}", timeout=5).status_code == 200
    except httpx.TransportError:
        return False


def until(true: Callable[[], bool]) -> None:
    """Wait for a condition, PATIENCE seconds at most."""
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def processes_of(folder: Path) -> list[str]:
    """Command lines and folders of the processes that work in the data folder."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                line = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                place = os.readlink(process / "cwd")
            except OSError:
                continue
            if str(folder) in line + place:
                found.append(line)
    return found


def test_the_demo_prints_url_and_logins_and_ctrl_c_stops_all_of_it(tmp_path: Path, start: Starter) -> None:
    port = free_port()
    demo = start("demo", "--port", str(port))
    until(lambda: answers(port))
    demo.send_signal(signal.SIGINT)
    output, _ = demo.communicate(timeout=PATIENCE)
    assert f"http://127.0.0.1:{port}/" in output
    assert "90000000000000" in output
    assert demo.returncode == 0
    assert not answers(port, "/healthz")
    until(lambda: not processes_of(tmp_path))


def test_a_killed_demo_leaves_nothing_and_its_data_are_there_at_the_next_start(
    after_a_demo: Path, tmp_path: Path, start: Starter
) -> None:
    port = free_port()
    demo = start("demo", "--port", str(port))
    until(lambda: answers(port))
    demo.kill()
    demo.wait()
    until(lambda: not processes_of(tmp_path))
    start("demo", "--port", str(port))
    until(lambda: answers(port))
    again = mypage(tmp_path, "import", "contracts", str(DEMO_CONTRACTS))
    assert again.stdout == "0 contracts loaded, 4 were there already and were left as they are\n"


def test_a_second_demo_on_the_same_data_or_port_says_so(
    after_a_demo: Path, tmp_path: Path, start: Starter
) -> None:
    port = free_port()
    start("demo", "--port", str(port))
    until(lambda: answers(port))
    same_data = mypage(tmp_path, "demo", "--port", str(free_port()))
    assert same_data.returncode == 1
    assert str(tmp_path) in same_data.stderr
    assert "in use by another process" in same_data.stderr
    same_port = mypage(tmp_path / "other", "demo", "--port", str(port))
    assert same_port.returncode == 1
    assert f"port {port}" in same_port.stderr


async def test_the_demo_clock_starts_where_it_is_told(after_a_demo: Path, start: Starter) -> None:
    port = free_port()
    start("demo", "--port", str(port), "--now", "2031-05-06T07:08")
    until(lambda: answers(port))
    async with Browser(None, f"http://127.0.0.1:{port}") as browser:
        await browser.log_in("account", "arteri-an-001", "abc12345")
        await browser.open("/accounts/arteri-an-001/password")
        await browser.submit(password="neu-12345", password_again="neu-12345")
        assert "この確認画面は、2031/05/06 07:" in browser.text
    closed, again, later = (
        mypage(after_a_demo, "bill", "close", f"2031-{month}") for month in ("04", "04", "05")
    )
    assert closed.stdout == "2031-04 closed: 0 charges, 0 yen with tax\n"
    assert again.stdout == "2031-04 was closed before; nothing changed: 0 charges, 0 yen with tax\n"
    assert "2031-05 is not over" in later.stderr
    assert later.returncode == 1
    calls = after_a_demo / "calls.csv"
    calls.write_text("90000000000000,hikari-denwa,2031-05-01T10:00:00,0312345678,65,17\n")
    assert mypage(after_a_demo, "import", "calls", str(calls)).stdout == "1 calls loaded\n"


def test_the_demo_clock_never_starts_before_its_data_and_the_moment_is_named(after_a_demo: Path) -> None:
    refused = mypage(after_a_demo, "demo", "--port", str(free_port()), "--now", "2015-02-03T04:05")
    assert refused.returncode == 1
    (named,) = re.findall(r"--now ([0-9T:-]+) or later", refused.stderr)
    assert cli.moment(named) > cli.moment("2015-02-03T04:05")
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize("command", [["demo"], ["serve"]])
def test_a_server_ends_with_its_postgresql_and_names_the_log(
    command: list[str], tmp_path: Path, start: Starter, request: pytest.FixtureRequest
) -> None:
    request.getfixturevalue("after_a_demo" if command == ["demo"] else "migrated")
    port = free_port()
    server = start(*command, "--port", str(port), **({} if command == ["demo"] else SERVING))
    until(lambda: answers(port))
    os.kill(int((tmp_path / "data" / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
    output, _ = server.communicate(timeout=PATIENCE)
    assert server.returncode == 1
    assert "PostgreSQL ended by itself" in output
    assert str(tmp_path / "postgres.log") in output
    until(lambda: not processes_of(tmp_path))


def test_serve_refuses_to_start_half_configured_and_names_each_setting(tmp_path: Path) -> None:
    refused = mypage(
        tmp_path, "serve", MYPAGE_SECRET_KEYS="short", MYPAGE_POOL_SIZE="many", MYPAGE_SMTP_SECURITY="ssl"
    )
    assert refused.returncode == 1
    for name in (*SERVING, "MYPAGE_POOL_SIZE", "MYPAGE_SMTP_USER", "MYPAGE_SMTP_PASSWORD"):
        assert name in refused.stderr
    assert "short" not in refused.stderr
    assert not (tmp_path / "data").exists()


def test_neither_demo_nor_serve_starts_without_a_price_and_the_product_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    early = mypage(tmp_path, "demo", "--port", str(free_port()), "--now", "2013-12-31T23:59")
    assert early.returncode == 1
    assert "no price on 2013-12-01 of mail-pack, mail-web, " in early.stderr
    for name, value in SERVING.items():
        monkeypatch.setenv(name, value)
    lacking = [row for row in catalogue.PRICES if row.product != "kids-filter"]
    monkeypatch.setattr(catalogue, "PRICES", lacking)
    assert cli.main(["serve", "--port", str(free_port())]) == 1
    assert "of kids-filter: see PRICES in app.domain.catalogue" in capsys.readouterr().err


@pytest.mark.parametrize("command", [("serve", f"--port={free_port()}"), ("mail", "list")])
def test_a_command_wants_the_schema_up_to_date(tmp_path: Path, command: tuple[str, ...]) -> None:
    refused = mypage(tmp_path, *command, **SERVING)
    assert refused.returncode == 1
    assert "run `mypage migrate` first" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1


def test_serve_answers_with_its_workers_and_a_kill_leaves_nothing(
    migrated: Path, tmp_path: Path, start: Starter
) -> None:
    loaded = mypage(tmp_path, "import", "contracts", str(DEMO_CONTRACTS), **SERVING)
    assert loaded.stdout.startswith("4 contracts loaded")
    port = free_port()
    serve = start("serve", "--port", str(port), "--workers", "2", **SERVING)
    until(lambda: answers(port))
    page = httpx.get(f"http://127.0.0.1:{port}/login")
    assert "__Host-mypage-browser" in page.headers["set-cookie"]
    serve.kill()
    serve.wait()
    until(lambda: not processes_of(tmp_path) and not answers(port, "/healthz"))


def test_serve_ends_in_order_on_sigterm_and_its_log_is_a_line_for_each_record(
    migrated: Path, tmp_path: Path, start: Starter
) -> None:
    port = free_port()
    serve = start("serve", "--port", str(port), "--workers", "2", **SERVING)
    until(lambda: answers(port))
    httpx.get(f"http://127.0.0.1:{port}/login?next=/secret-place")
    serve.terminate()
    output, _ = serve.communicate(timeout=PATIENCE)
    assert serve.returncode == 0
    until(lambda: not processes_of(tmp_path))
    lines = output.splitlines()
    assert lines
    for line in lines:
        assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d [A-Z]+ [\w.]+ ", line), line
    assert "secret-place" not in output


def test_import_and_serve_refuse_another_pepper_than_the_database_was_made_with(
    tmp_path: Path, server: dict[str, Any], empty_database: str
) -> None:
    told = {**SERVING, "DATABASE_URL": url_of(server, database=empty_database)}
    contracts = ["import", "contracts", str(DEMO_CONTRACTS)]
    assert mypage(tmp_path, *contracts, **told).returncode == 0
    for command in (contracts, ["serve", "--port", str(free_port())]):
        refused = mypage(tmp_path, *command, **{**told, "MYPAGE_PEPPERS": f"1:{OTHER_KEY}"})
        assert refused.returncode == 1
        assert "another key for version 1" in refused.stderr
        assert OTHER_KEY not in refused.stderr
        assert len(refused.stderr.splitlines()) == 1


def test_licences_are_loaded_renewed_with_a_new_key_and_unreadable_without_the_old_one(
    tmp_path: Path, server: dict[str, Any], empty_database: str
) -> None:
    told = {**SERVING, "DATABASE_URL": url_of(server, database=empty_database)}
    load = ["import", "licences", str(DEMO_LICENCES)]
    assert mypage(tmp_path, *load, **told).stdout == "60 licence keys loaded, 0 were there already\n"
    old, new = SERVING["MYPAGE_DATA_KEYS"], "a newer data key of the production test: long"
    for command in (load, ["serve", "--port", str(free_port())]):
        refused = mypage(tmp_path, *command, **{**told, "MYPAGE_DATA_KEYS": new})
        assert refused.returncode == 1
        assert "lacks a key that 60 PINs of this database are encrypted with" in refused.stderr
        assert len(refused.stderr.splitlines()) == 1
    renewed = mypage(tmp_path, "licences", "renew", **{**told, "MYPAGE_DATA_KEYS": f"{new},{old}"})
    assert renewed.stdout.startswith("60 PINs encrypted with the newest key"), renewed.stderr
    (tmp_path / "bad.csv").write_text("product,pin\nsecurity-360,secret PIN\n")
    bad = ["import", "licences", str(tmp_path / "bad.csv")]
    refused = mypage(tmp_path, *bad, **{**told, "MYPAGE_DATA_KEYS": new})
    assert refused.returncode == 1
    assert "nothing was loaded\nline 2: pin: must be" in refused.stderr
    assert "secret PIN" not in refused.stderr


def test_the_demo_refuses_data_with_another_pepper(after_a_demo: Path) -> None:
    (after_a_demo / "pepper").write_text(OTHER_KEY)
    refused = mypage(after_a_demo, "demo", "--port", str(free_port()))
    assert refused.returncode == 1
    assert "another key for version 1" in refused.stderr


def test_an_import_never_makes_a_pepper_up(migrated: Path) -> None:
    refused = mypage(migrated, "import", "contracts", str(DEMO_CONTRACTS))
    assert refused.returncode == 1
    assert "MYPAGE_PEPPERS" in refused.stderr
    assert not (migrated / "pepper").exists()


def test_a_broken_import_file_lists_its_lines_and_loads_nothing(
    tmp_path: Path, migrated_folder: Path
) -> None:
    folder, broken = tmp_path / "data dir", tmp_path / "broken.jsonl"
    good = DEMO_CONTRACTS.read_text().splitlines()
    broken.write_text("\n".join([good[0], "{", good[1].replace('"mail_pack"', '"mail_bag"')]))
    folder.mkdir()
    copied(migrated_folder, folder)
    refused = mypage(folder, "import", "contracts", str(broken), **SERVING)
    assert refused.returncode == 1
    assert "nothing was loaded" in refused.stderr
    assert "2:" in refused.stderr or "line 2" in refused.stderr
    assert "mail_product" in refused.stderr
    loaded = mypage(folder, "import", "contracts", str(DEMO_CONTRACTS), **SERVING)
    assert loaded.stdout.startswith("4 contracts loaded")


@pytest.mark.parametrize("name", ["missing.jsonl", ""])
def test_an_import_file_that_is_not_there_is_named(tmp_path: Path, name: str) -> None:
    refused = mypage(tmp_path, "import", "contracts", str(tmp_path / name))
    assert refused.returncode == 1
    assert "no such file" in refused.stderr


def test_an_unreachable_database_is_said_in_a_line(tmp_path: Path) -> None:
    away = f"postgresql://nobody:secret-word@127.0.0.1:{free_port()}/mypage"
    refused = mypage(tmp_path, "migrate", DATABASE_URL=away)
    assert refused.returncode == 1
    assert "not reachable" in refused.stderr
    assert "secret-word" not in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_malformed_database_url_is_named(tmp_path: Path) -> None:
    refused = mypage(tmp_path, "migrate", DATABASE_URL="mysql://x:secret-word@h/db")
    assert refused.returncode == 1
    assert "DATABASE_URL" in refused.stderr
    assert "secret-word" not in refused.stderr


@pytest.mark.parametrize(
    ("command", "rest"), [("migrate", "secret/word@h/db"), ("serve", "word@h:secret/db")]
)
def test_a_database_url_that_cannot_be_read_is_one_line_that_repeats_nothing_of_it(
    tmp_path: Path, command: str, rest: str
) -> None:
    refused = mypage(tmp_path, command, **{**SERVING, "DATABASE_URL": f"postgresql://x:{rest}"})
    assert refused.returncode == 1
    assert refused.stderr.startswith("mypage: DATABASE_URL cannot be used")
    assert len(refused.stderr.splitlines()) == 1
    assert "secret" not in refused.stderr


def test_a_mistake_of_the_command_itself_is_not_taken_for_a_wrong_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://x@h/db")
    with pytest.raises(ValueError, match="of the command"), running.reached():
        raise ValueError("of the command")


def url_of(server: dict[str, Any], **other: str) -> str:
    """DATABASE_URL of the tests' own server."""
    if "dsn" in server:
        pytest.skip("the server of DATABASE_URL may let anybody in")
    user, password, name, host = (
        quote(other.get(part, str(server[part])), safe="")
        for part in ("user", "password", "database", "host")
    )
    return f"postgresql://{user}:{password}@/{name}?host={host}"


@pytest.mark.parametrize(
    ("command", "other", "reason"),
    [
        ("migrate", {"password": "secret-word"}, "password authentication failed"),
        ("serve", {"password": "secret-word"}, "password authentication failed"),
        ("serve", {"database": "nowhere"}, 'database "nowhere" does not exist'),
    ],
)
def test_a_database_that_lets_nobody_in_says_why_in_a_line(
    tmp_path: Path, server: dict[str, Any], command: str, other: dict[str, str], reason: str
) -> None:
    refused = mypage(tmp_path, command, **{**SERVING, "DATABASE_URL": url_of(server, **other)})
    assert refused.returncode == 1
    assert reason in refused.stderr
    assert "secret-word" not in refused.stderr
    assert len(refused.stderr.splitlines()) == 1


async def test_a_database_that_does_not_answer_does_not_keep_serve_from_starting(
    tmp_path: Path, server: dict[str, Any], empty_database: str, start: Starter
) -> None:
    port = free_port()
    blocker = await asyncpg.connect(**{**server, "database": empty_database})
    async with blocker.transaction():
        await blocker.execute("LOCK TABLE migration")
        url = url_of(server, database=empty_database)
        start("serve", "--port", str(port), "--workers", "1", **{**SERVING, "DATABASE_URL": url})
        await asyncio.to_thread(until, lambda: answers(port))
    await blocker.close()


@pytest.mark.parametrize("port", ["0", "65536", "-1", "http", "８０００", "9" * 5000, ""])
@pytest.mark.parametrize("command", ["demo", "serve"])
def test_a_port_that_cannot_be_is_named(command: str, port: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        cli.main([command, f"--port={port}"])
    assert refused.value.code == 2
    said = capsys.readouterr().err
    assert "--port" in said
    assert "a number from 1 to 65535" in said


def test_a_moment_that_is_none_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["demo", "--now", "tomorrow"])
    assert "'tomorrow' is no moment: write it as 2026-01-10T09:00" in capsys.readouterr().err


# --- mail -------------------------------------------------------------------------------------------------------------


async def on_the_database(folder: Path, work: Callable[[], Awaitable[object]]) -> None:
    """Work on the data of the folder, which nobody else uses meanwhile."""
    with EmbeddedPostgres(folder) as postgres:
        await running.with_database(postgres.start(), work)


async def two_mails(folder: Path) -> None:
    """Put contracts into a migrated folder, and mails to a@ and b@example.jp."""

    async def post() -> None:
        async with database.engine().transaction():
            told = ["a@example.jp", "b@example.jp"]
            await outbox.post(1, told, "account-password-changed", login="髙﨑①")

    assert mypage(folder, "import", "contracts", str(DEMO_CONTRACTS), **SERVING).returncode == 0
    outbox.write_as(mail_transport.sender_of(SETTINGS))
    await on_the_database(folder, post)


async def mail(folder: Path, what: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run `mypage mail` while a mail server of this process answers."""
    return await asyncio.to_thread(mypage, folder, "mail", what, **more)


def sending_to(server: settings.Smtp) -> dict[str, str]:
    return {
        "MYPAGE_OPERATOR": "試験通信株式会社",
        "MYPAGE_MAIL_FROM": "mypage@example.jp",
        "MYPAGE_SMTP_HOST": server.host,
        "MYPAGE_SMTP_PORT": str(server.port),
        "MYPAGE_SMTP_USER": server.user,
        "MYPAGE_SMTP_PASSWORD": server.password,
        "MYPAGE_SMTP_SECURITY": server.security,
    }


async def test_mails_are_delivered_over_smtp_and_the_refused_ones_listed(
    migrated: Path, tmp_path: Path
) -> None:
    await two_mails(tmp_path)
    async with smtp_server.listening(tmp_path, "starttls") as server:
        server.to_recipient = lambda address: smtp_server.OK if address[0] == "a" else "550 no such user"
        told = {**sending_to(server.settings), "SSL_CERT_FILE": str(tmp_path / "certificate.pem")}
        delivered = await mail(tmp_path, "deliver", **told)
        assert (delivered.stdout, delivered.returncode) == ("1 sent, 0 put off, 1 refused\n", 0)
        assert "髙﨑①" in server.messages[0].get_content()
    listed = await mail(tmp_path, "list")
    heads, line = (row.split("\t") for row in listed.stdout.splitlines())
    assert heads == ["id", "state", "posted", "recipient", "subject", "tries", "problem"]
    subject = "【マイページ】アカウントIDのパスワード変更のお知らせ"
    assert [line[1], *line[3:]] == ["refused", "b@example.jp", subject, "1", "550 no such user"]


async def test_a_mail_server_that_is_away_is_said_and_the_mails_wait(migrated: Path, tmp_path: Path) -> None:
    nobody = sending_to(settings.Smtp("127.0.0.1", free_port(), "", "", "none"))
    await two_mails(tmp_path)
    delivered, listed = await mail(tmp_path, "deliver", **nobody), await mail(tmp_path, "list")
    assert (delivered.stdout, delivered.returncode) == ("0 sent, 1 put off, 0 refused\n", 1)
    assert "the mail server cannot be used" in delivered.stderr
    assert [row.split("\t")[1] for row in listed.stdout.splitlines()[1:]] == ["waiting", "waiting"]


async def test_a_deliverer_killed_after_sending_sends_again_with_the_same_message_id(
    migrated: Path, tmp_path: Path, start: Starter
) -> None:
    await two_mails(tmp_path)
    async with smtp_server.listening(tmp_path) as server:
        told = sending_to(server.settings)

        def kill(_: object) -> str:
            server.to_mail = lambda _: smtp_server.OK
            deliverer.kill()
            return smtp_server.OK

        server.to_mail = kill
        deliverer = start("mail", "deliver", **told)
        await asyncio.to_thread(deliverer.wait, PATIENCE)
        again = await mail(tmp_path, "deliver", **told)
        assert again.stdout == "1 sent, 0 put off, 0 refused\n"
        await on_the_database(tmp_path, lambda: database.rows("UPDATE outbox SET due_at = posted_at"))
        again = await mail(tmp_path, "deliver", **told)
        assert again.stdout == "1 sent, 0 put off, 0 refused\n"
    first, other, second = server.messages
    assert (first["To"], other["To"], second["To"]) == ("a@example.jp", "b@example.jp", "a@example.jp")
    assert first["Message-ID"] == second["Message-ID"] != other["Message-ID"]


def test_mails_are_never_taken_for_sent_where_settings_are_missing(tmp_path: Path) -> None:
    refused = mypage(tmp_path, "mail", "deliver")
    assert refused.returncode == 1
    for name in ("OPERATOR", "MAIL_FROM", "SMTP_HOST", "SMTP_USER", "SMTP_PASSWORD"):
        assert f"MYPAGE_{name}" in refused.stderr


async def test_the_demo_shows_its_mails_at_once(after_a_demo: Path, start: Starter, tmp_path: Path) -> None:
    port = free_port()
    start("demo", "--port", str(port))
    until(lambda: answers(port))
    async with Browser(None, f"http://127.0.0.1:{port}") as browser:
        await browser.log_in("account", "arteri-an-002", "abc12345")
        await browser.open("/accounts/arteri-an-002/password")
        await browser.submit(password="neu-12345", password_again="neu-12345")
        await browser.submit()
        await browser.open("/demo/mailbox")
        assert "arteri-kichi@mail.example.com" in browser.text
    until(lambda: len(mypage(tmp_path, "mail", "list").stdout.splitlines()) == 1)
    assert mypage(tmp_path, "mail", "deliver").stdout == "0 sent, 0 put off, 0 refused\n"


async def test_a_server_delivers_in_the_background(start: Starter, migrated: Path, tmp_path: Path) -> None:
    await two_mails(tmp_path)
    async with smtp_server.listening(tmp_path) as server:
        start("serve", "--port", str(free_port()), **{**SERVING, **sending_to(server.settings)})
        async with asyncio.timeout(PATIENCE):
            await server.took(2)
    assert sorted(message["To"] for message in server.messages) == ["a@example.jp", "b@example.jp"]


# --- notices and papers -----------------------------------------------------------------------------------------------


def test_notices_are_loaded_beside_a_server_and_papers_noted_as_sent(after_a_demo: Path) -> None:
    file = after_a_demo / "notices.jsonl"
    line = '{"kind":"outage","severity":"info","title":"障害","text":"調査中です。","starts_at":"2026-01-10T09:00"}\n'
    file.write_text(line)
    with EmbeddedPostgres(after_a_demo) as postgres:
        postgres.start()
        loaded = [mypage(after_a_demo, "import", "notices", str(file)).stdout for _ in range(2)]
        file.write_text(line + "no notice\n")
        refused = mypage(after_a_demo, "import", "notices", str(file))
        none = mypage(after_a_demo, "requests", "list")
        missing = mypage(after_a_demo, "requests", "done", "7")
    assert loaded[0] == "1 notices loaded, 0 changed, 0 were there already as they are\n"
    assert loaded[1] == "0 notices loaded, 0 changed, 1 were there already as they are\n"
    assert (refused.returncode, "line 2: broken JSON" in refused.stderr) == (1, True)
    assert none.stdout.splitlines() == ["id\tasked\tcustomer number\tpaper\tsend to"]
    assert missing.stderr == "mypage: no request 7 waits, nothing was noted: see `mypage requests list`\n"


# --- cards that wait for a name check ---------------------------------------------------------------------------------


async def test_cards_that_wait_are_listed_approved_and_refused_once(after_a_demo: Path) -> None:
    wait = (
        "INSERT INTO card_check (contract, token, payer, brand, last4, expires, holder, asked_at)"
        " SELECT id, 'vault_of_test', '', 'JCB', '0000', '2040-01', 'KICHI ARUTERI', '2026-01-10 00:00Z' FROM contract"
        " WHERE customer_number IN ('90000000000000', '90000000000001')"
    )
    await on_the_database(after_a_demo, lambda: database.rows(wait))
    with EmbeddedPostgres(after_a_demo) as postgres:
        postgres.start()
        run = [
            mypage(after_a_demo, "payments", *words)
            for words in (("list",), ("approve", "1"), ("refuse", "2"), ("approve", "2"), ("list",))
        ]
    line = "1\t2026-01-10T09:00\t90000000000000\t有光 杏\tアルテリ アン\tKICHI ARUTERI\tJCB\t0000\t2040-01"
    assert run[0].stdout.splitlines()[1] == line
    assert [done.returncode for done in run] == [0, 0, 0, 1, 0]
    assert run[3].stderr == "mypage: no card waits as 2; `mypage payments list` shows those that do\n"
    assert len(run[4].stdout.splitlines()) == 1
    brands: list[str] = []

    async def look() -> None:
        found = await database.rows(
            "SELECT k.brand || ' ' || o.subject AS seen FROM card k JOIN outbox o USING (contract) ORDER BY o.id"
        )
        brands.extend(row["seen"] for row in found)

    await on_the_database(after_a_demo, look)
    assert brands == [
        "JCB 【マイページ】お支払い方法登録完了のお知らせ",
        "JCB 【マイページ】お支払い方法を登録できませんでした",
    ]


def test_cards_are_decided_only_where_the_customer_can_be_told(tmp_path: Path) -> None:
    refused = mypage(tmp_path, "payments", "approve", "1")
    assert refused.returncode == 1
    for name in ("OPERATOR", "CONTACT_PHONE", "CONTACT_HOURS", "MAIL_FROM"):
        assert f"MYPAGE_{name}" in refused.stderr
    assert mypage(tmp_path, "payments", "refuse", "one").returncode == 2
