"""Words that were replaced by plainer ones do not come back: not in a template, a mail or a sentence of the program."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

APP = Path(__file__).parents[1] / "app"
GONE = {
    "解約するまで、がご契約期間": r"最後に利用できる日：解約する",
    "今回のお申し込みの手数料として、今月分でご請求します": r"今月に1回",
    "サーバーのメール": r"サーバーにメールを(?!残)",
    "現在2個登録されています（5個まで登録できます）": r"登録済みは|登録できるのは[0-9{5]",
    "有料で10GBに増やせます": r"月額利用料で10GB",
    "不要になるメールサービスは自動的に解約されます": r"不要になるため、同時に",
    "確認後10分間は、再入力せずに": r"確認できてから|再入力なし",
    "お客様の情報をお渡しすることはありません": r"リンクで渡す",
    "同意のチェックが入っていません": r"内容をお読みになり、同意",
    "30分間操作がなかったため、ログアウトしました": r"有効期間が終了したか、ログアウト",
    "方": r"(?<![0-9本個法商出])人(?!数|々|気|口)",
    "未登録": r"""^[^。、]*登録されていません$""",
    "2026/01/10": r"[0-9]{4}-[0-9]{2}-[0-9]{2} のように|例：[0-9]{4}-|\{day\.month\}月",
    "words beside a number of an error": r"\b(404|500|503)\b|Internal Server Error|Not Found",
    "お客様番号でログインしたときと同じお手続き、と※": r"同じこと(が|を)でき",
}
"""What is said now, and by what it is known that the old words are back."""
ALLOWED = re.compile(r"^人$|suffix=\"人\"|\}人|親権者")
JAPANESE = re.compile("[\u3040-\u30ff\u4e00-\u9fff]")


def sentences() -> Iterator[tuple[str, str]]:
    """Every line of a template or mail without its comments, and every Japanese string of the program that is no docstring."""
    for path in sorted(APP.rglob("*")):
        if path.suffix in {".html", ".txt"} and "agreed" not in path.parts:
            text = re.sub(r"\{#.*?#\}", "", path.read_text(), flags=re.DOTALL)
            yield from ((path.name, line) for line in text.splitlines() if JAPANESE.search(line))
        elif path.suffix == ".py" and path.relative_to(APP).parts[0] in {
            "domain",
            "web",
            "routes",
            "mailing",
        }:
            yield from ((path.name, text) for text in strings(ast.parse(path.read_text())))


def strings(tree: ast.AST) -> Iterator[str]:
    told = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        text = node.value if isinstance(node, ast.Constant) and id(node) not in told else None
        if isinstance(text, str) and JAPANESE.search(text):
            yield text


@pytest.mark.slow
def test_the_looking_finds_what_it_looks_through() -> None:
    found = [text for _, text in sentences()]
    assert len(found) > 1500
    assert any("ログアウトしました。" in text for text in found)


@pytest.mark.slow
@pytest.mark.parametrize("now", GONE)
def test_old_words_do_not_come_back(now: str) -> None:
    old = re.compile(GONE[now])
    found = [(name, text) for name, text in sentences() if old.search(ALLOWED.sub("", text))]
    assert found == [], f"say instead: {now}"


@pytest.mark.parametrize(
    "text",
    [
        "お手続きした人",
        "ほかの人に教えないでください。",
        "多くの人が使っている",
        "お支払い方法が登録されていません",
        "日付は、2026-01-10 のように入力してください。",
        "登録済みは2個、登録できるのは5個までです。",
        "サーバーにメールを",
        "このサービスが不要になるため、同時に自動的に解約されます。",
    ],
)
def test_they_are_known_where_they_stand(text: str) -> None:
    assert any(re.search(old, ALLOWED.sub("", text)) for old in GONE.values())


@pytest.mark.parametrize(
    "text", ["ご本人", "法人", "個人情報保護方針", "同居人数", "まだ登録されていません。"]
)
def test_other_words_are_none_of_them(text: str) -> None:
    assert not any(re.search(old, ALLOWED.sub("", text)) for old in GONE.values())
