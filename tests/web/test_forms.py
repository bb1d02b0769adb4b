"""What a browser sends is read; what no browser of ours sends is refused; errors stand in the page's order."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote_plus, urlencode

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from litestar import Litestar, post

from app.domain import fields
from app.domain.fields import Wrong
from app.web import forms
from app.web.forms import Form
from app.web.request import Request

FORM = "application/x-www-form-urlencoded"


@post("/", status_code=200)
async def echo(request: Request) -> dict[str, str]:
    """What was read, twice."""
    form = await request.read_form()
    assert await request.read_form() is form
    return form.typed


PORTAL = Litestar(
    [echo], request_class=Request, openapi_config=None, logging_config=None, request_max_body_size=64 * 1024
)


async def send(body: bytes | str, content_type: str | None = FORM) -> httpx.Response:
    transport = httpx.ASGITransport(app=PORTAL)  # type: ignore[arg-type]
    headers = {} if content_type is None else {"content-type": content_type}
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        return await client.post("/", content=body, headers=headers)


async def read(body: bytes | str, content_type: str | None = FORM) -> Any:
    """What was read of the body, or the status of the refusal."""
    answer = await send(body, content_type)
    return answer.json() if answer.status_code == 200 else answer.status_code


# --- reading ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "typed"),
    [
        ("", {}),
        ("family=%E6%9C%89%E5%85%89", {"family": "有光"}),
        ("%E5%A7%93=a", {"姓": "a"}),
        ("a=1&b=2", {"a": "1", "b": "2"}),
        ("a=&b", {"a": "", "b": ""}),
        ("a=+1+%2B+2+", {"a": " 1 + 2 "}),
        ("a=x%3Dy%26z=w", {"a": "x=y&z=w"}),
        ("a=1;b=2", {"a": "1;b=2"}),
        ("a=%0D%0Ab", {"a": "\r\nb"}),
        ("a=%F0%A0%AE%B7", {"a": "𠮷"}),
        ("a=%E2%80%AE", {"a": "\u202e"}),
        ("a=100%", {"a": "100%"}),
        ("a=%zz", {"a": "%zz"}),
        ("&&a=1&&", {"a": "1"}),
    ],
)
async def test_a_form_is_read_as_the_browser_meant_it(body: str, typed: dict[str, str]) -> None:
    assert await read(body) == typed


@given(
    st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=8),
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20),
        max_size=60,
    )
)
async def test_whatever_is_typed_comes_back_in_its_order(typed: dict[str, str]) -> None:
    assert list((await read(urlencode(typed))).items()) == list(typed.items())


@pytest.mark.parametrize(
    "body",
    [
        "a=%00",
        "a=x%00y",
        "%00=a",
        "a%00b=1",
        "a=%ED%A0%80",
        "a=%ED%BF%BF",
        "%ED%A0%80=a",
        "a=%FF",
        "a=%C0%80",
        "a=%E6%9C",
        "a=%8E%A9",
        "a=1&a=2",
        "a=1&b=2&a=1",
        "a=1&%61=2",
        b"a=\xe6\x9c\x89",
        b"a=\xff",
        b"\x00",
    ],
    ids=repr,
)
async def test_nul_surrogates_broken_text_and_repeated_names_are_refused(body: bytes | str) -> None:
    assert await read(body) == 400


@pytest.mark.slow
@settings(max_examples=200)
@given(st.binary(max_size=60) | st.text(st.sampled_from("a=&%0EDAF8+;\0é"), max_size=40).map(str.encode))
async def test_whatever_bytes_come_they_are_read_or_refused(body: bytes) -> None:
    found = await read(body)
    if found != 400:
        json.dumps(found, ensure_ascii=False).encode()
        assert "\0" not in "".join([*found, *found.values()])


@pytest.mark.parametrize(
    ("content_type", "read_as_form"),
    [
        (FORM, True),
        (f"{FORM}; charset=UTF-8", True),
        (f"{FORM};charset=shift_jis", True),
        (FORM.upper(), True),
        (f" {FORM} ; x", True),
        (None, False),
        ("", False),
        ("text/plain", False),
        ("application/json", False),
        ("multipart/form-data; boundary=x", False),
        (f"{FORM}x", False),
        (f"text/plain; {FORM}", False),
    ],
)
async def test_only_the_content_type_of_a_form_is_read(content_type: str | None, read_as_form: bool) -> None:
    assert await read("a=1", content_type) == ({"a": "1"} if read_as_form else 400)


async def test_a_form_has_at_most_60_fields() -> None:
    sixty = {f"f{number}": "x" for number in range(60)}
    assert await read(urlencode(sixty)) == sixty
    assert await read(urlencode({**sixty, "f60": "x"})) == 400
    assert await read("&" * 60) == 400


async def test_a_body_over_the_limit_is_too_large() -> None:
    assert await read("a=" + "x" * (64 * 1024 - 2)) == {"a": "x" * (64 * 1024 - 2)}
    assert await read("a=" + "x" * (64 * 1024 - 1)) == 413


async def test_what_was_typed_is_not_repeated_in_the_refusal() -> None:
    answer = await send(f"password={quote_plus('Z!9-first')}&password=Z!9-first")
    assert answer.status_code == 400
    assert "Z!9" not in answer.text


# --- judging ----------------------------------------------------------------------------------------------------------


def test_a_right_value_is_taken_normalised() -> None:
    form = Form({"login": " ａｂｃ "})
    assert form.take("login", fields.account_id) == "abc"
    assert form.valid
    assert form.errors == {}


def test_a_wrong_value_is_nothing_and_its_reason_is_kept() -> None:
    form = Form({"login": "-"})
    assert form.take("login", fields.account_id) is None
    assert not form.valid
    assert form.errors == {"login": "アカウントIDは3文字以上、15文字以内で入力してください。"}
    assert form.typed == {"login": "-"}


def test_a_field_that_was_not_sent_is_empty() -> None:
    form = Form({})
    assert form.take("login", fields.account_id) is None
    assert form.errors == {"login": "アカウントIDを入力してください。"}


def test_only_wrong_is_a_reason() -> None:
    def broken(text: str) -> str:
        raise ValueError("a mistake of ours")

    with pytest.raises(ValueError, match="a mistake of ours"):
        Form({"a": ""}).take("a", broken)


@pytest.mark.slow
@given(st.permutations(["login", "family", "given", "password"]))
def test_errors_stand_in_the_order_of_the_page_in_whatever_order_they_were_found(found: list[str]) -> None:
    def refuse(text: str) -> str:
        raise Wrong("だめです。")

    form = Form(dict.fromkeys(["csrf_token", "login", "family", "given", "password"], ""))
    for name in found:
        form.take(name, refuse)
    assert list(form.errors) == ["login", "family", "given", "password"]


def test_a_field_that_was_not_sent_stands_last_among_the_errors() -> None:
    form = Form({"a": "", "b": ""})
    for name in ("role", "b", "a"):
        form.must(False, name, "だめです。")
    assert list(form.errors) == ["a", "b", "role"]


def test_of_two_reasons_the_first_stays_and_what_is_right_gives_none() -> None:
    form = Form({"a": ""})
    form.must(True, "a", "いいえ。")
    assert form.valid
    form.must(False, "a", "はじめ。")
    form.must(False, "a", "あと。")
    form.must(True, "a", "いいえ。")
    assert form.errors == {"a": "はじめ。"}


def test_the_first_reason_stays_when_a_rule_refuses_the_field_after_it() -> None:
    form = Form({"login": ""})
    form.must(False, "login", "はじめ。")
    form.take("login", fields.account_id)
    assert form.errors == {"login": "はじめ。"}


# --- card numbers -----------------------------------------------------------------------------------------------------


async def test_a_card_number_is_not_among_what_was_typed_and_only_a_csrf_token_may_look_like_one() -> None:
    typed = {
        "csrf_token": "ab4111111111111111cd",
        forms.CARD_FIELD: "4111111111111111",
        "family": "4111 1111 1111 1111",
        "given": "杏",
    }
    answer = await read(urlencode(typed))
    assert answer == {**typed, forms.CARD_FIELD: "", "family": "●●●● ●●●● ●●●● ●●●●"}


# --- what is not taken, as far as it can be read ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "typed"),
    [
        (b"a=1&a=2&b=%00x", {"a": "1", "b": "x"}),
        (b"a=%FF%E3%81%82&b", {"a": "\ufffdあ", "b": ""}),
        (
            b"a=4111111111111111&card_number=1&password=4111111111111111",
            {"a": "●" * 16, "card_number": "", "password": ""},
        ),
        (b"&".join(b"f%d=x" % number for number in range(99)), {f"f{number}": "x" for number in range(60)}),
        (b"", {"": ""}),
    ],
)
def test_of_a_form_that_is_not_taken_what_can_be_read_is_read(body: bytes, typed: dict[str, str]) -> None:
    assert forms.read_what_can_be(FORM, body).typed == typed


def test_what_is_no_form_is_not_read() -> None:
    with pytest.raises(forms.Unreadable):
        forms.read_what_can_be("application/json", b"{}")


def test_of_a_form_that_is_too_long_the_longest_field_is_marked() -> None:
    body = urlencode({"a": "x" * forms.LARGEST, "b": "y"}).encode()
    with pytest.raises(forms.TooLong):
        forms.read(FORM, body)
    found = forms.read_what_can_be(FORM, body)
    assert (list(found.errors), len(found.typed["a"]), found.typed["b"]) == (["a"], forms.LARGEST, "y")


def test_what_is_kept_is_without_secrets_and_what_a_page_of_ours_put_there() -> None:
    form = Form(dict.fromkeys([*forms.SECRETS, *forms.OURS, "phone"], "x"))
    assert form.to_keep == {"phone": "x"}
