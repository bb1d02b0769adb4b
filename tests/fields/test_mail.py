"""The field rules of the mail chapter (spec 6 and 8), with both edges."""

from __future__ import annotations

import contextlib
import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.domain import fields
from app.domain.fields import Wrong, reading
from tests.fields.judging import HYPHENS, judged, near, thorough, why
from tests.fields.test_reading import TOGETHER

LOCAL_PART = re.compile(r"(?=.{3,15}\Z)[a-z0-9]+([._-][a-z0-9]+)*")
"""Written from the specification: no symbol first, last or twice in a row."""


def refused(text: str) -> str:
    with pytest.raises(Wrong) as caught:
        fields.local_part(text)
    return caught.value.reason


words = st.text(alphabet="abcxyz0189", min_size=1, max_size=5)


@given(st.lists(words, min_size=1, max_size=3), st.sampled_from("._-"))
def test_every_local_part_of_the_specification_is_taken_as_it_is(parts: list[str], symbol: str) -> None:
    text = symbol.join(parts)
    assume(LOCAL_PART.fullmatch(text))
    assert fields.local_part(text) == text


@given(st.text(alphabet="ab0._-A あ。@", max_size=17))
def test_no_other_local_part_is_taken(text: str) -> None:
    if LOCAL_PART.fullmatch(fields.half_width(text)):
        assert LOCAL_PART.fullmatch(fields.local_part(text))
    else:
        assert refused(text).endswith("。")


@pytest.mark.parametrize("text", ["abc", "a-c", "a" * 15, "a.b_c-d", "000", " abc ", "ａｂｃ"])
def test_both_edges_of_a_local_part(text: str) -> None:
    assert len(fields.local_part(text)) in (3, 7, 15)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "入力してください"),
        ("ab", "3文字以上"),
        ("a" * 16, "15文字以内"),
        ("abc。d", "半角のピリオド"),
        ("Abc", "英小文字"),
        ("a b", "英小文字"),
        ("-ab", "先頭と末尾"),
        ("ab.", "先頭と末尾"),
        ("a._b", "続けて"),
    ],
)
def test_a_refused_local_part_says_why(text: str, reason: str) -> None:
    assert reason in refused(text)


@given(st.text(max_size=110))
def test_a_subject_is_one_visible_line_of_at_most_100(text: str) -> None:
    with contextlib.suppress(Wrong):
        value = fields.reply_subject(text)
        assert 1 <= reading.length(value) <= 100
        assert value.splitlines() == [value]


@pytest.mark.parametrize(("length", "right"), [(1, True), (1000, True), (1001, False)])
def test_a_body_may_have_1000_characters_a_lines_end_counted_as_one(length: int, right: bool) -> None:
    text = "あ" * (length - 2) + "\r\nい" if length > 2 else "あ"
    if right:
        assert len(fields.reply_body(text)) == length
    else:
        with pytest.raises(Wrong):
            fields.reply_body(text)


@pytest.mark.parametrize("unit", TOGETHER, ids=ascii)
def test_subject_and_body_count_characters_as_people_do(unit: str) -> None:
    assert fields.reply_subject(unit * 50) == unit * 50
    assert fields.reply_body(unit * 999) == unit * 999
    assert "件名は100文字以内" in why(fields.reply_subject, "あ" + unit * 100)
    assert "本文は1,000文字以内" in why(fields.reply_body, "あ" + unit * 1000)


# --- addresses --------------------------------------------------------------------------------------------------------

MAIL_REFUSED = (
    "a@x.jp, b@y.jp|a@x.jp;b@y.jp|a@x.jp b@y.jp|太郎 <a@x.jp>|a(c)@x.jp|a@|@x.jp|a@b|a@x..jp|a@localhost|"
    'a@[127.0.0.1]|a..b@x.jp|.a@x.jp|太郎@x.jp|a@x.jp\r\nBcc: b@y.jp|a\0@x.jp|\ud800@x.jp|a b@x.jp|"a..b"@x.jp'
)


@pytest.mark.parametrize("typed", MAIL_REFUSED.split("|"))
def test_what_is_not_exactly_one_mail_address_is_refused(typed: str) -> None:
    assert judged(fields.mail_address, typed) is None
    assert judged(fields.optional_mail_address, typed) is None


def test_a_mail_address_may_have_254_characters_and_is_made_half_width() -> None:
    domain = ".".join(["d" * 62] * 3) + ".jp"
    longest = "a" * (254 - len(domain) - 1) + "@" + domain
    assert fields.mail_address(longest) == longest
    assert judged(fields.mail_address, "a" + longest) is None
    assert fields.mail_address(" ｔａｒｏ@Example.JP ") == "taro@example.jp"


@pytest.mark.slow
@thorough
@given(near("ab.@-x", 12, "taro@example.jp"))
def test_any_text_is_one_address_or_a_sentence(text: str) -> None:
    value = judged(fields.mail_address, text)
    if value is not None:
        assert value.count("@") == 1
        assert not set(value) & set(" ,;<>()\r\n\0")
        assert fields.mail_address(value) == value


def test_an_empty_optional_address_is_nothing() -> None:
    assert [fields.optional_mail_address(blank) for blank in ("", "　", "\u200b", "\u3164")] == [""] * 4


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("\u202etaro@x.jp\u200b", "taro@x.jp"),
        ("ｔａｒｏ＠ｘ．ｊｐ", "taro@x.jp"),
        ("mailto:taro@x.jp", "taro@x.jp"),
        ("taro@コーヒー.jp", "taro@xn--tck2c4fb.jp"),
        ("taro@コ－ヒ－.jp", "taro@xn--tck2c4fb.jp"),
        *((f"ta{sign}ro@my{sign}house.jp", "ta-ro@my-house.jp") for sign in HYPHENS),
    ],
)
def test_an_address_is_read_through_what_input_methods_make_of_it(typed: str, kept: str) -> None:
    assert fields.mail_address(typed) == kept


@pytest.mark.parametrize(
    ("typed", "kept", "sent"),
    [
        ("a..b@docomo.ne.jp", "a..b@docomo.ne.jp", '"a..b"@docomo.ne.jp'),
        ("abc.@ezweb.ne.jp", "abc.@ezweb.ne.jp", '"abc."@ezweb.ne.jp'),
        (".abc@docomo.ne.jp", ".abc@docomo.ne.jp", '".abc"@docomo.ne.jp'),
        ("._a...-@DoCoMo.NE.JP", "._a...-@docomo.ne.jp", '"._a...-"@docomo.ne.jp'),
        ('"a..b"@docomo.ne.jp', "a..b@docomo.ne.jp", '"a..b"@docomo.ne.jp'),
        ("a..b@t4.ezweb.ne.jp", "a..b@t4.ezweb.ne.jp", '"a..b"@t4.ezweb.ne.jp'),
        ("ａ．．ｂ＠ａｕ．ｃｏｍ", "a..b@au.com", '"a..b"@au.com'),
        ("a.b@docomo.ne.jp", "a.b@docomo.ne.jp", "a.b@docomo.ne.jp"),
        ("taro@example.jp", "taro@example.jp", "taro@example.jp"),
    ],
)
def test_what_docomo_and_au_gave_out_is_kept_as_written_and_sent_in_quotes(
    typed: str, kept: str, sent: str
) -> None:
    assert fields.mail_address(typed) == kept
    assert fields.mail_address(kept) == kept
    assert fields.as_sent(kept) == sent
    assert fields.mail_address(sent) == kept


@pytest.mark.parametrize(
    "typed",
    ["a..b@example.jp", "a.@gmail.com", "a..b@notdocomo.ne.jp", "a..b@docomo.ne.jp.example", "...@docomo.ne.jp", ".@au.com",
     'a..b"@docomo.ne.jp', "あ..b@docomo.ne.jp", "a..b@docomo.ne.jp@", "a" * 63 + "..@docomo.ne.jp",
     "a..b@docomo.ne.jp\nBcc: x", "a..b@-.docomo.ne.jp"],
)  # fmt: skip
def test_dots_that_nobody_gave_out_are_refused(typed: str) -> None:
    assert judged(fields.mail_address, typed) is None


def test_what_is_no_sign_of_an_address_is_named() -> None:
    form = "メールアドレスの形が正しくありません（例：taro@example.jp）。"
    assert why(fields.mail_address, "taro山@x.jp") == f"{form}「…aro山@x.…」の「山」（5文字目）は使えません。"
    assert "空白（3文字目）" in why(fields.mail_address, "ta ro@x.jp")
    assert why(fields.mail_address, "taro@x") == form
    assert refused("ab山c").endswith("「ab山c」の「山」（3文字目）は使えません。")


# --- the local part of an address of ours, with its domain behind it --------------------------------------------------

OURS = "s2.spaaqs.ne.jp"


@pytest.mark.parametrize(
    "typed",
    [
        "hikari.taro@s2.spaaqs.ne.jp",
        " ｈｉｋａｒｉ．ｔａｒｏ＠S2.SPAAQS.NE.JP ",
        "hikari.taro@",
        "hikari.taro",
    ],
)
def test_our_domain_behind_it_is_dropped(typed: str) -> None:
    assert fields.local_part_at(typed, OURS) == "hikari.taro"


@pytest.mark.parametrize("typed", ["taro@gmail.com", "taro@spaaqs.ne.jp", "taro@x@s2.spaaqs.ne.jp"])
def test_another_domain_is_explained(typed: str) -> None:
    reason = why(lambda text: fields.local_part_at(text, OURS), typed)
    assert reason.startswith("@より前だけを入力してください。")
    assert f"@{OURS}" in reason


def test_the_rest_is_judged_as_ever() -> None:
    def rule(text: str) -> str:
        return fields.local_part_at(text, OURS)

    assert "3文字以上" in why(rule, f"ab@{OURS}")
    assert why(rule, f"@{OURS}") == "メールアドレスの@より前を入力してください。"


@pytest.mark.parametrize(
    "typed",
    [
        "<taro@example.com>",
        "taro@example.com.",
        "＜taro@example.com＞",
        " <taro@example.com>,",
        "taro@example.com;",
        "<mailto:taro@example.com>",
    ],
)
def test_an_address_is_taken_out_of_what_stands_around_it_where_it_is_copied(typed: str) -> None:
    assert fields.mail_address(typed) == "taro@example.com"


@pytest.mark.parametrize(
    "typed", ["Taro <taro@example.com>", "<taro@example.com", "<a@example.com><b@example.com>", "<>", "."]
)
def test_what_is_more_than_an_address_or_less_is_refused(typed: str) -> None:
    assert judged(fields.mail_address, typed) is None
