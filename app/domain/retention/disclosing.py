"""`mypage contracts disclose`: what is kept about a customer, in words, for a request of disclosure (個人情報保護法 33条).

It is the list of the member's own data (people/own_data.py) in Japanese, with how long each is kept, and what is kept but not
shown, with the reason. Secrets are shown to nobody: passwords, keys and PINs are named as being there.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from piccolo.columns import JSONB, Boolean, Column, ForeignKey, Timestamptz
from piccolo.table import Table

import app.domain
from app.branding import BRAND
from app.domain import catalogue, clock, tables
from app.domain.access import login_events
from app.domain.catalogue import Product
from app.domain.changes import consents
from app.domain.changes.kinds import KINDS
from app.domain.contracts import differences
from app.domain.people import own_data, papers
from app.domain.retention.fates import FATES
from app.postgres import database

LABELS: dict[str, str] = {
    **differences.LABELS,
    "account": "アカウントID",
    "address": "アドレス",
    "addresses": "転送先",
    "agreed_at": "同意した日時",
    "applied_at": "お手続き日時",
    "asked_at": "申込み日時",
    "asker": "お手続きをした方",
    "at": "日時",
    "billed": "請求月",
    "body": "本文",
    "brand": "カード会社",
    "browser": "ブラウザー",
    "card": "カード",
    "card_brand": "カード会社",
    "card_last4": "カード番号の下4桁",
    "charged_from": "請求を始めた月",
    "customer_number": "お客様番号",
    "customer_proved_at": "お客様番号パスワードの再入力",
    "customer_set_here": "お客様番号パスワードをここで設定",
    "dated": "適用日",
    "days": "何日前",
    "decided_at": "決定日時",
    "decided_by": "決定した方",
    "deleted_at": "削除日時",
    "done_at": "発送日時",
    "due_at": "次に送る日時",
    "enabled": "有効",
    "ended_at": "終了日時",
    "ended_on": "ご利用期間の最終日",
    "ends_on": "終了日",
    "entered_at": "反映日時",
    "erased_at": "消去日時",
    "expires": "有効期限",
    "field": "項目",
    "former": "以前の内容",
    "happened_at": "日時",
    "held_at": "保留した日時",
    "held_by": "変更した窓口",
    "holder": "カード名義",
    "honorific": "敬称",
    "id": "番号",
    "imported_at": "登録日時",
    "keep_copy": "サーバーにも残す",
    "kind": "種類",
    "label": "内容",
    "lapses_at": "申請の期限",
    "last4": "カード番号の下4桁",
    "loaded_at": "登録日時",
    "login": "アカウントID",
    "made_at": "作成日時",
    "month": "対象の月",
    "name": "名前",
    "network": "接続元のアドレスの一部",
    "number": "通話先の電話番号",
    "offered": "運営会社の情報",
    "opened_at": "開始日時",
    "other_address": "他社のメールアドレス",
    "outcome": "結果",
    "own_set_here": "パスワードをここで設定",
    "paper": "書類",
    "posted_at": "作成日時",
    "problem": "メールサーバーの返答",
    "product": "商品",
    "protocol": "メールソフトの方式",
    "proved_at": "パスワードの再入力",
    "reason": "理由",
    "receipt": "受付の内容",
    "receipt_number": "受付番号",
    "received_at": "書面の受領日時",
    "recipient": "宛名",
    "ref": "料金の番号",
    "refused_at": "送れなかった日時",
    "registered_at": "登録日時",
    "released_at": "使用を終えた日時",
    "replaced_at": "変更日時",
    "result": "結果",
    "retired_at": "終了日時",
    "role": "権限",
    "seconds": "通話時間（秒）",
    "seen_at": "最後の利用",
    "sent_at": "送信日時",
    "service": "サービス",
    "settled_at": "決定日時",
    "stages": "残りの手順",
    "started_at": "開始日時",
    "started_on": "ご利用期間の初日",
    "starts_on": "開始日",
    "state": "状態",
    "subject": "件名",
    "tax": "消費税（円）",
    "tax_rate": "税率（%）",
    "text": "規約",
    "three_d_secure": "本人認証（3-Dセキュア）",
    "tries": "送信の回数",
    "used_at": "最後の利用",
    "used_over": "利用した方式",
    "user_name": "ユーザーネーム",
    "version": "版",
    "wanted_on": "ご希望の日",
    "user_purchases": "ユーザー権限による購入",
    "yen": "金額（円、税込）",
    "auto_reply.subject": "件名",
    "bill_name.recipient": "宛名",
    "change.subject": "対象のアカウントID",
    "contract.address": "設置先住所",
    "former_address.address": "メールアドレス",
    "mail_address.address": "メールアドレス",
    "outbox.recipient": "宛先",
    "outbox.released_at": "送信を許可した日時",
    "outbox.subject": "件名",
    "owner_notice.seen_at": "お読みになった日時",
}
"""What each column is called; with its table before it where that makes a difference."""

_WORDS: dict[str, dict[str, str]] = {
    "role": {"user": "ユーザー権限", "admin": "管理者権限"},
    "holder_kind": {"person": "個人", "company": "法人"},
    "user_purchases": {"yes": "許可する", "ask": "申請してもらい承認する", "no": "許可しない"},
    "state": {
        "pending": "申請中",
        "approved": "承認",
        "refused": "却下",
        "withdrawn": "取り下げ",
        "lapsed": "期限切れ",
    },
    "outcome": {
        "approved": "承認",
        "refused": "却下",
        "replaced": "ほかのカードに変更",
        "feed": "運営会社の情報のとおり",
        "ours": "登録のとおり",
        "agreed": "一致",
    },
    "result": login_events.RESULTS,
    "three_d_secure": {
        "authenticated": "認証済み",
        "attempted": "認証を試行",
        "exempted": "対象外",
        "failed": "失敗",
        "not_supported": "カードが非対応",
        "unknown": "不明",
    },
    "feed_case.reason": {
        "third": "登録の内容と異なるため",
        "overdue": "保留が14日を超えたため",
        "bought": "購入中のサービスがあるため",
    },
    "product": {"other": "その他の料金"},
    "paper": papers.NAMES,
    "field": differences.LABELS,
}
"""Words of short lists, by column."""

NOT_SHOWN: dict[type[Table], tuple[str, str]] = {
    tables.UsedPassword: ("これまでのパスワード", "元に戻せない値だけを保存しています。"),
    tables.Licence: ("ライセンスキー（PIN番号）", "「ご利用状況／ダウンロード」の画面だけに表示します。"),
    tables.Alert: ("お知らせメールを最後に送った日時", "送ったメールは、上に記載しています。"),
    tables.PasswordLink: ("パスワード再設定のリンク", "元に戻せない値だけを保存しています。"),
    tables.OneTimePassword: ("仮パスワード", "元に戻せない値だけを保存しています。"),
    tables.KeptForm: ("送信されなかった入力内容", "入力したブラウザー以外では読めない形で保存しています。"),
    tables.CardVisit: ("決済会社の画面へ移った記録", "決済会社での番号だけを保存しています。"),
    tables.FeedLine: ("運営会社の別のシステムから受け取った内容", "上に記載した内容と同じ項目です。"),
    tables.Event: ("ほかのシステムへの通知", "内部の番号と日時だけを保存しています。"),
    tables.Erasure: ("消去の指示", "ご契約の終了後に、消去するための記録です。"),
    tables.PasskeyUser: ("パスキーのための番号", "無作為の番号です。"),
}
"""What is kept and not shown: what it is called, and why."""
SECRETS = (
    "パスワード、パスキー、認証アプリ、回復コードは、照合のための値を保存しています。どなたにもお知らせしません。",
    "メールの本文には手続きのリンクが含まれるため、宛先と件名だけを記載しています。",
    "アカウントIDをご利用の方のメール転送先と自動返信の内容は、ご本人だけがダウンロードできます。",
)


async def disclosed(contract: int) -> str:
    """All of it, as a text. `contract`: its key."""
    every_kind()
    return "\n".join([line async for line in _lines(contract)]) + "\n"


def every_kind() -> None:
    """Know all kinds of changes: what of a receipt is another person's is said by its kind."""
    for found in pkgutil.walk_packages(app.domain.__path__, "app.domain."):
        importlib.import_module(found.name)


async def _lines(contract: int) -> Any:
    rows = await own_data.of_contract(contract)
    number = rows[tables.Contract][0]["customer_number"]
    now = clock.now().astimezone(clock.TOKYO)
    yield f"{BRAND.service} 保有個人データの開示"
    yield f"お客様番号：{number}"
    yield f"作成日時：{now:%Y/%m/%d %H:%M}"
    for table, its in rows.items():
        yield f"\n■ {own_data.TITLES[table]}（{len(its)}件、保存する期間：{FATES[table].in_words}）"
        for row in its:
            yield ""
            for line in _said(table, row):
                yield line
    yield "\n■ 保存していて、内容を記載しないもの"
    for table, (title, why) in NOT_SHOWN.items():
        (count,) = await database.rows(_COUNT.format(table._meta.tablename), contract)
        yield f"  {title}（{count[0]}件、保存する期間：{FATES[table].in_words}）：{why}"
    for line in SECRETS:
        yield f"  {line}"


def _said(table: type[Table], row: dict[str, Any]) -> Iterator[str]:
    for column in own_data.exported_columns(table):
        name = column._meta.db_column_name
        value = row[name]
        if isinstance(column, JSONB):
            yield f"  {label(column)}："
            yield from _receipt(value)
        else:
            yield f"  {label(column)}：{_value(column, value)}"


def label(column: Column) -> str:
    """What the column is called in the disclosure. Raises KeyError."""
    name = column._meta.db_column_name
    return LABELS.get(f"{column._meta.table._meta.tablename}.{name}") or LABELS[name]


def _value(column: Column, value: Any) -> str:
    if value is None and own_data.is_private(column):
        return "（ご本人だけがダウンロードできます）"
    if value is None or value == "":
        return "なし"
    if isinstance(column, Boolean):
        return "はい" if value else "いいえ"
    if isinstance(column, Timestamptz):
        return f"{datetime.fromisoformat(value).astimezone(clock.TOKYO):%Y/%m/%d %H:%M:%S}"
    if isinstance(value, list):
        return "、".join(map(str, value)) or "なし"
    return _word(column, str(value))


def _word(column: Column, value: str) -> str:
    """A word of a short list, or the name of what a row refers to; what is none of them as it is."""
    name, table = column._meta.db_column_name, column._meta.table
    known = _WORDS.get(f"{table._meta.tablename}.{name}") or _WORDS.get(name, {})
    if value in known:
        return known[value]
    if isinstance(column, ForeignKey):
        return _reference(column, value)
    if table is tables.Consent and name == "text" and value in consents.TEXTS:
        return consents.TEXTS[value].title
    if table in (tables.Change, tables.OwnerNotice) and name == "kind" and value in KINDS:
        return KINDS[value].in_words()
    return value


def _reference(column: ForeignKey[Any], value: str) -> str:
    referred = column._foreign_key_meta.resolved_references
    if referred is tables.TelephoneService:
        return BRAND.telephony.get(value, value)
    if referred is tables.CatalogueItem:
        of_mail = catalogue.current().mail_products.get(value)
        return of_mail.name if of_mail else _product(value)
    return value


def _product(key: str) -> str:
    """Its name; of what the catalogue has no more, its key."""
    try:
        return catalogue.name(Product(key))
    except catalogue.Unknown:
        return key


def _receipt(receipt: dict[str, Any] | None) -> Iterator[str]:
    """The complete page of a change, as its history shows it."""
    if not receipt:
        yield "    なし"
        return
    yield f"    {receipt['title']}"
    for row in receipt["rows"]:
        before = f"（変更前：{row['before']}）" if row.get("before") else ""
        yield f"    {row['label']}：{row['value']}{before}"


_COUNT = "SELECT count(*) FROM {} WHERE contract = $1"
