"""What confirm pages say is what the statement says, through the pages themselves: stories, and random months."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

import pypdf
import pytest

from app.domain import catalogue, clock
from app.domain.catalogue import Product, file
from app.domain.money import ledger
from app.domain.months import Month
from app.postgres import database
from tests.browser import Browser
from tests.households import sign_in
from tests.products import SECURITY, Shipped

pytestmark = pytest.mark.slow  # a walk through every form, change or step: `make test` takes it

NUMBER = "90000000000000"
WIFE, SON = "arteri-an-002", "arteri-an-001"
SHIPPED = catalogue.said(file.shipped()).products
BY_NAME = {entry.name: entry.key for entry in SHIPPED} | {
    entry.again.name: entry.key for entry in SHIPPED if entry.again
}
Said = dict[tuple[str, str, Product], int]
"""Yen by month (2026-01), owner ("－" for the contract) and product."""


@dataclass
class Story:
    """有光 杏 at her pages, and what the last confirm page of each month, owner and product said."""

    browser: Browser
    said: Said = field(default_factory=dict)

    async def at(self, moment: datetime) -> None:
        clock.start_at(moment)
        await sign_in(self.browser, "customer", NUMBER)

    async def does(
        self, path: str, owner: str, product: Product | None, action: str | None = None, **typed: str
    ) -> bool:
        """Fill in the page, note what its confirm page says, and confirm. False: the page does not offer it."""
        await self.browser.open(path)
        main = self.browser.page.main
        if not main or not main.select(f"form[action='{action or path}']"):
            return False
        await self.browser.submit(action or path, **typed)
        if "確認" not in self.browser.heading:
            return False
        said = dict(self._said(owner, product))
        await self.browser.submit()
        assert self.browser.heading.endswith("完了"), self.browser.text
        self.said |= said
        return True

    def _said(self, owner: str, product: Product | None) -> Iterator[tuple[tuple[str, str, Product], int]]:
        month = Month.this().iso
        for label, text in self.browser.rows.items():
            if product and (label == "料金" or label.startswith("今月（")):
                yield (month, owner, product), amount(r"^(?:今月 )?([\d,]+)円（", text)
            elif label in BY_NAME and "の料金：" in text:
                of_contract = BY_NAME[label] in (Shipped.MAIL_WEB, Shipped.MAIL_PACK)
                key = month, "－" if of_contract else owner, BY_NAME[label]
                yield key, amount(r"の料金：([\d,]+)円（", text)

    async def billed(self, month: Month) -> Said:
        """What the page of the month's statement says."""
        await database.rows("UPDATE session SET customer_proved_at = $1", clock.now())
        await self.browser.open(f"/statements/{month.iso}")
        sums: Said = {}
        for row in self.browser.page.select("main tbody tr"):
            product, login, _, _, yen = (cell.get_text() for cell in row.select("th, td"))
            key = month.iso, login, BY_NAME[product]
            sums[key] = sums.get(key, 0) + amount(r"([\d,]+)円", yen)
        return sums


def amount(pattern: str, text: str) -> int:
    found = re.search(pattern, text)
    assert found, text
    return int(found[1].replace(",", ""))


def tokyo(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=clock.TOKYO)


@pytest.fixture
async def story(visitor: Browser) -> Story:
    await database.rows("UPDATE account SET registered_at = $1", tokyo("2025-01-01"))
    await database.rows("UPDATE account SET other_address = login || '@example.com'")
    return Story(visitor)


def security(login: str, product: Product, *, cancel: bool = False) -> tuple[str, str, Product, str]:
    path = f"/accounts/{login}/security"
    return path, login, product, f"{path}?product={product}{'&want=cancel' if cancel else ''}"


P360 = Shipped.SECURITY_360


async def test_bought_cancelled_bought_again_and_cancelled_reads_the_same_on_page_csv_and_pdf(
    story: Story,
) -> None:
    january = Month(2026, 1)
    for day, cancel, yen in ((10, False, 0), (12, True, 550), (20, False, 550), (31, True, 1_100)):
        await story.at(tokyo(f"2026-01-{day}T23:58:00"))
        assert await story.does(*security(WIFE, P360, cancel=cancel), agree="yes")
        assert story.said == {(january.iso, WIFE, P360): yen}
        assert (await story.billed(january)).get((january.iso, WIFE, P360), 0) == yen
    await story.at(tokyo("2026-02-01T09:00:00"))
    await ledger.close(january, lambda done, of: None)
    assert await story.billed(january) == {(january.iso, WIFE, P360): 1_100}
    answer = await story.browser.get(f"/statements/{january.iso}.csv")
    rows = csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")))
    assert [row["金額（円）"] for row in rows if row["区分"] == "明細"] == ["550", "550"]
    answer = await story.browser.get(f"/statements/{january.iso}.pdf")
    text = "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(answer.content)).pages)
    assert re.sub(r"\s", "", text).count("550円") == 2


async def test_remote_support_that_is_bought_again_twice_in_a_month_shows_both_fees(story: Story) -> None:
    support = "/remote-support", "－", Shipped.REMOTE_SUPPORT, None
    january = Month(2026, 1).iso
    yen = []
    for moment in ("2025-12-10", "2025-12-20", "2026-01-05", "2026-01-06", "2026-01-07", "2026-01-08"):
        await story.at(tokyo(f"{moment}T10:00:00"))
        assert await story.does(*support, agree="yes")
        yen.append(story.said.get((january, "－", Shipped.REMOTE_SUPPORT)))
    assert yen == [None, None, 3_300, 3_850, 7_150, 7_700]
    assert story.said == await story.billed(Month(2025, 12)) | await story.billed(Month(2026, 1))


async def test_an_account_id_that_is_deleted_shows_what_it_cancelled_and_what_ends(story: Story) -> None:
    await story.at(tokyo("2026-01-10T10:00:00"))
    assert await story.does("/mail-service", "－", Shipped.MAIL_WEB, agree="yes")
    await story.does(f"/accounts/{SON}/mail-address", SON, None, kind="ucom", local_part="taro", agree="yes")
    await story.does(f"/accounts/{SON}/mailbox", SON, Shipped.MAILBOX_10GB, agree="yes")
    for product in (*SECURITY, Shipped.KIDS_FILTER):
        if product == Shipped.KIDS_FILTER and (SON, product) in {key[1:] for key in story.said}:
            assert await story.does(*security(SON, product, cancel=True))
        assert await story.does(*security(SON, product), agree="yes")
    assert await story.does(*security(SON, P360, cancel=True))
    await story.at(tokyo("2026-01-31T23:58:00"))
    assert await story.does(f"/accounts/{SON}/delete", SON, None)
    assert sum(story.said.values()) == 275 + 220 + 550 + 330 + 330 + 330
    assert story.said["2026-01", SON, Shipped.KIDS_FILTER] == 660
    assert story.said == await story.billed(Month(2026, 1))


async def test_an_address_of_another_company_shows_what_ends_with_ours(story: Story) -> None:
    await story.at(tokyo("2026-01-10T10:00:00"))
    for month in (1, 2):
        await story.at(tokyo(f"2026-0{month}-10T10:00:00"))
        for _ in range(month):
            assert await story.does("/mail-service", "－", Shipped.MAIL_WEB, agree="yes")
            address = f"/accounts/{SON}/mail-address"
            part = f"taro{month}{len(await database.rows('SELECT 1 FROM mail_address'))}"
            assert await story.does(address, SON, None, kind="ucom", local_part=part, agree="yes")
            assert await story.does(f"/accounts/{SON}/mailbox", SON, Shipped.MAILBOX_10GB, agree="yes")
            assert await story.does(address, SON, None, kind="other", address="t@example.com", agree="yes")
    assert story.said["2026-02", "－", Shipped.MAIL_WEB] == 550
    assert story.said["2026-02", SON, Shipped.MAILBOX_10GB] == 440
    assert story.said == await story.billed(Month(2026, 1)) | await story.billed(Month(2026, 2))


async def test_a_mailbox_that_grows_and_shrinks_twice_shows_both(story: Story) -> None:
    await story.at(tokyo("2026-01-10T10:00:00"))
    assert await story.does("/mail-service", "－", Shipped.MAIL_WEB, agree="yes")
    assert await story.does(
        f"/accounts/{SON}/mail-address", SON, None, kind="ucom", local_part="taro", agree="yes"
    )
    for yen in (0, 220, 220, 440):
        assert await story.does(f"/accounts/{SON}/mailbox", SON, Shipped.MAILBOX_10GB, agree="yes")
        assert story.said["2026-01", SON, Shipped.MAILBOX_10GB] == yen
    billed = await story.billed(Month(2026, 1))
    assert story.said == billed | {("2026-01", "－", Shipped.MAIL_WEB): 0}


async def test_a_mail_service_that_ends_twice_with_a_web_space_shows_both_on_the_page_and_in_its_mail(
    story: Story,
) -> None:
    await database.rows("UPDATE contract SET mail_product = 'mail_pack'")
    await story.at(tokyo("2026-01-10T10:00:00"))
    space = f"/accounts/{SON}/web-space"
    address = f"/accounts/{SON}/mail-address"
    assert await story.does(address, SON, None, kind="ucom", local_part="taro", agree="yes")
    for yen in (330, 660):
        assert await story.does("/mail-service", "－", Shipped.MAIL_PACK, agree="yes")
        assert await story.does(space, SON, None, space=f"taro{yen}")
        assert await story.does(space, SON, None)
        assert story.said["2026-01", "－", Shipped.MAIL_PACK] == yen
    assert story.said == await story.billed(Month(2026, 1))
    mails = await database.rows("SELECT body FROM outbox WHERE subject LIKE '%解約のお知らせ%' ORDER BY id")
    assert "今月（2026年1月）の料金：660円（税込、日割りなし。" in mails[-1]["body"]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
async def test_random_months_through_the_pages_say_what_their_statements_say(story: Story, seed: int) -> None:
    random = Random(seed)
    for moment in moments(random):
        await story.at(moment)
        await deed(story, random)
    await story.at(tokyo("2026-03-31T12:00:00"))
    billed: Said = {}
    for month in Month(2025, 12).upto(Month(2026, 3)):
        billed |= await story.billed(month)
    assert len(story.said) > 10
    assert len({product for _, _, product in story.said}) > 4
    assert story.said == {key: billed.get(key, 0) for key in story.said}


def moments(random: Random) -> list[datetime]:
    """Of four months, many at their ends, each so long after the one before that its pages can be walked through."""
    found = set()
    for month in Month(2025, 12).upto(Month(2026, 3)):
        found |= {month.began + timedelta(seconds=5), month.next.began - timedelta(minutes=2)}
        found |= {month.began + timedelta(days=random.randint(0, 26), hours=9) for _ in range(5)}
    return sorted(found)[:-1]


async def deed(story: Story, random: Random) -> None:
    """Something that the pages offer at this moment, or nothing."""
    login = random.choice([WIFE, SON])
    match random.randint(0, 9):
        case 0 | 1:
            await story.does("/remote-support", "－", Shipped.REMOTE_SUPPORT, agree="yes")
        case 2 | 3:
            await story.does("/mail-service", "－", Shipped.MAIL_WEB, agree="yes")
            path, part = f"/accounts/{login}/mail-address", f"an{random.randint(10**6, 10**7)}"
            if "メールサービスの購入が必要" not in story.browser.text:
                await story.does(path, login, None, kind="ucom", local_part=part, agree="yes")
        case 4:
            await story.does(f"/accounts/{login}/mailbox", login, Shipped.MAILBOX_10GB, agree="yes")
        case 5:
            other = {"kind": "other", "address": "x@example.com", "agree": "yes"}
            await story.does(f"/accounts/{login}/mail-address", login, None, **other)
        case 6 if login == SON and random.random() < 0.3:
            await story.does(f"/accounts/{login}/delete", login, None)
        case _:
            product = random.choice(SECURITY)
            if not await story.does(*security(login, product, cancel=True)):
                await story.does(*security(login, product), agree="yes")
