"""メールアドレス登録／変更 (manual 10, 11): A, an address of ours, or B, one of another company."""

from __future__ import annotations

import asyncio

import pytest

from app.domain import fields
from app.domain.mail import addresses as mail_addresses
from app.postgres import database
from tests.browser import Browser, filled_in
from tests.mail.steps import ADDRESS, buy, confirmed, get_address, mails, open_periods
from tests.products import use


async def test_what_is_missing_is_told_in_the_order_of_the_page(contractor: Browser) -> None:
    await contractor.open("/accounts/arteri-an-001/mail-address")
    await contractor.submit()
    assert contractor.reasons == [
        "利用するメールを選んでください。",
        "同意のチェックが入っていません。内容をお読みのうえ、同意する場合はチェックしてください。",
    ]


async def test_without_the_service_choice_a_is_greyed_out_with_its_reason(contractor: Browser) -> None:
    await contractor.open("/accounts/arteri-an-001/mail-address")
    assert contractor.page.select_one("input[value=ucom][disabled]")
    assert "購入が必要です" in contractor.text
    assert contractor.page.select_one("main a[href='/mail-service']")
    token = str(contractor.form().select("input")[0]["value"])
    body = {"csrf_token": token, "kind": "ucom", "local_part": "hikari.taro", "agree": "yes"}
    await contractor.press("/accounts/arteri-an-001/mail-address", body)
    assert contractor.answer.status_code == 422
    assert "購入が必要です" in contractor.reasons[0]


@pytest.mark.parametrize("checked", [True, False])
async def test_the_virus_check_is_spoken_of_where_there_is_one(
    contractor: Browser, monkeypatch: pytest.MonkeyPatch, checked: bool
) -> None:
    use(monkeypatch, virus_check=checked)
    await contractor.open("/accounts/arteri-an-001/mail-address")
    assert ("ウイルス" in contractor.text) is checked


@pytest.mark.slow
async def test_an_address_of_ours_is_registered_and_shows_the_mail_programs_settings(
    contractor: Browser,
) -> None:
    await buy(contractor)
    await get_address(contractor, "arteri-an-001", "hikari.taro")
    assert contractor.rows["メールアドレス"] == ADDRESS
    assert contractor.rows["利用メール"] == "UCOMの提供するメールアドレスを取得する"
    assert contractor.rows["ユーザー名（アカウント名）"] == "arteri-an-001"
    assert contractor.rows["受信のポート"] == "993"
    await contractor.open("/accounts")
    assert ADDRESS in contractor.text
    assert {mail["recipient"] for mail in await mails()} == {ADDRESS, "arteri-an@keitai.example.jp"}


@pytest.mark.slow
async def test_a_mail_pack_gives_one_address_without_a_purchase(visitor: Browser) -> None:
    await visitor.log_in("customer", "90000000000001", "demo01")
    for login in ("pack-one", "pack-two"):
        await confirmed(
            visitor, "/accounts/new", login=login, family="田", given="一", family_kana="タ", given_kana="イチ",
            user_name="田", password="kumo-7Zq4", password_again="kumo-7Zq4",
        )  # fmt: skip
    await get_address(visitor, "pack-one", "pack.one")
    await visitor.open("/accounts/pack-two/mail-address")
    assert "購入が必要です" in visitor.text


@pytest.mark.slow
async def test_an_address_is_never_given_twice(contractor: Browser, stranger: Browser) -> None:
    await buy(contractor)
    await get_address(contractor, "arteri-an-001", "hikari.taro")
    await get_address(contractor, "arteri-an-001", "hikari.jiro")
    await contractor.open("/accounts/arteri-an-002/mail-address")
    await contractor.submit(kind="ucom", local_part="hikari.taro", agree="yes")
    assert contractor.reasons == [mail_addresses.TAKEN]
    await stranger.open("/accounts/tanin-001/mail-address")
    await stranger.submit(kind="ucom", local_part="hikari.jiro", agree="yes")
    assert stranger.reasons == [mail_addresses.TAKEN]


async def test_the_address_that_the_account_id_has_is_called_the_same_and_not_taken(taro: Browser) -> None:
    await taro.open("/accounts/arteri-an-001/mail-address")
    await taro.submit(kind="ucom", local_part="hikari.taro", agree="yes")
    assert taro.reasons == [mail_addresses.SAME]


async def test_who_may_buy_no_mail_service_is_told_whom_to_ask(
    contractor: Browser, family_user: Browser
) -> None:
    for browser, told in ((contractor, False), (family_user, True)):
        await browser.open("/accounts/arteri-an-001/mail-address")
        assert "購入が必要です" in browser.text
        assert (mail_addresses.ASK in browser.text) is told
        assert bool(browser.page.select("main a[href='/mail-service']")) is not told


async def test_the_last_available_address_taken_meanwhile_is_refused_in_words(contractor: Browser) -> None:
    await buy(contractor)
    await database.rows(
        "INSERT INTO mail_address (contract, account, address, registered_at)"
        " SELECT contract, id, login || '@s2.spaaqs.ne.jp', registered_at FROM account WHERE login = 'arteri-an-002'"
    )
    await contractor.open("/accounts/arteri-an-001/mail-address")
    await contractor.submit(kind="ucom", local_part="hikari.taro", agree="yes")
    await database.rows("UPDATE service_period SET ended_at = started_at")
    await contractor.submit()
    assert contractor.answer.status_code == 422
    assert "購入が必要です" in contractor.text
    assert not await database.rows("SELECT 1 FROM mail_address WHERE address = $1", ADDRESS)


@pytest.mark.slow
async def test_the_confirm_page_of_an_address_shows_the_one_that_it_replaces(taro: Browser) -> None:
    for login, typed, before in (
        ("arteri-an-001", {"kind": "ucom", "local_part": "hikari.jiro"}, ADDRESS),
        ("arteri-an-001", {"kind": "other", "address": "taro@example.com"}, ADDRESS),
        ("arteri-an-002", {"kind": "ucom", "local_part": "hana.an"}, "arteri-kichi@mail.example.com"),
        ("arteri-an-002", {"kind": "other", "address": "a@example.com"}, "arteri-kichi@mail.example.com"),
    ):
        await taro.open(f"/accounts/{login}/mail-address")
        await taro.submit(**typed, agree="yes")
        former = [row.get_text() for row in taro.page.select("main dd.before")]
        assert former == [f"変更前：{before}"], login


@pytest.mark.slow
async def test_changing_the_address_keeps_the_mailbox_and_costs_nothing(contractor: Browser) -> None:
    await buy(contractor)
    await get_address(contractor, "arteri-an-001", "hikari.taro")
    await get_address(contractor, "arteri-an-001", "hikari.jiro")
    boxes = await database.rows("SELECT id FROM mailbox")
    assert len(boxes) == 1
    assert await open_periods() == ["mail-web"]
    await contractor.open("/")
    assert contractor.rows["メールアカウント"].startswith("1個")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ({"kind": "other", "address": "a@example.com, b@example.com"}, fields.ONE_ADDRESS),
        ({"kind": "other", "address": "a@example.com\r\nBcc: b@example.com"}, fields.ONE_ADDRESS),
        ({"kind": "other", "address": "a@example.com\r\nBcc: b"}, "形が正しくありません"),
        ({"kind": "other", "address": "taro@example。jp"}, "「。」"),
        ({"kind": "other", "address": "taro@S2.spaaqs.ne.jp"}, mail_addresses.OURS),
        ({"kind": "other", "address": "Taro <taro@example.com>"}, "形が正しくありません"),
        ({"kind": "other", "address": ""}, "メールアドレスを入力してください。"),
        ({"kind": ""}, "利用するメールを選んでください。"),
        ({"kind": "ucom", "local_part": "a..b"}, "記号を続けて"),
        ({"kind": "ucom", "local_part": ".abc"}, "先頭と末尾"),
        ({"kind": "ucom", "local_part": "ab"}, "3文字以上"),
        ({"kind": "ucom", "local_part": "hikari。taro"}, "「。」"),
        ({"kind": "ucom", "local_part": "Hikari"}, "英小文字"),
    ],
)
async def test_bad_input_is_answered_in_words_at_the_field(
    contractor: Browser, typed: dict[str, str], reason: str
) -> None:
    await buy(contractor)
    await contractor.open("/accounts/arteri-an-001/mail-address")
    await contractor.submit(agree="yes", **typed)
    assert contractor.answer.status_code == 422
    assert reason in contractor.reasons[0]


async def test_full_width_letters_are_made_half_width(contractor: Browser) -> None:
    await buy(contractor)
    await get_address(contractor, "arteri-an-001", "ｈｉｋａｒｉ．ｔａｒｏ")
    assert contractor.rows["メールアドレス"] == ADDRESS


async def test_back_from_the_confirm_page_the_choice_is_there(contractor: Browser) -> None:
    await contractor.open("/accounts/arteri-an-001/mail-address")
    await contractor.submit(kind="other", address="taro@example.com", agree="yes")
    await contractor.open(
        f"/accounts/arteri-an-001/mail-address?change={contractor.path.removeprefix('/changes/')}"
    )
    assert contractor.form().select_one("input[name=address]")["value"] == "taro@example.com"  # type: ignore[index]
    assert contractor.page.select_one("input[value=other][checked]")


@pytest.mark.slow
async def test_one_address_for_two_account_ids_at_once_is_given_once(contractor: Browser) -> None:
    await buy(contractor)
    pages = []
    for login in ("arteri-an-001", "arteri-an-002"):
        await contractor.open(f"/accounts/{login}/mail-address")
        await contractor.submit(kind="ucom", local_part="hikari.taro", agree="yes")
        pages.append((contractor.path, filled_in(contractor.form())))
    answers = await asyncio.gather(
        *(contractor.post(path, data=form, follow_redirects=True) for path, form in pages)
    )
    assert sorted(answer.status_code for answer in answers) == [200, 422]
    assert len(await database.rows("SELECT 1 FROM mailbox WHERE retired_at IS NULL")) == 1


@pytest.mark.slow
async def test_the_last_address_of_a_pack_goes_to_one_of_many_who_ask_at_once(visitor: Browser) -> None:
    await visitor.log_in("customer", "90000000000001", "demo01")
    pages = []
    for number in range(5):
        login = f"pack-{number}"
        await confirmed(
            visitor, "/accounts/new", login=login, family="田", given="一", family_kana="タ", given_kana="イチ",
            user_name="田", password="kumo-7Zq4", password_again="kumo-7Zq4",
        )  # fmt: skip
    for number in range(5):
        await visitor.open(f"/accounts/pack-{number}/mail-address")
        await visitor.submit(kind="ucom", local_part=f"pack{number}", agree="yes")
        pages.append((visitor.path, filled_in(visitor.form())))
    answers = await asyncio.gather(
        *(visitor.post(path, data=form, follow_redirects=True) for path, form in pages)
    )
    assert sorted(answer.status_code for answer in answers) == [200, 422, 422, 422, 422]
    assert all("購入が必要です" in answer.text for answer in answers if answer.status_code == 422)
