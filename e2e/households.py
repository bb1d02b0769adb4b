"""People with stories, each household with a contract of its own, so that no journey meets another.

The Arteri households are copies of the manual's contract (90000000000000), made by SQL with its password hashes: an
Argon2 hash takes longer than the rest of such a contract. The son has a user-role account ID, the wife an admin one.
"""

from __future__ import annotations

import itertools
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import asyncpg

from app.domain import clock
from app.domain.access import attempts, logins, passwords
from app.web.cookies import token_hash

if TYPE_CHECKING:
    from app.web.cookies import Keys
    from e2e.device import Device

MODEL = "90000000000000"
MODEL_LOGINS = {"user": "arteri-an-001", "admin": "arteri-an-002"}
CUSTOMER_PASSWORD = "demo01"
ACCOUNT_PASSWORD = "abc12345"


@dataclass(frozen=True)
class Household:
    """One contract: its customer number, and its account IDs by what they are to the contractor."""

    id: int
    customer_number: str

    @property
    def _name(self) -> str:
        return f"arteri-{int(self.customer_number[2:])}"

    @property
    def son(self) -> str:
        """An account ID with ユーザー権限."""
        return f"{self._name}-son"

    @property
    def wife(self) -> str:
        """An account ID with 管理者権限."""
        return f"{self._name}-wife"

    def cousin(self, number: int) -> str:
        """The third to the fifth account ID of a full house."""
        return f"{self._name}-{number}"

    @property
    def daughter(self) -> str:
        """An account ID that is not registered yet."""
        return f"{self._name}-musu"


class Town:
    """Where the households live: the portal's database."""

    def __init__(self, connection: asyncpg.Connection, keys: Keys) -> None:
        self.connection = connection
        self.keys = keys
        self._numbers = itertools.count(1)

    async def household(self, account_ids: int = 2) -> Household:
        """A new contract with that many account IDs: none, son and wife, and cousins up to the limit of five."""
        number = f"50{next(self._numbers):012d}"
        contract = await self._value(_COPY_CONTRACT, number, MODEL)
        household = Household(contract, number)
        names = [household.son, household.wife, *(household.cousin(number) for number in (3, 4, 5))]
        for slot, login in enumerate(names[:account_ids], 1):
            await self.add_account_id(household, login, slot)
        return household

    async def add_account_id(self, household: Household, login: str, slot: int = 5) -> None:
        """Register an account ID, with the admin role for the wife."""
        model = MODEL_LOGINS["admin" if login == household.wife else "user"]
        await self._value(_COPY_ACCOUNT, household.id, login, slot, model)

    async def log_in(self, device: Device, household: Household, account_id: str | None = None) -> None:
        """Give the device a session as a login does (None: of the customer number), without the time of a hash."""
        token, role = await self.open_session(household, account_id)
        signed = self.keys.sign("session", [token, role])
        await device.context.add_cookies(
            [{"name": self.keys.session_cookie, "value": signed, "url": device.origin}]
        )

    async def open_session(self, household: Household, account_id: str | None = None) -> tuple[str, str]:
        """A session of the account ID, or of the customer number; its token and role."""
        token, now = secrets.token_urlsafe(32), clock.now()
        account = await self.connection.fetchrow("SELECT id, role FROM account WHERE login = $1", account_id)
        await self.connection.execute(
            "WITH noted AS (INSERT INTO login_event (contract, account, at, result, browser, network)"
            " VALUES ($2, $3, $4, 'ok', $5, $6)) INSERT INTO session (token_hash, contract, account, opened_at, seen_at,"
            " browser, network) VALUES ($1, $2, $3, $4, $4, $5, $6)",
            *(
                token_hash(token),
                household.id,
                account and account["id"],
                now,
                "Chrome（Windows）",
                "192.0.2.*",
            ),
        )
        return token, account["role"] if account else "customer"

    async def give_mail(self, household: Household, account_id: str) -> None:
        """Buy the mail service and register an address at UCOM for the account ID."""
        await self.connection.execute(
            "INSERT INTO service_period (contract, product, started_at) VALUES ($1, 'mail-web', $2)",
            *(household.id, clock.now()),
        )
        await self.connection.execute(
            "INSERT INTO mail_address (contract, account, address, registered_at)"
            " SELECT $1, id, login || '@s2.spaaqs.ne.jp', $3 FROM account WHERE login = $2",
            *(household.id, account_id, clock.now()),
        )
        await self.connection.execute(
            "INSERT INTO mailbox (contract, account, opened_at) SELECT $1, id, $3 FROM account WHERE login = $2",
            *(household.id, account_id, clock.now()),
        )

    async def use_all(self, household: Household, account_id: str) -> None:
        """Forwarding, auto-reply, web space, the bigger box with mail in it, and a security option of who has an address."""
        for statement in _USE_ALL:
            await self.connection.execute(statement, household.id, account_id, clock.now())

    async def leave_notice(self, household: Household, account_id: str, asker: str) -> None:
        """As if that other account ID had set the forwarding."""
        await self.connection.execute(
            "INSERT INTO owner_notice (contract, account, kind, asker, happened_at)"
            " SELECT $1, id, 'forwarding', $3, $4 FROM account WHERE login = $2",
            *(household.id, account_id, asker, clock.now()),
        )

    async def pass_the_customers_step(self, household: Household) -> None:
        """As if somebody had typed お客様番号 and its password just now, on each device of the household."""
        await self.connection.execute(
            "UPDATE session SET customer_proved_at = $2 WHERE contract = $1", household.id, clock.now()
        )

    async def let_proofs_expire(self, household: Household) -> None:
        """As if every password of the household had been typed 11 minutes ago."""
        await self.connection.execute(
            "UPDATE session SET opened_at = opened_at - interval '11 minutes', proved_at = NULL,"
            " customer_proved_at = NULL WHERE contract = $1",
            household.id,
        )

    async def give_charges(self, household: Household, account_id: str) -> None:
        """A security option since more than a month, and the calls of the model."""
        await self.connection.execute(
            "INSERT INTO service_period (contract, account, product, started_at)"
            " SELECT $1, id, 'security-360', $3 FROM account WHERE login = $2",
            *(household.id, account_id, clock.now() - timedelta(days=40)),
        )
        await self.connection.execute(
            "INSERT INTO call (contract, service, started_at, number, seconds, yen)"
            " SELECT $1, service, started_at, number, seconds, yen FROM call"
            " WHERE contract = (SELECT id FROM contract WHERE customer_number = $2)",
            *(household.id, MODEL),
        )

    async def has_to_ask(self, household: Household) -> None:
        """Give the son an address, and let ユーザー権限 ask whoever pays."""
        await self.connection.execute(
            "UPDATE contract SET user_purchases = 'ask' WHERE id = $1", household.id
        )
        await self.connection.execute(
            "UPDATE account SET other_address = 'son@example.jp' WHERE login = $1", household.son
        )

    async def asks(self, household: Household) -> None:
        """As the son does who has to ask for セキュリティ360°."""
        await self.has_to_ask(household)
        await self.connection.execute(
            "INSERT INTO purchase_request (id, contract, account, product, asked_at, lapses_at)"
            " SELECT gen_random_uuid(), contract, id, 'security-360', $2::timestamptz, $2::timestamptz + interval '14 days'"
            " FROM account WHERE login = $1",
            *(household.son, clock.now()),
        )

    async def refuses(self, household: Household) -> None:
        """As the contractor does with what the son asked for."""
        await self.asks(household)
        await self.connection.execute(
            "UPDATE purchase_request SET state = 'refused', decided_at = asked_at, decided_by = 'お客様番号',"
            " reason = 'いまは必要ないと思います。' WHERE contract = $1",
            household.id,
        )

    async def request(self, household: Household) -> str:
        """The key of what was asked for last; "" without."""
        query = "SELECT id FROM purchase_request WHERE contract = $1 ORDER BY asked_at DESC"
        return str(await self._value(query, household.id) or "")

    async def delete_account_id(self, account_id: str) -> None:
        """As somebody of the household does in another browser."""
        await self._value("UPDATE account SET deleted_at = $2 WHERE login = $1", account_id, clock.now())

    async def receive_papers(self, household: Household) -> None:
        """As staff note of forms that were sent and came back."""
        steps = "UPDATE paper_request SET done_at = asked_at, received_at = asked_at WHERE contract = $1"
        await self._value(steps, household.id)

    async def log_everybody_out(self, household: Household) -> None:
        """End the household's sessions on the server, as time does."""
        await self.connection.execute("DELETE FROM session WHERE contract = $1", household.id)

    async def let_confirm_pages_expire(self, household: Household) -> None:
        """Make everything that the household has asked for 31 minutes older."""
        await self.connection.execute(
            "UPDATE change SET asked_at = asked_at - interval '31 minutes' WHERE contract = $1", household.id
        )

    async def await_the_second_factor(self, household: Household) -> None:
        """As if the household's sessions had been opened with a password, and the second factor were asked for."""
        await self.connection.execute(
            "UPDATE session SET stages = '{second-factor}' WHERE contract = $1", household.id
        )

    async def want_a_second_factor(self, household: Household) -> None:
        """As if this portal wanted one of whoever is logged in, and there were none."""
        await self.connection.execute(
            "UPDATE session SET stages = '{set-up}' WHERE contract = $1", household.id
        )

    async def refuse_card(self, household: Household) -> None:
        """As staff do with the card that waits."""
        await self.connection.execute(
            "UPDATE card_check SET decided_at = asked_at, outcome = 'refused' WHERE contract = $1",
            household.id,
        )

    async def mailed_link(self, household: Household) -> str:
        """Path of the link in the mail that verifies a contact address."""
        body = await self._value(
            "SELECT body FROM outbox WHERE contract = $1 AND body LIKE '%token=%' ORDER BY id DESC",
            household.id,
        )
        return "/" + str(body).partition("://")[2].split()[0].partition("/")[2]

    async def give_contact_address(self, household: Household) -> str:
        """A 連絡用メールアドレス that no other household has: one address gets a few links a day only."""
        email = f"{household.customer_number}@example.jp"
        await self._value("UPDATE contract SET email = $2 WHERE id = $1", household.id, email)
        return email

    async def lose_the_password(self, household: Household, account_id: str | None = None) -> str:
        """Path of a link that sets a new password, as if it had been mailed."""
        token = secrets.token_urlsafe(32)
        await self._value(_LINK, household.id, account_id, token_hash(token), clock.now())
        return f"/forgotten/new?token={token}"

    async def give_one_time_password(self, household: Household, account_id: str, password: str) -> None:
        """As staff do, for an account ID, whose hashes need no pepper."""
        own = await self._value("SELECT password_hash FROM account WHERE login = $1", account_id)
        made = await passwords.like(own, password)
        until = clock.now() + timedelta(days=14)
        await self._value(_ONE_TIME, household.id, account_id, made, logins.mark(own), until)

    async def wants_a_new_password(self, household: Household) -> None:
        """As if the household had logged in with one-time passwords."""
        await self._value("UPDATE session SET stages = '{new-password}' WHERE contract = $1", household.id)

    async def lock(self, household: Household) -> None:
        """As if strangers had guessed at the customer number."""
        key = attempts._key(self.keys.newest, f"login customer {household.customer_number}")
        await self._value(
            "INSERT INTO attempt (key, failures, since) VALUES ($1, $2, $3)",
            key,
            attempts.PER_LOGIN,
            clock.now(),
        )

    async def changes(self, household: Household) -> int:
        """How many changes were carried out."""
        return int(
            await self._value(
                "SELECT count(*) FROM change WHERE contract = $1 AND applied_at IS NOT NULL", household.id
            )
        )

    async def living_account_ids(self, household: Household) -> list[str]:
        """The account IDs that are registered and not deleted."""
        query = "SELECT login FROM account WHERE contract = $1 AND deleted_at IS NULL ORDER BY id"
        return [row["login"] for row in await self.connection.fetch(query, household.id)]

    async def _value(self, statement: str, *arguments: Any) -> Any:
        return await self.connection.fetchval(statement, *arguments)


_LINK = """
INSERT INTO password_link (contract, account, token_hash, mark, asked_at)
SELECT c.id, a.id, $3, left(encode(sha256(convert_to(coalesce(a.password_hash, c.password_hash), 'UTF8')), 'hex'), 16), $4
FROM contract c LEFT JOIN account a ON a.login = $2 WHERE c.id = $1
"""
_ONE_TIME = """
INSERT INTO one_time_password (contract, account, hash, mark, expires_at)
SELECT $1, id, $3, $4, $5 FROM account WHERE login = $2
"""
_COPY_CONTRACT = """
WITH made AS (
    INSERT INTO contract SELECT copy.* FROM contract model, LATERAL jsonb_populate_record(model, jsonb_build_object(
        'id', nextval(pg_get_serial_sequence('contract', 'id')), 'customer_number', $1::text)) copy
    WHERE model.customer_number = $2 RETURNING id, password_hash
), card AS (
    INSERT INTO card SELECT copy.* FROM made, card model, LATERAL jsonb_populate_record(model, jsonb_build_object(
        'id', nextval(pg_get_serial_sequence('card', 'id')), 'contract', made.id)) copy
    WHERE model.contract = (SELECT id FROM contract WHERE customer_number = $2)
), used AS (
    INSERT INTO used_password (contract, hash) SELECT id, password_hash FROM made
)
SELECT id FROM made
"""
_COPY_ACCOUNT = """
WITH made AS (
    INSERT INTO account SELECT copy.* FROM account model, LATERAL jsonb_populate_record(model, jsonb_build_object(
        'id', nextval(pg_get_serial_sequence('account', 'id')), 'contract', $1::bigint, 'login', $2::text,
        'slot', $3::smallint)) copy
    WHERE model.login = $4 RETURNING id, contract, password_hash
), used AS (
    INSERT INTO used_password (contract, account, hash) SELECT contract, id, password_hash FROM made
)
SELECT id FROM made
"""

_USE_ALL = (
    "INSERT INTO forwarding (contract, account, addresses, keep_copy)"
    " SELECT $1, id, '{taro@example.com,jiro@example.com}', $3::timestamptz IS NOT NULL FROM account WHERE login = $2",
    "INSERT INTO auto_reply (contract, account, enabled, subject, body)"
    " SELECT $1, id, $3::timestamptz IS NOT NULL, '不在です', '戻ります。' FROM account WHERE login = $2",
    "INSERT INTO web_space (contract, account, name, registered_at) SELECT $1, id, login, $3 FROM account WHERE login = $2",
    "INSERT INTO mail_state_v1.quota_usage (mailbox, bytes, messages) SELECT b.id, 3221225472, 7 FROM mailbox b"
    " JOIN account a ON a.id = b.account WHERE a.contract = $1 AND a.login = $2 AND $3::timestamptz IS NOT NULL",
    "INSERT INTO service_period (contract, account, product, started_at)"
    " SELECT $1, id, product, $3 FROM account, unnest('{mailbox-10gb,kids-filter}'::text[]) AS product WHERE login = $2",
)
"""Each takes the contract, the account ID and the moment."""
