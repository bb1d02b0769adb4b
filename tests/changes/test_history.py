"""お手続き履歴: who did what, with what stood there before; narrowed down, and as a file."""

from __future__ import annotations

import pytest

from app.domain import tables
from app.domain.access.members import Member
from app.domain.changes import asking, history
from tests.browser import Browser
from tests.changes.one_more import OneMore
from tests.mail.steps import buy, get_address


async def edit(browser: Browser, login: str, **typed: str) -> None:
    await browser.open(f"/accounts/{login}/edit")
    await browser.submit(**typed)
    await browser.submit()
    assert browser.heading == "アカウントID登録／変更完了"


async def change_password(browser: Browser, login: str) -> None:
    await browser.open(f"/accounts/{login}/password")
    await browser.submit(password="hik-7q2mzw", password_again="hik-7q2mzw")
    await browser.submit()
    assert browser.heading == "アカウントIDパスワード変更完了"


def replaced(browser: Browser) -> list[str]:
    return [former.get_text() for former in browser.page.select("main dd.before")]


def listed(browser: Browser) -> list[tuple[str, str, str]]:
    """Name, account ID and asker of each line."""
    return [
        tuple(cell.get_text(strip=True) for cell in row.select("td")[1:])  # type: ignore[misc]
        for row in browser.page.select("main tbody tr")
    ]


async def test_a_receipt_shows_the_former_value_beside_the_new_one(contractor: Browser) -> None:
    await contractor.open("/accounts/arteri-an-001/edit")
    await contractor.submit(given="新", role="admin")
    assert replaced(contractor) == ["変更前：（姓）有光 （名）杏", "変更前：ユーザー権限"]
    await contractor.submit()
    assert contractor.heading == "アカウントID登録／変更完了"
    assert replaced(contractor) == ["変更前：（姓）有光 （名）杏", "変更前：ユーザー権限"]


@pytest.mark.slow
async def test_a_user_reads_what_others_did_to_the_own_account_id_and_nothing_else(
    contractor: Browser, family_user: Browser
) -> None:
    await buy(contractor)
    await get_address(contractor, "arteri-an-001", "hikari.taro")
    await edit(contractor, "arteri-an-002", given="新")
    await family_user.open("/changes")
    assert listed(family_user) == [("メールアドレス登録", "arteri-an-001", "ご契約者様（お客様番号）")]
    receipt = family_user.page.select_one("main tbody a")
    assert receipt is not None
    await family_user.open(str(receipt["href"]))
    assert "993" in family_user.text, "the settings for a mail program"


@pytest.mark.slow
async def test_whoever_gives_up_the_own_admin_role_is_told_before_and_sees_the_complete_page(
    admin: Browser,
) -> None:
    await admin.open("/accounts/arteri-an-002/edit")
    await admin.submit(role="user")
    assert "ユーザー権限の画面に切り替わり" in admin.text
    await admin.submit()
    assert admin.heading == "アカウントID登録／変更完了"
    links = [str(link["href"]) for link in admin.page.select("main .next a")]
    for path in links:
        assert (await admin.get(path)).status_code == 200, path


@pytest.mark.slow
async def test_a_receipt_of_an_account_id_that_was_deleted_leads_nowhere_that_is_gone(
    contractor: Browser,
) -> None:
    await contractor.open("/accounts/arteri-an-001/edit")
    await contractor.submit(given="新")
    await contractor.submit()
    receipt = contractor.path
    assert contractor.page.select("main a[href='/accounts/arteri-an-001/mail-address']"), "what comes next"
    await contractor.open("/accounts/arteri-an-001/delete")
    await contractor.submit()
    await contractor.submit()
    await contractor.open(receipt)
    assert contractor.heading == "アカウントID登録／変更完了"
    assert not contractor.page.select("main a[href^='/accounts/']")


@pytest.mark.slow
async def test_the_history_is_narrowed_down_to_an_account_id_and_a_kind(
    contractor: Browser, admin: Browser
) -> None:
    await edit(contractor, "arteri-an-001", given="新")
    await edit(contractor, "arteri-an-002", given="新")
    await change_password(admin, "arteri-an-001")
    await contractor.open("/changes")
    assert len(listed(contractor)) == 3
    await contractor.open("/changes?account=arteri-an-001&kind=")
    assert listed(contractor) == [
        ("アカウントIDパスワード変更", "arteri-an-001", "arteri-an-002"),
        ("アカウントID変更", "arteri-an-001", "ご契約者様（お客様番号）"),
    ]
    await contractor.open("/changes?account=arteri-an-001&kind=アカウントID変更")
    assert [name for name, _, _ in listed(contractor)] == ["アカウントID変更"]
    await contractor.open("/changes?kind=アカウントID削除")
    assert "この条件に当てはまるお手続きはありません。" in contractor.text


@pytest.mark.slow
async def test_a_deleted_account_id_stays_a_choice(contractor: Browser) -> None:
    await contractor.open("/accounts/arteri-an-001/delete")
    await contractor.submit()
    await contractor.submit()
    await contractor.open("/changes")
    (link,) = contractor.page.select("main td a")
    await contractor.open(str(link["href"]))
    chosen = contractor.page.select_one("select[name=account] option[selected]")
    assert chosen is not None
    assert chosen.get_text() == "arteri-an-001（削除済み）"
    assert len(listed(contractor)) == 1


def account_ids_to_choose(browser: Browser) -> list[str]:
    return [choice.get_text() for choice in browser.page.select("select[name=account] option")][1:]


async def delete(browser: Browser, login: str) -> None:
    await browser.open(f"/accounts/{login}/delete")
    await browser.submit()
    await browser.submit()
    assert browser.heading == "アカウントID削除完了"


@pytest.mark.slow
async def test_deleted_account_ids_are_choices_behind_the_living_ones_on_the_page_and_in_the_file(
    contractor: Browser, stranger: Browser, round_trips: list[str]
) -> None:
    await edit(contractor, "arteri-an-001", given="新")
    await edit(contractor, "arteri-an-002", given="新")
    await delete(contractor, "arteri-an-001")
    round_trips.clear()
    await contractor.open("/changes")
    assert len(round_trips) == 2
    assert account_ids_to_choose(contractor) == ["arteri-an-002", "arteri-an-001（削除済み）"]
    await contractor.open("/changes?account=arteri-an-001")
    assert [name for name, _, _ in listed(contractor)] == ["アカウントID削除", "アカウントID変更"]
    file = await contractor.get("/changes.csv?account=arteri-an-001")
    assert [line.split(",")[2] for line in file.text.splitlines()[1:]] == [
        "アカウントID削除",
        "アカウントID変更",
    ]
    await stranger.open("/changes")
    assert not [login for login in account_ids_to_choose(stranger) if login.startswith("arteri")]


@pytest.mark.slow
async def test_they_are_choices_where_nothing_is_listed_too(contractor: Browser) -> None:
    await delete(contractor, "arteri-an-001")
    await contractor.open("/changes?kind=メールサービス購入")
    assert "この条件に当てはまるお手続きはありません。" in contractor.text
    assert "arteri-an-001（削除済み）" in account_ids_to_choose(contractor)


@pytest.mark.slow
async def test_a_user_role_member_chooses_none_but_the_own_one_and_that_while_deleted_too(
    contractor: Browser, family_user: Browser, admin: Browser
) -> None:
    await delete(contractor, "arteri-an-002")
    await family_user.open("/changes")
    assert account_ids_to_choose(family_user) == ["arteri-an-001"]
    await delete(contractor, "arteri-an-001")
    await family_user.open("/changes")
    assert account_ids_to_choose(family_user) == ["arteri-an-001（削除済み）"]
    await admin.open("/changes")
    assert account_ids_to_choose(admin) == ["arteri-an-001（削除済み）", "arteri-an-002（削除済み）"]


async def test_a_user_role_member_narrows_down_nothing_but_the_own_history(
    contractor: Browser, family_user: Browser
) -> None:
    await edit(contractor, "arteri-an-002", given="新")
    await family_user.open("/changes?account=arteri-an-002")
    assert listed(family_user) == []
    assert "arteri-an-002" not in str(family_user.page.select_one("select[name=account]"))
    assert "アカウントID登録" not in family_user.text


OF_THE_CONTRACT = [
    *(
        "お客様情報変更",
        "お客様番号パスワードの再設定",
        "お客様番号パスワード変更",
        "ご利用ガイド・規約ご請求",
        "ご契約内容変更申請",
    ),
    *("連絡用メールアドレスの確認", "運営会社による変更", "お支払い方法登録／変更"),
    *("アカウントID削除", "アカウントID変更", "アカウントID登録", "ユーザー権限による購入の設定"),
]
OF_USERS = [
    "氏名・ユーザーネーム変更",
    *("アカウントIDパスワードの再設定", "アカウントIDパスワード変更", "メールアドレス登録"),
    *("メールソフト用パスワード作成", "メールソフト用パスワード削除", "メール転送設定", "メール自動返信設定"),
    *("セキュリティオプション解約", "セキュリティオプション購入", "セキュリティオプション購入の申請"),
    "セキュリティオプション購入の申請の取り下げ",
    *("セキュリティオプション購入の申請の却下", "セキュリティオプション購入の申請の承認"),
    *("Webスペース削除", "Webスペース登録"),
]
BETWEEN = ["メールサービス購入", "メールボックス容量変更"]
LINE = "インターネット回線の解約のお申し出"
AT_LAST = ["UCOM光 リモートサポート解約", "UCOM光 リモートサポート購入"]
FACTORS = ["パスキー削除", "パスキー登録", "回復コード再発行", "認証アプリ削除", "認証アプリ登録"]


async def test_the_kinds_to_choose_are_those_of_the_own_role_in_the_order_of_the_feature_table(
    contractor: Browser, admin: Browser, family_user: Browser
) -> None:
    everything = [*OF_THE_CONTRACT, *OF_USERS[:3], *BETWEEN, *OF_USERS[3:], *AT_LAST, LINE, *FACTORS]
    for browser, names in (
        (contractor, everything),
        (admin, everything),
        (family_user, [*OF_USERS, *FACTORS]),
    ):
        await browser.open("/changes")
        choices = [choice.get_text() for choice in browser.page.select("select[name=kind] option")]
        assert choices == ["すべて", *names]


@pytest.mark.slow
async def test_the_file_holds_what_the_page_shows_with_former_values_and_without_passwords(
    contractor: Browser,
) -> None:
    await edit(contractor, "arteri-an-001", given="=1+1", password="hik-7q2mzw", password_again="hik-7q2mzw")
    answer = await contractor.get("/changes.csv?account=arteri-an-001")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    text = answer.content.decode("utf-8-sig")
    assert text.splitlines()[0] == "受付番号,受付日時,お手続き,対象のアカウントID,お手続きした方,内容"
    assert (
        "アカウントID変更,arteri-an-001,ご契約者様（お客様番号）,"
        "アカウントID：arteri-an-001／氏名：（姓）有光 （名）=1+1（変更前：" in text
    )
    assert "パスワード：*****" in text
    assert "hik" not in text
    assert len((await contractor.get("/changes.csv?account=nobody")).text.splitlines()) == 1


async def test_what_can_be_no_account_id_is_no_choice(contractor: Browser) -> None:
    for odd in ("4111111111111111", "<b>", "ここへお電話ください"):
        for path in ("/changes", "/changes.csv"):
            assert (await contractor.get(path, params={"account": odd})).status_code == 404


@pytest.mark.slow
async def test_a_user_role_members_first_page_is_called_by_its_name(family_user: Browser) -> None:
    await change_password(family_user, "arteri-an-001")
    (link,) = family_user.page.select("main a[href='/']")
    assert link.get_text() == "ユーザー管理"
    await family_user.open("/accounts/arteri-an-001/forwarding")
    assert "ユーザー管理へ" in family_user.text


@pytest.mark.slow
async def test_the_history_has_what_was_done_newest_first_page_by_page(mother: Member) -> None:
    for number in range(history.PAGE + 2):
        await asking.confirm(mother, await asking.ask(mother, OneMore(most=99, about=str(number))))
        await tables.Contract.update({tables.Contract.household: 0}, force=True)
    await asking.ask(mother, OneMore())
    newest = await history.history(mother)
    older = await history.history(mother, int(newest[-1].receipt_number))
    assert [asked.subject for asked in newest + older] == [str(n) for n in reversed(range(history.PAGE + 2))]
    assert (len(newest), len(older)) == (history.PAGE, 2)
