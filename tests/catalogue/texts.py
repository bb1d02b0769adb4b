"""Catalogues for tests: the shipped file's text, with something else in it."""

from __future__ import annotations

import re
from pathlib import Path

from app.domain.catalogue import file

TEXT = file.SHIPPED.read_text()
FOURTH = """
[[product]]
key = "backup-guard"
kind = "licence"
name = "見守りバックアップ"
sold = true
computers = 2
environment = "Windows、Linux"
activation = ["［ダウンロード］を押します。", "PIN番号を入力します。"]
installer = "https://download.example.jp/backup-guard"
prices = [{ from = 2014-01-01, yen = 440 }]

[product.terms]
version = 1
dated = 2026-01-01
points = ["バックアップは、毎日夜に行われます。"]
conditions = ["複製はできません。"]
"""
"""A product of no line of code."""


def edited(*pairs: tuple[str, str], text: str = TEXT) -> str:
    """The text with each of these once in the place of another."""
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text


def without(key: str, text: str = TEXT) -> str:
    """The text without a product."""
    products = re.split(r"(?m)^(?=\[\[product\]\])", text)
    left = [one for one in products if f'key = "{key}"\n' not in one]
    assert len(left) == len(products) - 1, key
    return "".join(left)


def line_of(text: str, part: str) -> int:
    """The line that the part stands on, of which there is one."""
    assert text.count(part) == 1, part
    return text[: text.index(part)].count("\n") + 1


def written(folder: Path, text: str) -> Path:
    path = folder / "catalogue.toml"
    path.write_text(text)
    return path
