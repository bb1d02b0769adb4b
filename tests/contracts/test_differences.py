"""What comes of a difference, whoever changed what before: for one field, any sequence of feed, member and desk."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.contracts import differences
from app.domain.contracts.differences import (
    CARD,
    CLOSED_ON,
    LABELS,
    OF_FEED,
    Difference,
    Fate,
    Known,
)
from app.domain.contracts.loading import CONTACT

ALL = (*OF_FEED, *CONTACT, CLOSED_ON, CARD)


def found(
    name: str,
    ours: str | None,
    offered: str | None,
    *,
    said: str | None = "",
    held: str | None = "",
    contact: bool = False,
    bought: bool = False,
) -> Difference | None:
    """Of one field; `said` and `held`: "" where the feed said nothing yet, nothing is held."""
    known = Known(
        dict.fromkeys(ALL) | {name: ours},
        {} if said == "" else {name: said},
        {} if held == "" else {name: held},
        bought,
    )
    return next(iter(differences.of({name: offered}, known, contact=contact)), None)


def fate(difference: Difference | None) -> str:
    return f"{difference.fate}{difference.reason and ' ' + difference.reason}" if difference else "none"


@pytest.mark.parametrize(
    ("difference", "wanted"),
    [
        (found("building", "A", "A"), "none"),
        (found("building", "A", "B"), "applied"),
        (found("building", "B", "A", held="A"), "held"),
        (found("building", "B", "B", held="A"), "agreed"),
        (found("building", "B", "C", held="A"), "case third"),
        (found(CLOSED_ON, "2026-01-31", None, held=None), "held"),
        (found(CLOSED_ON, None, "2026-01-31", held="2026-01-31"), "held"),
        (found("mail_product", "mail_web", "mail_pack", bought=True), "case bought"),
        (found("mail_product", "mail_web", "mail_pack"), "applied"),
        (found("phone", "A", "B"), "none"),
        (found("phone", "A", "B", said="A", contact=True), "applied"),
        (found("phone", "B", "A", said="A", contact=True), "none"),
        (found("phone", "B", "B", said="A", contact=True), "none"),
        (found("phone", "B", "C", said="A", contact=True), "case third"),
        (found(CARD, "B", "A", said="A"), "none"),
        (found(CARD, "A", "C", said="A"), "applied"),
        (found(CARD, "B", "C", said=None), "case third"),
    ],
)
def test_a_difference_is_applied_held_or_somebodys_to_decide(
    difference: Difference | None, wanted: str
) -> None:
    assert fate(difference) == wanted


def test_every_field_has_a_name_for_members() -> None:
    assert set(LABELS) == set(ALL)


def test_a_value_that_is_taken_away_is_emptied_and_an_end_that_is_taken_back_is_not() -> None:
    assert differences.emptied(Difference("fax", "03", "", Fate.APPLIED))
    assert not differences.emptied(Difference("fax", "", "03", Fate.APPLIED))
    assert not differences.emptied(Difference(CLOSED_ON, "2026-01-31", None, Fate.APPLIED))


# --- any sequence -----------------------------------------------------------------------------------------------------


@dataclass
class World:
    """One field of a contract, as feeding.py and holding.py keep it."""

    name: str
    ours: str = "a"
    said: str = "a"
    held: str | None = None
    cases: list[str] = field(default_factory=list)
    by: str = "feed"
    """Who set it last."""

    def feed(self, offered: str) -> str:
        known = Known(
            dict.fromkeys(ALL) | {self.name: self.ours},
            {self.name: self.said},
            {self.name: self.held} if self.held is not None else {},
        )
        one = next(iter(differences.of({self.name: offered}, known, contact=True)), None)
        if one and one.fate is Fate.APPLIED:
            self.ours, self.by = offered, "feed"
        if one and one.fate is Fate.CASE:
            self.cases.append(offered)
        if one and one.fate is Fate.AGREED:
            self.held, self.by = None, "feed"
        if self.ours == offered:
            self.by = "feed"
        self.said = offered
        return one.fate if one else "none"

    def change(self, value: str, by: str) -> None:
        """Somebody else does; the desk holds it where the feed owns it."""
        if value == self.ours:
            return
        former = self.said
        if self.name in OF_FEED:
            former = self.ours if self.held is None else self.held
            self.held = None if former == value else former
        self.ours, self.by = value, "feed" if value == former else by


STEPS = st.lists(
    st.tuples(st.sampled_from(["feed", "feed again", "somebody"]), st.sampled_from("abc")), max_size=12
)


@given(name=st.sampled_from(["building", "phone"]), steps=STEPS)
def test_nobodys_value_is_lost_silently_and_nothing_flips_twice(
    name: str, steps: list[tuple[str, str]]
) -> None:
    world = World(name)
    for who, value in steps:
        before, by, cases = world.ours, world.by, len(world.cases)
        former = world.held if name in OF_FEED else world.said
        if who == "somebody":
            world.change(value, who)
            continue
        world.feed(world.said if who == "feed again" else value)
        if by == "somebody" and world.ours != before:
            raise AssertionError("a value that somebody set was put aside without a word")
        if by == "somebody" and who == "feed" and value not in (before, former):
            assert len(world.cases) > cases, "the feed had something new to say, and nobody was asked"
        settled = world.ours, world.by, world.held
        world.feed(world.said)
        assert (world.ours, world.by, world.held) == settled, "the same word again is no news"
