"""`mypage check` on the mail server: it is asked all that a mail needs, and gets none."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from app.checks import Finding, Looked, smtp
from app.settings import Mail, Smtp
from tests import smtp_server
from tests.commands.programs import free_port
from tests.conftest import SETTINGS
from tests.smtp_server import MailServer

FROM = "mypage@example.jp"
LONG = timedelta(days=90)


async def looked_at(server: Smtp) -> list[Finding]:
    """In a thread of its own, as the checks run."""
    return await asyncio.to_thread(
        lambda: [*smtp.server(Looked({}, given=replace(SETTINGS, mail=Mail(FROM, server))))]
    )


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Requiring AUTH")  # aiosmtpd does not see that all of it is TLS
@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_a_server_that_takes_the_portals_mails_is_in_order_and_gets_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, security: str
) -> None:
    async with smtp_server.listening(tmp_path, security, good_for=LONG) as server:  # type: ignore[arg-type]
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
        found = await looked_at(server.settings)
    assert [(one.check, one.outcome) for one in found] == [
        ("mail server", "ok"),
        ("mail server", "ok"),
        ("sender's address", "ok"),
    ]
    assert "in 89 days" in found[1].text
    assert (server.logins, server.envelopes) == ([smtp_server.USER], [])


def _another_password(server: MailServer) -> Smtp:
    return replace(server.settings, password="another")


def _refused_sender(server: MailServer) -> Smtp:
    server.to_sender = lambda _: "550 5.7.1 not yours"
    return server.settings


def _refused_bounces(server: MailServer) -> Smtp:
    server.to_recipient = lambda _: "550 5.1.1 nobody here"
    return server.settings


def _wrong_way(server: MailServer) -> Smtp:
    return replace(server.settings, security="tls")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mended", "check", "outcome", "said"),
    [
        (_another_password, "mail server", "failure", "refuses the login of mypage: 535"),
        (
            _refused_sender,
            "sender's address",
            "failure",
            f"it takes no mail from {FROM}: 550 5.7.1 not yours",
        ),
        (_refused_bounces, "sender's address", "warning", "and none to it: 550 5.1.1 nobody here"),
        (_wrong_way, "mail server", "failure", "no TLS can be agreed on"),
        (
            lambda server: server.settings,
            "mail server",
            "warning",
            "in 0 days (from then on nobody is let through)",
        ),
    ],
)
async def test_what_a_server_refuses_is_said_with_what_to_do(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    mended: Callable[[MailServer], Smtp],
    check: str,
    outcome: str,
    said: str,
) -> None:
    async with smtp_server.listening(tmp_path, "starttls") as server:
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
        found = await looked_at(mended(server))
    (one,) = [one for one in found if one.outcome == outcome and said in one.text]
    assert (one.check, bool(one.why and one.remedy)) == (check, True)
    assert "another" not in one.text
    assert server.envelopes == []


@pytest.mark.slow
async def test_a_certificate_that_this_machine_does_not_know_is_said(tmp_path: Path) -> None:
    async with smtp_server.listening(tmp_path, "starttls", good_for=LONG) as server:
        (one,) = await looked_at(server.settings)
    assert (one.outcome, server.logins) == ("failure", [])
    assert "its certificate is not believed: self-signed certificate" in one.text
    assert "SSL_CERT_FILE" in one.remedy


async def test_a_server_that_offers_no_tls_gets_no_password(tmp_path: Path) -> None:
    async with smtp_server.listening(tmp_path) as server:
        (one,) = await looked_at(Smtp("127.0.0.1", server.port, "mypage", "secret-of-smtp", "starttls"))
    assert (one.outcome, server.logins) == ("failure", [])
    assert "cannot be used by starttls" in one.text
    assert "secret-of-smtp" not in one.text


async def test_a_server_that_is_away_or_silent_is_said_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smtp, "PATIENCE", 0.2)
    (away,) = await looked_at(Smtp("127.0.0.1", free_port(), "", "", "none"))
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        (one,) = await looked_at(Smtp("127.0.0.1", silent.getsockname()[1], "", "", "none"))
    for found in (away, one):
        assert found.outcome == "failure"
        assert "cannot be used by none" in found.what
        assert found.remedy.startswith("start it, let this machine in")


async def test_without_a_login_none_is_tried(tmp_path: Path) -> None:
    async with smtp_server.listening(tmp_path) as server:
        found = await looked_at(server.settings)
    assert [one.outcome for one in found] == ["ok", "ok"]
    assert "no TLS, on this machine, no login" in found[0].text
