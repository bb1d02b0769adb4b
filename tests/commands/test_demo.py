"""`mypage demo`: everything that it starts, keeps and ends."""

from __future__ import annotations

import re
import signal
from pathlib import Path

import pytest

from app import arguments, cli
from app.commands.servers import DEMO_CONTRACTS
from tests.browser import Browser
from tests.commands.programs import (
    OTHER_KEY,
    PATIENCE,
    Starter,
    answers,
    free_port,
    mypage,
    processes_of,
    told_when_taken_down,
    until,
)


def test_the_demo_prints_url_and_logins_and_ctrl_c_stops_all_of_it(tmp_path: Path, start: Starter) -> None:
    port = free_port()
    demo = start("demo", "--port", str(port), **told_when_taken_down(tmp_path))
    until(lambda: answers(port))
    demo.send_signal(signal.SIGINT)
    output, _ = demo.communicate(timeout=PATIENCE)
    assert f"http://127.0.0.1:{port}/" in output
    assert "90000000000000" in output
    assert demo.returncode == 0
    assert not (tmp_path / "taken-down").exists(), "see serving.leave"
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
    assert arguments.moment(named) > arguments.moment("2015-02-03T04:05")
    assert "Traceback" not in refused.stderr


def test_the_demo_refuses_data_with_another_pepper(after_a_demo: Path) -> None:
    (after_a_demo / "pepper").write_text(OTHER_KEY)
    refused = mypage(after_a_demo, "demo", "--port", str(free_port()))
    assert refused.returncode == 1
    assert "another key for version 1" in refused.stderr


async def test_the_demo_shows_what_it_is_to_have_to_set_up_a_second_factor(
    after_a_demo: Path, start: Starter
) -> None:
    port = free_port()
    start("demo", "--port", str(port), MYPAGE_SECOND_FACTOR="admins")
    until(lambda: answers(port))
    async with Browser(None, f"http://127.0.0.1:{port}") as browser:
        await browser.log_in("account", "arteri-an-002", "abc12345")
        assert browser.path == "/second-factor"
        await browser.open("/accounts")
        assert browser.path == "/second-factor"


def test_a_demo_that_is_told_another_word_for_it_says_which_ones_there_are(tmp_path: Path) -> None:
    refused = mypage(tmp_path, "demo", "--port", str(free_port()), MYPAGE_SECOND_FACTOR="yes")
    assert refused.returncode == 1
    assert "MYPAGE_SECOND_FACTOR is 'yes'" in refused.stderr


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


def test_a_moment_that_is_none_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["demo", "--now", "tomorrow"])
    assert "'tomorrow' is no moment: write it as 2026-01-10T09:00" in capsys.readouterr().err
