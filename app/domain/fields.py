"""The rules of single fields: text in, value out, or `Wrong` with the reason in plain Japanese.

Text is normalised before it is judged (spec 2), so that what a member sees on the confirm page is what is kept.
The same rules judge a form and a line of an import file.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from typing import Literal

from email_validator import EmailNotValidError, validate_email

from app.domain import clock

NAME_LENGTH = 32
LINE_LENGTH = 200
ADDRESS_LENGTH = 254
PHONE_LENGTH = 20
HOUSEHOLD = 20
EARLIEST = date(1900, 1, 1)
OCCUPATIONS = ("会社員", "自営業", "学生", "主婦", "その他")
SEXES = ("男性", "女性")

_ACCOUNT_ID = re.compile(r"[a-z][a-z0-9-]{1,13}[a-z0-9]")
RESERVED = frozenset({"new"})
"""Account IDs that nobody may have: in a path such as /accounts/new the word means something else."""
_ACCOUNT_PASSWORD = re.compile(r"[A-Za-z0-9_-]{8,16}")
_CUSTOMER_PASSWORD = re.compile(r"[!-~]{6,10}")
_KATAKANA = re.compile(r"[ァ-ヺー・]+")
_HIRAGANA_TO_KATAKANA = {code: code + 0x60 for code in range(0x3041, 0x3097)}
LOCAL_PART_LENGTH = 64
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_PHONE = re.compile(r"-*0-*(?:[0-9]-*){9,10}")
_HYPHENS = dict.fromkeys(map(ord, "‐‑‒–—―−ー"), "-")
_HALF_WIDTH_NAME = re.compile(r"[A-Za-z0-9_-]")


class Wrong(ValueError):
    """A value that a rule refuses; the text is the reason, for the person who typed it."""

    @property
    def reason(self) -> str:
        return str(self)


def half_width(text: str) -> str:
    """全角英数 → 半角, without the spaces around; for fields that hold 半角 only."""
    return unicodedata.normalize("NFKC", text).strip()


def _visible(text: str) -> bool:
    """No control, format, private or unassigned character: they print as nothing or turn the text around.

    No line or paragraph separator either: they break the line of a mail's header.
    """
    categories = map(unicodedata.category, text)
    return not any(category.startswith("C") or category in ("Zl", "Zp") for category in categories)


def is_account_id(text: str) -> bool:
    """Whether the text has the form of an account ID (spec 5)."""
    return _ACCOUNT_ID.fullmatch(text) is not None and text not in RESERVED


def account_id(text: str) -> str:
    """アカウントID: 3-15 of lower-case letters, digits and `-`, first a letter, last a letter or digit."""
    value = half_width(text)
    if not value:
        raise Wrong("アカウントIDを入力してください。")
    if not 3 <= len(value) <= 15:
        raise Wrong("アカウントIDは3文字以上、15文字以内で入力してください。")
    if re.search(r"[^a-z0-9-]", value):
        raise Wrong("アカウントIDに使えるのは、半角の英小文字、数字、ハイフン（-）だけです。")
    if not "a" <= value[0] <= "z":
        raise Wrong("アカウントIDの先頭は英小文字にしてください。")
    if value.endswith("-"):
        raise Wrong("アカウントIDの末尾は英小文字または数字にしてください。")
    if value in RESERVED:
        raise Wrong(f"「{value}」は、アカウントIDとして登録できません。別のアカウントIDを入力してください。")
    return value


def name(text: str, label: str = "氏名") -> str:
    """A part of 氏名: any visible characters, up to 32; kept as typed (NFKC would change some surnames)."""
    value = text.strip()
    if not value:
        raise Wrong(f"{label}を入力してください。")
    if len(value) > NAME_LENGTH:
        raise Wrong(f"{label}は{NAME_LENGTH}文字以内で入力してください。")
    if not _visible(value):
        raise Wrong(f"{label}に、使えない文字が含まれています。")
    return value


def kana(text: str, label: str = "氏名カナ") -> str:
    """A part of 氏名カナ: ひらがな and 半角カナ become 全角カナ; ー and ・ allowed; up to 32."""
    value = unicodedata.normalize("NFC", half_width(text).translate(_HIRAGANA_TO_KATAKANA))
    if not value:
        raise Wrong(f"{label}を入力してください。")
    if len(value) > NAME_LENGTH:
        raise Wrong(f"{label}は{NAME_LENGTH}文字以内で入力してください。")
    if not _KATAKANA.fullmatch(value):
        raise Wrong(f"{label}は、全角カタカナで入力してください。")
    return value


def user_name(text: str) -> str:
    """ユーザーネーム: 全角 characters, letters, digits, `-` and `_`; up to 32."""
    value = text.strip()
    if not value:
        raise Wrong("ユーザーネームを入力してください。")
    if len(value) > NAME_LENGTH:
        raise Wrong(f"ユーザーネームは{NAME_LENGTH}文字以内で入力してください。")
    if not _visible(value) or not all(
        _HALF_WIDTH_NAME.fullmatch(character) or unicodedata.east_asian_width(character) in "WFA"
        for character in value
    ):
        raise Wrong("ユーザーネームに使えるのは、全角文字、半角英数字、ハイフン（-）、下線（_）だけです。")
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


def role(text: str) -> Literal["user", "admin"]:
    """アカウント権限種別."""
    if text == "user":
        return "user"
    if text == "admin":
        return "admin"
    raise Wrong("アカウント権限種別を選んでください。")


def customer_number(text: str) -> str:
    """お客様番号: 14 digits."""
    value = re.sub(r"[\s-]", "", half_width(text))
    if not re.fullmatch(r"[0-9]{14}", value):
        raise Wrong("お客様番号は14桁の数字です。")
    return value


def local_part(text: str, label: str = "メールアドレス") -> str:
    """The part before @ of an address of ours, or the name of a web space (spec 6).

    3-15 of lower-case letters, digits, `.` `_` `-`; no symbol first, last or twice in a row.
    """
    value = half_width(text)
    if not value:
        raise Wrong(f"{label}を入力してください。")
    if "。" in value:
        raise Wrong(PERIOD)
    if not 3 <= len(value) <= 15:
        raise Wrong(f"{label}は3文字以上、15文字以内で入力してください。")
    if re.search(r"[^a-z0-9._-]", value):
        raise Wrong(f"{label}に使えるのは、半角の英小文字、数字、記号（. _ -）だけです。")
    if not value[0].isalnum() or not value[-1].isalnum():
        raise Wrong(f"{label}の先頭と末尾には、記号を使えません。")
    if re.search(r"[._-]{2}", value):
        raise Wrong(f"{label}に、記号を続けて使うことはできません。")
    return value


PERIOD = "「。」が含まれています。半角のピリオド（.）を入力してください。"
ONE_ADDRESS = "1つの欄には、メールアドレスを1つだけ入力してください。"


def on_or_off(text: str) -> bool:
    """A choice between 利用する and 利用しない."""
    if text not in ("on", "off"):
        raise Wrong("利用するかどうかを選んでください。")
    return text == "on"


def agreement(text: str) -> bool:
    """「上記の内容に同意する」: must be ticked."""
    if not text:
        raise Wrong("内容をお読みになり、同意する場合はチェックしてください。")
    return True


def reply_subject(text: str) -> str:
    """件名 of the auto-reply: one line, up to 100."""
    value = text.strip()
    if not value:
        raise Wrong("件名を入力してください。")
    if len(value) > 100:
        raise Wrong("件名は100文字以内で入力してください。")
    if not _visible(value):
        raise Wrong("件名に、使えない文字が含まれています。")
    return value


def reply_body(text: str) -> str:
    """本文 of the auto-reply: lines, up to 1,000 characters with a line's end counted as one."""
    value = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    if not value:
        raise Wrong("本文を入力してください。")
    if len(value) > 1000:
        raise Wrong("本文は1,000文字以内で入力してください。")
    if not _visible(value.replace("\n", "").replace("\t", "")):
        raise Wrong("本文に、使えない文字が含まれています。")
    return value


def optional_day(text: str) -> date | None:
    """A day as YYYY-MM-DD, or nothing."""
    return day(half_width(text).replace("/", "-")) if text.strip() else None


def mail_address(text: str) -> str:
    """One mail address; two in one field, display names and comments are refused.

    A Japanese domain is kept as ASCII (xn--…): mail servers and Sieve's redirect take nothing else.
    """
    value = half_width(text)
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
    try:
        found = validate_email(value, check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError as error:
        raise Wrong("メールアドレスの形が正しくありません（例：taro@example.jp）。") from error
    return found.ascii_email or found.normalized


def day(text: str) -> date:
    """A day as YYYY-MM-DD, from 1900 on."""
    if not _DAY.fullmatch(text):
        raise Wrong("日付は、2026-01-10 のように入力してください。")
    try:
        value = date.fromisoformat(text)
    except ValueError as error:
        raise Wrong("この日付はありません。") from error
    if value < EARLIEST:
        raise Wrong(f"{EARLIEST.year}年以降の日付を入力してください。")
    return value


def past_date(text: str) -> date:
    """A day as YYYY-MM-DD, from 1900 to today in Asia/Tokyo."""
    value = day(text)
    if value > clock.today():
        raise Wrong("今日までの日付を入力してください。")
    return value


def optional_mail_address(text: str) -> str:
    """連絡用メールアドレス: one address, or nothing."""
    return mail_address(text) if text.strip() else ""


def phone(text: str, label: str = "電話番号") -> str:
    """電話番号 (or the `label`): 10 or 11 digits, the first 0; hyphens kept as typed, spaces dropped (spec 2, 12)."""
    value = re.sub(r"\s", "", half_width(text)).translate(_HYPHENS)
    if not value:
        raise Wrong(f"{label}を入力してください。")
    if not _PHONE.fullmatch(value) or len(value) > PHONE_LENGTH:
        raise Wrong(f"{label}は、0から始まる10桁または11桁の数字で入力してください。ハイフンも使えます。")
    return value


def optional_phone(text: str, label: str = "電話番号") -> str:
    """FAX番号, 携帯電話番号: as 電話番号, or nothing."""
    return phone(text, label) if text.strip() else ""


def occupation(text: str) -> str:
    """職業, one of OCCUPATIONS."""
    if text not in OCCUPATIONS:
        raise Wrong("職業を選んでください。")
    return text


def household(text: str) -> int:
    """同居人数: 0 to 20."""
    value = half_width(text)
    if not re.fullmatch(r"[0-9]{1,2}", value) or int(value) > HOUSEHOLD:
        raise Wrong(f"同居人数は0から{HOUSEHOLD}までの数字で入力してください。")
    return int(value)


def optional_household(text: str) -> int | None:
    """同居人数, or nothing."""
    return household(text) if text.strip() else None


def sex(text: str) -> str:
    """性別, one of SEXES."""
    if text not in SEXES:
        raise Wrong("性別を選んでください。")
    return text


def one_line(text: str) -> str:
    """Any visible characters, up to 200; kept as typed. For addresses and names of things."""
    value = text.strip()
    if not value:
        raise Wrong("入力してください。")
    if len(value) > LINE_LENGTH:
        raise Wrong(f"{LINE_LENGTH}文字以内で入力してください。")
    if not _visible(value):
        raise Wrong("使えない文字が含まれています。")
    return value


REASON_LENGTH = 200


def reason(text: str) -> str:
    """却下の理由: lines, up to REASON_LENGTH characters with a line's end counted as one; it is shown and mailed."""
    value = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ").strip()
    if not value:
        raise Wrong("却下の理由を入力してください。")
    if len(value) > REASON_LENGTH:
        raise Wrong(f"却下の理由は{REASON_LENGTH}文字以内で入力してください。")
    if not _visible(value.replace("\n", "")):
        raise Wrong("却下の理由に、使えない文字が含まれています。")
    return value
