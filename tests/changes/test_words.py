"""The words of confirm and complete pages: what an edit replaces, what of a password is shown, and where a no leads."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.access.matrix import Permission
from app.domain.changes import words
from app.domain.changes.words import Gone, Mend, Refused, Row
from app.domain.money.billing import Cost

texts = st.text(max_size=3)
rows = st.builds(Row, texts, texts, st.booleans())


@given(texts, texts, texts)
def test_the_row_of_an_edit_shows_what_it_replaces_where_that_is_something_else(
    label: str, before: str, value: str
) -> None:
    row = words.edited(label, before, value)
    assert (row.label, row.value, row.secret) == (label, value, False)
    assert row.before == (before if before != value else None)


@given(st.lists(rows), st.text(max_size=3))
def test_the_first_characters_are_put_before_the_stars_of_a_password_and_nowhere_else(
    rows: list[Row], peek: str
) -> None:
    for row, shown in zip(rows, words.with_peek(rows, peek), strict=True):
        assert shown == (Row(row.label, peek + row.value, secret=True) if row.secret else row)


def test_a_name_is_shown_in_its_parts_as_the_manual_has_it() -> None:
    assert words.parts("有光", "杏") == "（姓）有光 （名）杏"
    assert words.parts("アリミツ", "アン", "カナ") == "（姓カナ）アリミツ （名カナ）アン"


def test_costs_are_rows_in_their_order() -> None:
    assert words.cost_rows([Cost("月額利用料", "550円"), Cost("手数料", "0円")]) == (
        Row("月額利用料", "550円"),
        Row("手数料", "0円"),
    )
    assert words.cost_rows([]) == ()


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("お支払い方法登録／変更", "お支払い方法登録／変更へ"),
        ("メールアドレスを登録する", "メールアドレスを登録する"),
    ],
)
def test_a_way_out_of_a_refusal_says_what_it_does_or_where_it_leads(text: str, link: str) -> None:
    assert Mend(text, "/payment", Permission.PAYMENT).link == link


def test_a_refusal_says_its_reason_and_there_is_no_way_out_of_what_is_gone() -> None:
    page = Mend("お支払い方法登録／変更", "/payment", Permission.PAYMENT)
    refused = Refused("カードがありません。", page)
    assert (str(refused), refused.reason, refused.mend) == ("カードがありません。",) * 2 + (page,)
    assert Gone().mend is None
    assert "すでに削除されています" in Gone().reason
