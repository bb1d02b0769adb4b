"""The file: every line that is wrong is named at once, with what to do; what is right reads the same however it is written."""

from __future__ import annotations

import re

import pytest

from app.domain.catalogue import Kind, file
from app.domain.imports import ImportRefused
from tests.catalogue.texts import FOURTH, TEXT, edited, line_of, without


def refused(text: str) -> list[tuple[int, str]]:
    with pytest.raises(ImportRefused) as error:
        file.of_text(text)
    return [(problem.line, problem.reason) for problem in error.value.problems]


SECOND_TAX = "{ from = 2014-04-01, percent = 8 }"
WRONG = [
    (
        'kind = "support"',
        'kind = "suport"',
        "kind: there is no 'suport': did you mean support?; there are mail",
    ),
    ("gigabytes = 10", "gigabytes = 10\ngigabits = 1", "gigabits: is not known here"),
    ('environment = "電話', 'enviroment = "電話', "enviroment: is not known here: did you mean environment?"),
    ("yen = 3300", "yn = 3300", "yn: is not known here: did you mean yen?; known are from, yen"),
    ("yen = 3300", 'yen = "3300"', "yen: is a text in quotes, and has to be a whole number: write yen = 1"),
    ("yen = 3300", "yen = 3300.0", "yen: is another kind of value, and has to be a whole number"),
    ("yen = 3300", "yen = true", "yen: is true or false, and has to be a whole number"),
    ("yen = 3300", "yen = 0", "yen: is 0, and has to be from 1 to 1,000,000"),
    ("percent = 5", "percent = 100", "percent: is 100, and has to be from 0 to 99"),
    (
        SECOND_TAX,
        "{ from = 2014-04-02, percent = 8 }",
        "from: 2014-04-02 is no 1st, and months are charged whole: write 2014-",
    ),
    (SECOND_TAX, "{ from = 2014-04-01T00:00:00, percent = 8 }", "from: is a moment, and has to be a day"),
    (SECOND_TAX, '{ from = "2014-04-01", percent = 8 }', "from: is a text in quotes, and has to be a day"),
    (SECOND_TAX, "8", "tax_rates: is a whole number, and has to be a table"),
    (
        "forwarding_addresses = 5",
        "forwarding = 5",
        "forwarding: is not known here: did you mean forwarding_addresses?",
    ),
    ("account_ids = 5", "account_ids = 0", "account_ids: is 0, and has to be from 1 to 50"),
    ('"hikari-denwa"', '"hikari-denva"', "telephony: there is no 'hikari-denva': did you mean hikari-denwa?"),
    (
        "「{prefix} リモート",
        "「{prefex} リモート",
        "points: {prefex} is no word of the brand; there are {prefix}, ",
    ),
    ("[limits]", "[limit]", "limit: is not known here: did you mean limits?"),
    ("gigabytes = 10", "gigabytes = 1", "gigabytes: is 1, which is no more than limits.mailbox_gigabytes"),
    ("bought = 4", "bought = -1", "bought: is -1, and has to be from 0 to 50"),
    ('key = "mail-pack"', 'key = "Mail Pack"', "key: does not look as it has to: write it like security-360"),
    ('key = "mail-pack"', 'key = "other"', "key: 'other' is kept for other charges: give this one another"),
    ('name = "メールパック"', 'name = ""', "name: has to be a line of visible characters"),
    (
        'name = "メールパック"',
        f'name = "{"あ" * 61}"',
        "name: has 61 characters, and may have 60: make it shorter",
    ),
    ('in_contracts = "mail_pack"', 'in_contracts = "mail_web"', "in_contracts: 'mail_web' stands on line"),
    ('key = "remote-support-again"', 'key = "mail-web"', "key: 'mail-web' stands on line"),
]


@pytest.mark.parametrize(("old", "new", "said"), WRONG, ids=[said[:40] for _, _, said in WRONG])
def test_a_line_that_is_wrong_is_named_with_what_to_do(old: str, new: str, said: str) -> None:
    text = edited((old, new))
    problems = refused(text)
    found = [text.splitlines()[line - 1] for line, reason in problems if reason.startswith(said)]
    assert found, problems
    assert said.split(":")[0] in found[0] or new in found[0]


def test_what_is_missing_is_named_where_it_would_stand() -> None:
    text = edited(("sold = true\ncomputers", "computers"))
    (problem,) = refused(text)
    assert problem == (line_of(text, 'key = "security-360"') - 1, "sold: is missing: write sold = true")


def test_all_that_is_wrong_is_named_at_once_by_line() -> None:
    text = edited(("percent = 5", "percent = 500"), ("bought = 4", "bougt = 4"), ("yen = 3300", "yen = -1"))
    lines = [line for line, _ in refused(text)]
    assert len(lines) == 4  # bought is missing, too
    assert lines == sorted(lines)


def test_a_price_before_every_tax_rate_and_two_of_a_day_are_refused() -> None:
    text = edited(("    { from = 1997-04-01, percent = 5 },\n    { from = 2014-04-01, percent = 8 },\n", ""))
    assert len(refused(text)) == 7
    assert refused(text)[0][1].startswith(
        "prices: mail-pack has one from 2014-01-01, and there is no tax rate before 2019-10-01"
    )
    twice = edited(("yen = 3300 }", "yen = 3300 }, { from = 2014-01-01, yen = 3301 }"))
    assert refused(twice) == [
        (line_of(twice, "yen = 3301"), "prices: there are 2 from 2014-01-01: keep one of them")
    ]


def test_a_catalogue_needs_a_mail_product_and_has_one_of_some_kinds() -> None:
    assert (
        "product: there is none of the kind mail" in refused(without("mail-pack", without("mail-web")))[0][1]
    )
    second = FOURTH.replace('"licence"', '"mailbox"').replace("computers = 2", "gigabytes = 20")
    second = re.sub(r"(?m)^(activation|installer) = .*\n", "", second)
    assert "is the second product of the kind mailbox" in refused(TEXT + second)[0][1]


def test_nothing_but_mail_is_needed_and_any_number_of_licences_can_be() -> None:
    bare = TEXT
    for key in ("mailbox-10gb", "remote-support", "security-360", "security-online", "kids-filter"):
        bare = without(key, bare)
    catalogue = file.of_text(
        edited(
            ('telephony = ["hikari-denwa", "gate-call-050"]\n', ""),
            text=bare,
        )
    ).catalogue
    assert {kind for kind, products in catalogue.by_kind.items() if products} == {Kind.MAIL}
    assert catalogue.telephony == ()
    assert len(file.of_text(TEXT + FOURTH).catalogue.by_kind[Kind.LICENCE]) == 4


def test_the_version_tells_contents_apart_and_not_how_they_are_written() -> None:
    version = file.shipped().version
    turned = edited(
        ("    { from = 1997-04-01, percent = 5 },\n", ""),
        ("percent = 10 },", "percent = 10 },\n{ percent = 5, from = 1997-04-01 },"),
    )
    assert file.of_text(turned).catalogue.version == version
    assert file.of_text(edited(("yen = 3300", "yen = 3301"))).catalogue.version != version
    assert file.of_text(edited(("sold = true", "sold = false"))).catalogue.version != version
