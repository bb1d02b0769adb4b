"""What a line brings of mail and services: what fits together, and what is named."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Any

import msgspec
import pytest

from app.domain import catalogue
from app.domain.catalogue import Kind, Product
from app.domain.contracts import file
from app.domain.contracts.file import ContractLine
from app.settings import DEMO_MAIL_SYSTEM
from tests.conftest import Installed
from tests.contracts.lines import account, as_bytes, contract
from tests.products import Shipped, use

DOMAIN = DEMO_MAIL_SYSTEM.domain
BOUGHT = [{"product": "mail-web", "account": None, "started_on": "2018-05-10"}]


def line(
    *services: dict[str, Any], accounts: list[dict[str, Any]] | None = None, **more: Any
) -> ContractLine:
    """A line with the mail service bought and more services."""
    made = contract(1, services=[*BOUGHT, *services], accounts=accounts or [ours("login-1")], **more)
    return file.judged(1, as_bytes(made))


def ours(login: str, **more: Any) -> dict[str, Any]:
    """An account ID with an address of ours."""
    return account(login, **{"ucom_address": f"{login}@{DOMAIN}", "other_address": None, **more})


def option(login: str, product: str = "security-360", **more: Any) -> dict[str, Any]:
    return {"product": product, "account": login, "started_on": "2022-08-15", **more}


def test_all_that_can_be_had_is_taken_as_it_is() -> None:
    forwarding = {"addresses": ["a@example.jp", "a@example.jp"], "keep_copy": False}
    one = ours("login-1", mailbox_10gb=True, forwarding=forwarding, web_space="login-1")
    found = line(option("login-1", pin="PIN-0001"), accounts=[one])
    assert found.problems == []
    (mail,) = found.mail
    assert (mail.address, mail.web_space, mail.reserved) == (f"login-1@{DOMAIN}", "login-1", False)
    assert (mail.forwarding, mail.keep_copy) == (("a@example.jp",), False)
    assert [(one.slot, one.product, one.started_on, one.pin) for one in found.services] == [
        (0, "mail-web", date(2018, 5, 10), None),
        (1, "security-360", date(2022, 8, 15), "PIN-0001"),
        (1, "mailbox-10gb", date(2014, 12, 1), None),
    ]


@pytest.mark.parametrize(
    ("reason", "given"),
    [
        (
            "accounts[0].ucom_address: must",
            partial(line, accounts=[ours("login-1", ucom_address="a@example.jp")]),
        ),
        (
            "accounts[0].ucom_address: must",
            partial(line, accounts=[ours("login-1", ucom_address=f"a..b@{DOMAIN}")]),
        ),
        (
            "accounts[0].ucom_address: must",
            partial(line, accounts=[ours("login-1", ucom_address=f"{'a' * 65}@{DOMAIN}")]),
        ),
        (
            "accounts[0].other_address: must be null beside",
            partial(line, accounts=[ours("login-1", other_address="a@b.jp")]),
        ),
        (
            "accounts[0].ucom_address: a mailbox_10gb",
            partial(line, accounts=[account("login-1", mailbox_10gb=True)]),
        ),
        (
            "accounts[0].ucom_address: a mailbox_10gb",
            partial(line, accounts=[account("login-1", web_space="abc")]),
        ),
        ("accounts[0].web_space: must", partial(line, accounts=[ours("login-1", web_space="a..b")])),
        (
            "accounts[0].forwarding: must be 1 to 5",
            partial(line, accounts=[ours("login-1", forwarding={"addresses": [], "keep_copy": True})]),
        ),
        (
            "accounts[0].forwarding: mail would come back",
            partial(
                line,
                accounts=[
                    ours("login-1", forwarding={"addresses": [f"LOGIN-1+x@{DOMAIN}"], "keep_copy": True})
                ],
            ),
        ),
        ("services[1].product: must be the key of", partial(line, option("login-1", "security"))),
        ("services[1].started_on: must", partial(line, option("login-1", started_on="2999-01-01"))),
        ("services[1].account: must be an account ID", partial(line, option("login-2"))),
        ("services[1].account: must be null", partial(line, option("login-1", "remote-support"))),
        ("services[1].product: must be mail-web", partial(line, option(None, "mail-pack"))),  # type: ignore[arg-type]
        ("services[1].pin: must be null", partial(line, option("login-1", "mailbox-10gb", pin="PIN-0001"))),
        ("services[1].pin: must be 4", partial(line, option("login-1", pin="PIN 1"))),
        (
            "services[1].account: needs a mail address",
            partial(line, option("login-1"), accounts=[account("login-1", other_address=None)]),
        ),
        (
            "services: security-360 of accounts[0] stands 2 times",
            partial(line, option("login-1"), option("login-1")),
        ),
        (
            "services: mailbox-10gb of accounts[0] stands 2",
            partial(line, option("login-1", "mailbox-10gb"), accounts=[ours("login-1", mailbox_10gb=True)]),
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_does_not_fit_is_named(reason: str, given: Callable[[], ContractLine]) -> None:
    found = given()
    assert [problem for problem in found.problems if problem.startswith(reason)], found.problems
    assert len(found.problems) == 1


def test_the_catalogue_says_what_can_be_brought(monkeypatch: pytest.MonkeyPatch) -> None:
    own = catalogue.current().products
    more = msgspec.structs.replace(
        catalogue.entry(Shipped.SECURITY_360), key=Product("backup-guard"), sold=False
    )
    others = (one for one in own if one.kind is not Kind.MAILBOX)
    limits = msgspec.structs.replace(catalogue.limits(), forwarding_addresses=1)
    use(monkeypatch, products=(*others, more), limits=limits)
    brought = line(option("login-1", "backup-guard", pin="PIN-0001"))
    assert (brought.problems, brought.services[-1].product) == ([], "backup-guard")
    two = {"addresses": ["a@example.jp", "b@example.jp"], "keep_copy": True}
    assert line(accounts=[ours("login-1", mailbox_10gb=True, forwarding=two)]).problems == [
        "accounts[0].forwarding: must be 1 to 1 addresses",
        "accounts[0].mailbox_10gb: must be false, since the catalogue has no bigger mailbox",
    ]


def test_no_more_addresses_are_taken_than_the_mail_service_gives() -> None:
    made = contract(1, accounts=[ours("login-1")])
    (problem,) = file.judged(1, as_bytes(made)).problems
    assert (
        problem == "accounts: 1 have a ucom_address, but 0 are possible; mail-web is not among its services"
    )
    made = contract(1, mail_product="mail_pack", accounts=[ours("login-1"), ours("login-2")])
    assert file.judged(1, as_bytes(made)).problems == [
        "accounts: 2 have a ucom_address, but 1 are possible; mail-pack is not among its services"
    ]


def test_two_account_ids_that_forward_to_each_other_are_named() -> None:
    one, other = (
        ours(login, forwarding={"addresses": [f"{target}@{DOMAIN}"], "keep_copy": True})
        for login, target in (("login-1", "login-2"), ("login-2", "login-1"))
    )
    assert [problem[:11] for problem in line(accounts=[one, other]).problems] == [
        "accounts[0]",
        "accounts[1]",
    ]


def test_a_command_that_lacks_the_settings_says_so(installed: Installed) -> None:
    installed(data_keys=None)
    assert line(option("login-1", pin="PIN-0001")).problems == [
        "services[1].pin: cannot be kept, because MYPAGE_DATA_KEYS is not set"
    ]
    installed(mail_domain=None)
    assert "MYPAGE_MAIL_DOMAIN" in line().problems[0]
