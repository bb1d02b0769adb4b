"""`MYPAGE_MAIL_HOLD` and `mypage mail release`, as an operator uses them on the day of the adoption."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path
from typing import Any

import pytest

from app.domain.letters import outbox
from app.postgres import database
from tests import households, smtp_server
from tests.commands.programs import SERVING, apart, mypage, sending_to, url_of

pytestmark = pytest.mark.slow


async def test_mails_are_held_counted_discarded_and_released(
    tmp_path: Path, server: dict[str, Any], empty_database: str
) -> None:
    contract = await households.new_contract()
    async with database.engine().transaction():
        for address in ("a@example.jp", "b@example.jp"):
            await outbox.post(contract, [address], "account-password-changed", login="taro-01")
        await outbox.post(
            contract, ["a@example.jp"], "forwarding", login="taro-01", settings=("転送先：なし",)
        )
    told = {**SERVING, "DATABASE_URL": url_of(server, database=empty_database), "MYPAGE_MAIL_HOLD": "1"}

    async def mail(*words: str) -> subprocess.CompletedProcess[str]:
        return await asyncio.to_thread(mypage, tmp_path, "mail", *words, **told)

    async with smtp_server.listening(tmp_path) as mail_server:
        told.update(sending_to(mail_server.settings))
        held = await mail("deliver")
        assert held.stdout == "0 sent, 0 put off, 0 refused\n3 held: see `mypage mail release --dry-run`\n"
        listed = (await mail("list")).stdout.splitlines()[1:]
        assert [line.split("\t")[1] for line in listed] == ["held"] * 3
        dry = (await mail("release", "--dry-run")).stdout.splitlines()
        assert [line.split("\t")[:3] for line in dry[1:3]] == [
            ["account-password-changed", "2", "2"],
            ["forwarding", "1", "1"],
        ]
        assert dry[3:] == [
            "dry run: nothing was changed; without --dry-run it would be:",
            "3 mails to 2 people released",
        ]
        all_of_them = await mail("release", "--discard")
        assert (all_of_them.returncode, "--kind or --before" in all_of_them.stderr) == (1, True)
        none = await mail("release", "--kind", "forwardin")
        assert (none.returncode, apart(none.stderr)) == (
            1,
            "mypage: no mail of kind forwardin is held, nothing was done: see --dry-run\n",
        )
        discarded = await mail("release", "--discard", "--kind", "forwarding")
        assert discarded.stdout.endswith("1 mails to 1 people discarded\n")
        released = await mail("release")
        assert released.stdout.endswith("2 mails to 2 people released\n")
        assert (await mail("deliver")).stdout == "2 sent, 0 put off, 0 refused\n"
    assert sorted(message["To"] for message in mail_server.messages) == ["a@example.jp", "b@example.jp"]
    assert {message["Subject"] for message in mail_server.messages} == {
        "【マイページ】アカウントIDのパスワード変更のお知らせ"
    }
