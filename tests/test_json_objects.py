"""The keys of a JSON value are the fields of the struct that it is decoded into."""

from __future__ import annotations

import msgspec
import pytest

from app.domain import tables
from app.domain.json_objects import json_list, json_object, json_one
from app.postgres import database


class Person(msgspec.Struct):
    """Somebody with an account ID."""

    login: str
    family: str
    contracts: int


def test_a_field_is_a_column_or_has_an_expression() -> None:
    made = json_object(Person, tables.Account, "a", contracts="(SELECT count(*) FROM contract)")
    assert made == (
        "json_build_object('login', a.login, 'family', a.family, 'contracts', (SELECT count(*) FROM contract))"
    )


def test_a_field_without_a_value_is_refused_with_its_name() -> None:
    with pytest.raises(TypeError, match=r"Person .* no value for \['contracts'\], no field for \[\]"):
        json_object(Person, tables.Account, "a")


def test_an_expression_without_a_field_is_refused_with_its_name() -> None:
    with pytest.raises(TypeError, match=r"Person .* no value for \[\], no field for \['contract'\]"):
        json_object(Person, tables.Account, "a", contracts="1", contract="a.contract")


async def test_what_is_built_is_what_is_decoded(filled_database: str) -> None:
    person = json_object(Person, tables.Account, "a", contracts="1")
    ours = "FROM account a WHERE a.login LIKE 'arteri-an-%'"
    one = json_one(person, f"{ours} AND a.login = 'arteri-an-002'")
    none, all_of_them = json_one(person, f"{ours} AND false"), json_list(person, ours, "a.login")
    nobody = json_list(person, f"{ours} AND false", "a.login")
    found = (
        await database.rows(f"SELECT {one} AS one, {none} AS none, {all_of_them} AS all, {nobody} AS nobody")
    )[0]
    assert msgspec.json.decode(found["one"], type=Person) == Person("arteri-an-002", "有光", 1)
    assert found["none"] is None
    listed = msgspec.json.decode(found["all"], type=list[Person])
    assert [one.login for one in listed] == ["arteri-an-001", "arteri-an-002"]
    assert found["nobody"] == "[]"
