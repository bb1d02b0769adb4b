"""What one login may make the portal do in a while, so that nobody else waits for it."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import anyio
import anyio.lowlevel
import pytest

from app.domain import clock
from app.domain.access import passwords, usage
from app.domain.access.members import Member
from app.domain.access.usage import TooOften, Use
from app.web import pdf
from tests import households
from tests.browser import Browser
from tests.households import HASH, PASSWORD

FEW = Use("few", 3)


@pytest.fixture
async def customer(empty_database: str) -> Member:
    return await households.log_in(await households.new_contract())


async def used(member: Member, use: Use = FEW) -> bool:
    try:
        await usage.count(member, use)
    except TooOften as refused:
        wait = refused.wait
    else:
        return True
    assert timedelta() < wait <= timedelta(minutes=15, seconds=5)  # each reads the clock for itself
    return False


@pytest.mark.slow
async def test_a_login_has_its_share_and_another_contracts_its_own(customer: Member) -> None:
    assert [await used(customer) for _ in range(5)] == [True, True, True, False, False]
    assert await used(await households.log_in(await households.new_contract()))
    assert await used(customer, Use("another", 1))


async def test_what_one_account_id_uses_up_holds_up_nobody_else_of_the_contract(empty_database: str) -> None:
    family = await households.new_household()
    logins = (None, family.mother, family.son)
    customer, mother, son = [await households.log_in(family.contract, who) for who in logins]
    assert [await used(son) for _ in range(4)] == [True, True, True, False]
    assert [await used(await households.log_in(family.contract, family.son))] == [False]
    for other in (mother, customer):
        assert [await used(other) for _ in range(4)] == [True, True, True, False]
    clock.start_at(clock.now() + timedelta(minutes=16))
    assert await used(await households.log_in(family.contract, family.son))


async def test_fifty_uses_at_once_are_counted_exactly(customer: Member) -> None:
    assert sum(await asyncio.gather(*(used(customer) for _ in range(50)))) == FEW.most


@pytest.mark.parametrize(
    ("seconds", "words"), [(-3, "約1分"), (1, "約1分"), (60, "約1分"), (61, "約2分"), (900, "約15分")]
)
def test_a_wait_is_told_in_whole_minutes(seconds: int, words: str) -> None:
    assert usage.in_words(timedelta(seconds=seconds)) == words


def test_a_household_does_not_come_near_the_limits() -> None:
    assert (usage.HASHING.most, usage.PDF.most) == (20, 20)


# --- where it counts --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("page", "refusal"),
    [
        ("/accounts/new", "新しいパスワードの入力が続いたため"),
        ("/accounts/arteri-an-001/edit", "新しいパスワードの入力が続いたため"),
        ("/accounts/arteri-an-001/password", "新しいパスワードの入力が続いたため"),
        ("/customer-password", "新しいパスワードの入力が続いたため"),
    ],
)
async def test_after_many_new_passwords_none_is_hashed_and_the_field_says_how_long(
    contractor: Browser, hashed: list[object], page: str, refusal: str
) -> None:
    login = await households_member(contractor)
    for _ in range(usage.HASHING.most):
        await usage.count(login, usage.HASHING)
    hashed.clear()
    await contractor.open(page)
    new = {
        "login": "arteri-an-003",
        "family": "有",
        "given": "光",
        "user_name": "ひ",
        "family_kana": "ア",
        "given_kana": "ヒ",
    }
    typed = {name: value for name, value in new.items() if page == "/accounts/new"}
    await contractor.submit(**typed, password="kumo-7Zq4", password_again="kumo-7Zq4")
    assert contractor.answer.status_code == 422
    assert [reason for reason in contractor.reasons if refusal in reason and "分後に" in reason]
    assert hashed == []


async def households_member(browser: Browser) -> Member:
    """Whom the browser is logged in as."""
    signed = households.KEYS.read("session", browser.cookies.get(households.KEYS.session_cookie))
    assert signed
    member = await households.caller(signed[0])
    assert member
    return member


@pytest.mark.slow
async def test_after_many_pdfs_none_is_made(contractor: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    async def make(html: str) -> bytes:
        made.append(html)
        return b"%PDF"

    monkeypatch.setattr(pdf, "make", make)
    month = f"{clock.now():%Y-%m}"
    await contractor.open("/statements")
    await contractor.prove("demo01", "90000000000000")
    for _ in range(usage.PDF.most):
        assert (await contractor.get(f"/statements/{month}.pdf")).status_code == 200
    answer = await contractor.get(f"/statements/{month}.pdf")
    assert (answer.status_code, len(made)) == (429, usage.PDF.most)
    assert 0 < int(answer.headers["retry-after"]) <= 900
    assert "同じ操作が続いたため" in answer.text


# --- the line of logins -----------------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_a_login_is_looked_at_while_many_new_passwords_wait(empty_database: str) -> None:
    """The order in which the work is done, not how long it takes."""
    done: list[str] = []

    async def new_one(number: int) -> None:
        await passwords.for_account(f"hikari-{number}", [HASH])
        done.append("new")

    async def login() -> None:
        await anyio.lowlevel.checkpoint()
        assert await passwords.verify(HASH, PASSWORD)
        done.append("login")

    await asyncio.gather(*(new_one(number) for number in range(30)), login())
    assert done.index("login") <= 3
