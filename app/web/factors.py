"""What a visit does with a second factor: sign in by a passkey alone, give the factor after the password, pass a step."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from app.domain import clock
from app.domain.access import attempts, logins, passkeys, proofs, recovery_codes, second_factor, totp
from app.domain.access.challenges import Challenges, Purpose, WrongChallenge
from app.domain.access.kept_passkeys import WrongPasskey
from app.domain.access.members import Member, SessionEnded, Stage
from app.domain.access.passkeys import RelyingParty
from app.domain.access.proofs import Step
from app.domain.access.second_factor import UsedPasskey, Whose
from app.domain.letters import alerts
from app.web.cookies import anchor, new_token, token_hash
from app.web.visit import Visit, named

LONGEST = 64
"""Characters of a code that are looked at."""


def challenges(visit: Visit, purpose: Purpose) -> Challenges:
    """Of this visit: of the browser where nobody is logged in, else of the session."""
    binding = visit.browser if purpose == "login" else anchor(visit.token or "")
    return Challenges(visit.keys.secret_keys, purpose, binding)


def whose(member: Member, step: Step) -> Whose:
    """The login whose passkey passes the step: the customer number's where the step asks for that."""
    return Whose(member.contract.id, None) if proofs.of_customer(member, step) else Whose.own(member)


async def sign_in(visit: Visit, answer: str, party: RelyingParty) -> Member:
    """Open a session for whose passkey has answered. Raises WrongPasskey, WrongChallenge, attempts.TooMany, WrongPair."""
    with _logging(visit, "login", None):
        counted = await attempts.count_address(visit.keys.newest, visit.address or "unknown")
        used, token = await passkeys.owner(answer, party, challenges(visit, "login")), new_token()
        owner = await logins.open_by_passkey(used, token_hash(token), visit.device)
    await attempts.succeeded(counted)
    member = await visit.begin(token)
    await visit.welcome(member, owner)
    return member


async def give_code(visit: Visit, typed: str) -> Member:
    """Pass the stage with a code of the authenticator app, or a recovery code.

    Raises totp.WrongCode, attempts.TooMany, SessionEnded.
    """
    member, code = _member(visit), totp.typed(typed)[:LONGEST]
    by, name = named(member)
    owner = await _owner(member)
    with visit.noting_failure("second-factor", by, name):
        if totp.is_code(code):
            known = visit.knows(f"{by} {name}", owner)
            browser = visit.browser if known else None
            counted = await attempts.count_factor(visit.keys.newest, f"{by} {name}", browser)
            await totp.take(Whose.own(member), code, clock.wall())
        else:
            counted = await attempts.count_address(visit.keys.newest, visit.address or "unknown")
            await _use_recovery_code(member, code)
    await attempts.succeeded(counted)
    passed = await _pass_stage(visit, member, owner)
    if not totp.is_code(code):
        left = (await second_factor.of(Whose.own(member))).codes
        await alerts.recovery_code_used(passed, visit.device, left)
    return passed


WRONG_RECOVERY_CODE = (
    "コードが正しくありません。認証アプリの6桁のコード、またはまだ使っていない回復コードを入力してください。"
)


async def _use_recovery_code(member: Member, code: str) -> None:
    if not await recovery_codes.use(Whose.own(member), code, clock.now()):
        raise totp.WrongCode(WRONG_RECOVERY_CODE)


async def give_passkey(visit: Visit, answer: str, party: RelyingParty) -> Member:
    """Pass the stage with a passkey of the login.

    Raises WrongPasskey, WrongChallenge, attempts.TooMany, SessionEnded.
    """
    member = _member(visit)
    owner, ours = await _owner(member), challenges(visit, "second-factor")
    with _logging(visit, "second-factor", member):
        counted = await attempts.count_address(visit.keys.newest, visit.address or "unknown")
        used = await passkeys.prove(Whose.own(member), member, answer, party, ours)
        passed = await _pass_stage(visit, member, owner, used)
    await attempts.succeeded(counted)
    return passed


async def prove(visit: Visit, step: Step, answer: str, party: RelyingParty) -> None:
    """Pass a step with a passkey; the session goes on under a new id.

    Raises WrongPasskey, WrongChallenge, attempts.TooMany, SessionEnded, Forbidden.
    """
    member = _member(visit)
    step = proofs.asked(member, step)
    proofs.may_pass(member, step)
    with _logging(visit, "proof", member):
        counted = await visit.count_step(member, step)
        used = await passkeys.prove(whose(member, step), member, answer, party, challenges(visit, "step"))
        token = new_token(kept=anchor(visit.token or ""))
        await logins.pass_step_by_passkey(member, step, used, token_hash(token))
    await attempts.succeeded(counted)
    visit.log("proof", "ok", member)
    visit.go_on(token, member.role)


@contextlib.contextmanager
def _logging(visit: Visit, event: str, member: Member | None) -> Iterator[None]:
    """What a passkey is refused for goes into the security log, as wrong passwords do."""
    try:
        yield
    except (WrongPasskey, WrongChallenge):
        visit.log(event, "wrong", member)
        raise
    except attempts.TooMany:
        visit.log(event, "limited", member)
        raise


async def _pass_stage(
    visit: Visit, member: Member, owner: logins.Owner, used: UsedPasskey | None = None
) -> Member:
    token, known = new_token(kept=anchor(visit.token or "")), visit.knows(" ".join(named(member)), owner)
    await logins.pass_second_factor(member, token_hash(token), used)
    passed = await visit.begin(token)
    if Stage.NEW_PASSWORD in passed.stages:
        owner = await _owner(passed)  # the one-time password has taken the place of its own
    await visit.welcome(passed, owner, known=known)
    return passed


async def _owner(member: Member) -> logins.Owner:
    """Raises SessionEnded for an account ID that was deleted meanwhile."""
    found = await logins.find(*named(member))
    if found is None:
        raise SessionEnded
    return found


def _member(visit: Visit) -> Member:
    if visit.member is None:
        raise SessionEnded
    return visit.member
