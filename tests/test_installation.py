"""What is handed over once at start: whatever was not is named the moment it is needed, and nothing weak stands in."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import FrozenInstanceError, fields, replace
from pathlib import Path

import pytest

from app import cli, settings
from app.commands.servers import DEMO_CONTRACTS
from app.domain import clock, data_keys, installation, keeping, reserved_names
from app.domain.access import passwords, second_factor
from app.domain.access.matrix import Role
from app.domain.installation import Installation, Issuer, Peppers, Sender
from app.domain.letters import outbox
from app.domain.mail import system as mail_system
from app.domain.options import licences
from app.domain.people import contact_address
from app.postgres import database
from tests import households
from tests.commands.programs import SERVING, free_port
from tests.conftest import SETTINGS, Installed

PARTS = [part.name for part in fields(Installation)]
KEY = "a key of these tests, long enough for all"


def needed(part: str) -> object:
    """What whoever needs the part gets."""
    return getattr(installation, part)()


async def customers_password() -> object:
    return await passwords.for_customer("demo01", [])


async def a_mail() -> object:
    return outbox.rendered("paper-sent", clock.now(), {"paper": "契約書", "date": "2026/01/10"})


async def an_address() -> object:
    return mail_system.current().address("hikari.taro")


async def a_link() -> object:
    async with database.engine().transaction():
        await contact_address.ask(await households.new_contract(), "a@example.jp", clock.now())
    return None


async def a_name() -> object:
    return reserved_names.reason("hikari.taro")


async def a_pin() -> object:
    return data_keys.current().encrypt("AAAA-0001")


async def who_must() -> object:
    return second_factor.required(Role.CUSTOMER)


@pytest.mark.parametrize(
    ("part", "work"),
    [
        ("peppers", customers_password),
        ("data_keys", a_pin),
        ("sender", a_mail),
        ("mail_system", an_address),
        ("base_url", a_link),
        ("low_stock", licences.low),
        ("reserved_names", a_name),
        ("second_factor", who_must),
    ],
)
async def test_work_that_needs_a_part_which_was_not_given_names_it_and_how_to_give_it(
    part: str, work: Callable[[], Awaitable[object]], installed: Installed, empty_database: str
) -> None:
    await work()
    installed(**{part: None})
    with pytest.raises(RuntimeError) as refused:
        await work()
    assert str(refused.value).startswith(f"{part} was not handed over: ")
    assert f"installation.use(Installation({part}=...))" in str(refused.value)


@pytest.mark.parametrize("part", PARTS)
def test_no_part_has_a_default_and_every_one_is_asked_for_by_its_name(part: str, before_start: None) -> None:
    with pytest.raises(RuntimeError, match=f"{part} was not handed over"):
        needed(part)
    given = settings.installation_of(SETTINGS)
    installation.use(given)
    assert needed(part) == getattr(given, part)


def test_nobody_hands_over_peppers_or_data_keys_without_one() -> None:
    with pytest.raises(ValueError, match="no pepper"):
        Peppers({})
    with pytest.raises(ValueError, match="no data key"):
        Installation(data_keys=())
    with pytest.raises(ValueError, match="no pepper"):
        settings.installation_of(replace(SETTINGS, peppers={}))


def test_an_installation_is_frozen_and_its_keys_are_not_shown() -> None:
    given = Installation(peppers=Peppers({1: KEY.encode()}), data_keys=(KEY.encode(),))
    with pytest.raises(FrozenInstanceError):
        given.peppers = None  # type: ignore[misc]
    assert KEY not in repr(given)


@pytest.mark.usefixtures("before_start")
def test_the_same_installation_may_be_handed_over_again_and_another_one_may_not() -> None:
    first = Installation(peppers=Peppers({1: KEY.encode()}), low_stock=10)
    installation.use(first)
    installation.use(Installation(peppers=Peppers({1: KEY.encode()}), low_stock=10))
    for other, named in (
        (replace(first, peppers=Peppers({1: KEY[::-1].encode()})), "other peppers is"),
        (replace(first, peppers=None, data_keys=(KEY.encode(),)), "other peppers, data_keys is"),
        (Installation(), "other peppers, low_stock is"),
    ):
        with pytest.raises(RuntimeError, match=named) as refused:
            installation.use(other)
        assert KEY not in str(refused.value)
        assert KEY[::-1] not in str(refused.value)
    assert installation._current == first


def test_server_demo_and_tests_are_given_every_part_of_their_settings(tmp_path: Path) -> None:
    for chosen in (settings.production(SERVING), settings.demo(tmp_path), SETTINGS):
        assert None not in [getattr(settings.installation_of(chosen), part) for part in PARTS]
    assert settings.installation_of(replace(SETTINGS, low_stock=7)) == Installation(
        peppers=Peppers({1: b"a pepper that only the tests know"}),
        data_keys=(b"a newest data key for the tests!", b"an older data key for the tests!!"),
        sender=Sender("試験通信株式会社", "mypage@example.jp", "0120-000-0000", "9時～17時（年中無休）"),
        issuer=Issuer(
            "試験通信株式会社",
            settings.DEMO_BILLING.address,
            "0120-000-0000",
            "9時～17時（年中無休）",
            settings.DEMO_INVOICE_NUMBER,
            settings.DEMO_PAYMENT_DAY,
            settings.DEMO_BILLING.elsewhere,
        ),
        mail_system=settings.DEMO_MAIL_SYSTEM,
        base_url="https://mypage.example.jp",
        low_stock=7,
        mail_domain=settings.DEMO_MAIL_SYSTEM.domain,
        customer_number_digits=14,
        closed_months=3,
        keep=keeping.DEFAULTS,
        reserved_names=frozenset({"mypage", "s2", "imap", "smtp", "home", "upload", "example"}),
        second_factor="offered",
        payment_day=settings.DEMO_PAYMENT_DAY,
    )


GIVEN = {
    "bill close": {"issuer", "sender"},
    "import contracts": {
        *("peppers", "data_keys", "sender", "mail_domain", "reserved_names"),
        *("customer_number_digits", "closed_months"),
    },
    "contracts erase": {"peppers", "customer_number_digits", "closed_months", "keep"},
    "contracts disclose": {"peppers", "customer_number_digits", "closed_months", "keep"},
    "contracts cases": {"peppers", "customer_number_digits", "closed_months", "keep"},
    "contracts settle": {
        *("peppers", "data_keys", "sender", "mail_domain", "reserved_names"),
        *("customer_number_digits", "closed_months"),
    },
    "import calls": {"customer_number_digits"},
    "import charges": {"customer_number_digits"},
    "import licences": {"data_keys"},
    "licences renew": {"data_keys"},
    "requests done": {"sender"},
    "requests entered": {"sender"},
    "requests received": {"sender"},
    "payments approve": {"sender"},
    "payments refuse": {"sender"},
    "password issue": {"peppers", "sender"},
    "second-factor remove": {"sender"},
}
"""What commands are given; every other one but the servers is given nothing."""
TYPED = {
    "file": str(DEMO_CONTRACTS),
    "month": "2026-01",
    "id": "7",
    "whose": "ours",
    "login": "arteri-an-001",
    "number": "90000000000000",
    "name": "crm",
}


@pytest.mark.parametrize(
    "command",
    [one for one in cli.COMMANDS if one.words not in ("demo", "serve", "roles")],
    ids=lambda one: one.words,
)
async def test_a_command_is_given_what_it_needs_and_says_what_it_lacks(
    command: cli.Command, before_start: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in SERVING.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("DATABASE_URL", f"postgresql://nobody:x@127.0.0.1:{free_port()}/away")
    words = [
        *command.words.split(),
        *(TYPED[name] for one in command.arguments if not (name := one.names[0]).startswith("-")),
    ]
    assert await asyncio.to_thread(cli.main, words) == 1
    of_a_server = settings.installation_of(settings.production(SERVING))
    for part in PARTS:
        if part in GIVEN.get(command.words, ()):
            assert needed(part) == getattr(of_a_server, part)
        else:
            with pytest.raises(RuntimeError, match=f"{part} was not handed over"):
                needed(part)
