"""`mypage mail` and `mypage payments`, as staff and cron run them."""

from __future__ import annotations

import asyncio
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from app import settings
from app.commands import running
from app.postgres import database
from app.postgres.embedded import EmbeddedPostgres
from tests import smtp_server
from tests.browser import Browser
from tests.commands.programs import (
    PATIENCE,
    SERVING,
    Starter,
    apart,
    free_port,
    mypage,
    on_the_database,
    sending_to,
    two_mails,
    url_of,
)
from tests.mail.steps import confirmed


async def mail(folder: Path, what: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run `mypage mail` while a mail server of this process answers."""
    return await asyncio.to_thread(mypage, folder, "mail", what, **more)


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
    line = "1\t2026-01-10T09:00\t90000000000000\t有光 杏\tアルテリ アン\tKICHI ARUTERI\tJCB\t0000\t2040-01\tunknown"
    assert run[0].stdout.splitlines()[1] == line
    assert [done.returncode for done in run] == [0, 0, 0, 1, 0]
    assert apart(run[3].stderr) == "mypage: no card waits as 2; `mypage payments list` shows those that do\n"
    assert run[1].stdout == "card 1 is the contract's now; the customer is told by mail\n"
    assert run[2].stdout == "card 2 is refused; the customer is told by mail\n"
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


async def test_who_has_no_mail_address_is_left_to_staff(after_a_demo: Path) -> None:
    async def wait() -> None:
        await database.rows("UPDATE contract SET email = '' WHERE customer_number = '90000000000002'")
        await database.rows(
            "INSERT INTO card_check (contract, token, payer, brand, last4, expires, holder, asked_at)"
            " SELECT id, 'vault_of_test', '', 'JCB', '0000', '2040-01', 'KICHI ARUTERI', now() FROM contract"
            " WHERE customer_number = '90000000000002'"
        )

    await on_the_database(after_a_demo, wait)
    listed = mypage(after_a_demo, "payments", "list").stdout.splitlines()
    card = listed[1].split("\t")[0]
    refused = mypage(after_a_demo, "payments", "refuse", card)
    told = "no mail address of customer 90000000000002 is known: call or write to them"
    assert refused.stdout == f"card {card} is refused; {told}\n"


def test_cards_are_decided_only_where_the_customer_can_be_told(tmp_path: Path) -> None:
    refused = mypage(tmp_path, "payments", "approve", "1")
    assert refused.returncode == 1
    for name in ("OPERATOR", "CONTACT_PHONE", "CONTACT_HOURS", "MAIL_FROM"):
        assert f"MYPAGE_{name}" in refused.stderr
    assert mypage(tmp_path, "payments", "refuse", "one").returncode == 2


async def test_a_second_factor_that_was_lost_is_removed_and_told(after_a_demo: Path) -> None:
    async def register() -> None:
        await database.rows(
            "INSERT INTO passkey (contract, slot, name, credential_id, public_key, sign_count, registered_at, session)"
            " SELECT id, 1, 'iPhone', 'x', 'x', 0, now(), 0 FROM contract WHERE customer_number = '90000000000000'"
        )

    await on_the_database(after_a_demo, register)
    removed = mypage(after_a_demo, "second-factor", "remove", "９０００-0000-0000-00")
    assert removed.stdout == "the second factor of 90000000000000 is removed; 1 addresses are told by mail\n"
    line = r"\S+ INFO mypage.security event=second-factor-removed contract=\d+\n"
    assert re.fullmatch(line, apart(removed.stderr))
    again = mypage(after_a_demo, "second-factor", "remove", "90000000000000")
    assert (again.returncode, "nothing was changed" in again.stderr) == (1, True)


async def test_migrate_tells_whose_name_closed_bills_are_about_to_get(migrated: Path) -> None:
    async def as_before_it_was_written_down() -> None:
        await database.rows(
            "INSERT INTO bill_close (month, reached, closed_at) VALUES ('2025-12-01', 0, now()), ('2026-01-01', 0, now())"
        )

    assert mypage(migrated, "migrate").stdout == "nothing to migrate\n"
    await on_the_database(migrated, as_before_it_was_written_down)
    said = mypage(migrated, "migrate").stdout
    assert said.startswith(
        "nothing to migrate\nthe bills of 2025-12 to 2026-01 do not say yet who issued them"
    )
    assert "the next `mypage serve` or `mypage bill close` writes it down" in said


async def test_papers_are_followed_by_commands_all_of_a_line_or_none(
    tmp_path: Path, server: dict[str, Any], filled_database: str, contractor: Browser
) -> None:
    for paper in ("name", "address"):
        await confirmed(contractor, "/application", paper=paper)
    told = {**SERVING, "DATABASE_URL": url_of(server, database=filled_database)}
    found = await database.rows("SELECT id FROM paper_request ORDER BY id")
    one, two = (str(row["id"]) for row in found)

    async def requests(*words: str) -> subprocess.CompletedProcess[str]:
        return await asyncio.to_thread(mypage, tmp_path, "requests", *words, **told)

    early = await requests("received", one)
    assert (early.returncode, apart(early.stderr)) == (
        1,
        f"mypage: no request {one} is to come back, nothing was noted: see `mypage requests list --sent`\n",
    )
    assert (await requests("done", one, two)).stdout == "2 requests done\n"
    assert (await requests("received", one)).stdout == "1 forms received\n"
    not_all = await requests("entered", one, two)
    assert (not_all.returncode, f"no request {two} was received and waits" in not_all.stderr) == (1, True)
    listed = [line.split("\t") for line in (await requests("list", "--sent")).stdout.splitlines()]
    assert listed[0] == ["id", "asked", "sent", "received", "customer number", "paper"]
    assert [(row[0], bool(row[3]), row[5]) for row in listed[1:]] == [
        (one, True, "氏名・名義変更の申請書"),
        (two, False, "設置先住所の変更（移転）の申請書"),
    ]
    assert (await requests("entered", one)).stdout == "1 forms entered\n"
    assert len((await requests("list", "--sent")).stdout.splitlines()) == 2


async def test_a_month_that_is_not_closed_is_not_exported_and_no_file_is_made(
    migrated: Path, tmp_path: Path
) -> None:
    out = tmp_path / "2026-01.csv"
    refused = await asyncio.to_thread(mypage, tmp_path, "bill", "export", "2026-01", "--out", str(out))
    assert (refused.returncode, refused.stdout) == (1, "")
    assert (
        apart(refused.stderr)
        == "mypage: 2026-01 is not closed: `mypage bill close 2026-01` closes it once it is over\n"
    )
    assert not out.exists()


async def test_a_closed_month_is_exported_to_a_file_that_its_owner_alone_reads(after_a_demo: Path) -> None:
    closed = "INSERT INTO bill_close (month, reached, closed_at) VALUES ('2020-01-01', 0, now())"
    await on_the_database(after_a_demo, lambda: database.rows(closed))
    out = after_a_demo / "2020-01.csv"
    out.write_text("of yesterday")
    with EmbeddedPostgres(after_a_demo) as postgres:
        postgres.start()
        to_file = mypage(after_a_demo, "bill", "export", "2020-01", "--out", str(out))
        to_stdout = mypage(after_a_demo, "bill", "export", "2020-01")
        nowhere = mypage(after_a_demo, "bill", "export", "2020-01", "--out", "/nowhere/at.csv")
    assert (to_file.returncode, to_file.stdout) == (0, "")
    assert apart(to_file.stderr) == "mypage: 2020-01: 0 charges, 0 yen with tax\n"
    assert out.read_text().startswith("charge,billed,customer_number,")
    assert out.stat().st_mode & 0o777 == 0o600
    assert to_stdout.stdout == out.read_text()
    assert apart(nowhere.stderr).startswith("mypage: /nowhere/at.csv cannot be written: ")
    assert nowhere.returncode == 1


def test_a_file_that_was_not_written_whole_leaves_the_one_before(tmp_path: Path) -> None:
    out = tmp_path / "bills.csv"
    out.write_text("of yesterday")

    def half() -> None:
        with running.written_whole(out) as file:
            file.write("half")
            raise ConnectionError

    with pytest.raises(ConnectionError):
        half()
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("bills.csv", "of yesterday")]


async def test_a_new_epoch_is_begun_readers_listed_and_one_forgotten(after_a_demo: Path) -> None:
    reads = (
        "INSERT INTO events_v1.reader (name, login, epoch, position, read_at)"
        " SELECT 'crm', 'crm_login', epoch, 0, '2026-01-10 00:00Z' FROM events_v1.reach"
    )
    restarted = await asyncio.to_thread(mypage, after_a_demo, "events", "restart")
    await on_the_database(after_a_demo, lambda: database.rows(reads))
    with EmbeddedPostgres(after_a_demo) as postgres:
        postgres.start()
        listed = mypage(after_a_demo, "events", "readers")
        done = [mypage(after_a_demo, "events", "forget", "crm") for _ in range(2)]
    assert re.match(r"epoch [0-9a-f-]{36} has begun: every reader stops", restarted.stdout)
    assert listed.stdout == "name\tlogin\tread\tbehind\ncrm\tcrm_login\t2026-01-10T09:00\t0\n"
    assert [one.returncode for one in done] == [0, 1]
    assert apart(done[1].stderr) == "mypage: there is no reader crm: see `mypage events readers`\n"
