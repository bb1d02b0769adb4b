"""What lines may not share is tried with the files that share it: test_loading.py and test_importing.py."""

from __future__ import annotations

from app.domain.contracts import clashes


def test_no_domain_of_addresses_is_asked_about_where_none_was_said() -> None:
    assert len(clashes.among_them("mail.example.jp")) == len(clashes.among_them("")) + 2
