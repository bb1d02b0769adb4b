"""What members do in the portal, as far as the mail server sees it.

As rows, because each page would take longer; test_from_page_to_mailbox.py goes the whole way over the pages.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from app.domain import clock, tables
from app.domain.access import passwords
from app.domain.changes import asking
from app.domain.mail import app_passwords
from app.domain.mail.app_passwords import MakeAppPassword
from tests import households
from tests.mail_server.servers import DOMAIN

PASSWORD = "abc12345"

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Person:
    """An account ID with a mail address."""

    contract: int
    account: int
    login: str
    password: str
    address: str

    @property
    def own(self) -> dict[str, Any]:
        """What a row of this account ID begins with."""
        return {"contract": self.contract, "account": self.account}


async def register_account(password_hash: str | None = None) -> Person:
    """A new account ID, without an address yet."""
    login = f"hikari-{next(_numbers):03}"
    contract = await households.new_contract()
    hashed = password_hash or passwords.hash_now(PASSWORD, peppered=False)
    account = await households.new_account(contract, login, 1, password_hash=hashed)
    return Person(contract, account, login, PASSWORD, "")


async def register_address(person: Person, address: str | None = None) -> Person:
    """メールアドレス登録, choice A."""
    registered = replace(person, address=address or f"taro.{next(_numbers)}@{DOMAIN}")
    await tables.MailAddress(**person.own, address=registered.address, registered_at=clock.now()).save()
    await tables.Mailbox(**person.own, opened_at=clock.now()).save()
    return registered


async def new_person(password_hash: str | None = None) -> Person:
    return await register_address(await register_account(password_hash))


async def change_address(person: Person) -> Person:
    """From A to another A: the mailbox stays."""
    await _release_address(person)
    address = f"jiro.{next(_numbers)}@{DOMAIN}"
    await tables.MailAddress(**person.own, address=address, registered_at=clock.now()).save()
    return replace(person, address=address)


async def leave_for_another_company(person: Person) -> None:
    """メールアドレス変更 from A to B: the stored mail is lost."""
    await _release_address(person)
    await tables.Mailbox.update({tables.Mailbox.retired_at: clock.now()}).where(
        tables.Mailbox.account == person.account, tables.Mailbox.retired_at.is_null()
    )


async def delete_account(person: Person) -> None:
    """アカウントID削除."""
    await leave_for_another_company(person)
    await tables.Account.update({tables.Account.deleted_at: clock.now()}).where(
        tables.Account.id == person.account
    )


async def change_password(person: Person, password: str) -> Person:
    hashed = passwords.hash_now(password, peppered=False)
    await tables.Account.update({tables.Account.password_hash: hashed}).where(
        tables.Account.id == person.account
    )
    return replace(person, password=password)


async def forward(person: Person, *addresses: str, keep_copy: bool) -> None:
    """メール転送."""
    await tables.Forwarding(**person.own, addresses=list(addresses), keep_copy=keep_copy).save()


async def answer(
    person: Person, subject: str, body: str, starts_on: date | None = None, ends_on: date | None = None
) -> None:
    """自動返信, switched on. A second time it changes."""
    await tables.AutoReply.delete().where(tables.AutoReply.account == person.account)
    text: dict[str, Any] = {"subject": subject, "body": body, "starts_on": starts_on, "ends_on": ends_on}
    await tables.AutoReply(**person.own, **text, enabled=True).save()


async def stop_answering(person: Person) -> None:
    await tables.AutoReply.update({tables.AutoReply.enabled: False}).where(
        tables.AutoReply.account == person.account
    )


async def buy_ten_gigabytes(person: Person) -> None:
    """メールボックス容量変更 to 10 GB."""
    await tables.ServicePeriod(**person.own, product="mailbox-10gb", started_at=clock.now()).save()


async def app_password(person: Person, called: str) -> str:
    """メールソフト用パスワード作成: the password."""
    member = await households.log_in(person.contract, person.account)
    change = await asking.ask(member, MakeAppPassword(person.login, called))
    await asking.confirm(member, change)
    return (await asking.find(member, change)).peek


async def remove_app_password(person: Person, slot: int) -> None:
    """メールソフト用パスワード削除."""
    member = await households.log_in(person.contract, person.account)
    removal = app_passwords.removal(member.account(person.login), str(slot))
    await asking.confirm(member, await asking.ask(member, removal))


async def mailbox_of(person: Person) -> int:
    """The id of the mailbox in use."""
    found = await tables.Mailbox.objects().get(
        (tables.Mailbox.account == person.account) & tables.Mailbox.retired_at.is_null()
    )
    assert found
    return int(found.id)


async def _release_address(person: Person) -> None:
    await tables.MailAddress.update({tables.MailAddress.released_at: clock.now()}).where(
        tables.MailAddress.account == person.account, tables.MailAddress.released_at.is_null()
    )
