"""Customer numbers of another length than the settings say: nobody could log in with them."""

from __future__ import annotations

from collections.abc import Iterator

import asyncpg

from app.checks.finding import Finding, Looked, failure, ok, warning
from app.mistake import Mistake
from app.postgres import database
from app.settings import customer_number_digits

CHECK = "customer numbers"
WHY = "forms, imports and commands take numbers of one length alone, so nobody logs in with another"


def length(looked: Looked) -> Iterator[Finding]:
    """A failure where a contract's number has not as many digits as MYPAGE_CUSTOMER_NUMBER_DIGITS."""
    asked = looked.asked
    if asked is None or looked.unreached:
        return
    try:
        digits = customer_number_digits(looked.environment)
        (found,) = asked(lambda: database.rows(_OTHERS, digits))
    except (Mistake, asyncpg.PostgresError, OSError, TimeoutError) as error:
        reason = database.without_detail(error)
        yield warning(
            CHECK, f"they could not be looked at: {reason}", WHY, "mend what is said of the database"
        )
        return
    if found["others"]:
        yield failure(
            CHECK,
            f"{found['others']:,} of {found['all_of_them']:,} have not {digits} digits",
            WHY,
            f"set MYPAGE_CUSTOMER_NUMBER_DIGITS to {found['digits']}",
        )
    else:
        yield ok(CHECK, f"{found['all_of_them']:,} have {digits} digits")


# SQL for several answers in one: of numbers that were erased nothing is left to count.
_OTHERS = """
SELECT count(*) AS all_of_them, count(*) FILTER (WHERE length(customer_number) <> $1) AS others,
    mode() WITHIN GROUP (ORDER BY length(customer_number)) AS digits
FROM contract WHERE erased_at IS NULL
"""
