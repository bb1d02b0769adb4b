"""Where DATABASE_URL leads, in words that an operator can check at a glance: name, host and port, never a password."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

UNREAD = "the database that DATABASE_URL names"
"""Said where an address cannot be told apart from the password that may stand in it."""


def in_words(url: str, environment: Mapping[str, str] = os.environ) -> str:
    """The database of a URL, completed as PostgreSQL's clients do: from its options, then from PGHOST, PGPORT, PGDATABASE.

    A password with a sign that should have been written as %XX moves the borders between the parts, so that a piece of it
    would be taken for a host or a name. Such a URL is not repeated at all.
    """
    try:
        parts = urlsplit(url)
        options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        if not _plain(url, parts):
            return UNREAD
        hosts = _hosts(parts, options, environment)
        name = unquote(parts.path[1:]) or options.get("dbname") or options.get("database")
    except ValueError:
        return UNREAD
    name = name or environment.get("PGDATABASE") or unquote(parts.username or "") or environment.get("PGUSER")
    return f"the database {name or 'of this user'} at {hosts}"


def _plain(url: str, parts: SplitResult) -> bool:
    """Whether nothing of a user or password can have come into another part."""
    login, _, host = parts.netloc.rpartition("@")
    return (
        url.count("@") == parts.netloc.count("@") <= 1
        and "#" not in url
        and login.count(":") <= 1
        and re.fullmatch(r"[A-Za-z0-9._,:%\[\]-]*", host) is not None
    )


def _hosts(parts: SplitResult, options: Mapping[str, str], environment: Mapping[str, str]) -> str:
    listed = parts.netloc.rpartition("@")[2] or options.get("host")
    if not listed and "service" in options:
        return f"the host of the service {options['service']}"
    hosts = (listed or environment.get("PGHOST") or "localhost").split(",")
    ports = (options.get("port") or environment.get("PGPORT") or "5432").split(",")
    if len(ports) != len(hosts):
        ports = ports[:1] * len(hosts)
    return " or ".join(_host(host, port) for host, port in zip(hosts, ports, strict=True))


def _host(text: str, port: str) -> str:
    """One host, which may bring its own port; an address of IPv6 stands in brackets then."""
    found = re.fullmatch(r"(?P<host>\[[^\]]*\]|[^:]*)(:(?P<port>[0-9]+))?", unquote(text))
    if not found:
        raise ValueError("no host")
    return f"{found['host']}, port {found['port'] or port}"
