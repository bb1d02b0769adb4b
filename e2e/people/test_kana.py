"""ui.md A24: 氏名カナ follows 氏名 while it is typed with an input method, and can be corrected.

What an input method tells the page is played by Chromium's own commands for it: a composition, which changes as one
types and converts, and at last the text that it becomes.
"""

from __future__ import annotations

import pytest
from playwright.async_api import CDPSession, Page

from app.domain import fields
from e2e.conftest import TakeDevice
from e2e.device import Device
from e2e.households import Household, Town

FAMILY, FAMILY_KANA, GIVEN, GIVEN_KANA = "（姓）", "（姓カナ）", "（名）", "（名カナ）"


class Keyboard:
    """Somebody with an input method, and the page's fields."""

    def __init__(self, device: Device, wire: CDPSession) -> None:
        self.device, self.wire = device, wire

    async def compose(self, *shown: str) -> None:
        """What the composition shows, one after the other."""
        for text in shown:
            sent = {"text": text, "selectionStart": len(text), "selectionEnd": len(text)}
            await self.wire.send("Input.imeSetComposition", sent)

    async def commit(self, text: str) -> None:
        """What it becomes; without a composition, text that comes as it is."""
        await self.wire.send("Input.insertText", {"text": text})
        await self.device.page.wait_for_timeout(20)

    async def write(self, *shown: str) -> None:
        """All of it: the last is what it becomes."""
        await self.compose(*shown)
        await self.commit(shown[-1])

    async def press(self, *keys: str) -> None:
        for key in keys:
            await self.device.page.keyboard.press(key)

    async def at(self, label: str) -> None:
        await self.device.field(label).focus()

    async def value(self, label: str) -> str:
        return await self.device.field(label).input_value()


@pytest.fixture
async def keyboard(borrow: TakeDevice, town: Town, household: Household) -> Keyboard:
    """On the page where an account ID is registered, in the first field of the name."""
    device = await borrow()
    await town.log_in(device, household)
    await device.open("/accounts/new")
    await device.field(FAMILY).focus()
    return Keyboard(device, await device.context.new_cdp_session(device.page))


WRITTEN = {
    "converted at once": (["あ", "あり", "ありm", "ありみ", "ありみつ", "有光"], "有光", "アリミツ"),
    "converted part by part": (["やまもと", "山もと", "山本"], "山本", "ヤマモト"),
    "another candidate": (["さいとう", "斉藤", "斎藤", "齋藤"], "齋藤", "サイトウ"),
    "taken back and converted again": (["ありみ", "蟻み", "ありみ", "ありみつ", "有光"], "有光", "アリミツ"),
    "letters deleted before converting": (["ありみつつ", "ありみつ", "有光"], "有光", "アリミツ"),
    "hiragana": (["さ", "さくら"], "さくら", "サクラ"),
    "katakana": (["マリ", "マリー"], "マリー", "マリー"),
    "half-width katakana": (["ﾏﾘ", "ﾏﾘﾂﾞ"], "ﾏﾘﾂﾞ", "マリヅ"),
    "a small v": (["ゔぃ", "ヴィ"], "ヴィ", "ヴィ"),
    "a middle dot": (["アン・マリ"], "アン・マリ", "アン・マリ"),
    "n before the end": (["け", "けｎ", "けんz", "けんぞ", "けんぞう", "健三"], "健三", "ケンゾウ"),
    "an unfinished syllable at once": (["ひかｒ", "光ｒ", "光"], "光", "ヒカ"),
    "a last n, converted": (["ｋ", "け", "けｎ", "健"], "健", "ケン"),
    "converted while one types": (
        ["あ", "あり", "蟻", "蟻m", "有み", "有美", "有美t", "有美つ", "有光"],
        "有光",
        "アリミツ",
    ),
}


@pytest.mark.parametrize("how", WRITTEN)
async def test_kana_follows_the_name(how: str, keyboard: Keyboard) -> None:
    shown, name, kana = WRITTEN[how]
    await keyboard.compose(*shown)
    await keyboard.commit(name)
    assert (await keyboard.value(FAMILY), await keyboard.value(FAMILY_KANA)) == (name, kana)
    assert await keyboard.value(GIVEN_KANA) == ""
    await keyboard.at(GIVEN)
    await keyboard.write("ひかり", "光")
    assert await keyboard.value(GIVEN_KANA) == "ヒカリ"
    assert await keyboard.value(FAMILY_KANA) == kana


async def test_it_follows_letter_by_letter_and_takes_no_unfinished_syllable(keyboard: Keyboard) -> None:
    for shown, kana in (
        ("ｋ", ""),
        ("か", "カ"),
        ("かｎ", "カ"),
        ("かん", "カン"),
        ("かんｓｈ", "カン"),
        ("かんし", "カンシ"),
        ("監視", "カンシ"),
    ):
        await keyboard.compose(shown)
        assert await keyboard.value(FAMILY_KANA) == kana, shown


async def test_what_is_committed_in_parts_is_read_once(keyboard: Keyboard) -> None:
    """An input method may give the first part away and go on with the rest, converted already or not."""
    await keyboard.compose("ありみつひかる", "有光ひかる")
    await keyboard.commit("有光")
    await keyboard.write("ひかる", "光")
    assert (await keyboard.value(FAMILY), await keyboard.value(FAMILY_KANA)) == ("有光光", "アリミツヒカル")
    await keyboard.at(GIVEN)
    await keyboard.compose("ありみつひかる", "有光光")
    await keyboard.commit("有光")
    await keyboard.write("光")
    assert (await keyboard.value(GIVEN), await keyboard.value(GIVEN_KANA)) == ("有光光", "アリミツヒカル")
    await keyboard.write("こ", "子")
    assert (await keyboard.value(GIVEN), await keyboard.value(GIVEN_KANA)) == ("有光光子", "アリミツヒカルコ")


async def test_names_written_one_after_the_other_are_put_together(keyboard: Keyboard) -> None:
    await keyboard.write("やま", "山")
    await keyboard.write("もと", "本")
    assert await keyboard.value(FAMILY_KANA) == "ヤマモト"
    await keyboard.press("Home")
    await keyboard.write("おく", "奥")
    assert (await keyboard.value(FAMILY), await keyboard.value(FAMILY_KANA)) == ("奥山本", "オクヤマモト")


async def test_what_is_deleted_goes_from_the_kana_too(keyboard: Keyboard) -> None:
    await keyboard.write("やま", "山")
    await keyboard.write("もと", "本")
    await keyboard.press("Backspace")
    assert await keyboard.value(FAMILY_KANA) == "ヤマ"
    await keyboard.write("した", "下")
    assert (await keyboard.value(FAMILY), await keyboard.value(FAMILY_KANA)) == ("山下", "ヤマシタ")
    await keyboard.press("Control+a", "Delete")
    assert await keyboard.value(FAMILY_KANA) == ""
    await keyboard.write("さくら")
    await keyboard.press("Backspace")
    assert await keyboard.value(FAMILY_KANA) == "サク"


async def test_a_name_written_over_another_has_the_new_kana(keyboard: Keyboard) -> None:
    await keyboard.write("ありみつ", "有光")
    await keyboard.press("Control+a")
    await keyboard.write("ありた", "有田")
    assert (await keyboard.value(FAMILY), await keyboard.value(FAMILY_KANA)) == ("有田", "アリタ")
    await keyboard.write("なか", "中")
    assert (await keyboard.value(FAMILY), await keyboard.value(FAMILY_KANA)) == ("有田中", "アリタナカ")


async def test_a_composition_that_is_given_up_leaves_nothing(keyboard: Keyboard) -> None:
    await keyboard.write("やま", "山")
    await keyboard.compose("もと", "もｔ", "")
    await keyboard.commit("")
    assert (await keyboard.value(FAMILY), await keyboard.value(FAMILY_KANA)) == ("山", "ヤマ")


@pytest.mark.parametrize("pasted", ["有光", "Smith", "ＡＢＣ", "々", "有　光", "1"])
async def test_kana_that_nobody_knows_is_left_alone(pasted: str, keyboard: Keyboard) -> None:
    await keyboard.commit(pasted)
    assert await keyboard.value(FAMILY_KANA) == ""
    await keyboard.write("ひかる", "光")
    assert await keyboard.value(FAMILY_KANA) == "", "half a name's kana is no kana of the name"
    await keyboard.press("Control+a")
    await keyboard.write("さとう", "佐藤")
    assert await keyboard.value(FAMILY_KANA) == "サトウ"
    await keyboard.press("Control+a")
    await keyboard.commit(pasted)
    assert await keyboard.value(FAMILY_KANA) == "サトウ"


@pytest.mark.parametrize(("pasted", "kana"), [("ひかり", "ヒカリ"), ("ヒカリ", "ヒカリ"), ("ﾋｶﾞﾘ", "ヒガリ")])
async def test_pasted_kana_is_its_own_reading(pasted: str, kana: str, keyboard: Keyboard) -> None:
    await keyboard.commit(pasted)
    assert await keyboard.value(FAMILY_KANA) == kana


async def test_half_a_converted_word_has_no_reading(keyboard: Keyboard) -> None:
    await keyboard.write("ありみつ", "有光")
    await keyboard.press("Backspace")
    assert (await keyboard.value(FAMILY), await keyboard.value(FAMILY_KANA)) == ("有", "アリミツ")


async def test_what_was_corrected_by_hand_is_never_overwritten(keyboard: Keyboard) -> None:
    await keyboard.write("ひかり", "光")
    await keyboard.at(FAMILY_KANA)
    await keyboard.press("Control+a")
    await keyboard.write("こう", "コウ")
    await keyboard.at(FAMILY)
    await keyboard.write("たろう", "太郎")
    assert await keyboard.value(FAMILY_KANA) == "コウ"
    await keyboard.press("Control+a", "Delete")
    await keyboard.write("はなこ", "花子")
    assert await keyboard.value(FAMILY_KANA) == "コウ"
    keyboard.device.expect_status(422)
    await keyboard.device.press("次へ進む")
    await keyboard.device.page.locator(".error-summary").wait_for()
    await keyboard.at(FAMILY)
    await keyboard.press("Control+a")
    await keyboard.write("じろう", "次郎")
    assert (await keyboard.value(FAMILY), await keyboard.value(FAMILY_KANA)) == ("次郎", "コウ")
    await keyboard.at(GIVEN)
    await keyboard.write("ひかり", "光")
    assert await keyboard.value(GIVEN_KANA) == "ヒカリ", "the other one follows still"


async def test_it_is_not_overwritten_after_its_confirm_page_either_but_follows_in_a_new_form(
    keyboard: Keyboard, household: Household
) -> None:
    device, path = keyboard.device, f"/accounts/{household.son}/edit"
    await device.open(path)
    await device.fill(FAMILY_KANA, "コウ")
    await device.press("次へ進む")
    await device.swapped_to("アカウントID登録／変更確認")
    await device.follow("入力画面へ戻る")
    await device.shows("アカウントID登録／変更")
    await keyboard.at(FAMILY)
    await keyboard.press("Control+a")
    await keyboard.write("さとう", "佐藤")
    assert (await keyboard.value(FAMILY), await keyboard.value(FAMILY_KANA)) == ("佐藤", "コウ")
    await device.open(path)
    await keyboard.at(FAMILY)
    await keyboard.press("Control+a")
    await keyboard.write("さとう", "佐藤")
    assert await keyboard.value(FAMILY_KANA) == "サトウ"


async def test_kana_that_was_cleared_by_hand_follows_again(keyboard: Keyboard) -> None:
    await keyboard.write("ひかり", "光")
    await keyboard.device.fill(FAMILY_KANA, "コウ")
    await keyboard.device.fill(FAMILY_KANA, "")
    await keyboard.at(FAMILY)
    await keyboard.press("Control+a")
    await keyboard.write("みつ", "光")
    assert await keyboard.value(FAMILY_KANA) == "ミツ"


async def test_a_registered_name_that_is_written_anew_has_new_kana(
    keyboard: Keyboard, household: Household
) -> None:
    await keyboard.device.open(f"/accounts/{household.son}/edit")
    before = await keyboard.value(FAMILY_KANA)
    await keyboard.at(FAMILY)
    await keyboard.press("End")
    await keyboard.press("Backspace")
    assert await keyboard.value(FAMILY_KANA) == before
    await keyboard.press("Control+a")
    await keyboard.write("さとう", "佐藤")
    assert (await keyboard.value(FAMILY), await keyboard.value(FAMILY_KANA)) == ("佐藤", "サトウ")


async def test_the_kana_is_what_the_server_takes(keyboard: Keyboard) -> None:
    """Whatever is typed: signs of every kind, one by one, as a composition and as they are."""
    page: Page = keyboard.device.page
    await page.evaluate("""() => {
        globalThis.seen = new Set();
        const kana = document.querySelector("[data-kana]");
        setInterval(() => seen.add(kana.value), 1);
    }""")
    signs = "ぁんゔゝゞ゛゜アヺヽーｰ･・ｱﾞ㌔㍿〜～-－一二々〆ａ1１ 　\u3099e\u0301😀👨‍👩‍👧𠮷ㇰ"
    for sign in signs:
        await keyboard.compose(sign)
        await keyboard.commit(sign)
        shown = await keyboard.value(FAMILY_KANA)
        assert not shown or fields.kana(shown) == shown, (sign, shown)
        await keyboard.press("Control+a", "Delete")
    shown_at_any_time: list[str] = await page.evaluate("[...seen]")
    assert len(shown_at_any_time) > 3
    assert [shown for shown in shown_at_any_time if shown and fields.kana(shown) != shown] == []


async def test_without_a_script_nothing_is_lost(town: Town, household: Household, borrow: TakeDevice) -> None:
    device = await borrow(scripts=False)
    await town.log_in(device, household)
    await device.open("/accounts/new")
    await device.fill(FAMILY, "有光")
    await device.fill(FAMILY_KANA, "ありみつ")
    device.expect_status(422)
    await device.press("次へ進む")
    assert await device.field(FAMILY).input_value() == "有光"
    assert await device.field(FAMILY_KANA).input_value() == "ありみつ"
