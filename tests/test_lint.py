"""The looking at every page: one in order passes, and each rule finds what breaks it."""

from __future__ import annotations

import httpx
import lxml.html
import pytest

from tests.lint import lint

GOOD = """<html><head><title>会員｜マイページ</title><script src="/a.js"></script></head><body><main><h1>会員</h1>
<form method="post"><input type="hidden" name="csrf_token" value="t"><label for="n">会員ID</label>
<input type="text" id="n" name="name" autocomplete="username" aria-describedby="hint"><p id="hint">半角</p>
<label>パスワード<input type="password" name="password" autocomplete="current-password"></label></form>
<p>電話：<a href="tel:01200000000">0120-000-0000</a>（年中無休）</p></main></body></html>"""
WRONG = {
    "two h1": ("</main>", "<h1>会員</h1></main>"),
    "a title of another page": ("<title>会員", "<title>退会"),
    "a title without the site": ("｜マイページ", ""),
    "an error in the title": ("<title>", "<title>エラー："),
    "an id twice": ('<p id="hint">', '<p id="n">'),
    "a field without a label": ('<label for="n">', '<label for="m">'),
    "a description that is nowhere": ('aria-describedby="hint"', 'aria-describedby="hints"'),
    "a password of an unknown name": ('name="password"', 'name="secret"'),
    "a password of nobody": ('autocomplete="username"', 'autocomplete="name"'),
    "a user name out of reach": ('type="text"', 'type="hidden"'),
    "a password that may be anything": ('"current-password"', '"off"'),
    "no token": ('name="csrf_token"', 'name="token"'),
    "an empty token": ('value="t"', 'value=""'),
    "a style": ("<h1>", '<h1 style="color: red">'),
    "a sheet": ("<main>", "<main><style></style>"),
    "a handler": ("<h1>", '<h1 onclick="f()">'),
    "a script in the page": ('<script src="/a.js">', "<script>f()"),
    "nothing": ("半角", "None"),
    "a promise": ("半角", "無料"),
    "a number that nobody can call": ('<a href="tel:01200000000">0120-000-0000</a>', "0120-000-0000"),
    "a link to another number": ("tel:01200000000", "tel:01200000001"),
    "a number without its hours": ("（年中無休）", ""),
    "an error page without whom to call": ("会員", "ページが見つかりません"),
}


def looked_at(html: str, status: int = 200) -> None:
    answer = httpx.Response(status, request=httpx.Request("GET", "https://mypage.example.jp/"))
    lint(answer, lxml.html.document_fromstring(html))


def test_a_page_in_order_passes() -> None:
    looked_at(GOOD)
    looked_at(GOOD.replace("<title>", "<title>エラー："), status=422)


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_found(name: str) -> None:
    old, new = WRONG[name]
    assert old in GOOD
    with pytest.raises(AssertionError, match="GET https"):
        looked_at(GOOD.replace(old, new))
