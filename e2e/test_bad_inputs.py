"""What the screens must bear (issue 14): 30 notices at once, a wide window at 400 %, forced colours, paper.

Each test walks many screens with one page: a household with everything that can be bought, and names as long as they may be.
"""

from __future__ import annotations

from playwright.async_api import Page, expect

from app.domain.months import Month
from e2e.accessibility import PROBES, tab_stops
from e2e.conftest import TakeDevice
from e2e.device import DESK, PHONE, Device
from e2e.households import Household, Town

ZOOMED = (320, 256)
"""What a window of 1280 x 1024 has left at 400 %, in CSS pixels."""
PAPER = (688, 1000)
"""An A4 sheet between its margins, in CSS pixels."""
BUILDING = "B777"
PATHS = (
    "/?open={son}",
    "/accounts",
    "/accounts/{son}/edit",
    "/accounts/{son}/forwarding",
    "/accounts/{son}/security",
    "/customer",
    "/payment",
    "/statements",
    f"/statements/{Month.this().iso}",
    f"/calls/gate-call-050/{Month.this().previous.iso}",
    "/changes",
    "/notices/outage",
    "/contact",
)
FIRST_LINE = "node => node.getBoundingClientRect().top + parseFloat(getComputedStyle(node).lineHeight)"
SELECT_IS_NARROW = """[...document.querySelectorAll("main select[name=account]")].filter((select) => {
    select.options[0].text = "mmmmmmmmmmwww-0";
    const whole = select.cloneNode(true);
    whole.style.cssText = "position: absolute; inline-size: max-content; flex: none";
    document.body.append(whole);
    const wanted = whole.offsetWidth;
    whole.remove();
    return select.offsetWidth < wanted;
}).map((select) => `${select.id} is narrower than an account ID`)"""
BESIDE_AN_AMOUNT = """[...document.querySelectorAll("dd[id^=security-]")].filter((value) => {
    value.append(Object.assign(document.createElement("p"), { textContent: "いまは購入できません。" }));
    return value.offsetWidth < value.parentNode.offsetWidth;
}).map((value) => `${value.id} has a sentence beside its amount`)"""
ALONE_AT_THE_FOOT = """[...document.querySelectorAll("h1, h2, h3, h4")]
    .filter((title) => title.checkVisibility() && getComputedStyle(title).breakAfter !== "avoid")
    .map((title) => `${title.textContent} may stand alone at the foot of a sheet`)"""


async def _full_house(town: Town) -> Household:
    household = await town.household(5)
    for statement in (
        "UPDATE account SET family = repeat('龘', 32), given = repeat('鬱', 32), user_name = repeat('永', 32)"
        " WHERE contract = $1",
        f"UPDATE contract SET building = '{BUILDING}' WHERE id = $1",
    ):
        await town.connection.execute(statement, household.id)
    await town.give_mail(household, household.son)
    await town.use_all(household, household.son)
    await town.give_charges(household, household.wife)
    return household


async def _walked(device: Device, town: Town) -> Household:
    household = await _full_house(town)
    await town.log_in(device, household)
    await town.pass_the_customers_step(household)
    return household


async def _wrong(page: Page, *scripts: str) -> list[str]:
    await page.evaluate(PROBES)
    return [text for script in scripts for text in await page.evaluate(script)]


async def test_thirty_notices_leave_room_for_the_page(new_device: TakeDevice, town: Town) -> None:
    phone = await new_device(size=PHONE)
    await _walked(phone, town)
    await town.connection.execute(
        "INSERT INTO notice (kind, severity, title, body, starts_at, ends_at, updated_at, buildings)"
        " SELECT 'outage', (ARRAY['info', 'warning', 'critical'])[1 + nth % 3], 'お知らせ' || nth, 'です。',"
        " now() - nth * interval '1 hour', now() + interval '1 day', now(), ARRAY[$1] FROM generate_series(1, 30) AS nth",
        BUILDING,
    )
    await phone.open("/changes")
    top = await phone.page.locator("h1").evaluate("node => node.getBoundingClientRect().top")
    assert top <= 232, "more than one notice and the fold stand above the page"
    folded = phone.page.locator("#banners details")
    await expect(folded.locator("summary")).to_contain_text("重大 9件")
    await folded.locator("summary").click()
    await phone.press("「お知らせ1」を閉じる")
    await expect(phone.page.get_by_role("link", name="お知らせ1", exact=True)).to_have_count(0)
    await expect(folded).to_have_attribute("open", "")  # whoever closes one may close the next
    await phone.has_focus_in_view()
    assert await _wrong(phone.page, "probes.targets()", "probes.sideways()") == []


async def test_every_screen_can_be_used_at_four_times_its_size(new_device: TakeDevice, town: Town) -> None:
    device = await new_device(size=ZOOMED)
    household = await _walked(device, town)
    found = {}
    for path in PATHS:
        await device.open(path.format(son=household.son))
        wrong = await _wrong(
            device.page, BESIDE_AN_AMOUNT, "probes.sideways()", "probes.cut()", SELECT_IS_NARROW
        )
        below = await device.page.locator("h1").evaluate(FIRST_LINE) - ZOOMED[1]
        if below > 0:
            wrong.append(f"the title begins {below} px below the first screen")
        found[path] = wrong + await tab_stops(device.page, main=path != PATHS[0])
    assert {path: wrong for path, wrong in found.items() if wrong} == {}


async def test_forced_colours_and_paper_lose_nothing(new_device: TakeDevice, town: Town) -> None:
    device = await new_device(size=DESK)
    household = await _walked(device, town)
    page = device.page
    found = {}
    for path in PATHS:
        await device.open(path.format(son=household.son))
        await page.emulate_media(forced_colors="active")
        wrong = await _wrong(page, "probes.borders()")
        await page.emulate_media(media="print", forced_colors="none")
        await page.set_viewport_size({"width": PAPER[0], "height": PAPER[1]})
        wrong += await _wrong(page, "probes.sideways()", "probes.cut()", ALONE_AT_THE_FOOT)
        await expect(page.locator("h1")).to_be_visible()
        for unprinted in ("#menu", ".bars", ".site-footer", "header form", ".dock", "main .button"):
            if await page.locator(unprinted).locator("visible=true").count():
                wrong.append(f"{unprinted} is printed")
        found[path] = wrong
        await page.emulate_media(media="screen")
        await page.set_viewport_size({"width": DESK[0], "height": DESK[1]})
    assert {path: wrong for path, wrong in found.items() if wrong} == {}


async def test_what_is_printed_of_an_empty_contract_says_so(new_device: TakeDevice, town: Town) -> None:
    device = await new_device()
    await town.log_in(device, await town.household(0))
    await device.open("/")
    await device.page.emulate_media(media="print")
    await expect(
        device.page.get_by_text("アカウントIDは、まだ登録されていません。").locator("visible=true")
    ).to_have_count(1)


async def test_without_a_script_an_opened_row_has_no_room_for_what_never_comes(
    new_device: TakeDevice, town: Town
) -> None:
    device = await new_device(scripts=False)
    household = await town.household(1)
    await town.log_in(device, household)
    await device.open("/")
    row = device.page.locator(f"#account-{household.son}")
    await row.locator("summary").click()
    await expect(row.get_by_role("link")).to_be_visible()
    height: float = await row.evaluate("node => node.offsetHeight")
    assert height < 250
