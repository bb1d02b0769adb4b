"""Delivery over SMTP to a real mail server: what arrives, encrypted and logged in, and what each of its answers means."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from email.headerregistry import Address
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP

from app.domain.letters.outbox import Away, DueMail, NotNow, RefusedForGood
from app.mailing import transport
from app.settings import Smtp
from tests import smtp_server
from tests.conftest import SETTINGS
from tests.smtp_server import MailServer

FROM = "mypage@example.jp"
MAIL = DueMail(
    id=1,
    recipient="taro@example.jp",
    subject="【マイページ】髙﨑①様のアカウントID登録完了のお知らせ",
    body="髙﨑①様\n\nいつもご利用いただき、ありがとうございます。\n.\n.. ～−ー\n",
    message_id="<8f14e45f-ceea-4672-8c1b-5a3b1f6f1c11@example.jp>",
    posted_at=datetime(2026, 1, 9, 15, 4, 5, tzinfo=UTC),
    due_at=datetime(2026, 1, 9, 15, 14, 5, tzinfo=UTC),
    tries=1,
)


@pytest.fixture
async def starttls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[MailServer]:
    """A mail server that asks for STARTTLS and a login, with a certificate that is trusted."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
    async with smtp_server.listening(tmp_path, "starttls") as server:
        yield server


async def deliver(server: Smtp, *mails: DueMail) -> None:
    async with transport.over_smtp("髙﨑通信", FROM, server) as send:
        for mail in mails:
            await send(mail)


# --- what arrives -----------------------------------------------------------------------------------------------------


async def test_a_mail_arrives_as_it_was_written_encrypted_and_logged_in(starttls: MailServer) -> None:
    await deliver(starttls.settings, MAIL)
    (envelope,), (message,) = starttls.envelopes, starttls.messages
    assert (envelope.mail_from, envelope.rcpt_tos) == (FROM, ["taro@example.jp"])
    assert starttls.encrypted == [True]
    assert starttls.logins == [smtp_server.USER]
    assert message["Subject"] == MAIL.subject
    assert message.get_content() == MAIL.body
    assert message["From"].addresses == (Address("髙﨑通信", addr_spec=FROM),)
    assert message["To"] == "taro@example.jp"
    assert message["Date"].datetime == MAIL.posted_at
    assert str(message["Date"]).endswith("+0900")
    assert message["Message-ID"] == MAIL.message_id
    assert message["Auto-Submitted"] == "auto-generated"
    assert (message["Content-Type"].params["charset"], message["Content-Transfer-Encoding"]) == (
        "utf-8",
        "base64",
    )


async def test_every_line_of_a_mail_is_short_and_ascii(starttls: MailServer) -> None:
    await deliver(starttls.settings, replace(MAIL, subject="髙" * 200, body="髙﨑①" * 2000))
    content = starttls.envelopes[0].content
    assert isinstance(content, bytes)
    assert content.isascii()
    assert max(len(line) for line in content.split(b"\r\n")) <= 78
    assert starttls.messages[0]["Subject"] == "髙" * 200


async def test_the_mails_of_a_round_share_a_connection_and_a_round_without_one_makes_none(
    starttls: MailServer,
) -> None:
    await deliver(starttls.settings)
    assert starttls.logins == []
    await deliver(starttls.settings, MAIL, MAIL, MAIL)
    assert len(starttls.envelopes) == 3
    assert starttls.logins == [smtp_server.USER]


async def test_a_connection_can_be_tls_from_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
    with pytest.warns(UserWarning, match="not requiring TLS"):
        async with smtp_server.listening(tmp_path, "tls") as server:
            await deliver(server.settings, MAIL)
    assert server.logins == [smtp_server.USER]
    assert len(server.envelopes) == 1


async def test_a_server_on_the_loopback_may_do_without_tls_and_login(tmp_path: Path) -> None:
    async with smtp_server.listening(tmp_path) as server:
        await deliver(server.settings, MAIL)
    assert server.encrypted == [False]
    assert server.messages[0].get_content() == MAIL.body


async def test_an_address_with_a_japanese_domain_is_written_in_ascii(starttls: MailServer) -> None:
    await deliver(starttls.settings, replace(MAIL, recipient="taro@例え.jp"))
    assert starttls.envelopes[0].rcpt_tos == ["taro@xn--r8jz45g.jp"]


@pytest.mark.parametrize("recipient", ["a..b@docomo.ne.jp", "abc.@ezweb.ne.jp", ".abc@docomo.ne.jp"])
async def test_an_address_with_the_dots_of_former_days_is_written_in_quotes(
    starttls: MailServer, recipient: str
) -> None:
    local, _, domain = recipient.partition("@")
    quoted = f'"{local}"@{domain}'
    with smtp_server.as_written() as seen:
        await deliver(starttls.settings, replace(MAIL, recipient=recipient))
    assert seen == [FROM, quoted]
    content = starttls.envelopes[0].content
    assert isinstance(content, bytes)
    assert f"\r\nTo: {quoted}\r\n".encode() in content


# --- what cannot be sent ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "recipient",
    [
        "taro",
        "a@example.jp, b@example.jp",
        "a@example.jp\r\nBcc: b@example.jp",
        "a@example.jp> SIZE=1",
        "山田 <a@example.jp>",
        'a".."b@example.jp',
        "a..b\r\nBcc: c@example.jp",
        "a..b>@example.jp> SIZE=1",
        "",
    ],
)
async def test_what_is_not_one_address_is_refused_for_good_and_never_sent(
    starttls: MailServer, recipient: str
) -> None:
    with pytest.raises(RefusedForGood, match="not a mail address"):
        await deliver(starttls.settings, replace(MAIL, recipient=recipient))
    assert starttls.envelopes == []


@pytest.mark.parametrize(
    "subject", ["x\r\nBcc: b@example.jp", "x\nBcc: b@example.jp", "x\rBcc: b@example.jp"]
)
async def test_a_line_break_in_the_subject_makes_no_header(starttls: MailServer, subject: str) -> None:
    with pytest.raises(RefusedForGood, match="no mail can be made"):
        await deliver(starttls.settings, replace(MAIL, subject=subject))
    assert starttls.envelopes == []


# --- what the answers mean --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "meaning"), [("550 no such user", RefusedForGood), ("450 greylisted", NotNow)]
)
async def test_an_answer_about_the_recipient_concerns_that_mail_alone(
    starttls: MailServer, answer: str, meaning: type[Exception]
) -> None:
    starttls.to_recipient = lambda address: answer if address == "taro@example.jp" else smtp_server.OK
    async with transport.over_smtp("試験通信", FROM, starttls.settings) as send:
        with pytest.raises(meaning, match=answer):
            await send(MAIL)
        await send(replace(MAIL, recipient="jiro@example.jp"))
    assert [envelope.rcpt_tos for envelope in starttls.envelopes] == [["jiro@example.jp"]]
    assert starttls.logins == [smtp_server.USER]


@pytest.mark.parametrize(("answer", "meaning"), [("554 is spam", RefusedForGood), ("452 disk full", NotNow)])
async def test_an_answer_about_the_text_concerns_that_mail_alone(
    starttls: MailServer, answer: str, meaning: type[Exception]
) -> None:
    starttls.to_mail = lambda _: answer
    with pytest.raises(meaning, match=answer):
        await deliver(starttls.settings, MAIL)


async def test_a_connection_that_breaks_in_the_middle_of_a_mail_is_made_anew_for_the_next(
    starttls: MailServer,
) -> None:
    def hang_up(server: SMTP) -> str:
        starttls.to_mail = lambda _: smtp_server.OK
        assert server.transport
        server.transport.close()
        return smtp_server.OK

    starttls.to_mail = hang_up
    async with transport.over_smtp("試験通信", FROM, starttls.settings) as send:
        with pytest.raises(NotNow, match="the connection failed"):
            await send(MAIL)
        await send(MAIL)
    assert [message["Message-ID"] for message in starttls.messages] == [MAIL.message_id] * 2
    assert len(starttls.logins) == 2


async def test_a_sender_that_is_not_taken_concerns_every_mail(
    starttls: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def handle_mail(*_: object) -> str:
        return "553 not yours"

    monkeypatch.setattr(MailServer, "handle_MAIL", handle_mail, raising=False)
    with pytest.raises(Away, match=f"{FROM}: 553 not yours"):
        await deliver(starttls.settings, MAIL)


async def test_a_wrong_password_concerns_every_mail_and_is_not_repeated(starttls: MailServer) -> None:
    with pytest.raises(Away, match="535") as away:
        await deliver(replace(starttls.settings, password="wrong-word"), MAIL)
    assert "wrong-word" not in str(away.value)


async def test_a_certificate_that_nobody_vouches_for_is_not_trusted_with_the_password(tmp_path: Path) -> None:
    async with smtp_server.listening(tmp_path, "starttls") as server:
        with pytest.raises(Away, match=r"(?i)certificate"):
            await deliver(server.settings, MAIL)
    assert server.logins == []


async def test_a_server_without_starttls_is_not_trusted_with_the_password(tmp_path: Path) -> None:
    async with smtp_server.listening(tmp_path) as server:
        with pytest.raises(Away, match=r"(?i)starttls"):
            await deliver(replace(server.settings, security="starttls", user="mypage", password="x"), MAIL)
    assert server.logins == []


async def test_a_server_that_is_not_there_is_away(tmp_path: Path) -> None:
    async with smtp_server.listening(tmp_path) as server:
        pass
    with pytest.raises(Away, match=r"127\.0\.0\.1"):
        await deliver(server.settings, MAIL)


@pytest.mark.slow
async def test_a_server_that_never_answers_is_away_after_a_bounded_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(transport, "PATIENCE", 0.1)
    never = asyncio.Event()

    async def silent(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await never.wait()
        writer.close()

    async with await asyncio.start_server(silent, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(Away):
            await deliver(Smtp("127.0.0.1", port, "", "", "none"), MAIL)
        never.set()


# --- the demo, and the choice -----------------------------------------------------------------------------------------


async def test_the_demo_delivers_by_showing_and_the_settings_choose(starttls: MailServer) -> None:
    async with transport.delivery("試験通信", SETTINGS.mail) as send:
        await send(MAIL)
    assert starttls.envelopes == []
    async with transport.delivery("試験通信", replace(SETTINGS.mail, server=starttls.settings)) as send:
        await send(MAIL)
    assert len(starttls.envelopes) == 1
