"""What `mypage check` says of how long what is kept: the settings, the privacy text, the list of erasures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from app.branding import BRAND
from app.checks import Looked, retention
from app.domain import keeping


def test_the_times_are_said_and_one_that_is_too_short_is_a_failure() -> None:
    (found,) = retention.periods(Looked({"MYPAGE_KEEP_CALLS": "3y"}))
    assert found.outcome == "ok"
    assert found.text.startswith("telephone calls 3 years; bills: whom they were for 7 years; changes")
    failed = list(retention.periods(Looked({"MYPAGE_KEEP_BILLS": "5y", "MYPAGE_KEEP_LOGINS": "long"})))
    assert [one.outcome for one in failed] == ["failure", "failure"]
    assert "7 years by law" in failed[0].text


def test_a_privacy_text_that_does_not_say_a_time_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    (found,) = retention.told(Looked({}))
    assert found.outcome == "ok", found.text
    text = BRAND.texts["privacy"]
    shorter = tuple(replace(one, html=one.html.replace("{keep_calls}", "2年")) for one in text.sections)
    texts = {**BRAND.texts, "privacy": replace(text, sections=shorter)}
    monkeypatch.setattr(retention, "BRAND", replace(BRAND, texts=texts))
    (found,) = retention.told(Looked({}))
    assert found.outcome == "warning"
    assert found.text.endswith("put in {keep_calls} (通話明細)")
    assert len(retention.SAID) + 4 == len(keeping.KEPT)


def test_erasures_have_to_be_known_outside_of_the_database(tmp_path: Path) -> None:
    said = []
    for path in (None, tmp_path / "away" / "list", tmp_path / "list"):
        (found,) = retention.listed(Looked({"MYPAGE_ERASURES": str(path)} if path else {}))
        said.append(found.outcome)
    assert said == ["warning", "failure", "warning"]
    (tmp_path / "list").write_text("")
    (found,) = retention.listed(Looked({"MYPAGE_ERASURES": str(tmp_path / "list")}))
    assert found.outcome == "ok"
