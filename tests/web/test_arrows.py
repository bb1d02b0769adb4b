"""The modules of app/web import each other one way, and nothing that stands on them; imports for types count."""

from __future__ import annotations

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

APP = Path(__file__).parents[2] / "app"
WEB = sorted(path.stem for path in (APP / "web").glob("*.py") if path.stem != "__init__")


def imported(path: Path) -> set[str]:
    """The modules that a file imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            found |= {str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


@pytest.mark.slow
def test_no_arrow_of_the_web_modules_leads_back() -> None:
    arrows = {
        name: {other for other in WEB if f"app.web.{other}" in imported(APP / "web" / f"{name}.py")}
        for name in WEB
    }
    assert {"forms", "pages", "visit"} <= arrows["request"]
    order = list(TopologicalSorter(arrows).static_order())  # a cycle raises
    assert order.index("cookies") < order.index("visit") < order.index("request") < order.index("guard")
    assert order.index("request") < order.index("render") < order.index("errors")


@pytest.mark.parametrize("name", WEB)
def test_what_every_page_stands_on_knows_no_page(name: str) -> None:
    above = ("app.routes", "app.main", "app.demo", "app.commands", "app.cli", "app.serving")
    assert not [module for module in imported(APP / "web" / f"{name}.py") if module.startswith(above)]


@pytest.mark.slow
def test_the_rules_know_no_http() -> None:
    for path in (APP / "domain").rglob("*.py"):
        assert not [
            module
            for module in imported(path)
            if module.startswith(("app.web", "app.routes", "app.main", "litestar"))
        ], path
