"""docs/catalogue.md says what the reader reads, and its example is one."""

from __future__ import annotations

import re
from datetime import date

import pytest

from app.domain.catalogue import file, plan
from app.domain.catalogue.reading import Table
from tests.catalogue.test_plan import SHIPPED, known
from tests.catalogue.texts import TEXT
from tests.test_docs import ROOT

DOCS = (ROOT / "docs" / "catalogue.md").read_text()
(EXAMPLE,) = re.findall(r"```toml\n(.*?)```", DOCS, re.DOTALL)


def test_every_key_that_is_read_is_described_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    read: set[str] = set()
    ask = Table.ask

    def noted(self: Table, name: str, *rest: object, **more: object) -> object:
        read.add(name)
        return ask(self, name, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(Table, "ask", noted)
    file.of_text(TEXT + EXAMPLE)
    rows = re.findall(r"^\| (`.*?) \| (.*) \|$", DOCS, re.MULTILINE)
    first = {key for keys, _ in rows for key in re.findall(r"`([a-z_-]+)`", keys)}
    within = {key for _, said in rows for key in re.findall(r"`([a-z0-9_-]+)`", said)}
    assert read <= first | within
    assert first <= read


def test_the_example_is_a_product_more() -> None:
    added = file.of_text(TEXT + EXAMPLE)
    said = plan.plan(added, SHIPPED, known(SHIPPED), date(2030, 3, 1)).lines
    assert (
        said[0]
        == "+ 見守りバックアップ (backup-guard, licence): sold from 2030-04-01 on, 440 yen from 2030-04-01"
    )
