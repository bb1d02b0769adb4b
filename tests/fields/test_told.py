"""What one member types and a mail shows to another: no links, and something to read."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import fields
from tests.fields.judging import judged, why

NAME = fields.to_others(partial(fields.name, label="氏名（姓）"), "氏名（姓）")
USER_NAME = fields.to_others(fields.user_name, "ユーザーネーム")
KANA = fields.to_others(partial(fields.kana, label="氏名カナ（姓カナ）"), "氏名カナ（姓カナ）")

LINKS = [
    "https://evil.example/pay",
    "http：／／ｅｖｉｌ．example",
    "請求は evil.example/pay まで",
    "請求はevil.exampleへ",
    "www.evil",
    "ｗｗｗ．ｅｖｉｌ",
    "www.例",
    "はhttp:evil",
    "ht\u200btps:\u2060//ev\xadil",
    "//evil",
    "HTTPS:\\\\evil",
    "evil。com",
    "evil․com",
    "a@evil.jp",
    "mailto:evil",
    "例え.みんな",
    "支払.jp",
    "xn--r8jz45g.xn--zckzah",
    "192.0.2.1",
    "１９２．０．２．１/pay",
    "evil.co.jp",
    "Evil.Com",
    "1.ly/x",
]
PLAIN = [
    "有光",
    "髙橋",
    "J.R. Tolkien",
    "St. John",
    "山田・太郎",
    "モーニング娘。",
    "O'Hara",
    "太郎(仮)",
    "1. 太郎",
    "渡邉\U000e0100",
    "👨‍👩‍👧",
    "Ver.2",
    "か.な",
    "a/b",
    "2026/01/31",
    "12:30",
]


@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize("around", ["{}", "ご請求は{}", "{}です", "「{}」"])
def test_a_name_with_what_mail_programs_make_a_link_of_is_refused_and_named(link: str, around: str) -> None:
    reason = why(NAME, around.format(link))
    assert reason.startswith("氏名（姓）に、リンク（URL）として読まれる文字の並びは使えません：「")
    assert reason.endswith("ピリオドの後に空白を入れてください。")


@pytest.mark.parametrize("wide", ["；http：／／ｅｖｉｌ．ｅｘａｍｐｌｅ", "ｅｖｉｌ．ｃｏｍ", "名前：／／"])
def test_a_user_name_hides_none_in_full_width(wide: str) -> None:
    assert "リンク（URL）" in why(USER_NAME, wide)


@pytest.mark.parametrize("text", PLAIN)
def test_other_names_are_taken_as_they_were(text: str) -> None:
    assert NAME(text) == fields.name(text)


@pytest.mark.parametrize(
    "text", ["高いです。PCで足ります。", "いまは必要ないと思います。\nまた来月に。", "3.5万円は高い"]
)
def test_a_reason_in_sentences_is_taken(text: str) -> None:
    assert fields.reason(text) == text


@pytest.mark.parametrize("link", LINKS)
def test_a_reason_with_a_link_is_refused(link: str) -> None:
    assert why(fields.reason, f"いまは不要です。\n{link}").startswith("却下の理由に、リンク")


@given(
    st.from_regex(r"[a-z0-9-]{1,9}\.[a-z]{2,6}(/[a-z]{1,5})?", fullmatch=True).filter(str.isascii),
    st.text("有光a1 .-（", max_size=4),
)
def test_no_domain_is_taken_whatever_stands_before_it(domain: str, before: str) -> None:
    assert judged(NAME, before + domain) is None


@pytest.mark.parametrize("rule", [NAME, USER_NAME, KANA])
@pytest.mark.parametrize("text", ["-", "ー", "・", "ｰ", "－", "―", "・・・", "ー・", "‐-"])
def test_signs_without_a_letter_are_no_name(rule: Callable[[str], str], text: str) -> None:
    assert judged(rule, text) is None


@pytest.mark.parametrize("text", ["\ufffd", "有\ufffd", "\ufffd\ufffd光"])
def test_text_that_was_read_wrongly_is_refused_as_such(text: str) -> None:
    assert "文字化け" in why(NAME, text)
    assert judged(USER_NAME, text) is None


def test_what_is_registered_already_stays_and_nothing_like_it() -> None:
    for text in ("St.John", "・", "\ufffd"):
        assert fields.to_others(fields.name, "氏名", text)(text) == text
        assert judged(fields.to_others(fields.name, "氏名", text), text + "evil.com") is None


def test_imports_take_the_names_that_operators_have() -> None:
    for text in ("St.John", "・", "株式会社イービル.com"):
        assert fields.name(text) == text
