"""What a payment gateway gives back, and how it says no."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class KeptCard:
    """All that the portal gets to know of a card that the gateway keeps."""

    token: str = field(repr=False)
    payer: str = field(repr=False)
    """The gateway's name of who pays; empty where it has none."""
    brand: str
    last4: str
    expires: str
    """YYYY-MM, the last month it is valid in."""


class Declined(Exception):
    """The gateway has no card for us; the text says why, to the member."""


class Unreachable(Exception):
    """The gateway did not answer in time, or not as it should: another try may succeed."""
