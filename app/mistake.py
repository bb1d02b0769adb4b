"""What an operator did or left undone, and can mend."""

from __future__ import annotations


class Mistake(Exception):
    """The text says what is wrong, where, and what to do; a command prints it and ends with status 1."""
