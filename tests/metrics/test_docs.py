"""What docs/operating.md and the shipped alerts say of metrics is what a server tells: names, labels, all of them."""

from __future__ import annotations

import importlib
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import Metric

from app import security_log, settings
from app.metrics.figures import LISTS, PLAIN, Reading
from app.metrics.measures import Measures
from app.metrics.settled import Settled
from tests.conftest import SETTINGS

ROOT = Path(__file__).parents[2]
OPERATING = (ROOT / "docs" / "operating.md").read_text()
PROMETHEUS = ROOT / "ops" / "prometheus"
yaml: Any = importlib.import_module("yaml")


@pytest.fixture
def families(monkeypatch: pytest.MonkeyPatch) -> list[Metric]:
    """Everything that a server can tell."""
    monkeypatch.setattr(security_log, "_listeners", [])
    measures = Measures()
    counters: tuple[Any, ...] = (measures.requests, measures.errors, measures.logins, measures.mails)
    for counter in counters:
        counter.labels(*("x" for _ in counter._labelnames))
    lists = {name: f'{{"x": {number}}}' for number, name in enumerate(LISTS)}
    reading = Reading({**dict.fromkeys(PLAIN, 1), **lists}, up=True)
    return [
        *measures.registry.collect(),
        *reading.collect(),
        *Settled(SETTINGS).collect(),
    ]


def samples(families: list[Metric]) -> dict[str, set[str]]:
    """The labels of each sample's name."""
    found: dict[str, set[str]] = {}
    for family in families:
        for sample in family.samples:
            if not sample.name.endswith("_created"):
                found.setdefault(sample.name, set()).update(sample.labels)
    return found


def test_every_metric_is_in_the_table_with_its_labels_and_no_other_is(families: list[Metric]) -> None:
    section = OPERATING.partition("## Metrics")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(mypage_\w+)` \|(.*?)\| .+ \|$", section, re.MULTILINE)
    documented = {name: set(re.findall(r"`(\w+)`", labels)) for name, labels in rows}
    assert len(documented) == len(rows)
    told = samples(families)
    whole = {re.sub(r"_(bucket|sum|count)$", "", name) if "http_request" in name else name for name in told}
    assert documented.keys() == whole
    assert documented == {name: told.get(name, told.get(f"{name}_count", set())) for name in documented}


def test_every_metric_of_the_alerts_is_told_with_the_labels_that_they_ask_for(families: list[Metric]) -> None:
    rules = yaml.safe_load((PROMETHEUS / "mypage.rules.yml").read_text())
    asked = [rule["expr"] for group in rules["groups"] for rule in group["rules"]]
    told = samples(families)
    used = set()
    for expression in asked:
        for name, labels in re.findall(r"\b(mypage_\w+)(?:{([^}]*)})?", expression):
            assert name in told, name
            assert set(re.findall(r"(\w+)\s*[=!]~?", labels)) <= told[name], expression
            used.add(name)
        for label in re.findall(r"by \((\w+)\)", expression):
            assert any(label in told[name] for name in re.findall(r"\bmypage_\w+", expression)), expression
    assert len(used) > 15


def test_every_alert_says_what_to_do_and_whom_to_wake() -> None:
    rules = yaml.safe_load((PROMETHEUS / "mypage.rules.yml").read_text())
    listed = [rule for group in rules["groups"] for rule in group["rules"]]
    names = [rule["alert"] for rule in listed]
    assert len(set(names)) == len(names)
    for rule in listed:
        assert rule["labels"]["severity"] in ("page", "ticket"), rule["alert"]
        assert len(rule["annotations"]["summary"]) > 30, rule["alert"]


def test_the_scrape_config_asks_where_the_docs_say() -> None:
    config = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text())
    assert all((PROMETHEUS / name).exists() for name in config["rule_files"])
    [job] = config["scrape_configs"]
    [target] = [target for listed in job["static_configs"] for target in listed["targets"]]
    host, _, port = target.partition(":")
    wrong: list[str] = []
    assert settings.parts.metrics({"MYPAGE_METRICS_PORT": port}, wrong) == settings.Metrics(host, int(port))
    assert f"MYPAGE_METRICS_PORT={port}" in OPERATING
    assert 'job="mypage"' in (PROMETHEUS / "mypage.rules.yml").read_text()
    assert job["job_name"] == "mypage"


@pytest.mark.skipif(
    not shutil.which("promtool"), reason="promtool of Debian's package prometheus is not there"
)
def test_prometheus_itself_takes_them() -> None:
    for kind, name in (("rules", "mypage.rules.yml"), ("config", "prometheus.yml")):
        done = subprocess.run(
            ["promtool", "check", kind, str(PROMETHEUS / name)], capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr
