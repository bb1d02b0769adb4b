"""What staff and cron run beside a server: the schema, bills, licence keys, requests, mails, cards."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable

from app import database, settings
from app.commands.running import Mistake, fit_for_licences, migrated, progress, reached, with_database
from app.domain import billing, clock, data_keys, licences


def migrate(_: argparse.Namespace) -> None:
    from app import migrate as schema

    with reached() as connection:
        try:
            done = asyncio.run(with_database(connection, schema.migrate))
        except schema.TooOld as error:
            raise Mistake(str(error)) from error
    print("\n".join(f"migrated: {name}" for name in done) or "nothing to migrate")


def renew_licences(_: argparse.Namespace) -> None:
    data_keys.use(settings.data_keys())

    async def renew() -> int:
        await fit_for_licences()
        return await licences.renew()

    with reached() as connection:
        done = asyncio.run(with_database(connection, renew))
    print(f"{done} PINs encrypted with the newest key; the older keys are needed no more")


def close_bills(chosen: argparse.Namespace) -> None:
    from app.domain import ledger

    month: billing.Month = chosen.month

    async def close() -> ledger.Closed:
        await migrated()
        return await ledger.close(month, shown)

    with reached() as connection, progress(f"bill {month.iso}", "contracts") as shown:
        try:
            done = asyncio.run(with_database(connection, close))
        except ledger.NotNow as error:
            raise Mistake(str(error)) from error
    said = "was closed before; nothing changed" if done.before else "closed"
    print(f"{month.iso} {said}: {done.charges:,} charges, {done.yen:,} yen with tax")


def list_requests(_: argparse.Namespace) -> None:
    from app.domain import papers

    with reached() as connection:
        waiting = asyncio.run(with_database(connection, papers.waiting))
    print("id\tasked\tcustomer number\tpaper\tsend to")
    for request in waiting:
        asked = f"{request.asked_at.astimezone(clock.TOKYO):%Y-%m-%dT%H:%M}"
        print(request.id, asked, request.customer_number, request.name, request.sent_to, sep="\t")


def finish_requests(chosen: argparse.Namespace) -> None:
    from app import mail_transport
    from app.domain import outbox, papers

    outbox.write_as(mail_transport.sender(*settings.writer()))

    async def finish() -> None:
        async with database.engine().transaction():
            for identity in chosen.id:
                await papers.done(identity)

    with reached() as connection:
        try:
            asyncio.run(with_database(connection, finish))
        except papers.NotWaiting as error:
            raise Mistake(
                f"no request {error} waits, nothing was noted: see `mypage requests list`"
            ) from error
    print(f"{len(chosen.id)} requests done")


def deliver_mails(_: argparse.Namespace) -> None:
    from app import mail_transport
    from app.domain import outbox

    operator, mail = settings.delivery()

    async def deliver() -> outbox.Delivered:
        async with mail_transport.delivery(operator, mail) as send:
            return await outbox.deliver_due(send, limit=sys.maxsize)

    with reached() as connection:
        done = asyncio.run(with_database(connection, deliver))
    print(f"{done.sent} sent, {done.put_off} put off, {done.refused} refused")
    if done.away:
        raise Mistake(done.away)


def list_mails(_: argparse.Namespace) -> None:
    from app.domain import outbox

    with reached() as connection:
        mails = asyncio.run(with_database(connection, outbox.undelivered))
    print("id\tstate\tposted\trecipient\tsubject\ttries\tproblem")
    for mail in mails:
        state = "refused" if mail.refused_at else "waiting"
        posted = f"{mail.posted_at.astimezone(clock.TOKYO):%Y-%m-%dT%H:%M}"
        print(mail.id, state, posted, mail.recipient, mail.subject, mail.tries, mail.problem or "", sep="\t")


def list_payments(_: argparse.Namespace) -> None:
    from app.domain import card_checks

    with reached() as connection:
        waiting = asyncio.run(with_database(connection, card_checks.waiting))
    print("id\tasked\tcustomer\tcontractor\tkana\tholder\tbrand\tlast4\texpires")
    for card in waiting:
        asked = f"{card.asked_at.astimezone(clock.TOKYO):%Y-%m-%dT%H:%M}"
        whose = card.customer_number, card.contractor, card.contractor_kana
        print(card.id, asked, *whose, card.holder, card.brand, card.last4, card.expires, sep="\t")


def approve_payment(chosen: argparse.Namespace) -> None:
    from app.domain import card_checks

    _decide(chosen.id, card_checks.approve)
    print(f"card {chosen.id} is the contract's now; the customer is told by mail")


def refuse_payment(chosen: argparse.Namespace) -> None:
    from app.domain import card_checks

    _decide(chosen.id, card_checks.refuse)
    print(f"card {chosen.id} is refused; the customer is told by mail")


def _decide(identity: int, decide: Callable[[int], Awaitable[None]]) -> None:
    from app import mail_transport
    from app.domain import card_checks, outbox

    outbox.write_as(mail_transport.sender(*settings.writer()))
    with reached() as connection:
        try:
            asyncio.run(with_database(connection, lambda: decide(identity)))
        except card_checks.NotWaiting as error:
            raise Mistake(
                f"no card waits as {identity}; `mypage payments list` shows those that do"
            ) from error
        except card_checks.Expired as error:
            raise Mistake(f"card {identity} expired while it waited: refuse it") from error
