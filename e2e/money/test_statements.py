"""料金明細照会 (spec 14): a security option bought, cancelled and bought again over three months of the demo's clock."""

from __future__ import annotations

import csv
import io
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pypdf
from playwright.async_api import Browser, expect

from e2e import device as devices
from e2e.device import Device
from e2e.households import CUSTOMER_PASSWORD, MODEL, MODEL_LOGINS
from e2e.journeys.reading import downloaded, pass_the_customers_step
from e2e.portal import running

LOGIN = MODEL_LOGINS["admin"]
OPTION = "セキュリティ360°"
MONTHS = {
    "2026-01": [OPTION, LOGIN, "2026年1月", "2026/01/10～2026/01/31", "550円"],
    "2026-02": [OPTION, LOGIN, "2026年2月", "2026/01/20～", "550円"],
}


async def test_a_month_is_charged_as_the_table_says_on_page_csv_and_pdf(
    chromium: Browser, tmp_path: Path
) -> None:
    async with device_on(chromium, tmp_path, "2026-01-10T09:00") as phone:
        await change_in_the_accordion(phone, "購入する", "購入済")
        await phone.open(f"/accounts/{LOGIN}/security/status")
        await expect(phone.page.get_by_text("PIN番号:").first).to_be_visible()
    async with device_on(chromium, tmp_path, "2026-01-20T09:00") as phone:
        await change_in_the_accordion(phone, "解約する", "解約済（2026/01/31まで利用可）")
        await change_in_the_accordion(phone, "購入する", "購入済")
    async with device_on(chromium, tmp_path, "2026-03-02T09:00", scripts=False) as phone:
        for month in MONTHS:
            assert "closed: 1 charges, 550 yen" in bill_close(tmp_path, month)
        await phone.open("/statements")
        await pass_the_customers_step(phone, MODEL, CUSTOMER_PASSWORD)
        await phone.shows("月額請求明細照会")
        for month, line in MONTHS.items():
            await read(phone, month, line)


@asynccontextmanager
async def device_on(
    chromium: Browser, folder: Path, now: str, *, scripts: bool = True
) -> AsyncIterator[Device]:
    """A phone in front of the demo on that day, logged in with the customer number."""
    with running(folder, now) as portal:
        async with devices.device(chromium, portal.url, scripts=scripts) as phone:
            await phone.log_in_as_customer(MODEL)
            await phone.shows("ご契約情報一覧")
            yield phone
            assert phone.troubles() == []


async def change_in_the_accordion(phone: Device, button: str, state: str) -> None:
    await phone.open(f"/?open={LOGIN}")
    await phone.follow(f"{LOGIN}の{OPTION}を{button}")
    panel = phone.page.get_by_role("region", name=re.compile("の確認$"))
    await panel.get_by_role("button").click()
    await expect(phone.page.locator(f"#security-360-{LOGIN} .state")).to_contain_text(state)
    await phone.has_focus_in_view()


def bill_close(folder: Path, month: str) -> str:
    """As the operator runs it beside the demo."""
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    return subprocess.run(
        [sys.executable, "-m", "app", "bill", "close", month],
        env={**environment, "MYPAGE_DATA_DIR": str(folder)}, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip


async def read(phone: Device, month: str, line: list[str]) -> None:
    """The month's only line, on the page, in the CSV and in the PDF."""
    await phone.open("/statements")
    await phone.follow(line[2])
    await phone.shows(f"{line[2]}の月額請求明細")
    await expect(phone.page.locator("main tbody tr > *")).to_have_text(line)
    await expect(phone.row("合計（税込）")).to_have_text("550円")
    printed = await phone.page.pdf(prefer_css_page_size=True)
    assert len(pypdf.PdfReader(io.BytesIO(printed)).pages) == 1  # A21
    table = list(csv.reader(io.StringIO((await downloaded(phone, "CSV")).decode("utf-8-sig"))))
    (row,) = [row for row in table if "明細" in row]
    assert [row[5], row[6], row[7], row[11]] == [*line[:3], "550"]
    pages = pypdf.PdfReader(io.BytesIO(await downloaded(phone, "PDF"))).pages
    text = re.sub(r"\s", "", "".join(page.extract_text() for page in pages))
    assert "ご請求明細書（適格請求書）" in text
    assert all(part in text for part in line)
