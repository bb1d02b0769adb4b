"""Passkeys (WebAuthn): made by an authenticator for this portal's host name, asked for there and nowhere else.

A passkey is discoverable and its authenticator knows its owner again (user verification), so it is two factors at once:
it signs in alone. What was registered in a session proves nothing in that session, as with passwords (proofs.py).

py_webauthn is loaded when it is first needed: it takes a quarter of a second.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from app.branding import BRAND
from app.domain.access import kept_passkeys
from app.domain.access.challenges import Challenges
from app.domain.access.kept_passkeys import NewPasskey, Registered, WrongPasskey
from app.domain.access.members import Member
from app.domain.access.second_factor import UsedPasskey, Whose

LONGEST = 16_384
"""Characters of an authenticator's answer that are looked at; the longest that was seen has some 2,000."""
TIMEOUT = 300_000
"""Milliseconds that a browser waits for its authenticator."""
RP_NAME = BRAND.service

UNREADABLE = "パスキーの応答を読み取れませんでした。もう一度お試しください。"
REFUSED = "パスキーを確認できませんでした。もう一度お試しください。"
UNKNOWN = f"このパスキーは登録されていません。{BRAND.service}から削除された可能性があります。"
ANOTHERS = "このパスキーは、ログイン中のIDのものではありません。"
MADE_HERE = "このログイン中に登録したパスキーでは、ご本人の確認ができません。"


@dataclass(frozen=True)
class RelyingParty:
    """This portal as a browser knows it: its host name, and the origin of its pages."""

    id: str
    origin: str


# --- what a browser is asked ------------------------------------------------------------------------------------------


async def to_register(whose: Whose, label: str, party: RelyingParty, challenge: bytes) -> str:
    """The options for navigator.credentials.create(), as JSON; `label`: how the authenticator calls the login."""
    from webauthn import generate_registration_options, options_to_json
    from webauthn.helpers import structs

    made = generate_registration_options(
        rp_id=party.id,
        rp_name=RP_NAME,
        user_id=await kept_passkeys.handle(whose),
        user_name=label,
        user_display_name=label,
        challenge=challenge,
        timeout=TIMEOUT,
        attestation=structs.AttestationConveyancePreference.NONE,
        authenticator_selection=structs.AuthenticatorSelectionCriteria(
            resident_key=structs.ResidentKeyRequirement.REQUIRED,
            require_resident_key=True,
            user_verification=structs.UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[_descriptor(row) for row in await kept_passkeys.descriptions(whose)],
    )
    return options_to_json(made)


async def to_prove(whose: Whose, party: RelyingParty, challenge: bytes, member: Member) -> str:
    """The options for navigator.credentials.get() with the passkeys that can prove something in the member's session."""
    usable = await kept_passkeys.descriptions(whose, in_session=member)
    return _to_get(party, challenge, [_descriptor(row) for row in usable])


def to_sign_in(party: RelyingParty, challenge: bytes) -> str:
    """The same for whoever has a passkey of this portal: nobody is named."""
    return _to_get(party, challenge, [])


async def usable(whose: Whose, member: Member) -> bool:
    """Whether there is one that can prove something in the member's session."""
    return bool(await kept_passkeys.descriptions(whose, in_session=member))


def _to_get(party: RelyingParty, challenge: bytes, allowed: list[Any]) -> str:
    from webauthn import generate_authentication_options, options_to_json
    from webauthn.helpers import structs

    made = generate_authentication_options(
        rp_id=party.id,
        challenge=challenge,
        timeout=TIMEOUT,
        allow_credentials=allowed,
        user_verification=structs.UserVerificationRequirement.REQUIRED,
    )
    return options_to_json(made)


def _descriptor(row: Any) -> Any:
    from webauthn.helpers import structs

    known = [structs.AuthenticatorTransport(one) for one in row["transports"] if one in _transports()]
    return structs.PublicKeyCredentialDescriptor(id=row["credential_id"], transports=known)


def _transports() -> set[str]:
    from webauthn.helpers import structs

    return {one.value for one in structs.AuthenticatorTransport}


# --- what it answers --------------------------------------------------------------------------------------------------


async def made(answer: str, party: RelyingParty, challenges: Challenges) -> NewPasskey:
    """The passkey that the browser has made. Raises WrongPasskey, WrongChallenge."""
    from webauthn import verify_registration_response
    from webauthn.helpers import parse_registration_credential_json

    credential, challenge = await _taken(answer, challenges)
    try:
        verified = verify_registration_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=party.origin,
            require_user_verification=True,
        )
        told = parse_registration_credential_json(credential).response.transports or []
    except _faults() as error:
        raise WrongPasskey(REFUSED) from error
    return NewPasskey(
        verified.credential_id,
        verified.credential_public_key,
        verified.sign_count,
        [one.value for one in told],
    )


async def owner(answer: str, party: RelyingParty, challenges: Challenges) -> UsedPasskey:
    """Whose passkey has signed the challenge, for who names nobody: the authenticator has to. Raises as `prove`."""
    found, credential, challenge = await _answered(answer, challenges, must_name=True)
    return await _verify(found, credential, challenge, party)


async def prove(
    whose: Whose, member: Member, answer: str, party: RelyingParty, challenges: Challenges
) -> UsedPasskey:
    """One of the login's passkeys has signed the challenge, and not one that the member's session registered.

    Raises WrongPasskey, WrongChallenge.
    """
    found, credential, challenge = await _answered(answer, challenges)
    if found.whose != whose:
        raise WrongPasskey(ANOTHERS)
    if found.session == member.session:
        raise WrongPasskey(MADE_HERE)
    return await _verify(found, credential, challenge, party)


async def _answered(
    answer: str, challenges: Challenges, *, must_name: bool = False
) -> tuple[Registered, dict[str, Any], bytes]:
    """The registered passkey that the answer names, the answer, and the challenge, which is used up.

    `must_name`: the authenticator has to say whose it is; what it says has to be true anyway.
    """
    from webauthn.helpers import parse_authentication_credential_json

    credential, challenge = await _taken(answer, challenges)
    try:
        parsed = parse_authentication_credential_json(credential)
    except _faults() as error:
        raise WrongPasskey(UNREADABLE) from error
    found = await kept_passkeys.find(parsed.raw_id)
    if found is None:
        raise WrongPasskey(UNKNOWN)
    handle = parsed.response.user_handle
    if handle is None and must_name:
        raise WrongPasskey(REFUSED)
    if handle is not None and handle != found.handle:
        raise WrongPasskey(ANOTHERS)
    return found, credential, challenge


async def _taken(answer: str, challenges: Challenges) -> tuple[dict[str, Any], bytes]:
    """The answer as JSON, and its challenge, which is used up. Raises WrongPasskey, WrongChallenge."""
    from webauthn.helpers import base64url_to_bytes, parse_client_data_json

    if not answer or len(answer) > LONGEST:
        raise WrongPasskey(UNREADABLE)
    try:
        credential = json.loads(answer)
        data = parse_client_data_json(base64url_to_bytes(credential["response"]["clientDataJSON"]))
    except _faults() as error:
        raise WrongPasskey(UNREADABLE) from error
    if data.cross_origin:  # py_webauthn lets it pass: another site's page asked, with ours inside
        raise WrongPasskey(REFUSED)
    await challenges.take(data.challenge)
    return credential, data.challenge


def _faults() -> tuple[type[Exception], ...]:
    """What py_webauthn raises for what is no answer; its own, and what it lets through (binascii.Error is a ValueError)."""
    from webauthn.helpers.exceptions import WebAuthnException

    return (WebAuthnException, ValueError, KeyError, TypeError, AttributeError, RecursionError)


async def _verify(
    found: Registered, credential: dict[str, Any], challenge: bytes, party: RelyingParty
) -> UsedPasskey:
    from webauthn import verify_authentication_response

    try:
        verified = verify_authentication_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=party.origin,
            credential_public_key=found.public_key,
            credential_current_sign_count=found.sign_count,
            require_user_verification=True,
        )
    except _faults() as error:
        raise WrongPasskey(REFUSED) from error
    if not await kept_passkeys.count_use(found, verified.new_sign_count):
        raise WrongPasskey(REFUSED)  # removed, or used by another request in between: a copy may be about
    return UsedPasskey(found.id, found.whose)
