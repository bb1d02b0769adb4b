"""How a payment gateway says no. What it gives is a KeptCard (app/domain/cards/kept.py)."""

from __future__ import annotations


class Declined(Exception):
    """The gateway has no card for us; the text says why, to the member."""


class Unreachable(Exception):
    """The gateway did not answer in time, or not as it should: another try may succeed."""
