"""The `contracts` file: what is loaded, what is refused with which line, and that a refusal leaves nothing."""

from __future__ import annotations

import asyncio
import copy
import json
import traceback
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.commands import servers
from app.domain import clock
from app.domain.access import passwords
from app.domain.contracts import file as contract_file
from app.domain.contracts import importing as contract_import
from app.domain.contracts.importing import ContractsImported, import_contracts
from app.domain.imports import ImportRefused, Problem
from app.postgres import database
from tests.contracts.lines import HASH, ONE, account, as_bytes, contract, lines

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("empty_database")


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Writes a file of these lines."""

    def file(*given: dict[str, Any] | str | bytes, start: bytes = b"") -> Path:
        path = tmp_path / "contracts.jsonl"
        path.write_bytes(lines(*given, start=start))
        return path

    return file


async def load(path: Path) -> ContractsImported:
    return await import_contracts(path, lambda _: None)


async def refusal(path: Path) -> ImportRefused:
    """The refusal of the file, which left everything as it was."""
    before = await everything()
    with pytest.raises(ImportRefused) as refused:
        await load(path)
    assert await everything() == before
    return refused.value


async def everything() -> dict[str, list[Any]]:
    """All rows of the tables that an import writes."""
    return {
        table: [dict(row) for row in await database.rows(f"SELECT * FROM {table} ORDER BY id")]
        for table in ("contract", "card", "account", "used_password")
    }


# --- what is loaded ---


async def test_a_contract_is_loaded_with_its_card_and_its_account_ids(write: Callable[..., Path]) -> None:
    both = [account("login-1"), account("second-id", role="admin", other_address="a@example.jp")]
    assert await load(
        write(contract(1, accounts=both), contract(2, card=None, accounts=[]))
    ) == ContractsImported(new=2, already_there=0)
    rows = await everything()
    assert [row["customer_number"] for row in rows["contract"]] == [f"{1:014}", f"{2:014}"]
    assert rows["contract"][0]["family"] == "有光"
    assert [(row["contract"], row["last4"], row["expires"]) for row in rows["card"]] == [
        (1, "0000", "2030-01")
    ]
    assert [(row["login"], row["slot"], row["role"], row["other_address"]) for row in rows["account"]] == [
        ("login-1", 1, "user", None),
        ("second-id", 2, "admin", "a@example.jp"),
    ]
    assert [(row["contract"], row["account"], row["hash"]) for row in rows["used_password"]] == [
        (1, None, HASH),
        (2, None, HASH),
        (1, 1, HASH),
        (1, 2, HASH),
    ]


@pytest.mark.slow
async def test_the_demo_contracts_are_those_of_the_specification() -> None:
    assert await load(servers.DEMO_CONTRACTS) == ContractsImported(new=4, already_there=0)
    found = await database.rows(
        "SELECT customer_number, mail_product, user_purchases, brand, last4, expires,"
        " ARRAY(SELECT login || ' ' || role FROM account WHERE account.contract = contract.id ORDER BY slot) AS logins"
        " FROM contract LEFT JOIN card ON card.contract = contract.id ORDER BY customer_number"
    )
    assert [(row["customer_number"][-1], row["mail_product"], row["logins"]) for row in found] == [
        ("0", "mail_web", ["arteri-an-001 user", "arteri-an-002 admin"]),
        ("1", "mail_pack", []),
        ("2", "mail_web", []),
        ("3", "mail_web", ["keiyaku-003 admin"]),
    ]
    assert [row["user_purchases"] for row in found] == ["yes", "ask", "ask", "ask"]
    assert [row["brand"] is not None for row in found] == [True, True, True, False]
    assert (found[0]["brand"], found[0]["last4"], found[0]["expires"]) == ("VISA", "0000", "2030-01")


@pytest.mark.slow
async def test_plain_passwords_verify_after_the_import(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contract_import, "HASHES", 2)
    await load(servers.DEMO_CONTRACTS)
    for row in await database.rows("SELECT password_hash FROM contract"):
        assert await passwords.verify(row["password_hash"], "demo01")
        assert row["password_hash"].startswith("p1$argon2id$")  # that is, with pepper
    for row in await database.rows("SELECT password_hash FROM account"):
        assert await passwords.verify(row["password_hash"], "abc12345")
        assert row["password_hash"].startswith("$argon2id$")  # that is, without
    kept = await database.rows(
        "SELECT password_hash AS hash FROM contract UNION SELECT password_hash FROM account"
    )
    used = await database.rows("SELECT hash FROM used_password")
    assert sorted(row["hash"] for row in used) == sorted(row["hash"] for row in kept)


async def test_the_same_file_twice_changes_nothing(write: Callable[..., Path]) -> None:
    path = write(contract(1), contract(2))
    await load(path)
    before = await everything()
    assert await load(path) == ContractsImported(new=0, already_there=2)
    assert await everything() == before


async def test_a_contract_that_is_there_stays_exactly_as_it_is(write: Callable[..., Path]) -> None:
    await load(write(contract(1)))
    await database.rows("UPDATE account SET deleted_at = $1", clock.now())
    before = await everything()
    changed = contract(1, building="B999", holder__phone="03-9999-9999", card=None)
    assert await load(write(changed, contract(2))) == ContractsImported(new=1, already_there=1)
    after = await everything()
    assert all(after[table][: len(rows)] == rows for table, rows in before.items())


async def test_two_imports_at_once_load_a_contract_once(write: Callable[..., Path]) -> None:
    path = write(contract(1), contract(2))
    done = await asyncio.gather(load(path), load(path))
    assert sorted((each.new, each.already_there) for each in done) == [(0, 2), (2, 0)]


async def test_an_empty_file_loads_nothing(write: Callable[..., Path]) -> None:
    assert await load(write()) == ContractsImported(new=0, already_there=0)


async def test_an_account_id_is_registered_on_the_day_of_opening_but_never_in_the_future(
    write: Callable[..., Path],
) -> None:
    await load(write(contract(1, opened_on="2014-12-01"), contract(2, opened_on="2999-01-01")))
    first, second = await database.rows("SELECT registered_at FROM account ORDER BY id")
    assert first["registered_at"] == datetime(2014, 11, 30, 15, tzinfo=UTC)  # midnight in Tokyo
    assert second["registered_at"] <= clock.now()


async def test_progress_tells_the_line_that_was_reached(
    write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contract_import, "BATCH", 2)
    told: list[int] = []
    await import_contracts(write(contract(1), "", contract(2), contract(3)), told.append)
    assert told == [3, 4]


# --- what is refused ---


async def test_every_bad_line_is_listed_with_its_number_and_nothing_is_loaded(
    write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contract_import, "BATCH", 2)
    account_ids = [account(f"six-{number}") for number in range(6)]
    refused = await refusal(
        write(
            contract(1),
            "{",
            contract(3, holder__sex="", card__last4=""),
            contract(4),
            "",
            contract(6, accounts=account_ids),
        )
    )
    assert str(refused).splitlines() == [
        "line 2: broken JSON: Input data was truncated",
        "line 3: holder.sex: must be one of 男性, 女性, or null",
        "line 3: card.last4: must be the last 4 digits of the card number",
        "line 6: accounts: 6 account IDs, but at most 5 are possible",
    ]
    assert refused.more == 0


async def test_a_customer_number_or_an_account_id_twice_in_a_file_names_the_later_lines(
    write: Callable[..., Path],
) -> None:
    twice_inside = contract(5, accounts=[account("the-same"), account("the-same")])
    first, bad = contract(1, accounts__0__login="first"), contract(3, accounts__0__login="first", building="")
    refused = await refusal(
        write(first, contract(1), bad, contract(1, accounts__0__login="first"), twice_inside)
    )
    number = "customer_number: stands on line 1 already; keep one of the two"
    login = "accounts[{}].login: stands on line {} already; give one of the two another"
    assert [problem for problem in refused.problems if "must be" not in problem.reason] == [
        Problem(2, number),
        Problem(3, login.format(0, 1)),
        Problem(4, number),
        Problem(4, login.format(0, 1)),
        Problem(5, login.format(1, 5)),
    ]


@pytest.mark.parametrize("deleted", [False, True])
async def test_an_account_id_that_another_contract_ever_had_is_refused(
    write: Callable[..., Path], deleted: bool
) -> None:
    await load(write(contract(1, accounts__0__login="taken")))
    if deleted:
        await database.rows("UPDATE account SET deleted_at = $1", clock.now())
    refused = await refusal(
        write(contract(1, accounts__0__login="taken"), contract(2), contract(3, accounts__0__login="taken"))
    )
    assert [line for line, _ in refused.problems] == [3, 3]
    refused = await refusal(write(contract(2), contract(3, accounts__0__login="taken")))
    ((line, reason),) = refused.problems
    assert line == 2
    assert reason.startswith("accounts[0].login: belongs to another contract")


async def test_an_account_id_that_a_member_registers_meanwhile_is_refused_with_its_line(
    write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    await load(write(contract(1)))

    async def register(*_: object) -> None:
        # On a connection of its own, outside of the import's transaction, which must not make it wait.
        await database.engine().fetch("UPDATE account SET login = 'snatched'")

    monkeypatch.setattr(contract_import, "_hash_plain_passwords", register)
    with pytest.raises(ImportRefused) as refused:
        await load(write(contract(2), contract(3, accounts__0__login="snatched")))
    assert [line for line, _ in refused.value.problems] == [2]
    assert len((await everything())["contract"]) == 1


@pytest.mark.slow
@pytest.mark.own_database
async def test_a_constraint_of_the_database_that_the_rules_missed_leaves_nothing_and_shows_no_hash(
    write: Callable[..., Path],
) -> None:
    await database.rows("ALTER TABLE account ADD CONSTRAINT missed CHECK (login <> 'login-2')")
    with pytest.raises(asyncpg.CheckViolationError, match="missed") as failed:
        await load(write(contract(1), contract(2)))
    assert HASH[:40] not in "".join(traceback.format_exception(failed.value))
    assert not any((await everything()).values())


async def test_a_copy_that_fails_leaves_nothing(
    write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contract_import, "BATCH", 1)
    broken = contract_file.ContractLine(2, [], card=("VISA", "\x00", "2030-01", "A", "", ""))
    good = list(contract_file.read(write(contract(1))))
    monkeypatch.setattr(contract_file, "read", lambda _: iter([*good, broken]))
    with pytest.raises(asyncpg.PostgresError):
        await load(write())
    assert not any((await everything()).values())


async def test_a_stop_in_the_middle_leaves_nothing_and_the_next_import_works(
    write: Callable[..., Path],
) -> None:
    def stop(_: int) -> None:
        raise KeyboardInterrupt

    path = write(contract(1))
    with pytest.raises(KeyboardInterrupt):
        await import_contracts(path, stop)
    assert not any((await everything()).values())
    assert await load(path) == ContractsImported(new=1, already_there=0)


async def test_a_file_that_is_missing_is_the_callers_matter(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        await load(tmp_path / "missing")


# --- whatever the file holds ---

GOOD = as_bytes(contract(2))
FIELDS = [
    *[(name,) for name in ONE],
    *[("holder", name) for name in ONE["holder"]],
    *[("card", name) for name in ONE["card"]],
    *[("accounts", 0, name) for name in ONE["accounts"][0]],
]
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=4,
)


@st.composite
def another_value(draw: st.DrawFn) -> bytes:
    """The good line with something else in one field, or without it."""
    line = copy.deepcopy(contract(2))
    *steps, last = draw(st.sampled_from(FIELDS))
    place: Any = line
    for step in steps:
        place = place[step]
    if draw(st.booleans()):
        place[last] = draw(anything)
    else:
        del place[last]
    return json.dumps(line, ensure_ascii=draw(st.booleans())).encode("utf-8", "surrogatepass")


@st.composite
def another_byte(draw: st.DrawFn) -> bytes:
    """The good line with some bytes replaced, put in or taken out."""
    start = draw(st.integers(0, len(GOOD)))
    end = start + draw(st.integers(0, 3))
    return GOOD[:start] + draw(st.binary(max_size=3)).replace(b"\n", b"") + GOOD[end:]


@pytest.mark.slow
@given(line=another_value() | another_byte())
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_a_mutation_of_a_good_line_either_loads_or_is_named_with_its_line(
    write: Callable[..., Path], line: bytes
) -> None:
    path = write(contract(1), line)
    (before,) = await database.rows("SELECT count(*) FROM contract")
    named, loaded = {2}, 0
    try:
        done = await load(path)
        assert done.new + done.already_there == 2
        loaded = done.new
    except ImportRefused as refused:
        named = {number for number, _ in refused.problems}
    assert named == {2}
    (after,) = await database.rows("SELECT count(*) FROM contract")
    assert after[0] - before[0] == loaded
