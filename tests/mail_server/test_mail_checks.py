"""What the mail server looks at before it takes a mail: viruses, signatures (DKIM) and whose mail it is (DMARC)."""

from __future__ import annotations

import io
import os
import zipfile
from email.message import EmailMessage
from email.policy import SMTP

import pytest

from tests.mail_server import portal
from tests.mail_server.clients import FRIEND, STRANGER, Postman, World, inbox, mail, subjects
from tests.mail_server.milters import EICAR, RIGHT_PLACE, SIGNED
from tests.mail_server.portal import PASSWORD, Person
from tests.mail_server.servers import DOMAIN, MailServer

ELSEWHERE = "203.0.113.9"
REFUSED = "This mail was refused and not delivered, because it carries a virus"
CRIMINAL = "list@criminal.example"
ALL_PASS = (
    "mail.isp.example; dkim=pass header.d=bank.example; spf=pass smtp.mailfrom=bank.example; dmarc=pass"
)


def results(message: EmailMessage) -> str:
    """What this mail server says that it found."""
    return " ".join(message.get_all("Authentication-Results", []))


def signed(message: EmailMessage, tag: str) -> list[str]:
    """What that tag of each signature says; `d` is the domain that signed, `h` names the headers that it covers."""
    signatures = message.get_all("DKIM-Signature", [])
    parts = (part.strip() for signature in signatures for part in signature.split(";"))
    return ["".join(part[2:].split()) for part in parts if part.startswith(f"{tag}=")]


def signers(message: EmailMessage) -> list[str]:
    return signed(message, "d")


# --- viruses ----------------------------------------------------------------------------------------------------------


def zipped(content: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("invoice.com", content)
    return out.getvalue()


def with_attachment(sender: str, recipient: str, content: bytes) -> EmailMessage:
    message = mail(sender, recipient)
    message.add_attachment(content, maintype="application", subtype="octet-stream", filename="a.bin")
    return message


async def test_a_virus_is_refused_with_a_sentence_when_it_comes_and_when_it_is_sent(
    mail_host: MailServer, postman: Postman, elsewhere: World
) -> None:
    person = await portal.new_person()
    for content in (EICAR, b"text\n" + EICAR + b"\ntext\n", zipped(zipped(EICAR))):
        code, words = await postman.hand_in(
            with_attachment(STRANGER, person.address, content), STRANGER, person.address, ELSEWHERE
        )
        assert (code, REFUSED in words, "Local.Eicar" in words) == (550, True, True)
    for wrapped in (False, True):
        message = with_attachment(person.address, FRIEND, zipped(EICAR))
        code, words = await postman.submit(
            person.login, PASSWORD, person.address, FRIEND, wrapped=wrapped, message=message
        )
        assert (code, REFUSED in words) == (550, True)
    assert (await subjects(mail_host, person.login, PASSWORD), elsewhere.mails) == ([], [])


async def test_a_clean_mail_passes_and_says_that_it_was_looked_at_whatever_its_sender_wrote(
    mail_host: MailServer, postman: Postman
) -> None:
    person = await portal.new_person()
    message = with_attachment(STRANGER, person.address, zipped(b"a bill"))
    message["X-Virus-Status"] = "Forged"
    assert await postman.hand_in(message, STRANGER, person.address, ELSEWHERE) == (250, "")
    [read] = await inbox(mail_host, person.login, PASSWORD)
    assert read.get_all("X-Virus-Status") == ["Clean"]


@pytest.mark.slow
async def test_a_mail_of_any_size_that_is_taken_is_looked_at_to_its_end(postman: Postman) -> None:
    """18.2 MB make a mail of 24.9 MB; 25,000,000 bytes are the most."""
    person = await portal.new_person()
    message = with_attachment(STRANGER, person.address, os.urandom(18_200_000) + EICAR)
    assert 24_800_000 < len(message.as_bytes(policy=SMTP)) < 24_990_000
    code, words = await postman.hand_in(message, STRANGER, person.address, ELSEWHERE)
    assert (code, REFUSED in words) == (550, True)


# --- what goes out is signed ------------------------------------------------------------------------------------------


async def sent_to_a_friend(postman: Postman, elsewhere: World, person: Person) -> bytes:
    elsewhere.mails.clear()
    assert await postman.submit(person.login, PASSWORD, person.address, FRIEND) == (250, "")
    [sent] = elsewhere.mails
    return sent.content


async def test_what_a_member_sends_is_signed_and_proves_itself_wherever_it_comes_from(
    mail_host: MailServer, postman: Postman, elsewhere: World
) -> None:
    person, other = await portal.new_person(), await portal.new_person()
    sent = await sent_to_a_friend(postman, elsewhere, person)
    [message] = (mail.message for mail in elsewhere.mails)
    assert signers(message) == [DOMAIN]
    [covered] = signed(message, "h")
    assert covered.lower().split(":").count("from") == 2  # so nobody adds a second one
    assert await postman.hand_in(sent, CRIMINAL, other.address, ELSEWHERE) == (250, "")
    [read] = await inbox(mail_host, other.login, PASSWORD)
    assert all(part in results(read) for part in ("dkim=pass", f"header.d={DOMAIN}", "dmarc=pass (p=reject"))
    changed = sent.replace("本文".encode(), "偽文".encode())
    assert changed != sent
    code, words = await postman.hand_in(changed, CRIMINAL, other.address, ELSEWHERE)
    assert (code, "DMARC policy" in words) == (550, True)


async def test_blanks_and_a_second_from_on_the_way_do_to_a_signature_what_they_should(
    mail_host: MailServer, postman: Postman, elsewhere: World
) -> None:
    person = await portal.register_address(await portal.register_account(), f"hanako@{SIGNED[1]}")
    sent = await sent_to_a_friend(postman, elsewhere, person)
    blanks = sent.replace(b"Subject: ", b"Subject:   ").rstrip() + b"\r\n\r\n\r\n"
    reader = await portal.new_person()
    for content in (blanks, sent):
        assert await postman.hand_in(content, CRIMINAL, reader.address, ELSEWHERE) == (250, "")
    for read in await inbox(mail_host, reader.login, PASSWORD):
        assert f"dmarc=pass (p=none dis=none) header.from={SIGNED[1]}" in results(read)
    twice = b"From: director@bank.example\r\n" + sent
    assert (await postman.hand_in(twice, CRIMINAL, reader.address, ELSEWHERE))[0] == 550


async def test_the_portals_mail_and_an_auto_reply_are_signed(postman: Postman, elsewhere: World) -> None:
    message = mail(f"mypage@{DOMAIN}", FRIEND)
    assert await postman.hand_in(message, f"mypage@{DOMAIN}", FRIEND) == (250, "")
    person = await portal.new_person()
    await portal.answer(person, "不在です", "不在です")
    await postman.send(person.address)
    assert [signers(sent.message) for sent in elsewhere.mails] == [[DOMAIN], [DOMAIN]]


async def test_a_forged_from_of_ours_is_not_signed_on_its_way_through_a_forward(
    postman: Postman, elsewhere: World
) -> None:
    person = await portal.new_person()
    await portal.forward(person, FRIEND, keep_copy=False)
    for sender in (CRIMINAL, ""):
        forged = mail(f"president@{SIGNED[1]}", person.address)
        assert await postman.hand_in(forged, sender, person.address, ELSEWHERE) == (250, "")
    assert len(elsewhere.mails) == 2
    for sent in elsewhere.mails:
        assert signers(sent.message) == []
        assert "dmarc=fail (p=none" in results(sent.message)


async def test_nobody_outside_has_a_mail_signed_by_a_headers_name(
    postman: Postman, mail_host: MailServer
) -> None:
    """The mark of a forwarded mail, from outside, spares no mail its checks."""
    person = await portal.new_person()
    forged = mail("director@bank.example", person.address)
    forged["X-Sieve-Redirected-From"] = person.address
    forged["Authentication-Results"] = ALL_PASS
    assert (await postman.hand_in(forged, CRIMINAL, person.address, ELSEWHERE))[0] == 550


# --- what comes in is its sender's ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("domain", "answer", "found"),
    [
        ("bank.example", (550, "5.7.1 rejected by DMARC policy for bank.example"), ""),
        ("shop.example", (250, ""), "dmarc=fail (p=quarantine dis=none) header.from=shop.example"),
        ("club.example", (250, ""), "dmarc=fail (p=none dis=none) header.from=club.example"),
        ("unsaid.example", (250, ""), "dkim=none"),
    ],
)
async def test_a_forged_mail_gets_what_its_domain_asks_for(
    mail_host: MailServer, postman: Postman, domain: str, answer: tuple[int, str], found: str
) -> None:
    person = await portal.new_person()
    forged = mail(f"info@{domain}", person.address)
    assert await postman.hand_in(forged, CRIMINAL, person.address, ELSEWHERE) == answer
    read = await inbox(mail_host, person.login, PASSWORD)
    assert [found in results(message) for message in read] == ([True] if found else [])


async def test_mail_from_where_the_domain_sends_passes_and_from_elsewhere_not(
    mail_host: MailServer, postman: Postman
) -> None:
    person = await portal.new_person()
    sender = "info@bank.example"
    message = mail(sender, person.address)
    message["Received-SPF"] = "pass (forged) client-ip=203.0.113.9; envelope-from=info@bank.example;"
    codes = [
        (await postman.hand_in(message, sender, person.address, place))[0]
        for place in (RIGHT_PLACE, ELSEWHERE)
    ]
    assert codes == [250, 550]
    [read] = await inbox(mail_host, person.login, PASSWORD)
    assert "dmarc=pass (p=reject dis=none) header.from=bank.example" in results(read)


async def test_results_that_a_sender_wrote_are_neither_believed_nor_shown(
    mail_host: MailServer, postman: Postman
) -> None:
    person = await portal.new_person()
    codes = []
    for domain in ("bank.example", "club.example"):
        forged = mail(f"info@{domain}", person.address)
        forged["Authentication-Results"] = ALL_PASS
        forged["Authentication-Results"] = "mail.isp.example; dmarc=pass header.from=bank.example"
        codes.append((await postman.hand_in(forged, CRIMINAL, person.address, ELSEWHERE))[0])
    assert codes == [550, 250]
    [read] = await inbox(mail_host, person.login, PASSWORD)
    assert "pass" not in results(read)


@pytest.mark.parametrize(
    "headers",
    [["info@club.example", "director@bank.example"], ["info@club.example, director@bank.example"], []],
    ids=["two", "one with two", "none"],
)
async def test_a_mail_is_from_somebody_and_from_one(postman: Postman, headers: list[str]) -> None:
    person = await portal.new_person()
    lines = [f"From: {value}" for value in headers]
    lines += [
        "Date: Mon, 30 Nov 2026 09:00:00 +0900",
        "Message-ID: <1@club.example>",
        "Subject: x",
        "",
        "x",
        "",
    ]
    content = "\r\n".join(lines).encode()
    assert (await postman.hand_in(content, "info@club.example", person.address, RIGHT_PLACE))[0] == 550


# --- a check is away --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("away", "sending"), [("clamd", (451,)), ("virus", (451, 454)), ("dkim", (451, 454)), ("dmarc", (250,))]
)
async def test_while_a_check_is_away_mail_is_put_off_and_nothing_passes_unseen(
    mail_host: MailServer, postman: Postman, away: str, sending: tuple[int, ...]
) -> None:
    """A member's mail program hears so at the login already (454), or of the mail (451)."""
    person = await portal.new_person()

    async def received() -> bool:
        return await postman.send(person.address) == (250, "")

    with mail_host.milters.without(away):
        assert (await postman.send(person.address))[0] == 451
        sent = await postman.submit(person.login, PASSWORD, person.address, person.address, wrapped=True)
        assert sent[0] in sending
    await mail_host.until(received)  # clamav-milter looks for a clamd that is back every few seconds
