"""The shape of a line: docs/operating.md names each field (test_loading.py)."""

from __future__ import annotations

import msgspec
import pytest

from app.domain.contracts import shape


@pytest.mark.parametrize("struct", [shape.Contract, shape.Holder, shape.Card, shape.Account, shape.Service])
def test_a_name_that_nobody_reads_is_refused(struct: type[msgspec.Struct]) -> None:
    assert struct.__struct_config__.forbid_unknown_fields
