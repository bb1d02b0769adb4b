"""Own data: all that is kept about a contract, for its customer to take along, and about one account ID for who uses it
(spec: ours).

What is exported is read off the tables themselves, so that a column added tomorrow is exported, too; a table added
tomorrow fails a test until it is titled here or left out with a reason. Secrets (`secret=True`), keys of rows and bytes
never leave. What somebody's mail is forwarded to and what it is replied with leave in that person's own file alone.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from piccolo.columns import Bytea, Column, ForeignKey, Serial

from app.branding import BRAND
from app.domain import clock, tables
from app.domain.access.matrix import Role
from app.domain.changes import kept
from app.domain.changes.kinds import KINDS
from app.postgres import database

if TYPE_CHECKING:
    from collections.abc import Iterable

    from piccolo.table import Table

    from app.domain.access.members import Member

TITLES: dict[type[Table], str] = {
    tables.Contract: "ご契約",
    tables.Account: "アカウントID",
    tables.ServicePeriod: "オプションサービスの購入",
    tables.PurchaseRequest: "購入の申請",
    tables.MailAddress: f"{BRAND.prefix}のメールアドレス",
    tables.Mailbox: "メールボックス",
    tables.AppPassword: "メールソフト用パスワード",
    tables.Forwarding: "メール転送",
    tables.AutoReply: "自動返信",
    tables.OwnerNotice: "ほかの方が行ったメールの設定のお知らせ",
    tables.WebSpace: "Webスペース",
    tables.Card: "お支払い方法",
    tables.CardCheck: "お支払い方法の確認",
    tables.CardReminder: "カードの有効期限のお知らせ",
    tables.EmailCheck: "確認待ちの連絡用メールアドレス",
    tables.Charge: "料金明細",
    tables.OtherCharge: "料金明細に載るその他の料金",
    tables.BillTax: "請求の税額",
    tables.BillName: "請求の宛名",
    tables.Call: "通話明細",
    tables.Change: "お手続き",
    tables.Consent: "規約への同意",
    tables.PaperRequest: "書類のご請求",
    tables.FormerAddress: "以前のメールアドレス",
    tables.Outbox: f"{BRAND.service}から送ったメール",
    tables.LoginEvent: "ログイン",
    tables.Session: "最近ログインした端末",
    tables.FieldHold: "受付窓口で変更した項目",
    tables.FeedCase: "運営会社の情報と照合する項目",
    tables.Passkey: "パスキー",
    tables.Totp: "認証アプリ",
    tables.RecoveryCode: "回復コード",
}
"""What each table is called in the file."""

LEFT_OUT: dict[type[Table], str] = {
    tables.UsedPassword: "nothing but hashes of passwords",
    tables.Licence: "a PIN is shown by ご利用状況／ダウンロード alone; its purchase is exported",
    tables.Alert: "when the mails among those exported were last sent",
    tables.PasswordLink: "a way to a new password: nothing but a hash, gone after half an hour",
    tables.OneTimePassword: "a way to a new password: nothing but a hash",
    tables.KeptForm: "a form that was not taken yet, sealed; it lasts half an hour",
    tables.CardVisit: "the way to the payment gateway and back; it lasts a day and says nothing of the person",
    tables.FeedLine: "what the operator's own system says of the contract, which it is asked for there",
    tables.Event: "keys and moments of what is exported, for the operator's other systems; gone after 90 days",
    tables.Erasure: "an order to erase all of this, of a contract that is over; gone with the rest",
    tables.PasskeyUser: "a random name that authenticators know a login by",
}
"""Tables about a contract that are not exported, each with the reason."""

COLUMNS_LEFT_OUT: tuple[tuple[Column, str], ...] = (
    (tables.Change.data, "what waits for its confirm page; it may hold the hash of a password"),
    (tables.Outbox.body, "a link in it may still open something"),
    (tables.Outbox.message_id, "a name for mail servers"),
    (tables.Session.dismissed, "numbers of notices"),
    (tables.Account.slot, "where the limit of five is counted"),
    (tables.AppPassword.slot, "where the limit of ten is counted"),
    (tables.Passkey.slot, "where the limit of five is counted"),
    (tables.Passkey.session, "number of a session that is over"),
    (tables.Passkey.transports, "how a browser reaches the passkey"),
    (tables.Passkey.sign_count, "how an authenticator that was copied is found out"),
    (tables.Totp.last_step, "how a code is found out that was used before"),
    (tables.Session.noted_as, "number of the login among those exported"),
)
"""Columns of exported tables that are not, each with the reason. In no dict: Piccolo's columns of one name are equal."""


OF_THE_CONTRACT: dict[type[Table], str] = {
    tables.Contract: "the contractor's",
    tables.Card: "the contractor's",
    tables.CardCheck: "the contractor's",
    tables.CardReminder: "the contractor's",
    tables.EmailCheck: "the contractor's",
    tables.FieldHold: "the contractor's",
    tables.FeedCase: "the contractor's",
    tables.Charge: "料金明細照会 is not for a user role",
    tables.OtherCharge: "料金明細照会 is not for a user role",
    tables.BillTax: "料金明細照会 is not for a user role",
    tables.BillName: "料金明細照会 is not for a user role",
    tables.Call: "料金明細照会 is not for a user role",
    tables.Outbox: "kept by address, which may be another person's, too",
}
"""Tables that are in no file of a user role, each with the reason."""
PRIVATE = (tables.Forwarding.addresses, tables.AutoReply.subject, tables.AutoReply.body)
"""Columns that are in their owner's file alone."""


def is_private(column: Column) -> bool:
    """Whether it is in its owner's file alone."""
    return _among(column, PRIVATE)


def tables_of(member: Member) -> list[type[Table]]:
    """What the member's file holds: for a user role what is about the own account ID."""
    return [table for table in TITLES if member.role is not Role.USER or table not in OF_THE_CONTRACT]


async def of(member: Member) -> str:
    """Everything about the member's contract, for a user role about the own account ID, as JSON text: one statement."""
    if member.role is Role.USER:
        found = await database.rows(_OWN, *kept.seen_by(member))
    else:
        found = await database.rows(_EVERYTHING, member.contract.id, member.account_id)
    exported: dict[str, Any] = {"作成日時": clock.now().astimezone(clock.TOKYO).isoformat(timespec="seconds")}
    rows = _read(found[0], tables_of(member), member.own.login if member.own else None)
    exported |= {TITLES[table]: rows[table] for table in rows}
    return json.dumps(exported, ensure_ascii=False, indent=2)


async def of_contract(contract: int) -> dict[type[Table], list[dict[str, Any]]]:
    """The same of a contract, for the contractor, by table: for whoever discloses it (retention/disclosing.py)."""
    found = await database.rows(_EVERYTHING, contract, None)
    return _read(found[0], list(TITLES), None)


def _read(row: Any, which: list[type[Table]], own: str | None) -> dict[type[Table], list[dict[str, Any]]]:
    """The rows by table, receipts covered as far as they are not in the file of `own`."""
    read: dict[type[Table], list[dict[str, Any]]] = {
        table: json.loads(row[table._meta.tablename]) for table in which
    }
    for change in read[tables.Change]:
        _cover(change, own)
    return read


def _cover(change: dict[str, Any], own: str | None) -> None:
    """Take from a receipt what is in its owner's file alone; `own`: whose file it is."""
    private = KINDS[change["kind"]].private if change["subject"] != own else ()
    for row in change["receipt"]["rows"] if private and change["receipt"] else ():
        if row["label"] in private:
            row["value"], row["before"] = kept.COVERED, row["before"] and kept.COVERED


def exported_columns(table: type[Table]) -> list[Column]:
    """The columns of a table that leave: no secret, no bytes, no key of a row; of an account ID its name."""
    return [column for column in table._meta.columns if _leaves(column)]


def _leaves(column: Column) -> bool:
    if (
        column._meta.secret
        or _among(column, [one for one, _ in COLUMNS_LEFT_OUT])
        or isinstance(column, Bytea | Serial)
    ):
        return False
    if isinstance(column, ForeignKey):
        return column._foreign_key_meta.resolved_references in (
            tables.Account,
            tables.BillClose,
            tables.CatalogueItem,
            tables.TelephoneService,
        )
    return True


def _among(column: Column, columns: Iterable[Column]) -> bool:
    """Whether it is one of them. Piccolo's columns are equal where their names are, whatever their tables."""
    return any(
        one._meta.table is column._meta.table and one._meta.name == column._meta.name for one in columns
    )


def _rows(table: type[Table], narrowed: str = "true") -> str:
    """A table's rows of the contract $1, as a JSON array; $2 is the account ID that is logged in."""
    name = table._meta.tablename
    columns = ", ".join(_value(column) for column in exported_columns(table))
    key = "id" if table is tables.Contract else "contract"
    order = table._meta.primary_key._meta.db_column_name
    return (
        f"(SELECT coalesce(json_agg(one), '[]') FROM (SELECT {columns} FROM {name} t"  # noqa: S608 - names of tables
        f" WHERE t.{key} = $1 AND {narrowed} ORDER BY t.{order}) AS one) AS {name}"
    )


_REGISTERED = """
SELECT email FROM contract WHERE id = $1
UNION ALL SELECT email FROM email_check WHERE contract = $1
UNION ALL SELECT other_address FROM account WHERE contract = $1
UNION ALL SELECT address FROM mail_address WHERE contract = $1
UNION ALL SELECT address FROM former_address WHERE contract = $1
"""
"""The contract's addresses. A mail that went to another one was told to somebody whom an owner forwarded to (mail/consent.py)."""


def _value(column: Column) -> str:
    name = column._meta.db_column_name
    if isinstance(column, ForeignKey) and column._foreign_key_meta.resolved_references is tables.Account:
        return f"(SELECT login FROM account WHERE account.id = t.{name}) AS {name}"  # noqa: S608 - names of columns
    if _among(column, [tables.Outbox.recipient]):
        return f"CASE WHEN t.recipient IN ({_REGISTERED}) THEN t.recipient END AS recipient"
    return f"CASE WHEN t.account = $2 THEN t.{name} END AS {name}" if _among(column, PRIVATE) else f"t.{name}"


def _of_account(table: type[Table]) -> str:
    """Which rows of a table are about the account ID $2; of changes those that its お手続き履歴 shows, $1 to $5."""
    if table is tables.Change:
        return kept.VISIBLE
    if table is tables.Consent:
        return f"t.change IN (SELECT id FROM change WHERE {kept.VISIBLE})"  # noqa: S608 - a constant
    return "t.id = $2" if table is tables.Account else "t.account = $2"


_EVERYTHING = f"SELECT {', '.join(_rows(table) for table in TITLES)}"
_OWN = f"SELECT {', '.join(_rows(table, _of_account(table)) for table in TITLES if table not in OF_THE_CONTRACT)}"
