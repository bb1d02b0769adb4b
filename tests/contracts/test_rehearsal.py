"""Invented contracts: whatever is sold, every line of them is one that is loaded."""

from __future__ import annotations

import json
from itertools import chain
from typing import TYPE_CHECKING

import pytest

from app.domain.catalogue import file as catalogue_file
from app.domain.catalogue import kept
from app.domain.contracts import file as contract_file
from app.domain.contracts.importing import import_contracts
from app.domain.contracts.rehearsal import invented
from app.postgres import database
from app.settings import DEMO_MAIL_SYSTEM
from tests.catalogue.texts import edited, without, written
from tests.contracts.lines import HASH, as_bytes
from tests.products import use

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Installed

DOMAIN = DEMO_MAIL_SYSTEM.domain


def small() -> str:
    """A catalogue of mail alone, where three addresses are free and one account ID is all."""
    text = edited(("base = 1", "base = 3"), ("account_ids = 5", "account_ids = 1"))
    for key in ("remote-support", "security-360", "security-online", "kids-filter", "mailbox-10gb"):
        text = without(key, text)
    return text


@pytest.mark.parametrize("text", [catalogue_file.SHIPPED.read_text(), small()], ids=["shipped", "small"])
@pytest.mark.parametrize("domain", [DOMAIN, None])
def test_every_line_is_a_good_one(monkeypatch: pytest.MonkeyPatch, text: str, domain: str | None) -> None:
    sold = catalogue_file.of_text(text).catalogue
    use(monkeypatch, products=sold.products, limits=sold.limits)
    made = list(invented(2_000, password_hash=HASH, digits=14, domain=domain))
    judged = [contract_file.judged(number, as_bytes(line)) for number, line in enumerate(made, 1)]
    assert [line.problems for line in judged if line.problems] == []
    has = {service.product for line in judged for service in line.services}
    assert has == {one.key for one in sold.products} - (set() if domain else {"mailbox-10gb"})
    assert any(line.mail for line in judged) is (domain is not None)


def test_the_same_ones_come_at_each_call_and_others_further_on(installed: Installed) -> None:
    def numbers(count: int, first: int = 0) -> list[str]:
        return [
            json.dumps(one) for one in invented(count, password_hash=HASH, digits=6, domain=None, first=first)
        ]

    assert numbers(20) == numbers(10) + numbers(10, 10)
    with pytest.raises(ValueError, match="100,000 numbers of 6 digits"):
        numbers(1, 100_000)


async def test_all_of_them_are_loaded_together(empty_database: str, tmp_path: Path) -> None:
    await kept.import_catalogue(written(tmp_path, small().replace("account_ids = 1", "account_ids = 3")), {})
    path = tmp_path / "contracts.jsonl"
    lines = chain.from_iterable(
        invented(150, password_hash=HASH, digits=14, domain=DOMAIN, first=first) for first in (0, 150)
    )
    path.write_bytes(b"".join(as_bytes(line) + b"\n" for line in lines))
    assert (await import_contracts(path, lambda _: None)).new == 300
    (found,) = await database.rows(
        "SELECT count(*) FILTER (WHERE holder_kind = 'company') AS companies, (SELECT count(*) FROM card) AS cards,"
        " (SELECT count(*) FROM web_space) > 0 AND (SELECT count(*) FROM forwarding) > 0 AS mail FROM contract"
    )
    assert dict(found) == {"companies": 30, "cards": 240, "mail": True}
