"""What PostgreSQL's own log would keep of the statements that it is given: hashes of passwords among them.

The embedded server keeps none (embedded/server.py). Of somebody else's server no more can be done than to say so:
these settings are its superuser's.
"""

from __future__ import annotations

from app.postgres import database

WARNING = (
    "PostgreSQL logs the values that statements are given, password hashes too ({logged}): as its superuser, "
    "ALTER ROLE {role} SET log_parameter_max_length = 0, or log no statements"
)


async def warning() -> str:
    """What to tell the operator; "" where the log keeps no values."""
    (found,) = await database.rows(_SETTINGS)
    return WARNING.format(**found) if found["logged"] and found["kept"] != "0" else ""


# SQL for settings, which are no table. A duration of -1 logs no statement.
_SETTINGS = """
SELECT current_user AS role, current_setting('log_parameter_max_length') AS kept,
    concat_ws(', ',
        (SELECT 'log_statement = ' || value FROM current_setting('log_statement') AS value WHERE value IN ('mod', 'all')),
        (SELECT string_agg(name || ' = ' || setting, ', ' ORDER BY name) FROM pg_settings
            WHERE name IN ('log_min_duration_statement', 'log_min_duration_sample') AND setting <> '-1')
    ) AS logged
"""
