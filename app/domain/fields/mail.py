"""Mail addresses, ours and others', and the texts of the auto-reply."""

from __future__ import annotations

import re

import regex
from email_validator import EmailNotValidError, validate_email

from app.domain.fields import reading
from app.domain.fields.names import one_line, text_of_lines
from app.domain.fields.reading import Wrong

ADDRESS_LENGTH = 254
LOCAL_PART_LENGTH = 64
SUBJECT_LENGTH = 100
BODY_LENGTH = 1_000
PERIOD = "「。」が含まれています。半角のピリオド（.）を入力してください。"
ONE_ADDRESS = "1つの欄には、メールアドレスを1つだけ入力してください。"
_FORM = "メールアドレスの形が正しくありません（例：taro@example.jp）。"

_IN_LOCAL_PART = regex.compile("[a-z0-9._-]")
_IN_ADDRESS = regex.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.@-]")
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]"
_OF_A_CARRIER = re.compile(
    rf"(?=.*{_ATOM}.*@)(?:{_ATOM}|\.)+@(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)*(?:docomo\.ne\.jp|ezweb\.ne\.jp|au\.com)",
    re.IGNORECASE,
)
"""Until 2009 docomo and au gave out addresses with dots first, last or twice in a row, which RFC 5322 has only in quotes."""
_ODD_DOTS = re.compile(r"(\.[^@]*|[^@]*\.\.[^@]*|[^@]*\.)@([^@]*)")


def local_part(text: str, label: str = "メールアドレスの@より前") -> str:
    """The part before @ of an address of ours, or the name of a web space (spec 6).

    3-15 of lower-case letters, digits, `.` `_` `-`; no symbol first, last or twice in a row.
    """
    value = reading.half_width(text)
    if not value:
        raise Wrong(f"{label}を入力してください。")
    if "。" in value:
        raise Wrong(PERIOD)
    if not 3 <= reading.length(value) <= 15:
        raise Wrong(f"{label}は、3文字以上15文字以内で入力してください。")
    rule = f"{label}に使えるのは、半角の英小文字、数字、記号（. _ -）だけです。"
    reading.must_be_of(_IN_LOCAL_PART, value, rule, text)
    if not value[0].isalnum() or not value[-1].isalnum():
        raise Wrong(f"{label}は、先頭と末尾に記号を使えません。")
    if re.search(r"[._-]{2}", value):
        raise Wrong(f"{label}に、記号を続けて使うことはできません。")
    return value


def local_part_at(text: str, domain: str) -> str:
    """The same for an address at `domain`, which may stand behind it; another domain is explained."""
    before, at, behind = reading.half_width(text).partition("@")
    if at and behind.lower().rstrip(".") not in ("", domain):
        raise Wrong(
            f"@より前だけを入力してください。ここで取得できるのは、@{domain} のメールアドレスです。"
            "ほかのメールアドレスは、「他社のメールを利用する」を選んで登録してください。"
        )
    return local_part(before if at else text)


def mail_address(text: str) -> str:
    """One mail address; two in one field, display names and comments are refused.

    A Japanese domain is kept as ASCII (xn--…): mail servers and Sieve's redirect take nothing else. What docomo and au
    once gave out is kept as it is written on phones, without quotes; `as_sent` has it as mail servers take it.
    """
    value = _read(text)
    if not value:
        raise Wrong("メールアドレスを入力してください。")
    if "。" in value:
        raise Wrong(PERIOD)
    if value.count("@") > 1:
        raise Wrong(ONE_ADDRESS)
    if len(value) > ADDRESS_LENGTH:
        raise Wrong(f"メールアドレスは{ADDRESS_LENGTH}文字以内で入力してください。")
    if len(value.rpartition("@")[0]) > LOCAL_PART_LENGTH:
        raise Wrong(f"メールアドレスの@より前は{LOCAL_PART_LENGTH}文字以内で入力してください。")
    if _OF_A_CARRIER.fullmatch(value):
        local, _, domain = value.rpartition("@")
        return f"{local}@{domain.lower()}"
    try:
        found = validate_email(value, check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError as error:
        reading.must_be_of(_IN_ADDRESS, value, _FORM, text)
        raise Wrong(_FORM) from error
    return found.ascii_email or found.normalized


def _read(text: str) -> str:
    """The sign for ー is a hyphen, but in a Japanese domain, where it stands behind 仮名.

    What stands around an address that is copied out of a text is dropped: <>, and what ends a sentence or a list.
    """
    seen = _around(reading.half_width(text))
    local, at, domain = seen.rpartition("@")
    local = local.removeprefix("mailto:")
    if quoted := re.fullmatch(rf'"((?:{_ATOM}|\.)+)"', local):
        local = quoted[1]
    return local + at + regex.sub(r"(?<=[\p{Hiragana}\p{Katakana}ー])-", "ー", domain)


def _around(text: str) -> str:
    bare = re.fullmatch(r"<([^<>]*)>|(.*)", text.rstrip(".,; "), re.DOTALL)
    return (bare[1] or bare[2] or "").strip() if bare else text


def as_sent(address: str) -> str:
    """The address as SMTP and Sieve take it: a local part that RFC 5322 has only in quotes stands in quotes."""
    odd = _ODD_DOTS.fullmatch(address)
    return f'"{odd[1]}"@{odd[2]}' if odd else address


def optional_mail_address(text: str) -> str:
    """連絡用メールアドレス: one address, or nothing."""
    return mail_address(text) if reading.shows(text) else ""


def reply_subject(text: str) -> str:
    """件名 of the auto-reply: one line, up to 100."""
    return one_line(text, "件名", SUBJECT_LENGTH)


def reply_body(text: str) -> str:
    """本文 of the auto-reply: lines, up to 1,000 characters with a line's end counted as one."""
    return text_of_lines(text, "本文", BODY_LENGTH)
