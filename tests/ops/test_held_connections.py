"""The portal itself against callers who hold connections or send without end, whether or not a proxy is before it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from app import serving
from app.web import body_deadline
from tests.ops.nginx import HOST, asked, connected, dribbled, held

pytestmark = pytest.mark.slow
FORM = (
    f"POST /login HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    "Content-Length: 1000\r\n\r\n"
)


def get(port: int, path: str = "/login", headers: str = "") -> bytes:
    with connected(port) as caller:
        return asked(caller, f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\n{headers}Connection: close\r\n\r\n")


def test_two_thousand_idle_connections_keep_no_page_from_anybody(portal: int) -> None:
    with held(portal, 2000):
        for _ in range(10):  # each worker is asked
            assert get(portal).startswith(b"HTTP/1.1 200 ")


def test_cleartext_http_2_is_refused(portal: int) -> None:
    with connected(portal) as caller:
        assert asked(caller, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0") == b""
    upgrade = (
        "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n"
    )
    assert get(portal, "/login", upgrade).startswith(b"HTTP/1.1 200 ")


def test_a_large_header_is_refused_and_a_usual_one_is_not(portal: int) -> None:
    assert get(portal, "/login", f"A: {'a' * 16_000}\r\n").startswith(b"HTTP/1.1 200 ")
    for size in (70_000, 102_000, 1_000_000):
        answer = get(portal, "/login", f"A: {'a' * size}\r\n")
        assert answer.startswith(b"HTTP/1.1 431 ") or answer == b""


def test_a_body_of_the_largest_size_is_read(portal: int) -> None:
    body = "a=" + "x" * (64 * 1024 - 2)
    with connected(portal) as caller:
        head = FORM.replace("1000\r\n", f"{len(body)}\r\nConnection: close\r\n")
        assert asked(caller, head + body).startswith(b"HTTP/1.1 403 ")  # it bears no token


def test_slow_headers_and_slow_bodies_end_and_so_does_silence(portal: int) -> None:
    with ThreadPoolExecutor(3) as callers, connected(portal) as head, connected(portal) as body:
        silence = connected(portal)
        silence.settimeout(serving.IDLE + 15)
        ends = serving.IDLE + 10
        dribbling = callers.submit(dribbled, head, "GET /login HTTP/1.1\r\nA: ", b"a", ends)
        sending = callers.submit(dribbled, body, FORM, b"x", ends)
        silent = callers.submit(asked, silence, "")
        answer, seconds = sending.result()
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert b"\r\nconnection: close\r\n" in answer.lower()
        assert "送信に時間がかかりすぎました" in answer.decode()
        assert abs(seconds - body_deadline.SECONDS) < 5
        answer, seconds = dribbling.result()
        assert answer == b"" or answer.startswith(b"HTTP/1.1 408 ")
        assert abs(seconds - serving.IDLE) < 5
        assert silent.result() == b""
        silence.close()
