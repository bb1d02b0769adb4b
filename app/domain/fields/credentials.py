"""What people log in with: account ID, customer number, and the form of their passwords.

A reason about a password never repeats any of it.
"""

from __future__ import annotations

import re

import regex

from app.domain import installation
from app.domain.fields import reading
from app.domain.fields.reading import Wrong

_ACCOUNT_ID = re.compile(r"[a-z][a-z0-9-]{1,13}[a-z0-9]")
_IN_ACCOUNT_ID = regex.compile("[a-z0-9-]")
_DIGIT = regex.compile("[0-9]")
RESERVED = frozenset({"new"})
"""Account IDs that nobody may have: in a path such as /accounts/new the word means something else."""
_ACCOUNT_PASSWORD = re.compile(r"[A-Za-z0-9_-]{8,16}")
_CUSTOMER_PASSWORD = re.compile(r"[!-~]{6,10}")


def is_account_id(text: str) -> bool:
    """Whether the text has the form of an account ID (spec 5)."""
    return _ACCOUNT_ID.fullmatch(text) is not None and text not in RESERVED


def account_id(text: str) -> str:
    """アカウントID: 3-15 of lower-case letters, digits and `-`, first a letter, last a letter or digit."""
    value = reading.half_width(text)
    if not value:
        raise Wrong("アカウントIDを入力してください。")
    if not 3 <= reading.length(value) <= 15:
        raise Wrong("アカウントIDは3文字以上、15文字以内で入力してください。")
    rule = "アカウントIDに使えるのは、半角の英小文字、数字、ハイフン（-）だけです。"
    reading.must_be_of(_IN_ACCOUNT_ID, value, rule, text)
    if not "a" <= value[0] <= "z":
        raise Wrong("アカウントIDの先頭は英小文字にしてください。")
    if value.endswith("-"):
        raise Wrong("アカウントIDの末尾は英小文字または数字にしてください。")
    if value in RESERVED:
        raise Wrong(f"「{value}」は、アカウントIDとして登録できません。別のアカウントIDを入力してください。")
    return value


def customer_number(text: str) -> str:
    """お客様番号: as many digits as the operator's numbers have; blanks and hyphens between them are dropped."""
    value = reading.digits(text)
    long = installation.customer_number_digits()
    rule = f"お客様番号は{long}桁の数字です。"
    if value and len(value) <= 64:
        reading.must_be_of(_DIGIT, value, rule, text)
    if len(value) != long:
        raise Wrong(rule)
    return value


def account_password(text: str, login: str) -> str:
    """The password of an account ID: 8-16 of letters, digits, `-` `_`, a letter and a digit, not the ID itself."""
    if not text:
        raise Wrong("パスワードを入力してください。")
    if not 8 <= len(text) <= 16:
        raise Wrong("パスワードは8文字以上、16文字以内で入力してください。")
    if not _ACCOUNT_PASSWORD.fullmatch(text):
        raise Wrong("パスワードに使えるのは、半角の英字、数字、ハイフン（-）、下線（_）だけです。")
    if not re.search(r"[0-9]", text) or not re.search(r"[A-Za-z]", text):
        raise Wrong("パスワードには、英字と数字をそれぞれ1文字以上使ってください。")
    if text == login:
        raise Wrong("アカウントIDと同じパスワードは使えません。")
    return text


def customer_password(text: str, customer_number: str) -> str:
    """お客様番号パスワード: 6-10 of letters, digits and ASCII symbols, no run of the customer number's digits."""
    if not text:
        raise Wrong("新パスワードを入力してください。")
    if not 6 <= len(text) <= 10:
        raise Wrong("パスワードは6文字以上、10文字以内で入力してください。")
    if not _CUSTOMER_PASSWORD.fullmatch(text):
        raise Wrong("パスワードに使えるのは、半角の英字、数字、記号だけです。")
    if text in customer_number:
        raise Wrong("お客様番号に含まれる数字の並びは、パスワードに使えません。")
    return text
