"""What `make acceptance` refuses to begin with, says of headers, and never says; e2e/test_acceptance.py plays it."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from acceptance import hiding, target
from acceptance.hiding import clean, hide
from acceptance.target import Unfit, read
from acceptance.test_open import _wrong_headers
from app.web.front_door import HEADERS, ONE_YEAR

FIT = {"URL": "https://mypage.example.jp/", "NUMBER": "90000000000000", "ACCEPTANCE_PASSWORD": "pass-phrase"}


@pytest.fixture(autouse=True)
def _as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """What one test hides is hidden in it alone."""
    monkeypatch.setattr(hiding, "_hidden", {})


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"URL": ""}, "URL"),
        ({"URL": "mypage.example.jp"}, "URL"),
        ({"URL": "ftp://mypage.example.jp"}, "URL"),
        ({"URL": "https://mypage.example.jp/login"}, "URL"),
        ({"URL": "https://me:pass-phrase@mypage.example.jp/login"}, "leave them out"),
        ({"NUMBER": " "}, "NUMBER"),
        ({"ACCEPTANCE_PASSWORD": ""}, "ACCEPTANCE_PASSWORD"),
        ({"LOGIN": "arteri-an-002"}, "ACCEPTANCE_ACCOUNT_PASSWORD"),
        ({"CHANGE": "yes"}, "CHANGE"),
        ({"BUY": "2"}, "BUY"),
        ({"SCREENSHOTS": "all"}, "SCREENSHOTS"),
    ],
)
def test_what_a_run_cannot_begin_with_is_named(given: dict[str, str], named: str) -> None:
    with pytest.raises(Unfit, match=named) as unfit:
        read({**FIT, **given})
    assert "pass-phrase" not in str(unfit.value)


def test_a_target_shows_no_secret_and_changes_nothing_unless_told() -> None:
    found = read({**FIT, "ACCEPTANCE_TOTP": "ABCD EFGH"})
    assert (found.url, found.change, found.buy, found.totp) == (
        "https://mypage.example.jp",
        False,
        False,
        "ABCDEFGH",
    )
    assert "pass-phrase" not in repr(found)
    assert "ABCDEFGH" not in repr(found)


def headers(**other: str) -> dict[str, list[str]]:
    made = {name.lower(): [value] for name, value in HEADERS.items()}
    return {
        **made,
        "strict-transport-security": [ONE_YEAR],
        **{name: [value] for name, value in other.items()},
    }


def test_the_portals_own_headers_are_right_and_each_that_a_proxy_spoils_is_named() -> None:
    portal = read(FIT)
    assert _wrong_headers(headers(), portal) == []
    assert _wrong_headers({**headers(), "x-frame-options": ["DENY", "DENY"]}, portal) == [
        "X-Frame-Options comes 2 times instead of once"
    ]
    (loose,) = _wrong_headers(
        headers() | {"content-security-policy": [HEADERS["Content-Security-Policy"] + "; object-src *"]},
        portal,
    )
    assert "lets too much in" in loose
    assert _wrong_headers(headers() | {"strict-transport-security": ["max-age=300"]}, portal) == [
        "Strict-Transport-Security holds for less than a year"
    ]
    assert _wrong_headers(headers(server="nginx/1.22.1"), portal) == [
        "the server tells its version: ['nginx/1.22.1']"
    ]
    without_policy = {name: value for name, value in headers().items() if name != "content-security-policy"}
    assert _wrong_headers(without_policy, portal) == ["Content-Security-Policy comes 0 times instead of once"]
    plain = {name: value for name, value in headers().items() if name != "strict-transport-security"}
    assert _wrong_headers(plain, replace(portal, url="http://127.0.0.1:8000")) == []
    assert "Strict-Transport-Security comes 0 times instead of once" in _wrong_headers(plain, portal)


def test_a_browsers_error_says_what_it_awaited_and_not_what_was_shown_or_typed() -> None:
    hide("pass-phrase")
    hide("pass", "(half)")
    told = clean(
        "Locator expected to have Value 'pass-phrase'\nActual value: 有光 杏\nCall log:\n"
        '  - Expect "to_have_value" with timeout 300ms\n  - waiting for get_by_label("氏名")\n    - fill("pass-phrase")\n'
    )
    assert told == "Locator expected to have Value '[hidden]' (get_by_label(\"氏名\"))"
    assert clean("two are wrong\nassert not ['有光']") == "two are wrong"


def test_the_passwords_are_asked_for_at_a_terminal_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBER", "90000000000000")
    monkeypatch.setenv("LOGIN", "arteri-an-002")
    for name in ("ACCEPTANCE_PASSWORD", "ACCEPTANCE_ACCOUNT_PASSWORD"):
        monkeypatch.setenv(name, "")
    asked: list[str] = []

    def typed(prompt: str) -> str:
        asked.append(prompt)
        return "typed"

    monkeypatch.setattr("getpass.getpass", typed)
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    target.ask()
    assert asked == []
    monkeypatch.setattr("sys.stdin", type("Terminal", (), {"isatty": lambda self: True})())
    target.ask()
    assert asked == ["password of 90000000000000 (not shown): ", "password of arteri-an-002 (not shown): "]
    assert os.environ["ACCEPTANCE_ACCOUNT_PASSWORD"] == "typed"
