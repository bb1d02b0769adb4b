"""Where one thing ends while the rest goes on: offered where an account ID is deleted, and on the page ご解約."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.domain.catalogue import NAMES, SECURITY, Product
from app.domain.changes.words import Link

if TYPE_CHECKING:
    from app.domain.access.graph import Account


def of_account(account: Account) -> list[Link]:
    """The pages where an option or a setting of the account ID ends alone; none for what it has not."""
    own = f"/accounts/{account.login}"
    options = [
        Link(f"{NAMES[product]}を解約する", f"{own}/security#{product}")
        for product in SECURITY
        if account.bought(product)
    ]
    large = account.bought(Product.MAILBOX_10GB)
    there = (
        (large, "メールボックスを1GBに戻す（10GBの解約）", "mailbox"),
        (account.web_space, "Webスペースを削除する", "web-space"),
        (account.forwarding, "メール転送をやめる", "forwarding"),
        (account.auto_reply and account.auto_reply.enabled, "自動返信をやめる", "auto-reply"),
        (account.ucom_address, "メールアドレスを他社のものに変更する", "mail-address"),
    )
    return options + [Link(text, f"{own}/{page}") for has, text, page in there if has]
