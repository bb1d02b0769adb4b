"""Own data: all that is kept about a contract, for its customer to take along (spec: ours).

What is exported is read off the tables themselves, so that a column added tomorrow is exported, too; a table added
tomorrow fails a test until it is titled here or left out with a reason. Secrets (`secret=True`), keys of rows and bytes
never leave.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from piccolo.columns import Bytea, ForeignKey, Serial

from app.domain import clock, tables
from app.postgres import database

if TYPE_CHECKING:
    from piccolo.columns import Column
    from piccolo.table import Table

    from app.domain.access.members import Member

TITLES: dict[type[Table], str] = {
    tables.Contract: "ご契約",
    tables.Account: "アカウントID",
    tables.ServicePeriod: "オプションサービスの購入",
    tables.PurchaseRequest: "購入の申請",
    tables.MailAddress: "UCOM光のメールアドレス",
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
    tables.Outbox: "マイページから送ったメール",
    tables.LoginEvent: "ログイン",
    tables.Session: "ログイン中の端末",
    tables.Passkey: "パスキー",
    tables.Totp: "認証アプリ",
    tables.RecoveryCode: "回復コード",
}
"""What each table is called in the file."""

LEFT_OUT: dict[type[Table] | Column, str] = {
    tables.UsedPassword: "nothing but hashes of passwords",
    tables.Licence: "a PIN is shown by ご利用状況／ダウンロード alone; its purchase is exported",
    tables.Alert: "when the mails among those exported were last sent",
    tables.PasswordLink: "a way to a new password: nothing but a hash, gone after half an hour",
    tables.OneTimePassword: "a way to a new password: nothing but a hash",
    tables.KeptForm: "a form that was not taken yet, sealed; it lasts half an hour",
    tables.CardVisit: "the way to the payment gateway and back; it lasts a day and says nothing of the person",
    tables.Change.data: "what waits for its confirm page; it may hold the hash of a password",
    tables.Outbox.body: "a link in it may still open something",
    tables.Outbox.message_id: "a name for mail servers",
    tables.Session.dismissed: "numbers of notices",
    tables.Account.slot: "where the limit of five is counted",
    tables.AppPassword.slot: "where the limit of ten is counted",
    tables.PasskeyUser: "a random name that authenticators know a login by",
    tables.Passkey.slot: "where the limit of five is counted",
    tables.Passkey.session: "number of a session that is over",
    tables.Passkey.transports: "how a browser reaches the passkey",
    tables.Passkey.sign_count: "how an authenticator that was copied is found out",
    tables.Totp.last_step: "how a code is found out that was used before",
    tables.Session.noted_as: "number of the login among those exported",
}
"""Tables and columns about a contract that are not exported, each with the reason."""


async def of(member: Member) -> str:
    """Everything about the member's contract, as JSON text: one statement."""
    found = await database.rows(_EVERYTHING, member.contract.id)
    exported: dict[str, Any] = {"作成日時": clock.now().astimezone(clock.TOKYO).isoformat(timespec="seconds")}
    for table, title in TITLES.items():
        exported[title] = json.loads(found[0][table._meta.tablename])
    return json.dumps(exported, ensure_ascii=False, indent=2)


def exported_columns(table: type[Table]) -> list[Column]:
    """The columns of a table that leave: no secret, no bytes, no key of a row; of an account ID its name."""
    return [column for column in table._meta.columns if _leaves(column)]


def _leaves(column: Column) -> bool:
    if column._meta.secret or column in LEFT_OUT or isinstance(column, Bytea | Serial):
        return False
    if isinstance(column, ForeignKey):
        return column._foreign_key_meta.resolved_references in (tables.Account, tables.BillClose)
    return True


def _rows(table: type[Table]) -> str:
    """A table's rows of the contract $1, as a JSON array."""
    name = table._meta.tablename
    columns = ", ".join(_value(column) for column in exported_columns(table))
    key = "id" if table is tables.Contract else "contract"
    order = table._meta.primary_key._meta.db_column_name
    return (
        f"(SELECT coalesce(json_agg(one), '[]') FROM (SELECT {columns} FROM {name} t"  # noqa: S608 - names of tables
        f" WHERE t.{key} = $1 ORDER BY t.{order}) AS one) AS {name}"
    )


def _value(column: Column) -> str:
    name = column._meta.db_column_name
    if isinstance(column, ForeignKey) and column._foreign_key_meta.resolved_references is tables.Account:
        return f"(SELECT login FROM account WHERE account.id = t.{name}) AS {name}"  # noqa: S608 - names of columns
    return f"t.{name}"


_EVERYTHING = f"SELECT {', '.join(_rows(table) for table in TITLES)}"
