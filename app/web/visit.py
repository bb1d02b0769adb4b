"""Who is calling: the visit that the cookies make of a request, and what opens, proves and ends its session.

The row that a session's token leads to is the truth: it can be ended at any time, and is read together with the member
in one query. Passwords are looked at, and rows of sessions made, in domain/access/logins.py.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from litestar.datastructures import Cookie
from litestar.types import Scope

from app import security_log
from app.domain import networks
from app.domain.access import attempts, login_events, logins, members, proofs, totp
from app.domain.access.matrix import Role
from app.domain.access.members import Member, SessionEnded, Stage
from app.domain.access.proofs import Step
from app.domain.access.typed import Ticket
from app.domain.letters import alerts
from app.postgres import database
from app.web.cookies import Keys, anchor, new_token, token_hash

BROWSER_AGE = 400 * 24 * 3600
"""Seconds that a browser is remembered; browsers keep no cookie longer."""
KNOWN_LOGINS = 6
"""Logins that one browser is remembered for: the customer number and five account IDs."""


Event = Literal["login", "proof", "second-factor"]
"""What somebody tried, as the security log calls it; before a second factor the password was right."""


@dataclass
class Visit:
    """What is known of the caller during one request."""

    keys: Keys
    browser: str
    known: tuple[str, ...]
    address: str
    user_agent: str
    token: str | None = None
    """Of the live session, if there is one."""
    member: Member | None = None
    waiting: Member | None = None
    """Whose session this is while it has not come as far as to be `member` of the page that is asked for."""
    ended: members.Ended | None = None
    """A session cookie came that leads to no live session: how that ended."""
    cookies: list[Cookie] = field(default_factory=list)
    """To be set with the answer."""
    step: Step | None = None
    """The step of the path, where it does not hold: it is asked for before the path shows anything."""
    typed: str = ""
    """The name of what was typed, kept until that step is passed, or until the login (typed.py)."""
    failure: login_events.Failure | None = None
    """To be noted when the answer is sent."""
    afterwards: list[Callable[[], Awaitable[None]]] = field(default_factory=list)
    """What else is done when the answer is sent, so that its time tells nothing of it; each looks after its own errors."""

    @property
    def caller(self) -> Member | None:
        """Whose session it is, however far it has come."""
        return self.member or self.waiting

    @property
    def csrf_token(self) -> str:
        """Of a form: it proves that the page is this visit's, and says to us alone whose form it is."""
        token = self.keys.csrf(self.csrf_binding)
        return f"{token}.{self.keys.typist(self.browser, self.caller.key)}" if self.caller else token

    def ticket(self, name: str, path: str) -> Ticket:
        """What leads this browser back to a kept form of the page (typed.py)."""
        return Ticket(name, path, self.keys.kept_keys(self.browser, name))

    @property
    def csrf_binding(self) -> str:
        """What the forms of this visit are bound to: the session, or the browser where nobody is logged in."""
        return anchor(self.token) if self.token else self.browser

    @property
    def device(self) -> login_events.Device:
        return login_events.device(self.user_agent, self.address)

    def knows(self, login: str, owner: logins.Owner | None) -> bool:
        """Whether this browser has logged in with that login before, by the password that it has now."""
        return owner is not None and any(
            mark in self.known for mark in self.keys.marks(f"{login} {owner.mark}")
        )

    def remember_browser(self) -> None:
        signed = self.keys.sign("browser", [self.browser, *self.known])
        self.cookies.append(self.keys.cookie(self.keys.browser_cookie, signed, BROWSER_AGE))

    def remember_login(self, login: str, owner: logins.Owner) -> None:
        """From now on this browser is no stranger to the login, as long as its password stays."""
        marks = self.keys.marks(f"{login} {owner.mark}")
        self.known = (marks[0], *(other for other in self.known if other not in marks))[:KNOWN_LOGINS]
        self.remember_browser()

    def remember_session(self, token: str, role: Role) -> None:
        # The role is a copy for whoever reads cookies. Nothing here is decided by it: the row decides.
        signed = self.keys.sign("session", [token, role.value])
        self.cookies.append(self.keys.cookie(self.keys.session_cookie, signed))

    async def log_in(self, by: logins.By, name: str, password: str) -> Member:
        """Open a session for whom the pair belongs to, under a new id. Raises logins.WrongPair, attempts.TooMany."""
        login, token = f"{by} {name}", new_token()
        owner = await logins.find(by, name)
        known = self.knows(login, owner)
        with self.noting_failure("login", by, name):
            counted = await self._count(login, known=known)
            if counted.slow:
                await asyncio.sleep(attempts.SLOW)
            owner = await logins.open_session(owner, password, token_hash(token), self.device)
        await attempts.succeeded(counted)
        member = await self.begin(token)
        if Stage.SECOND_FACTOR in member.stages:
            self.log("login", "half", member)
        else:
            await self.welcome(member, owner, known=known)
        return member

    async def begin(self, token: str) -> Member:
        """The session of that token is the visit's from now on; the former one ends. Raises logins.WrongPair."""
        member = await members.find(token_hash(token), self.keys.seal_keys(token))
        if member is None:
            raise logins.WrongPair  # the password was changed just now
        await self._close()
        self.token, self.member = token, member
        self.remember_session(token, member.role)
        return member

    async def welcome(self, member: Member, owner: logins.Owner, *, known: bool | None = None) -> None:
        """The login has succeeded: the browser is known to it, and it is told of one that was not.

        `known`: what was found before its hash was made anew, if it was.
        """
        self.log("login", "ok", member)
        login = " ".join(named(member))
        if not (self.knows(login, owner) if known is None else known):
            await alerts.new_browser(member, self.device)
        self.remember_login(login, owner)

    async def renew(self) -> None:
        """The session goes on under a new id, as whenever it opens more than before. Raises SessionEnded."""
        if self.member is None:
            raise SessionEnded
        token = new_token(kept=anchor(self.token or ""))
        await members.renew_token(self.member, token_hash(token))
        self.go_on(token, self.member.role)

    def go_on(self, token: str, role: Role) -> None:
        """The session of the visit has that token now."""
        self.token = token
        self.remember_session(token, role)

    async def go_on_with_new_password(self) -> None:
        """An own password was set in the place of a one-time one: the browser is known by it. Raises SessionEnded."""
        await self.renew()
        if self.member:
            await self.remember_name(*named(self.member))

    async def remember_name(self, by: logins.By, name: str) -> None:
        """From now on this browser is no stranger to the login of that name, as its password is now."""
        owner = await logins.find(by, name)
        if owner:
            self.remember_login(f"{by} {name}", owner)

    async def prove(self, step: Step, number: str, password: str) -> None:
        """Pass a step: the session goes on under a new id.

        Raises logins.WrongPair, attempts.TooMany, proofs.SetHere, SessionEnded.
        """
        member = self.member
        if member is None:
            raise SessionEnded
        step = proofs.asked(member, step)
        proofs.may_prove(member, step)
        by: logins.By = "customer" if proofs.of_customer(member, step) else "account"
        # Whatever number is typed, the step is about the member's own contract: no other one's history tells of it.
        name = member.own.login if member.own and by == "account" else member.customer_number
        token = new_token(kept=anchor(self.token or ""))
        with self.noting_failure("proof", by, name):
            counted = await self.count_step(member, step)
            await logins.prove(member, step, number, password, token_hash(token))
        await attempts.succeeded(counted)
        self.log("proof", "ok", member)
        self.go_on(token, member.role)

    async def count_step(self, member: Member, step: Step) -> attempts.Counted:
        """Count an attempt to pass the step, by a password or a passkey. Raises attempts.TooMany."""
        customer = proofs.of_customer(member, step)
        login = f"customer {member.customer_number}" if customer else " ".join(named(member))
        own = customer == (member.own is None)
        asking = anchor(self.token or "") if own else f"{member.contract.id} {member.account_id}"
        return await attempts.count_step(self.keys.newest, login, asking)

    async def log_out(self) -> None:
        """End the session on the server, so that no copy of its cookie opens anything, and drop the cookie."""
        self.log("logout", "ok", self.caller)
        await self._close()
        self.cookies.append(self.keys.cookie(self.keys.session_cookie, "", max_age=0))

    @contextlib.contextmanager
    def noting_failure(self, event: Event, by: logins.By, name: str) -> Iterator[None]:
        """A refused login is left for the front door to note, when the answer is on its way."""
        try:
            yield
        except (logins.WrongPair, totp.WrongCode, attempts.TooMany) as refusal:
            too_many = refusal if isinstance(refusal, attempts.TooMany) else None
            step = event == "proof"
            locked = too_many is not None and (too_many.locked or step)
            whom = None if event == "login" else self.member
            self.log(event, "limited" if too_many else "wrong", whom)
            factor, limited = event == "second-factor", too_many is not None
            self.failure = login_events.Failure(
                by, name, self.device, limited=limited, locked=locked, factor=factor, step=step
            )
            raise

    def log(self, event: str, outcome: str, member: Member | None) -> None:
        write = security_log.limit if outcome == "limited" else security_log.note
        whom = member.key if member else None
        write(event, whom, outcome=outcome, network=networks.logged(self.address))

    async def _count(self, login: str, *, known: bool) -> attempts.Counted:
        browser = self.browser if known else None
        return await attempts.count(self.keys.newest, login, self.address or "unknown", browser)

    async def _close(self) -> None:
        if self.token is not None:
            await logins.end_session(token_hash(self.token))
        self.member = self.waiting = self.token = None


def named(member: Member) -> tuple[logins.By, str]:
    """What the member logs in by, and the name."""
    return ("account", member.own.login) if member.own else ("customer", member.customer_number)


def arrive(keys: Keys, cookies: Mapping[str, str], address: str, user_agent: str) -> Visit:
    """The visit of a browser that is new or known by its cookie, before anybody is looked up."""
    signed = keys.read("browser", cookies.get(keys.browser_cookie))
    if signed:
        return Visit(keys, signed[0], tuple(signed[1:]), address, user_agent)
    visit = Visit(keys, secrets.token_urlsafe(16), (), address, user_agent)
    visit.remember_browser()
    return visit


async def recognise(
    visit: Visit, cookie: str | None, ticket: Ticket | None, *, even_without_database: bool
) -> None:
    """Find the member whose session the cookie leads to, with the kept form that the ticket names.

    Without the database some pages are shown to nobody.
    """
    token, role = _signed_session(visit.keys, cookie)
    if token:
        try:
            seal_keys = visit.keys.seal_keys(token)
            visit.member = await members.find(token_hash(token), seal_keys, ticket)
            if visit.member is None:
                visit.ended = await members.how_it_ended(token_hash(token))
        except Exception as error:
            if not (even_without_database and database.unavailable(error)):
                raise
            return
    elif cookie is not None:
        visit.ended = "elsewhere"  # no cookie of ours, or one of before the keys were changed
    if visit.member is None:
        return
    visit.token = token
    if visit.member.role != role:
        visit.remember_session(token, visit.member.role)
    if visit.member.stage is not Stage.OPEN:
        visit.waiting, visit.member = visit.member, None


def _signed_session(keys: Keys, cookie: str | None) -> tuple[str, str]:
    signed = keys.read("session", cookie)
    return (signed[0], signed[1]) if signed and len(signed) == 2 else ("", "")


def enter(scope: Scope, visit: Visit) -> None:
    """Leave the visit in the request's scope, where its handler and the front door around it find it."""
    scope["visit"] = visit  # type: ignore[typeddict-unknown-key]


def of(scope: Scope) -> Visit | None:
    """The visit of a request; None where nobody asked who calls: a static file, or an error before the guard."""
    visit: Visit | None = scope.get("visit")  # type: ignore[assignment]
    return visit
