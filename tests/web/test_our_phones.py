"""Our phone numbers: links that call, wherever one stands, with their hours beside (tests/browser.py looks at every page)."""

from __future__ import annotations

import pytest

from tests.browser import Browser


def numbers(browser: Browser) -> dict[str, str]:
    """What is shown and what is called, of each link that calls."""
    return {link.get_text(): str(link["href"]) for link in browser.page.select("main a[href^='tel:']")}


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/contact", ["0120-000-0000", "0120-000-0001"]),
        ("/hikari-denwa", ["0120-000-0000"]),
        ("/gate-call-050", ["0120-000-0000"]),
        ("/cancellation", ["0120-000-0000"]),
        ("/forgotten", ["0120-000-0000"]),
    ],
)
async def test_every_page_that_names_a_number_calls_it(
    contractor: Browser, path: str, shown: list[str]
) -> None:
    await contractor.open(path)
    assert numbers(contractor) == {number: "tel:" + number.replace("-", "") for number in shown}


@pytest.mark.slow
async def test_the_page_of_a_lock_calls_too(visitor: Browser) -> None:
    for _ in range(11):
        await visitor.log_in("account", "arteri-an-001", "wrong-1234")
    assert visitor.answer.status_code == 429
    assert numbers(visitor) == {"0120-000-0000": "tel:01200000000"}


async def test_phone_fields_ask_browsers_for_the_number_without_the_country(contractor: Browser) -> None:
    await contractor.open("/customer")
    asked = {
        str(field["name"]): field["autocomplete"] for field in contractor.page.select("input[inputmode=tel]")
    }
    assert asked == {"phone": "tel-national", "fax": "fax tel-national", "mobile": "mobile tel-national"}
