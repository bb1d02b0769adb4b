"""A walk through the pages of every change, in each of the ways that it can go (test_every_change.py takes them all)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta

from webauthn.helpers import base64url_to_bytes

from app.domain import clock
from app.domain.cards import checks, reminders
from app.domain.options import purchase_requests
from app.domain.people import papers
from app.postgres import database
from tests.access.steps import code_of
from tests.authenticator import Passkey, options
from tests.browser import Browser

SON, WIFE = "/accounts/arteri-an-001", "/accounts/arteri-an-002"
"""He has no mail address yet, she has one of another company."""
MAILED_LINK = ""
"""The input page whose path was mailed."""
HIS_REQUEST = "/purchase-requests/{identity:uuid}"
"""The page of what was asked for last."""


@dataclass(frozen=True)
class Walk:
    """One change: its kind, its input page, what is typed there into which of its forms, and the walks before it."""

    kind: str
    page: str
    typed: dict[str, str] | Callable[[Browser], Awaitable[dict[str, str]]] = field(default_factory=dict)
    """What is typed, or how it is found out from the page."""
    form: str | None = None
    after: tuple[str, ...] = ()
    who: str = "90000000000000"
    """A customer number, or an account ID."""
    stage: str = ""
    """How far the session has come, for a page that only such a session opens."""
    later: Callable[[], Awaitable[object]] | None = None
    """What staff, or the clock, do about it."""
    shortly: bool = False
    """The walks before it are of the same day, not of a month ago."""


async def approve() -> None:
    (check,) = await checks.waiting()
    await checks.approve(check.id)


async def refuse() -> None:
    (check,) = await checks.waiting()
    await checks.refuse(check.id)


async def two_weeks() -> None:
    clock.start_at(clock.now() + timedelta(days=14))
    await database.rows("UPDATE session SET opened_at = $1, seen_at = $1", clock.now())
    await purchase_requests.lapse_due()


async def follow() -> None:
    """A paper is sent, comes back, and what it asks for is done."""
    (paper,) = await papers.waiting()
    for step in (papers.done, papers.received, papers.entered):
        async with database.engine().transaction():
            await step(paper.id)


async def code_of_the_app(browser: Browser) -> dict[str, str]:
    return {"code": code_of(browser.rows["キー"])}


async def new_passkey(browser: Browser) -> dict[str, str]:
    asked = await options(browser, "/second-factor/passkeys.json")
    passkey = Passkey(asked["rp"]["id"], base64url_to_bytes(asked["user"]["id"]))
    return {"name": "息子の電話", "credential": passkey.made(asked)}


AGREED = {"agree": "yes"}
NEW_PASSWORD = {"password": "hik-7q2mzw", "password_again": "hik-7q2mzw"}
DAUGHTER = {
    "login": "arteri-an-003",
    "family": "有光",
    "given": "光",
    "family_kana": "アルテリ",
    "given_kana": "ヒカリ",
    "user_name": "ひかり",
    **NEW_PASSWORD,
}
MOVED = {"occupation": "自営業", "household": "3", "phone": "03-0000-0001", "fax": "03-0000-0002"}
ALLOWED = {"consent": "yes"}
AWAY = {**ALLOWED, "enabled": "on", "subject": "休暇中です", "body": "戻りましたらお返事します。"}
OURS, OTHERS = {"kind": "ucom", **AGREED}, {"kind": "other", **AGREED}
CARD = {
    "month": "01",
    "year": "2040",
    "given": "AN",
    "family": "ARUTERI",
    "card_number": "5555555555554444",
    **AGREED,
}
WITH_ADDRESS = ("the mail service is bought", "an address of ours")
HAS_SET_UP = (
    *("mail is forwarded and kept", "the auto-reply is switched on"),
    *("a mail program gets a password", "a web space is registered"),
)
OPTION = "/security?product=security-360"
PASSKEY = "/second-factor/passkeys/new"

PEOPLE = {
    "an account ID is registered": Walk("account-registration", "/accounts/new", DAUGHTER),
    "an account ID is edited": Walk("account-edit", f"{SON}/edit", {"given": "新", "role": "admin"}),
    "an account ID is edited with its password": Walk(
        "account-edit", f"{WIFE}/edit", {"user_name": "きち", **NEW_PASSWORD}
    ),
    "an admin gives up the own role": Walk(
        "account-edit", f"{WIFE}/edit", {"role": "user"}, who="arteri-an-002"
    ),
    "the password of an account ID": Walk("account-password", f"{SON}/password", NEW_PASSWORD),
    "an account ID is deleted": Walk("account-deletion", f"{WIFE}/delete"),
    "an account ID is deleted with all that it has": Walk(
        "account-deletion",
        f"{SON}/delete",
        after=(*WITH_ADDRESS, "the mailbox grows", "his filter is bought", *HAS_SET_UP),
    ),
    "a user corrects the own names": Walk(
        "account-names", f"{SON}/edit", {"given": "新", "user_name": "しん"}, who="arteri-an-001"
    ),
    "an admin deletes the own account ID": Walk("account-deletion", f"{WIFE}/delete", who="arteri-an-002"),
    "users may buy no more": Walk(
        "user-purchases", "/accounts/user-purchase-permission", {"permitted": "no"}
    ),
    "users have to ask": Walk("user-purchases", "/accounts/user-purchase-permission", {"permitted": "ask"}),
    "users may buy no more, nor what they asked for": Walk(
        "user-purchases",
        "/accounts/user-purchase-permission",
        {"permitted": "no"},
        after=("a filter is asked for",),
        shortly=True,
    ),
    "an asking user becomes an admin": Walk(
        "account-edit", f"{SON}/edit", {"role": "admin"}, after=("a filter is asked for",), shortly=True
    ),
    "an asking user is deleted": Walk(
        "account-deletion", f"{SON}/delete", after=("a filter is asked for",), shortly=True
    ),
    "the password of the customer number": Walk(
        "customer-password", "/customer-password", {"password": "neu!99", "password_again": "neu!99"}
    ),
    "the customer had a one-time password": Walk(
        "customer-password-reset",
        "/new-password",
        {"password": "neu!99", "password_again": "neu!99"},
        stage="new-password",
    ),
    "a user had a one-time password": Walk(
        "account-password-reset", "/new-password", NEW_PASSWORD, stage="new-password", who="arteri-an-001"
    ),
    "the customer moves": Walk("customer", "/customer", {**MOVED, "email": "an@new.example.jp"}),
    "the customer wants no mail": Walk("customer", "/customer", {"email": ""}),
    "a new contact address is verified": Walk(
        "contact-address", MAILED_LINK, form="/customer/email", after=("the customer moves",)
    ),
    "a paper is asked for": Walk("paper-request", "/application", {"paper": "name"}, later=follow),
    "the line is to end": Walk(
        "line-cancellation",
        "/cancellation",
        {"wanted_on": "2026-03-10"},
        after=("remote support is bought",),
        later=follow,
    ),
    "a guide is asked for": Walk("guide-request", "/guide-request", {"paper": "guide"}),
    "an authenticator app is registered": Walk("totp-registration", "/second-factor/totp", code_of_the_app),
    "a passkey is the first factor": Walk(
        "passkey-registration", PASSKEY, new_passkey, form=PASSKEY, who="arteri-an-001"
    ),
    "a passkey is another factor": Walk(
        "passkey-registration",
        PASSKEY,
        new_passkey,
        form=PASSKEY,
        after=("an authenticator app is registered",),
    ),
    "a passkey is removed": Walk(
        "passkey-removal",
        "/second-factor",
        form="/second-factor/passkeys/remove",
        after=("an authenticator app is registered", "a passkey is another factor"),
    ),
    "the last factor is removed": Walk(
        "totp-removal",
        "/second-factor",
        form="/second-factor/totp/remove",
        after=("an authenticator app is registered",),
    ),
    "new recovery codes": Walk(
        "recovery-codes",
        "/second-factor",
        form="/second-factor/recovery-codes",
        after=("an authenticator app is registered",),
    ),
}
MAIL = {
    "the mail service is bought": Walk("mail-service-purchase", "/mail-service", AGREED),
    "an address of ours": Walk(
        "mail-address-ucom",
        f"{SON}/mail-address",
        {**OURS, "local_part": "hikari.taro"},
        after=("the mail service is bought",),
    ),
    "another address of ours": Walk(
        "mail-address-ucom", f"{SON}/mail-address", {**OURS, "local_part": "hikari.jiro"}, after=WITH_ADDRESS
    ),
    "an address of ours instead of another company's": Walk(
        "mail-address-ucom",
        f"{WIFE}/mail-address",
        {**OURS, "local_part": "hikari.hana"},
        after=("the mail service is bought",),
    ),
    "an address of another company": Walk(
        "mail-address-other", f"{WIFE}/mail-address", {**OTHERS, "address": "kichi@example.com"}
    ),
    "the same address of another company": Walk(
        "mail-address-other", f"{WIFE}/mail-address", {**OTHERS, "address": "arteri-kichi@mail.example.com"}
    ),
    "a user gives up the last address of ours": Walk(
        "mail-address-other",
        f"{SON}/mail-address",
        {**OTHERS, "address": "taro@example.com"},
        after=(*WITH_ADDRESS, "the mailbox grows", *HAS_SET_UP),
        who="arteri-an-001",
    ),
    "the mailbox grows": Walk("mailbox-size", f"{SON}/mailbox", AGREED, after=WITH_ADDRESS),
    "the mailbox shrinks": Walk(
        "mailbox-size", f"{SON}/mailbox", AGREED, after=(*WITH_ADDRESS, "the mailbox grows")
    ),
    "mail is forwarded and kept": Walk(
        "forwarding",
        f"{SON}/forwarding",
        {**ALLOWED, "address_1": "a@example.com", "keep_copy": "yes"},
        after=WITH_ADDRESS,
    ),
    "he forwards his own mail": Walk(
        "forwarding",
        f"{SON}/forwarding",
        {"address_1": "a@example.com", "keep_copy": "yes"},
        after=WITH_ADDRESS,
        who="arteri-an-001",
    ),
    "mail is forwarded and not kept": Walk(
        "forwarding",
        f"{SON}/forwarding",
        {**ALLOWED, "address_2": "b@example.com", "keep_copy": ""},
        after=(*WITH_ADDRESS, "mail is forwarded and kept"),
    ),
    "mail is forwarded no more": Walk(
        "forwarding",
        f"{SON}/forwarding",
        {**ALLOWED, "address_1": ""},
        after=(*WITH_ADDRESS, "mail is forwarded and kept"),
    ),
    "the auto-reply is switched on": Walk(
        "auto-reply",
        f"{SON}/auto-reply",
        {**AWAY, "starts_on": "2026-01-21", "ends_on": "2026-01-25"},
        after=WITH_ADDRESS,
    ),
    "he switches his own auto-reply on": Walk(
        "auto-reply",
        f"{SON}/auto-reply",
        {"enabled": "on", "subject": "休暇中です", "body": "戻りましたらお返事します。"},
        after=WITH_ADDRESS,
        who="arteri-an-001",
    ),
    "the auto-reply is switched off": Walk(
        "auto-reply",
        f"{SON}/auto-reply",
        {**ALLOWED, "enabled": "off", "starts_on": "", "ends_on": ""},
        after=(*WITH_ADDRESS, "the auto-reply is switched on"),
    ),
    "an auto-reply that is over": Walk(
        "auto-reply", f"{SON}/auto-reply", {**AWAY, "ends_on": "2026-01-19"}, after=WITH_ADDRESS
    ),
    "a mail program gets a password": Walk(
        "mail-password-new",
        f"{SON}/mail-passwords",
        {**ALLOWED, "called": "スマートフォン"},
        after=WITH_ADDRESS,
    ),
    "the last password of a mail program is removed": Walk(
        "mail-password-removal",
        f"{SON}/mail-passwords",
        form=f"{SON}/mail-passwords?remove=1",
        after=(*WITH_ADDRESS, "a mail program gets a password"),
    ),
    "a web space is registered": Walk(
        "web-space-registration", f"{SON}/web-space", {"space": "taro.home"}, after=WITH_ADDRESS
    ),
    "a web space is deleted": Walk(
        "web-space-deletion", f"{SON}/web-space", after=(*WITH_ADDRESS, "a web space is registered")
    ),
}
OPTIONS = {
    "an option is bought": Walk("security-purchase", f"{WIFE}/security", AGREED, WIFE + OPTION),
    "his filter is bought": Walk(
        "security-purchase",
        f"{SON}/security",
        AGREED,
        f"{SON}/security?product=kids-filter",
        after=WITH_ADDRESS,
        who="arteri-an-001",
    ),
    "an option is cancelled": Walk(
        "security-cancellation",
        f"{WIFE}/security",
        form=f"{WIFE}{OPTION}&want=cancel",
        after=("an option is bought",),
    ),
    "a filter is asked for": Walk(
        "purchase-request",
        f"{SON}/security",
        AGREED,
        f"{SON}/security?product=kids-filter",
        after=(*WITH_ADDRESS, "users have to ask"),
        who="arteri-an-001",
        later=two_weeks,
    ),
    "what was asked for is approved": Walk(
        "purchase-approval",
        f"{HIS_REQUEST}/decision",
        form=f"{HIS_REQUEST}/decision?want=approve",
        after=("a filter is asked for",),
        shortly=True,
    ),
    "what was asked for is refused": Walk(
        "purchase-refusal",
        f"{HIS_REQUEST}/decision",
        {"reason": "いまは必要ないと思います。"},
        form=f"{HIS_REQUEST}/decision?want=refuse",
        after=("a filter is asked for",),
        who="arteri-an-002",
        shortly=True,
    ),
    "what was asked for is taken back": Walk(
        "purchase-request-withdrawal",
        HIS_REQUEST,
        after=("a filter is asked for",),
        who="arteri-an-001",
        shortly=True,
    ),
    "remote support is bought": Walk("remote-support-purchase", "/remote-support", AGREED),
    "remote support is cancelled": Walk(
        "remote-support-cancellation", "/remote-support", after=("remote support is bought",)
    ),
    "remote support is bought again": Walk(
        "remote-support-purchase",
        "/remote-support",
        AGREED,
        after=("remote support is bought", "remote support is cancelled"),
    ),
}
CARDS = {
    "the contractor's card": Walk("card", "/payment", CARD),
    "a card that expires soon": Walk("card", "/payment", {**CARD, "year": "2026"}, later=reminders.post_due),
    "a card in another name is approved": Walk("card", "/payment", {**CARD, "given": "KICHI"}, later=approve),
    "a card in another name is refused": Walk("card", "/payment", {**CARD, "given": "KICHI"}, later=refuse),
}

WALKS = {"people": PEOPLE, "mail": MAIL, "options": OPTIONS, "cards": CARDS}
"""By subject, the walks by their names; protocols/ has a file of each subject."""
EVERY = {name: walk for walks in WALKS.values() for name, walk in walks.items()}
