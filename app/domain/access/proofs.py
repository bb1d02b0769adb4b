"""Steps that ask for a password again within a session (spec 1※): who passes one is believed for ten minutes.

A page that lies behind a step names it where it is declared (`open_to`), and the step guards whatever the path of the page
shows. A change declares its own, which is asked between the input page and the confirm page. What was typed survives both.
"""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from app.domain import clock
from app.domain.access.matrix import Forbidden, Role
from app.domain.access.members import Member

if TYPE_CHECKING:
    from datetime import datetime

VALID = timedelta(minutes=10)


class Step(StrEnum):
    """What is asked for again."""

    RECENT = "recent"
    """The password of the login that the session was opened with; logging in counts as well."""
    CUSTOMER = "customer"
    """お客様番号 and its password, whoever is logged in; whoever passes counts as customer there."""
    HOLDER = "holder"
    """The password of お客様番号: RECENT for who logged in with it, CUSTOMER for an account ID."""
    OF_ROLE = "of-role"
    """CUSTOMER for whose role sees the whole contract, RECENT for a user role, which sees what is its own."""


class ProofNeeded(Exception):
    """The step comes first."""

    def __init__(self, step: Step) -> None:
        super().__init__(step)
        self.step = step


class SetHere(Exception):
    """The password that the step asks for was set in this session: who found it open must not pass with it."""


def asked(member: Member, step: Step) -> Step:
    """The step as this member is asked for it: RECENT or CUSTOMER."""
    if step is Step.OF_ROLE:
        return Step.RECENT if member.role is Role.USER else Step.CUSTOMER
    if step is not Step.HOLDER:
        return step
    return Step.CUSTOMER if member.own else Step.RECENT


def require(member: Member, step: Step | None) -> None:
    """Raises ProofNeeded unless the step was passed just now, Forbidden for who cannot pass it."""
    if step is None:
        return
    step = asked(member, step)
    may_pass(member, step)
    if not _holds(member.customer_proved_at if step is Step.CUSTOMER else member.proved_at):
        raise ProofNeeded(step)


def may_pass(member: Member, step: Step) -> None:
    """Raises Forbidden for a deleted person, whose password is none any more, and for a user role at the customer's step."""
    if member.deleted:
        raise Forbidden(deleted=True)
    if step is Step.CUSTOMER and member.role is Role.USER:
        raise Forbidden


def may_prove(member: Member, step: Step) -> None:
    """Raises SetHere where the password that the step asks for was set in this session."""
    if set_here(member, step):
        raise SetHere


def set_here(member: Member, step: Step) -> bool:
    """Whether the password that the step asks for was set in this session."""
    return member.customer_set_here if of_customer(member, step) else member.own_set_here


def of_customer(member: Member, step: Step) -> bool:
    """Whether the step asks for the password of the customer number."""
    return step is Step.CUSTOMER or member.own is None


def _holds(proved_at: datetime | None) -> bool:
    return proved_at is not None and proved_at > clock.now() - VALID
