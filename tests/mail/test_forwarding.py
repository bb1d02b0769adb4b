"""メール転送 (spec 8): set, changed, switched off, and what cannot be a target."""

from __future__ import annotations

import pytest

from app.domain.mail import forwarding
from app.postgres import database
from tests.browser import Browser, filled_in
from tests.mail.steps import ADDRESS, confirmed, get_address


@pytest.mark.slow
async def test_what_is_forwarded_without_a_copy_cannot_be_brought_back_and_the_confirm_page_says_so(
    taro: Browser,
) -> None:
    for kept, told in (("", True), ("yes", False)):
        await taro.open("/accounts/arteri-an-001/forwarding")
        await taro.submit(consent="yes", address_1="a@example.com", keep_copy=kept)
        assert ("受け取れなかったメールは戻せません" in taro.text) is told
        await taro.submit()
    await taro.open("/accounts/arteri-an-001/forwarding")
    await taro.submit(consent="yes", address_1="", keep_copy="")
    assert taro.rows["転送先"] == "転送しない"
    assert "受け取れなかったメールは戻せません" not in taro.text


@pytest.mark.slow
async def test_forwarding_is_set_changed_and_switched_off(taro: Browser) -> None:
    await confirmed(
        taro,
        "/accounts/arteri-an-001/forwarding",
        consent="yes",
        address_1="a@example.com",
        address_3="b@example.com",
        keep_copy="",
    )
    assert taro.rows["転送先"] == "a@example.com、b@example.com"
    assert taro.rows["サーバーのメール"] == "残さない"
    await taro.open("/accounts/arteri-an-001/forwarding")
    assert taro.form().select_one("input[name=address_2]")["value"] == "b@example.com"  # type: ignore[index]
    assert not taro.page.select("input[name=keep_copy][checked]")
    await taro.submit(consent="yes", address_1="", address_2="")
    assert taro.rows["転送先"] == "転送しない"
    await taro.submit()
    assert not await database.rows("SELECT 1 FROM forwarding")


@pytest.mark.slow
async def test_forwarding_to_itself_twice_or_in_a_loop_is_refused_at_the_field(taro: Browser) -> None:
    await get_address(taro, "arteri-an-002", "hikari.jiro")
    await taro.open("/accounts/arteri-an-001/forwarding")
    await taro.submit(
        consent="yes", address_1=ADDRESS, address_2="a@example.com", address_3="A@example.com", address_4="x"
    )
    assert taro.reasons[:2] == [forwarding.ITSELF, forwarding.TWICE]
    assert len(taro.reasons) == 3
    await confirmed(taro, "/accounts/arteri-an-002/forwarding", consent="yes", address_1=ADDRESS)
    await taro.open("/accounts/arteri-an-001/forwarding")
    await taro.submit(consent="yes", address_1="hikari.jiro@s2.spaaqs.ne.jp")
    assert taro.reasons == [forwarding.loop_reason("hikari.jiro@s2.spaaqs.ne.jp")]


@pytest.mark.slow
async def test_two_forwardings_confirmed_meanwhile_make_no_loop(taro: Browser) -> None:
    await get_address(taro, "arteri-an-002", "hikari.jiro")
    await taro.open("/accounts/arteri-an-001/forwarding")
    await taro.submit(consent="yes", address_1="hikari.jiro@s2.spaaqs.ne.jp")
    first, form = taro.path, filled_in(taro.form())
    await confirmed(taro, "/accounts/arteri-an-002/forwarding", consent="yes", address_1=ADDRESS)
    await taro.press(first, form)
    assert taro.answer.status_code == 422
    assert "転送が繰り返されるため" in taro.text
