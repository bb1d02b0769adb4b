"""Who is logged in, who tried to, and what passwords were made with."""

from __future__ import annotations

from piccolo.columns import Array, BigInt, BigSerial, Boolean, Bytea, ForeignKey, Integer, Text, Timestamptz
from piccolo.columns.base import OnDelete
from piccolo.table import Table

from app.domain.tables import contracts, people


class UsedPassword(Table):
    """Every password hash that a login ever had: none may be used again."""

    id = BigSerial(primary_key=True)
    contract = ForeignKey(contracts.Contract, null=False, default=None, on_delete=OnDelete.restrict)
    account = ForeignKey(people.Account, null=True, default=None, on_delete=OnDelete.restrict)
    hash = Text(secret=True)

    @classmethod
    async def remember(cls, contract: int, account: int | None, password_hash: str) -> bool:
        """Whether it is new to the login. One that is not is no refused statement, which a log would repeat."""
        row = cls(contract=contract, account=account, hash=password_hash)
        return bool(await cls.insert(row).on_conflict(action="DO NOTHING").returning(cls.id))


class Session(Table):
    """Who is logged in. The cookie holds the token, this row its SHA-256: a copy of the table opens no session."""

    token_hash = Bytea(primary_key=True, default=None, secret=True)
    contract = ForeignKey(contracts.Contract, null=False, default=None, on_delete=OnDelete.cascade)
    account = ForeignKey(
        people.Account,
        null=True,
        default=None,
        on_delete=OnDelete.cascade,
        help_text="none: the customer number",
    )
    opened_at = Timestamptz(default=None)
    seen_at = Timestamptz(default=None)
    proved_at = Timestamptz(null=True, default=None, help_text="own password typed again; none: at login")
    customer_proved_at = Timestamptz(null=True, default=None, help_text="お客様番号 and password typed again")
    id = BigSerial(unique=True, help_text="what ログイン履歴 names it by")
    browser = Text(help_text="in words (login_events.py)")
    network = Text(help_text="the address without its last part")
    dismissed = Array(base_column=BigInt(), help_text="notices whose banner was closed")
    stages = Array(base_column=Text(), help_text="to be done before it opens anything else (members.py)")
    own_set_here = Boolean(default=False, help_text="in this session: it proves nothing here (proofs.py)")
    customer_set_here = Boolean(default=False, help_text="likewise, that of the customer number")
    noted_as = BigInt(null=True, default=None, help_text="the LoginEvent, until the second factor is given")


class KeptForm(Table):
    """A form that was typed and could not be taken when it was sent, for half an hour (access/typed.py)."""

    name_hash = Bytea(primary_key=True, default=None, secret=True, help_text="SHA-256 of the way back's name")
    contract = ForeignKey(contracts.Contract, null=False, default=None, on_delete=OnDelete.cascade)
    account = ForeignKey(
        people.Account,
        null=True,
        default=None,
        on_delete=OnDelete.cascade,
        help_text="whose form; none: the customer number's",
    )
    path = Text(help_text="of the page that it stands on")
    sealed = Bytea(default=None, secret=True, help_text="what was typed, readable in its browser alone")
    kept_at = Timestamptz(default=None)


class LoginEvent(Table):
    """ログイン履歴: a login of the contract, or a failed one. Kept for a year."""

    id = BigSerial(primary_key=True)
    contract = ForeignKey(contracts.Contract, null=False, default=None, on_delete=OnDelete.cascade)
    account = ForeignKey(
        people.Account,
        null=True,
        default=None,
        on_delete=OnDelete.cascade,
        help_text="none: the customer number",
    )
    at = Timestamptz(default=None)
    result = Text(help_text="a key of login_events.RESULTS")
    browser = Text(help_text="in words, as the session's")
    network = Text()
    protocol = Text(help_text="of a login at the mail server: imap, smtp; none: at the portal")


class Alert(Table):
    """When the addresses of a login were last told of a lock or of a new browser (letters/alerts.py)."""

    id = BigSerial(primary_key=True)
    contract = ForeignKey(contracts.Contract, null=False, default=None, on_delete=OnDelete.cascade)
    account = ForeignKey(
        people.Account,
        null=True,
        default=None,
        on_delete=OnDelete.cascade,
        help_text="none: the customer number",
    )
    kind = Text(help_text="the mail")
    told_at = Timestamptz(default=None)


class Attempt(Table):
    """Failed logins, counted per login, per address, per browser and over all (attempts.py)."""

    key = Bytea(primary_key=True, default=None, help_text="keyed hash: no address and no name is kept")
    failures = Integer(default=0)
    since = Timestamptz(default=None)


class PasswordLink(Table):
    """A mailed link that sets a new password (people/forgotten.py)."""

    id = BigSerial(primary_key=True)
    contract = ForeignKey(contracts.Contract, null=False, default=None, on_delete=OnDelete.cascade)
    account = ForeignKey(
        people.Account,
        null=True,
        default=None,
        on_delete=OnDelete.cascade,
        help_text="none: the customer number",
    )
    token_hash = Bytea(unique=True, default=None, secret=True)
    mark = Text(help_text="of the password that it replaces (logins.py): with another one it is dead")
    asked_at = Timestamptz(default=None)


class OneTimePassword(Table):
    """A password that staff gave out, good for setting an own one (people/one_time.py)."""

    id = BigSerial(primary_key=True)
    contract = ForeignKey(contracts.Contract, null=False, default=None, on_delete=OnDelete.cascade)
    account = ForeignKey(
        people.Account,
        null=True,
        default=None,
        on_delete=OnDelete.cascade,
        help_text="none: the customer number",
    )
    hash = Text(secret=True, help_text="salt, cost and pepper as the own password's")
    mark = Text(help_text="of the password that it stands in for, as a link's")
    expires_at = Timestamptz(default=None)
    used_at = Timestamptz(null=True, default=None, help_text="the first login with it")


class AskedCount(Table):
    """How often a link was asked for, and mailed (people/forgotten.py)."""

    key = Bytea(primary_key=True, default=None, help_text="keyed hash: no address and no name is kept")
    times = Integer(default=0)
    until = Timestamptz(default=None, help_text="counting begins anew then")


class Pepper(Table):
    """What the database knows a pepper again by (peppers.py). Never the key."""

    version = Integer(primary_key=True, default=None)
    fingerprint = Bytea(default=None, secret=True, help_text="HMAC-SHA256 of a fixed text with the key")
