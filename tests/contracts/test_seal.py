"""Plain passwords that wait for their hash."""

from __future__ import annotations

import pytest
from cryptography.exceptions import InvalidTag

from app.domain.contracts.seal import Seal


def test_only_the_seal_that_closed_a_password_opens_it() -> None:
    seal = Seal()
    closed = seal.close("abc12345")
    assert b"abc12345" not in closed
    assert closed != seal.close("abc12345")
    assert seal.open(closed) == "abc12345"
    with pytest.raises(InvalidTag):
        Seal().open(closed)
