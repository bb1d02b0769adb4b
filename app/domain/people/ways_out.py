"""Where one thing ends while the rest goes on: offered where an account ID is deleted, and on the page ご解約."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.domain import catalogue
from app.domain.changes.words import Link
from app.domain.mail import mailbox

if TYPE_CHECKING:
    from app.domain.access.graph import Account


def of_account(account: Account) -> list[Link]:
    """The pages where an option or a setting of the account ID ends alone; none for what it has not."""
    own = f"/accounts/{account.login}"
    options = [
        Link(f"{catalogue.name(product)}を解約する", f"{own}/security#{product}")
        for product in catalogue.licences()
        if account.bought(product)
    ]
    large, small = mailbox.large(account), catalogue.limits().mailbox_gigabytes
    there = (
        (large, f"メールボックスを{small}GBに戻す（{mailbox.gigabytes()}GBの解約）", "mailbox"),
        (account.web_space, "Webスペースを削除する", "web-space"),
        (account.forwarding, "メール転送をやめる", "forwarding"),
        (account.auto_reply and account.auto_reply.enabled, "自動返信をやめる", "auto-reply"),
        (account.ucom_address, "メールアドレスを他社のものに変更する", "mail-address"),
    )
    return options + [Link(text, f"{own}/{page}") for has, text, page in there if has]
