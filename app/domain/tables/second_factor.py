"""What a login proves itself with besides its password: passkeys, an authenticator app, recovery codes."""

from __future__ import annotations

from piccolo.columns import Array, BigInt, BigSerial, Bytea, ForeignKey, SmallInt, Text, Timestamptz
from piccolo.columns.base import OnDelete
from piccolo.table import Table

from app.domain.tables import contracts, people


class PasskeyUser(Table):
    """What authenticators know a login by, from its first passkey on."""

    id = BigSerial(primary_key=True)
    contract = ForeignKey(contracts.Contract, null=False, default=None, on_delete=OnDelete.cascade)
    account = ForeignKey(people.Account, null=True, default=None, on_delete=OnDelete.cascade)
    handle = Bytea(default=None, unique=True, secret=True, help_text="32 random bytes")


class Passkey(Table):
    """パスキー of a login: at most five."""

    id = BigSerial(primary_key=True)
    contract = ForeignKey(contracts.Contract, null=False, default=None, on_delete=OnDelete.cascade)
    account = ForeignKey(
        people.Account,
        null=True,
        default=None,
        on_delete=OnDelete.cascade,
        help_text="none: the customer number",
    )
    slot = SmallInt(default=None, help_text="1 to 5, unique among the login's: the limit")
    name = Text(help_text="as the member calls it")
    credential_id = Bytea(default=None, unique=True, secret=True)
    public_key = Bytea(default=None, secret=True, help_text="COSE")
    sign_count = BigInt(default=0, help_text="of the authenticator; many leave it at 0")
    transports = Array(base_column=Text(), help_text="how the browser reaches it, as it told")
    registered_at = Timestamptz(default=None)
    used_at = Timestamptz(null=True, default=None)
    session = BigInt(default=None, help_text="that registered it: there it proves nothing (passkeys.py)")


class Totp(Table):
    """The authenticator app of a login."""

    id = BigSerial(primary_key=True)
    contract = ForeignKey(contracts.Contract, null=False, default=None, on_delete=OnDelete.cascade)
    account = ForeignKey(people.Account, null=True, default=None, on_delete=OnDelete.cascade)
    secret = Bytea(default=None, secret=True, help_text="encrypted (data_keys.py)")
    data_key = Bytea(default=None, help_text="name of the key that it is encrypted with")
    last_step = BigInt(default=None, help_text="time step of the code that was taken last: each works once")
    registered_at = Timestamptz(default=None)
    used_at = Timestamptz(null=True, default=None)


class RecoveryCode(Table):
    """One of the ten codes that stand in for a factor that was lost, each once."""

    id = BigSerial(primary_key=True)
    contract = ForeignKey(contracts.Contract, null=False, default=None, on_delete=OnDelete.cascade)
    account = ForeignKey(people.Account, null=True, default=None, on_delete=OnDelete.cascade)
    hash = Bytea(default=None, unique=True, secret=True, help_text="HMAC-SHA256 with a pepper")
    made_at = Timestamptz(default=None)
    used_at = Timestamptz(null=True, default=None)


class UsedChallenge(Table):
    """A challenge of a passkey that was answered: no second answer to it counts."""

    challenge = Bytea(primary_key=True, default=None, help_text="SHA-256 of it")
    used_at = Timestamptz(default=None)
