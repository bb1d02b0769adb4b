"""What the overview prints of every account ID: the rows of the accordion as plain words, whatever is open or fetched.

Plain, since every overview carries them: a row of the accordion costs five times as much to make. That both say the same
is held by a test (tests/contracts/test_overview.py).
"""

from __future__ import annotations

from app.domain import clock
from app.domain.access.graph import Account
from app.domain.access.matrix import ROLE_NAMES
from app.domain.mail import auto_reply, mailbox
from app.domain.mail import system as mail_system
from app.domain.options import security

Facts = list[tuple[str, str]]
NEEDED = "UCOM光のメールアドレスが必要です"


def facts(account: Account) -> list[tuple[str, Facts]]:
    """Of a living account ID: the titles of the accordion's sections, each with its rows."""
    return [
        ("アカウントID基本情報", _basics(account)),
        ("メールとWebスペース", _mail(account)),
        ("セキュリティオプション", [(option.name, option.state) for option in security.options(account)]),
    ]


def _basics(account: Account) -> Facts:
    return [
        ("アカウントID", account.login),
        ("氏名", account.name),
        ("氏名カナ", f"{account.family_kana} {account.given_kana}"),
        ("ユーザーネーム", account.user_name),
        ("アカウントパスワード", "*****"),
        ("アカウント権限種別", ROLE_NAMES[account.role]),
        ("メールアドレス", account.mail_address or "未登録"),
    ]


def _mail(account: Account) -> Facts:
    space = account.web_space
    home_page = mail_system.current().home_page(space) if space else "未登録"
    if not account.ucom_address:
        names = ("メールサービス", "メール転送", "自動返信")
        return [
            *((name, NEEDED) for name in names),
            ("Webスペースサービス", space or NEEDED),
            ("ホームページアドレス", home_page),
        ]
    forwarding = " ".join(account.forwarding.addresses) if account.forwarding else "転送しない"
    reply = auto_reply.in_words(account.auto_reply, clock.today())
    return [
        ("メールサービス", mailbox.size(account)),
        ("メール転送", forwarding),
        ("自動返信", " ".join(filter(None, (reply.state, reply.period, "期間外" if reply.silent else "")))),
        ("Webスペースサービス", space or "未登録"),
        ("ホームページアドレス", home_page),
    ]
