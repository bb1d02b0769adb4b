"""The portal under test and the test customer: read from the environment, the passwords from there or asked for."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).parent.parent
"""The checkout."""
FORBIDDEN = 'ACCEPTANCE_PASSWORD="…" make acceptance …, or let it be asked for'


class Unfit(Exception):
    """The environment says nothing that a run could begin with; the text says what is missing."""


@dataclass(frozen=True)
class Target:
    """Where the portal is, who logs in, and what the run may do. Secrets are never part of its repr.

    `login`: an account ID; without one the customer number logs in.
    """

    url: str
    number: str
    password: str = field(repr=False)
    login: str = ""
    account_password: str = field(default="", repr=False)
    totp: str = field(default="", repr=False)
    """The key of the login's authenticator app (base32); "" without a second factor."""
    change: bool = False
    buy: bool = False
    mail: str = ""
    """An address of another company that CHANGE=1 may register; mails of the test arrive there."""
    any_certificate: bool = False
    screenshots: str = "masked"
    """masked, whole or none."""

    @property
    def https(self) -> bool:
        return self.url.startswith("https://")

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or (443 if self.https else 80)

    @property
    def on_loopback(self) -> bool:
        return self.host in ("localhost", "::1") or self.host.startswith("127.")

    @property
    def own_password(self) -> str:
        """That of whoever logs in."""
        return self.account_password if self.login else self.password

    @property
    def secrets(self) -> list[str]:
        return [text for text in (self.password, self.account_password, self.totp) if text]


def read(environment: Mapping[str, str]) -> Target:
    """The target that `URL`, `NUMBER` and the ACCEPTANCE_ variables name. Raises Unfit."""

    def said(name: str) -> str:
        return environment.get(name, "").strip()

    url = said("URL").rstrip("/")
    parts = urlsplit(url)
    if parts.username or parts.password:
        raise Unfit("URL has a user name or a password in it: leave them out")
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path or parts.query:
        raise Unfit(
            f"URL is {url!r}: the portal's address is wanted, for example URL=https://mypage.example.jp"
        )
    if not said("NUMBER"):
        raise Unfit("NUMBER is missing: the customer number of a test customer, NUMBER=90000000000000")
    if not said("ACCEPTANCE_PASSWORD"):
        raise Unfit(f"there is no password of {said('NUMBER')}: {FORBIDDEN}")
    if said("LOGIN") and not said("ACCEPTANCE_ACCOUNT_PASSWORD"):
        raise Unfit(f"there is no password of {said('LOGIN')}: set ACCEPTANCE_ACCOUNT_PASSWORD")
    if (screenshots := said("SCREENSHOTS") or "masked") not in ("masked", "whole", "none"):
        raise Unfit(f"SCREENSHOTS is {screenshots!r}: masked, whole or none")
    return Target(
        url,
        said("NUMBER"),
        environment["ACCEPTANCE_PASSWORD"],
        said("LOGIN"),
        environment.get("ACCEPTANCE_ACCOUNT_PASSWORD", ""),
        said("ACCEPTANCE_TOTP").replace(" ", ""),
        change=_switch(said("CHANGE"), "CHANGE"),
        buy=_switch(said("BUY"), "BUY"),
        mail=said("MAIL"),
        any_certificate=_switch(said("ANY_CERTIFICATE"), "ANY_CERTIFICATE"),
        screenshots=screenshots,
    )


def _switch(text: str, name: str) -> bool:
    if text not in ("", "0", "1"):
        raise Unfit(f"{name} is {text!r}: 1 or nothing")
    return text == "1"


def ask() -> None:
    """Ask at the terminal for the passwords that the environment lacks, and put them there. Raises Unfit without a terminal."""
    wanted = {"ACCEPTANCE_PASSWORD": os.environ.get("NUMBER", "")}
    if os.environ.get("LOGIN"):
        wanted["ACCEPTANCE_ACCOUNT_PASSWORD"] = os.environ["LOGIN"]
    for name, whose in wanted.items():
        if whose and not os.environ.get(name) and sys.stdin.isatty():
            os.environ[name] = getpass.getpass(f"password of {whose} (not shown): ")
