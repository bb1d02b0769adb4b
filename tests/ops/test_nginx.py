"""The shipped nginx files in the real nginx: what it lets through, and what it keeps from the portal."""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app import serving
from tests.commands.programs import free_port
from tests.ops.conftest import Echoed
from tests.ops.nginx import (
    HOST,
    NAME,
    SHIPPED,
    Proxy,
    asked,
    connected,
    dribbled,
    held,
    mapped,
    missing,
    proxy,
    still_open,
)

pytestmark = pytest.mark.slow
CONFIGURED = (SHIPPED / "mypage.conf").read_text()
FORM = "Content-Type: application/x-www-form-urlencoded\r\n"


# --- what comes through -----------------------------------------------------------------------------------------------


def test_a_page_comes_over_tls_as_the_portal_made_it(proxied: Proxy) -> None:
    page = proxied.get("/login", "Accept-Encoding: gzip, br\r\n")
    assert page.startswith(b"HTTP/1.1 200 OK\r\n")
    head, _, body = page.partition(b"\r\n\r\n")
    assert "お客様番号でログイン" in body.decode()
    assert b"content-encoding" not in head.lower()
    assert head.lower().count(b"strict-transport-security") == 1
    assert b"nginx/" not in head


def test_browsers_get_http_2_and_a_strangers_name_gets_no_certificate(proxied: Proxy) -> None:
    with proxied.connect(NAME, "h2", "http/1.1") as caller:
        assert caller.selected_alpn_protocol() == "h2"
        assert caller.version() == "TLSv1.3"
    with pytest.raises(ssl.SSLError, match=r"(?i)unrecognized.name"):
        proxied.connect("other.example.jp")


def test_plain_http_leads_to_https_of_the_portals_own_name(proxied: Proxy) -> None:
    with connected(proxied.plain_port) as caller:
        answer = asked(caller, "GET /login?next=/ HTTP/1.1\r\nHost: evil.example.jp\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 308 ")
    assert b"Location: https://mypage.example.jp/login?next=/\r\n" in answer


def test_what_watches_the_servers_is_not_for_callers(proxied: Proxy, portal: int) -> None:
    for path in ("/readyz", "/healthz"):
        assert proxied.get(path).startswith(b"HTTP/1.1 404 ")
        with connected(portal) as probe:
            own = asked(probe, f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n")
        assert own.startswith(b"HTTP/1.1 200 ")


def test_the_portal_is_told_who_asks_and_by_which_name_whatever_the_caller_says(echoed: Echoed) -> None:
    seen = echoed.proxy.get("/", "X-Forwarded-For: 203.0.113.9\r\n").decode()
    assert re.findall(r"(?im)^X-Forwarded-For: (.*?)\r?$", seen) == [HOST]
    assert re.findall(r"(?im)^Host: (.*?)\r?$", seen) == [NAME]
    assert "Content-Encoding" not in seen


def test_a_stranger_chooses_no_number_for_the_log_and_both_logs_have_the_portals(
    echoed: Echoed, proxied: Proxy
) -> None:
    assert "chosen-by-me" not in echoed.proxy.get("/", "X-Request-Id: chosen-by-me\r\n").decode()
    answer = proxied.get("/login", "X-Request-Id: chosen-by-me\r\n").decode()
    (number,) = re.findall(r"(?im)^x-request-id: (.*?)\r?$", answer)
    assert re.fullmatch("[0-9A-Z]{10}", number)
    last = (proxied.certificate.parent / "mypage.log").read_text().splitlines()[-1]
    assert last.endswith(f" {number}")


def test_what_nginx_answers_itself_has_the_headers_of_the_portal_once(proxied: Proxy) -> None:
    with proxied.connect() as caller:
        unreadable = asked(caller, f"GET / HTTP/1.1\r\nHost: {NAME}\r\nA: {'a' * 9000}\r\n\r\n")
    for answer in (proxied.get("/login"), proxied.get("/readyz"), unreadable):
        head = answer.partition(b"\r\n\r\n")[0].lower()
        assert head.count(b"strict-transport-security: max-age=31536000; includesubdomains") == 1
        assert head.count(b"x-content-type-options: nosniff") == 1


def test_tls_1_2_has_no_cipher_without_authentication_and_forward_secrecy(proxied: Proxy) -> None:
    context = ssl.create_default_context(cafile=str(proxied.certificate))
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    for ciphers, taken in (("ECDHE+AESGCM", True), ("ECDHE+AES:!AESGCM:!AESCCM", False)):
        context.set_ciphers(ciphers)
        try:
            with context.wrap_socket(connected(proxied.port), server_hostname=NAME) as caller:
                assert caller.version() == "TLSv1.2"
            shaken = True
        except ssl.SSLError:
            shaken = False
        assert shaken is taken, ciphers


def test_trace_is_answered_with_nothing_of_the_request(proxied: Proxy) -> None:
    with proxied.connect() as caller:
        answer = asked(
            caller, f"TRACE / HTTP/1.1\r\nHost: {NAME}\r\nCookie: a=secret\r\nConnection: close\r\n\r\n"
        )
    assert answer.startswith(b"HTTP/1.1 405 ")
    assert b"secret" not in answer


def test_a_body_that_is_too_big_is_answered_by_the_portal_in_words(proxied: Proxy) -> None:
    body = "a=" + "x" * 100_000
    with proxied.connect() as caller:
        answer = asked(
            caller,
            f"POST /login HTTP/1.1\r\nHost: {NAME}\r\n{FORM}Content-Length: {len(body)}\r\n"
            f"Connection: close\r\n\r\n{body}",
        )
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert "送信内容が大きすぎます" in answer.decode()


def test_a_portal_that_is_away_is_said_in_words(tmp_path: Path) -> None:
    if reason := missing():
        pytest.skip(reason)
    with proxy(tmp_path, free_port()) as alone:
        answer = alone.get("/login")
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b"Retry-After: 10\r\n" in answer
    assert "しばらくしてから" in answer.decode()
    assert b"Strict-Transport-Security: max-age=31536000" in answer
    assert b"Content-Security-Policy: default-src 'none'" in answer


# --- what does not ----------------------------------------------------------------------------------------------------


def test_a_large_header_is_refused_by_nginx(echoed: Echoed) -> None:
    before = echoed.upstream.asked
    for answer in (
        echoed.proxy.get("/", f"A: {'a' * 9000}\r\n"),
        echoed.proxy.get("/", f"A: {'a' * 200_000}\r\n"),
        echoed.proxy.get("/", "".join(f"A{number}: {'a' * 4000}\r\n" for number in range(20))),
    ):
        assert answer.startswith(b"HTTP/1.1 400 ") or answer == b""
    assert echoed.proxy.get(f"/{'a' * 9000}").startswith(b"HTTP/1.1 414 ")
    assert echoed.upstream.asked == before


def test_a_caller_gets_a_hundred_requests_at_once_and_no_more(echoed: Echoed) -> None:
    echoed.upstream.wait = 3.0
    try:
        with ThreadPoolExecutor(130) as callers:
            answers = list(callers.map(lambda _: echoed.proxy.get("/")[9:12], range(130)))
    finally:
        echoed.upstream.wait = 0.0
    assert set(answers) == {b"200", b"429"}
    assert answers.count(b"200") >= 100
    assert echoed.proxy.get("/")[9:12] == b"200"


def test_a_slow_body_never_reaches_the_portal_and_who_stops_halfway_is_let_go(echoed: Echoed) -> None:
    head = f"POST /login HTTP/1.1\r\nHost: {NAME}\r\n{FORM}Content-Length: 1000\r\n\r\n"
    before = echoed.upstream.asked
    with ThreadPoolExecutor(3) as callers, echoed.proxy.connect() as slow, echoed.proxy.connect() as silent:
        dribbling = callers.submit(dribbled, slow, head, b"x", 14.0)
        silent.settimeout(20.0)
        stopped = callers.submit(asked, silent, f"{head}x")
        assert echoed.proxy.get("/")[9:12] == b"200"
        assert stopped.result() == b"" or stopped.result().startswith(b"HTTP/1.1 408 ")
        dribbling.result()
    assert echoed.upstream.asked == before + 1


def test_a_slow_header_ends_after_ten_seconds(echoed: Echoed) -> None:
    with echoed.proxy.connect() as caller:
        answer, seconds = dribbled(caller, "GET / HTTP/1.1\r\n", b"a", 20.0)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 408 ")
    assert 8 < seconds < 15


def test_five_thousand_idle_connections_keep_no_page_from_anybody_and_close_nobodys(proxied: Proxy) -> None:
    with held(proxied.port, 5000) as connections:
        assert proxied.get("/login").startswith(b"HTTP/1.1 200 ")
        assert still_open(connections) == 5000


# --- what the file must keep to ---------------------------------------------------------------------------------------


def test_nginx_keeps_its_connections_for_less_time_than_the_portal_does() -> None:
    (kept,) = re.findall(r"keepalive 64;\n\s+keepalive_timeout (\d+)s;", CONFIGURED)
    assert int(kept) < serving.IDLE


def test_a_header_that_nginx_takes_is_not_too_big_for_the_portal() -> None:
    (number, each) = re.findall(r"large_client_header_buffers (\d+) (\d+)k;", CONFIGURED)[0]
    assert int(number) * int(each) * 1024 <= serving.LARGEST_HEADER


def test_nginx_leads_to_the_portals_one_port_and_to_no_internal_one() -> None:
    assert re.findall(r"^\s*proxy_pass (.*);", CONFIGURED, re.MULTILINE) == ["http://mypage"]
    assert re.findall(r"^\s*server (\S+:\d+) ", CONFIGURED, re.MULTILINE) == [
        "127.0.0.1:8000",
        "127.0.0.1:8001",
    ]


def test_the_log_has_no_query_where_mailed_links_carry_their_token(echoed: Echoed) -> None:
    echoed.proxy.get("/customer/email?token=secret-of-a-link")
    log = (echoed.proxy.certificate.parent / "mypage.log").read_text()
    assert "/customer/email " in log
    assert "secret-of-a-link" not in log


def test_a_token_that_was_sent_while_the_portal_is_away_or_too_often_stands_in_no_log(
    tmp_path: Path, echoed: Echoed
) -> None:
    if reason := missing():
        pytest.skip(reason)
    with proxy(tmp_path, free_port()) as alone:
        assert alone.get("/forgotten/new?token=secret-of-a-link").startswith(b"HTTP/1.1 503 ")
        with connected(alone.plain_port) as caller:
            asked(caller, f"GET /forgotten/new?token=secret-of-a-link HTTP/1.1\r\nHost: {NAME}\r\n\r\n")
    echoed.upstream.wait = 3.0
    try:
        with ThreadPoolExecutor(130) as callers:
            path = "/forgotten/new?token=secret-of-a-link"
            answers = list(callers.map(lambda _: echoed.proxy.get(path)[9:12], range(130)))
    finally:
        echoed.upstream.wait = 0.0
    assert b"429" in answers
    for folder in (tmp_path, echoed.proxy.certificate.parent):
        logs = {log.name: log.read_text() for log in folder.glob("*.log")}
        assert "/forgotten/new " in logs["mypage.log"]
        assert "error.log" in logs
        assert [name for name, text in logs.items() if "secret-of-a-link" in text] == []


@pytest.mark.parametrize(
    "network",
    [
        "2001:db8:1:2",
        "2001:db8:1:0",
        "2001:db8:0:1",
        "2001:db8:0:0",
        "2001:0:5:6",
        "2400:0:0:0",
        "2400:1:0:a",
    ],
)
def test_the_addresses_of_a_64_are_one_caller_however_nginx_writes_them(
    callers: Callable[[str], str], network: str
) -> None:
    hosts = (
        "0:0:0:0",
        "0:0:0:1",
        "1:0:0:0",
        "0:1:0:0",
        "a:b:c:d",
        "0:b:c:d",
        "a:0:0:d",
        "ffff:ffff:ffff:ffff",
    )
    assert {callers(f"{network}:{host}") for host in hosts} == {network}


def test_other_networks_and_ipv4_addresses_are_callers_of_their_own(callers: Callable[[str], str]) -> None:
    neighbours = (
        "2001:db8::1",
        "2001:db8:0:1::1",
        "2001:db8:1::1",
        "2001:db8:1:1::1",
        "2001:db9::1",
        "2001::1",
    )
    assert len({callers(address) for address in neighbours}) == len(neighbours)
    assert [callers(address) for address in ("192.0.2.1", "192.0.2.2")] == ["192.0.2.1", "192.0.2.2"]


@pytest.fixture(scope="module")
def callers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], str]]:
    """What an address counts as for the real nginx, which writes the address itself."""
    if reason := missing():
        pytest.skip(reason)
    with mapped(tmp_path_factory.mktemp("mapped")) as told:
        yield told
