"""What is encrypted at rest: each key opens its own for ever, in whatever place it stands, and no other key does."""

from __future__ import annotations

import pytest
from cryptography.fernet import InvalidToken
from hypothesis import given
from hypothesis import strategies as st

from app.domain import data_keys
from app.domain.data_keys import DataKeys
from tests.conftest import Installed

keys = st.binary(min_size=32, max_size=40)
several = st.lists(keys, min_size=1, max_size=4, unique=True)


@pytest.mark.slow
@given(st.text(), several, keys)
def test_what_the_newest_key_encrypted_is_read_by_every_installation_that_has_it_and_by_no_other(
    text: str, given: list[bytes], another: bytes
) -> None:
    sealed = DataKeys.of(tuple(given)).encrypt(text)
    assert DataKeys.of((another, *reversed(given))).decrypt(sealed) == text
    assert DataKeys.of((given[0],)).decrypt(sealed) == text
    others = tuple(key for key in (*given[1:], another) if key != given[0])
    if others:
        with pytest.raises(InvalidToken):
            DataKeys.of(others).decrypt(sealed)


@pytest.mark.slow
@given(st.text(), st.text(), several)
def test_an_equal_value_is_found_by_the_fingerprint_of_each_key_newest_first(
    text: str, other: str, given: list[bytes]
) -> None:
    made = DataKeys.of(tuple(given)).fingerprints(text)
    assert made == [DataKeys.of((key,)).fingerprints(text)[0] for key in given]
    assert len(set(made)) == len(given)
    assert (made == DataKeys.of(tuple(given)).fingerprints(other)) == (text == other)


@given(several)
def test_a_key_is_named_the_same_in_whatever_place_and_its_name_is_no_part_of_what_it_makes(
    given: list[bytes],
) -> None:
    names = DataKeys.of(tuple(given)).names
    assert names == tuple(DataKeys.of((key,)).names[0] for key in given)
    assert len(set(names)) == len(given)
    for key, name in zip(given, names, strict=True):
        assert len(name) == 8
        assert name not in key
        assert not any(name in made for made in DataKeys.of((key,)).fingerprints("AAAA-0001"))


def test_what_was_written_long_ago_is_still_named_found_and_read() -> None:
    """Whoever derives keys in another way loses every PIN that was sold."""
    then = DataKeys.of((b"a data key of some years ago, 32b",))
    assert then.names[0].hex() == NAME
    assert then.fingerprints("AAAA-0001")[0].hex() == FINGERPRINT
    assert then.decrypt(SEALED) == "AAAA-0001"


NAME = "d2bef3495d9eb1be"
FINGERPRINT = "bb6db82f4e22703773cf1a5ad41ac45436870068e229ce1caf18e84282c11cad"
SEALED = (
    b"gAAAAABlU_EASIiRuU8EMBAIzTYUPYMV7jgSKS6o8vBTwCB3CUohkyWCWS_udtlqxEtf7PQjPGc_i1fdkMTYR79CH_yVRR_HSA=="
)


def test_the_keys_are_those_of_the_installation_as_it_is_now(installed: Installed) -> None:
    sealed = data_keys.current().encrypt("AAAA-0001")
    installed(data_keys=(b"another data key of these tests!",))
    with pytest.raises(InvalidToken):
        data_keys.current().decrypt(sealed)
