"""Every change is walked through its pages once; what the member was shown and mailed is compared with protocols/.

A walk comes to its input page and waits until its password was typed ten minutes ago: a change that asks for it again
does so then. What of it is asked, shown, said and written, and to whom, stands in the protocol word for word.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from bs4 import Tag

from app.domain import clock
from app.domain.access.matrix import Permission
from app.domain.changes import consents, kinds
from app.domain.mail import app_passwords
from app.postgres import database
from tests.access.test_matrix import ROUTES
from tests.browser import Browser
from tests.changes.walks import EVERY, MAILED_LINK, WALKS, Walk
from tests.free import without_condition
from tests.households import sign_in

pytestmark = pytest.mark.slow  # a walk through every form, change or step: `make test` takes it

PROTOCOLS = Path(__file__).parent / "protocols"
MAILS = Path(__file__).parents[2] / "app" / "partials" / "mails"
DECEMBER, JANUARY = (
    datetime(2025, 12, 20, 10, 0, tzinfo=clock.TOKYO),
    datetime(2026, 1, 20, 10, 0, tzinfo=clock.TOKYO),
)
COSTS = ("料金：", "ご契約の条件：")
SECTIONS = ("料金", "ご契約の条件", "受付", "ご案内：メールソフトの設定")
"""Their rows are told from the others of the page."""
MOST = 40
"""Characters of a notice in a protocol."""
OF_EVERY_RECEIPT = ("受付番号：", "受付日時：", "お手続きした方：")


BY_NO_MEMBER = {"by-operator"}
"""Kinds that nobody asks for on a page: tests/contracts/test_feeding.py."""
OF_NO_CHANGE = {
    "by-operator": "tests/contracts/test_feeding.py",
    "contract-closing": "tests/contracts/test_closing.py",
    "contract-reopened": "tests/contracts/test_closing.py",
    "bill-corrected": "tests/money/test_issuing.py",
    "forgotten": "tests/people/test_forgotten.py",
    "login-locked": "tests/letters/test_alerts.py",
    "new-browser": "tests/letters/test_alerts.py",
    "one-time-issued": "tests/people/test_one_time.py",
    "paper-entered": "tests/people/test_papers.py",
    "paper-received": "tests/people/test_papers.py",
    "step-guessed": "tests/letters/test_alerts.py",
    "second-factor-failed": "tests/access/test_totp.py",
    "recovery-code-used": "tests/access/test_recovery_codes.py",
    "second-factor-removed": "tests/people/test_second_factor.py",
}
"""Mails that tell of no change, and where they are tried."""


PAGE_OF_MORE = {"account-edit": Permission.ACCOUNT_NAMES}
"""Kinds whose input page is open to more members, who are shown a part of it: tests/people/test_account_names.py."""


def protocols() -> dict[str, str]:
    """What is written down, by the name of the walk."""
    texts = [(PROTOCOLS / f"{subject}.txt").read_text() for subject in WALKS]
    parts = [part.partition("\n") for text in texts for part in text.split("=== ")[1:]]
    return {name: protocol.strip("\n") for name, _, protocol in parts}


@pytest.mark.parametrize("name", EVERY)
async def test_a_change_asks_shows_and_mails_what_its_protocol_says(visitor: Browser, name: str) -> None:
    await begin(visitor, EVERY[name])
    walked = await taken(visitor, EVERY[name])
    assert "\n".join(walked) == protocols().get(name)


def test_every_kind_of_change_is_walked_and_no_protocol_is_left_over() -> None:
    assert {walk.kind for walk in EVERY.values()} == set(kinds.KINDS) - BY_NO_MEMBER
    assert list(protocols()) == list(EVERY)


def test_whoever_ticks_that_they_agree_reads_to_which_version_of_which_text() -> None:
    written = protocols()
    for name, walk in EVERY.items():
        if isinstance(walk.typed, dict) and "agree" in walk.typed:
            assert f"  {consents.LABEL}：" in written[name], name


def test_a_change_needs_the_permission_of_its_input_page() -> None:
    for name, walk in EVERY.items():
        if walk.stage:
            continue  # a page of every session that has come as far, whatever its role
        page = re.sub(r"^/accounts/arteri[^/]+", "/accounts/{login:str}", walk.page or "/customer/email")
        needed = PAGE_OF_MORE.get(walk.kind, kinds.KINDS[walk.kind].permission)
        assert needed == ROUTES["GET", page], name


def test_every_mail_comes_out_of_a_walk() -> None:
    mails = [path for path in MAILS.glob("*.txt") if path.stem not in OF_NO_CHANGE]
    subjects = {path.read_text().partition("\n")[0] for path in mails} - {frame()}
    told = re.findall(r"^mail .*?: (.+)$", "\n".join(protocols().values()), re.MULTILINE)
    assert subjects
    for subject in subjects:
        assert any(re.fullmatch(re.sub(r"\{\{.*?\}\}", ".+", subject), one) for one in told), subject


def frame() -> str:
    """The first line of what every mail ends with: no subject."""
    return (MAILS / "frame.txt").read_text().partition("\n")[0]


# --- walking ----------------------------------------------------------------------------------------------------------


async def begin(browser: Browser, walk: Walk) -> None:
    """Take the walks before it, a month ago; a mailed link is good for a day only."""
    await database.rows("UPDATE account SET registered_at = $1", DECEMBER - timedelta(days=1000))
    at_once = walk.shortly or walk.page == MAILED_LINK
    clock.start_at(JANUARY if at_once else DECEMBER)
    for name in walks_before(walk):
        await taken(browser, replace(EVERY[name], later=None))
    if not at_once:
        clock.start_at(JANUARY)


def walks_before(walk: Walk) -> list[str]:
    """The walks before it, each after those before that."""
    names = [name for before in walk.after for name in (*walks_before(EVERY[before]), before)]
    return list(dict.fromkeys(names))


async def taken(browser: Browser, walk: Walk) -> list[str]:
    """Take the walk; its protocol."""
    mailed = await last_mail()
    protocol = await ask(browser, walk)
    confirmed: list[str] = []
    if browser.page.select_one("main form"):
        confirmed = list(confirm_page(browser))
        protocol += [f"confirm {browser.heading}", *indented(confirmed)]
        await browser.submit()
    assert not browser.page.select("main form"), browser.text
    assert await last_kind() == walk.kind
    protocol += [f"complete {browser.heading}", *indented(complete_page(browser, confirmed))]
    protocol += await mails_since(mailed)
    return protocol + (await what_came_later(browser, walk) if walk.later else [])


async def ask(browser: Browser, walk: Walk) -> list[str]:
    """Type it in, up to the confirm page; the line about the password on the way, if there is one."""
    await sign_in(browser, "customer" if walk.who.isdigit() else "account", walk.who)
    if walk.stage:
        await database.rows("UPDATE session SET stages = ARRAY[$1]", walk.stage)
    page, form = await there(walk.page), await there(walk.form or "")
    await browser.open(await mailed_link() if walk.page == MAILED_LINK else page)
    typed = await typed_in(browser, walk)
    await database.rows(
        "UPDATE session SET opened_at = $1", clock.now() - timedelta(minutes=1 if walk.stage else 11)
    )
    await browser.submit(form or None, **typed)
    asked = await asked_for_a_password(browser)
    if "typed=" in browser.path and walk.page != MAILED_LINK:
        asked.append("typed again")
        await browser.submit(form or None, **await typed_in(browser, walk))
    return asked


async def there(path: str) -> str:
    """The path of a walk's page, with the key of what was asked for last."""
    if "{identity" not in path:
        return path
    (row,) = await database.rows("SELECT id FROM purchase_request ORDER BY asked_at DESC LIMIT 1")
    return path.replace("{identity:uuid}", str(row["id"]))


async def typed_in(browser: Browser, walk: Walk) -> dict[str, str]:
    return await walk.typed(browser) if callable(walk.typed) else walk.typed


async def asked_for_a_password(browser: Browser) -> list[str]:
    """The line about the step before the confirm page, if there is one; it is passed without the time of a hash."""
    if not browser.path.startswith("/proof?"):
        return []
    asked = [f"password {browser.heading}"]
    await database.rows("UPDATE session SET proved_at = $1", clock.now())
    await browser.open(str(browser.form("/proof").select("[name=next]")[0]["value"]))
    return asked


async def what_came_later(browser: Browser, walk: Walk) -> list[str]:
    """The complete page as it reads after staff, or the clock, did something; and what was mailed then."""
    assert walk.later
    mailed, read = await last_mail(), list(complete_page(browser, []))
    await walk.later()
    await browser.open(browser.path)
    reads = list(complete_page(browser, []))
    new = [line for line in reads if line not in read]
    gone = [f"no more {shortened(line)}" for line in read if line not in reads]
    return ["later", *indented([*new, *gone]), *await mails_since(mailed)]


async def last_kind() -> str:
    (row,) = await database.rows("SELECT kind FROM change ORDER BY receipt_number DESC NULLS LAST LIMIT 1")
    return str(row["kind"])


async def last_mail() -> int:
    (row,) = await database.rows("SELECT coalesce(max(id), 0) AS last FROM outbox")
    return int(row["last"])


async def mailed_link() -> str:
    (row,) = await database.rows("SELECT body FROM outbox WHERE body LIKE '%token=%'")
    return "".join(re.findall(r"https://[^/]+(/\S+\?token=\S+)", row["body"]))


# --- writing it down --------------------------------------------------------------------------------------------------


def confirm_page(browser: Browser) -> Iterator[str]:
    yield from rows(browser)
    for terms in browser.page.select("main [aria-labelledby^=terms-]"):
        yield f"terms {str(terms['aria-labelledby']).removeprefix('terms-')}"
    yield from notices(browser)
    (button,), (back,) = browser.page.select("main .buttons button"), browser.page.select("main .buttons a")
    danger = " in red" if "danger" in str(button["class"]) else ""
    yield f"［{button.get_text(strip=True)}］{danger} ← {back.get_text(strip=True)} {fixed(str(back['href']))}"


def complete_page(browser: Browser, confirmed: list[str]) -> Iterator[str]:
    """`confirmed`: what the confirm page said; what is said again takes one line."""
    said = browser.page.select("main .notice")[0]
    yield f"{said['class'][-1]} {' '.join(text(line) for line in said.select('p:not(.buttons)'))}"
    yield from again(confirmed, [row for row in rows(browser) if not row.startswith(OF_EVERY_RECEIPT)])
    for steps in browser.page.select("main ol.progress"):
        yield fixed("progress " + " › ".join(text(step) for step in steps.select("li")))
    for sentence in browser.page.select("main > p:has(a.act)"):
        yield f"onward {text(sentence)} {sentence.select('a')[0]['href']}"
    yield from again(confirmed, list(notices(browser)))
    links = browser.page.select("main .notice a.button, main nav a")
    yield fixed("→ " + "、".join(f"{link.get_text()} {link['href']}" for link in links))


def again(confirmed: list[str], shown: list[str]) -> Iterator[str]:
    """What is shown, without the lines that the confirm page had; how many of those there are."""
    before = {line.removeprefix(COSTS[0]).removeprefix(COSTS[1]) for line in confirmed}
    yield from (line for line in shown if line not in before)
    same = sum(line in before for line in shown)
    if same:
        yield f"{same} lines as confirmed"


def rows(browser: Browser) -> Iterator[str]:
    """The rows of the page: before them the heading of their section, behind them the former value."""
    for row in browser.page.select("main dl.rows > div"):
        heading = row.find_previous("h2")
        section = text(heading) if heading else ""
        label, value, *before = (text(cell) for cell in row.find_all(["dt", "dd"]))
        under = f"{section}：" if section in SECTIONS else ""
        yield f"{under}{label}：{value}{''.join(f'（{one}）' for one in before)}"


def notices(browser: Browser) -> Iterator[str]:
    return (f"notice {shortened(text(notice))}" for notice in browser.page.select("main .notice li"))


async def mails_since(last: int) -> list[str]:
    """To whom and with what subject; of the body the lines that say something of this change."""
    found = await database.rows("SELECT recipient, subject, body FROM outbox WHERE id > $1 ORDER BY id", last)
    told: dict[tuple[str, str], list[str]] = {}
    for mail in found:
        alike = mail["body"].partition(" 様\n")[2]  # each begins with the name of whom it is for
        told.setdefault((mail["subject"], alike), []).append(mail["recipient"])
    lines = []
    for (subject, body), recipients in told.items():
        said = body.partition("-----")[0].splitlines()
        assert not any(map(without_condition, [subject, *said])), said
        facts = [fixed(line) for line in said if re.search("：|://", line) and "お手続き日時" not in line]
        lines += [f"mail to {' and '.join(recipients)}: {subject}", *indented(facts)]
    return lines


def indented(lines: Iterator[str] | list[str]) -> list[str]:
    return [f"  {line}" for line in lines]


def shortened(said: str) -> str:
    return said if len(said) <= MOST else f"{said[:MOST]}…"


def text(element: Tag) -> str:
    return fixed(re.sub(r"\s+", " ", element.get_text(" ", strip=True)))


def fixed(said: str) -> str:
    """Without what is another each time: the minute, the change's identity, a token, passwords and codes of our making."""
    said = re.sub(rf"\b[{app_passwords.LETTERS}]{{16}}\b", "…16 letters…", said)
    said = re.sub(r"[?&]change=[0-9a-f-]{36}", "", said)
    said = re.sub(r"(/purchase-requests/)[0-9a-f-]{36}", r"\1…", said)
    said = re.sub(r"(\d{4}/\d\d/\d\d) \d\d:\d\d", r"\1", said)
    said = re.sub(r"([A-Z2-9]{5}-[A-Z2-9]{5} ?){10}", "（10個）", said)
    return re.sub(r"token=\S+", "token=…", said)
