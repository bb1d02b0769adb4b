"""An authenticator in software: makes passkeys and signs with them, as a browser and its device do; and as a forger does."""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url

from tests.browser import Browser

ORIGIN = "https://mypage.example.jp"
PRESENT, VERIFIED, MADE = 0x01, 0x04, 0x40
"""Flags: somebody was there; it was the owner; a key comes with it."""


@dataclass
class Passkey:
    """One that was made, and how often it has signed."""

    rp_id: str
    handle: bytes
    identity: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    count: int = 0

    def made(self, options: dict[str, Any], **forged: Any) -> str:
        """What navigator.credentials.create() answers."""
        point = self.key.public_key().public_numbers()
        x, y = (number.to_bytes(32, "big") for number in (point.x, point.y))
        cose = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: x, -3: y})
        identity = len(self.identity).to_bytes(2, "big") + self.identity
        data = self._data(forged.get("flags", PRESENT | VERIFIED) | MADE) + bytes(16) + identity + cose
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        response = {
            "clientDataJSON": _text(_client_data("webauthn.create", options, forged)),
            "attestationObject": _text(attestation),
            "transports": ["internal"],
        }
        return self._answer(response)

    def signed(self, options: dict[str, Any], **forged: Any) -> str:
        """What navigator.credentials.get() answers; `forged`: what of it is another than it should be."""
        self.count = forged.get("count", self.count + 1)
        data = self._data(forged.get("flags", PRESENT | VERIFIED))
        client = _client_data("webauthn.get", options, forged)
        signature = forged.get("key", self.key).sign(
            data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256())
        )
        handle = forged.get("handle", self.handle)
        response = {
            "clientDataJSON": _text(client),
            "authenticatorData": _text(data),
            "signature": _text(signature),
            **({"userHandle": handle if isinstance(handle, str) else _text(handle)} if handle else {}),
        }
        return self._answer(response)

    def _data(self, flags: int) -> bytes:
        return hashlib.sha256(self.rp_id.encode()).digest() + bytes([flags]) + self.count.to_bytes(4, "big")

    def _answer(self, response: dict[str, Any]) -> str:
        identity = _text(self.identity)
        return json.dumps({"id": identity, "rawId": identity, "type": "public-key", "response": response})


def _client_data(kind: str, options: dict[str, Any], forged: dict[str, Any]) -> bytes:
    told = {"type": kind, "challenge": forged.get("challenge", options["challenge"])}
    told |= {"origin": forged.get("origin", ORIGIN), "crossOrigin": forged.get("cross_origin", False)}
    return json.dumps(told).encode()


def _text(content: bytes) -> str:
    return bytes_to_base64url(content)


async def options(browser: Browser, path: str) -> dict[str, Any]:
    """What the page's script fetches before it asks the browser for a passkey."""
    answer = await browser.get(path, headers={"Sec-Fetch-Site": "same-origin"})
    assert answer.status_code == 200, answer.headers.get("location", answer.text)
    found: dict[str, Any] = answer.json()
    return found


async def register(browser: Browser, name: str = "iPhone") -> Passkey:
    """Register a passkey for whoever is logged in, over the confirm page to the complete page."""
    await browser.open("/second-factor/passkeys/new")
    asked = await options(browser, "/second-factor/passkeys.json")
    passkey = Passkey(asked["rp"]["id"], base64url_to_bytes(asked["user"]["id"]))
    await browser.submit("/second-factor/passkeys/new", credential=passkey.made(asked), name=name)
    assert browser.heading == "パスキー登録確認", browser.text
    await browser.submit()
    assert browser.heading == "パスキー登録完了", browser.text
    return passkey


async def sign_in(browser: Browser, passkey: Passkey, path: str = "/login", **forged: Any) -> None:
    """Press パスキーでログイン on the login page."""
    await browser.open(path)
    asked = await options(browser, "/login/passkey.json")
    await browser.submit("/login/passkey", credential=passkey.signed(asked, **forged))
