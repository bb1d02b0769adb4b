"""アカウントIDの削除 (manual 9): what ends with an account ID, at once and for ever, and what is said of it before."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from app.domain import catalogue, clock, tables
from app.domain.access.matrix import Forbidden
from app.domain.access.members import Member
from app.domain.changes import history
from app.domain.changes.words import Gone, Review
from app.domain.people.account_deletion import DELETION_NOTICES, OWN, DeleteAccount
from app.domain.people.accounts import EditAccount
from app.postgres import database
from tests import households
from tests.browser import Browser
from tests.households import Household
from tests.mail.steps import confirmed
from tests.people.steps import DETAILS, done, kept, now_seen_by, shown
from tests.products import Shipped

ENDED = {tables.ServicePeriod: "ended_at", tables.MailAddress: "released_at", tables.WebSpace: "released_at"}
"""What hangs on an account ID, and the column that ends it."""


async def hang_things_on(family: Household) -> None:
    """Options, a mail address and a web space on both account IDs, one option of the contract, one ended long ago."""
    ago = clock.now() - timedelta(days=30)
    support = Shipped.REMOTE_SUPPORT
    await tables.ServicePeriod(contract=family.contract, product=support, started_at=ago).save()
    for account in (family.mother, family.son):
        of: dict[str, Any] = {"contract": family.contract, "account": account}
        await tables.ServicePeriod(**of, product=Shipped.SECURITY_360, started_at=ago, ended_at=ago).save()
        await tables.ServicePeriod(**of, product=Shipped.SECURITY_360, started_at=ago).save()
        await tables.ServicePeriod(**of, product=Shipped.KIDS_FILTER, started_at=ago).save()
        await tables.MailAddress(**of, address=f"a{account}@ucom.ne.jp", registered_at=ago).save()
        await tables.WebSpace(**of, name=f"a{account}", registered_at=ago).save()


async def test_deleting_ends_everything_of_that_account_id_at_once_and_nothing_else(
    family: Household, customer: Member
) -> None:
    await hang_things_on(family)
    before = clock.now()
    await done(customer, DeleteAccount(family.sons_login))
    deleted_at = (await kept(family.sons_login))["deleted_at"]
    assert before <= deleted_at <= clock.now()
    for table, ended in ENDED.items():
        rows = await table.select()
        sons = [row[ended] for row in rows if row["account"] == family.son]
        assert set(sons) - {None} == set(sons)
        number = 2 if table is tables.ServicePeriod else 1
        assert [at for at in sons if at >= before] == [deleted_at] * number
        others = [row[ended] for row in rows if row["account"] != family.son]
        assert [at for at in others if at and at >= before] == []
    contract = (await now_seen_by(customer)).contract
    assert (contract.account_ids, contract.mail_addresses, contract.web_spaces) == (1, 1, 1)
    assert contract.products == [Shipped.REMOTE_SUPPORT]


async def test_the_confirm_page_says_what_is_lost_and_the_receipt_what_was(
    family: Household, customer: Member
) -> None:
    await hang_things_on(family)
    change = DeleteAccount(family.sons_login)
    review = change.review(await now_seen_by(customer), clock.now())
    receipt = await done(customer, change)
    assert [*review.rows, *review.costs] == receipt.rows
    assert {row.label: row.value for row in review.rows} == {
        "アカウント": "family-son",
        "氏名": "有光 family-son",
        "メールアドレス": f"a{family.son}@ucom.ne.jp",
        "アカウント権限種別": "ユーザー権限",
        "失われるメール": "保存されているメールすべて（使用量は不明）",
        "二度と登録できないメールアドレス": f"a{family.son}@ucom.ne.jp",
        "なくなるホームページ": f"https://home.s2.spaaqs.ne.jp/a{family.son}/"
        "\nファイルはすべて失われます。同じ名前は二度と登録できません。",
        "同時に解約されるオプションサービス": "セキュリティ360°、安心 Kidsフィルター",
    }
    said = "".join(review.notices)
    assert review.danger
    for fact in (
        "ログアウトするまで",
        "二度と登録できません",
        "取り消しはできません",
        "すぐに",
        "解約",
        "全額",
        "回数分",
    ):
        assert fact in said


async def test_a_deleted_account_id_cannot_be_changed_or_deleted_again(
    family: Household, customer: Member
) -> None:
    await done(customer, DeleteAccount(family.sons_login))
    first = await kept(family.sons_login)
    for change in (DeleteAccount(family.sons_login), EditAccount(family.sons_login, DETAILS, "")):
        with pytest.raises(Gone):
            await done(customer, change)
    assert await kept(family.sons_login) == first


async def test_who_deletes_the_own_account_id_may_read_the_receipt_and_no_more_write(
    family: Household,
) -> None:
    mother = await households.log_in(family.contract, family.mother)
    assert (await done(mother, DeleteAccount(family.mothers_login))).title == "アカウントID削除完了"
    found = await now_seen_by(mother)
    assert found.deleted
    assert [asked.kind for asked in await history.history(found)] == ["account-deletion"]
    with pytest.raises(Forbidden) as forbidden:
        await done(found, DeleteAccount(family.sons_login))
    assert forbidden.value.deleted


# --- what ends with it ------------------------------------------------------------------------------------------------


def reviewed(member: Member, login: str) -> Review:
    return DeleteAccount(login).review(member, clock.now())


async def test_what_has_nothing_is_deleted_for_nothing(family: Household, customer: Member) -> None:
    review = reviewed(customer, family.sons_login)
    assert [(row.label, row.value) for row in review.costs] == [("アカウントIDの削除", "料金はかかりません")]
    assert {row.label: row.value for row in review.rows} == {
        "アカウント": "family-son",
        "氏名": "有光 family-son",
        "メールアドレス": "未登録",
        "アカウント権限種別": "ユーザー権限",
        "同時に解約されるオプションサービス": "なし",
    }
    assert (await done(customer, DeleteAccount(family.sons_login))).notices == DELETION_NOTICES


async def test_the_mail_service_that_nobody_needs_any_more_ends_with_it_and_is_told_before(
    family: Household,
) -> None:
    await tables.Contract.update({tables.Contract.mail_product: "mail_web"}, force=True)
    ago = clock.now() - timedelta(days=30)
    await tables.ServicePeriod(contract=family.contract, product=Shipped.MAIL_WEB, started_at=ago).save()
    for account in (family.mother, family.son):
        of: dict[str, Any] = {"contract": family.contract, "account": account}
        await tables.MailAddress(**of, address=f"a{account}@ucom.ne.jp", registered_at=ago).save()
    customer, named = await households.log_in(family.contract), "同時に解約されるオプションサービス"
    notice = f"不要になるメールサービス（{catalogue.name(Shipped.MAIL_WEB)}）は自動的に解約されます"
    for login, last in ((family.sons_login, False), (family.mothers_login, True)):
        review = reviewed(await now_seen_by(customer), login)
        assert (notice in review.notices[0]) == last
        receipt = await done(customer, DeleteAccount(login))
        assert shown(receipt)[named] == (catalogue.name(Shipped.MAIL_WEB) if last else "なし")
        assert (catalogue.name(Shipped.MAIL_WEB) in receipt.notices[0]) == last
        assert [cost.label for cost in review.costs] == [
            catalogue.name(Shipped.MAIL_WEB) if last else "アカウントIDの削除"
        ]
        (period,) = await tables.ServicePeriod.select()
        assert period["ended_at"] == ((await kept(login))["deleted_at"] if last else None)


async def test_an_option_that_was_cancelled_in_this_month_is_lost_at_once_and_named_once(
    family: Household, customer: Member
) -> None:
    clock.start_at(datetime(2026, 1, 20, tzinfo=clock.TOKYO))
    of: dict[str, Any] = {"contract": family.contract, "account": family.son}
    for product, day in (
        (Shipped.KIDS_FILTER, 2),
        (Shipped.KIDS_FILTER, 4),
        (Shipped.MAILBOX_10GB, 4),  # it was usable to its end only
        (Shipped.SECURITY_360, -2),  # in December
    ):
        began = datetime(2026, 1, 1, tzinfo=clock.TOKYO) + timedelta(days=day)
        ended_at = began + timedelta(days=1)
        await tables.ServicePeriod(**of, product=product, started_at=began, ended_at=ended_at).save()
    customer = await households.log_in(family.contract)
    label = "すぐに利用できなくなる解約済みのオプション"
    assert [row.value for row in reviewed(customer, family.sons_login).rows if row.label == label] == [
        catalogue.name(Shipped.KIDS_FILTER)
    ]


async def test_its_owner_is_told_at_an_address_that_goes_on_beside_the_contact_address(
    family: Household, customer: Member
) -> None:
    await hang_things_on(family)
    await tables.Contract.update({tables.Contract.email: "an@example.jp"}, force=True)
    await tables.Account.update({tables.Account.other_address: "son@example.com"}).where(
        tables.Account.id == family.son
    )
    await done(customer, DeleteAccount(family.sons_login))
    told = await tables.Outbox.select(tables.Outbox.recipient, tables.Outbox.body).order_by(tables.Outbox.id)
    assert [mail["recipient"] for mail in told] == ["an@example.jp", "son@example.com"]
    for mail in told:
        for fact in ("family-son", f"a{family.son}@ucom.ne.jp", "セキュリティ360°、安心 Kidsフィルター"):
            assert fact in mail["body"]


# --- what is said before it -------------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_input_and_confirm_page_say_the_same_before_it_is_done(taro: Browser) -> None:
    await confirmed(taro, "/accounts/arteri-an-001/web-space", space="taro.home")
    await database.rows(
        "INSERT INTO mail_state_v1.quota_usage (mailbox, bytes, messages) SELECT id, 3 * 1024 ^ 3, 7 FROM mailbox"
    )
    await taro.open("/accounts/arteri-an-001/delete")
    before, notices = taro.rows, [item.get_text() for item in taro.page.select("main .notice li")]
    assert before["失われるメール"] == "保存されているメールすべて（使用量 約3.0GB）"
    assert before["なくなるホームページ"].startswith("https://home.s2.spaaqs.ne.jp/taro.home/")
    assert "最後に利用できる日" in before["メール&Webスペース"]
    await taro.submit()
    assert taro.heading == "アカウントID情報削除確認"
    assert taro.rows == before
    assert [item.get_text() for item in taro.page.select("main .notice li")] == notices
    await taro.submit()
    assert before.items() <= taro.rows.items()


async def test_whoever_deletes_the_own_account_id_is_warned_of_it_and_nobody_else_is(
    contractor: Browser, admin: Browser
) -> None:
    for browser, login, own in (
        (contractor, "arteri-an-002", False),
        (admin, "arteri-an-001", False),
        (admin, "arteri-an-002", True),
    ):
        await browser.open(f"/accounts/{login}/delete")
        assert (OWN in browser.text) == own
        await browser.submit()
        assert (OWN in browser.text) == own
    for fact in ("削除済み", "30分", "ログインできません"):
        assert fact in OWN


@pytest.mark.slow
async def test_a_part_can_be_ended_instead_and_both_pages_lead_there(
    taro: Browser, family_user: Browser
) -> None:
    path = "/accounts/arteri-an-001"
    await taro.open(f"{path}/delete")
    links = [str(link["href"]) for link in taro.page.select("[aria-labelledby=instead] a")]
    assert links == [f"{path}/mail-address"]
    await confirmed(family_user, f"{path}/security", f"{path}/security?product=kids-filter", agree="yes")
    await taro.open(f"{path}/delete")
    for _ in range(2):
        links = [str(link["href"]) for link in taro.page.select("[aria-labelledby=instead] a")]
        assert links == [f"{path}/security#kids-filter", f"{path}/mail-address"]
        await taro.submit()
    await taro.open("/accounts/arteri-an-002/delete")
    assert not taro.page.select("#instead")
