"""What the portal has to know of the mail and web servers: names that members type into their programs."""

from __future__ import annotations

from app.domain import installation
from app.domain.changes.words import Row

IMAP_PORT = 993
SUBMISSION_PORT = 587


def current() -> installation.MailSystem:
    """The names of this installation. Raises RuntimeError when they were not handed over at start."""
    return installation.mail_system()


def program_settings(login: str, address: str, password: str) -> tuple[Row, ...]:
    """What a member types into a mail program; `password`: in words which one."""
    system = current()
    return (
        Row("メールアドレス", address),
        Row("ユーザー名（アカウント名）", login),
        Row("パスワード", password),
        Row("受信サーバー（IMAP）", f"{system.imap_host}　ポート {IMAP_PORT}（SSL/TLS）"),
        Row(
            "送信サーバー（SMTP）",
            f"{system.submission_host}　ポート {SUBMISSION_PORT}（STARTTLS、認証あり）",
        ),
    )
