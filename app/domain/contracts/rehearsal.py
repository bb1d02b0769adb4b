"""Invented contracts in the file's form, as many as are wanted: to rehearse an adoption with, and to measure by.

What they have bought is of the catalogue in use, so that the file of any operator's rehearsal can be loaded. Telephone
numbers and other mail addresses are of ranges that belong to nobody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.domain import catalogue
from app.domain.catalogue import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

FAMILIES = (
    *(
        ("相原", "アイハラ"),
        ("井口", "イグチ"),
        ("内海", "ウツミ"),
        ("榎本", "エノモト"),
        ("大槻", "オオツキ"),
    ),
    *(
        ("梶原", "カジワラ"),
        ("桐山", "キリヤマ"),
        ("黒川", "クロカワ"),
        ("小泉", "コイズミ"),
        ("坂口", "サカグチ"),
    ),
    *(
        ("篠原", "シノハラ"),
        ("髙橋", "タカハシ"),
        ("辻村", "ツジムラ"),
        ("永井", "ナガイ"),
        ("長谷部", "ハセベ"),
    ),
)
WOMEN = (("葵", "アオイ"), ("恵子", "ケイコ"), ("咲", "サキ"), ("千尋", "チヒロ"), ("美咲", "ミサキ"))
MEN = (("一郎", "イチロウ"), ("健太", "ケンタ"), ("翔", "ショウ"), ("直樹", "ナオキ"), ("陽介", "ヨウスケ"))
TYPES = ("マンションLANタイプ", "マンションタイプ", "ホームタイプ")
OCCUPATIONS = ("会社員", "自営業", "学生", "主婦", "その他", "公務員")
BRANDS = ("VISA", "MasterCard", "JCB")
IN_A_BUILDING = 40


def invented(
    count: int, *, password_hash: str, digits: int, domain: str | None, first: int = 0
) -> Iterator[dict[str, Any]]:
    """So many lines of the file of contracts, from the `first` on, the same ones at each call.

    `password_hash` opens them all, number and account IDs. Without a `domain` nobody has an address of ours. `digits` of a
    customer number; `first` keeps two files of one rehearsal apart. Raises ValueError where the numbers would run out.
    """
    if first + count > 10 ** (digits - 1):
        raise ValueError(f"there are {10 ** (digits - 1):,} numbers of {digits} digits that begin with 7")
    for number in range(first, first + count):
        yield _contract(number, password_hash, digits, domain)


def _contract(number: int, password_hash: str, digits: int, domain: str | None) -> dict[str, Any]:
    mail = catalogue.current().by_kind[Kind.MAIL]
    entry = catalogue.entry(mail[number // 2 % len(mail)])
    bought = number % 2 == 0
    accounts = _accounts(number, password_hash, domain, room=entry.base + (entry.bought if bought else 0))
    return {
        "customer_number": f"7{number:0{digits - 1}}",
        "password_hash": password_hash,
        "contract_type": TYPES[number % len(TYPES)],
        "mail_product": entry.in_contracts,
        "building": f"B{number // IN_A_BUILDING:05}",
        "opened_on": f"{2012 + number % 12}-{1 + number % 12:02}-01",
        "holder": _holder(number),
        "card": None if number % 5 == 0 else _card(number),
        "services": list(_services(number, entry.key if bought else None, accounts)),
        "accounts": accounts,
    }


def _holder(number: int) -> dict[str, Any]:
    of_both = {
        "address": f"東京都架空区例示町{1 + number // IN_A_BUILDING}-1-{1 + number % IN_A_BUILDING}",
        "phone": f"03-0000-{number % 10_000:04}",
        "fax": "",
        "mobile": f"090-0000-{number % 10_000:04}",
        "email": f"member{number}@example.jp" if number % 4 else "",
    }
    if number % 10 == 9:
        company = {
            "kind": "company",
            "company": f"株式会社架空{number}",
            "company_kana": "カブシキガイシャカクウ",
        }
        return company | of_both
    return {
        **_name(number),
        "birth_date": f"{1940 + number % 65}-{1 + number % 12:02}-{1 + number % 28:02}",
        "sex": ("女性", "男性", None)[number % 3],
        "occupation": OCCUPATIONS[number % len(OCCUPATIONS)],
        "household": number % 6,
    } | of_both


def _name(number: int) -> dict[str, str]:
    family, family_kana = FAMILIES[number % len(FAMILIES)]
    given, given_kana = (WOMEN, MEN)[number % 3 % 2][number // len(FAMILIES) % 5]
    return {"family": family, "given": given, "family_kana": family_kana, "given_kana": given_kana}


def _card(number: int) -> dict[str, str]:
    return {
        "brand": BRANDS[number % len(BRANDS)],
        "last4": f"{number % 10_000:04}",
        "expires": f"{2031 + number % 4}-{1 + number % 12:02}",
        "holder": "REHEARSAL",
    }


def _accounts(number: int, password_hash: str, domain: str | None, *, room: int) -> list[dict[str, Any]]:
    """None to three, of which as many have an address of ours as there is `room` for."""
    made = []
    for slot in range(min(number % 4, catalogue.current().limits.account_ids)):
        login = f"r{number:08}-{slot}"
        name = _name(number + slot)
        ours = domain is not None and slot < room
        made.append(
            {
                "login": login,
                "password_hash": password_hash,
                **name,
                "user_name": name["family"] + name["given"],
                "role": "user" if slot else "admin",
                "other_address": None if ours else f"{login}@example.com",
                "ucom_address": f"{login}@{domain}" if ours else None,
                "mailbox_10gb": ours and slot == 0 and bool(_of_kind(Kind.MAILBOX)) and number % 7 == 0,
                "forwarding": {"addresses": [f"{login}@example.com"], "keep_copy": True}
                if ours and number % 20 == 2
                else None,
                "web_space": login if ours and slot == 0 and number % 10 == 2 else None,
            }
        )
    return made


def _services(
    number: int, mail: str | None, accounts: list[dict[str, Any]]
) -> Iterator[dict[str, str | None]]:
    started = f"{2024 + number % 2}-{1 + number % 12:02}-10"
    if mail:
        yield {"product": mail, "account": None, "started_on": started}
    support, licences = _of_kind(Kind.SUPPORT), _of_kind(Kind.LICENCE)
    if support and number % 8 == 0:
        yield {"product": support[0], "account": None, "started_on": started}
    if licences and accounts and number % 3 == 0:
        product = licences[number // 3 % len(licences)]
        yield {
            "product": product,
            "account": accounts[0]["login"],
            "started_on": started,
            "pin": f"REHEARSAL-{number:08}",
        }


def _of_kind(kind: Kind) -> tuple[str, ...]:
    """What is sold of it."""
    return tuple(key for key in catalogue.current().by_kind[kind] if catalogue.entry(key).sold)
