"""Every screen in every state, and how it is reached: a new route or state gets a line here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from playwright.async_api import expect

from e2e.device import Device
from e2e.people import Household, Town

Way = Callable[["Visit"], Awaitable[None]]


@dataclass(frozen=True)
class Visit:
    """Somebody of a household who comes to a screen."""

    device: Device
    town: Town
    household: Household


@dataclass(frozen=True)
class Screen:
    """A screen in a state; `path` with the names of the household, then `way` on from there."""

    name: str
    path: str
    who: Literal["nobody", "customer", "admin", "user"] = "customer"
    way: Way | None = None
    account_ids: int = 2
    status: int = 200

    async def reach(self, device: Device, town: Town) -> None:
        """Bring the device there, with a household made for it."""
        household = await town.household(self.account_ids)
        if self.status != 200:
            device.expect_status(self.status)
        if self.who != "nobody":
            logins = {"customer": None, "admin": household.wife, "user": household.son}
            await town.log_in(device, household, logins[self.who])
        await device.open(self.path.format(son=household.son, wife=household.wife))
        if self.way:
            await self.way(Visit(device, town, household))


def press(*buttons: str) -> Way:
    """Press one button after the other, each on the page that the one before led to."""

    async def way(visit: Visit) -> None:
        for button in buttons:
            await _press(visit.device, button)

    return way


async def _press(device: Device, button: str) -> None:
    """Press, and wait until the answer is the page: its title differs, or says what is wrong."""
    title = await device.page.title()
    await device.press(button)
    await expect(device.page).not_to_have_title(title)


def with_password(first: str, password: str, *buttons: str) -> Way:
    """Type a password twice, then press the buttons."""

    async def way(visit: Visit) -> None:
        await visit.device.fill(first, password)
        await visit.device.fill(f"{first}（確認）", password)
        await press(*buttons)(visit)

    return way


def registration(*buttons: str) -> Way:
    """Fill in a daughter's account ID, then press the buttons."""

    async def way(visit: Visit) -> None:
        typed = {
            "アカウントID": visit.household.daughter,
            "（姓）": "有光",
            "（名）": "光",
            "（姓カナ）": "アリミツ",
            "（名カナ）": "ヒカリ",
            "ユーザーネーム": "ひかり",
            "パスワード": "hikari-2026",
            "パスワード（確認）": "hikari-2026",
        }
        for label, text in typed.items():
            await visit.device.fill(label, text)
        await press(*buttons)(visit)

    return way


async def back_to_the_input_page(visit: Visit) -> None:
    await registration("次へ進む")(visit)
    await visit.device.follow("入力画面へ戻る")
    await visit.device.shows("アカウントID登録／変更")


async def open_every_account_id(visit: Visit) -> None:
    for login in (visit.household.son, visit.household.wife):
        await visit.device.page.locator("summary", has_text=login).click()
        await expect(visit.device.page.locator(f"#base-{login}")).to_be_visible()


async def open_the_menu(visit: Visit) -> None:
    await visit.device.press("メニュー")


async def show_the_time_out(visit: Visit) -> None:
    await visit.device.page.evaluate("localStorage.lastRequest = Date.now() - 26 * 60 * 1000")
    await expect(visit.device.page.locator("#timeout")).to_be_visible()


async def too_late(visit: Visit) -> None:
    await with_password("新パスワード", "hikari!1", "次へ進む")(visit)
    await visit.town.let_confirm_pages_expire(visit.household)
    await press("変更")(visit)


async def full_in_the_meantime(visit: Visit) -> None:
    await registration("次へ進む")(visit)
    await visit.town.add_account_id(visit.household, visit.household.cousin(5))
    await press("登録")(visit)


def then(way: Way, path: str) -> Way:
    """Go a way, then open another page."""

    async def further(visit: Visit) -> None:
        await way(visit)
        await visit.device.open(path)

    return further


delete_oneself = press("次へ進む", "削除")
change_password = with_password("新パスワード", "hikari!1", "次へ進む", "変更")

SCREENS = [
    Screen("login", "/login", "nobody"),
    Screen("login, nothing typed", "/login", "nobody", press("アカウントIDでログイン"), status=422),
    Screen("login, the session ended", "/login?expired=1&next=/accounts", "nobody"),
    Screen("login, after logout", "/login?out=1", "nobody"),
    Screen("contact, nobody logged in", "/contact", "nobody"),
    Screen("privacy, nobody logged in", "/privacy", "nobody"),
    Screen("404, nobody logged in", "/nowhere", "nobody", status=404),
    Screen("overview", "/"),
    Screen("overview, no account ID", "/", account_ids=0),
    Screen("overview, opened rows", "/", way=open_every_account_id),
    Screen("overview, opened by its link", "/?open={wife}"),
    Screen("overview, menu of a phone", "/", way=open_the_menu),
    Screen("overview, time-out", "/", way=show_the_time_out),
    Screen("overview, admin", "/", "admin"),
    Screen("account ID, a page of its own", "/accounts/{wife}"),
    Screen("account IDs", "/accounts"),
    Screen("account IDs, none", "/accounts", account_ids=0),
    Screen("account IDs, full", "/accounts", account_ids=5),
    Screen("registration", "/accounts/new"),
    Screen("registration, full", "/accounts/new", account_ids=5),
    Screen("registration, nothing typed", "/accounts/new", way=press("次へ進む"), status=422),
    Screen("registration, back from confirm", "/accounts/new", way=back_to_the_input_page),
    Screen("registration, confirm", "/accounts/new", way=registration("次へ進む")),
    Screen("registration, complete", "/accounts/new", way=registration("次へ進む", "登録")),
    Screen("registration, refused", "/accounts/new", way=full_in_the_meantime, account_ids=4, status=422),
    Screen("edit", "/accounts/{son}/edit"),
    Screen(
        "edit, confirm", "/accounts/{son}/edit", way=with_password("パスワード", "hikari-2026", "次へ進む")
    ),
    Screen("edit, complete", "/accounts/{son}/edit", "admin", press("次へ進む", "登録")),
    Screen("account password", "/accounts/{wife}/password", "admin"),
    Screen("account password, wrong", "/accounts/{son}/password", "user", press("次へ進む"), status=422),
    Screen(
        "account password, confirm",
        "/accounts/{son}/password",
        "user",
        with_password("新しいパスワード", "hikari-2026", "次へ進む"),
    ),
    Screen(
        "account password, complete",
        "/accounts/{son}/password",
        "user",
        with_password("新しいパスワード", "hikari-2026", "次へ進む", "変更"),
    ),
    Screen("deletion", "/accounts/{son}/delete"),
    Screen("deletion, confirm", "/accounts/{son}/delete", way=press("次へ進む")),
    Screen("deletion, complete", "/accounts/{son}/delete", way=press("次へ進む", "削除")),
    Screen("deletion of oneself, complete", "/accounts/{wife}/delete", "admin", delete_oneself),
    Screen("overview, deleted", "/accounts/{wife}/delete", "admin", then(delete_oneself, "/")),
    Screen("customer password", "/customer-password"),
    Screen("customer password, wrong", "/customer-password", way=press("次へ進む"), status=422),
    Screen(
        "customer password, confirm",
        "/customer-password",
        way=with_password("新パスワード", "hikari!1", "次へ進む"),
    ),
    Screen("customer password, complete", "/customer-password", way=change_password),
    Screen("customer password, too late", "/customer-password", way=too_late),
    Screen("history, nothing done", "/changes"),
    Screen("history", "/customer-password", way=then(change_password, "/changes")),
    Screen("user", "/", "user"),
    Screen("user, history", "/changes", "user"),
    Screen("user, 403", "/accounts", "user", status=403),
    Screen("404", "/changes/00000000-0000-0000-0000-000000000000", status=404),
    Screen("contact", "/contact"),
    Screen("privacy", "/privacy"),
]
