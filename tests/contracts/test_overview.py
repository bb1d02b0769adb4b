"""ご契約情報一覧 (manual 4, 10c, 14) and the 利用者画面."""

from __future__ import annotations

import pytest
from bs4 import Tag

from app.domain import clock, tables
from app.postgres import database
from tests.browser import Browser
from tests.mail.steps import confirmed
from tests.roles import as_portal

DAYS = {"starts_on": "2027-01-01", "ends_on": "2027-01-31"}


async def account_row(login: str) -> tuple[int, int]:
    """Keys of an account ID and its contract."""
    row = (
        await tables.Account.select(tables.Account.id, tables.Account.contract)
        .where(tables.Account.login == login)
        .first()
    )
    assert row is not None
    return row["id"], row["contract"]


async def test_the_contractor_sees_the_contract_as_the_manual_shows_it(contractor: Browser) -> None:
    await contractor.open("/")
    assert contractor.rows["ご契約タイプ"] == "マンションLANタイプ"
    assert contractor.rows["お客様番号"] == "90000000000000"
    assert contractor.rows["お客様番号パスワード"] == "*****"
    assert contractor.rows["メールサービス"] == "メール&Webスペース:未購入"
    assert contractor.rows["UCOM光 リモートサポート"] == "未購入"
    assert contractor.rows["アカウントID"] == "2個 / 5個 (基本 5個)"
    assert contractor.rows["メールアカウント"] == "0個 / 0個 (基本 0個 + 0個)"
    assert contractor.rows["Webスペース"] == "0個 / 0個 (基本 0個 + 0個)"


async def test_a_mail_pack_has_one_address_without_a_purchase(visitor: Browser) -> None:
    await visitor.log_in("customer", "90000000000001", "demo01")
    await visitor.open("/")
    assert visitor.rows["メールサービス"] == "メールパック:未購入"
    assert visitor.rows["メールアカウント"] == "0個 / 1個 (基本 1個 + 0個)"


@pytest.mark.parametrize(
    ("customer", "product", "shown"),
    [
        ("90000000000000", "mail-web", ("メール&Webスペース:購入済", "0個 / 5個 (基本 0個 + 5個)")),
        ("90000000000001", "mail-pack", ("メールパック:購入済", "0個 / 5個 (基本 1個 + 4個)")),
    ],
)
async def test_a_purchase_adds_to_the_number_available(
    visitor: Browser, customer: str, product: str, shown: tuple[str, str]
) -> None:
    contract = (
        await tables.Contract.select(tables.Contract.id)
        .where(tables.Contract.customer_number == customer)
        .first()
    )
    assert contract is not None
    now = clock.now()
    await tables.ServicePeriod(contract=contract["id"], account=None, product=product, started_at=now).save()
    await visitor.log_in("customer", customer, "demo01")
    await visitor.open("/")
    assert (visitor.rows["メールサービス"], visitor.rows["メールアカウント"]) == shown
    await tables.ServicePeriod.update({tables.ServicePeriod.ended_at: now}, force=True)
    await visitor.open("/")
    assert visitor.rows["メールサービス"].endswith("未購入")


async def test_counts_are_of_what_is_registered_now(contractor: Browser) -> None:
    account, contract = await account_row("arteri-an-001")
    now = clock.now()
    for address, released in (("a.b@s2.spaaqs.ne.jp", None), ("old@s2.spaaqs.ne.jp", now)):
        await tables.MailAddress(
            contract=contract, account=account, address=address, registered_at=now, released_at=released
        ).save()
    await tables.WebSpace(contract=contract, account=account, name="hikari", registered_at=now).save()
    await contractor.open("/?open=arteri-an-001")
    assert contractor.rows["メールアカウント"].startswith("1個 / ")
    assert contractor.rows["Webスペース"].startswith("1個 / ")
    assert contractor.rows["メールアドレス"].startswith("a.b@s2.spaaqs.ne.jp ")
    assert contractor.rows["Webスペースサービス"].startswith("hikari ")


async def test_the_accordion_has_a_row_for_each_account_id_with_a_link_that_opens_it(
    contractor: Browser,
) -> None:
    await contractor.open("/")
    rows = contractor.page.select("details.accordion")
    assert [row.select_one("summary .title").get_text() for row in rows] == ["arteri-an-001", "arteri-an-002"]  # type: ignore[union-attr]
    assert "アカウントID基本情報" not in contractor.text
    link = rows[1].select_one("a")
    assert link is not None
    await contractor.open(str(link["href"]))
    assert contractor.rows["ユーザーネーム"] == "有光吉"
    assert contractor.rows["アカウント権限種別"] == "管理者権限"
    assert contractor.page.select("details[open]#account-arteri-an-002")


async def test_htmx_gets_the_opened_row_alone(contractor: Browser) -> None:
    piece = await contractor.htmx("/accounts/arteri-an-002")
    assert not piece.select("html, main, h1, title")
    assert "アカウントID基本情報" in piece.get_text()
    assert len(contractor.answer.content) <= 4096


@pytest.mark.slow
async def test_the_row_of_whoever_has_everything_is_small_too(taro: Browser) -> None:
    for page, typed in (
        ("forwarding", {"address_1": "a.rather.long.address.of.taro@mail.example.com", "consent": "yes"}),
        ("mailbox", {"agree": "yes"}),
        ("web-space", {"space": "hikari.no.ie-15"}),
        ("auto-reply", {"enabled": "on", "subject": "休み", "body": "です", "consent": "yes", **DAYS}),
    ):
        await confirmed(taro, f"/accounts/arteri-an-001/{page}", **typed)
    for product in ("security-360", "security-online", "kids-filter"):
        path = f"/accounts/arteri-an-001/security?product={product}"
        await confirmed(taro, "/accounts/arteri-an-001/security", path, agree="yes")
    await taro.htmx("/accounts/arteri-an-001")
    assert len(taro.answer.content) <= 4096


@pytest.mark.slow
async def test_what_is_printed_of_an_account_id_is_what_its_row_says(taro: Browser) -> None:
    await confirmed(
        taro,
        "/accounts/arteri-an-001/forwarding",
        address_1="a@example.com",
        address_2="b@example.com",
        consent="yes",
    )
    await confirmed(taro, "/accounts/arteri-an-001/web-space", space="hikari")
    await confirmed(
        taro,
        "/accounts/arteri-an-001/auto-reply",
        enabled="on",
        subject="休み",
        body="です",
        consent="yes",
        **DAYS,
    )
    path = "/accounts/arteri-an-001/security?product=security-360"
    await confirmed(taro, "/accounts/arteri-an-001/security", path, agree="yes")
    await taro.open("/")
    printed = {}
    for heading in taro.page.select(".on-paper h3"):
        lists = heading.find_next_siblings("dl", limit=3)
        printed[heading.get_text()] = [words(row) for rows in lists for row in rows.select("div")]
    assert list(printed) == ["arteri-an-001", "arteri-an-002"]
    for login, facts in printed.items():
        piece = await taro.htmx(f"/accounts/{login}")
        for link in piece.select("a, svg"):
            link.decompose()
        assert [words(row) for row in piece.select("dl.rows > div")] == facts


def words(row: Tag) -> tuple[str, str]:
    label, text = row.select("dt, dd")[:2]
    return label.get_text(), " ".join(text.get_text(" ").split()).replace("@ ", "@")


async def test_security_options_show_their_state(contractor: Browser) -> None:
    account, contract = await account_row("arteri-an-002")
    await tables.ServicePeriod(
        contract=contract, account=account, product="security-360", started_at=clock.now()
    ).save()
    await contractor.open("/?open=arteri-an-002")
    assert contractor.rows["セキュリティ360°"].startswith("購入済")
    assert contractor.rows["セキュリティオンライン"].startswith("未購入")
    assert contractor.rows["安心 Kidsフィルター"].startswith("未購入")


async def test_a_user_role_member_has_the_own_account_id_and_the_contract_to_read(
    family_user: Browser,
) -> None:
    await family_user.open("/")
    assert family_user.heading == "ユーザー管理"
    assert family_user.rows["アカウントID"] == "2個 / 5個 (基本 5個)"
    assert "arteri-an-002" not in family_user.answer.text
    links = {str(link["href"]).partition("#")[0] for link in family_user.page.select("main a")}
    own = ("edit", "password", "mail-address", "security", "security/status")
    assert links == {f"/accounts/arteri-an-001/{page}" for page in own}


async def test_a_contract_without_account_ids_says_so_and_leads_on(visitor: Browser) -> None:
    await visitor.log_in("customer", "90000000000002", "demo01")
    await visitor.open("/")
    assert "アカウントIDは、まだ登録されていません。" in visitor.text
    assert visitor.page.select_one("main a[href='/accounts/new']")


@pytest.mark.slow
@pytest.mark.own_database  # others would be counted too
@pytest.mark.parametrize(
    "path", ["/", "/?open=arteri-an-001", "/accounts", "/accounts/arteri-an-001", "/accounts/new"]
)
async def test_a_page_of_the_contract_is_one_round_trip(contractor: Browser, path: str) -> None:
    await contractor.get(path)
    before = await queries()
    counting = await queries() - before
    before += counting
    assert (await contractor.get(path)).status_code == 200
    assert await queries() - before == counting + 1


async def queries() -> int:
    """Statements that this database has answered, by its transaction counter (each is a transaction of its own)."""
    with as_portal():  # as the page: a change of roles between the two would be counted
        await database.rows("SELECT pg_stat_force_next_flush()")
        found = await database.rows(
            "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"
        )
    return int(found[0]["xact_commit"])
