"""What was typed, and what is wrong with it. The rules of the fields are in domain/fields/."""

from __future__ import annotations

import itertools
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import parse_qsl, quote_plus, unquote_plus, unquote_to_bytes

from litestar.exceptions import ClientException, HTTPException

from app.domain.cards import numbers
from app.domain.changes.words import NOTHING, Refused
from app.domain.fields import Wrong
from app.domain.people import weak_passwords
from app.domain.people.weak_passwords import About

MOST_FIELDS = 60
LARGEST = 64 * 1024
"""Bytes of a form that is taken; the longest of ours has a few thousand, three for each Japanese letter times three."""
LARGEST_IN_WORDS = "64キロバイト（日本語で約7,000文字）"
CARD_FIELD = "card_number"
"""The one field where a card number belongs."""
CSRF_FIELD = "csrf_token"
WHOLE = ""
"""The name of what is wrong with a form, and with no field of it."""
PASSWORDS = frozenset({"password", "password_again"})
"""The fields that a password is typed into: no page shows one again, and none is kept."""
SECRETS = PASSWORDS | {"code"}
"""With the codes of a second factor, which are good once."""
SEEN = "seen"
"""The fingerprint of the confirm page that the button was pressed on."""
CREDENTIAL = "credential"
"""An authenticator's answer, good for one challenge."""
OURS = frozenset({CSRF_FIELD, SEEN, CREDENTIAL})
"""What a page of ours puts there, now and then with a card number's digits in it by chance; nothing of it is kept or
shown. The button of an error page sends what is still good of it (send_again.py)."""
CUSTOMER_FIELDS = frozenset({"name", "customer_number"})
"""Where a customer number is typed: at login, and when it is asked for again."""
CARD_ELSEWHERE = (
    "この欄に、クレジットカードの番号を入力することはできません。"
    "番号の数字を●に置き換えました。ほかの文字は残っています。"
)
T = TypeVar("T")


class Unreadable(ClientException):
    """A body that no form of ours sends: cut off, another content type, repeated names, NUL, not UTF-8."""


class TooMany(Unreadable):
    """More than MOST_FIELDS fields."""


class TooLong(HTTPException):
    """A form of more than LARGEST bytes (413)."""

    status_code = 413


@dataclass
class Form:
    """The typed text by field name, and the reason for each wrong one."""

    typed: dict[str, str] = field(default_factory=dict)
    _wrong: dict[str, str] = field(default_factory=dict)
    card_number: str = field(default="", repr=False)
    """What was typed into CARD_FIELD; it is not among `typed`, so that no page shows it again."""

    @property
    def valid(self) -> bool:
        return not self._wrong

    @property
    def to_keep(self) -> dict[str, str]:
        """What was typed, but secrets (and the card's number, as ever), and what our own page put there."""
        return {name: text for name, text in self.typed.items() if name not in SECRETS and name not in OURS}

    @property
    def errors(self) -> dict[str, str]:
        """The reasons by field name, in the order of the page, which is the order that a browser sends."""
        if WHOLE in self._wrong:
            return {WHOLE: self._wrong[WHOLE]}
        order = {name: place for place, name in enumerate(self.typed)}
        return dict(sorted(self._wrong.items(), key=lambda item: order.get(item[0], len(order))))

    def take(self, name: str, rule: Callable[[str], T]) -> T | None:
        """The field's value by its rule; None, with the reason kept, if the rule refuses it."""
        try:
            return rule(self.typed.get(name, ""))
        except Wrong as wrong:
            self.must(False, name, wrong.reason)
            return None

    async def accept(self, name: str, checked: Awaitable[T]) -> T | None:
        """The same for a rule that is waited for, because it asks the database."""
        try:
            return await checked
        except Wrong as wrong:
            self.must(False, name, wrong.reason)
            return None

    def must(self, right: bool, name: str, reason: str) -> None:
        """Mark the field wrong unless `right`; the first reason stays."""
        if not right:
            self._wrong.setdefault(name, reason)

    def refuse(self, refused: Refused | None, name: str = WHOLE) -> None:
        """Say at a field why it is refused; for the whole form nothing else is said then. None: it may go on."""
        if refused and name == WHOLE:
            self._wrong[WHOLE] = refused.reason
        elif refused:
            self.must(False, name, refused.reason)

    def must_change(self, changed: bool) -> None:
        """A form that shows what is registered has to change some of it, once every field is right."""
        self.refuse(None if changed or not self.valid else Refused(NOTHING))


async def password_typed_twice(
    form: Form,
    rule: Callable[[str], str],
    about: About,
    hashed: Callable[[str], Awaitable[T]],
    label: str = "パスワード",
) -> T | None:
    """What `hashed` makes of the new password, which is asked for twice; None with the reasons in the form.

    Every form that sets a password reads it here, so none takes a weak one: `about` says whose it is to be. Nothing is
    hashed while anything else of the form is wrong.
    """
    password = form.take("password", rule)
    if password:
        await form.accept("password", weak_passwords.must_be_strong(password, about))
    same = form.typed.get("password", "") == form.typed.get("password_again", "")
    form.must(same, "password_again", f"確認のため入力したパスワードが、{label}と一致しません。")
    return await form.accept("password", hashed(password)) if password and form.valid else None


def read(content_type: str, body: bytes) -> Form:
    """The form in the body of a POST. Raises Unreadable (400), TooLong (413)."""
    _must_be_form(content_type)
    if len(body) > LARGEST:
        raise TooLong
    return _without_card_numbers(_parse(body))


def read_what_can_be(content_type: str, body: bytes) -> Form:
    """The same of a body that read() refuses, as far as it can be read, to give it back: nothing is done with it.

    Of too many fields the first, of a repeated one the first, text without what is no text; the longest field of a form
    that is too long is marked wrong. Raises Unreadable for what is no form at all.
    """
    _must_be_form(content_type)
    typed: dict[str, str] = {}
    for pair in body.decode("ascii", "ignore").split("&", MOST_FIELDS)[:MOST_FIELDS]:
        name, _, value = (unquote_plus(part).replace("\0", "") for part in pair.partition("="))
        typed.setdefault(name, value)
    form = _without_card_numbers(typed)
    if len(body) > LARGEST:
        longest = max(form.typed, key=lambda name: len(form.typed[name]))
        found = f"この欄の入力（{len(form.typed[longest]):,}文字）が長すぎます。"
        form.must(False, longest, f"{found}画面全体で、{LARGEST_IN_WORDS}までにしてください。")
    return form


def cut_short(body: bytes) -> bytes:
    """What of a form that came in part can be given back: the last field without what may be half of something.

    Half a card number is known as none, so no number stays at the end; of the token only all of it says whose form it is.
    """
    *pairs, last = body.split(b"&")
    name, equals, value = last.partition(b"=")
    if equals and name != CSRF_FIELD.encode():
        text = unquote_to_bytes(_HALF_ESCAPE.sub(b"", value).replace(b"+", b" ")).decode("utf-8", "ignore")
        pairs.append(name + equals + quote_plus(_without_last_number(text)).encode())
    return b"&".join(pairs)


_HALF_ESCAPE = re.compile(rb"%[0-9A-Fa-f]?$")


def _without_last_number(text: str) -> str:
    end = len(text)
    while end and not text[end - 1].isalpha():
        end -= 1
    return text[:end] + "".join(itertools.takewhile(lambda sign: not sign.isdigit(), text[end:]))


def _without_card_numbers(typed: dict[str, str]) -> Form:
    """The form without any card number: its own field's is put aside, one in another field makes that field wrong.

    There its digits alone are masked; the rest of the text stays.
    """
    form = Form(typed, card_number=typed.get(CARD_FIELD, ""))
    for name, value in typed.items():
        if name == CARD_FIELD:
            typed[name] = ""
        elif name not in OURS and numbers.within(value, may_be_customer=name in CUSTOMER_FIELDS):
            typed[name] = "" if name in SECRETS else numbers.mask(value)
            form.must(False, name, CARD_ELSEWHERE)
    return form


def _must_be_form(content_type: str) -> None:
    if content_type.partition(";")[0].strip().lower() != "application/x-www-form-urlencoded":
        raise Unreadable


def _parse(body: bytes) -> dict[str, str]:
    if body.count(b"&") >= MOST_FIELDS:
        raise TooMany
    try:
        pairs = parse_qsl(
            body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS
        )
    except ValueError as error:
        raise Unreadable from error
    typed = dict(pairs)
    if len(typed) != len(pairs) or any("\0" in name + value for name, value in pairs):
        raise Unreadable
    return typed
