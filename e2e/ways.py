"""How a member comes to a state of a screen: small ways that are put together."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pyotp
from playwright.async_api import expect

from app.domain import clock
from app.domain.mail.addresses import OTHER, UCOM
from app.domain.mail.consent import LABEL
from e2e.device import Device
from e2e.households import CUSTOMER_PASSWORD, Household, Town

Way = Callable[["Visit"], Awaitable[None]]


@dataclass(frozen=True)
class Visit:
    """Somebody of a household who comes to a screen."""

    device: Device
    town: Town
    household: Household

    async def open(self, path: str) -> None:
        """Go to a path with the names of the household in it."""
        names = {"son": self.household.son, "wife": self.household.wife}
        if "{request}" in path:
            names["request"] = await self.town.request(self.household)
        await self.device.open(path.format(**names))


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


async def proved(visit: Visit) -> None:
    """お客様番号 and its password were typed again just now."""
    await visit.town.pass_the_customers_step(visit.household)


async def with_charges(visit: Visit) -> None:
    """Something was bought in the month before last, and called; the step of 料金明細照会 is passed."""
    await proved(visit)
    await visit.town.give_charges(visit.household, visit.household.wife)


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
            "パスワード": "hik-7q2mzw",
            "パスワード（確認）": "hik-7q2mzw",
        }
        for label, text in typed.items():
            await visit.device.fill(label, text)
        await press(*buttons)(visit)

    return way


async def back_to_the_input_page(visit: Visit) -> None:
    await registration("次へ進む")(visit)
    await visit.device.follow("入力画面へ戻る")
    await visit.device.shows("アカウントID登録／変更")


async def back_from_the_step(visit: Visit) -> None:
    """A wrong form was sent so late that the password was asked for first."""
    await visit.town.let_proofs_expire(visit.household)
    await visit.device.fill("電話番号", "012")
    await press("次へ進む")(visit)
    await visit.device.fill("お客様番号パスワード", CUSTOMER_PASSWORD)
    await press("次へ進む")(visit)


async def after_another_login(visit: Visit) -> None:
    """In another tab, while the form was open."""
    await visit.device.fill("電話番号", "012")
    await visit.town.log_in(visit.device, visit.household)
    await press("次へ進む")(visit)


async def while_another_logs_in(visit: Visit) -> None:
    """Another login of the household, in another tab."""
    await visit.device.fill("電話番号", "012")
    await visit.town.log_in(visit.device, visit.household, visit.household.wife)
    await press("次へ進む")(visit)


async def type_too_much(visit: Visit) -> None:
    await visit.device.fill("電話番号", "長い" * 5_000)
    await visit.device.press("次へ進む")
    await expect(visit.device.page.locator(".error-summary").first).to_be_visible()


async def when_the_session_is_over(visit: Visit) -> None:
    """The form was sent too late."""
    await visit.device.fill("電話番号", "012")
    await visit.town.log_everybody_out(visit.household)
    await press("次へ進む")(visit)


async def back_from_the_login(visit: Visit) -> None:
    await when_the_session_is_over(visit)
    await visit.device.log_in_as_customer(visit.household.customer_number)
    await visit.device.shows("顧客基本情報入力")


async def deleted_meanwhile(visit: Visit) -> None:
    """The account ID whose form is open."""
    await visit.device.fill("ユーザーネーム", "だいすけ")
    await visit.town.delete_account_id(visit.household.son)
    await press("次へ進む")(visit)


async def open_every_account_id(visit: Visit) -> None:
    for login in (visit.household.son, visit.household.wife):
        await visit.device.page.locator("summary", has_text=login).click()
        await expect(visit.device.page.locator(f"[data-announce^='{login}の詳細']")).to_be_visible()


async def open_the_menu(visit: Visit) -> None:
    await visit.device.press("メニュー")


async def show_the_time_out(visit: Visit) -> None:
    await visit.device.page.evaluate("localStorage.used = Date.now() - 26 * 60 * 1000")
    await expect(visit.device.page.locator("#timeout")).to_be_visible()


async def too_late(visit: Visit) -> None:
    await customer_password("次へ進む")(visit)
    await visit.town.let_confirm_pages_expire(visit.household)
    await press("変更")(visit)


async def full_in_the_meantime(visit: Visit) -> None:
    await registration("次へ進む")(visit)
    await visit.town.add_account_id(visit.household, visit.household.cousin(5))
    await press("登録")(visit)


def tick(*labels: str) -> Way:
    """Tick boxes and choices by their labels."""

    async def way(visit: Visit) -> None:
        for label in labels:
            await visit.device.field(label).check()

    return way


def type_in(label: str, text: str) -> Way:
    """Fill in one field."""

    async def way(visit: Visit) -> None:
        await visit.device.fill(label, text)

    return way


def along(*each: Way) -> Way:
    """Go one way after the other."""

    async def way(visit: Visit) -> None:
        for one in each:
            await one(visit)

    return way


async def with_mail(visit: Visit) -> None:
    """The mail service was bought and the son has an address."""
    await visit.town.give_mail(visit.household, visit.household.son)


async def with_all(visit: Visit) -> None:
    """The son uses whatever an account ID can have."""
    await visit.town.give_mail(visit.household, visit.household.son)
    await visit.town.use_all(visit.household, visit.household.son)


async def replying_no_more(visit: Visit) -> None:
    """The son's auto-reply is switched on, and its last day is over."""
    await with_all(visit)
    await visit.town.connection.execute(
        "UPDATE auto_reply SET ends_on = '2020-01-05' WHERE contract = $1", visit.household.id
    )


async def with_papers(visit: Visit) -> None:
    """A form was asked for and came back, and another one waits to be sent."""
    form = "GATE CALL050 解約申請書"
    await on("/application", paper(form))(visit)
    await visit.town.receive_papers(visit.household)
    await on("/application", paper("設置先住所の変更（移転）の申請書"))(visit)


async def with_notice(visit: Visit) -> None:
    """The wife forwards the son's mail elsewhere."""
    await visit.town.give_mail(visit.household, visit.household.son)
    await visit.town.leave_notice(visit.household, visit.household.son, visit.household.wife)


async def logged_in_elsewhere(visit: Visit) -> None:
    """The wife is logged in on a device of her own."""
    await visit.town.open_session(visit.household, visit.household.wife)


def on(path: str, way: Way) -> Way:
    """Go to a page and the way from there."""

    async def further(visit: Visit) -> None:
        await visit.open(path)
        await way(visit)

    return further


async def code_of_the_app(visit: Visit) -> None:
    """Type what the authenticator app shows for the key on the page."""
    key = await visit.device.row("キー").inner_text()
    await visit.device.fill("確認コード", pyotp.TOTP(key.replace(" ", "")).at(clock.now()))


async def second_factor_awaited(visit: Visit) -> None:
    await with_app(visit)
    await visit.town.await_the_second_factor(visit.household)


async def factor_gone(visit: Visit) -> None:
    """It was asked for, and somebody has removed it meanwhile."""
    await visit.town.await_the_second_factor(visit.household)


async def second_factor_wanted(visit: Visit) -> None:
    await visit.town.want_a_second_factor(visit.household)


app_registered = along(code_of_the_app, press("次へ進む", "登録"))
with_app = on("/second-factor/totp", app_registered)
delete_oneself = on("/accounts/{wife}/delete", press("次へ進む", "削除"))


def agree(*buttons: str) -> Way:
    return along(tick("上記の内容に同意する"), press(*buttons))


def other_address(*buttons: str) -> Way:
    typed = type_in("他社のメールアドレス", "hikari@example.jp")
    return along(tick(OTHER, "上記の内容に同意する"), typed, press(*buttons))


def own_address(local_part: str, *buttons: str) -> Way:
    """A UCOM address; its local part with the household's number, because it is unique for ever."""

    async def typed(visit: Visit) -> None:
        text = local_part and f"{local_part}-{visit.household.id}"
        await visit.device.fill("メールアドレス（@より前）", text)

    return along(tick(UCOM, "上記の内容に同意する"), typed, press(*buttons))


def forward(address: str, *buttons: str) -> Way:
    return along(type_in("転送先1", address), tick(LABEL), press(*buttons))


def app_password(*buttons: str) -> Way:
    return along(type_in("名前", "スマートフォン"), tick(LABEL), press(*buttons))


def web_space(*buttons: str) -> Way:
    async def typed(visit: Visit) -> None:
        await visit.device.fill("Webスペース名", f"hikari-{visit.household.id}")

    return along(typed, press(*buttons))


def on_the_town(done: Callable[[Town, Household], Awaitable[None]]) -> Way:
    """Let others of the household do something."""

    async def way(visit: Visit) -> None:
        await done(visit.town, visit.household)

    return way


def consent(*buttons: str) -> Way:
    """Agree to the terms of セキュリティ360°, then press the buttons."""
    return along(tick("セキュリティ360°のサービス利用規約に同意する"), press(*buttons))


with_option = on("/accounts/{wife}/security", consent("セキュリティ360°を購入する", "決定"))
with_cancelled_option = along(
    with_option, on("/accounts/{wife}/security", press("セキュリティ360°を解約する", "決定"))
)
with_request = on_the_town(Town.asks)
with_refused_request = on_the_town(Town.refuses)
has_to_ask = on_the_town(Town.has_to_ask)
with_support = on("/remote-support", agree("購入する", "決定"))


async def open_a_panel(visit: Visit) -> None:
    """Ask for an option in the accordion."""
    await visit.device.follow(f"{visit.household.wife}のセキュリティ360°を購入する")
    await expect(
        visit.device.page.get_by_role("heading", name="セキュリティ360°の購入の確認")
    ).to_be_focused()


async def decide_in_the_panel(visit: Visit) -> None:
    await open_a_panel(visit)
    await visit.device.press("セキュリティ360°の購入を決定")
    await expect(visit.device.page.get_by_text("手続きが完了し、")).to_be_visible()


def customer_password(*buttons: str) -> Way:
    return with_password("新パスワード", "hik!7q2m", *buttons)


change_password = on("/customer-password", customer_password("次へ進む", "変更"))


def card(*buttons: str, given: str = "AN", number: str = "4111 1111 1111 1111") -> Way:
    """Fill in a card of the contractor, or of somebody else, then press the buttons."""
    typed = {"月": "01", "年": "2040", "（名）": given, "（姓）": "ARUTERI", "カード番号": number}
    fields = [type_in(label, text) for label, text in typed.items()]
    return along(*fields, tick("クレジットカード支払い注意事項へ同意する"), press(*buttons))


def customer(*buttons: str) -> Way:
    """A new address, a deleted household, then press the buttons."""
    fields = (type_in("連絡用メールアドレス", "an@new.example.jp"), type_in("同居人数", ""))
    return along(*fields, press(*buttons))


async def open_the_mailed_link(visit: Visit) -> None:
    """Change the contact address, and open the link of the mail."""
    await on("/customer", customer("次へ進む", "登録"))(visit)
    await visit.device.open(await visit.town.mailed_link(visit.household))


async def open_a_link_for_the_password(visit: Visit) -> None:
    """The link that was mailed to whoever forgot the password of the customer number."""
    await visit.device.open(await visit.town.lose_the_password(visit.household))


async def open_a_link_for_the_wifes_password(visit: Visit) -> None:
    """The same for the wife's account ID."""
    await visit.device.open(await visit.town.lose_the_password(visit.household, visit.household.wife))


async def logged_in_with_a_one_time_password(visit: Visit) -> None:
    """Nothing is open before an own password is set."""
    await visit.town.wants_a_new_password(visit.household)


async def log_in_where_it_is_locked(visit: Visit) -> None:
    """Strangers have tried too often."""
    await visit.town.lock(visit.household)
    await visit.device.log_in_as_customer(visit.household.customer_number)
    await expect(visit.device.page.locator(".error-summary")).to_contain_text("しばらくお待ちください")


with_waiting_card = on("/payment", card("次へ進む", "登録", given="KICHI"))


async def refused_by_staff(visit: Visit) -> None:
    """The card that waits is refused while its receipt is open, which is loaded again."""
    await visit.town.refuse_card(visit.household)
    await visit.device.page.reload()


with_refused_card = along(with_waiting_card, refused_by_staff)


def paper(name: str) -> Way:
    """Choose a paper and confirm."""
    return along(tick(name), press("次へ進む", "決定"))


async def close_the_banner(visit: Visit) -> None:
    await visit.device.press("「メールサーバーのメンテナンス」を閉じる")
    await expect(visit.device.page.locator("#banners .bar")).to_have_count(0)


edit_the_son = on("/accounts/{son}/edit", along(type_in("（名）", "新"), press("次へ進む", "登録")))
