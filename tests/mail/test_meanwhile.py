"""Mail between two pages and between two account IDs: loops, what changed meanwhile, what ends with what."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from app.domain import clock, installation, reserved_names
from app.domain.changes import words
from app.domain.mail import addresses as mail_addresses
from app.domain.mail import auto_reply, forwarding, mailbox, web_space
from app.postgres import database
from tests.browser import Browser, filled_in
from tests.conftest import Installed
from tests.mail.steps import ADDRESS, buy, confirmed, get_address, mails, open_periods, use_other

pytestmark = pytest.mark.slow  # a walk through every form, change or step: `make test` takes it

JIRO = "hikari.jiro@s2.spaaqs.ne.jp"
SABURO = "hikari.saburo@s2.spaaqs.ne.jp"


async def asked(browser: Browser, path: str, **typed: str) -> tuple[str, dict[str, str]]:
    """A confirm page that is left open: its path, and what its button will send."""
    await browser.open(path)
    await browser.submit(**typed)
    assert "確認" in browser.heading, browser.reasons
    return browser.path, {str(field["name"]): str(field["value"]) for field in browser.form().select("input")}


async def forwarded_to() -> dict[str, list[str]]:
    found = await database.rows(
        "SELECT login, addresses FROM forwarding JOIN account ON account.id = forwarding.account"
    )
    return {row["login"]: row["addresses"] for row in found}


async def forwards_since_earlier(login: str, *addresses: str) -> None:
    """As it could be set when nobody looked whether there is somebody behind an address of ours."""
    await database.rows(
        "INSERT INTO forwarding (contract, account, addresses, keep_copy) SELECT contract, id, $2, true FROM account"
        " WHERE login = $1",
        login,
        list(addresses),
    )


# --- loops that an address closes -------------------------------------------------------------------------------------


async def test_an_account_id_cannot_take_the_address_that_it_forwards_to(taro: Browser) -> None:
    await forwards_since_earlier("arteri-an-001", JIRO)
    await taro.open("/accounts/arteri-an-001/mail-address")
    await taro.submit(kind="ucom", local_part="hikari.jiro", agree="yes")
    assert taro.reasons == [forwarding.NEW_ADDRESS_LOOPS]


async def test_an_account_id_cannot_close_a_loop_by_its_new_address(taro: Browser) -> None:
    await get_address(taro, "arteri-an-002", "hikari.jiro")
    await forwards_since_earlier("arteri-an-001", "Hikari.Saburo+old@s2.spaaqs.ne.jp")
    await confirmed(
        taro,
        "/accounts/arteri-an-002/forwarding",
        consent="yes",
        address_1="x@example.com",
        address_2=ADDRESS,
    )
    await taro.open("/accounts/arteri-an-002/mail-address")
    await taro.submit(kind="ucom", local_part="hikari.saburo", agree="yes")
    assert taro.reasons == [forwarding.NEW_ADDRESS_LOOPS]
    await get_address(taro, "arteri-an-002", "hikari.shiro")


async def test_a_loop_that_a_forward_made_meanwhile_would_close_is_refused_with_the_address(
    taro: Browser,
) -> None:
    path, body = await asked(
        taro, "/accounts/arteri-an-001/mail-address", kind="ucom", local_part="hikari.jiro", agree="yes"
    )
    await forwards_since_earlier("arteri-an-001", JIRO)
    await taro.press(path, body)
    assert taro.answer.status_code == 422
    assert forwarding.NEW_ADDRESS_LOOPS in taro.text
    found = await database.rows("SELECT address FROM mail_address WHERE released_at IS NULL")
    assert [row["address"] for row in found] == [ADDRESS]


async def test_a_loop_over_three_account_ids_is_refused_at_the_field(taro: Browser) -> None:
    await confirmed(
        taro, "/accounts/new", login="hikari-003", family="光", given="三郎", family_kana="ヒカリ",
        given_kana="サブロウ", user_name="光", password="kumo-7Zq4", password_again="kumo-7Zq4",
    )  # fmt: skip
    await get_address(taro, "arteri-an-002", "hikari.jiro")
    await get_address(taro, "hikari-003", "hikari.saburo")
    await confirmed(taro, "/accounts/arteri-an-001/forwarding", consent="yes", address_1=JIRO.upper())
    await confirmed(taro, "/accounts/arteri-an-002/forwarding", consent="yes", address_1=SABURO)
    await taro.open("/accounts/hikari-003/forwarding")
    await taro.submit(consent="yes", address_1="x@example.com", address_2=ADDRESS)
    assert taro.reasons == [forwarding.loop_reason(ADDRESS)]


# --- one address, as every mail server takes it -----------------------------------------------------------------------


async def test_a_japanese_domain_is_forwarded_to_as_mail_servers_write_it(taro: Browser) -> None:
    await confirmed(taro, "/accounts/arteri-an-001/forwarding", consent="yes", address_1="taro@例え.jp")
    assert await forwarded_to() == {"arteri-an-001": ["taro@xn--r8jz45g.jp"]}
    (script,) = await database.rows("SELECT script FROM mail_v1.sieve")
    assert script["script"].isascii()


async def test_two_addresses_in_one_field_are_told_to_be_two(taro: Browser) -> None:
    await taro.open("/accounts/arteri-an-001/forwarding")
    await taro.submit(consent="yes", address_1="a@example.com、b@example.com")
    assert taro.reasons == ["1つの欄には、メールアドレスを1つだけ入力してください。"]


async def test_who_got_no_mail_registers_the_same_address_of_another_company_again(
    contractor: Browser,
) -> None:
    for _ in range(2):
        await use_other(contractor, "arteri-an-001", "taro@example.com")
    assert [mail["recipient"] for mail in await mails()].count("taro@example.com") == 2


async def test_an_earlier_domain_of_ours_is_not_another_companys(taro: Browser) -> None:
    await database.rows("UPDATE mail_address SET address = 'old.taro@s1.spaaqs.ne.jp'")
    await taro.open("/accounts/arteri-an-002/mail-address")
    await taro.submit(kind="other", address="somebody@S1.spaaqs.ne.jp", agree="yes")
    assert taro.reasons == [mail_addresses.OURS]


async def test_the_address_that_the_portal_writes_from_is_nobodys(
    taro: Browser, installed: Installed
) -> None:
    installed(sender=replace(installation.sender(), address="MyPage@s2.spaaqs.ne.jp"))
    await taro.open("/accounts/arteri-an-002/mail-address")
    await taro.submit(kind="ucom", local_part="mypage", agree="yes")
    assert taro.reasons == [reserved_names.reserved("mypage")]


async def test_where_choice_a_is_closed_its_reason_is_the_only_one(contractor: Browser) -> None:
    await contractor.open("/accounts/arteri-an-001/mail-address")
    token = str(contractor.form().select("input")[0]["value"])
    body = {"csrf_token": token, "kind": "ucom", "local_part": "a", "agree": "yes"}
    await contractor.press("/accounts/arteri-an-001/mail-address", body)
    assert len(contractor.reasons) == 1
    (link,) = contractor.page.select(".error-summary a")
    assert contractor.page.select_one(str(link["href"]))


# --- what a confirm page said still holds, or it is shown again -------------------------------------------------------


async def test_a_confirm_page_that_did_not_say_that_the_mail_service_ends_does_not_end_it(
    taro: Browser,
) -> None:
    await get_address(taro, "arteri-an-002", "hikari.jiro")
    pages = [
        await asked(
            taro, f"/accounts/{login}/mail-address", kind="other", address="taro@example.com", agree="yes"
        )
        for login in ("arteri-an-001", "arteri-an-002")
    ]
    assert "自動的に解約されます" not in taro.text
    await taro.press(*pages[0])
    assert taro.heading == "メールアドレス登録／変更完了"
    await taro.press(*pages[1])
    assert taro.heading == "メールアドレス登録／変更確認"
    assert "内容が変わりました" in taro.text
    assert "自動的に解約されます" in taro.text
    assert await open_periods() == ["mail-web"]
    await taro.submit()
    assert taro.heading == "メールアドレス登録／変更完了"
    assert await open_periods() == []


async def test_a_confirm_page_of_last_month_is_shown_again_with_what_it_costs_now(visitor: Browser) -> None:
    clock.start_at(datetime(2026, 1, 31, 23, 50, tzinfo=clock.TOKYO))
    await visitor.log_in("customer", "90000000000000", "demo01")
    page = await asked(visitor, "/mail-service", agree="yes")
    assert "今月 0円（2026/01/31までに" in visitor.text
    clock.start_at(datetime(2026, 2, 1, 0, 10, tzinfo=clock.TOKYO))
    await visitor.press(*page)
    assert "内容が変わりました" in visitor.text
    assert "今月 0円（2026/02/28までに" in visitor.text
    assert await open_periods() == []
    await visitor.submit()
    assert visitor.heading == "メールサービス購入完了"


async def test_an_expired_confirm_page_changes_nothing_and_leads_back_to_its_input_page(
    taro: Browser,
) -> None:
    path, body = await asked(
        taro, "/accounts/arteri-an-001/forwarding", consent="yes", address_1="a@example.com"
    )
    await database.rows("UPDATE change SET asked_at = asked_at - interval '31 minutes'")
    await taro.press(path, body)
    assert taro.heading == "確認画面の有効期間が切れました"
    await taro.open(str(taro.page.select("main p.buttons a")[0]["href"]))
    assert filled_in(taro.form())["address_1"] == "a@example.com"
    assert await forwarded_to() == {}


async def test_a_page_that_offered_10_gb_never_leads_back_to_1_gb(taro: Browser) -> None:
    path = "/accounts/arteri-an-001/mailbox"
    await taro.open(path)
    old = {str(field["name"]): str(field["value"]) for field in taro.form().select("input")}
    await confirmed(taro, path, agree="yes")
    await taro.press(path, old)
    assert "メールボックスの容量は、すでに10GBです。" in taro.text
    assert await open_periods() == ["mail-web", "mailbox-10gb"]


async def test_a_web_space_that_was_registered_meanwhile_is_not_deleted_for_another(taro: Browser) -> None:
    path = "/accounts/arteri-an-001/web-space"
    await confirmed(taro, path, space="first")
    stale = await asked(taro, path)
    assert taro.rows["Webスペースの削除"] == "料金はかかりません"
    await confirmed(taro, path)
    await confirmed(taro, path, space="second")
    await taro.press(*stale)
    assert taro.answer.status_code == 422
    assert web_space.NONE in taro.text
    found = await database.rows("SELECT name FROM web_space WHERE released_at IS NULL")
    assert [row["name"] for row in found] == ["second"]


# --- what ends with what ----------------------------------------------------------------------------------------------


async def test_deleting_a_web_space_ends_a_mail_pack_that_is_no_longer_needed_and_says_so(
    visitor: Browser,
) -> None:
    await visitor.log_in("customer", "90000000000001", "demo01")
    await confirmed(
        visitor, "/accounts/new", login="pack-one", family="田", given="一", family_kana="タ", given_kana="イチ",
        user_name="田", password="kumo-7Zq4", password_again="kumo-7Zq4",
    )  # fmt: skip
    await buy(visitor)
    await get_address(visitor, "pack-one", "pack.one")
    await confirmed(visitor, "/accounts/pack-one/web-space", space="pack-one")
    await asked(visitor, "/accounts/pack-one/web-space")
    assert "不要になるメールサービス（メールパック）は自動的に解約されます" in visitor.text
    assert "今月（" in visitor.rows["メールパック"]
    assert "Webスペースの削除" not in visitor.rows
    assert await open_periods() == ["mail-pack"]
    await visitor.submit()
    assert "次のオプションサービスは、同時に解約されました：メールパック" in visitor.text
    assert await open_periods() == []
    (ended,) = [mail for mail in await mails() if "解約のお知らせ" in mail["subject"]]
    assert "pack-oneのWebスペースを削除したため" in ended["body"]


async def test_the_bigger_box_that_ends_with_the_address_is_told_on_every_page_and_in_the_mail(
    taro: Browser,
) -> None:
    await confirmed(taro, "/accounts/arteri-an-001/mailbox", agree="yes")
    await asked(
        taro,
        "/accounts/arteri-an-001/mail-address",
        kind="other",
        address="taro@example.com",
        agree="yes",
    )
    assert "220円（税込、日割りなし）" in taro.text
    await taro.submit()
    assert "同時に解約されました：メール&Webスペース、メールボックス 10GB" in taro.text
    assert await open_periods() == []
    (mail,) = [mail for mail in await mails() if mail["recipient"] == "taro@example.com"]
    assert "同時に解約されたオプションサービス：メール&Webスペース、メールボックス 10GB" in mail["body"]


async def test_a_deletion_names_the_mail_service_that_ends_with_it_on_every_page_and_in_the_mail(
    taro: Browser,
) -> None:
    await taro.open("/accounts/arteri-an-001/delete")
    for _ in range(3):
        assert taro.rows["同時に解約されるオプションサービス"] == "メール&Webスペース"
        if taro.page.select("main form"):
            await taro.submit()
    assert taro.heading == "アカウントID削除完了"
    (mail,) = [mail for mail in await mails() if "アカウントID削除" in mail["subject"]]
    assert "同時に解約されたオプションサービス：メール&Webスペース" in mail["body"]


async def test_settings_sent_unchanged_are_no_change_and_mark_no_field(taro: Browser) -> None:
    await confirmed(taro, "/accounts/arteri-an-001/forwarding", consent="yes", address_1="friend@example.com")
    await confirmed(
        taro,
        "/accounts/arteri-an-001/auto-reply",
        consent="yes",
        enabled="on",
        subject="不在",
        body="不在です。",
    )
    for page in ("forwarding", "auto-reply", "edit"):
        await taro.open(f"/accounts/arteri-an-001/{page}")
        await taro.submit()
        assert taro.reasons == [words.NOTHING], page
        assert not taro.page.select("[aria-invalid], .error-summary a"), page


async def test_another_companys_address_is_registered_again_and_the_confirm_page_says_so(
    contractor: Browser,
) -> None:
    typed = {"kind": "other", "address": "arteri-kichi@mail.example.com", "agree": "yes"}
    await asked(contractor, "/accounts/arteri-an-002/mail-address", **typed)
    assert mail_addresses.AGAIN in contractor.text


async def test_who_comes_back_finds_neither_forwarding_nor_auto_reply_nor_the_bigger_box(
    taro: Browser,
) -> None:
    path = "/accounts/arteri-an-001"
    await confirmed(taro, f"{path}/mailbox", agree="yes")
    await confirmed(taro, f"{path}/forwarding", consent="yes", address_1="a@example.com")
    await confirmed(
        taro, f"{path}/auto-reply", consent="yes", enabled="on", subject="不在", body="不在です。"
    )
    await use_other(taro, "arteri-an-001", "taro@example.com")
    assert await database.rows("SELECT 1 FROM mail_v1.sieve") == []
    await buy(taro)
    await get_address(taro, "arteri-an-001", "hikari.again")
    assert await database.rows("SELECT 1 FROM mail_v1.sieve") == []
    (box,) = await database.rows("SELECT quota_bytes FROM mail_v1.mailbox")
    assert box["quota_bytes"] == 1 << 30
    assert len(await database.rows("SELECT 1 FROM mail_v1.retired")) == 1


async def test_without_a_contact_address_the_admins_are_told_that_the_service_ended(taro: Browser) -> None:
    await database.rows("UPDATE contract SET email = ''")
    await use_other(taro, "arteri-an-001", "taro@example.com")
    told = [mail["recipient"] for mail in await mails() if "解約" in mail["subject"]]
    assert told == ["arteri-kichi@mail.example.com"]


# --- what is shown ----------------------------------------------------------------------------------------------------


async def test_the_lines_of_an_auto_reply_are_lines_on_the_confirm_page(taro: Browser) -> None:
    await asked(
        taro,
        "/accounts/arteri-an-001/auto-reply",
        consent="yes",
        enabled="on",
        subject="不在",
        body="一行目\r\n\r\n三行目",
    )
    (shown,) = taro.page.select("main dd.lines")
    assert shown.get_text() == "一行目\n\n三行目"


@pytest.mark.parametrize(("days", "over"), [(-1, True), (0, False), (None, False)])
async def test_a_period_that_is_over_is_said_before_it_is_set_and_its_last_day_is_in_it(
    taro: Browser, days: int | None, over: bool
) -> None:
    ends_on = "" if days is None else (clock.today() + timedelta(days=days)).isoformat()
    typed: dict[str, Any] = {
        "consent": "yes",
        "enabled": "on",
        "subject": "不在",
        "body": "不在です。",
        "ends_on": ends_on,
    }
    await asked(taro, "/accounts/arteri-an-001/auto-reply", **typed)
    assert (auto_reply.OVER in taro.text) == over


async def test_switched_off_blanks_are_no_text(taro: Browser) -> None:
    path = "/accounts/arteri-an-001/auto-reply"
    await confirmed(taro, path, consent="yes", enabled="on", subject="不在", body="不在です。")
    await confirmed(taro, path, consent="yes", enabled="off", subject=" ", body=" \r\n ")
    assert taro.rows["本文"] == "（なし）"


async def test_a_user_role_member_sees_no_way_to_change_the_box(taro: Browser, family_user: Browser) -> None:
    await family_user.open("/accounts/arteri-an-001/mailbox")
    assert family_user.answer.status_code == 403
    assert mailbox.IN_USE not in family_user.text
