"""転送 and 自動返信 as the mail server does them: Sieve scripts that the portal's database writes."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.mail_server import portal
from tests.mail_server.clients import FRIEND, STRANGER, Postman, World, subjects
from tests.mail_server.portal import PASSWORD
from tests.mail_server.servers import MailServer
from tests.smtp_server import as_written

# --- forwarding -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keep_copy", "kept"), [(True, ["news"]), (False, [])], ids=["with copy", "without copy"]
)
async def test_mail_is_forwarded(
    mail_host: MailServer, postman: Postman, elsewhere: World, keep_copy: bool, kept: list[str]
) -> None:
    person = await portal.new_person()
    await portal.forward(person, FRIEND, keep_copy=keep_copy)
    await postman.send(person.address, subject="news")
    [forwarded] = elsewhere.mails
    assert (forwarded.recipient, forwarded.message["Subject"]) == (FRIEND, "news")
    assert forwarded.sender == person.address  # a bounce comes to who set the forward up
    assert await subjects(mail_host, person.login, PASSWORD) == kept


async def test_mail_is_forwarded_to_five_addresses(postman: Postman, elsewhere: World) -> None:
    person = await portal.new_person()
    five = [f"friend-{number}@other.example" for number in range(5)]
    await portal.forward(person, *five, keep_copy=False)
    await postman.send(person.address)
    assert sorted(mail.recipient for mail in elsewhere.mails) == five


@pytest.mark.parametrize(
    "odd", ["a..b@docomo.ne.jp", "abc.@ezweb.ne.jp", ".abc@docomo.ne.jp"], ids=["twice", "last", "first"]
)
async def test_an_address_with_the_dots_of_former_days_is_forwarded_to_beside_others(
    mail_host: MailServer, postman: Postman, elsewhere: World, odd: str
) -> None:
    person = await portal.new_person()
    await portal.forward(person, odd, FRIEND, keep_copy=True)
    await portal.answer(person, "不在です", "不在です")
    with as_written() as seen:
        await postman.send(person.address, subject="news")
    local, _, domain = odd.partition("@")
    forwarded = [mail.recipient for mail in elsewhere.mails if mail.message["Subject"] == "news"]
    assert sorted(forwarded) == sorted([odd, FRIEND])
    assert f'"{local}"@{domain}' in seen
    assert [reply.message["Subject"] for reply in elsewhere.to(STRANGER)] == ["不在です"]
    assert await subjects(mail_host, person.login, PASSWORD) == ["news"]


async def test_mail_for_a_plus_address_is_for_its_owner(mail_host: MailServer, postman: Postman) -> None:
    person = await portal.new_person()
    local, _, domain = person.address.partition("@")
    await postman.send(f"{local}+shop@{domain}", subject="order")
    assert await subjects(mail_host, person.login, PASSWORD) == ["order"]


async def test_two_who_forward_to_each_other_end_with_the_mail_in_a_mailbox(
    mail_host: MailServer, postman: Postman, elsewhere: World
) -> None:
    one, other = await portal.new_person(), await portal.new_person()
    await portal.forward(one, other.address, keep_copy=False)
    await portal.forward(other, one.address, keep_copy=False)
    await postman.send(one.address)
    assert await subjects(mail_host, one.login, PASSWORD) + await subjects(
        mail_host, other.login, PASSWORD
    ) == ["こんにちは"]
    assert elsewhere.mails == []


# --- auto-reply -------------------------------------------------------------------------------------------------------


async def test_a_sender_gets_one_auto_reply_a_day_even_when_its_text_changes(
    mail_host: MailServer, postman: Postman, elsewhere: World
) -> None:
    person = await portal.new_person()
    await portal.answer(person, "髙﨑①は不在です", "12月1日まで\n不在です。")
    for subject in ("first", "second"):
        await postman.send(person.address, subject=subject)
    await portal.answer(person, "changed", "changed")
    await postman.send(person.address, subject="third")
    await postman.send(person.address, sender=FRIEND)
    [reply] = elsewhere.to(STRANGER)
    assert (reply.sender, reply.message["From"]) == ("<>", person.address)
    assert (reply.message["Subject"], reply.message["Auto-Submitted"]) == (
        "髙﨑①は不在です",
        "auto-replied (vacation)",
    )
    assert reply.message.get_content().splitlines() == ["12月1日まで", "不在です。"]
    assert [reply.message["Subject"] for reply in elsewhere.to(FRIEND)] == ["changed"]
    assert len(await subjects(mail_host, person.login, PASSWORD)) == 4


async def test_an_auto_reply_keeps_to_its_days_in_japan_and_to_being_switched_on(
    postman: Postman, elsewhere: World
) -> None:
    today = datetime.now(ZoneInfo("Asia/Tokyo")).date()
    before, after = today - timedelta(days=1), today + timedelta(days=1)
    for begin, end in ((None, before), (after, None), (after, after)):
        person = await portal.new_person()
        await portal.answer(person, "不在", "不在", begin, end)
        await postman.send(person.address)
    off = await portal.new_person()
    await portal.answer(off, "不在", "不在")
    await portal.stop_answering(off)
    await postman.send(off.address)
    assert elsewhere.mails == []
    for begin, end in ((None, today), (today, None), (today, today)):
        person = await portal.new_person()
        await portal.answer(person, "不在", "不在", begin, end)
        await postman.send(person.address)
    assert len(elsewhere.to(STRANGER)) == 3


async def test_a_forward_without_copy_does_not_keep_the_auto_reply_from_being_sent(
    mail_host: MailServer, postman: Postman, elsewhere: World
) -> None:
    person = await portal.new_person()
    await portal.forward(person, FRIEND, keep_copy=False)
    await portal.answer(person, "転送中", "別のアドレスで読みます。")
    await postman.send(person.address, subject="news")
    assert [mail.message["Subject"] for mail in elsewhere.to(FRIEND)] == ["news"]
    assert [mail.message["Subject"] for mail in elsewhere.to(STRANGER)] == ["転送中"]
    assert await subjects(mail_host, person.login, PASSWORD) == []


HOSTILE = (
    ('x"; redirect "evil@other.example"; #', 'a"; discard; \\" text\r\n.\r\nend'),
    ("back\\slash\\", '\\\\"\\'),
    ("one\r\nBcc: evil@other.example", "text:\n.\n;\nredirect 'evil@other.example';\r\rend"),
    ("${hex: 22} /* */ #", "${subject} %s $$ \x01\x1b[31m\ttab"),
    ('quote"', '"'),
    ("長" * 100, "長い\n" * 250),
)


@pytest.mark.parametrize(("subject", "body"), HOSTILE, ids=range(len(HOSTILE)))
async def test_an_auto_replys_text_stays_text(
    mail_host: MailServer, postman: Postman, elsewhere: World, subject: str, body: str
) -> None:
    person = await portal.new_person()
    await portal.answer(person, subject, body)
    await postman.send(person.address)
    [reply] = elsewhere.mails
    assert reply.recipient == STRANGER
    assert reply.message["Subject"] == subject.replace("\r\n", " ")
    assert reply.message["Bcc"] is None
    lines = body.replace("\x01\x1b", "").rstrip().splitlines()
    assert reply.message.get_content().rstrip().splitlines() == lines
    assert len(await subjects(mail_host, person.login, PASSWORD)) == 1
