"""Mail through its pages (manual 10-13, spec 6-8): service, addresses, box, forwarding, auto-reply, web space."""

from __future__ import annotations

import asyncio

import pytest

from app.domain import fields
from app.domain.cards import kept as payment
from app.domain.mail import addresses as mail_addresses
from app.domain.mail import forwarding, mailbox, web_space
from app.domain.mail import service as mail_service
from app.postgres import database
from tests.browser import Browser
from tests.mail.steps import ADDRESS, buy, confirmed, get_address, mails, open_periods, use_other

# --- service ----------------------------------------------------------------------------------------------------------


async def test_the_mail_service_is_bought_over_confirm_to_complete_with_its_costs(
    contractor: Browser,
) -> None:
    await contractor.open("/mail-service")
    assert contractor.rows["商品名"] == "メール&Webスペース"
    assert contractor.rows["現在のご契約状態"] == "未購入"
    await contractor.submit()
    assert contractor.reasons == ["内容をお読みになり、同意する場合はチェックしてください。"]
    await contractor.submit(agree="yes")
    assert contractor.heading == "メールサービス購入確認"
    assert "0円（購入した月は無料）" in contractor.text
    assert "275円／月（税込）" in contractor.text
    assert contractor.page.find("a", string="前画面へ戻る")  # as the manual calls it here
    assert await open_periods() == []
    await contractor.submit()
    assert contractor.heading == "メールサービス購入完了"
    here = {str(link["href"]): link.get_text() for link in contractor.page.select("main > p a.act")}
    assert here == {
        "/accounts/new": "アカウントIDを登録する：こちら",
        "/accounts": "登録済みのアカウントIDを確認する：こちら",
    }
    assert await open_periods() == ["mail-web"]
    await contractor.open("/")
    assert contractor.rows["メールサービス"].startswith("メール&Webスペース:購入済")
    assert contractor.rows["メールアカウント"] == "0個 / 5個 (基本 0個 + 5個)"
    assert [(mail["recipient"], "メール&Webスペース" in mail["subject"]) for mail in await mails()] == [
        ("arteri-an@keitai.example.jp", True)
    ]


async def test_what_is_missing_is_told_in_the_order_of_the_page(contractor: Browser) -> None:
    await contractor.open("/accounts/arteri-an-001/mail-address")
    await contractor.submit()
    assert contractor.reasons == [
        "利用するメールを選んでください。",
        "内容をお読みになり、同意する場合はチェックしてください。",
    ]


async def test_a_mailbox_is_missed_and_the_address_of_another_company_told(contractor: Browser) -> None:
    await contractor.open("/accounts/arteri-an-002/mailbox")
    assert contractor.rows["メールアドレス"] == "arteri-kichi@mail.example.com"
    await contractor.open("/?open=arteri-an-002")
    assert contractor.text.count("UCOM光のメールアドレスが必要です") == 4


async def test_who_comes_back_from_the_confirm_page_has_consented_still(contractor: Browser) -> None:
    await contractor.open("/mail-service")
    await contractor.submit(agree="yes")
    link = contractor.page.find("a", string="前画面へ戻る")
    assert link is not None
    await contractor.open(str(link["href"]))
    assert contractor.page.select_one("input[name=agree][checked]")


async def test_what_cannot_be_bought_again_is_said_without_a_link_to_a_field(contractor: Browser) -> None:
    await contractor.open("/mail-service")
    early = contractor.form()
    body = {"csrf_token": str(early.select_one("input[name=csrf_token]")["value"])}  # type: ignore[index]
    await buy(contractor)
    await contractor.press("/mail-service", body)
    assert contractor.reasons == [mail_service.BOUGHT]
    assert not contractor.page.select(".error-summary a")


async def test_a_mail_pack_is_bought_on_the_same_screens(visitor: Browser) -> None:
    await visitor.log_in("customer", "90000000000001", "demo01")
    await visitor.open("/mail-service")
    assert visitor.rows["商品名"] == "メールパック"
    await visitor.submit(agree="yes")
    assert visitor.heading == "メールサービス購入確認"
    await visitor.submit()
    assert visitor.heading == "メールサービス購入完了"
    assert await open_periods() == ["mail-pack"]


async def test_buying_twice_answers_that_it_is_bought(contractor: Browser) -> None:
    await contractor.open("/mail-service")
    token = str(contractor.form().select("input")[0]["value"])
    await contractor.submit(agree="yes")
    second = contractor.path
    await buy(contractor)
    await contractor.press("/mail-service", {"csrf_token": token, "agree": "yes"})
    assert contractor.reasons == [mail_service.BOUGHT]
    await contractor.press(second, {"csrf_token": token})
    assert mail_service.BOUGHT in contractor.text
    assert await open_periods() == ["mail-web"]


async def test_without_a_card_or_with_an_expired_one_nothing_is_bought(visitor: Browser) -> None:
    await visitor.log_in("customer", "90000000000003", "demo01")
    await visitor.open("/mail-service")
    assert payment.NO_CARD in visitor.text
    assert not visitor.page.select("main form")
    await database.rows("UPDATE card SET expires = '2020-01'")
    await visitor.submit("/logout")
    await visitor.log_in("customer", "90000000000000", "demo01")
    await visitor.open("/mail-service")
    assert payment.EXPIRED in visitor.text
    await visitor.open("/")
    token = str(visitor.form("/logout").select("input")[0]["value"])
    await visitor.press("/mail-service", {"csrf_token": token, "agree": "yes"})
    assert visitor.reasons == [payment.EXPIRED]


# --- addresses --------------------------------------------------------------------------------------------------------


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


async def test_an_address_of_ours_is_registered_and_shows_the_mail_programs_settings(
    contractor: Browser,
) -> None:
    await buy(contractor)
    await get_address(contractor, "arteri-an-001", "hikari.taro")
    assert contractor.rows["メールアドレス"] == ADDRESS
    assert contractor.rows["利用メール"] == "UCOMの提供するメールアドレスを取得する"
    assert contractor.rows["ユーザー名（アカウント名）"] == "arteri-an-001"
    assert "993" in contractor.rows["受信サーバー（IMAP）"]
    await contractor.open("/accounts")
    assert ADDRESS in contractor.text
    assert {mail["recipient"] for mail in await mails()} == {ADDRESS, "arteri-an@keitai.example.jp"}


async def test_a_mail_pack_gives_one_address_without_a_purchase(visitor: Browser) -> None:
    await visitor.log_in("customer", "90000000000001", "demo01")
    for login in ("pack-one", "pack-two"):
        await confirmed(
            visitor, "/accounts/new", login=login, family="田", given="一", family_kana="タ", given_kana="イチ",
            user_name="田", password="abc12345", password_again="abc12345",
        )  # fmt: skip
    await get_address(visitor, "pack-one", "pack.one")
    await visitor.open("/accounts/pack-two/mail-address")
    assert "購入が必要です" in visitor.text


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


async def test_changing_the_address_keeps_the_mailbox_and_costs_nothing(contractor: Browser) -> None:
    await buy(contractor)
    await get_address(contractor, "arteri-an-001", "hikari.taro")
    await get_address(contractor, "arteri-an-001", "hikari.jiro")
    boxes = await database.rows("SELECT id FROM mailbox")
    assert len(boxes) == 1
    assert await open_periods() == ["mail-web"]
    await contractor.open("/")
    assert contractor.rows["メールアカウント"].startswith("1個")


async def test_from_ours_to_anothers_the_mail_service_ends_by_itself_and_says_so_before(
    contractor: Browser,
) -> None:
    await buy(contractor)
    await get_address(contractor, "arteri-an-001", "hikari.taro")
    await contractor.open("/accounts/arteri-an-001/mail-address")
    await contractor.submit(kind="other", address="taro@example.com", agree="yes")
    assert "自動的に解約されます" in contractor.text
    assert "275円（税込、日割りなし）" in contractor.text
    assert "保存されているメールはすべて失われます" in contractor.text
    assert await open_periods() == ["mail-web"]
    await contractor.submit()
    assert "taro@example.com 宛に、「メールアドレス登録完了メール」を送信しました" in contractor.text
    assert await open_periods() == []
    assert "解約" in (await mails())[-3]["subject"] + (await mails())[-2]["subject"]
    box = await database.rows("SELECT retired_at FROM mailbox")
    assert box[0]["retired_at"] is not None


async def test_a_user_who_causes_the_end_is_seen_by_admins_and_the_contact(
    contractor: Browser, family_user: Browser
) -> None:
    await buy(contractor)
    await get_address(contractor, "arteri-an-001", "hikari.taro")
    await use_other(family_user, "arteri-an-001", "me@example.com")
    told = [mail["recipient"] for mail in await mails() if "解約" in mail["subject"]]
    assert sorted(told) == ["arteri-an@keitai.example.jp", "arteri-kichi@mail.example.com"]


async def test_deleting_an_account_id_ends_the_service_when_it_was_the_last(contractor: Browser) -> None:
    await buy(contractor)
    await get_address(contractor, "arteri-an-001", "hikari.taro")
    await get_address(contractor, "arteri-an-002", "hikari.jiro")
    await contractor.open("/accounts/arteri-an-001/delete")
    await contractor.submit()
    assert "自動的に解約されます" not in contractor.text
    await contractor.submit()
    assert await open_periods() == ["mail-web"]
    await contractor.open("/accounts/arteri-an-002/delete")
    await contractor.submit()
    assert "自動的に解約されます" in contractor.text
    await contractor.submit()
    assert await open_periods() == []


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


# --- box, forwarding, auto-reply, web space ---------------------------------------------------------------------------


async def test_the_box_grows_to_10_gb_for_a_fee_and_back(taro: Browser) -> None:
    await confirmed(taro, "/accounts/arteri-an-001/mailbox", agree="yes")
    assert taro.rows["メールボックス容量"] == "10GB"
    await taro.open("/?open=arteri-an-001")
    assert taro.page.select_one("main details")
    assert "10GB" in taro.text
    await confirmed(taro, "/accounts/arteri-an-001/mailbox", agree="yes")
    assert taro.rows["メールボックス容量"] == "1GB"
    assert await open_periods() == ["mail-web"]


@pytest.mark.parametrize("page", ["mailbox", "forwarding", "auto-reply", "web-space"])
async def test_without_an_address_of_ours_each_page_says_what_is_needed(
    contractor: Browser, page: str
) -> None:
    await contractor.open(f"/accounts/arteri-an-001/{page}")
    assert mailbox.NO_ADDRESS in contractor.text
    assert not contractor.page.select("main form")


async def test_what_is_forwarded_without_a_copy_cannot_be_brought_back_and_the_confirm_page_says_so(
    taro: Browser,
) -> None:
    for kept, told in (("", True), ("yes", False)):
        await taro.open("/accounts/arteri-an-001/forwarding")
        await taro.submit(address_1="a@example.com", keep_copy=kept)
        assert ("受け取れなかったメールは戻せません" in taro.text) is told
        await taro.submit()
    await taro.open("/accounts/arteri-an-001/forwarding")
    await taro.submit(address_1="", keep_copy="")
    assert taro.rows["転送先"] == "転送しない"
    assert "受け取れなかったメールは戻せません" not in taro.text


async def test_forwarding_is_set_changed_and_switched_off(taro: Browser) -> None:
    await confirmed(
        taro,
        "/accounts/arteri-an-001/forwarding",
        address_1="a@example.com",
        address_3="b@example.com",
        keep_copy="",
    )
    assert taro.rows["転送先"] == "a@example.com、b@example.com"
    assert taro.rows["サーバーにメールを"] == "残さない"
    await taro.open("/accounts/arteri-an-001/forwarding")
    assert taro.form().select_one("input[name=address_2]")["value"] == "b@example.com"  # type: ignore[index]
    assert not taro.page.select("input[name=keep_copy][checked]")
    await taro.submit(address_1="", address_2="")
    assert taro.rows["転送先"] == "転送しない"
    await taro.submit()
    assert not await database.rows("SELECT 1 FROM forwarding")


async def test_forwarding_to_itself_twice_or_in_a_loop_is_refused_at_the_field(taro: Browser) -> None:
    await get_address(taro, "arteri-an-002", "hikari.jiro")
    await taro.open("/accounts/arteri-an-001/forwarding")
    await taro.submit(address_1=ADDRESS, address_2="a@example.com", address_3="A@example.com", address_4="x")
    assert taro.reasons[:2] == [forwarding.ITSELF, forwarding.TWICE]
    assert len(taro.reasons) == 3
    await confirmed(taro, "/accounts/arteri-an-002/forwarding", address_1=ADDRESS)
    await taro.open("/accounts/arteri-an-001/forwarding")
    await taro.submit(address_1="hikari.jiro@s2.spaaqs.ne.jp")
    assert taro.reasons == [forwarding.loop_reason("hikari.jiro@s2.spaaqs.ne.jp")]


async def test_two_forwardings_confirmed_meanwhile_make_no_loop(taro: Browser) -> None:
    await get_address(taro, "arteri-an-002", "hikari.jiro")
    await taro.open("/accounts/arteri-an-001/forwarding")
    await taro.submit(address_1="hikari.jiro@s2.spaaqs.ne.jp")
    first, token = taro.path, str(taro.form().select("input")[0]["value"])
    await confirmed(taro, "/accounts/arteri-an-002/forwarding", address_1=ADDRESS)
    await taro.press(first, {"csrf_token": token})
    assert taro.answer.status_code == 422
    assert "転送が繰り返されるため" in taro.text


async def test_an_auto_reply_is_set_and_keeps_its_text_when_it_is_off(taro: Browser) -> None:
    path = "/accounts/arteri-an-001/auto-reply"
    await confirmed(
        taro,
        path,
        enabled="on",
        subject="不在です",
        body='一行目\r\n"二"行目\\',
        starts_on="2026-12-28",
        ends_on="2027-01-03",
    )
    assert taro.rows["期間"] == "2026/12/28 から 2027/01/03 まで"
    await taro.open(path)
    assert taro.form().select_one("input[name=subject]")["value"] == "不在です"  # type: ignore[index]
    await taro.submit(enabled="off")
    await taro.submit()
    row = (await database.rows("SELECT enabled, subject, body FROM auto_reply"))[0]
    assert (row["enabled"], row["subject"], row["body"]) == (False, "不在です", '一行目\n"二"行目\\')


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"enabled": "on"}, "件名"),
        ({"enabled": "on", "subject": "あ" * 101, "body": "x"}, "件名は100文字以内"),
        ({"enabled": "on", "subject": "a", "body": "あ" * 1001}, "本文は1,000文字以内"),
        ({"enabled": "on", "subject": "a\nBcc: x", "body": "x"}, "使えない文字"),
        ({"enabled": "on", "subject": "a", "body": "x", "starts_on": "2026-02-30"}, "この日付はありません"),
        ({"enabled": "on", "subject": "a", "body": "x", "ends_on": "明日"}, "2026-01-10 のように"),
        (
            {
                "enabled": "on",
                "subject": "a",
                "body": "x",
                "starts_on": "2026-02-02",
                "ends_on": "2026-02-01",
            },
            "終了日",
        ),
        ({"enabled": "maybe"}, "選んでください"),
    ],
)
async def test_a_wrong_auto_reply_is_told_at_its_field(
    taro: Browser, typed: dict[str, str], field: str
) -> None:
    await taro.open("/accounts/arteri-an-001/auto-reply")
    await taro.submit(**typed)
    assert taro.answer.status_code == 422
    assert any(field in reason for reason in taro.reasons)


async def test_a_web_space_is_registered_and_deleted_and_its_name_is_gone(taro: Browser) -> None:
    path = "/accounts/arteri-an-001/web-space"
    await confirmed(taro, path, space="hikari")
    assert taro.rows["ホームページアドレス"] == "https://home.s2.spaaqs.ne.jp/hikari/"
    await confirmed(taro, path)
    assert taro.heading == "Webスペース削除完了"
    await taro.open(path)
    await taro.submit(space="hikari")
    assert taro.reasons == [web_space.TAKEN]
    assert await open_periods() == ["mail-web"]


async def test_a_web_space_that_remains_keeps_the_mail_service(taro: Browser) -> None:
    await get_address(taro, "arteri-an-002", "hikari.jiro")
    await confirmed(taro, "/accounts/arteri-an-002/web-space", space="jiro")
    await use_other(taro, "arteri-an-001", "x@example.com")
    assert await open_periods() == ["mail-web"]
    await use_other(taro, "arteri-an-002", "y@example.com")
    assert await open_periods() == []
    assert (await database.rows("SELECT released_at FROM web_space"))[0]["released_at"] is not None


async def test_a_box_with_more_than_1_gb_in_it_does_not_shrink(taro: Browser) -> None:
    path = "/accounts/arteri-an-001/mailbox"
    await confirmed(taro, path, agree="yes")
    await taro.open(path)
    await taro.submit(agree="yes")
    confirm, token = taro.path, str(taro.form().select("input")[0]["value"])
    await database.rows(
        "INSERT INTO mail_state_v1.quota_usage (mailbox, bytes, messages)"
        " SELECT id, 1073741825, 9 FROM mailbox WHERE retired_at IS NULL"
    )
    await taro.open(path)
    assert mailbox.IN_USE in taro.text
    await taro.press(confirm, {"csrf_token": token})
    assert taro.answer.status_code == 422
    assert mailbox.IN_USE in taro.text
    await database.rows("UPDATE mail_state_v1.quota_usage SET bytes = 1073741824")
    await confirmed(taro, path, agree="yes")
    assert taro.rows["メールボックス容量"] == "1GB"


async def test_one_address_for_two_account_ids_at_once_is_given_once(contractor: Browser) -> None:
    await buy(contractor)
    pages = []
    for login in ("arteri-an-001", "arteri-an-002"):
        await contractor.open(f"/accounts/{login}/mail-address")
        await contractor.submit(kind="ucom", local_part="hikari.taro", agree="yes")
        pages.append((contractor.path, str(contractor.form().select("input")[0]["value"])))
    answers = await asyncio.gather(
        *(contractor.post(path, data={"csrf_token": token}, follow_redirects=True) for path, token in pages)
    )
    assert sorted(answer.status_code for answer in answers) == [200, 422]
    assert len(await database.rows("SELECT 1 FROM mailbox WHERE retired_at IS NULL")) == 1


async def test_the_last_address_of_a_pack_goes_to_one_of_many_who_ask_at_once(visitor: Browser) -> None:
    await visitor.log_in("customer", "90000000000001", "demo01")
    pages = []
    for number in range(5):
        login = f"pack-{number}"
        await confirmed(
            visitor, "/accounts/new", login=login, family="田", given="一", family_kana="タ", given_kana="イチ",
            user_name="田", password="abc12345", password_again="abc12345",
        )  # fmt: skip
    for number in range(5):
        await visitor.open(f"/accounts/pack-{number}/mail-address")
        await visitor.submit(kind="ucom", local_part=f"pack{number}", agree="yes")
        pages.append((visitor.path, str(visitor.form().select("input")[0]["value"])))
    answers = await asyncio.gather(
        *(visitor.post(path, data={"csrf_token": token}, follow_redirects=True) for path, token in pages)
    )
    assert sorted(answer.status_code for answer in answers) == [200, 422, 422, 422, 422]
    assert all("購入が必要です" in answer.text for answer in answers if answer.status_code == 422)
