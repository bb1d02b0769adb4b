"""Addresses of callers: how one is read, what of it counts where guessing is limited, and what is kept of it."""

from __future__ import annotations

import ipaddress

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def address(text: str) -> Address | None:
    """The address; an IPv4 one written in IPv6 is IPv4. None for what is no address."""
    try:
        parsed = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(parsed, "ipv4_mapped", None) or parsed


def network(text: str) -> Network | None:
    """The network, or an address as one of its own; an IPv4 address written in IPv6 is IPv4. None for anything else."""
    found = address(text)
    try:
        return ipaddress.ip_network(found or text)
    except ValueError:
        return None


def is_loopback(host: str) -> bool:
    """Whether the host, a name or an address, is this machine itself."""
    found = address(host)
    return found.is_loopback if found else host == "localhost"


def counted(text: str) -> str:
    """What an address counts as: an IPv6 one as its /64, because one household can use all of it."""
    parsed = address(text)
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed) if parsed else text


def logged(text: str) -> str:
    """As kept(), for a log in ASCII."""
    return kept(text) if address(text) else "unknown"


def kept(text: str) -> str:
    """The first 24 bits of an IPv4 address, 48 of an IPv6 one: the household's or the operator's, no machine."""
    parsed = address(text)
    if parsed is None:
        return "不明"
    if isinstance(parsed, ipaddress.IPv4Address):
        return f"{str(parsed).rpartition('.')[0]}.*"
    return f"{ipaddress.ip_network((parsed, 48), strict=False).network_address}*"
