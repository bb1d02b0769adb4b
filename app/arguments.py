"""What is typed after a command: each kind of word is read here, or refused with what is wanted instead."""

from __future__ import annotations

import argparse
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.domain.months import Month


def port(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 5 and 1 <= int(text) <= 65535):
        raise argparse.ArgumentTypeError(f"{text!r} is no port: a number from 1 to 65535 is wanted")
    return int(text)


def resolver(text: str) -> tuple[str, int]:
    """A name server: an address, and a port if it is not 53."""
    from app.domain import networks

    address, number = text, "53"
    if text.startswith("["):
        address, _, number = text[1:].partition("]")
        number = number.removeprefix(":") or "53"
    elif text.count(":") == 1:
        address, _, number = text.partition(":")
    if networks.address(address) is None:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no address of a name server: 192.0.2.53, 192.0.2.53:5353 or [2001:db8::53]:53"
        )
    return address, port(number)


def login(text: str) -> str:
    if not text.isprintable():  # a byte that is no UTF-8 either
        raise argparse.ArgumentTypeError(f"{text!r} is no customer number and no account ID")
    return text


def identity(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 18):
        raise argparse.ArgumentTypeError(f"{text!r} is no id: give the number that the list begins with")
    return int(text)


def contracts(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 1_000_000:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 to 1000000")
    return int(text)


def days(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 2 and 1 <= int(text) <= 90):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of days: one from 1 to 90 is wanted")
    return int(text)


def moment(text: str) -> datetime:
    from app.domain.clock import TOKYO

    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no moment: write it as 2026-01-10T09:00") from error
    return found if found.tzinfo else found.replace(tzinfo=TOKYO)


def month(text: str) -> Month:
    from app.domain.months import Month

    try:
        return Month.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
