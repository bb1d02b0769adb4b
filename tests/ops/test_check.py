"""`mypage check` finds nothing wrong with the shipped nginx before a portal."""

from __future__ import annotations

import socket
from dataclasses import replace
from typing import Any

import pytest

from app.checks import Looked, proxy
from app.settings import production
from tests.commands.programs import SERVING
from tests.ops.nginx import HOST, NAME, Proxy


@pytest.mark.slow
def test_the_shipped_proxy_does_what_the_check_asks_for(
    proxied: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve = socket.getaddrinfo

    def with_name(host: str, *more: Any, **named: Any) -> Any:
        return resolve(HOST if host == NAME else host, *more, **named)

    monkeypatch.setattr(socket, "getaddrinfo", with_name)
    monkeypatch.setenv("SSL_CERT_FILE", str(proxied.certificate))
    settings = replace(production(SERVING), base_url=f"https://{NAME}:{proxied.port}")
    found = [*proxy.front(Looked({}, given=settings))]
    wrong = [one for one in found if one.outcome != "ok" and "certificate" not in one.what]
    assert wrong == []
    assert [one.what for one in found if one.check == "caller's address"] == [
        f"{HOST}, whatever a caller writes"
    ]
