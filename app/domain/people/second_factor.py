"""2段階認証: registering and removing one's own passkeys and authenticator app, and new recovery codes (spec 18).

The first factor brings recovery codes with it. They are made when the input page is sent, kept as hashes, and shown by
the first complete page alone, as the first characters of a password are (changes/kept.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from app import security_log
from app.branding import BRAND
from app.domain import data_keys, tables
from app.domain.access import kept_passkeys, logins, recovery_codes, second_factor, totp
from app.domain.access.kept_passkeys import NewPasskey, WrongPasskey
from app.domain.access.matrix import Permission
from app.domain.access.members import Member, Stage
from app.domain.access.names import Name
from app.domain.access.proofs import Step
from app.domain.access.second_factor import Whose
from app.domain.changes.kinds import OfLogin
from app.domain.changes.words import FORMER_PAGE, Link, Receipt, Refused, Review, Row
from app.domain.letters import alerts, outbox, recipients
from app.domain.letters.recipients import Told
from app.postgres import database

PAGE = "/second-factor"
NAME = "2段階認証"
CODES = "回復コード"
ONCE = "回復コードは、この画面を最初に開いたときだけ表示します。控えていないときは、「2段階認証」の画面で再発行してください。"
KEEP_THEM = (
    "パスキーや認証アプリを使えなくなったときは、回復コードでログインできます。それぞれ1回だけ使えます。"
    "印刷するか書き写して、パスワードとは別の場所に保管してください。"
)
BRINGS_CODES = f"登録すると、回復コードを{recovery_codes.NUMBER}個お渡しします。"
OLD_CODES = "これまでの回復コードは、すべて使えなくなります。"
CHANGED = "この画面を開いた後に、2段階認証の登録内容が変わりました。もう一度お確かめください。"
TOTP_TAKEN = "認証アプリは、すでに登録されています。別の認証アプリを使うには、先に登録を削除してください。"
GIVEN = "このIDには、2段階認証がすでに登録されています。ログアウトし、2段階認証でログインし直してください。"
NO_FACTOR = "回復コードは、パスキーまたは認証アプリを登録している場合に作成できます。"
ON_THE_DEVICE = "端末やブラウザーに残っているパスキーは、その設定画面から削除してください。"
NOW_ASKED = "次回のログインから、パスワードのほかに2段階認証が必要になります。"
ALONE = "パスキーでログインするときは、パスワードは必要ありません。"


def new_codes(member: Member) -> tuple[list[bytes], str]:
    """Hashes of new recovery codes, and the codes as the complete page shows them, a line each."""
    codes = recovery_codes.new()
    return recovery_codes.hashes(Whose.own(member), codes), "".join(f"{code}\n" for code in codes)


async def codes_with_the_first(member: Member) -> tuple[list[bytes], str]:
    """The same for a login that has no factor yet; nothing for one that has."""
    return ([], "") if (await second_factor.of(Whose.own(member))).any else new_codes(member)


@dataclass(frozen=True)
class _Registration(OfLogin):
    """A factor that is added; `codes`: hashes of recovery codes, with the first one."""

    codes: list[bytes]

    @property
    def _codes_row(self) -> list[Row]:
        return [Row(CODES, ONCE, secret=True)] if self.codes else []

    @property
    def _notices(self) -> tuple[str, ...]:
        return (NOW_ASKED, BRINGS_CODES) if self.codes else ()

    @staticmethod
    async def _may_pass(member: Member) -> None:
        """Raises Refused in a session that set up the first factor, where another one has done so meanwhile."""
        try:
            await second_factor.must_lack_one(member)
        except second_factor.Given as given:
            raise Refused(GIVEN) from given

    async def _receipt(
        self, member: Member, now: datetime, title: str, lead: str, rows: list[Row]
    ) -> Receipt:
        """The complete page; the codes are kept, and take the place of what another tab has brought meanwhile.

        Other sessions that would set up the first factor end: they have given the password alone.
        """
        await second_factor.end_set_up(member)
        notices: tuple[str, ...] = ()
        if self.codes:
            another = await recovery_codes.replace(Whose.own(member), self.codes, now)
            notices = (*((OLD_CODES,) if another else ()), NOW_ASKED, KEEP_THEM)
        return Receipt(title, lead, [*rows, *self._codes_row], notices, next=(Link(NAME, PAGE),))


@dataclass(frozen=True)
class RegisterPasskey(
    _Registration,
    kind="passkey-registration",
    name="パスキー登録",
    permission=Permission.SECOND_FACTOR,
    step=Step.RECENT,
    page=f"{PAGE}/passkeys/new",
    tells=Told.ACCOUNT,
    grave=True,
    passes=Stage.SET_UP,
):
    """A passkey that the member's browser has made, under the name that the member gave it."""

    label: str
    credential_id: bytes
    public_key: bytes
    sign_count: int
    transports: list[str]

    def review(self, member: Member, now: datetime) -> Review:
        return Review("パスキー登録確認", self._rows, "登録", notices=(*self._notices, ALONE))

    async def apply(self, member: Member, now: datetime) -> Receipt:
        await self._may_pass(member)
        made = NewPasskey(self.credential_id, self.public_key, self.sign_count, self.transports)
        try:
            await kept_passkeys.keep(member, made, self.label, now)
        except WrongPasskey as wrong:
            raise Refused(wrong.reason) from wrong
        await self.tell(member, "passkey-registered", login=alerts.named(member), label=self.label)
        return await self._receipt(member, now, "パスキー登録完了", "パスキーを登録しました。", self._rows)

    @property
    def _rows(self) -> list[Row]:
        return [Row("パスキーの名前", self.label)]


@dataclass(frozen=True)
class RegisterTotp(
    _Registration,
    kind="totp-registration",
    name="認証アプリ登録",
    permission=Permission.SECOND_FACTOR,
    step=Step.RECENT,
    page=f"{PAGE}/totp",
    tells=Told.ACCOUNT,
    grave=True,
    passes=Stage.SET_UP,
):
    """An authenticator app that has shown a right code; `secret` is encrypted, `used_step` is that code's."""

    secret: bytes
    used_step: int

    def review(self, member: Member, now: datetime) -> Review:
        return Review("認証アプリ登録確認", _TOTP_ROWS, "登録", notices=self._notices)

    async def apply(self, member: Member, now: datetime) -> Receipt:
        await self._may_pass(member)
        secret = data_keys.current().decrypt(self.secret)
        if not await totp.keep(Whose.own(member), secret, self.used_step, now):
            raise Refused(TOTP_TAKEN)
        await self.tell(member, "totp-registered", login=alerts.named(member))
        return await self._receipt(
            member, now, "認証アプリ登録完了", "認証アプリを登録しました。", _TOTP_ROWS
        )


_TOTP_ROWS = [Row("認証アプリ", "6桁のコード（30秒ごとに変わります）")]


@dataclass(frozen=True)
class _Removal(OfLogin):
    """A factor that is removed; `last`: no other is left then, as far as its confirm page knew."""

    last: bool

    def _review(self, member: Member, title: str, rows: list[Row]) -> Review:
        return Review(title, rows, "削除", notices=self._notices(member), danger=True)

    def _notices(self, member: Member) -> tuple[str, ...]:
        if not self.last:
            return ()
        ends = "次回から、パスワードだけでログインできるようになります。回復コードも使えなくなります。"
        again = "2段階認証が必要なIDのため、次回のログインのときに、もう一度登録していただきます。回復コードも使えなくなります。"
        return (again if second_factor.required(member.role) else ends,)

    async def _must_be_as_confirmed(self, member: Member) -> None:
        """Raises Refused: what the confirm page said of the last one has to hold."""
        if (await second_factor.of(Whose.own(member))).one_left != self.last:
            raise Refused(CHANGED)

    async def _end_codes(self, member: Member) -> None:
        if self.last:
            await recovery_codes.remove(Whose.own(member))


@dataclass(frozen=True)
class RemovePasskey(
    _Removal,
    kind="passkey-removal",
    name="パスキー削除",
    permission=Permission.SECOND_FACTOR,
    step=Step.RECENT,
    way_back=FORMER_PAGE,
    page=PAGE,
    tells=Told.ACCOUNT,
    grave=True,
):
    """A passkey, by its number; `label`: what it is called."""

    passkey: int
    label: str

    def review(self, member: Member, now: datetime) -> Review:
        return self._review(member, "パスキー削除確認", self._rows)

    async def apply(self, member: Member, now: datetime) -> Receipt:
        await self._must_be_as_confirmed(member)
        if not await kept_passkeys.remove(Whose.own(member), self.passkey):
            raise Refused(CHANGED)
        await self._end_codes(member)
        await self.tell(member, "passkey-removed", login=alerts.named(member), label=self.label)
        return Receipt(
            "パスキー削除完了",
            "パスキーを削除しました。",
            self._rows,
            (*self._notices(member), ON_THE_DEVICE),
            next=(Link(NAME, PAGE),),
        )

    @property
    def _rows(self) -> list[Row]:
        return [Row("パスキーの名前", self.label)]


@dataclass(frozen=True)
class RemoveTotp(
    _Removal,
    kind="totp-removal",
    name="認証アプリ削除",
    permission=Permission.SECOND_FACTOR,
    step=Step.RECENT,
    way_back=FORMER_PAGE,
    page=PAGE,
    tells=Told.ACCOUNT,
    grave=True,
):
    """The authenticator app."""

    def review(self, member: Member, now: datetime) -> Review:
        return self._review(member, "認証アプリ削除確認", _TOTP_ROWS)

    async def apply(self, member: Member, now: datetime) -> Receipt:
        await self._must_be_as_confirmed(member)
        if not await totp.remove(Whose.own(member)):
            raise Refused(CHANGED)
        await self._end_codes(member)
        await self.tell(member, "totp-removed", login=alerts.named(member))
        return Receipt(
            "認証アプリ削除完了",
            "認証アプリの登録を削除しました。",
            _TOTP_ROWS,
            self._notices(member),
            next=(Link(NAME, PAGE),),
        )


@dataclass(frozen=True)
class RenewRecoveryCodes(
    OfLogin,
    kind="recovery-codes",
    name="回復コード再発行",
    permission=Permission.SECOND_FACTOR,
    step=Step.RECENT,
    way_back=FORMER_PAGE,
    page=PAGE,
    tells=Told.ACCOUNT,
    grave=True,
):
    """New recovery codes, by their hashes, in the place of those that there are."""

    codes: list[bytes]

    def review(self, member: Member, now: datetime) -> Review:
        rows = [Row(CODES, f"{len(self.codes)}個")]
        return Review("回復コード再発行確認", rows, "決定", notices=(OLD_CODES,))

    async def apply(self, member: Member, now: datetime) -> Receipt:
        if not (await second_factor.of(Whose.own(member))).any:
            raise Refused(NO_FACTOR)
        await recovery_codes.replace(Whose.own(member), self.codes, now)
        await self.tell(member, "recovery-codes-made", login=alerts.named(member))
        rows = [Row(CODES, ONCE, secret=True)]
        lead = "新しい回復コードを発行しました。"
        return Receipt("回復コード再発行完了", lead, rows, (OLD_CODES, KEEP_THEM), next=(Link(NAME, PAGE),))


# --- by staff ---------------------------------------------------------------------------------------------------------


DESK = BRAND.center


class NoFactor(Exception):
    """The login has nothing to remove, or there is no such login."""


async def remove_by_staff(name: Name) -> list[str]:
    """Remove all of it of a login that has lost it; the addresses that are told. Raises NoFactor."""
    owner = await logins.find(name.by, name.name)
    if owner is None:
        raise NoFactor(name.name)
    async with database.engine().transaction():
        await tables.Contract.lock(owner.contract)
        if not await second_factor.forget(owner.whose):
            raise NoFactor(name.name)
        told = await recipients.of_login(owner.contract, owner.account)
        told += await recipients.former(owner.contract, owner.account)
        await outbox.post(owner.contract, told, "second-factor-removed", login=name.in_words, by=DESK)
    security_log.note("second-factor-removed", (owner.contract, owner.account))
    return list(dict.fromkeys(told))
