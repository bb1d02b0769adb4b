"""Lines of erased contracts are left out and named; their names are nobody's; the rest of the file is loaded."""

from __future__ import annotations

from datetime import date
from functools import partial
from pathlib import Path

import pytest

from app.domain import erased_names, tables
from app.domain.contracts.feeding import Asked, feed_contracts
from app.domain.contracts.importing import import_contracts
from app.domain.erased_names import Kind
from app.domain.imports import ImportRefused
from app.settings import DEMO_MAIL_SYSTEM
from tests.contracts.lines import contract, lines

ERASED, OTHER = contract(9_001), contract(9_002)


async def forget(kind: Kind, name: str) -> None:
    await tables.ErasedName(
        hash=erased_names.hashed(kind, name),
        kind=kind,
        pepper=1,
        erased_on=date(2026, 1, 1),
        closed_on=date(2025, 1, 1) if kind == "number" else None,
    ).save()


async def numbers() -> list[str]:
    return [row["customer_number"] for row in await tables.Contract.select(tables.Contract.customer_number)]


@pytest.fixture
async def path(filled_database: str, tmp_path: Path) -> Path:
    await forget("number", ERASED["customer_number"])
    made = tmp_path / "contracts.jsonl"
    header = '{"feed":"contracts","made_at":"2026-01-10T01:00","lines":2,"sequence":1}'
    made.write_bytes(lines(header, ERASED, OTHER))
    return made


async def test_an_import_leaves_the_erased_one_out_and_loads_the_other(path: Path) -> None:
    done = await import_contracts(path, lambda _: None)
    assert (done.new, done.already_there, done.erased) == (1, 0, (2,))
    assert ERASED["customer_number"] not in await numbers()
    assert OTHER["customer_number"] in await numbers()


async def test_a_feed_names_it_in_its_plan_and_goes_on(path: Path) -> None:
    plan = await feed_contracts(path, lambda _: None, Asked())
    assert next(iter(plan.lines())) == "line 2: its contract was erased; left out"
    assert "1 of erased contracts, left out" in plan.summary
    assert plan.new == [OTHER["customer_number"]]
    assert ERASED["customer_number"] not in await numbers()


@pytest.mark.parametrize("update", [True, False])
async def test_a_new_contract_with_an_erased_ones_names_is_refused(path: Path, update: bool) -> None:
    address = f"uta@{DEMO_MAIL_SYSTEM.domain}"
    names: dict[str, tuple[Kind, str]] = {
        "login": ("login", "login-9002"),
        "ucom_address": ("address", address),
        "web_space": ("web_space", "uta"),
    }
    for kind, name in names.values():
        await forget(kind, name)
    taken = contract(
        9_002,
        mail_product="mail_web",
        accounts__0__other_address=None,
        accounts__0__ucom_address=address,
        accounts__0__web_space="uta",
    )
    path.write_bytes(lines(taken))  # noqa: ASYNC240 - a small file
    load = partial(feed_contracts, asked=Asked()) if update else import_contracts
    with pytest.raises(ImportRefused) as refused:
        await load(path, lambda _: None)
    for field in names:
        said = f"accounts[0].{field}: was an erased contract's; it is never given again"
        assert said in str(refused.value)
    assert OTHER["customer_number"] not in await numbers()
