"""What is encrypted at rest: PINs of licences, secrets of authenticator apps.

From each of MYPAGE_DATA_KEYS three things are derived: a key that encrypts, a key of fingerprints, by which an equal
value is found without reading it, and a name, by which a table says which key a row needs.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import hmac
from dataclasses import dataclass

from cryptography.fernet import Fernet, MultiFernet

from app.domain import installation
from app.mistake import Mistake


class WrongDataKeys(Mistake):
    """The keys do not read what the database keeps; the text says what to do."""


@dataclass(frozen=True)
class DataKeys:
    """The keys, newest first: the newest encrypts, every one reads."""

    names: tuple[bytes, ...]
    _cipher: MultiFernet
    _fingerprint_keys: tuple[bytes, ...]

    @classmethod
    def of(cls, keys: tuple[bytes, ...]) -> DataKeys:
        ciphers = [Fernet(base64.urlsafe_b64encode(_derived(key, b"encryption"))) for key in keys]
        return cls(
            names=tuple(_derived(key, b"name")[:8] for key in keys),
            _cipher=MultiFernet(ciphers),
            _fingerprint_keys=tuple(_derived(key, b"fingerprint") for key in keys),
        )

    def encrypt(self, text: str) -> bytes:
        return self._cipher.encrypt(text.encode())

    def decrypt(self, sealed: bytes) -> str:
        """Raises cryptography.fernet.InvalidToken when none of the keys reads it."""
        return self._cipher.decrypt(sealed).decode()

    def fingerprints(self, text: str) -> list[bytes]:
        """By each key, newest first: a row that an older key made is found by that one."""
        return [hmac.digest(key, text.encode(), hashlib.sha256) for key in self._fingerprint_keys]


def _derived(key: bytes, purpose: bytes) -> bytes:
    return hmac.digest(key, b"data " + purpose, hashlib.sha256)


def current() -> DataKeys:
    """The keys of this installation. Raises RuntimeError when none were handed over at start."""
    return _made_of(installation.data_keys())


_made_of = functools.lru_cache(maxsize=1)(DataKeys.of)
"""Derived once: an installation has the same keys as long as it runs."""
