"""The lines of a `contracts` file: what each field may hold, and how a bad one is named."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from app.domain.contracts.file import ACCOUNT_COLUMNS, CARD_COLUMNS, CONTRACT_COLUMNS, read
from app.settings import DEMO_MAIL_SYSTEM
from tests.contracts.lines import ABSENT, HASH, account, as_bytes, contract, lines, plain_account

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FAMILY = "有光".encode()
DOMAIN = DEMO_MAIL_SYSTEM.domain


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Writes a file of these lines."""

    def file(*given: dict[str, Any] | str | bytes, start: bytes = b"") -> Path:
        path = tmp_path / "contracts.jsonl"
        path.write_bytes(lines(*given, start=start))
        return path

    return file


def named(path: Path) -> list[tuple[int, str]]:
    """Line and field of each problem."""
    return [(line.number, problem.split(":")[0]) for line in read(path) for problem in line.problems]


def test_a_good_line_gives_its_values_in_the_order_of_the_columns(write: Callable[..., Path]) -> None:
    (line,) = read(write(contract(1)))
    assert (line.number, line.problems, line.plain) == (1, [], [])
    assert line.contract is not None
    values = dict(zip(CONTRACT_COLUMNS, line.contract, strict=True))
    assert (values["customer_number"], values["password_hash"]) == (f"{1:014}", HASH)
    assert (values["opened_on"], values["household"], values["fax"]) == (date(2014, 12, 1), 0, "")
    assert line.card == ("VISA", "0000", "2030-01", "AN ARUTERI", "", "")
    (made,) = (dict(zip(ACCOUNT_COLUMNS, values, strict=True)) for values in line.accounts)
    assert (made["slot"], made["login"], made["other_address"]) == (1, "login-1", None)


@pytest.mark.parametrize(
    ("given", "kept"),
    [("yes", "yes"), ("ask", "ask"), ("no", "no"), pytest.param(ABSENT, "ask", id="absent")],
)
def test_users_of_a_contract_ask_unless_its_line_says_otherwise(
    write: Callable[..., Path], given: object, kept: str
) -> None:
    (line,) = read(write(contract(1, user_purchases=given)))
    assert line.problems == []
    assert dict(zip(CONTRACT_COLUMNS, line.contract or (), strict=True))["user_purchases"] == kept


def test_plain_passwords_come_by_slot(write: Callable[..., Path]) -> None:
    accounts = [account("first"), plain_account("second", "abc12345")]
    (line,) = read(write(contract(1, password="demo01", password_hash=ABSENT, accounts=accounts)))
    assert line.problems == []
    assert line.plain == [(0, "demo01"), (2, "abc12345")]


def test_values_are_normalised_as_in_the_forms(write: Callable[..., Path]) -> None:
    typed = {
        "customer_number": "0000 0000-000001",
        "holder__family_kana": "ｱﾙﾃﾘ",
        "holder__phone": "０１２-345-6789",
    }
    (line,) = read(write(contract(1, **typed)))
    values = dict(zip(CONTRACT_COLUMNS, line.contract or (), strict=True))
    assert values["customer_number"] == f"{1:014}"
    assert (values["family_kana"], values["phone"]) == ("アルテリ", "012-345-6789")


def test_a_byte_order_mark_blank_lines_and_windows_line_ends_are_tolerated(
    write: Callable[..., Path],
) -> None:
    path = write("", as_bytes(contract(1)) + b"\r", " \t\r", contract(2), "", start=b"\xef\xbb\xbf")
    assert [(line.number, line.problems) for line in read(path)] == [(2, []), (4, [])]
    path = write(contract(1), start=b"\xef\xbb\xbf")
    assert [(line.number, line.problems) for line in read(path)] == [(1, [])]


BAD: list[tuple[str, dict[str, Any]]] = [
    ("customer_number", {"customer_number": "9000000000000"}),
    ("customer_number", {"customer_number": "9000000000000x"}),
    ("customer_number", {"customer_number": 1}),
    ("contract_type", {"contract_type": " "}),
    ("mail_product", {"mail_product": "mail-web"}),
    ("user_purchases", {"user_purchases": "maybe"}),
    ("user_purchases", {"user_purchases": ""}),
    ("building", {"building": "B\x00"}),
    ("opened_on", {"opened_on": "20141201"}),
    ("opened_on", {"opened_on": "2014-02-30"}),
    ("opened_on", {"opened_on": "0001-01-01"}),
    ("holder", {"holder": None}),
    ("holder.family", {"holder__family": ""}),
    ("holder.given", {"holder__given": "x" * 33}),
    ("holder.family_kana", {"holder__family_kana": "有光"}),
    ("holder.given_kana", {"holder__given_kana": "An"}),
    ("holder.birth_date", {"holder__birth_date": "2999-01-01"}),
    ("holder.sex", {"holder__sex": "女"}),
    ("holder.address", {"holder__address": "a" * 201}),
    ("holder.occupation", {"holder__occupation": ""}),
    ("holder.kind", {"holder__kind": "firm"}),
    ("holder.company", {"holder__company": "株式会社例示"}),
    ("holder.company", {"holder__kind": "company"}),
    (
        "holder.company_kana",
        {"holder__kind": "company", "holder__company": "例", "holder__company_kana": "例"},
    ),
    ("holder.family", {"holder__family": None}),
    ("holder.birth_date", {"holder__birth_date": None}),
    ("holder.occupation", {"holder__occupation": None}),
    ("holder.household", {"holder__household": 21}),
    ("holder.household", {"holder__household": -1}),
    ("holder.household", {"holder__household": True}),
    ("holder.household", {"holder__household": 10**30}),
    ("holder.phone", {"holder__phone": ""}),
    ("holder.phone", {"holder__phone": "112-345-6789"}),
    ("holder.phone", {"holder__phone": "012-345-67890-1"}),
    ("holder.fax", {"holder__fax": "0123"}),
    ("holder.mobile", {"holder__mobile": "090-1234-567a"}),
    ("holder.email", {"holder__email": "a@example.jp, b@example.jp"}),
    ("card.brand", {"card__brand": "Visa"}),
    ("card.last4", {"card__last4": "4111111111111111"}),
    ("card.token", {"card__token": "pm_4111111111111111"}),
    ("card.payer", {"card__payer": "cus 1"}),
    ("card.expires", {"card__expires": "2030-13"}),
    ("card.holder", {"card__holder": "有光 杏"}),
    ("accounts", {"accounts": {}}),
    ("accounts", {"accounts": [account(f"six-{number}") for number in range(6)]}),
    ("accounts[0]", {"accounts": [7]}),
    ("accounts[0].login", {"accounts__0__login": "Arteri"}),
    ("accounts[0].login", {"accounts__0__login": None}),
    ("accounts[0].login", {"accounts__0__login": "new"}),
    ("accounts[0].family", {"accounts__0__family": "\u202e"}),
    ("accounts[0].user_name", {"accounts__0__user_name": "a.b"}),
    ("accounts[0].role", {"accounts__0__role": "root"}),
    ("accounts[0].other_address", {"accounts__0__other_address": ""}),
    ("accounts[0].other_address", {"accounts__0__other_address": f"me@{DOMAIN}"}),
    ("accounts[0].password", {"accounts__0__password": "abc12345"}),
    ("accounts[0].password", {"accounts__0__password": "abcdefgh", "accounts__0__password_hash": ABSENT}),
    ("accounts[0].password", {"accounts__0": plain_account("log-in-1", "log-in-1")}),
    ("accounts[0].password", {"accounts__0__password_hash": ABSENT}),
    ("accounts[0].password_hash", {"accounts__0__password_hash": "abc12345"}),
    ("accounts[1].role", {"accounts": [account("good-1"), account("good-2", role="")]}),
    ("password", {"password": "demo01"}),
    ("password", {"password_hash": ABSENT}),
    ("password", {"password": "demo1", "password_hash": ABSENT}),
    ("password", {"customer_number": "91234567890123", "password": "345678", "password_hash": ABSENT}),
    ("password_hash", {"password_hash": None}),
    ("password_hash", {"password_hash": "$2b$12$" + "a" * 53}),
    ("password_hash", {"password_hash": "p1" + HASH}),
]


def test_a_bad_value_is_named_with_its_line_and_field(write: Callable[..., Path]) -> None:
    path = write(contract(1), *(contract(number, **changes) for number, (_, changes) in enumerate(BAD, 2)))
    assert named(path) == [(number, field) for number, (field, _) in enumerate(BAD, 2)]


def test_all_that_is_wrong_with_one_line_is_named(write: Callable[..., Path]) -> None:
    path = write(contract(1, holder__sex="", card__last4="", accounts__0__role="", accounts__0__family=""))
    fields = ["holder.sex", "card.last4", "accounts[0].family", "accounts[0].role"]
    assert named(path) == [(1, field) for field in fields]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "broken JSON: Input data was truncated"),
        ("{\"customer_number\": '1'}", "broken JSON: invalid character (byte 20)"),
        (as_bytes(contract(2)) * 2, "broken JSON: trailing characters"),
        ("[]", "Expected `object`, got `array`"),
        ("customer_number,password", "broken JSON: invalid character (byte 0)"),
        (as_bytes(contract(2)).replace(FAMILY, "有光".encode("cp932")), "not UTF-8 at byte "),
        (as_bytes(contract(2)).replace(FAMILY, b"\\ud800"), "broken JSON: "),
        (
            as_bytes(contract(2)).replace(FAMILY, b"\\u0000"),
            "holder.family: must be 1 to 32 visible",
        ),
        (as_bytes(contract(2)).replace(FAMILY, b"\0"), "broken JSON: invalid character"),
        (b'{"accounts":' + b"[" * 30_000 + b"]" * 30_000 + b"}", "broken JSON: maximum recursion depth"),
        (b" " * 70_000 + as_bytes(contract(2)), "longer than 65536 bytes"),
        (contract(2, buildng="B001"), "Object contains unknown field `buildng`"),
        (contract(2) | {"\x1b[2J\n": 1}, "Object contains unknown field `?[2J?`"),
        (contract(2, card=ABSENT), "Object missing required field `card`"),
        (contract(2, accounts__0__rolle="user"), "accounts[0]: Object contains unknown field `rolle`"),
    ],
)
def test_a_line_that_is_not_a_contract_is_named(
    write: Callable[..., Path], line: dict[str, Any] | str | bytes, reason: str
) -> None:
    read_back = read(write(contract(1), "", line, contract(4)))
    found = [(judged.number, problem) for judged in read_back for problem in judged.problems]
    assert {number for number, _ in found} == {3}
    assert found[0][1].startswith(reason)


def test_no_password_is_ever_named(write: Callable[..., Path]) -> None:
    secret = "himitsu-0"
    good = contract(1, password=secret, password_hash=ABSENT)
    too_long = contract(2, password=secret * 2, password_hash=ABSENT)
    both = contract(3, accounts__0__password=secret, accounts__0__password_hash=secret)
    no_hash = contract(4, password_hash=secret + HASH)
    cut = as_bytes(good)[:-60]
    found = list(read(write(good, too_long, both, no_hash, cut, contract(6, password=[secret]))))
    assert [line.number for line in found if line.problems] == [2, 3, 4, 5, 6]
    assert secret not in repr(found)
    assert HASH[:40] not in repr(found)


def test_every_text_of_a_contract_is_read_as_a_form_reads_it(write: Callable[..., Path]) -> None:
    typed = {
        "customer_number": "9012−3456ー7890\u200b12",
        "opened_on": "2014/12/1",
        "holder__family": "\ufeff有光\u3164",
        "holder__family_kana": "か゛ルテ−リ",
        "holder__phone": "+81 (0)3-1234-5678",
        "holder__mobile": "090・1234・5678",
        "holder__email": "a..b@docomo.ne.jp",
        "card__holder": "O’Hara Ann",
        "accounts__0__login": "arteri–an–077",
        "accounts__0__user_name": "ｱﾘﾐﾂ 杏",
        "accounts__0__other_address": "abc.@ezweb.ne.jp",
    }
    [read_back] = read(write(contract(1, **typed)))
    assert read_back.problems == []
    made = dict(zip(CONTRACT_COLUMNS, read_back.contract or (), strict=True))
    made_account = dict(zip(ACCOUNT_COLUMNS, read_back.accounts[0], strict=True))
    assert (made["customer_number"], made["opened_on"]) == ("90123456789012", date(2014, 12, 1))
    assert (made["family"], made["family_kana"]) == ("有光", "ガルテーリ")
    assert (made["phone"], made["mobile"], made["email"]) == (
        "03-1234-5678",
        "090-1234-5678",
        "a..b@docomo.ne.jp",
    )
    assert dict(zip(CARD_COLUMNS, read_back.card or (), strict=True))["holder"] == "O'Hara Ann"
    assert (made_account["login"], made_account["user_name"]) == ("arteri-an-077", "アリミツ 杏")
    assert made_account["other_address"] == "abc.@ezweb.ne.jp"


def test_the_sign_that_a_rule_refuses_is_named_by_number_and_place(write: Callable[..., Path]) -> None:
    [read_back] = read(write(contract(1, holder__family="有★\b", accounts__0__user_name="a.b")))
    assert read_back.problems == [
        "holder.family: must be 1 to 32 visible characters (character 3 is U+0008)",
        "accounts[0].user_name: must be 1 to 32 full-width characters, letters, digits, blanks, - or _"
        " (character 2 is U+002E)",
    ]
