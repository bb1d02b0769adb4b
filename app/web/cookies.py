"""What the secret keys make: signed cookies and their names, CSRF tokens, marks and sealing keys; and a session's token.

A session's cookie holds its token and role, signed, nothing else. A second cookie names the browser, so that one which
has logged in before is never locked out by somebody else's guessing.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import secrets
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from itsdangerous import BadSignature, URLSafeSerializer
from litestar.datastructures import Cookie


@dataclass(frozen=True)
class Keys:
    """What is derived from the secret keys: signatures, CSRF tokens, marks, sealing keys.

    The newest key makes, every key checks: with a new one in front everything that the older ones made still holds,
    until they are dropped.
    """

    secret_keys: tuple[bytes, ...]
    """Newest first."""
    https: bool

    @property
    def newest(self) -> bytes:
        return self.secret_keys[0]

    @property
    def session_cookie(self) -> str:
        return "__Host-mypage" if self.https else "mypage"

    @property
    def browser_cookie(self) -> str:
        return "__Host-mypage-browser" if self.https else "mypage-browser"

    def sign(self, purpose: str, value: list[str]) -> str:
        return str(self._serializer(purpose).dumps(value))

    def read(self, purpose: str, text: str | None) -> list[str] | None:
        """The signed value; None if it is missing, forged, or signed with a key that was retired."""
        if not text:
            return None
        try:
            value = self._serializer(purpose).loads(text)
        except BadSignature:
            return None
        return value if isinstance(value, list) and all(isinstance(part, str) for part in value) else None

    def _serializer(self, purpose: str) -> URLSafeSerializer:
        oldest_first = list(reversed(self.secret_keys))
        return URLSafeSerializer(
            oldest_first,
            salt=purpose,
            signer_kwargs={"digest_method": hashlib.sha256, "key_derivation": "hmac"},
        )

    def csrf(self, binding: str) -> str:
        return self._derive(self.newest, "csrf", binding).hex()

    def csrf_holds(self, binding: str, token: str) -> bool:
        """Whether the token of a form is the binding's; what follows its dot says who typed (typist())."""
        made = token.partition(".")[0].encode()
        return any(
            hmac.compare_digest(self._derive(key, "csrf", binding).hex().encode(), made)
            for key in self.secret_keys
        )

    def typist(self, browser: str, login: tuple[int, int | None]) -> str:
        """Names the login whose form it is (keys of its contract and account ID) to us alone, in that browser alone.

        A form carries it, so that what is typed into it can be kept for that login when the session is over and nothing
        else tells whose it was. Nobody can make one for another login, or use one in another browser.
        """
        contract, account = login
        whose = contract.to_bytes(8, "big") + (account or 0).to_bytes(8, "big")
        sealed = AESSIV(self._derive(self.newest, "typist", "")).encrypt(whose, [browser.encode()])
        return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()

    def read_typist(self, browser: str, token: str) -> tuple[int, int | None] | None:
        """The login that a form's token names behind its dot; None for none that we made for this browser."""
        try:
            sealed = base64.urlsafe_b64decode(token.partition(".")[2].encode() + b"==")
        except ValueError:
            return None
        for key in self.secret_keys:
            with contextlib.suppress(InvalidTag):
                whose = AESSIV(self._derive(key, "typist", "")).decrypt(sealed, [browser.encode()])
                return int.from_bytes(whose[:8], "big"), int.from_bytes(whose[8:], "big") or None
        return None

    def kept_keys(self, browser: str, name: str) -> tuple[bytes, ...]:
        """What seals a kept form of that name (domain/access/typed.py), newest first: in its browser alone."""
        return tuple(
            base64.urlsafe_b64encode(self._derive(key, "kept", f"{browser} {name}"))
            for key in self.secret_keys
        )

    def marks(self, login: str) -> tuple[str, ...]:
        """How a browser's cookie names a login that it knows, without naming it: by each key, newest first."""
        return tuple(self._derive(key, "known", login).hex()[:16] for key in self.secret_keys)

    def seal_keys(self, token: str) -> tuple[bytes, ...]:
        return tuple(
            base64.urlsafe_b64encode(self._derive(key, "seal", anchor(token))) for key in self.secret_keys
        )

    @staticmethod
    def _derive(key: bytes, purpose: str, binding: str) -> bytes:
        return hmac.digest(key, f"{purpose} {binding}".encode(), hashlib.sha256)

    def cookie(self, name: str, value: str, max_age: int | None = None) -> Cookie:
        return Cookie(
            key=name, value=value, path="/", httponly=True, secure=self.https, samesite="lax", max_age=max_age
        )


def token_hash(token: str) -> bytes:
    """What the database keeps of a session's token."""
    return hashlib.sha256(token.encode()).digest()


def new_token(kept: str | None = None) -> str:
    """A token that nobody can guess: an anchor, which stays when a proof gives the session a new one, and the rest."""
    return f"{kept or secrets.token_urlsafe(16)}.{secrets.token_urlsafe(32)}"


def anchor(token: str) -> str:
    """What CSRF tokens and seals are bound to, so that pages opened before a proof still hold after it."""
    return token.partition(".")[0]
