"""What a closed month says stays, byte for byte, whatever changes around it; a correction is told in both months."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, datetime

import asyncpg
import msgspec
import pytest

from app.domain import catalogue, clock, housekeeping, installation, tables
from app.domain.installation import Issuer
from app.domain.money import issuing
from app.domain.money.bill_rows import MONTHS
from app.domain.money.bills import TaxSum
from app.domain.months import Month
from app.postgres import database
from tests.browser import Browser
from tests.conftest import SETTINGS, Installed
from tests.mail.steps import mails
from tests.money.steps import bill, bought, close, entries, loaded, tokyo
from tests.money.test_statements import read_pdf
from tests.products import Shipped, use

pytestmark = pytest.mark.slow  # a walk through every form, change or step: `make test` takes it

OTHER_ISSUER = Issuer("別の会社", "大阪市", "06-0000-0000", "平日", "T1000000000001", "毎月1日", "")
LEDGER = {"bill_close", "charge", "bill_issuer", "bill_tax", "bill_name"}
"""What a closed bill is: these tables refuse to be edited."""
READING = {"session", "migration"}
"""Whoever reads the bills has to stay logged in."""


@pytest.fixture
async def reader(visitor: Browser) -> Browser:
    """有光 杏 in front of her statements, on 2026-03-05."""
    clock.start_at(tokyo("2026-03-05T09:00"))
    await visitor.log_in("customer", "90000000000000", "demo01")
    await visitor.open("/statements")
    await visitor.prove("demo01", "90000000000000")
    return visitor


async def documents(browser: Browser, *months: str, pdf: bool = True, csv: bool = True) -> list[bytes]:
    """The bills of the months as page, CSV and PDF."""
    found = []
    for month in months:
        await browser.open(f"/statements/{month}")
        found.append(bill(browser).encode())
        for form in [name for name, wanted in (("csv", csv), ("pdf", pdf)) if wanted]:
            answer = await browser.get(f"/statements/{month}.{form}")
            assert answer.status_code == 200, answer.text
            found.append(answer.content)
    return found


# --- nothing changes it -----------------------------------------------------------------------------------------------

COLUMNS = """
SELECT c.table_name, c.column_name, c.data_type FROM information_schema.columns c
WHERE c.table_schema = 'public' AND NOT EXISTS (
    SELECT FROM information_schema.key_column_usage k JOIN information_schema.table_constraints t USING (constraint_name)
    WHERE k.table_name = c.table_name AND k.column_name = c.column_name AND t.constraint_type <> 'UNIQUE')
"""
CHECKS = """
SELECT conrelid::regclass::text AS name, conname, pg_get_constraintdef(oid) AS says FROM pg_constraint
WHERE contype IN ('c', 'x') AND connamespace = 'public'::regnamespace
"""
OTHER = {
    "text": "coalesce({0}, '') || 'x'",
    "timestamp with time zone": "coalesce({0}, now()) - interval '400 days'",
    "date": "coalesce({0}, now()::date) + 400",
    "integer": "coalesce({0}, 0) + 1",
    "smallint": "coalesce({0}, 0) + 1",
    "bigint": "coalesce({0}, 0) + 1",
    "boolean": "NOT {0}",
    "bytea": r"{0} || '\x00'",
    "ARRAY": "{0} || {0}",
}
"""Another value of each type."""
ONE_OF = re.compile(r"CHECK \(\((\w+) = ANY \(ARRAY\[(.*)\]\)\)\)")
"""A check that a column holds one of some words: with another one the program could not read the row."""


def next_word(column: str, words: list[str]) -> str:
    """The value that stands after the column's among the words."""
    cases = " ".join(f"WHEN '{word}' THEN '{words[nth - 1]}'" for nth, word in enumerate(words))
    return f'CASE "{column}" {cases} ELSE "{column}" END'


MOMENTS = [column._meta.name for column in tables.Session._meta.columns if column.value_type is datetime]


CATALOGUE = {
    "catalogue",
    "catalogue_item",
    "catalogue_price",
    "catalogue_tax",
    "catalogue_terms",
    "telephone_service",
}
"""Another one is put in the place of this in memory: the tables hold together by more than their columns."""


async def change_everything_else() -> set[str]:
    """Change every column of every other table that is no key; their names."""
    other_word = {
        "card.expires": "'2001-01'",
        "contract.mail_product": "CASE mail_product WHEN 'mail_web' THEN 'mail_pack' ELSE 'mail_web' END",
        "service_period.product": "CASE product WHEN 'security-360' THEN 'kids-filter' ELSE 'mail-pack' END",
    }
    for row in await database.rows(CHECKS):
        one_of = ONE_OF.fullmatch(row["says"])
        if one_of and (words := re.findall(r"'([^']*)'", one_of[2])):
            other_word[f"{row['name']}.{one_of[1]}"] = next_word(one_of[1], words)
        await database.rows(f'ALTER TABLE {row["name"]} DROP CONSTRAINT "{row["conname"]}"')
    changed = set()
    for row in await database.rows(COLUMNS):
        table, column, kind = row
        if table in LEDGER | READING | CATALOGUE or kind in ("jsonb", "uuid"):
            continue
        value = other_word.get(f"{table}.{column}", OTHER[kind].format(f'"{column}"'))
        async with database.engine().transaction():
            await database.rows("SET LOCAL session_replication_role = replica")
            await database.rows(f'UPDATE {table} SET "{column}" = {value}')
        changed.add(f"{table}.{column}")
    return changed


@pytest.mark.slow
@pytest.mark.own_database
async def test_a_closed_bill_is_the_same_byte_for_byte_after_everything_around_it_was_changed(
    reader: Browser, installed: Installed, monkeypatch: pytest.MonkeyPatch
) -> None:
    await database.rows("UPDATE contract SET family = '𠮷田', given = '髙子'")
    await bought("2025-12-10", "2026-01-20")
    await bought("2025-12-10", "2026-02-20", Shipped.REMOTE_SUPPORT, None)
    await bought("2026-02-21", None, Shipped.REMOTE_SUPPORT, None)
    await loaded("line-1", "2026-01", "回線料", 4_400, 10, (date(2026, 1, 1), date(2026, 1, 31)))
    await close("2025-12", "2026-01")
    await bought("2026-01-10", "2026-01-12", Shipped.KIDS_FILTER)
    await loaded("line-1", "2026-01", "回線料", 4_000, 8)
    await close("2026-02")
    before = await documents(reader, "2026-01", "2026-02")
    assert "𠮷田 髙子 様" in before[0].decode()
    assert "2026/03/05発行の2026年1月分を、次のとおり修正します" in before[3].decode()
    changed = await change_everything_else()
    assert {
        "contract.family",
        "contract.customer_number",
        "account.login",
        "service_period.ended_at",
    } < changed
    assert {"card.last4", "contract.opened_on", "other_charge.label", "account.deleted_at"} < changed
    installed(issuer=OTHER_ISSUER)
    renamed = [msgspec.structs.replace(entry, name="別の名前") for entry in catalogue.current().products]
    use(monkeypatch, products=tuple(renamed))
    monkeypatch.setattr(TaxSum, "of", classmethod(lambda cls, percent, yen: cls(percent, yen, 1)))
    clock.start_at(tokyo("2027-03-05T09:01"))
    await database.rows(
        "UPDATE session SET " + ", ".join(f"{name} = {name} + interval '1 year'" for name in MOMENTS)
    )
    assert await documents(reader, "2026-01", "2026-02") == before


async def pass_by(months: int) -> None:
    """So many months later, with the same login: what is read then is what is looked at."""
    later = Month.of(clock.now()).back(-months)
    clock.start_at(tokyo(f"{later.iso}-28T23:00"))
    moments = ", ".join(f"{name} = $1" for name in MOMENTS)
    await database.rows(f"UPDATE session SET {moments}", clock.now())


@pytest.mark.slow
async def test_a_closed_bill_says_the_same_to_the_last_month_that_it_is_shown(reader: Browser) -> None:
    await loaded("old", "2018-01", "古い料金", 1_000)
    await loaded("line-1", "2025-02", "回線料", 4_400)
    await close(*(month.iso for month in Month(2018, 1).upto(Month(2026, 1))))
    await loaded("old", "2026-02", "古い料金", 1_000)
    await loaded("line-1", "2025-02", "回線料", 4_000)
    await close("2026-02")
    before = await documents(reader, "2026-02")
    assert [(line[2], line[4]) for line in entries(reader)] == [
        ("2026年2月", "1,000円"),
        ("2018年1月", "-1,000円"),
        ("2025年2月", "-400円"),
    ]
    assert "2026/03/05発行の2018年1月分を、次のとおり修正します" in before[0].decode()
    await pass_by(MONTHS - 2)
    assert await documents(reader, "2026-02") == before
    await pass_by(1)
    assert (await reader.get("/statements/2026-02")).status_code == 404


async def test_a_closed_month_without_a_bill_names_nobody_so_that_nothing_in_it_can_change(
    reader: Browser, installed: Installed
) -> None:
    await bought("2026-01-10")
    await close("2026-01")
    before = await documents(reader, "2026-01", pdf=False)
    await database.rows("UPDATE contract SET family = '𠮷田'")
    installed(issuer=OTHER_ISSUER)
    assert await documents(reader, "2026-01", pdf=False) == before
    assert "この月に請求するオプションサービスの料金はありません。" in before[0].decode()
    assert "有光" not in before[1].decode()
    assert SETTINGS.contact.operator not in before[1].decode()


@pytest.mark.parametrize(
    "edit",
    [
        *(f"UPDATE {table} SET month = month" for table in ("bill_issuer", "bill_tax", "bill_name")),
        *(f"TRUNCATE {table} CASCADE" for table in ("bill_issuer", "bill_tax", "bill_name", "other_charge")),
        *(f"DELETE FROM {table}" for table in ("bill_issuer", "bill_tax", "other_charge")),
        "DELETE FROM other_charge WHERE billed IS NULL",
        "UPDATE other_charge SET billed = NULL",
        "UPDATE other_charge SET yen = 1",
        "UPDATE other_charge SET yen = 1, billed = '2026-02-01' WHERE billed IS NULL",
        "INSERT INTO bill_tax (contract, month, tax_rate, yen, tax) SELECT contract, month, 8, 1, 0 FROM bill_tax",
        "INSERT INTO bill_name (contract, month, customer_number, recipient)"
        " SELECT id, '2026-02-01', customer_number, 'x' FROM contract c WHERE NOT EXISTS"
        " (SELECT FROM bill_name n WHERE n.contract = c.id)",
    ],
)
async def test_the_database_itself_refuses_to_edit_what_stands_beside_the_ledger(
    reader: Browser, edit: str
) -> None:
    await loaded("line-1", "2026-02", "回線料", 4_400)
    await loaded("line-2", "2026-03", "回線料", 4_400)
    await close("2026-02")
    with pytest.raises(asyncpg.RestrictViolationError):
        await database.rows(edit)


async def test_an_erased_person_leaves_the_sums_and_no_name(reader: Browser) -> None:
    await bought("2025-12-10")
    await close("2025-12", "2026-01")
    await database.rows("DELETE FROM bill_name")
    await reader.open("/statements/2026-01")
    assert reader.rows["合計（税込）"] == "550円"
    assert reader.rows["宛名"] == reader.rows["お客様番号"] == "（消去されました）"
    assert "有光" not in bill(reader)
    answer = await reader.get("/statements/2026-01.csv")
    assert "有光" not in answer.text
    with pytest.raises(asyncpg.RestrictViolationError):
        await database.rows(
            "INSERT INTO bill_name (contract, month, customer_number, recipient)"
            " SELECT contract, month, '1', '有光 杏' FROM bill_tax"
        )


async def closed_before_the_issuer_was_written_down() -> None:
    """Two months, as an older version left them."""
    await bought("2025-12-10")
    await close("2025-12", "2026-01")
    await database.rows("ALTER TABLE bill_issuer DISABLE TRIGGER USER")
    await database.rows("DELETE FROM bill_issuer")
    await database.rows("ALTER TABLE bill_issuer ENABLE TRIGGER USER")


async def test_months_that_were_closed_before_the_issuer_was_written_down_get_one_with_the_next_close(
    reader: Browser, installed: Installed
) -> None:
    await closed_before_the_issuer_was_written_down()
    await reader.open("/statements/2026-01")
    assert reader.rows["発行者"] == SETTINGS.contact.operator
    await close("2026-02")
    installed(issuer=OTHER_ISSUER)
    await reader.open("/statements/2026-01")
    assert reader.rows["発行者"] == SETTINGS.contact.operator


async def test_a_server_writes_down_who_issued_what_was_closed_before_that_was_written_down(
    reader: Browser, installed: Installed
) -> None:
    await closed_before_the_issuer_was_written_down()
    await database.rows("INSERT INTO bill_close (month, reached) VALUES ('2026-02-01', 0)")
    assert await issuing.nobody_named() == [Month(2025, 12), Month(2026, 1)]
    before = await documents(reader, "2026-01", pdf=False)
    assert await housekeeping.tidy()
    assert await issuing.nobody_named() == []
    installed(issuer=OTHER_ISSUER)
    assert await housekeeping.tidy()
    assert await documents(reader, "2026-01", pdf=False) == before
    assert SETTINGS.contact.operator in before[0].decode()
    await close("2026-02")
    await reader.open("/statements/2026-02")
    assert reader.rows["発行者"] == OTHER_ISSUER.name


# --- corrections ------------------------------------------------------------------------------------------------------


async def test_a_correction_names_its_bill_in_both_months_and_is_mailed_once(reader: Browser) -> None:
    await bought("2025-12-10")
    await close("2025-12", "2026-01")
    (before,) = await documents(reader, "2026-01", pdf=False, csv=False)
    clock.start_at(tokyo("2026-03-05T09:05"))
    await bought("2026-01-10", "2026-01-20", Shipped.KIDS_FILTER)
    await reader.open("/statements/2026-01")
    assert "2026年2月分（見込み） で修正する予定です。" in reader.text
    assert await mails() == []
    await close("2026-02")
    await reader.open("/statements/2026-02")
    sentence = "2026/03/05発行の2026年1月分を、次のとおり修正します。"
    assert sentence in bill(reader)
    assert [line[0] for line in entries(reader)] == [
        "セキュリティ360°",
        "安心 Kidsフィルター（2026年1月分の訂正）",
    ]
    assert reader.page.select_one("main a[href='/statements/2026-01']")
    assert (
        "2026/03/05発行分の修正,安心 Kidsフィルター（2026年1月分の訂正）"
        in (await reader.get("/statements/2026-02.csv")).text
    )
    await reader.open("/statements/2026-01")
    assert bill(reader).encode() == before
    assert "2026/03/05発行の 2026年2月分 で修正しています。" in reader.text
    assert reader.page.select_one("main a[href='/statements/2026-02']")
    await reader.open("/statements")
    assert "確定 2026年2月分で修正" in reader.text
    (mail,) = await mails()
    assert mail["subject"] == "【マイページ】ご請求の修正のお知らせ"
    for part in (sentence, "・安心 Kidsフィルター：330円", "2026年2月分のご請求の合計：880円（税込）"):
        assert part in mail["body"]
    assert "お手続き" not in mail["body"]  # nobody did anything that they could have no part in
    await close("2026-02")
    assert len(await mails()) == 1


@pytest.mark.slow
async def test_what_comes_late_for_a_month_without_a_bill_corrects_none(reader: Browser) -> None:
    await loaded("theirs", "2026-02", "回線料", 4_400, number="90000000000001")
    await close("2026-02")
    await loaded("theirs", "2026-02", "回線料", 4_300, number="90000000000001")
    await loaded("mine", "2026-02", "通話料", 1_234)
    sentence = "2026年2月分の請求書は発行していないため、次のとおり、この月の請求に含めます。"
    await reader.open("/statements/2026-03")
    assert sentence in bill(reader)
    await reader.open("/statements/2026-02")
    assert "2026年3月分（見込み） で請求する予定です。" in reader.text
    clock.start_at(tokyo("2026-04-02T09:00"))
    await close("2026-03")
    await pass_by(0)
    page, csv, _ = [document.decode(errors="replace") for document in await documents(reader, "2026-03")]
    _, said = await read_pdf(reader, "2026-03")
    assert sentence in page
    assert sentence in said
    assert [line[0] for line in entries(reader)] == ["通話料（2026年2月分）"]
    assert "以前の月の分,通話料（2026年2月分）" in csv
    for document in (page, csv, said, reader.text):
        assert "修正" not in document
        assert "訂正" not in document
    assert not reader.page.select_one("main a[href='/statements/2026-02']")
    await reader.open("/statements/2026-02")
    assert "2026/04/02発行の 2026年3月分 で請求しています。" in reader.text
    assert "修正" not in reader.text
    await reader.open("/statements")
    assert "請求なし 2026年3月分で請求" in reader.text
    (mail,) = await mails()
    assert "2026/03/05発行の2026年2月分を、次のとおり修正します。" in mail["body"]
    assert "回線料：-100円" in mail["body"]


async def test_a_mail_of_a_correction_tells_beside_it_what_was_never_billed(reader: Browser) -> None:
    await loaded("theirs", "2025-11", "回線料", 4_400, number="90000000000001")
    await loaded("line-1", "2025-12", "回線料", 4_400)
    await close("2025-11", "2025-12")
    await loaded("line-1", "2025-12", "回線料", 4_300)
    await loaded("late", "2025-11", "通話料", 10)
    await close("2026-01")
    (mail,) = await mails()
    body = mail["body"]
    assert "2025年11月分の請求書は発行していないため、次のとおり、この月の請求に含めます。" in body
    assert "2026/03/05発行の2025年12月分を、次のとおり修正します。" in body


async def test_a_close_that_fails_mails_nothing(reader: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    await bought("2025-12-10")
    await close("2025-12", "2026-01")
    await bought("2026-01-10", "2026-01-20", Shipped.KIDS_FILTER)

    async def fails(*_: object) -> None:
        raise RuntimeError("cut off")

    monkeypatch.setattr(issuing, "settle_others", fails)
    with pytest.raises(RuntimeError):
        await close("2026-02")
    assert await mails() == []
    assert await database.rows("SELECT 1 FROM bill_tax WHERE month = '2026-02-01'") == []


async def test_only_who_has_a_correction_is_written_to(reader: Browser) -> None:
    await bought("2025-12-10")
    await loaded("line-1", "2026-01", "回線料", 4_400)
    await loaded("line-1", "2026-01", "回線料", 4_300)
    await close("2025-12", "2026-01", "2026-02")
    assert await mails() == []


# --- how it is paid ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("edit", "way", "day"),
    [
        (
            "SELECT 1",
            "クレジットカード VISA（下4桁 0000）から引き落とします。",
            "毎月27日（金融機関の休業日は翌営業日）",
        ),
        (
            "DELETE FROM card",
            "お支払いに利用できるカードが登録されていないため、引き落としはできません。",
            "－",
        ),
        (
            "UPDATE card SET expires = '2026-02'",
            "お支払いに利用できるカードが登録されていないため、引き落としはできません。",
            "－",
        ),
    ],
)
async def test_the_sum_says_whether_it_is_debited_and_where_the_line_is_billed(
    reader: Browser, edit: str, way: str, day: str
) -> None:
    await bought("2025-12-10")
    await database.rows(edit)
    for closing in ((), ("2025-12", "2026-01", "2026-02")):
        await close(*closing)
        await reader.open("/statements/2026-02")
        assert reader.rows["今月のご請求（オプションサービス分）"] == "550円"
        assert (reader.rows["お支払い方法"], reader.rows["お支払い日"]) == (
            way,
            day,
        )
        assert "別にお送りする請求書" in reader.rows["回線と通話の料金"]
        assert reader.rows["発行者の電話番号"] == "0120-000-0000 （9時～17時（年中無休））"
        assert reader.page.select_one("main a[href='tel:01200000000']")


async def test_with_the_operators_other_charges_on_it_the_bill_is_one_true_sum(
    reader: Browser, installed: Installed
) -> None:
    installed(issuer=replace(installation.issuer(), elsewhere="", payment_day=""))
    await bought("2025-12-10")
    await loaded("line-1", "2026-02", "回線料", 4_400, 10, (date(2026, 2, 1), date(2026, 2, 28)))
    await loaded("calls-1", "2026-02", "通話料", 1_080, 8)
    await loaded("less-1", "2026-02", "割引", -330, 10)
    for closing in ((), ("2025-12", "2026-01", "2026-02")):
        await close(*closing)
        await reader.open("/statements/2026-02")
        assert reader.rows["今月のご請求"] == reader.rows["合計（税込）"] == "5,700円"
        assert [line[0] for line in entries(reader)] == ["セキュリティ360°", "回線料", "通話料", "割引"]
        assert entries(reader)[1][3] == "2026/02/01～2026/02/28"
        assert (reader.rows["10%対象（税込）"], reader.rows["消費税（10%）"]) == ("4,620円", "420円")
        assert (reader.rows["8%対象（税込）"], reader.rows["消費税（8%）"]) == ("1,080円", "80円")
        assert reader.rows["回線と通話の料金"] == "この金額に含まれます。"
        assert reader.rows["お支払い日"] == "カード会社により異なります。"
    await reader.open("/statements/2026-03")
    assert [line[0] for line in entries(reader)] == ["セキュリティ360°"]


async def test_a_bill_that_comes_to_less_than_nothing_is_not_debited(reader: Browser) -> None:
    await loaded("less-1", "2026-02", "割引", -330, 10)
    await close("2026-02")
    await reader.open("/statements/2026-02")
    assert (reader.rows["合計（税込）"], reader.rows["消費税（10%）"]) == ("-330円", "-30円")
    assert reader.rows["お支払い方法"].startswith("お支払いはありません。")


async def test_a_charge_that_reached_no_bill_while_its_month_was_closed_is_corrected_in_the_next(
    reader: Browser,
) -> None:
    await loaded("line-1", "2026-01", "回線料", 4_400)
    await close("2026-01")
    await loaded("line-1", "2026-01", "回線料", 0)
    await loaded("line-2", "2026-01", "通話料", 100)
    await close("2026-02")
    found = await database.rows("SELECT name, yen FROM charge WHERE billed = '2026-02-01' ORDER BY id")
    assert [tuple(row) for row in found] == [("回線料", -4_400), ("通話料", 100)]
    open_ones = await database.rows("SELECT 1 FROM other_charge WHERE billed IS NULL")
    assert open_ones == []
