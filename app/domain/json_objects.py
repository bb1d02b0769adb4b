"""JSON that PostgreSQL builds for a msgspec struct: its keys are the struct's fields, so that the two cannot drift apart."""

from __future__ import annotations

import msgspec
from piccolo.table import Table


def json_object(struct: type[msgspec.Struct], table: type[Table], alias: str, /, **expressions: str) -> str:
    """`json_build_object(…)` of what the struct takes, in the order of its fields, which msgspec decodes fastest.

    A field's value is its expression, else the table's column of that name; the statement calls the table `alias`.
    Raises TypeError for a field that has neither, and for an expression that no field takes.
    """
    fields = [field.encode_name for field in msgspec.structs.fields(struct)]
    columns = {column._meta.db_column_name for column in table._meta.columns}
    unknown = {name for name in fields if name not in expressions and name not in columns}
    surplus = expressions.keys() - set(fields)
    if unknown or surplus:
        raise TypeError(
            f"{struct.__name__} and its JSON differ: no value for {sorted(unknown)}, no field for {sorted(surplus)}"
        )
    pairs = (f"'{name}', {expressions.get(name, f'{alias}.{name}')}" for name in fields)
    return f"json_build_object({', '.join(pairs)})"


def json_one(one: str, rows: str) -> str:
    """`one` of the only row (FROM … WHERE …); null without a row."""
    return f"(SELECT {one} {rows})"


def json_list(one: str, rows: str, order: str) -> str:
    """The JSON array of `one` for each of the rows (FROM … WHERE …), in that order; of none an empty one."""
    return f"(SELECT coalesce(json_agg({one} ORDER BY {order}), '[]') {rows})"
