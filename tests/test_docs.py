"""The documents stay true: settings, commands, files and links that they name are there, and none is missing."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from app import cli, settings
from app.domain import events
from app.postgres import database
from tests.access.test_matrix import ROUTES

ROOT = Path(__file__).parent.parent
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
OPERATING = (ROOT / "docs" / "operating.md").read_text()


def test_every_setting_is_documented_and_no_other_is() -> None:
    documented = set(re.findall(r"`(MYPAGE_[A-Z_]+|DATABASE_URL)`", OPERATING))
    assert documented == set(settings.VARIABLES)


def test_every_setting_that_the_code_reads_is_listed() -> None:
    code = "\n".join(path.read_text() for path in (ROOT / "app").rglob("*.py"))
    read = set(re.findall(r"\"(MYPAGE_[A-Z_]+|DATABASE_URL)\"", code)) - {
        "MYPAGE_CONNECTION",
        "MYPAGE_PARENT",
    }
    assert read == set(settings.VARIABLES)


def test_every_command_is_documented_with_its_options() -> None:
    for command in cli.COMMANDS:
        line = next(
            (row for row in OPERATING.splitlines() if row.startswith(f"| `mypage {command.words}")), ""
        )
        assert line, command.words
        for option in (name for argument in command.arguments for name in argument.names if name[0] == "-"):
            assert option in line, f"{command.words} {option}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_and_paths_of_a_document_lead_somewhere(document: Path) -> None:
    text = document.read_text()
    for link in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (document.parent / link).exists(), link
    for path in re.findall(r"`((?:app|tests|e2e|docs|migrations|static|bench|ops|bin)/[\w./-]*)`", text):
        assert (ROOT / path).exists(), path


INTERFACES = (ROOT / "docs" / "interfaces.md").read_text()


async def test_every_view_of_other_systems_is_documented_with_its_columns(empty_database: str) -> None:
    sections = re.findall(r"^### `(\w+\.\w+)`$(.+?)(?=^##|\Z)", INTERFACES, re.MULTILINE | re.DOTALL)
    documented = {
        name: re.findall(r"^\| `(\w+)` \|", text.partition("| kind |")[0], re.MULTILINE)
        for name, text in sections
    }
    there = await database.rows(
        "SELECT table_schema || '.' || table_name AS name, array_agg(column_name::text ORDER BY ordinal_position) AS columns"
        " FROM information_schema.columns WHERE table_schema IN ('billing_v1', 'events_v1') GROUP BY 1"
    )
    assert documented == {row["name"]: row["columns"] for row in there}
    kinds = re.findall(
        r"^\| `(\w+)` \|", INTERFACES.partition("| kind |")[2].partition("###")[0], re.MULTILINE
    )
    assert set(kinds) == events.KINDS


COVERAGE = (ROOT / "docs" / "manual-coverage.md").read_text()
COVERED = re.findall(r"^\| (.+?) \| `(/[^`]*)` \| `([^`:]+)::(\w+)` \|$", COVERAGE, re.MULTILINE)


def test_every_figure_of_the_manual_has_its_screen_and_a_test_that_is_there() -> None:
    assert len(re.findall(r"^\| [0-9]+[abc]? \|", COVERAGE, re.MULTILINE)) == 49
    assert len(COVERED) == len(re.findall(r"^\| .*::.* \|$", COVERAGE, re.MULTILINE))
    screens = {re.sub(r"\{.+?\}", "{}", path) for method, path in ROUTES if method == "GET"}
    for figure, path, file, test in COVERED:
        assert re.sub(r"\{.+?\}", "{}", path) in screens, f"{figure}: {path}"
        assert re.search(rf"def {test}\b", (ROOT / file).read_text()), f"{figure}: {file}::{test}"


ASVS, SECURITY = ((ROOT / "docs" / name).read_text() for name in ("asvs.md", "security.md"))
VERDICTS = ("holds", "platform", "does not apply", "falls short")
_LINE = re.compile(r"^\| ([0-9.]+) \| ([12]) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
_PATH = re.compile(r"`([\w.-]+/[\w./-]*|[\w.-]+\.(?:py|md|conf|cf|toml|lock|js|css|html))`")


def test_each_requirement_of_asvs_levels_1_and_2_has_its_line_and_its_verdict() -> None:
    ids = [line.split() for line in (ROOT / "tests" / "asvs_5_0.txt").read_text().splitlines()]
    lines = _LINE.findall(ASVS)
    assert [[name, level] for name, level, *_ in lines] == ids
    assert len(lines) == len(re.findall(r"^\| [0-9]", ASVS, re.MULTILINE)) == 253
    for name, _, _, verdict, why in lines:
        assert verdict in VERDICTS, name
        assert verdict == "does not apply" or _PATH.search(why), f"{name} names no file"


def test_the_summary_of_asvs_is_what_the_list_says() -> None:
    given = [verdict for *_, verdict, _ in _LINE.findall(ASVS)]
    counts = [given.count(verdict) for verdict in VERDICTS]
    holds, platform, not_here, short = counts
    said = SECURITY[SECURITY.index("## ASVS 5.0, levels 1 and 2") :].replace("\n", " ")
    assert f"{holds} hold, {platform} hold by the platform" in said
    assert f"{not_here} do not apply" in said
    assert f"{short} fall short" in said
    listed = re.findall(r"^\| ([0-9]+\.[0-9.]+) \|", SECURITY, re.MULTILINE)
    assert sorted(listed) == sorted(
        name for name, _, _, verdict, _ in _LINE.findall(ASVS) if verdict == "falls short"
    )


@pytest.mark.parametrize("text", [ASVS, SECURITY], ids=["asvs", "security"])
def test_each_file_that_the_documents_of_security_name_is_there(text: str) -> None:
    for path in _PATH.findall(text):
        assert (ROOT / path).exists(), path


def test_the_readmes_commands_are_targets_of_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"make ([a-z]+)", (ROOT / "README.md").read_text()):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_the_changelog_tells_what_the_version_of_the_project_file_is() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    headings = re.findall(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert headings[0] == "Unreleased"
    assert version in headings


async def test_the_statements_of_the_incident_plan_work(filled_database: str) -> None:
    plan = (ROOT / "docs" / "incident.md").read_text()
    statements = re.findall(r"`(SELECT [^`]+)`", plan)
    assert len(statements) > 7
    for statement in statements:
        given = statement.replace("contract = …", "contract = 1").replace("…", "now()")
        await database.rows(given)
