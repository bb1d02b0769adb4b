"""What an operator did or left undone, and can mend."""

from __future__ import annotations


class Mistake(Exception):
    """The text says what is wrong, where, and what to do; a command prints it and ends with its status."""

    status = 1


class GuardStopped(Mistake):
    """It would do more than a program may do unread: nothing was done, and a person has to look at it."""

    status = 3
