"""The words of a change: the rows, links and notices of its confirm and complete pages, and how a rule says no."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from app.domain.access.matrix import Permission
from app.domain.money import billing

NOTHING = "変更された項目がありません。"
"""What a form of registered values that is sent unchanged is answered with."""
STARS = "*****"
"""What stands for the rest of a password, whatever its length."""
INPUT_PAGE = "入力画面へ戻る"
"""What the confirm page calls the way back to the input page, as the manual has it."""
FORMER_PAGE = "前画面へ戻る"
"""What the manual calls it where products are bought and cancelled, and for お客様番号パスワード."""


@dataclass(frozen=True)
class Mend:
    """The page where a member with that permission can do something about a refusal."""

    text: str
    path: str
    permission: Permission

    @property
    def link(self) -> str:
        """The text as a link of its own line: where it leads to, or what it does."""
        return self.text if self.text.endswith("する") else f"{self.text}へ"


class Refused(Exception):
    """A rule forbids the change; the reason is for the member. Nothing of the change is kept."""

    def __init__(self, reason: str, mend: Mend | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.mend = mend


class Gone(Refused):
    """What the change is about is no longer there, nor its input page."""

    def __init__(self) -> None:
        super().__init__("お手続きの対象が、すでに削除されています。")


@dataclass(frozen=True)
class Row:
    """One line of a confirm or complete page. `secret`: a password, shown as its first characters and stars."""

    label: str
    value: str
    secret: bool = False
    before: str | None = None
    """What an edit replaces, shown beside the new value; None: nothing else stood there."""
    whole: bool = False
    """A secret that we made: all of it on the first complete page, and `value` in its place from then on."""
    code: bool = False
    """An ID, an address or a name of a computer: a browser that translates the page leaves it as it is."""


def edited(label: str, before: str, value: str) -> Row:
    """The row of an edit, with the former value where it is another one."""
    return Row(label, value, before=None if before == value else before)


def parts(family: str, given: str, kana: str = "") -> str:
    """A name as the manual's confirm and complete pages show it."""
    return f"（姓{kana}）{family} （名{kana}）{given}"


def cost_rows(costs: list[billing.Cost]) -> tuple[Row, ...]:
    """Costs as a confirm page shows them."""
    return tuple(Row(cost.label, cost.text) for cost in costs)


def with_peek(rows: list[Row], peek: str) -> list[Row]:
    """The rows with the first characters of the password before its stars, or all of one that is shown once."""
    return [_with_peek(row, peek) if row.secret and peek else row for row in rows]


def _with_peek(row: Row, peek: str) -> Row:
    return replace(row, value=peek if row.whole else peek + row.value)


@dataclass(frozen=True)
class Link:
    """Where a page leads on to."""

    text: str
    path: str


@dataclass(frozen=True)
class Onward:
    """A sentence of a complete page that leads on: its link is called こちら, and its `text` for who hears it alone."""

    before: str
    link: Link
    after: str


@dataclass(frozen=True)
class Review:
    """The confirm page of a change."""

    title: str
    rows: list[Row]
    button: str
    lead: str = ""
    """What pressing the button does, where that is more than to keep what was typed."""
    costs: tuple[Row, ...] = ()
    offer: tuple[Row, ...] = ()
    """The six rows of a purchase (money/offer.py)."""
    notices: tuple[str, ...] = ()
    in_panel: str = ""
    """What pressing the button means in a panel alone: whoever comes from the input page has ticked it there."""
    terms: str = ""
    """Name of a file in partials/terms/: the conditions of the product, again."""
    danger: bool = False
    instead: tuple[Link, ...] = ()
    """Where a part of it can be done alone."""
    inline: Link | None = None
    """How it is called inside another page, and the path of the small piece there whose place it takes."""


@dataclass(frozen=True)
class Receipt:
    """The complete page of a change, kept for the history."""

    title: str
    lead: str
    rows: list[Row]
    notices: tuple[str, ...] = ()
    guide: tuple[Row, ...] = ()
    """What to type into a mail program, say."""
    onward: tuple[Onward, ...] = ()
    """What the manual says comes next, in sentences."""
    next: tuple[Link, ...] = ()
    mailed: tuple[str, ...] | None = None
    """Who was told by mail, in words; None in receipts of before that was kept."""
    decided: bool = True
    """False: it was received, and somebody decides it later."""
    inline: str = ""
    """Path of the small piece of another page that shows the new state, if the change was asked for there."""
    agreed: tuple[tuple[str, int], ...] = ()
    """Texts that were agreed to with it: name and version of each (consents.py). Receipts of before that have none."""
    revealed: str = field(default="", repr=False)
    """A secret that was made with it, for the first complete page alone; it is sealed, never stored with the rest."""


@dataclass(frozen=True)
class Milestone:
    """A step of what goes on after a change was received, by staff or by post."""

    name: str
    reached_at: datetime | None
    current: bool
    """It is the last one that was reached."""


@dataclass(frozen=True)
class Progress:
    """How far it has come: of what, and when each step was reached, in their order."""

    what: str
    moments: tuple[datetime | None, ...]


def milestones(names: tuple[str, ...], moments: tuple[datetime | None, ...]) -> tuple[Milestone, ...]:
    """The named steps with the moments of those that were reached; there may be more moments than names."""
    reached = sum(moment is not None for moment in moments[: len(names)])
    return tuple(
        Milestone(name, moment, place == reached)
        for place, (name, moment) in enumerate(zip(names, moments, strict=False), 1)
    )


@dataclass(frozen=True)
class Decision:
    """What somebody decided later of a change that was only received."""

    outcome: str
    decided_at: datetime
    reason: str = ""
