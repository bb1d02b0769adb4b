"""2段階認証: one's own passkeys, authenticator app and recovery codes (spec 18).

Every registration has a confirm page, as every change has: the passkey that the browser has made, or the code that the
authenticator app has shown, is looked at when the input page is sent, and kept when the confirm page is.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from cryptography.fernet import InvalidToken
from litestar import MediaType, Response, get, post

from app.domain import clock, fields
from app.domain.access import kept_passkeys, passkeys, recovery_codes, second_factor, totp
from app.domain.access.challenges import WrongChallenge
from app.domain.access.kept_passkeys import NewPasskey, WrongPasskey
from app.domain.access.matrix import Missing, Permission
from app.domain.access.members import Member, Stage
from app.domain.access.passkeys import RelyingParty
from app.domain.access.proofs import Step
from app.domain.access.second_factor import Whose
from app.domain.access.totp import WrongCode
from app.domain.changes import asking
from app.domain.changes.words import Refused
from app.domain.people import second_factor as changes
from app.domain.people.second_factor import RegisterPasskey, RegisterTotp
from app.routes.changes.drafts import draft
from app.web import factors
from app.web.forms import Form
from app.web.pages import Menu, Place, open_to
from app.web.qr import qr_code
from app.web.render import page, see_other
from app.web.request import Request

PLACE = Place(Menu.HISTORY, 15, "2段階認証")
STAGES = (Stage.OPEN, Stage.SET_UP)
SECRET_LASTS = 30 * 60
"""Seconds that a page with a new secret may be open before it is sent."""
NOT_READ = "画面の有効期間が切れました。新しいQRコードを読み取って、もう一度お試しください。"
_own_page = partial(open_to, Permission.SECOND_FACTOR)
PASSKEY_NAME = "パスキーの名前"
NO_PASSKEY = "パスキーがまだ作成されていません。［パスキーを作成］を押してください。"


@get(
    "/second-factor",
    opt=open_to(
        Permission.SECOND_FACTOR, menu=PLACE, nothing_to_read=True, stages=STAGES, entry=Stage.SET_UP
    ),
)
async def overview(request: Request) -> Response[str]:
    return await _overview(request, Form())


async def _overview(request: Request, form: Form) -> Response[str]:
    shown: dict[str, Any] = {
        "found": await second_factor.of(Whose.own(request.member)),
        "passkeys_here": request.relying_party is not None,
        "most": kept_passkeys.MOST,
        "codes": recovery_codes.NUMBER,
    }
    return page(request, "people/second_factor/list.html", title=changes.NAME, form=form, **shown)


# --- passkeys ---------------------------------------------------------------------------------------------------------

_behind_the_step = partial(open_to, Permission.SECOND_FACTOR, step=Step.RECENT, stages=STAGES)
NEW_PASSKEY = "/second-factor/passkeys/new"


@get(NEW_PASSKEY, opt=_behind_the_step())
async def new_passkey(request: Request) -> Response[str]:
    before = await draft(request, _login(request.member), RegisterPasskey)
    name = before[0].label if before else request.visit.device.browser
    return _passkey_page(request, Form({"name": name}))


@get("/second-factor/passkeys.json", opt=_behind_the_step())
async def passkey_options(request: Request) -> Response[str]:
    member, party = request.member, _party(request)
    label = _login(member) or member.customer_number
    challenge = factors.challenges(request.visit, "register").new()
    made = await passkeys.to_register(Whose.own(member), label, party, challenge)
    return Response(made, media_type=MediaType.JSON)


@post(NEW_PASSKEY, opt=_behind_the_step())
async def register_passkey(request: Request) -> Response[Any]:
    member, form = request.member, await request.read_form()
    name = form.take("name", fields.to_others(partial(fields.name, label=PASSKEY_NAME), PASSKEY_NAME))
    form.must(bool(form.typed.get("credential")), "", NO_PASSKEY)
    made = await _made(request, form) if form.valid else None
    if made is None or name is None:
        return _passkey_page(request, form)
    codes, shown_once = await changes.codes_with_the_first(member)
    kept = (made.credential_id, made.public_key, made.sign_count, made.transports)
    change = RegisterPasskey(_login(member), codes, name, *kept)
    return see_other(f"/changes/{await asking.ask(member, change, shown_once)}")


async def _made(request: Request, form: Form) -> NewPasskey | None:
    """The passkey that the browser has made; None, with the reason in the form."""
    challenges = factors.challenges(request.visit, "register")
    try:
        return await passkeys.made(form.typed["credential"], _party(request), challenges)
    except (WrongPasskey, WrongChallenge) as wrong:
        form.refuse(Refused(wrong.reason))
        return None


def _passkey_page(request: Request, form: Form) -> Response[str]:
    _party(request)
    return page(request, "people/second_factor/passkey.html", title="パスキー登録", form=form)


@post("/second-factor/passkeys/remove", opt=_own_page(back="/second-factor"))
async def remove_passkey(request: Request) -> Response[Any]:
    member, typed = request.member, (await request.read_form()).typed.get("passkey", "")
    found = await second_factor.of(Whose.own(member))
    passkey = next((one for one in found.passkeys if str(one.id) == typed), None)
    if passkey is None:
        return await _gone(request)
    change = changes.RemovePasskey(_login(member), found.one_left, passkey.id, passkey.name)
    return see_other(f"/changes/{await asking.ask(member, change)}")


# --- authenticator app ------------------------------------------------------------------------------------------------


@get("/second-factor/totp", opt=_behind_the_step())
async def new_totp(request: Request) -> Response[str]:
    before = await draft(request, _login(request.member), RegisterTotp)
    typed = request.typed_before or {}
    secret = totp.opened(before[0].secret) if before else _secret(request.member, typed.get("setup", ""))
    return await _totp_page(request, Form(), secret or totp.new_secret())


@post("/second-factor/totp", opt=_behind_the_step())
async def register_totp(request: Request) -> Response[Any]:
    member, form = request.member, await request.read_form()
    secret = _secret(member, form.typed.get("setup", ""))
    form.must(secret is not None, "code", NOT_READ)
    code = totp.typed(form.typed.get("code", ""))
    form.must(bool(code), "code", "コードを入力してください。")
    step = _verified(form, secret, code) if secret and form.valid else None
    if secret is None or step is None:
        return await _totp_page(request, form, secret or totp.new_secret())
    codes, shown_once = await changes.codes_with_the_first(member)
    change = RegisterTotp(_login(member), codes, totp.seal(secret).secret, step)
    return see_other(f"/changes/{await asking.ask(member, change, shown_once)}")


def _verified(form: Form, secret: str, code: str) -> int | None:
    try:
        return totp.verify_new(secret, code, clock.wall())
    except WrongCode as wrong:
        form.must(False, "code", wrong.reason)
        return None


def _secret(member: Member, setup: str) -> str | None:
    """The secret that the page was made with, which only this session can read; None for none, or an old one."""
    try:
        return member.cipher.decrypt(setup, ttl=SECRET_LASTS).decode()
    except (InvalidToken, ValueError):
        return None


async def _totp_page(request: Request, form: Form, secret: str) -> Response[str]:
    member = request.member
    if (await second_factor.of(Whose.own(member))).totp:
        return await _overview(request, _refused(changes.TOTP_TAKEN))
    shown: dict[str, Any] = {
        "setup": member.cipher.encrypt(secret.encode()).decode(),
        "key": " ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
        "picture": qr_code(totp.uri(secret, _login(member) or member.customer_number)),
    }
    return page(request, "people/second_factor/totp.html", title="認証アプリ登録", form=form, **shown)


@post("/second-factor/totp/remove", opt=_own_page(back="/second-factor"))
async def remove_totp(request: Request) -> Response[Any]:
    member = request.member
    found = await second_factor.of(Whose.own(member))
    if found.totp is None:
        return await _gone(request)
    change = changes.RemoveTotp(_login(member), found.one_left)
    return see_other(f"/changes/{await asking.ask(member, change)}")


# --- recovery codes ---------------------------------------------------------------------------------------------------


@post("/second-factor/recovery-codes", opt=_own_page(back="/second-factor"))
async def renew_codes(request: Request) -> Response[Any]:
    member = request.member
    if not (await second_factor.of(Whose.own(member))).any:
        return await _overview(request, _refused(changes.NO_FACTOR))
    codes, shown_once = changes.new_codes(member)
    change = changes.RenewRecoveryCodes(_login(member), codes)
    return see_other(f"/changes/{await asking.ask(member, change, shown_once)}")


# --- all of them ------------------------------------------------------------------------------------------------------


def _login(member: Member) -> str | None:
    return member.own.login if member.own else None


def _party(request: Request) -> RelyingParty:
    """Raises Missing where there can be no passkeys."""
    if request.relying_party is None:
        raise Missing(request.headers["host"])
    return request.relying_party


def _refused(reason: str) -> Form:
    form = Form()
    form.refuse(Refused(reason))
    return form


async def _gone(request: Request) -> Response[str]:
    """It was removed in another tab."""
    return await _overview(request, _refused("すでに削除されています。登録内容をお確かめください。"))
