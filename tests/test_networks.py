"""What of a caller's address counts, and what of it is kept: a household's network, and no machine in it."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import networks

ipv4 = st.integers(0, 2**32 - 1).map(IPv4Address)
hosts = st.integers(0, 2**64 - 1)
NO_ADDRESSES = ["", "unknown", "192.0.2", "192.0.2.256", "2001:db8::g", "unix:", "<b>"]


# --- what counts ------------------------------------------------------------------------------------------------------


@given(hosts, hosts, hosts)
def test_two_ipv6_addresses_are_one_network_if_their_first_64_bits_are_the_same(
    network: int, first: int, second: int
) -> None:
    addresses = [networks.counted(ipv6(network, host)) for host in (first, second)]
    assert addresses[0] == addresses[1]
    assert addresses[0] != networks.counted(ipv6(network ^ 1, first))


def ipv6(network: int, host: int) -> str:
    network |= 1 << 63  # none of ::/64, where IPv4 addresses are written
    digits = f"{network << 64 | host:032x}"
    return ":".join(digits[place : place + 4] for place in range(0, 32, 4))


@given(ipv4)
def test_an_ipv4_address_counts_by_itself_however_it_is_written(address: IPv4Address) -> None:
    assert networks.counted(str(address)) == networks.counted(f"::ffff:{address}") == str(address)


@pytest.mark.parametrize("text", NO_ADDRESSES)
def test_what_is_no_address_counts_as_it_stands_and_nothing_of_it_is_kept(text: str) -> None:
    assert networks.address(text) is None
    assert networks.counted(text) == text
    assert networks.kept(text) == "不明"


# --- what is kept -----------------------------------------------------------------------------------------------------


@given(ipv4)
def test_of_an_ipv4_address_its_first_24_bits_are_kept_and_nothing_tells_its_last_8(
    address: IPv4Address,
) -> None:
    kept = networks.kept(str(address))
    neighbours = {networks.kept(str(IPv4Address(int(address) ^ bit))) for bit in (1, 128, 255)}
    assert neighbours == {kept} == {networks.kept(f"::ffff:{address}")}
    assert networks.kept(str(IPv4Address(int(address) ^ 256))) != kept


@given(st.integers(1 << 47, 2**48 - 1), st.integers(0, 2**80 - 1))
def test_of_an_ipv6_address_its_first_48_bits_are_kept_and_nothing_tells_the_others(
    operator: int, rest: int
) -> None:
    kept = networks.kept(str(IPv6Address(operator << 80 | rest)))
    assert kept == networks.kept(str(IPv6Address(operator << 80))) == f"{IPv6Address(operator << 80)}*"
    assert networks.kept(str(IPv6Address((operator ^ 1) << 80 | rest))) != kept


# --- what an operator names -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "network"),
    [
        ("10.0.0.0/8", "10.0.0.0/8"),
        ("10.0.0.1", "10.0.0.1/32"),
        ("::ffff:10.0.0.1", "10.0.0.1/32"),
        ("2001:db8::/32", "2001:db8::/32"),
    ],
)
def test_a_network_is_read_and_an_address_is_one_of_its_own(text: str, network: str) -> None:
    assert str(networks.network(text)) == network


@pytest.mark.parametrize("text", [*NO_ADDRESSES, "10.0.0.1/8", "10.0.0.0/33"])
def test_anything_else_is_no_network(text: str) -> None:
    assert networks.network(text) is None


def test_this_machine_is_known_by_name_and_by_address() -> None:
    assert all(map(networks.is_loopback, ("localhost", "127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1")))
    assert not any(map(networks.is_loopback, ("mail.example.jp", "10.0.0.1", "::2", "")))
