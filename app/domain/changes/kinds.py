"""What every change declares and does: the base class of all kinds, and the three that they stand on.

A kind is a frozen dataclass that declares itself in its class statement:

    @dataclass(frozen=True)
    class ChangeBoxSize(OfAccount, kind="mailbox-size", name="…", permission=…, page="mailbox", tells=…):

A declaration that is misspelt or missing is an error the moment the class is made. Its fields are what was typed; they are
kept as JSON until the member confirms, so no secret goes into them but a password's hash.
"""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from app.domain.access.graph import Account
from app.domain.access.matrix import Missing, Permission, allowed
from app.domain.access.members import Member, Stage
from app.domain.access.proofs import Step
from app.domain.changes.consents import TEXTS
from app.domain.changes.words import INPUT_PAGE, Decision, Milestone, Progress, Receipt, Refused, Review
from app.domain.letters import outbox, recipients
from app.domain.letters.recipients import Told


class Change(ABC):
    """What somebody asks for: it judges itself, shows its confirm page, and carries itself out."""

    kind: ClassVar[str]
    """As it is stored; never given to another kind."""
    name: ClassVar[str]
    """As the history calls it."""
    permission: ClassVar[Permission]
    read_with: ClassVar[Permission | None] = None
    """The permission that its receipt in the history takes, where more people may read it than do it."""
    step: ClassVar[Step | None] = None
    """The step that comes before its confirm page, and again before it is carried out."""
    way_back: ClassVar[str] = INPUT_PAGE
    """What its confirm page calls the way back to the input page."""
    page: ClassVar[str]
    """Path of its input page; of an account ID the part behind it."""
    tells: ClassVar[Told]
    """Who gets its mail."""
    grave: ClassVar[bool] = False
    """It could lock somebody out: addresses that were replaced not long ago get its mail, too."""
    passes: ClassVar[Stage | None] = None
    """The stage that it is done at: a session at that stage may ask for it, and has passed it then."""
    private: ClassVar[tuple[str, ...]] = ()
    """Labels of the rows of its receipt that are for the owner of the account ID, and for who typed them."""

    consents: ClassVar[tuple[str, ...]] = ()
    """The texts of partials/terms/ that it asks consent for, by name (consents.py)."""

    a_day: ClassVar[int] = 50
    """How many of its kind one contract may carry out in 24 hours: each mails somebody, and some use up names."""

    def __init_subclass__(
        cls,
        *,
        kind: str | None = None,
        name: str | None = None,
        permission: Permission | None = None,
        read_with: Permission | None = None,
        step: Step | None = None,
        way_back: str | None = None,
        page: str | None = None,
        tells: Told | None = None,
        grave: bool | None = None,
        a_day: int | None = None,
        passes: Stage | None = None,
        consents: tuple[str, ...] | None = None,
        private: tuple[str, ...] | None = None,
    ) -> None:
        super().__init_subclass__()
        given = {
            "kind": kind,
            "name": name,
            "permission": permission,
            "read_with": read_with,
            "step": step,
            "way_back": way_back,
            "page": page,
            "tells": tells,
            "grave": grave,
            "a_day": a_day,
            "passes": passes,
            "consents": consents,
            "private": private,
        }
        for declared, value in given.items():
            if value is not None:
                setattr(cls, declared, value)
        _must_be_declared_above(cls)
        if kind is not None:
            _make_known(cls)

    @classmethod
    def in_words(cls) -> str:
        """As the history calls it now: with the catalogue's name of what it is about."""
        return cls.name

    @classmethod
    def there(cls) -> bool:
        """Whether the catalogue has what it is about; else nobody ever asked for it."""
        return True

    @classmethod
    def readable(cls, member: Member) -> bool:
        """Whether receipts of this kind are in the member's history, also of a contract that is over."""
        return allowed(cls.read_with or cls.permission, member.role)

    @property
    @abstractmethod
    def subject(self) -> str | None:
        """The account ID that it is about, if any."""

    @property
    @abstractmethod
    def back(self) -> str:
        """Path of the input page."""

    @property
    def new_address(self) -> str:
        """The mail address that it registers, if it does: whoever reads there is told, too."""
        return ""

    def consents_to(self, member: Member) -> tuple[str, ...]:
        """The texts that this one asks consent for, where that hangs on what is typed, or on who asks."""
        return self.consents

    def is_grave(self, member: Member) -> bool:
        """Whether this one is grave, where not all of its kind are."""
        return self.grave

    def sets_own_password(self, member: Member) -> bool:
        """Whether it gives who is logged in another password: the browser at hand is to know it, too."""
        return False

    def judge(self, member: Member, now: datetime) -> Refused | None:
        """Why it cannot be done, as far as the contract tells; None: it can. Raises Missing.

        It is called for the input page, for the confirm page and before `apply`, never by a kind itself. What only the
        database can tell at the last moment (a name that was just given away, an empty stock) `apply` refuses.
        """
        return None

    @abstractmethod
    def review(self, member: Member, now: datetime) -> Review:
        """The confirm page of what can be done, from the contract as it is now. Raises Missing."""

    @abstractmethod
    async def apply(self, member: Member, now: datetime) -> Receipt:
        """Carry it out, with the contract locked, in the caller's transaction. Raises Refused, Missing."""

    @classmethod
    def once_decided(cls, receipt: Receipt, decision: Decision) -> Receipt:
        """The receipt of what was only received, as it reads since somebody decided it."""
        return receipt

    @classmethod
    def milestones(cls, progress: Progress) -> tuple[Milestone, ...]:
        """The steps of what goes on after it; none where nothing does."""
        return ()

    async def told(self, member: Member) -> list[str]:
        """The addresses that its mail goes to, as they are before it is carried out."""
        return await recipients.of(
            self.tells, member.contract.id, None, self.new_address, grave=self.is_grave(member)
        )

    async def tell(self, member: Member, mail: str, told: list[str] | None = None, /, **facts: Any) -> None:
        """Post its mail to `told`, or to whom it tells; the mail says who did it."""
        addresses = await self.told(member) if told is None else told
        await outbox.post(member.contract.id, addresses, mail, by=outbox.done_by(member), **facts)


KINDS: dict[str, type[Change]] = {}
"""Every kind of change, by its stored name."""


def _must_be_declared_above(cls: type[Change]) -> None:
    """Raises TypeError for a value in the class body that no base declares: `stepp = Step.RECENT`, say."""
    plain = (name for name, value in vars(cls).items() if not name.startswith("_") and _is_plain(value))
    unknown = set(plain) - Change.__annotations__.keys() - inspect.get_annotations(cls).keys()
    if unknown:
        raise TypeError(f"{cls.__name__} declares {', '.join(sorted(unknown))}, which no change has")


def _is_plain(value: object) -> bool:
    return not callable(value) and not isinstance(value, property | classmethod | staticmethod)


_NEEDED = ("name", "permission", "page", "tells")


def _make_known(cls: type[Change]) -> None:
    """Raises TypeError for a kind that lacks a declaration, has a name that another one has, or asks consent for a text
    that is not known."""
    missing = [declared for declared in _NEEDED if not hasattr(cls, declared)]
    if missing:
        raise TypeError(f"{cls.__name__} does not declare {', '.join(missing)}")
    unknown = [name for name in cls.consents if name not in TEXTS]
    if unknown:
        raise TypeError(f"{cls.__name__} asks consent for {', '.join(unknown)}: consents.py has no such text")
    if cls.kind in KINDS:
        raise TypeError(f"{cls.__name__} and {KINDS[cls.kind].__name__} are both of the kind {cls.kind!r}")
    KINDS[cls.kind] = cls


@dataclass(frozen=True)
class OfContract(Change):
    """A change of the contract; `page` is the path of its input page."""

    @property
    def subject(self) -> str | None:
        return None

    @property
    def back(self) -> str:
        return self.page


@dataclass(frozen=True)
class OfAccount(Change):
    """A change of the account ID `login`; `page` is what its input page is called below that."""

    login: str

    @property
    def subject(self) -> str:
        return self.login

    @property
    def back(self) -> str:
        return f"/accounts/{self.login}/{self.page}"

    def account(self, member: Member) -> Account:
        """The account ID that it is about. Raises Missing."""
        return member.account(self.login)

    def judge(self, member: Member, now: datetime) -> Refused | None:
        self.account(member)
        return None

    async def told(self, member: Member) -> list[str]:
        account = self.account(member)
        return await recipients.of(
            self.tells, member.contract.id, account, self.new_address, grave=self.is_grave(member)
        )


@dataclass(frozen=True)
class OfLogin(Change):
    """A change of what its asker logs in with: of the own account ID `login`, or of the customer number (None)."""

    login: str | None

    @property
    def subject(self) -> str | None:
        return self.login

    @property
    def back(self) -> str:
        return self.page

    def judge(self, member: Member, now: datetime) -> Refused | None:
        if self.login != (member.own.login if member.own else None):
            raise Missing(self.login)
        return None

    async def told(self, member: Member) -> list[str]:
        tells = self.tells if member.own else Told.CONTRACT
        return await recipients.of(tells, member.contract.id, member.own, grave=self.is_grave(member))
