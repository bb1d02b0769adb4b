"""What single engines did wrong, each in words; every engine is asked."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from PIL import Image

from browsers.conftest import People
from browsers.device import Device, NewDevice
from browsers.journeys import DONE, GIVEN, INPUT, asks_for_a_daughter
from browsers.line import Line
from e2e.households import Household


def test_leaving_while_something_is_fetched_is_no_failure(
    phone: Device, people: People, household: Household, line: Line
) -> None:
    people.log_in(phone, household)
    phone.open("/")
    seen = "return [...document.querySelectorAll('#notice, .failed')].some((box) => !box.hidden)"
    with line.slow(1.5):
        phone.unfold(household.wife)
        phone.until(lambda: phone.sees(f"#account-{household.wife} .waiting"))
        phone.driver.run(
            "new MutationObserver(() => { localStorage.said = 'yes'; }).observe("
            "document.querySelector('details[open] .failed'), { attributes: true, attributeFilter: ['hidden'] })"
        )
        phone.driver.run(
            "setTimeout(() => document.querySelector('.site-footer a[href=\"/contact\"]').click())"
        )
        time.sleep(1)
        assert not phone.run(seen)
    phone.shows("お問い合わせ窓口")
    assert phone.run("return localStorage.said || ''") == ""


def test_a_line_that_fails_is_told(phone: Device, people: People, household: Household, line: Line) -> None:
    people.log_in(phone, household)
    phone.open("/")
    failed = f"#account-{household.wife} .failed"
    with line.cut():
        phone.unfold(household.wife)
        phone.until(lambda: phone.sees(failed))
    assert "通信できませんでした" in phone.text(failed)


@pytest.mark.parametrize("scripts", [True, pytest.param(False, marks=pytest.mark.engines("webkit"))])
def test_the_menu_closes_over_a_place_on_the_page_that_is_shown(
    scripts: bool, new_device: NewDevice, people: People, household: Household
) -> None:
    phone = new_device(scripts=scripts)
    people.log_in(phone, household)
    phone.open("/")
    assert phone.run("return 'htmx' in window") is scripts
    for _ in range(2):
        phone.press("メニュー")
        phone.until(lambda: phone.sees("#menu"))
        phone.unfold("アカウントIDオプション")
        phone.follow("アカウントIDオプション変更")
        phone.until(lambda: phone.sees("#menu"), False)
        phone.until(lambda: phone.path.endswith("#account-ids"))


def test_back_after_a_wrong_and_a_right_password_shows_a_page(phone: Device, household: Household) -> None:
    phone.open("/login")
    phone.log_in_as(household.wife, "abc12346")
    phone.until(lambda: phone.run("return document.title"), "エラー：ログイン｜マイページ")
    phone.log_in_as(household.wife)
    phone.shows("ご契約情報一覧")
    phone.driver.back()
    time.sleep(1)
    phone.shows("ご契約情報一覧")


def test_what_was_pressed_has_the_focus_after_its_swap(
    phone: Device, people: People, household: Household
) -> None:
    """A tap on an iPhone is a click that focuses nothing, as one by a script; no engine of ours is so by itself."""
    people.log_in(phone, household)
    phone.open("/")
    phone.run("document.querySelector(`#account-${arguments[0]} summary`).click()", household.wife)
    phone.until(lambda: phone.sees(f"[data-announce^='{household.wife}の詳細']"))
    phone.until(lambda: phone.focus().startswith("<summary"))


def test_back_from_the_confirm_page_what_was_typed_is_there(
    phone: Device, people: People, household: Household
) -> None:
    people.log_in(phone, household)
    asks_for_a_daughter(phone, household)
    phone.driver.back()
    phone.shows(INPUT)
    phone.until(lambda: phone.typed(GIVEN), "光")
    assert phone.typed("アカウントID") == household.daughter


def test_one_step_back_leaves_the_complete_page(phone: Device, people: People, household: Household) -> None:
    people.log_in(phone, household)
    asks_for_a_daughter(phone, household)
    phone.press("登録")
    phone.shows(DONE)
    phone.driver.back()
    phone.shows(INPUT)


def test_a_legend_stands_as_close_to_its_choices_as_a_label_to_its_field(
    phone: Device, people: People, household: Household
) -> None:
    people.log_in(phone, household)
    phone.open("/accounts/user-purchase-permission")
    gap = """const [legend, next] = ["legend", "legend + *"].map((css) => document.querySelector(css).getBoundingClientRect());
        return next.top - legend.bottom"""
    assert abs(phone.run(gap) - 6) < 1


@pytest.mark.engines("webkit", "old-webkit")
def test_an_empty_date_looks_empty_and_a_typed_one_does_not(
    phone: Device, people: People, household: Household, tmp_path: Path
) -> None:
    """In WebKit, which shows today's date in it."""
    people.wait(people.town.give_mail(household, household.wife))
    people.log_in(phone, household)
    phone.open(f"/accounts/{household.wife}/auto-reply")

    def colours() -> int:
        box = phone.run(
            "const field = arguments[0]; field.scrollIntoView({ block: 'center' });"
            "const box = field.getBoundingClientRect(); return [box.left, box.top, box.right, box.bottom]",
            phone.field("開始日"),
        )
        phone.driver.photograph(str(tmp_path / "date.png"))
        with Image.open(tmp_path / "date.png") as picture:
            inside = picture.crop((box[0] + 4, box[1] + 4, box[2] - 4, box[3] - 4))
            return len(inside.getcolors(1_000_000) or ())

    phone.until(colours, 1)
    phone.run(
        "arguments[0].value = '2026-12-24'; arguments[0].dispatchEvent(new Event('input', { bubbles: true }))",
        phone.field("開始日"),
    )
    phone.until(lambda: colours() > 1)
