"""Names that belong to whoever runs the domain: refused at the field and once more at the end, whatever signs are in them."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import clock, installation, reserved_names, tables
from app.domain.access.members import Member
from app.domain.changes import asking
from app.domain.changes.words import Refused
from app.domain.fields import Wrong
from app.domain.mail.addresses import RegisterUcomAddress
from app.domain.mail.web_space import RegisterWebSpace
from app.domain.people.accounts import RegisterAccount
from app.domain.reserved_names import must_not_be, plain, reason, reserved
from tests import households
from tests.browser import Browser
from tests.conftest import Installed
from tests.mail.steps import get_address
from tests.people.steps import DETAILS, NEW_HASH
from tests.people.test_accounts_pages import NEW

NAMED = re.findall(
    r"\S+",
    "administrator admin webmaster hostmaster postmaster autodiscover autoconfig wpad isatap mta-sts www ftp smtp imap "
    "pop pop3 mail mx mx1 ns ns01 www2 mailer-daemon root nobody noreply no-reply bounce abuse noc security info mypage "
    "openpgpkey dmarc sysadmin ssladmin list-request www-data robots.txt cgi-bin support helpdesk uucp usenet news",
)
"""Written from RFC 2142, 6764, 7489 and 8461, the CA/Browser Forum's baseline and Debian's /etc/passwd."""


@pytest.mark.parametrize("name", NAMED)
def test_a_name_of_the_operator_is_refused_in_words(name: str) -> None:
    assert reason(name) == f"「{name}」は、システムで使うため登録できません。別の文字列を入力してください。"
    with pytest.raises(Wrong, match="システムで使う"):
        must_not_be(name)


@given(st.sampled_from(NAMED), st.data())
def test_signs_and_capitals_do_not_help(name: str, data: st.DataObject) -> None:
    typed = "".join(
        sign.upper() + data.draw(st.sampled_from(["", ".", "-", "_", "--"])) if sign.isalnum() else sign
        for sign in name
    )
    assert reason(typed) == reserved(typed)


@pytest.mark.parametrize(
    "name",
    ["admin1", "hikari.taro", "administrators", "mxyz", "wwwtaro", "newsman", "mail-taro", "s-root-8", ""],
)
def test_other_names_are_free_and_so_is_one_with_a_number_behind_it(name: str) -> None:
    assert reason(name) is None
    must_not_be(name)


def test_every_name_is_written_plainly_so_that_it_can_be_met() -> None:
    listed = reserved_names._EXACT | reserved_names.MACHINES
    assert {name for name in listed if plain(name) != name} == set()


def test_the_operators_own_follow_from_host_names_and_from_the_list() -> None:
    hosts = ["Portal.example.jp", "home-2.example.jp", "127.0.0.1", "[::1]", "localhost"]
    names = reserved_names.of_operator(hosts, ["Board", "kouhou_shitsu"])
    assert names == {"portal", "home2", "localhost", "board", "kouhoushitsu"}


def test_what_was_handed_over_is_refused_too(installed: Installed) -> None:
    assert reason("kouhou") is None
    installed(reserved_names=frozenset({"kouhou"}))
    assert reason("kou-hou") == reserved("kou-hou")


def test_the_name_that_the_portal_writes_as_is_refused(installed: Installed) -> None:
    assert reason("oshirase") is None
    installed(sender=replace(installation.sender(), address="O-shirase@elsewhere.example.jp"))
    assert reason("oshirase") == reserved("oshirase")


# --- on the pages -----------------------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_no_page_takes_a_reserved_name(taro: Browser) -> None:
    pages = (
        (
            "/accounts/arteri-an-002/mail-address",
            {"kind": "ucom", "local_part": "auto.discover", "agree": "yes"},
        ),
        ("/accounts/arteri-an-001/web-space", {"space": "auto.discover"}),
    )
    for path, typed in pages:
        await taro.open(path)
        await taro.submit(**typed)
        assert taro.answer.status_code == 422
        assert taro.reasons == [reserved("auto.discover")]


async def test_no_account_id_is_reserved(contractor: Browser) -> None:
    await contractor.open("/accounts/new")
    await contractor.submit(**{**NEW, "login": "post-master"})
    assert contractor.answer.status_code == 422
    assert contractor.reasons == [reserved("post-master")]


@pytest.mark.slow
async def test_an_address_that_became_reserved_stays_and_may_be_changed_to_another(
    taro: Browser, installed: Installed
) -> None:
    installed(reserved_names=frozenset({"hikaritaro"}))
    await taro.open("/accounts/arteri-an-001/mail-address")
    assert taro.rows["現在のメールアドレス"] == "hikari.taro@s2.spaaqs.ne.jp"
    await get_address(taro, "arteri-an-001", "hikari.jiro")
    assert taro.heading == "メールアドレス登録／変更完了"


# --- once more when it is carried out ---------------------------------------------------------------------------------


@pytest.fixture
async def customer(empty_database: str) -> Member:
    family = await households.new_household()
    await tables.ServicePeriod(contract=family.contract, product="mail-pack", started_at=clock.now()).save()
    await tables.MailAddress(
        contract=family.contract, account=family.mother, address="h@example.jp", registered_at=clock.now()
    ).save()
    return await households.log_in(family.contract)


@pytest.mark.parametrize("what", ["address", "web space", "account ID"])
async def test_a_change_that_waited_while_the_name_became_reserved_is_refused(
    what: str, customer: Member, installed: Installed
) -> None:
    (mother, son) = (account.login for account in customer.accounts)
    change = {
        "address": RegisterUcomAddress(son, "kou-hou@s2.spaaqs.ne.jp"),
        "web space": RegisterWebSpace(mother, "kou-hou"),
        "account ID": RegisterAccount("kou-hou", DETAILS, NEW_HASH),
    }[what]
    waiting = await asking.ask(customer, change)
    installed(reserved_names=frozenset({"kouhou"}))
    with pytest.raises(Refused, match="システムで使う"):
        await asking.confirm(customer, waiting)
    for table in (tables.WebSpace, tables.Account, tables.MailAddress):
        column = {"web_space": "name", "account": "login"}.get(table._meta.tablename, "address")
        assert not [row for row in await table.select() if "kou-hou" in row[column]]
