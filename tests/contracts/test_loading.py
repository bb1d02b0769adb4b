"""Customers as they are, loaded: the example of the documents, and what the portal shows and charges of it."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from app.domain import clock, tables
from app.domain.contracts import file, shape
from app.domain.contracts.importing import ContractsImported, import_contracts
from app.domain.imports import ImportRefused
from app.domain.money import ledger
from app.domain.months import Month
from app.domain.options.licence_import import import_licences
from app.postgres import database
from app.settings import DEMO_MAIL_SYSTEM
from tests.browser import Browser
from tests.contracts.lines import ABSENT, account, contract, lines
from tests.households import sign_in
from tests.mail.steps import mails

DOMAIN = DEMO_MAIL_SYSTEM.domain
OPERATING = Path(__file__).parents[2] / "docs" / "operating.md"


async def load(path: Path) -> ContractsImported:
    return await import_contracts(path, lambda _: None)


def write(folder: Path, *given: dict[str, Any]) -> Path:
    path = folder / "contracts.jsonl"
    path.write_bytes(lines(*given))
    return path


def with_mail(number: int, address: str, **more: Any) -> dict[str, Any]:
    """A contract with the mail service and one address of ours."""
    one = account(f"login-{number}", ucom_address=address, other_address=None, **more)
    services = [{"product": "mail-web", "account": None, "started_on": "2018-05-10"}]
    return contract(number, accounts=[one], services=services)


# --- the format, as it is documented ---


def test_the_documents_show_the_example_and_name_every_field() -> None:
    text = OPERATING.read_text(encoding="utf-8")
    chapter = text.partition("## The file of contracts")[2].partition("\n## ")[0]
    for line in file.EXAMPLE.read_text(encoding="utf-8").splitlines():
        assert line in chapter
    for struct in (shape.Contract, shape.Holder, shape.Card, shape.Account, shape.Service, shape.Forwarding):
        for field in msgspec.structs.fields(struct):
            assert f"`{field.name}`" in chapter, field.name


@pytest.mark.slow
async def test_the_example_is_loaded_with_all_that_it_says(empty_database: str) -> None:
    assert await load(file.EXAMPLE) == ContractsImported(new=2, already_there=0)
    assert await load(file.EXAMPLE) == ContractsImported(new=0, already_there=2)
    person, company = await database.rows("SELECT * FROM contract ORDER BY id")
    assert (person["holder_kind"], person["sex"], person["occupation"]) == ("person", None, "公務員")
    assert (company["holder_kind"], company["company"], company["birth_date"]) == (
        "company",
        "株式会社例示商店",
        None,
    )
    (card,) = await database.rows("SELECT token, payer FROM card")
    assert tuple(card) == ("pm_example0001", "cus_example0001")
    periods = await database.rows(
        "SELECT p.product, a.login, p.started_at, p.charged_from, l.pin FROM service_period p"
        " LEFT JOIN account a ON a.id = p.account LEFT JOIN licence l ON l.period = p.id ORDER BY p.product"
    )
    assert [(row["product"], row["login"], row["pin"] is not None) for row in periods] == [
        ("kids-filter", "reiji-taro", False),
        ("mail-web", None, False),
        ("mailbox-10gb", "reiji-hanako", False),
        ("remote-support", None, False),
        ("security-360", "reiji-hanako", True),
    ]
    assert {row["charged_from"] for row in periods} == {Month.this().first_day}
    assert periods[1]["started_at"] == datetime(2018, 5, 10, tzinfo=clock.TOKYO)
    assert (
        await tables.Mailbox.count() == await tables.Forwarding.count() == await tables.WebSpace.count() == 1
    )
    assert [
        tuple(row) for row in await database.rows("SELECT address, quota_bytes FROM mail_v1.mailbox")
    ] == [(f"hanako.reiji@{DOMAIN}", 10 * 1024**3)]


@pytest.mark.slow
async def test_what_was_bought_before_is_charged_from_the_month_of_the_import_on(empty_database: str) -> None:
    clock.start_at(datetime(2026, 3, 20, tzinfo=clock.TOKYO))
    await load(file.EXAMPLE)
    clock.start_at(datetime(2026, 5, 2, tzinfo=clock.TOKYO))
    assert await ledger.first_month() == Month(2026, 3)
    for month in (Month(2026, 3), Month(2026, 4)):
        assert (await ledger.close(month, lambda *_: None)).charges == 5
    months = await database.rows("SELECT DISTINCT month FROM charge ORDER BY month")
    assert [row["month"] for row in months] == [date(2026, 3, 1), date(2026, 4, 1)]


@pytest.mark.slow
async def test_a_pin_that_lies_in_stock_is_taken_out_of_it_and_no_pin_is_given_twice(
    empty_database: str, tmp_path: Path
) -> None:
    stock = tmp_path / "licences.csv"
    stock.write_text("security-360,PIN-0001\nkids-filter,PIN-0002\n")
    await import_licences(stock, lambda _: None)

    def owner(number: int, product: str, pin: str) -> dict[str, Any]:
        one = {"product": product, "account": f"login-{number}", "started_on": "2020-01-02", "pin": pin}
        accounts = [account(f"login-{number}", other_address="a@example.jp")]
        return contract(number, services=[one], accounts=accounts)

    await load(write(tmp_path, owner(1, "security-360", "PIN-0001")))
    (taken,) = await database.rows("SELECT product, contract FROM licence WHERE period IS NOT NULL")
    assert tuple(taken) == ("security-360", 1)
    assert await tables.Licence.count() == 2
    with pytest.raises(ImportRefused) as refused:
        await load(
            write(
                tmp_path,
                owner(2, "security-360", "PIN-0001"),
                owner(3, "security-360", "PIN-0002"),
                owner(4, "kids-filter", "PIN-0003"),
                owner(5, "kids-filter", "PIN-0003"),
            )
        )
    assert str(refused.value).splitlines() == [
        "line 1: services[0].pin: was given to another contract",
        "line 2: services[0].pin: was loaded before, as one of kids-filter",
        "line 4: services[0].pin: stands on line 3 already; only one can have it",
    ]


async def test_what_another_contract_of_the_portal_has_is_named_apart(
    empty_database: str, tmp_path: Path
) -> None:
    await load(write(tmp_path, with_mail(1, f"taken@{DOMAIN}", web_space="taken-space")))
    with pytest.raises(ImportRefused) as refused:
        await load(
            write(
                tmp_path,
                with_mail(2, f"taken@{DOMAIN}", web_space="fresh-space"),
                with_mail(3, f"fresh@{DOMAIN}", web_space="taken-space"),
            )
        )
    reason = "accounts[0].{}: belongs to another contract, or did; it is never given again"
    assert refused.value.problems == [
        (1, reason.format("ucom_address")),
        (2, reason.format("web_space")),
    ]
    assert await tables.Contract.count() == 1


@pytest.mark.slow
async def test_an_address_or_a_web_space_that_is_reserved_or_taken_is_named(
    empty_database: str, tmp_path: Path
) -> None:
    await load(write(tmp_path, with_mail(1, f"taken@{DOMAIN}", web_space="taken-space")))
    elsewhere = contract(5, holder__email=f"nobody@{DOMAIN}")
    with pytest.raises(ImportRefused) as refused:
        await load(
            write(
                tmp_path,
                with_mail(1, f"taken@{DOMAIN}", web_space="taken-space"),
                with_mail(2, f"postmaster@{DOMAIN}"),
                with_mail(3, f"taken@{DOMAIN}", web_space="taken-space"),
                with_mail(
                    4, f"fresh@{DOMAIN}", forwarding={"addresses": [f"gone@{DOMAIN}"], "keep_copy": True}
                ),
                elsewhere,
                with_mail(6, f"fresh@{DOMAIN}"),
            )
        )
    assert list(dict.fromkeys((line, reason.split(":")[0]) for line, reason in refused.value.problems)) == [
        (2, "accounts[0]"),
        (3, "accounts[0].ucom_address"),
        (3, "accounts[0].web_space"),
        (4, "accounts[0].forwarding"),
        (5, "holder.email"),
        (6, "accounts[0].ucom_address"),
    ]
    assert await tables.Contract.count() == 1


async def test_numbers_are_as_long_as_the_operators(
    empty_database: str, tmp_path: Path, installed: Any
) -> None:
    installed(customer_number_digits=8)
    await load(write(tmp_path, contract(1, customer_number="00-001234")))
    assert (await database.rows("SELECT customer_number FROM contract"))[0][0] == "00001234"
    with pytest.raises(ImportRefused, match="must be 8 digits"):
        await load(write(tmp_path, contract(2)))


# --- what the portal shows of them ---


@pytest.fixture
async def company(visitor: Browser, tmp_path: Path) -> Browser:
    """株式会社例示, logged in with a customer number."""
    holder = {"kind": "company", "company": "株式会社例示", "company_kana": "レイジ", "occupation": None}
    named = {f"holder__{name}": value for name, value in holder.items()}
    gone = {f"holder__{name}": ABSENT for name in ("family", "given", "family_kana", "given_kana", "sex")}
    made = contract(
        7_000, **named, **gone, holder__birth_date=None, password="moto-01", password_hash=ABSENT, accounts=[]
    )
    await load(write(tmp_path, made))
    return await sign_in(visitor, "customer", f"{7_000:014}")


@pytest.mark.slow
async def test_a_company_is_called_by_its_name_on_its_pages_and_in_its_mails(company: Browser) -> None:
    await company.open("/customer")
    assert (company.rows["法人名"], company.rows["法人名カナ"]) == ("株式会社例示", "レイジ")
    assert "氏名" not in company.rows
    assert company.page.select_one("[name=occupation]") is None
    await company.submit(phone="03-1111-2222")
    assert "職業" not in company.rows
    await company.submit()
    assert company.heading == "顧客情報登録完了"
    assert (await mails())[0]["body"].startswith("株式会社例示 御中\n\n")
    (row,) = await database.rows("SELECT occupation, phone FROM contract WHERE holder_kind = 'company'")
    assert tuple(row) == ("", "03-1111-2222")
    for path in ("/", "/application", "/statements", "/own-data"):
        await company.open(path)
    assert "株式会社例示 御中" in (await _sent_to(company))


async def _sent_to(browser: Browser) -> str:
    await browser.open("/application")
    return browser.rows["送り先"]


@pytest.mark.slow
async def test_a_bill_of_a_company_is_for_it(company: Browser) -> None:
    await database.rows(
        "INSERT INTO service_period (contract, product, started_at)"
        " SELECT id, 'remote-support', $1 FROM contract WHERE holder_kind = 'company'",
        datetime(2025, 12, 5, tzinfo=clock.TOKYO),
    )
    clock.start_at(datetime(2026, 2, 3, tzinfo=clock.TOKYO))
    for month in (Month(2025, 12), Month(2026, 1)):
        await ledger.close(month, lambda *_: None)
    (name,) = await database.rows(
        "SELECT recipient, honorific FROM bill_name WHERE recipient LIKE '株式%' AND month = '2026-01-01'"
    )
    assert tuple(name) == ("株式会社例示", "御中")
    await sign_in(company, "customer", f"{7_000:014}")
    await database.rows("UPDATE session SET customer_proved_at = $1", clock.now())
    await company.open("/statements/2026-01")
    assert company.rows["宛名"] == "株式会社例示 御中"


@pytest.mark.slow
async def test_an_occupation_of_the_operators_own_is_shown_as_other_and_stays(
    visitor: Browser, tmp_path: Path
) -> None:
    made = contract(
        7_001, holder__occupation="公務員", holder__sex=None, password="moto-01", password_hash=ABSENT
    )
    await load(write(tmp_path, made))
    await sign_in(visitor, "customer", f"{7_001:014}")
    await visitor.open("/customer")
    assert visitor.rows["性別"] == "未登録"
    checked = visitor.page.select_one("[name=occupation][checked]")
    assert checked is not None
    assert checked["value"] == "その他"
    await visitor.submit(phone="03-1111-2222")
    await visitor.submit()
    kept = "SELECT occupation FROM contract WHERE customer_number = $1"
    assert (await database.rows(kept, f"{7_001:014}"))[0][0] == "公務員"
    await visitor.open("/customer")
    await visitor.submit(occupation="学生")
    await visitor.submit()
    assert (await database.rows(kept, f"{7_001:014}"))[0][0] == "学生"


@pytest.mark.slow
async def test_a_pin_that_the_portal_does_not_know_is_said_to_be_with_the_member(
    visitor: Browser, tmp_path: Path
) -> None:
    services = [{"product": "kids-filter", "account": "own-pin", "started_on": "2020-01-02", "pin": None}]
    accounts = [account("own-pin", other_address="a@example.jp")]
    made = contract(7_002, services=services, accounts=accounts, password="moto-01", password_hash=ABSENT)
    await load(write(tmp_path, made))
    await sign_in(visitor, "customer", f"{7_002:014}")
    await visitor.open("/accounts/own-pin/security/status")
    assert "マイページのご利用開始より前にお渡ししたもの" in visitor.text


async def test_login_and_step_say_how_long_a_number_is(visitor: Browser, installed: Any) -> None:
    installed(customer_number_digits=8)
    await visitor.open("/login")
    assert "登録証に記載の8桁の数字" in visitor.text
    assert "14桁" not in visitor.text
