"""The operator's mail and web servers, as members type them into their programs, read from the environment."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import cast, get_args

from app.domain.installation import Encryption, MailServer, MailSystem, Upload, UploadProtocol
from app.settings.variables import needed, number

PORTS: dict[str, int] = {"sftp": 22, "ftps": 21}
"""Of an upload whose address names no port. FTPS begins as FTP and is encrypted before the login (RFC 4217)."""
MOST_MEGABYTES = 99_999


def read(environment: Mapping[str, str], hosts: Collection[str], wrong: list[str]) -> MailSystem:
    """`hosts`: the names of the portal itself."""
    return MailSystem(
        domain=needed(environment, "MYPAGE_MAIL_DOMAIN", wrong, "mail.example.jp").lower(),
        imap=MailServer(
            needed(environment, "MYPAGE_IMAP_HOST", wrong, "imap.example.jp"),
            number(environment, "MYPAGE_IMAP_PORT", 993, 65535, wrong),
            _encryption(environment, "MYPAGE_IMAP_SECURITY", "tls", wrong),
        ),
        submission=MailServer(
            needed(environment, "MYPAGE_SUBMISSION_HOST", wrong, "smtp.example.jp"),
            number(environment, "MYPAGE_SUBMISSION_PORT", 587, 65535, wrong),
            _encryption(environment, "MYPAGE_SUBMISSION_SECURITY", "starttls", wrong),
        ),
        web_host=web_host(environment, hosts, wrong),
        upload=_upload(environment, wrong),
        web_megabytes=_megabytes(environment, wrong),
    )


def _encryption(
    environment: Mapping[str, str], name: str, preset: Encryption, wrong: list[str]
) -> Encryption:
    """A password goes over it, so there is no third choice."""
    chosen = environment.get(name, "").strip() or preset
    if chosen not in get_args(Encryption):
        wrong.append(f"{name} is {chosen!r}: tls or starttls is wanted")
    return cast(Encryption, chosen)


def web_host(environment: Mapping[str, str], hosts: Collection[str], wrong: list[str]) -> str:
    """Where members put pages of their own, so never a name of the portal: their scripts would be its own."""
    name = "MYPAGE_WEB_HOST"
    value = needed(environment, name, wrong, "home.example.jp")
    if value.lower() in hosts:
        wrong.append(
            f"{name} is {value!r}, which MYPAGE_HOSTS names too: home pages need a name of their own"
        )
    return value


def _upload(environment: Mapping[str, str], wrong: list[str]) -> Upload | None:
    """A password goes over it, too: plain FTP is none."""
    value = environment.get("MYPAGE_WEB_UPLOAD", "").strip()
    found = _UPLOAD.fullmatch(value)
    port = int(found["port"] or PORTS[found["protocol"]]) if found else 0
    if found and 1 <= port <= 65535:
        return Upload(cast(UploadProtocol, found["protocol"]), found["host"], port)
    if value:
        wrong.append(f"MYPAGE_WEB_UPLOAD is {value!r}: sftp://host, ftps://host or one with :port is wanted")
    return None


_UPLOAD = re.compile(r"(?P<protocol>sftp|ftps)://(?P<host>[A-Za-z0-9.-]{1,253})(:(?P<port>[0-9]{1,5}))?/?")


def _megabytes(environment: Mapping[str, str], wrong: list[str]) -> int | None:
    if not environment.get("MYPAGE_WEB_MEGABYTES", "").strip():
        return None
    return number(environment, "MYPAGE_WEB_MEGABYTES", 1, MOST_MEGABYTES, wrong)
