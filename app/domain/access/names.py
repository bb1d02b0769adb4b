"""What is typed at login, forgiven as far as it cannot be meant otherwise (spec 18): a name is read before anything counts.

An account ID begins with a letter and a customer number is nothing but digits, so that either form knows the other's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from app.domain.access.logins import By
from app.domain.fields import reading

LONGEST = 128
"""Characters of a name or password that are looked at: longer ones belong to nobody."""

NO_ADDRESS = (
    "ここには、メールアドレスを入力できません。お客様番号、またはアカウントID（@と、@より後を付けないもの）を入力してください。"
    "アカウントIDは、メールアドレスの@より前とは別の名前のことがあります。"
)
"""Said of every address, ours or not, before anything is looked up or counted: it tells nobody what there is."""

_YEN = {ord("¥"): "\\"}
"""One key and one code on Japanese keyboards."""
_ASCII = re.compile(r"[!-~]+")


@dataclass(frozen=True)
class Name:
    """Whose login is meant."""

    by: By
    name: str

    @property
    def login(self) -> str:
        """As it is counted (attempts.py): once, whichever form it was typed into."""
        return f"{self.by} {self.name}"

    @property
    def in_words(self) -> str:
        """For a mail, or whoever has one: not the whole customer number, which is half of a login."""
        return (
            f"お客様番号（末尾{self.name[-4:]}）" if self.by == "customer" else f"アカウントID「{self.name}」"
        )


def read(by: By, text: str) -> Name:
    """The name as it is stored, and what it is the name of, whichever form it was typed into.

    Blanks are dropped wherever they stand, capitals of an account ID made small, full-width letters and digits made
    half-width; hyphens of a number are dropped. Empty text gives an empty name.
    """
    plain = reading.compact(text[: 8 * LONGEST])
    number = plain.replace("-", "")
    if number.isascii() and number.isdigit():
        return Name("customer", number[:LONGEST])
    if by == "customer" and not ("a" <= number[:1].lower() <= "z"):
        return Name("customer", number[:LONGEST])
    return Name("account", plain.lower()[:LONGEST])


def of_number(text: str) -> str:
    """A customer number where nothing else can be meant."""
    return read("customer", text).name


def password(text: str) -> str:
    """A password as it was set: ASCII and no blank can be in one, so nothing else can have been meant by their likenesses.

    What does not become ASCII stays as it is typed. Only one candidate is looked at, so a guess is one guess.
    """
    plain = reading.half_width(text[: 8 * LONGEST]).translate(_YEN)
    return (plain if _ASCII.fullmatch(plain) else text)[:LONGEST]
