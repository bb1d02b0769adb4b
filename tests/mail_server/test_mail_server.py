"""A real mail server obeys the portal: Debian's Postfix and Dovecot with the files of ops/mail/."""

from __future__ import annotations

import asyncio
import imaplib
import os
import shutil
import smtplib
import subprocess
from functools import partial
from typing import Any

import pytest
from argon2.low_level import Type, hash_secret

from app.postgres import database
from tests.mail_server import portal
from tests.mail_server.clients import (
    FRIEND,
    STRANGER,
    PlainReader,
    Postman,
    World,
    can_log_in,
    inbox,
    mail,
    subjects,
)
from tests.mail_server.portal import PASSWORD, Person
from tests.mail_server.processes import HOST
from tests.mail_server.servers import DOMAIN, OPERATORS, OPS, MailServer

GIGABYTE = 1 << 30


# --- mail comes in ----------------------------------------------------------------------------------------------------


async def test_mail_to_a_registered_address_is_read_with_the_account_ids_password(
    mail_host: MailServer, postman: Postman
) -> None:
    person = await portal.new_person()
    assert await postman.send(person.address, subject="髙﨑①より") == (250, "")
    [read] = await inbox(mail_host, person.login, PASSWORD)
    assert (read["Subject"], read["To"], read.get_content()) == (
        "髙﨑①より",
        person.address,
        "本文です。\r\n",
    )


async def test_the_address_serves_as_the_user_name_too_and_capitals_do_not_matter(
    mail_host: MailServer, postman: Postman
) -> None:
    person = await portal.new_person()
    await postman.send(person.address.upper())
    for name in (person.address, person.address.upper(), person.login.upper()):
        assert len(await inbox(mail_host, name, PASSWORD)) == 1


async def test_an_address_of_an_earlier_domain_is_served_too(mail_host: MailServer, postman: Postman) -> None:
    person = await portal.register_address(await portal.register_account(), "taro@s1.isp.example")
    assert await postman.send(person.address) == (250, "")
    assert len(await inbox(mail_host, person.address, PASSWORD)) == 1
    assert (await postman.send("jiro@s1.isp.example"))[0] == 550


async def test_an_unknown_address_is_refused(postman: Postman) -> None:
    code, words = await postman.send(f"nobody@{DOMAIN}")
    assert (code, "User unknown" in words) == (550, True)


async def test_a_deleted_account_id_and_one_without_address_neither_get_mail_nor_log_in(
    mail_host: MailServer, postman: Postman
) -> None:
    deleted, gone = await portal.new_person(), await portal.new_person()
    await portal.delete_account(deleted)
    await portal.leave_for_another_company(gone)
    for person in (deleted, gone):
        assert (await postman.send(person.address))[0] == 550
    names = (deleted.login, deleted.address, gone.login)
    logins = await asyncio.gather(*(can_log_in(mail_host, name, PASSWORD) for name in names))
    assert logins == [False, False, False]


async def test_a_changed_address_keeps_the_mailbox_and_the_old_one_is_refused(
    mail_host: MailServer, postman: Postman
) -> None:
    before = await portal.new_person()
    await postman.send(before.address, subject="old")
    after = await portal.change_address(before)
    assert (await postman.send(before.address))[0] == 550
    await postman.send(after.address, subject="new")
    assert await subjects(mail_host, after.login, PASSWORD) == ["old", "new"]


async def test_who_comes_back_from_another_company_finds_an_empty_mailbox(
    mail_host: MailServer, postman: Postman
) -> None:
    before = await portal.new_person()
    await postman.send(before.address)
    await portal.leave_for_another_company(before)
    again = await portal.register_address(before)
    assert await subjects(mail_host, again.login, PASSWORD) == []


async def test_only_the_mail_of_retired_mailboxes_is_purged(mail_host: MailServer, postman: Postman) -> None:
    stays, leaves = await portal.new_person(), await portal.new_person()
    folders = [mail_host.store / str(await portal.mailbox_of(person)) for person in (stays, leaves)]
    for person in (stays, leaves):
        await postman.send(person.address)
    await portal.leave_for_another_company(leaves)
    retired = await database.rows("SELECT mailbox FROM mail_v1.retired")
    assert await asyncio.to_thread(purge, mail_host, "".join(f"{row['mailbox']}\n" for row in retired)) == 0
    assert [folder.exists() for folder in folders] == [True, False]
    assert len(await inbox(mail_host, stays.login, PASSWORD)) == 1
    assert await asyncio.to_thread(purge, mail_host, "../queue\n") == 1


def purge(mail_host: MailServer, ids: str) -> int:
    """Exit status of the operator's command."""
    command = [OPS / "purge-retired", mail_host.store]
    return subprocess.run(command, check=False, text=True, input=ids, stderr=subprocess.DEVNULL).returncode


async def test_nobody_relays_through_the_server_from_outside(postman: Postman) -> None:
    code, words = await postman.send(FRIEND)
    assert (code, "Relay access denied" in words) == (554, True)


async def test_mail_to_the_postmaster_reaches_the_operators(postman: Postman, elsewhere: World) -> None:
    for name in ("postmaster", "abuse"):
        assert await postman.send(f"{name}@{DOMAIN}") == (250, "")
    assert len(elsewhere.to(OPERATORS)) == 2


# --- passwords --------------------------------------------------------------------------------------------------------


async def test_a_changed_password_is_asked_for_at_once(mail_host: MailServer, postman: Postman) -> None:
    person = await portal.new_person()
    assert await can_log_in(mail_host, person.login, PASSWORD)
    changed = await portal.change_password(person, "new-pass-9")
    logins = await asyncio.gather(
        can_log_in(mail_host, person.login, PASSWORD),
        can_log_in(mail_host, person.login, changed.password),
        postman.submit(person.login, PASSWORD, person.address, FRIEND),
        postman.submit(person.login, changed.password, person.address, FRIEND),
    )
    old, new, (old_code, _), (new_code, _) = logins
    assert (old, new, old_code, new_code) == (False, True, 535, 250)


async def test_the_costliest_hash_that_may_be_imported_lets_its_owner_in(mail_host: MailServer) -> None:
    costs = {"time_cost": 1, "memory_cost": 256 * 1024, "parallelism": 4, "hash_len": 32}
    hashed = hash_secret(PASSWORD.encode(), os.urandom(64), type=Type.ID, **costs).decode()
    person = await portal.new_person(hashed)
    assert await can_log_in(mail_host, person.login, PASSWORD)


async def test_without_tls_no_password_is_taken(mail_host: MailServer) -> None:
    person = await portal.new_person()

    def try_imap() -> None:
        with PlainReader(HOST, mail_host.imap) as reader:
            assert "LOGINDISABLED" in reader.capabilities
            with pytest.raises(imaplib.IMAP4.error, match="PRIVACYREQUIRED"):
                reader.login(person.login, PASSWORD)

    def try_smtp(port: int) -> None:
        with smtplib.SMTP(HOST, port) as client:
            client.ehlo()
            assert not client.has_extn("auth")
            assert client.docmd("AUTH", "PLAIN AGEAYg==")[0] in (503, 530)

    for port in (mail_host.smtp, mail_host.submission):
        await asyncio.to_thread(try_smtp, port)
    await asyncio.to_thread(try_imap)


# --- mail goes out ----------------------------------------------------------------------------------------------------


async def test_a_member_sends_under_the_own_address_only(postman: Postman, elsewhere: World) -> None:
    person, other = await portal.new_person(), await portal.new_person()
    for name, wrapped in ((person.login, False), (person.address, True)):
        assert await postman.submit(name, PASSWORD, person.address, FRIEND, wrapped=wrapped) == (250, "")
    for sender in (other.address, "somebody@bank.example"):
        assert (await postman.submit(person.login, PASSWORD, sender, FRIEND))[0] == 553
    assert [mail.sender for mail in elsewhere.mails] == [person.address] * 2


async def test_a_member_sends_to_addresses_of_any_form(postman: Postman, elsewhere: World) -> None:
    person = await portal.new_person()
    for recipient in (
        "o'brien@other.example",
        "a+b@other.example",
        "x=y/z%1@other.example",
        '"a b"@other.example',
    ):
        assert await postman.submit(person.login, PASSWORD, person.address, recipient) == (250, ""), recipient
    assert len(elsewhere.mails) == 4


# --- how full a mailbox is --------------------------------------------------------------------------------------------


async def fill(mail_host: MailServer, person: Person, free: int) -> None:
    """Leave `free` bytes of a gigabyte: with a sparse file whose name tells its size, as Maildir has it."""
    await inbox(mail_host, person.login, person.password)  # the first login makes the folders
    folder = mail_host.store / str(await portal.mailbox_of(person)) / "Maildir" / "new"
    size = GIGABYTE - free
    big = folder / f"1.M1P1.host,S={size},W={size}"
    big.touch()
    os.truncate(big, size)
    shutil.chown(big, "mail", "mail")


async def test_a_full_mailbox_takes_no_mail_until_it_has_ten_gigabytes(
    mail_host: MailServer, postman: Postman
) -> None:
    person = await portal.new_person()
    await fill(mail_host, person, free=20_000)
    assert await postman.send(person.address, size=5_000) == (250, "")
    code, words = await postman.send(person.address, size=50_000)
    assert (code, "Mailbox is full" in words) == (552, True)
    assert await asyncio.to_thread(over_lmtp, mail_host, person.address, 50_000) == 552
    await portal.buy_ten_gigabytes(person)
    assert await postman.send(person.address, size=50_000) == (250, "")
    assert await asyncio.to_thread(over_lmtp, mail_host, person.address, 50_000) == 250


def over_lmtp(mail_host: MailServer, recipient: str, size: int) -> int:
    """What Dovecot itself says to a mail of that size, past Postfix, which asks before it takes one."""
    with smtplib.LMTP(str(mail_host.folder / "queue" / "private" / "dovecot-lmtp")) as client:
        client.ehlo()
        client.mail(STRANGER)
        client.rcpt(recipient)
        code, _ = client.data(mail(STRANGER, recipient, size=size).as_bytes())
        return code


async def test_usage_is_reported_to_the_portal(mail_host: MailServer, postman: Postman) -> None:
    person = await portal.new_person()
    mailbox = await portal.mailbox_of(person)
    reports: list[Any] = []

    async def reported(messages: int) -> bool:
        found = await database.rows("SELECT * FROM mail_state_v1.quota_usage WHERE mailbox = $1", mailbox)
        reports[:] = found
        return bool(found) and found[0]["messages"] == messages

    for count in (1, 2):
        await postman.send(person.address, size=10_000)
        await mail_host.until(partial(reported, count))
        assert 10_000 * count < reports[0]["bytes"] < 12_000 * count
