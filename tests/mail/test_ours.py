"""Addresses at a domain of ours that are named as somebody's elsewhere: own ones with a +, and those of nobody."""

from __future__ import annotations

import pytest

from app.domain.mail import addresses as mail_addresses
from app.domain.mail import forwarding, ours
from app.postgres import database
from tests.browser import Browser
from tests.mail.steps import ADDRESS, confirmed, get_address

DOMAIN = ADDRESS.partition("@")[2]
NOBODYS = f"nobody.here@{DOMAIN}"


@pytest.mark.parametrize(
    ("address", "box"),
    [
        ("Hikari.Taro@S2.Spaaqs.ne.jp", "hikari.taro@s2.spaaqs.ne.jp"),
        ("hikari.taro+shop@s2.spaaqs.ne.jp", "hikari.taro@s2.spaaqs.ne.jp"),
        ("hikari.taro+a+b@s2.spaaqs.ne.jp", "hikari.taro@s2.spaaqs.ne.jp"),
        ("a..b@docomo.ne.jp", "a..b@docomo.ne.jp"),
    ],
)
def test_a_plus_address_is_of_the_mailbox_before_the_plus(address: str, box: str) -> None:
    assert ours.mailbox_of(address) == box


async def test_an_address_of_ours_is_somebodys_or_nobodys_and_others_are_not_our_matter(
    taro: Browser,
) -> None:
    given = [ADDRESS, ADDRESS.upper(), f"hikari.taro+x@{DOMAIN}", "taro@example.com"]
    assert await ours.nobody_behind([*given, NOBODYS, f"+x@{DOMAIN}"]) == {NOBODYS, f"+x@{DOMAIN}"}
    assert await ours.nobody_behind([]) == set()


@pytest.mark.slow
async def test_an_address_that_was_given_up_is_nobodys_and_so_are_all_of_an_earlier_domain(
    taro: Browser,
) -> None:
    await get_address(taro, "arteri-an-001", "hikari.another")
    assert await ours.nobody_behind([ADDRESS]) == {ADDRESS}
    await database.rows(
        "UPDATE mail_address SET address = 'hikari.old@old.example' WHERE released_at IS NOT NULL"
    )
    assert await ours.nobody_behind(["hikari.old@old.example", "x+y@old.example"]) == {
        "hikari.old@old.example",
        "x+y@old.example",
    }


@pytest.mark.parametrize("address", [f"hikari.taro+shop@{DOMAIN}", f"HIKARI.taro＋shop@{DOMAIN}"])
async def test_forwarding_to_the_own_plus_address_is_forwarding_to_oneself(
    taro: Browser, address: str
) -> None:
    await taro.open("/accounts/arteri-an-001/forwarding")
    await taro.submit(consent="yes", address_1=address)
    assert taro.reasons == [forwarding.ITSELF]


@pytest.mark.slow
async def test_a_loop_over_plus_addresses_is_found(taro: Browser) -> None:
    await get_address(taro, "arteri-an-002", "hikari.jiro")
    await confirmed(
        taro, "/accounts/arteri-an-001/forwarding", consent="yes", address_1=f"hikari.jiro+x@{DOMAIN}"
    )
    await taro.open("/accounts/arteri-an-002/forwarding")
    await taro.submit(consent="yes", address_1=f"hikari.taro+y@{DOMAIN}")
    assert taro.reasons == [forwarding.loop_reason(f"hikari.taro+y@{DOMAIN}")]


@pytest.mark.slow
async def test_nobody_is_forwarded_to(taro: Browser) -> None:
    await taro.open("/accounts/arteri-an-001/forwarding")
    await taro.submit(consent="yes", address_1="x@example.com", address_2=NOBODYS)
    assert taro.reasons == [ours.nobody_reason(NOBODYS)]


@pytest.mark.slow
async def test_who_gave_the_address_up_meanwhile_is_not_forwarded_to(taro: Browser) -> None:
    await get_address(taro, "arteri-an-002", "hikari.jiro")
    await taro.open("/accounts/arteri-an-001/forwarding")
    await taro.submit(consent="yes", address_1=f"hikari.jiro@{DOMAIN}")
    await database.rows(
        "UPDATE mail_address SET released_at = registered_at WHERE address = $1", f"hikari.jiro@{DOMAIN}"
    )
    await taro.submit()
    assert taro.answer.status_code == 422
    assert ours.nobody_reason(f"hikari.jiro@{DOMAIN}") in taro.text
    assert await database.rows("SELECT 1 FROM forwarding") == []


@pytest.mark.slow
@pytest.mark.parametrize("address", [NOBODYS, f"hikari.taro+x@{DOMAIN}", ADDRESS.upper()])
async def test_no_address_of_ours_is_one_of_another_company(taro: Browser, address: str) -> None:
    await taro.open("/accounts/arteri-an-002/mail-address")
    await taro.submit(kind="other", address=address, agree="yes")
    assert taro.reasons == [mail_addresses.OURS]


@pytest.mark.slow
async def test_the_contact_address_is_somebodys(taro: Browser) -> None:
    await taro.open("/customer")
    await taro.submit(email=NOBODYS)
    assert taro.reasons == [ours.nobody_reason(NOBODYS)]
    await taro.submit(email=f"hikari.taro+bills@{DOMAIN}")
    assert taro.heading == "顧客基本情報確認"
    assert f"hikari.taro+bills@{DOMAIN}" in taro.text


async def test_our_domain_typed_behind_the_local_part_is_dropped_and_another_explained(taro: Browser) -> None:
    await taro.open("/accounts/arteri-an-001/mail-address")
    await taro.submit(kind="ucom", local_part="hikari.goro@gmail.com", agree="yes")
    assert [reason.partition("。")[0] for reason in taro.reasons] == ["@より前だけを入力してください"]
    await taro.submit(kind="ucom", local_part=f"hikari.goro@{DOMAIN}", agree="yes")
    assert taro.rows["メールアドレス"].startswith(f"hikari.goro@{DOMAIN}")


async def test_a_field_of_nothing_that_can_be_seen_is_empty(taro: Browser) -> None:
    await taro.open("/accounts/arteri-an-001/forwarding")
    await taro.submit(consent="yes", address_1="x@example.com", address_2="\u200b", address_3="\u3164")
    assert taro.rows["転送先"].startswith("x@example.com"), taro.reasons
    await taro.open("/accounts/arteri-an-001/auto-reply")
    await taro.submit(enabled="off", subject="\ufeff", body="\u2800", starts_on="\u200b")
    assert not [reason for reason in taro.reasons if "件名" in reason or "本文" in reason or "日付" in reason]
