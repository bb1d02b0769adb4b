"""SPF, DKIM and DMARC of the address that the portal's mails come from: without them big receivers refuse the mails."""

from __future__ import annotations

from collections.abc import Iterator

import dns.exception
import dns.resolver

from app.checks.finding import Finding, Looked, failure, ok, warning
from app.settings import with_brand

PATIENCE = 4.5
"""Seconds that all look-ups together may take."""
REFUSED = "big receivers refuse such mails, or hide them, and anybody can send as you"
LOOK_UPS = 3
"""Of a domain that has what it should have; one that does not answer ends the looking."""
_NOTHING = (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer)


class NoAnswer(Exception):
    """DNS could not be asked; the text says what was tried."""


def records(looked: Looked) -> Iterator[Finding]:
    """A finding for each of the three; one where DNS does not answer."""
    address = with_brand(looked.environment).get("MYPAGE_MAIL_FROM", "").strip()
    domain = address.rpartition("@")[2].lower().rstrip(".")
    if not domain:
        yield failure("sender", "MYPAGE_MAIL_FROM is not set", "nothing can be looked up", "set it")
        return
    selector = looked.environment.get("MYPAGE_DKIM_SELECTOR", "").strip()
    try:
        resolver = _resolver(looked.resolver)
        yield _spf(resolver, domain)
        yield _dkim(resolver, domain, selector)
        yield _dmarc(resolver, domain)
    except NoAnswer as error:
        yield failure(
            "sender",
            f"DNS does not answer for {domain}: {error}",
            "whether receivers take the portal's mails could not be looked up",
            "run this where the network is, or name a server with --resolver",
        )


def _resolver(given: tuple[str, int] | None) -> dns.resolver.Resolver:
    try:
        made = dns.resolver.Resolver(configure=given is None)
    except dns.resolver.NoResolverConfiguration as error:
        raise NoAnswer("the system names no name server") from error
    if given:
        made.nameservers, made.port = [given[0]], given[1]
    made.lifetime = PATIENCE / LOOK_UPS
    return made


def _texts(resolver: dns.resolver.Resolver, name: str) -> list[str]:
    """The TXT records of a name; none where it has none. Raises NoAnswer."""
    try:
        answer = resolver.resolve(name, "TXT", search=False)
    except _NOTHING:
        return []
    except (dns.exception.DNSException, OSError) as error:
        raise NoAnswer(str(error)) from error
    return [b"".join(record.strings).decode("ascii", "replace") for record in answer]


def _spf(resolver: dns.resolver.Resolver, domain: str) -> Finding:
    found = [text for text in _texts(resolver, domain) if text.lower().split(" ")[0] == "v=spf1"]
    if not found:
        return failure(
            "SPF",
            f"{domain} has none",
            REFUSED,
            "add a TXT record such as `v=spf1 ip4:<your mail server> -all`",
        )
    if len(found) > 1:
        return failure(
            "SPF", f"{domain} has {len(found)}, which counts as none", REFUSED, "leave one TXT record v=spf1"
        )
    if {"all", "+all"} & set(found[0].lower().split()):
        return failure(
            "SPF", f"{domain} lets everybody send as it (`{found[0]}`)", REFUSED, "end it with -all or ~all"
        )
    return ok("SPF", f"{domain}: {found[0]}")


def _dkim(resolver: dns.resolver.Resolver, domain: str, selector: str) -> Finding:
    if not selector:
        return warning(
            "DKIM",
            "MYPAGE_DKIM_SELECTOR is not set",
            "the key cannot be looked up",
            "set it to the selector that your mail server signs with",
        )
    name = f"{selector}._domainkey.{domain}"
    tags = [_tags(text) for text in _texts(resolver, name)]
    if not any(tag.get("p") for tag in tags):
        return failure(
            "DKIM",
            f"{name} has no key",
            "receivers cannot tell the portal's mails from forged ones",
            "add the TXT record `v=DKIM1; k=rsa; p=…` of your mail server",
        )
    return ok("DKIM", f"{name} has a key")


def _dmarc(resolver: dns.resolver.Resolver, domain: str) -> Finding:
    labels = domain.split(".")
    parents = [".".join(labels[start:]) for start in range(max(len(labels) - 1, 1))]
    for parent in parents:
        found = [_tags(text) for text in _texts(resolver, f"_dmarc.{parent}")]
        policies = [tags for tags in found if tags.get("v") == "DMARC1"]
        if policies:
            wanted = policies[0].get("sp" if parent != domain and "sp" in policies[0] else "p", "")
            if wanted not in ("quarantine", "reject"):
                return warning(
                    "DMARC",
                    f"_dmarc.{parent} only watches (p={wanted or 'none'})",
                    "forged mails in your name reach your members",
                    "make it quarantine or reject once the reports name your own servers alone",
                )
            return ok("DMARC", f"_dmarc.{parent}: p={wanted}")
    return failure(
        "DMARC",
        f"{domain} has none",
        REFUSED,
        f"add a TXT record _dmarc.{domain} such as `v=DMARC1; p=quarantine; rua=mailto:…`",
    )


def _tags(text: str) -> dict[str, str]:
    """The tags of a record, v=DMARC1; p=none."""
    pairs = (part.partition("=") for part in text.split(";"))
    return {name.strip().lower(): value.strip() for name, _, value in pairs}
