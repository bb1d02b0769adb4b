"""The authenticator app of a login (TOTP, RFC 6238): six digits that change every 30 seconds, each taken once.

pyotp is loaded when it is first needed, as no command needs it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from app.branding import BRAND
from app.domain import clock, data_keys, tables
from app.domain.access.second_factor import Whose, rows_of
from app.domain.data_keys import WrongDataKeys
from app.domain.fields import reading
from app.postgres import database

ISSUER = BRAND.service
SECONDS = 30
DIGITS = 6
AROUND = 1
"""Time steps before and after the present one whose codes are taken."""
FAR = 20
"""Time steps that are looked at to tell by how much a clock is wrong, where the secret is shown anyway."""
BATCH = 1_000


class WrongCode(Exception):
    """The code is not taken; the reason is for the member."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


WRONG = (
    "コードが正しくありません。認証アプリに表示されている最新のコードを入力してください。"
    "端末の時計がずれていると、正しいコードでも一致しません。日付と時刻を自動で設定するようにしてください。"
)
USED = "このコードは、すでに使われています。認証アプリに次のコードが表示されるのを待って、入力してください。"


@dataclass(frozen=True)
class Sealed:
    """A secret as it is kept: encrypted, with the name of the key."""

    secret: bytes = field(repr=False)
    data_key: bytes


def new_secret() -> str:
    """160 random bits, in the letters that an app is told."""
    import pyotp

    return pyotp.random_base32()


def uri(secret: str, login: str) -> str:
    """What the QR code says: app, login and secret."""
    import pyotp

    return pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name=ISSUER)


def typed(text: str) -> str:
    """A code without the spaces and hyphens that people put into it, half-width."""
    return reading.digits(text)


def is_code(text: str) -> bool:
    """Whether it has the form of a code; what has another form may be a recovery code."""
    return text.isascii() and text.isdecimal() and len(text) == DIGITS


def verify(secret: str, code: str, now: datetime) -> int:
    """The time step that the code is of. Raises WrongCode."""
    found = _step(secret, code, now, AROUND)
    if found is None:
        raise WrongCode(WRONG)
    return found


def verify_new(secret: str, code: str, now: datetime) -> int:
    """The same for a secret that is being set up: a clock that is wrong is told, and by how much. Raises WrongCode."""
    found = _step(secret, code, now, FAR)
    if found is None:
        raise WrongCode(WRONG)
    off = (found - int(now.timestamp()) // SECONDS) * SECONDS
    if abs(off) > AROUND * SECONDS:
        raise WrongCode(
            f"端末の時計が約{abs(off)}秒{'進んで' if off > 0 else '遅れて'}いるため、コードが一致しません。"
            "日付と時刻を自動で設定するようにしてから、新しいコードを入力してください。"
        )
    return found


def _step(secret: str, code: str, now: datetime, around: int) -> int | None:
    """The time step nearest to now that the code is of."""
    import pyotp

    if not is_code(code):
        return None
    app, present = pyotp.TOTP(secret), int(now.timestamp()) // SECONDS
    near = sorted(range(-around, around + 1), key=abs)
    return next((present + off for off in near if app.generate_otp(present + off) == code), None)


def seal(secret: str) -> Sealed:
    keys = data_keys.current()
    return Sealed(keys.encrypt(secret), keys.names[0])


def opened(secret: bytes) -> str:
    return data_keys.current().decrypt(secret)


async def keep(whose: Whose, secret: str, step: int, now: datetime) -> bool:
    """Register it, in the caller's transaction, with the step of the code that it was tried with; False: there is one."""
    sealed = seal(secret)
    row = tables.Totp(
        contract=whose.contract,
        account=whose.account,
        secret=sealed.secret,
        data_key=sealed.data_key,
        last_step=step,
        registered_at=now,
    )
    if await tables.Totp.exists().where(*rows_of(tables.Totp, whose)):
        return False
    await row.save()
    return True


async def remove(whose: Whose) -> bool:
    """Whether there was one to remove."""
    return bool(await tables.Totp.delete().where(*rows_of(tables.Totp, whose)).returning(tables.Totp.id))


async def take(whose: Whose, code: str, wall: datetime) -> None:
    """Take the code, which nobody can use again, nor one before it; `wall`: the real time, by which the app goes.

    Raises WrongCode.
    """
    totp = tables.Totp
    row = await totp.select(totp.id, totp.secret).where(*rows_of(totp, whose)).first()
    if row is None:
        raise WrongCode(WRONG)
    step = verify(opened(row["secret"]), code, wall)
    taken = totp.update({totp.last_step: step, totp.used_at: clock.now()}).where(
        totp.id == row["id"], totp.last_step < step
    )
    if not await taken.returning(totp.id):
        raise WrongCode(USED)


# --- the keys that encrypt --------------------------------------------------------------------------------------------


async def recognise() -> None:
    """Raises WrongDataKeys when secrets were encrypted with a key that is not in use."""
    known = [*data_keys.current().names]
    unread = await tables.Totp.count().where(tables.Totp.data_key.not_in(known))
    if unread:
        raise WrongDataKeys(
            f"MYPAGE_DATA_KEYS lacks a key that the secrets of {unread:,} authenticator apps are encrypted with: "
            "put it back behind the newer ones (`mypage licences renew` makes it needless)"
        )


async def renew() -> int:
    """Encrypt with the newest key what older ones encrypted, batch by batch; how many that were."""
    done = 0
    while number := await _renew_some():
        done += number
    return done


async def _renew_some() -> int:
    keys, totp = data_keys.current(), tables.Totp
    async with database.engine().transaction():
        old = await (
            totp.select(totp.id, totp.secret)
            .where(totp.data_key != keys.names[0])
            .order_by(totp.id)
            .limit(BATCH)
            .lock_rows("UPDATE")
        )
        sealed = [keys.encrypt(keys.decrypt(row["secret"])) for row in old]
        await database.rows(_RENEW, keys.names[0], [row["id"] for row in old], sealed)
    return len(old)


# SQL for many rows that change in one statement.
_RENEW = """
UPDATE totp SET data_key = $1, secret = new.secret
FROM unnest($2::bigint[], $3::bytea[]) AS new (id, secret) WHERE totp.id = new.id
"""
