"""What members type into their programs to reach the mail and web servers: one place for receipts and pages."""

from __future__ import annotations

from app.domain import installation
from app.domain.access.graph import Account
from app.domain.changes.words import Link, Row
from app.domain.installation import Encryption

ENCRYPTIONS: dict[Encryption, str] = {"tls": "SSL/TLS", "starttls": "STARTTLS"}
"""As mail programs call them."""
PROTOCOLS = {"sftp": "SFTP", "ftps": "FTPS（FTP over TLS）"}
"""As programs for uploads call them."""
MAIL_SETTINGS = "メールソフトの設定"
WEB_SETTINGS = "Webスペースの設定"


def current() -> installation.MailSystem:
    """The names of this installation. Raises RuntimeError when they were not handed over at start."""
    return installation.mail_system()


def program_settings(login: str, address: str, password: str) -> tuple[Row, ...]:
    """What a member types into a mail program; `password`: in words which one."""
    system = current()
    return (
        Row("メールアドレス", address, code=True),
        Row("ユーザー名（アカウント名）", login, code=True),
        Row("パスワード", password),
        Row("受信サーバー（IMAP）", system.imap.host, code=True),
        Row("受信のポート", str(system.imap.port), code=True),
        Row("受信の暗号化", ENCRYPTIONS[system.imap.encryption]),
        Row("送信サーバー（SMTP）", system.submission.host, code=True),
        Row("送信のポート", str(system.submission.port), code=True),
        Row("送信の暗号化", ENCRYPTIONS[system.submission.encryption]),
        Row("送信の認証", "必要（ユーザー名とパスワードは、受信と同じ）"),
    )


def to_mail_settings(login: str) -> Link:
    """To the page that shows them, as long as the account ID has its address."""
    return Link(MAIL_SETTINGS, f"/accounts/{login}/mail-settings")


def upload_settings(account: Account) -> tuple[Row, ...]:
    """What a member types into a program for uploads, as far as the operator said it; nothing without a web space."""
    system = current()
    if account.web_space is None:
        return ()
    return (
        Row("ホームページアドレス", system.home_page(account.web_space), code=True),
        *((Row("容量", megabytes(system.web_megabytes)),) if system.web_megabytes else ()),
        *(_upload(system.upload, account.login) if system.upload else ()),
    )


def _upload(upload: installation.Upload, login: str) -> tuple[Row, ...]:
    return (
        Row("接続方法（プロトコル）", PROTOCOLS[upload.protocol]),
        Row("サーバー（ホスト名）", upload.host, code=True),
        Row("ポート", str(upload.port), code=True),
        Row("ユーザー名", login, code=True),
        Row("パスワード", "アカウントIDのパスワード"),
    )


def megabytes(number: int) -> str:
    """100MB, 1GB."""
    return f"{number // 1000}GB" if number % 1000 == 0 else f"{number}MB"


def to_web_settings(login: str) -> Link:
    """To the page that shows them, as long as the account ID has its web space."""
    return Link(WEB_SETTINGS, f"/accounts/{login}/web-settings")
