"""Addresses at a domain of ours that somebody names as his own elsewhere: whose mailbox is behind one, if any is.

Other addresses are not our matter; what is said here of one holds if its domain is ours, today's or an earlier one.
"""

from __future__ import annotations

from app.domain.fields import Wrong
from app.domain.mail import system as mail_system
from app.postgres import database


def mailbox_of(address: str) -> str:
    """The address whose mailbox mail to it comes to: letters are small there, and `name+anything` is `name`'s."""
    local, _, domain = address.lower().rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"


async def nobody_behind(addresses: list[str]) -> set[str]:
    """Those that are at a domain of ours and nobody's: never given out, or given up, which is for ever."""
    boxes = [mailbox_of(address) for address in addresses]
    found = await database.rows(_NOBODYS, boxes, mail_system.current().domain) if boxes else []
    nobodys = {row["address"] for row in found}
    return {address for address, box in zip(addresses, boxes, strict=True) if box in nobodys}


def nobody_reason(address: str) -> str:
    """Why such an address is not taken."""
    return f"{address} は当社のメールアドレスですが、使っている方がいません。別のメールアドレスを入力してください。"


async def somebodys(address: str) -> str:
    """The address; raises Wrong when it is at a domain of ours and nobody is behind it."""
    if await nobody_behind([address]):
        raise Wrong(nobody_reason(address))
    return address


# SQL for split_part(), by which the index of the domains is asked, and for many addresses in one statement.
_NOBODYS = """
SELECT address FROM unnest($1::text[]) AS asked (address)
WHERE (split_part(address, '@', 2) = $2
    OR EXISTS (SELECT FROM mail_address m WHERE split_part(m.address, '@', 2) = split_part(asked.address, '@', 2)))
  AND NOT EXISTS (SELECT FROM mail_address m WHERE m.address = asked.address AND m.released_at IS NULL)
"""
