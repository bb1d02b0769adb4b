"""Disclosure: all that is kept about a customer, in words, with how long; no secret, and nothing of anybody else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from app.domain import tables
from app.domain.people import own_data
from app.domain.people.own_data import LEFT_OUT, TITLES
from app.domain.retention import disclosing
from app.domain.retention.disclosing import NOT_SHOWN, disclosed, label
from tests.households import HASH
from tests.retention import canary


def test_every_table_about_a_customer_is_shown_or_named_with_a_reason() -> None:
    assert set(NOT_SHOWN) == set(LEFT_OUT)
    assert not set(NOT_SHOWN) & set(TITLES)
    assert all(title and why.endswith("。") for title, why in NOT_SHOWN.values())


def test_every_column_that_is_shown_has_a_name_in_japanese() -> None:
    for table in TITLES:
        for column in own_data.exported_columns(table):
            assert re.search(r"[ぁ-んァ-ヶ一-龠]", label(column)), column


@pytest.mark.slow
async def test_a_customer_reads_all_of_it_and_no_secret(filled_database: str, tmp_path: Path) -> None:
    contract = await canary.leaves(tmp_path)
    text = await disclosed(contract)
    for said in (
        f"お客様番号：{canary.NUMBER}",
        "■ ご契約（1件、保存する期間：ご契約が続くあいだと、終了のあと7年）",
        "  設置先住所：東京都小鳥町7",
        "  転送先：（ご本人だけがダウンロードできます）",
        "  氏名（姓）：金糸雀",
        "  生年月日：1977-07-07",
        "  権限：管理者権限",
        "■ 通話明細（1件、保存する期間：25か月）",
        "■ マイページから送ったメール",
        "お送りしたメールは30日、お届けできなかったメールは90日",
        "  商品：セキュリティ360°",
        "  お手続きをした方：運営会社",
        "  ライセンスキー（PIN番号）（1件",
    ):
        assert said in text, said
    for title in TITLES.values():
        assert f"■ {title}（" in text
    for secret in ("argon2", "CANARY-PIN", "pm_canary", HASH[:20], "canary@example.jp", "True", "None"):
        assert secret not in text, secret
    others = await tables.Contract.select().where(tables.Contract.id != contract)
    assert others
    for other in others:
        assert other["customer_number"] not in text


@pytest.mark.slow
async def test_what_a_receipt_says_is_written_as_its_history_shows_it(
    filled_database: str, tmp_path: Path
) -> None:
    contract = await canary.lives(tmp_path)
    await canary.load(tmp_path, canary.line(closed_on="2026-01-31"))
    text = await disclosed(contract)
    assert "  種類：運営会社による変更" in text
    assert "    ご契約終了日：" in text
    assert disclosing.SECRETS[0] in text
