"""An operator is told when PostgreSQL's log would keep the values that statements are given."""

from __future__ import annotations

import pytest

from app.postgres import database, server_log


@pytest.mark.parametrize(
    ("settings", "logged"),
    [
        ({}, ""),
        ({"log_statement": "ddl"}, ""),
        ({"log_statement": "mod"}, "log_statement = mod"),
        ({"log_statement": "all"}, "log_statement = all"),
        ({"log_min_duration_statement": "250"}, "log_min_duration_statement = 250"),
        ({"log_min_duration_sample": "0"}, "log_min_duration_sample = 0"),
    ],
)
async def test_it_is_told_by_name_when_values_are_logged(
    empty_database: str, settings: dict[str, str], logged: str
) -> None:
    for kept in ("-1", "0", "8"):
        async with database.engine().transaction():
            for name, value in {**settings, "log_parameter_max_length": kept}.items():
                await database.rows("SELECT set_config($1, $2, true)", name, value)
            warning = await server_log.warning()
        assert bool(warning) == (bool(logged) and kept != "0")
        assert logged in warning or kept == "0"
        assert ("log_parameter_max_length = 0" in warning) == bool(warning)
