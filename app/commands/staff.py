"""What staff and cron run beside a server: the schema, bills, events, licence keys, requests, mails, cards."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from app import settings
from app.commands.listing import print_rows
from app.commands.running import (
    fit_for_licences,
    log_to_stderr,
    migrated,
    owned,
    progress,
    reached,
    with_database,
    written_whole,
)
from app.domain import installation
from app.domain.installation import Installation
from app.log_lines import say
from app.mistake import Mistake
from app.postgres import database

if TYPE_CHECKING:
    from app.domain import tables
    from app.domain.cards.checks import Decided
    from app.domain.months import Month

T = TypeVar("T")


def print_roles(_: argparse.Namespace) -> None:
    """An operator has the wheel and no checkout: where its files lie is nothing to look for."""
    from app.resources import ops_folder

    print((ops_folder() / "postgres" / "roles.sql").read_text(encoding="utf-8"), end="")


def migrate(_: argparse.Namespace) -> None:
    from app.domain.catalogue import file as files
    from app.domain.catalogue import kept
    from app.domain.money import issuing
    from app.postgres import migrate as schema

    async def brought_up_to_date() -> tuple[list[str], bool, list[Month]]:
        return await schema.migrate(), await kept.must_be_there(), await issuing.nobody_named()

    with reached(making=True) as connection:
        done, shipped, unnamed = asyncio.run(with_database(connection, brought_up_to_date))
    print("\n".join(f"migrated: {name}" for name in done) or "nothing to migrate")
    if shipped:
        print(
            f"loaded the catalogue that is shipped, {files.SHIPPED}: `mypage import catalogue FILE` puts yours in its place"
        )
    if unnamed:
        print(
            f"the bills of {unnamed[0].iso} to {unnamed[-1].iso} do not say yet who issued them: the next `mypage serve` or "
            "`mypage bill close` writes it down from its settings, once and for all; look at them before"
        )


def renew_licences(_: argparse.Namespace) -> None:
    from app.domain.access import totp
    from app.domain.options import licences

    installation.use(Installation(data_keys=settings.data_keys()))

    async def renew() -> tuple[int, int]:
        return await licences.renew(), await totp.renew()

    async def fit() -> None:
        await fit_for_licences()
        await owned()

    pins, apps = _run(renew, fit)
    print(
        f"{pins} PINs encrypted with the newest key, and the secrets of {apps} authenticator apps; "
        "the older keys are needed no more"
    )


def close_bills(chosen: argparse.Namespace) -> None:
    from app.domain.money import ledger

    month: Month = chosen.month
    installation.use(Installation(sender=settings.writer(), issuer=settings.issuer()))
    with progress(f"bill {month.iso}", "contracts") as shown:
        try:
            done = _run(lambda: ledger.close(month, shown), owned)
        except ledger.NotClosable as error:
            raise Mistake(str(error)) from error
    said = "was closed before; nothing changed" if done.before else "closed"
    print(f"{month.iso} {said}: {done.charges:,} charges, {done.yen:,} yen with tax")


def export_bills(chosen: argparse.Namespace) -> None:
    from app.domain.money import bill_export

    month: Month = chosen.month

    async def export() -> tuple[int, int]:
        await bill_export.must_be_closed(month)  # before a file is made
        with written_whole(chosen.out) as file:
            return await bill_export.export(month, file)

    try:
        lines, yen = _run(export, owned)
    except bill_export.NotClosed as error:
        raise Mistake(str(error)) from error
    except OSError as error:
        raise Mistake(f"{chosen.out or 'the output'} cannot be written: {error.strerror}") from error
    say(f"{month.iso}: {lines:,} charges, {yen:,} yen with tax")


def restart_events(_: argparse.Namespace) -> None:
    from app.domain import events

    epoch = _run(events.restart, owned)
    print(f"epoch {epoch} has begun: every reader stops, and has to copy the views anew before it reads on")


def list_readers(_: argparse.Namespace) -> None:
    from app.domain import events

    found = _run(events.readers)
    print_rows(
        ("name", "login", "read", "behind"),
        (
            (one.name, one.login, one.read_at, "another epoch" if one.behind is None else one.behind)
            for one in found
        ),
    )


def forget_reader(chosen: argparse.Namespace) -> None:
    from app.domain import events

    try:
        _run(lambda: events.forget(chosen.name), owned)
    except events.NoReader as error:
        raise Mistake(f"there is no reader {error}: see `mypage events readers`") from error
    print(f"nothing is kept for {chosen.name} any more")


def list_requests(chosen: argparse.Namespace) -> None:
    from app.domain.people import papers

    if chosen.sent:
        print_rows(
            ("id", "asked", "sent", "received", "customer number", "paper"),
            (
                (one.id, one.asked_at, one.done_at, one.received_at or "", one.customer_number, one.name)
                for one in _run(papers.sent)
            ),
        )
        return
    print_rows(
        ("id", "asked", "customer number", "paper", "send to"),
        ((one.id, one.asked_at, one.customer_number, one.name, one.sent_to) for one in _run(papers.waiting)),
    )


def finish_requests(chosen: argparse.Namespace) -> None:
    from app.domain.people import papers

    _note_requests(chosen.id, papers.done, "waits", "mypage requests list")
    print(f"{len(chosen.id)} requests done")


def receive_requests(chosen: argparse.Namespace) -> None:
    from app.domain.people import papers

    _note_requests(chosen.id, papers.received, "is to come back", "mypage requests list --sent")
    print(f"{len(chosen.id)} forms received")


def enter_requests(chosen: argparse.Namespace) -> None:
    from app.domain.people import papers

    _note_requests(chosen.id, papers.entered, "was received and waits", "mypage requests list --sent")
    print(f"{len(chosen.id)} forms entered")


def _note_requests(
    identities: list[int], note: Callable[[int], Awaitable[None]], state: str, see: str
) -> None:
    """Note a step of all of them, or of none. Raises Mistake that names the first that is not there for it."""
    from app.domain.people import papers

    installation.use(Installation(sender=settings.writer()))

    async def all_of_them() -> None:
        async with database.engine().transaction():
            for identity in identities:
                await note(identity)

    try:
        _run(all_of_them, owned)
    except papers.NotWaiting as error:
        raise Mistake(f"no request {error} {state}, nothing was noted: see `{see}`") from error


def deliver_mails(_: argparse.Namespace) -> None:
    from app.domain.letters import holding, outbox
    from app.mailing import transport

    operator, mail = settings.delivery()

    async def deliver() -> tuple[outbox.Delivered, int]:
        if mail.held:
            await holding.hold_waiting()
        async with transport.delivery(operator, mail) as send:
            done = await outbox.deliver_due(send, limit=sys.maxsize, holding=mail.held)
        return done, (await holding.look()).all.mails

    done, held = _run(deliver)
    print(f"{done.sent} sent, {done.put_off} put off, {done.refused} refused")
    if held:
        print(f"{held} held: see `mypage mail release --dry-run`")
    if done.away:
        raise Mistake(done.away)


def list_mails(_: argparse.Namespace) -> None:
    from app.domain.letters import outbox

    mails = _run(outbox.undelivered)
    print_rows(
        ("id", "state", "posted", "recipient", "subject", "tries", "problem"),
        (
            (
                *(mail.id, _state(mail), mail.posted_at),
                *(mail.recipient, mail.subject, mail.tries, mail.problem or ""),
            )
            for mail in mails
        ),
    )


def _state(mail: tables.Outbox) -> str:
    if mail.refused_at:
        return "refused"
    return "held" if mail.held_at else "waiting"


def release_mails(chosen: argparse.Namespace) -> None:
    """What is held, by kind, and then what became of it. Raises Mistake where the choice names nothing that is held."""
    from app.domain.letters import holding

    meant = holding.Chosen(tuple(chosen.kind), chosen.before)
    if chosen.discard and meant == holding.Chosen():
        raise Mistake("say with --kind or --before which mails to discard: nothing is discarded without")
    hold = settings.mail_hold()
    deed = holding.look if chosen.dry_run else holding.discard if chosen.discard else holding.release

    async def work() -> holding.Found:
        if hold:
            await holding.hold_waiting()
        return await deed(meant)

    try:
        found = _run(work)
    except holding.NoneHeld as error:
        raise Mistake(f"no mail of kind {error} is held, nothing was done: see --dry-run") from error
    print_rows(
        ("kind", "mails", "people", "oldest", "subject"),
        ((one.kind or "-", one.mails, one.people, one.oldest, one.subject) for one in found.by_kind),
    )
    if chosen.dry_run:
        print("dry run: nothing was changed; without --dry-run it would be:")
    done = "discarded" if chosen.discard else "released"
    print(f"{found.all.mails} mails to {found.all.people} people {done}")


def list_payments(_: argparse.Namespace) -> None:
    from app.domain.cards import checks

    waiting = _run(checks.waiting)
    print_rows(
        ("id", "asked", "customer", "contractor", "kana", "holder", "brand", "last4", "expires", "3ds"),
        (
            (
                *(check.id, check.asked_at, check.customer_number, check.contractor, check.contractor_kana),
                *(
                    check.holder,
                    check.card.brand,
                    check.card.last4,
                    check.card.expires,
                    check.card.three_d_secure,
                ),
            )
            for check in waiting
        ),
    )


def approve_payment(chosen: argparse.Namespace) -> None:
    from app.domain.cards import checks

    _decide(chosen.id, checks.approve, "is the contract's now")


def refuse_payment(chosen: argparse.Namespace) -> None:
    from app.domain.cards import checks

    _decide(chosen.id, checks.refuse, "is refused")


def remove_second_factor(chosen: argparse.Namespace) -> None:
    from app.domain.access import names
    from app.domain.people import second_factor

    installation.use(Installation(sender=settings.writer()))
    name = names.read("account", chosen.login)
    log_to_stderr()
    try:
        told = _run(lambda: second_factor.remove_by_staff(name))
    except second_factor.NoFactor as error:
        raise Mistake(f"there is no login {error} with a second factor; nothing was changed") from error
    mailed = (
        f"{len(told)} addresses are told by mail"
        if told
        else "no mail address is known: call or write to them"
    )
    print(f"the second factor of {name.name} is removed; {mailed}")


def _decide(identity: int, decide: Callable[[int], Awaitable[Decided]], became: str) -> None:
    from app.domain.cards import checks

    installation.use(Installation(sender=settings.writer()))
    try:
        done = _run(lambda: decide(identity))
    except checks.CardNotWaiting as error:
        raise Mistake(f"no card waits as {identity}; `mypage payments list` shows those that do") from error
    except checks.Expired as error:
        raise Mistake(f"card {identity} expired while it waited: refuse it") from error
    unknown = f"no mail address of customer {done.customer_number} is known: call or write to them"
    print(f"card {identity} {became}; {'the customer is told by mail' if done.mailed else unknown}")


def _run(work: Callable[[], Awaitable[T]], ready: Callable[[], Awaitable[None]] = migrated) -> T:
    """Do the work on the operator's database, once that is `ready`."""

    async def prepared() -> T:
        await ready()
        return await work()

    with reached() as connection:
        return asyncio.run(with_database(connection, prepared))
