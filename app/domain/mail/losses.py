"""What goes with a UCOM address: a row each, said before it is given up and on the receipt after it (spec 5, 6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.domain.catalogue import GIGABYTE
from app.domain.changes.words import Row
from app.domain.mail import system as mail_system

if TYPE_CHECKING:
    from app.domain.access.graph import Account

MEGABYTE = GIGABYTE // 1024
UNKNOWN = "使用量は不明"


def used(account: Account) -> str:
    """How much is in the mailbox, in words, where the mail system reports it."""
    if account.mailbox_bytes is None:
        return UNKNOWN
    if account.mailbox_bytes == 0:
        return "使用量 0MB"
    if account.mailbox_bytes < MEGABYTE:
        return "使用量 1MB未満"
    if account.mailbox_bytes < GIGABYTE:
        return f"使用量 約{account.mailbox_bytes // MEGABYTE}MB"
    return f"使用量 約{account.mailbox_bytes / GIGABYTE:.1f}GB"


def of_address(account: Account) -> list[Row]:
    """What the account ID loses for ever with its UCOM address and web space; nothing where it has none.

    Of the forwarding and of the auto-reply it says that they are there: whereto and what is the owner's alone.
    """
    rows: list[Row] = []
    if account.ucom_address:
        rows += [
            Row("失われるメール", f"保存されているメールすべて（{used(account)}）"),
            Row("二度と登録できないメールアドレス", account.ucom_address),
        ]
    if account.forwarding:
        rows.append(Row("止まるメール転送", f"{len(account.forwarding.addresses)}件の転送先への転送"))
    if account.auto_reply:
        state = "利用中の自動返信と、" if account.auto_reply.enabled else ""
        rows.append(Row("失われる自動返信", f"{state}その件名と本文"))
    if account.app_passwords:
        rows.append(Row("使えなくなるメールソフト用パスワード", f"{len(account.app_passwords)}個"))
    if account.web_space:
        url = mail_system.current().home_page(account.web_space)
        rows.append(
            Row(
                "なくなるホームページ", f"{url}\nファイルはすべて失われます。同じ名前は二度と登録できません。"
            )
        )
    return rows


def lines(rows: list[Row]) -> tuple[str, ...]:
    """The rows as a mail says them."""
    return tuple(f"{row.label}：{' '.join(row.value.splitlines())}" for row in rows)
