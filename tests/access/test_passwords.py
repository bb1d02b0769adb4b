"""Passwords: hashes that argon2 itself checks, one salt for a login, peppers that rotate, the same work for nobody."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import re

import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import VerifyMismatchError
from argon2.low_level import Type, hash_secret
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.access import passwords
from app.domain.installation import Peppers
from tests.conftest import Installed

FIRST, SECOND = b"the first pepper of these tests, long", b"the second pepper of these tests, long"
ARGON2 = PasswordHasher()
CHARACTER = st.characters(exclude_categories=["Cs"])


@pytest.fixture(autouse=True)
def first_pepper(installed: Installed) -> None:
    installed(peppers=Peppers({1: FIRST}))


def imported(password: str, salt: bytes = b"salt of elsewhere", memory: int = 64, lanes: int = 2) -> str:
    """A hash as another system made it."""
    made = hash_secret(
        password.encode(), salt, time_cost=3, memory_cost=memory, parallelism=lanes, hash_len=32, type=Type.ID
    )
    return made.decode()


def salt_of(stored: str) -> str:
    return stored.split("$")[4]


async def of_account(password: str, *used: str) -> str:
    made = await passwords.for_account(password, list(used))
    assert made
    return made.hash


async def of_customer(password: str, *used: str) -> str:
    made = await passwords.for_customer(password, list(used))
    assert made
    return made.hash


# --- making and checking ----------------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_a_new_password_is_verified_and_another_is_not() -> None:
    for stored in (await of_account("abc12345"), await of_customer("abc12345"), imported("abc12345")):
        assert await passwords.verify(stored, "abc12345")
        assert not await passwords.verify(stored, "abc12346")
        assert not await passwords.verify(stored, "")


async def test_a_new_hash_costs_19_mib_two_passes_and_one_lane() -> None:
    cost = extract_parameters(await of_account("abc12345"))
    assert (cost.type, cost.memory_cost, cost.time_cost, cost.parallelism) == (Type.ID, 19 * 1024, 2, 1)
    assert (cost.salt_len, cost.hash_len) == (16, 32)


async def test_the_mail_server_can_check_an_account_ids_password_without_a_pepper() -> None:
    stored = await of_account("abc12345")
    assert ARGON2.verify(stored, "abc12345")
    assert passwords.is_hash(stored)


async def test_a_customer_numbers_password_is_keyed_with_the_pepper_first() -> None:
    version, argon2 = (await of_customer("demo01")).split("$", 1)
    assert version == "p1"
    keyed = base64.b64encode(hmac.digest(FIRST, b"demo01", hashlib.sha256))
    assert ARGON2.verify("$" + argon2, keyed)
    with pytest.raises(VerifyMismatchError):
        ARGON2.verify("$" + argon2, "demo01")


@pytest.mark.slow
async def test_without_peppers_an_account_ids_password_is_hashed_and_a_customer_numbers_is_not(
    installed: Installed,
) -> None:
    with_pepper = await of_customer("demo01")
    installed(peppers=None)
    without = await of_account("abc12345")
    assert await passwords.renewed(without, "abc12345", peppered=False) is None
    assert await passwords.verify(without, "abc12345")
    await passwords.pretend("abc12345")
    assert ARGON2.verify(passwords.hash_now("abc12345", peppered=False), "abc12345")
    with pytest.raises(RuntimeError, match="peppers was not handed over"):
        passwords.hash_now("demo01", peppered=True)
    for wanted in (
        passwords.for_customer("demo01", []),
        passwords.renewed(without, "abc12345", peppered=True),
        passwords.verify(with_pepper, "demo01"),
    ):
        with pytest.raises(RuntimeError, match="peppers was not handed over"):
            await wanted


@pytest.mark.slow
async def test_an_import_hashes_with_a_fresh_salt_each_time() -> None:
    made = [passwords.hash_now("abc12345", peppered=peppered) for peppered in (True, True, False)]
    assert [stored.split("$")[0] for stored in made] == ["p1", "p1", ""]
    assert len(set(map(salt_of, made))) == 3
    assert [await passwords.verify(stored, "abc12345") for stored in made] == [True] * 3


async def test_the_first_three_characters_come_apart_from_the_hash() -> None:
    made = await passwords.for_account("Zq9-first", [])
    assert made
    assert made.peek == "Zq9"
    assert "Zq9" not in made.hash


@pytest.mark.slow
@settings(max_examples=25)
@given(st.text(CHARACTER, max_size=20), st.text(CHARACTER, max_size=20))
async def test_any_two_texts_are_told_apart(password: str, other: str) -> None:
    assert await passwords.verify(imported(password), other) == (password == other)


# --- used before ------------------------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_all_hashes_of_one_login_share_its_salt_and_of_two_logins_do_not() -> None:
    first = await of_account("abc12345")
    second = await of_account("abc12346", first)
    third = await of_account("abc12347", second, first)
    assert salt_of(first) == salt_of(second) == salt_of(third)
    assert salt_of(first) != salt_of(await of_account("abc12345"))


async def test_the_same_password_of_the_same_login_is_the_same_text() -> None:
    first = await of_account("abc12345")
    assert await of_account("other-01", first) == await of_account("other-01", first)


@pytest.mark.slow
async def test_every_password_used_before_is_refused_and_a_new_one_is_not() -> None:
    used: list[str] = []
    for password in ("abc12345", "abc12346", "abc12347"):
        used.insert(0, await of_account(password, *used))
    for password in ("abc12345", "abc12346", "abc12347"):
        assert await passwords.for_account(password, used) is None
    assert await passwords.for_account("ABC12345", used)


@pytest.mark.slow
async def test_an_imported_hash_with_its_own_salt_and_cost_counts_as_used() -> None:
    old, other = imported("abc12345"), imported("abc12346", b"yet another salt", 128, 1)
    newest = await of_account("abc12347", other, old)
    assert salt_of(newest) == salt_of(other)
    for password in ("abc12345", "abc12346", "abc12347"):
        assert await passwords.for_account(password, [newest, other, old]) is None
        assert await passwords.for_customer(password, [newest, other, old]) is None
    assert await passwords.for_account("abc12348", [newest, other, old])


@pytest.mark.slow
async def test_a_password_used_under_an_old_pepper_is_refused_under_the_new_one(installed: Installed) -> None:
    old = await of_customer("demo01")
    installed(peppers=Peppers({1: FIRST, 2: SECOND}))
    new = await of_customer("demo02", old)
    assert new.startswith("p2$")
    assert salt_of(new) == salt_of(old)
    assert await passwords.for_customer("demo01", [new, old]) is None
    assert await passwords.for_customer("demo02", [new, old]) is None


# --- peppers that rotate ----------------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_after_a_rotation_the_old_hash_still_verifies_and_is_renewed_with_its_salt(
    installed: Installed,
) -> None:
    old = await of_customer("demo01")
    assert await passwords.renewed(old, "demo01", peppered=True) is None
    installed(peppers=Peppers({1: FIRST, 2: SECOND}))
    assert await passwords.verify(old, "demo01")
    renewed = await passwords.renewed(old, "demo01", peppered=True)
    assert renewed
    assert renewed.startswith("p2$")
    assert salt_of(renewed) == salt_of(old)
    assert await passwords.verify(renewed, "demo01")
    assert await passwords.renewed(renewed, "demo01", peppered=True) is None


@pytest.mark.slow
@pytest.mark.parametrize(("peppered", "start"), [(True, "p1$argon2id"), (False, "$argon2id")])
async def test_an_imported_hash_is_renewed_at_todays_cost(peppered: bool, start: str) -> None:
    for old in (imported("demo01"), imported("demo01", memory=19 * 1024, lanes=2)):
        renewed = await passwords.renewed(old, "demo01", peppered=peppered)
        assert renewed
        assert renewed.startswith(f"{start}$v=19$m={19 * 1024},t=2,p=1${salt_of(old)}$")
        assert await passwords.verify(renewed, "demo01")


async def test_a_hash_of_todays_cost_is_not_renewed() -> None:
    assert await passwords.renewed(await of_account("abc12345"), "abc12345", peppered=False) is None


async def test_the_highest_version_is_the_newest_pepper_in_whatever_order(installed: Installed) -> None:
    for peppers in ({9: FIRST, 10: SECOND}, {10: SECOND, 9: FIRST}):
        installed(peppers=Peppers(peppers))
        assert (await of_customer("demo01")).startswith("p10$")


async def test_another_key_under_the_same_version_opens_nothing(installed: Installed) -> None:
    stored = await of_customer("demo01")
    installed(peppers=Peppers({1: SECOND}))
    assert not await passwords.verify(stored, "demo01")


# --- what an import file may hold -------------------------------------------------------------------------------------


def written(
    memory: str = "64", passes: str = "3", lanes: str = "1", salt: str = "A" * 22, tail: str = "A" * 43
) -> str:
    return f"$argon2id$v=19$m={memory},t={passes},p={lanes}${salt}${tail}"


@pytest.mark.parametrize(
    ("edge", "allowed"),
    [
        (written(memory="8"), True),
        (written(memory="7"), False),
        (written(memory="65536"), True),
        (written(memory="65537"), False),
        (written(memory="32", lanes="4"), True),
        (written(memory="31", lanes="4"), False),
        (written(passes="1"), True),
        (written(passes="0"), False),
        (written(passes="4"), True),
        (written(passes="5"), False),
        (written(memory="64", lanes="4"), True),
        (written(lanes="0"), False),
        (written(memory="64", lanes="5"), False),
        (written(memory="064"), False),
        (written(passes="03"), False),
        (written(salt="A" * 11), True),
        (written(salt="A" * 10), False),
        (written(salt="A" * 13), False),
        (written(salt="A" * 21 + "B"), False),
        (written(salt="A" * 86), True),
        (written(salt="A" * 87), False),
        (written(tail="A" * 42), False),
        (written(tail="A" * 44), False),
        (written(tail="A" * 42 + "B"), False),
        (written(salt="A" * 21 + "="), False),
        (written(salt="A" * 21 + "-"), False),
        (written() + "\n", False),
        ("p1" + written(), False),
        (written().replace("argon2id", "argon2i"), False),
        (written().replace("v=19", "v=16"), False),
        (written(memory="６４"), False),
        ("", False),
        ("abc12345", False),
    ],
)
async def test_an_import_takes_a_hash_within_its_bounds_only(edge: str, allowed: bool) -> None:
    assert passwords.is_hash(edge) == allowed


@pytest.mark.slow
@settings(max_examples=200)
@given(
    st.from_regex(
        re.compile(r"\$argon2id\$v=19\$m=[0-9]{1,2},t=[0-9],p=[0-9]\$[A-D]{9,24}\$A{42}[A-D]", re.ASCII),
        fullmatch=True,
    )
)
async def test_whatever_an_import_takes_can_be_verified_without_an_error(text: str) -> None:
    if passwords.is_hash(text):
        made = await passwords._like(text, "abc12345")
        assert extract_parameters(made)
        assert await passwords.verify(made, "abc12345")
        assert not await passwords.verify(text, "abc12345")


@pytest.mark.slow
@settings(max_examples=50)
@given(st.binary(min_size=8, max_size=64), st.integers(1, 4), st.integers(0, 40))
async def test_whatever_argon2_wrote_is_taken_and_verified(salt: bytes, lanes: int, more: int) -> None:
    stored = imported("abc12345", salt, 8 * lanes + more, lanes)
    assert passwords.is_hash(stored)
    assert await passwords.verify(stored, "abc12345")


# --- nobody, and how many at once -------------------------------------------------------------------------------------


async def test_an_unknown_name_costs_what_a_known_one_costs() -> None:
    nobody, somebody = extract_parameters(passwords._NOBODY), extract_parameters(await of_account("abc12345"))
    assert nobody == somebody
    assert passwords.is_hash(passwords._NOBODY)
    for password in ("", "abc12345", "杏"):
        await passwords.pretend(password)


@pytest.mark.slow
async def test_at_most_two_passwords_are_looked_at_at_once() -> None:
    stored = await of_account("abc12345")
    limiter = passwords._logins
    six = [asyncio.create_task(passwords.verify(stored, "abc12345")) for _ in range(4)]
    six += [asyncio.create_task(passwords.verify(stored, "abc12346")) for _ in range(2)]
    at_once: list[int] = []
    waiting: list[int] = []
    while not all(task.done() for task in six):
        at_once.append(int(limiter.borrowed_tokens))
        waiting.append(limiter.statistics().tasks_waiting)
        await asyncio.sleep(0)
    assert max(at_once) == 2
    assert max(waiting) == 4
    assert [task.result() for task in six] == [True] * 4 + [False] * 2
