"""`mypage check`: what is in order, what is to be seen to, and what to do."""

from __future__ import annotations

import json
import re
import socket
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import pytest

from app import accessibility, branding, checks, settings
from app.branding.reading import read
from app.checks import Looked, mails, sender, texts
from app.commands.check import database_of_commands
from app.mistake import Mistake
from tests.branding.test_crawl import OTHER
from tests.checks.name_server import knowing
from tests.commands.programs import NO_STRIPE, SERVING, apart, free_port, mypage, url_of

GOOD = {
    "mypage.example.jp": ["unrelated", "v=spf1 ip4:192.0.2.1 -all"],
    "s2026._domainkey.mypage.example.jp": ["v=DKIM1; k=rsa; p=MIIB"],
    "_dmarc.mypage.example.jp": ["v=DMARC1; p=reject; rua=mailto:a@example.jp"],
}
ENVIRONMENT = {"MYPAGE_MAIL_FROM": "mypage@mypage.example.jp", "MYPAGE_DKIM_SELECTOR": "s2026"}


def outcomes(found: Any) -> list[tuple[str, str]]:
    return [(one.check, one.outcome) for one in found]


@pytest.fixture
def brand(monkeypatch: pytest.MonkeyPatch) -> Callable[[branding.Brand], None]:
    def use(other: branding.Brand) -> None:
        for module in (texts, branding, settings):
            monkeypatch.setattr(module, "BRAND", other)

    return use


# --- SPF, DKIM, DMARC ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "outcome", "said"),
    [
        ({}, {"SPF": "ok", "DKIM": "ok", "DMARC": "ok"}, "p=reject"),
        (
            {"mypage.example.jp": ["unrelated"]},
            {"SPF": "failure"},
            "mypage.example.jp has none (big receivers",
        ),
        ({"mypage.example.jp": ["v=spf10 -all"]}, {"SPF": "failure"}, "has none"),
        (
            {"mypage.example.jp": ["v=spf1 -all", "v=spf1 mx -all"]},
            {"SPF": "failure"},
            "has 2, which counts as none",
        ),
        ({"mypage.example.jp": ["v=spf1 +all"]}, {"SPF": "failure"}, "lets everybody send as it"),
        (
            {"s2026._domainkey.mypage.example.jp": []},
            {"DKIM": "failure"},
            "s2026._domainkey.mypage.example.jp has no key",
        ),
        ({"s2026._domainkey.mypage.example.jp": ["v=DKIM1; p="]}, {"DKIM": "failure"}, "has no key"),
        ({"_dmarc.mypage.example.jp": []}, {"DMARC": "failure"}, "such as `v=DMARC1; p=quarantine"),
        ({"_dmarc.mypage.example.jp": ["v=DMARC1; p=none"]}, {"DMARC": "warning"}, "only watches (p=none)"),
        (
            {"_dmarc.mypage.example.jp": [], "_dmarc.example.jp": ["v=DMARC1; p=none; sp=reject"]},
            {"DMARC": "ok"},
            "_dmarc.example.jp: p=reject",
        ),
        (
            {"_dmarc.mypage.example.jp": [], "_dmarc.example.jp": ["v=DMARC1; p=reject; sp=none"]},
            {"DMARC": "warning"},
            "_dmarc.example.jp only watches",
        ),
    ],
)
def test_the_senders_records_are_looked_up(
    changes: dict[str, list[str]], outcome: dict[str, str], said: str
) -> None:
    records = {name: listed for name, listed in {**GOOD, **changes}.items() if listed}
    with knowing(records) as server:
        found = list(sender.records(Looked(ENVIRONMENT, server)))
    assert dict(outcomes(found)) == {"SPF": "ok", "DKIM": "ok", "DMARC": "ok", **outcome}
    assert any(said in one.text for one in found if one.check in outcome)


def test_without_a_selector_the_key_cannot_be_looked_up_and_the_others_are() -> None:
    with knowing(GOOD) as server:
        found = list(sender.records(Looked({**ENVIRONMENT, "MYPAGE_DKIM_SELECTOR": ""}, server)))
    assert outcomes(found) == [("SPF", "ok"), ("DKIM", "warning"), ("DMARC", "ok")]
    assert "set it to the selector" in found[1].text


@pytest.mark.slow
def test_a_name_server_that_does_not_answer_is_said_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender, "PATIENCE", 0.2)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as nobody:
        nobody.bind(("127.0.0.1", 0))
        (found,) = sender.records(Looked(ENVIRONMENT, nobody.getsockname()))
    assert (found.check, found.outcome) == ("sender", "failure")
    assert "DNS does not answer for mypage.example.jp" in found.what
    assert "or name a server with --resolver" in found.text


def test_without_a_sender_nothing_is_looked_up() -> None:
    (found,) = sender.records(Looked({}))
    assert (found.outcome, found.what) == ("failure", "MYPAGE_MAIL_FROM is not set")


# --- texts --------------------------------------------------------------------------------------------------------------


def test_a_heading_without_a_text_is_named_by_file_and_line(brand: Callable[[branding.Brand], None]) -> None:
    assert outcomes(texts.headings(Looked({}))) == [("texts", "ok")]
    brand(read(OTHER))
    (found,) = texts.headings(Looked({}))
    assert found.outcome == "warning"
    assert found.text.startswith(f"{OTHER / 'privacy.md'}, line 9: nothing stands below 「書きかけの見出し」")


def test_who_represents_the_operator_has_to_be_said(brand: Callable[[branding.Brand], None]) -> None:
    assert outcomes(texts.representative(Looked({}))) == [("representative", "warning")]
    brand(read(OTHER))
    assert outcomes(texts.representative(Looked({}))) == [("representative", "ok")]


def test_when_is_paid_has_to_be_said() -> None:
    (found,) = texts.payment_day(Looked({"MYPAGE_PAYMENT_DAY": " "}))
    assert (found.outcome, "for example 毎月27日" in found.text) == ("failure", True)
    assert outcomes(texts.payment_day(Looked({"MYPAGE_PAYMENT_DAY": "毎月27日"}))) == [("payment day", "ok")]


def test_a_phone_without_another_way_beside_it_is_named(brand: Callable[[branding.Brand], None]) -> None:
    phones = {"MYPAGE_CONTACT_PHONE": "0120-1", "MYPAGE_FAULT_PHONE": "0120-2"}
    found = list(texts.ways_beside_phones(Looked(phones)))
    assert [one.outcome for one in found] == ["warning", "warning"]
    assert "MYPAGE_FAULT_PHONE 0120-2 is the only way" in found[1].text
    assert "in [fault] of" in found[1].text
    other = read(OTHER)
    brand(other)
    assert [one.outcome for one in texts.ways_beside_phones(Looked({}))] == ["ok", "ok", "ok"]
    fault = msgspec.structs.replace(other.names.fault, mail=None)
    brand(replace(other, names=msgspec.structs.replace(other.names, fault=fault)))
    assert [one.outcome for one in texts.ways_beside_phones(Looked({}))] == ["ok", "warning", "ok"]


@pytest.mark.parametrize(
    ("value", "found"),
    [("2", ["warning"]), ("0", ["warning"]), ("3", ["ok"]), ("", []), ("some", ["failure"])],
)
def test_a_closed_contract_reads_its_bills_long_enough(
    monkeypatch: pytest.MonkeyPatch, value: str, found: list[str]
) -> None:
    monkeypatch.setattr(texts, "VARIABLES", {"MYPAGE_CLOSED_MONTHS": ""})
    looked = Looked({"MYPAGE_CLOSED_MONTHS": value})
    assert [one.outcome for one in texts.closed_months(looked)] == found
    monkeypatch.setattr(texts, "VARIABLES", {})
    assert list(texts.closed_months(looked)) == []


def test_the_policy_says_what_came_of_looking(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(accessibility, "RESULTS", tmp_path / "accessibility.json")
    assert outcomes(texts.accessibility_results(Looked({}))) == [("accessibility", "warning")]
    assert accessibility.in_words() == accessibility.NONE
    for wrong, outcome, said in (
        (0, "ok", "問題は見つかりませんでした"),
        (2, "warning", "問題が見つかった画面は2です"),
    ):
        kept = accessibility.Results("0123456789", "2026-11-30", 190, wrong)
        (tmp_path / "accessibility.json").write_bytes(msgspec.json.encode(kept))
        assert outcomes(texts.accessibility_results(Looked({}))) == [("accessibility", outcome)]
        assert "2026/11/30に、版 0123456789 の190の画面" in accessibility.in_words()
        assert said in accessibility.in_words()


# --- held mails -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ("", ("ok", "none")),
        ("3 mails are held", ("warning", "3 mails are held")),
        (Mistake("it was stopped"), ("warning", "they could not be counted: it was stopped")),
        (ConnectionRefusedError("away"), ("warning", "they could not be counted: away")),
        (asyncpg.InvalidPasswordError("refused"), ("warning", "they could not be counted: refused")),
    ],
)
def test_held_mails_are_a_warning_and_so_is_a_database_that_cannot_be_asked(
    answer: str | Exception, found: tuple[str, str]
) -> None:
    def asked(_: object) -> str:
        if isinstance(answer, Exception):
            raise answer
        return answer

    [one] = mails.held(Looked({}, asked=asked))
    assert (one.outcome, one.what) == found


def test_a_defect_of_ours_is_no_warning() -> None:
    def asked(_: object) -> str:
        raise RuntimeError("a defect")

    with pytest.raises(RuntimeError):
        list(mails.held(Looked({}, asked=asked)))


# --- the command --------------------------------------------------------------------------------------------------------


def test_the_settings_are_looked_at_first() -> None:
    assert next(iter(checks.CHECKS)) == "settings"
    (found,) = checks.CHECKS["settings"](Looked({}))
    assert (found.check, found.outcome) == ("settings", "failure")
    assert "MYPAGE_PEPPERS is not set" in found.text
    (found,) = checks.CHECKS["settings"](Looked(SERVING))
    assert found.outcome == "ok"


def test_every_check_is_documented_and_no_other_is() -> None:
    text = Path("docs/operating.md").read_text()
    table = text[text.index("| check | looks at |") :].partition("\n\n")[0]
    assert re.findall(r"^\| `([^`]+)` \|", table, re.MULTILINE) == [*checks.CHECKS]


WRONG = {"database role", "durability", "mail server", "Stripe", "proxy"}
"""Of this test's installation: a superuser, a database that is no safer than tests want, and nothing else around it."""


@pytest.mark.slow
def test_the_command_says_each_finding_in_a_line_and_fails_for_a_failure(
    tmp_path: Path, server: dict[str, Any], empty_database: str
) -> None:
    given = {**SERVING, **ENVIRONMENT, "MYPAGE_PAYMENT_DAY": "毎月27日", "MYPAGE_MAIL_HOLD": "1"}
    given |= {"DATABASE_URL": url_of(server, database=empty_database), "MYPAGE_SMTP_PORT": str(free_port())}
    given |= {"MYPAGE_BASE_URL": f"https://127.0.0.1:{free_port()}", **NO_STRIPE}
    with knowing(GOOD) as (address, port):
        began = time.monotonic()
        done = mypage(tmp_path, "check", "--resolver", f"{address}:{port}", **given)
        assert time.monotonic() - began < 30
    assert (done.returncode, apart(done.stderr)) == (1, f"mypage: {len(WRONG)} of these must be mended\n")
    assert "warning  held mails: MYPAGE_MAIL_HOLD is on: no mail leaves; none is held so far (" in done.stdout
    assert "ok       SPF: mypage.example.jp: v=spf1 ip4:192.0.2.1 -all\n" in done.stdout
    found = re.findall(r"^(\w+) +([^:]+): (.+)$", done.stdout, re.MULTILINE)
    assert len(found) == len(done.stdout.splitlines())
    assert {check for outcome, check, _ in found if outcome == "failure"} == WRONG
    for secret in (SERVING["MYPAGE_SECRET_KEYS"], SERVING["MYPAGE_STRIPE_SECRET_KEY"], server["password"]):
        assert secret not in done.stdout + done.stderr
    refused = mypage(tmp_path, "check", "--resolver", "localhost")
    assert "'localhost' is no address of a name server" in refused.stderr


def test_a_file_of_the_databases_url_that_cannot_be_read_is_a_finding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setenv("DATABASE_URL_FILE", str(tmp_path / "nowhere"))
    with database_of_commands() as (asked, unreached, embedded):
        assert (asked, embedded) == (None, None)
        assert "DATABASE_URL_FILE" in unreached


@pytest.mark.slow
def test_a_database_that_is_away_is_a_finding_and_the_rest_is_looked_at(tmp_path: Path) -> None:
    away = f"postgresql://nobody:secret-word@127.0.0.1:{free_port()}/mypage"
    done = mypage(tmp_path, "check", "--json", DATABASE_URL=away)
    told = json.loads(done.stdout)
    listed = told["findings"]
    counted = [sum(one["outcome"] == what for one in listed) for what in ("failure", "warning")]
    assert (done.returncode, counted) == (1, [told["failures"], told["warnings"]])
    assert all(one["outcome"] == "ok" or (one["what"] and one["why"] and one["remedy"]) for one in listed)
    found = {one["check"]: one for one in told["findings"]}
    assert found["database"]["what"].startswith("it cannot be asked: PostgreSQL cannot be reached")
    assert {"settings", "fonts", "texts"} <= {*found}
    assert not {"schema", "held mails", "rights"} & {*found}
    assert "secret-word" not in str(told)
