"""Which database a command says it is on: what DATABASE_URL names, and nothing of a password however it was written."""

from __future__ import annotations

import pytest

from app.postgres.address import UNREAD, in_words


@pytest.mark.parametrize(
    ("rest", "said"),
    [
        ("mypage:secret@db.example.jp:6432/mypage?sslmode=require", "mypage at db.example.jp, port 6432"),
        ("u:secret@db/m%2Fx", "m/x at db, port 5432"),
        ("u:secret@[2001:db8::1]:5433/x", "x at [2001:db8::1], port 5433"),
        ("u:secret@a:1,b:2/x", "x at a, port 1 or b, port 2"),
        ("u:secret@a,b/x?port=1,2", "x at a, port 1 or b, port 2"),
        ("u:secret@/x?host=/run/postgresql&port=5433", "x at /run/postgresql, port 5433"),
        ("u:secret@h", "u at h, port 5432"),
        ("/x?password=secret", "x at localhost, port 5432"),
        ("/x?service=members", "x at the host of the service members"),
        ("h?dbname=x", "x at h, port 5432"),
    ],
)
def test_an_address_is_said_as_name_host_and_port(rest: str, said: str) -> None:
    assert in_words(f"postgresql://{rest}", {}) == f"the database {said}"


def test_what_the_address_leaves_out_comes_from_postgresqls_own_variables() -> None:
    environment = {"PGHOST": "db", "PGPORT": "6432", "PGDATABASE": "members", "PGPASSWORD": "secret"}
    assert in_words("postgresql://", environment) == "the database members at db, port 6432"


@pytest.mark.parametrize(
    "rest",
    [
        *("x:secret/word@h/db", "x:12/34@h/db", "u:12#3@h/db", "u:12?3@h/db", "u:pa@ss@h/db"),
        *("u:12#3", "word@h:secret/db", "u:a:b@h/db", "u:[x@h/db", "u:p@h/d@b", "u:sec ret"),
    ],
)
def test_an_address_whose_password_was_not_written_safely_is_not_repeated(rest: str) -> None:
    assert in_words(f"postgresql://{rest}", {}) == UNREAD
