"""The house keeps its rooms: who may import whom, and what a class name means (docs/architecture.md)."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
FLOORS = {
    11: {"housekeeping", "desk"},
    10: {"retention"},
    9: {"contracts", "people"},
    8: {"mail", "options"},
    7: {"cards"},
    6: {"changes"},
    5: {"money"},
    4: {"letters", "notices"},
    3: {"access", "reserved_names"},
    2: {"catalogue", "erased_names"},
    1: {
        "data_keys",
        "events",
        "fields",
        "holders",
        "imports",
        "json_objects",
        "months",
        "networks",
        "tables",
    },
    0: {"clock", "installation"},
    -1: {"keeping"},
}
"""Of the rooms of app/domain: its folders, and the files that lie in it beside them."""
FLOOR = {room: floor for floor, rooms in FLOORS.items() for room in rooms}
BELOW = {"branding", "domain", "mistake", "postgres", "security_log"}
"""What of app/ the domain may know of."""
SHARED_ROUTES = "app.routes.changes.drafts"
"""What the routes of every subject may import of another's: the way back from a confirm page."""


class Import(NamedTuple):
    """A module of app/ that a file of app/ imports, wherever in the file, for type checkers alone or not."""

    file: Path
    line: int
    module: str
    target: str
    name: str
    """What is imported of the target; "" for the module itself."""

    def __str__(self) -> str:
        return f"{self.file.relative_to(ROOT)}:{self.line} imports {self.target}"


@cache
def modules() -> dict[str, Path]:
    """Every module and package of app/, by its dotted name."""
    found = {}
    for path in sorted((ROOT / "app").rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def imports() -> tuple[Import, ...]:
    return tuple(
        Import(path, node.lineno, module, *target)
        for module, path in modules().items()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for target in _targets(node)
        if target[0] in modules()
    )


def _targets(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, str]]:
    if isinstance(node, ast.Import):
        yield from ((alias.name, "") for alias in node.names)
        return
    assert node.level == 0, f"line {node.lineno}: an import begins with app"
    for alias in node.names:
        module = f"{node.module}.{alias.name}"
        yield (module, "") if module in modules() else (str(node.module), alias.name)


def in_domain() -> list[Import]:
    return [one for one in imports() if one.module.startswith("app.domain.")]


def room(module: str) -> str:
    """The folder of app/domain that a module lies in; the module itself, if it lies beside the folders."""
    return module.split(".")[2]


def folder(module: str) -> str:
    path = modules()[module]
    return str((path.parent if path.name != "__init__.py" else path).relative_to(ROOT)).removesuffix(
        "/__init__.py"
    )


# --- floors -----------------------------------------------------------------------------------------------------------


def test_every_room_of_the_domain_has_a_floor() -> None:
    rooms = {room(module) for module in modules() if module.startswith("app.domain.")}
    assert rooms - FLOOR.keys() == set(), "put it on a floor of FLOORS"


def test_an_import_goes_down_a_floor_or_stays_in_its_folder() -> None:
    wrong = []
    for one in in_domain():
        if not one.target.startswith("app.domain."):
            continue
        here, there = FLOOR.get(room(one.module), 0), FLOOR.get(room(one.target), 0)
        if there > here:
            wrong.append(f"{one}: up from floor {here} to {there}")
        elif there == here and folder(one.module) != folder(one.target):
            wrong.append(f"{one}: another room on floor {here}")
    assert not wrong, "\n".join(["an import goes down a floor or stays in its folder", *wrong])


def test_no_two_files_import_each_other() -> None:
    graph: dict[str, set[str]] = defaultdict(set)
    for one in in_domain():
        if one.target.startswith("app.domain."):
            graph[one.module].add(one.target)
    ring = _ring(graph)
    assert not ring, f"these files import each other in a ring: {' -> '.join(ring)}"


def _ring(graph: dict[str, set[str]]) -> list[str]:
    """A way from a module back to itself; none if there is no such way."""
    done: set[str] = set()

    def search(module: str, way: list[str]) -> list[str]:
        if module in way:
            return [*way[way.index(module) :], module]
        if module in done:
            return []
        found = next((ring for after in sorted(graph[module]) if (ring := search(after, [*way, module]))), [])
        done.add(module)
        return found

    return next((ring for module in sorted(graph) if (ring := search(module, []))), [])


def test_a_ring_is_found() -> None:
    graph = defaultdict(set, {"a": {"b"}, "b": {"c", "d"}, "d": {"b"}})
    assert _ring(graph) == ["b", "d", "b"]
    assert _ring(defaultdict(set, {"a": {"b", "c"}, "b": {"c"}})) == []


def test_the_domain_knows_no_http_and_no_settings() -> None:
    wrong = [str(one) for one in in_domain() if one.target.split(".")[1] not in BELOW]
    assert not wrong, "\n".join([f"the domain imports of app/ only {sorted(BELOW)}", *wrong])


def test_the_routes_of_a_subject_do_without_those_of_another() -> None:
    wrong = [
        str(one)
        for one in imports()
        if one.module.startswith("app.routes.")
        and one.target.startswith("app.routes.")
        and room(one.module) != room(one.target)
        and one.target != SHARED_ROUTES
    ]
    assert not wrong, "\n".join([f"routes import of another subject's only {SHARED_ROUTES}", *wrong])


def test_a_purchase_is_ended_in_one_place() -> None:
    """`tables.ServicePeriod.end`; who calls it is in money/purchases.py."""
    writers = [
        module
        for module, path in modules().items()
        for node in ast.walk(ast.parse(path.read_text()))
        if (isinstance(node, ast.Dict) and any(map(_is_end, node.keys)))
        or (isinstance(node, ast.Constant) and "UPDATE service_period" in str(node.value))
    ]
    assert set(writers) == {"app.domain.tables.money"}


def _is_end(key: ast.expr | None) -> bool:
    return isinstance(key, ast.Attribute) and key.attr == "ended_at"


# --- tests ------------------------------------------------------------------------------------------------------------


def test_every_file_of_the_domain_has_its_test_file() -> None:
    """app/domain/mail/forwarding.py has tests/mail/test_forwarding.py; the tables are tested by what is stored in them."""
    missing = []
    for module, path in modules().items():
        if not module.startswith("app.domain.") or module.startswith(TABLES) or path.name == "__init__.py":
            continue
        *folders, name = module.split(".")[2:]
        tests = ROOT.joinpath("tests", *folders, f"test_{name}.py")
        if not tests.exists() or not re.search(r"^(async )?def test_", tests.read_text(), re.MULTILINE):
            missing.append(f"{path.relative_to(ROOT)}: no test in {tests.relative_to(ROOT)}")
    assert not missing, "\n".join(
        ["what a file of the domain says, a test file of its name says too", *missing]
    )


# --- names ------------------------------------------------------------------------------------------------------------


@cache
def classes() -> dict[str, list[str]]:
    """The modules that define a class of that name."""
    found: dict[str, list[str]] = defaultdict(list)
    for module, path in modules().items():
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                found[node.name].append(module)
    return found


TABLES = "app.domain.tables"


def by_name() -> list[Import]:
    """The imports of classes by their bare names."""
    return [
        one
        for one in imports()
        if one.name in classes() and not (one.module.startswith(TABLES) and one.target.startswith(TABLES))
    ]


def test_a_table_class_is_written_with_its_module() -> None:
    wrong = [f"{one}.{one.name}" for one in by_name() if one.target.startswith(TABLES)]
    assert not wrong, "\n".join(
        ["a table class is written as tables.Account, not imported by itself", *wrong]
    )


def test_a_class_name_that_stands_twice_means_one_thing_where_it_stands_alone() -> None:
    """Whatever is called the same is written with its module everywhere but in its own."""
    wrong = []
    for name in sorted(name for name, where in classes().items() if len(where) > 1):
        meant = {one.target: one for one in by_name() if one.name == name}
        wrong += [f"{one}.{name}" for one in meant.values()] if len(meant) > 1 else []
    assert not wrong, "\n".join(["a name that is imported by itself is one class in all of app/", *wrong])
