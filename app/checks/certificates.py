"""How long the certificate of a server is good."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from app.checks.finding import Finding, ok, warning

SOON = timedelta(days=14)
"""A certificate that renews itself has done so by then."""


def end(check: str, whose: str, certificate: dict[str, Any] | None) -> Iterator[Finding]:
    """A warning for one that ends soon; `certificate`: as ssl's getpeercert gives it. One that has ended is refused before."""
    if not certificate or "notAfter" not in certificate:
        return
    ends = datetime.fromtimestamp(ssl.cert_time_to_seconds(str(certificate["notAfter"])), UTC)
    left = ends - datetime.now(UTC)
    said = f"the certificate of {whose} ends on {ends:%Y-%m-%d}, in {max(left.days, 0)} days"
    if left < SOON:
        yield warning(
            check, said, "from then on nobody is let through", "renew it, and see why it did not renew itself"
        )
    else:
        yield ok(check, said)


def explained(error: ssl.SSLError) -> tuple[str, str]:
    """What is wrong with a TLS connection, and what to do."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"its certificate is not believed: {error.verify_message}",
            "let it have one for that name, with its chain, of an authority that this machine knows (SSL_CERT_FILE for "
            "one of your own)",
        )
    return (
        f"no TLS can be agreed on: {error.reason or error}",
        "switch TLS 1.2 or 1.3 on there, or mend the port",
    )
