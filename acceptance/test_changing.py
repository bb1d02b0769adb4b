"""With CHANGE=1: an account ID registered, edited, used and deleted again; contact data set and set back.

Nothing that costs money is bought unless BUY=1. What a run cannot put back it says, and the next run deletes the account IDs
that an earlier one left.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field

import pytest

from acceptance.hiding import hide
from acceptance.member import Member
from acceptance.plugin import Say, TakeDevice, must_change
from acceptance.target import Target
from e2e.device import Device
from e2e.journeys.accounts import change_password, delete, register, rename, type_password
from e2e.journeys.options import ask_for_option, decide, register_other_address

PREFIX = "ukeire-"
OURS = re.compile(rf"{PREFIX}[0-9a-f]{{6}}")
"""Account IDs of this file, which no run may leave behind."""
BUY = re.compile(r"を\s*購入する$")
YEN = re.compile(r"([\d,]+)円")
ROWS = """() => Object.fromEntries([...document.querySelectorAll("main .rows > div")].map((row) =>
    [row.querySelector("dt").textContent.trim(), row.querySelector("dd").textContent.trim()]))"""
FIELDS = """() => Object.fromEntries([...document.querySelectorAll("main form[method=post] input[name]")]
    .filter(({ type, checked }) => type !== "hidden" && (type !== "radio" || checked)).map(({ name, value }) => [name, value]))"""
Shown = dict[str, str]


@dataclass
class Passing:
    """The account ID of this run, and what the contract was before."""

    login: str = field(default_factory=lambda: f"{PREFIX}{secrets.token_hex(3)}")
    password: str = field(default_factory=lambda: _password())
    registered: bool = False
    before: dict[str, Shown] = field(default_factory=dict)
    bought: bool = False


def _password() -> str:
    made = f"x{secrets.token_urlsafe(10)}7"
    hide(made)
    return made


@pytest.fixture(scope="module")
def passing(target: Target) -> Passing:
    """What this run's journeys tell each other."""
    made = Passing()
    hide(made.login, "(account ID of this run)")
    return made


@pytest.fixture
def ours(passing: Passing, target: Target) -> Passing:
    """The account ID of this run; skips where there is none."""
    must_change(target)
    if not passing.registered:
        pytest.skip("not run: no account ID was registered")
    return passing


async def _shown(device: Device, member: Member) -> dict[str, Shown]:
    """What the contract is, as its pages say: the overview, the account IDs, the contact data."""
    accounts = await member.account_ids(device)
    overview: Shown = await device.page.evaluate(ROWS)
    await member.open(device, "/customer")
    contact: Shown = await device.page.evaluate(FIELDS)
    return {"overview": overview, "account IDs": dict.fromkeys(accounts, ""), "contact data": contact}


async def _delete_leftovers(device: Device, member: Member) -> list[str]:
    """Delete what a run has left; their names."""
    left = [login for login in await member.account_ids(device) if OURS.fullmatch(login)]
    for login in left:
        await delete(device, login)
    return left


async def test_an_account_id_is_registered(
    changer: Device, member: Member, passing: Passing, target: Target, say: Say
) -> None:
    if target.login:
        pytest.skip("the customer number changes things here: leave LOGIN out")
    for login in await _delete_leftovers(changer, member):
        say(f"an earlier run had left an account ID ending in {login[-6:]}: deleted")
    passing.before = await _shown(changer, member)
    await member.open(changer, "/accounts")
    if not await changer.link("新規登録").count():
        pytest.skip("the contract has as many account IDs as it may have")
    await register(changer, passing.login, passing.password)
    passing.registered = True


async def test_the_account_id_is_edited(changer: Device, ours: Passing) -> None:
    await rename(changer, ours.login, promote=False)


async def test_the_account_id_logs_in_and_gets_another_password(
    ours: Passing, member: Member, new_device: TakeDevice, target: Target, say: Say
) -> None:
    phone = await new_device(sends=True)
    new, old = _password(), ours.password
    await member.log_in_with(phone, ours.login, old)
    await change_password(phone, ours.login, new)
    ours.password = new
    await phone.open(f"/accounts/{ours.login}/password")
    await type_password(phone, old)
    phone.expect_status(422)
    await phone.press("次へ進む")
    await phone.refuses("このアカウントIDで使ったことのあるパスワードは使えません。")
    say("the portal takes no password a second time, so that of the customer number is left alone")
    await phone.log_out()
    await phone.log_in_as(ours.login, new)
    await phone.shows("ユーザー管理")


async def test_the_account_id_gets_a_mail_address(changer: Device, ours: Passing, target: Target) -> None:
    if not target.mail:
        pytest.skip(
            "MAIL names no address of another company that the test may register, to which its mails go"
        )
    await register_other_address(changer, ours.login, target.mail)


async def test_the_account_id_buys_an_option_and_cancels_it(
    changer: Device, ours: Passing, member: Member, target: Target, say: Say
) -> None:
    path = f"/accounts/{ours.login}/security"
    if await member.open(changer, path) == 404:
        changer.expect_status(404)
        pytest.skip("the catalogue sells no licences: there is no page of security options")
    sold = changer.page.locator("main section.card").filter(has=changer.page.get_by_role("button", name=BUY))
    if not await sold.count():
        pytest.skip("nothing can be bought for it: without MAIL it has no mail address, or nothing is sold")
    name = (await sold.first.locator("h2").first.inner_text()).strip()
    await ask_for_option(changer, name, "購入")
    rows: Shown = await changer.page.evaluate(ROWS)
    said = f"{name} costs: " + "; ".join(
        f"{label} {' '.join(text.split())}" for label, text in rows.items() if YEN.search(text)
    )
    assert YEN.search(said), "the confirm page of a purchase names no price"
    if any(int(yen.replace(",", "")) for yen in YEN.findall(said)) and not target.buy:
        pytest.skip(f"{said} (BUY=1 lets the run buy it, and cancel it at once)")
    say(said)
    ours.bought = True
    await decide(changer)
    await member.open(changer, path)
    await ask_for_option(changer, name, "解約")
    await decide(changer)


async def test_contact_data_are_set_and_set_back(changer: Device, passing: Passing, member: Member) -> None:
    if not passing.before:
        pytest.skip("not run: what the contract was is not known")
    await member.open(changer, "/customer")
    label = "同居人数" if await changer.field("同居人数").count() else "FAX番号"
    before = await changer.field(label).input_value()
    other = {"同居人数": "3" if before != "3" else "4", "FAX番号": "03-0000-0000"}[label]
    for text in (other, before):
        await _set(changer, member, label, text)
    await member.open(changer, "/customer")
    assert await changer.field(label).input_value() == before, f"{label} could not be set back"


async def _set(device: Device, member: Member, label: str, text: str) -> None:
    await member.open(device, "/customer")
    await device.fill(label, text)
    await device.press("次へ進む")
    await device.swapped_to("顧客基本情報確認")
    await device.press("登録")
    await device.swapped_to("顧客情報登録完了")


async def test_the_account_id_is_deleted(changer: Device, ours: Passing, member: Member) -> None:
    await delete(changer, ours.login)
    assert ours.login not in await member.account_ids(changer)


async def test_the_contract_is_as_it_was_but_for_its_history(
    changer: Device, passing: Passing, member: Member, say: Say
) -> None:
    """The last of all: whatever failed before it, it puts back what it can, and says what is left."""
    if not passing.before:
        pytest.skip("not run: nothing was changed")
    for login in await _delete_leftovers(changer, member):
        say(f"{login} was still there: deleted now")
    await _put_contact_data_back(changer, member, passing.before["contact data"])
    after = await _shown(changer, member)
    left = [
        f"{page}: {label}"
        for page, shown in passing.before.items()
        for label in sorted(shown.keys() | after[page].keys())
        if shown.get(label) != after[page].get(label)
    ]
    if passing.bought:
        say("bought and cancelled: what it costs stands on this month's bill")
        left = [text for text in left if not text.startswith("overview: ") or "アカウントID" in text]
    assert not left, "left as the run has changed it: " + "; ".join(left)


async def _put_contact_data_back(device: Device, member: Member, before: Shown) -> None:
    await member.open(device, "/customer")
    now: Shown = await device.page.evaluate(FIELDS)
    labels = {"household": "同居人数", "fax": "FAX番号"}
    for name, label in labels.items():
        if name in now and now[name] != before[name]:
            await _set(device, member, label, before[name])
