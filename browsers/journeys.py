"""Ways that several tests go."""

from __future__ import annotations

from browsers.device import Device
from e2e.households import Household

INPUT, REVIEW, DONE = (f"アカウントID登録／変更{step}" for step in ("", "確認", "完了"))
GIVEN = "（名）"


def types_a_daughter(device: Device, household: Household) -> None:
    """Fill in the form of an account ID."""
    typed = {
        "アカウントID": household.daughter,
        "（姓）": "有光",
        GIVEN: "光",
        "（姓カナ）": "アリミツ",
        "（名カナ）": "ヒカリ",
        "ユーザーネーム": "ひかり",
        "パスワード": "hik-7q2mzw",
        "パスワード（確認）": "hik-7q2mzw",
    }
    for label, text in typed.items():
        device.fill(label, text)


def asks_for_a_daughter(device: Device, household: Household) -> None:
    """Go to the confirm page of a new account ID."""
    device.open("/accounts/new")
    types_a_daughter(device, household)
    device.press("次へ進む")
    device.shows(REVIEW)
