"""What becomes impossible while a confirm page is open is refused: on the page, at its button, and without a look at it.

The button of the page sends what the page said. A press without that is judged all the same, and carries nothing out.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from app.postgres import database
from tests.browser import Browser, filled_in
from tests.changes.test_every_change import ask, begin, last_mail
from tests.changes.walks import EVERY

pytestmark = pytest.mark.slow  # a walk through every form, change or step: `make test` takes it

OURS = "(SELECT id FROM contract WHERE customer_number = '90000000000000')"
HIS, HERS = (f"(SELECT id FROM account WHERE login = 'arteri-an-00{number}')" for number in (1, 2))
NOW, LATER = "'2026-01-20 10:00+09'", "'2026-01-20 11:00+09'"

HE_IS_DELETED = f"UPDATE account SET deleted_at = {NOW} WHERE id = {HIS}"
HIS_ADDRESS_ENDS = "UPDATE mail_address SET released_at = registered_at"
THE_CARD_GOES = "DELETE FROM card"
THE_CARD_EXPIRES = "UPDATE card SET expires = '2025-12'"
A_CARD_WAITS = (
    "INSERT INTO card_check (contract, token, payer, brand, last4, expires, holder, asked_at)"
    f" VALUES ({OURS}, 't', '', 'JCB', '0000', '2040-01', 'KICHI ARUTERI', {NOW})"
)
EVERY_PURCHASE_ENDS = "UPDATE service_period SET ended_at = started_at"
THE_NAME_IS_TAKEN = "UPDATE account SET login = 'arteri-an-003' WHERE login = 'tanin-001'"
THE_CONTRACT_IS_FULL = (
    "INSERT INTO account (contract, login, slot, password_hash, family, given, family_kana, given_kana, user_name,"
    " role, registered_at) SELECT contract, 'arteri-an-01' || n, n, password_hash, family, given, family_kana,"
    f" given_kana, user_name, role, registered_at FROM account, generate_series(3, 5) n WHERE id = {HIS}"
)
ASKED_FOR = (
    "INSERT INTO paper_request (contract, account, paper, asked_at)"
    f" SELECT {OURS}, NULL, paper, {NOW} FROM unnest(ARRAY['name', 'guide', 'line-cancellation']) paper"
)
IT_LAPSES = f"UPDATE purchase_request SET lapses_at = {NOW}, asked_at = '2026-01-01'"
IT_IS_REFUSED = (
    f"UPDATE purchase_request SET state = 'refused', decided_at = {LATER}, decided_by = 'x', reason = 'x'"
)
ASKED_ELSEWHERE = (
    "INSERT INTO purchase_request (id, contract, account, product, asked_at, lapses_at)"
    f" SELECT gen_random_uuid(), contract, id, 'kids-filter', {NOW}, '2026-02-01' FROM account WHERE id = {HIS}"
)
THE_SAME_NAMES = "UPDATE account SET given = '新', user_name = 'しん'"
NEVER = {
    *("user-purchases", "customer-password", "contact-address"),
    *("customer-password-reset", "account-password-reset"),
}
"""Nothing stands in the way of these, or what does is told in the tests of their page."""


def bought(product: str, account: str = "NULL") -> str:
    return (
        "INSERT INTO service_period (contract, account, product, started_at)"
        f" VALUES ({OURS}, {account}, '{product}', {NOW})"
    )


def taken_by_a_stranger(address: str) -> str:
    return (
        "INSERT INTO mail_address (contract, account, address, registered_at)"
        f" SELECT contract, id, '{address}', {NOW} FROM account WHERE login = 'tanin-001'"
    )


def app_passwords_of_his(number: int) -> str:
    return (
        "INSERT INTO app_password (contract, account, mailbox, slot, name, selector, hint, hash, made_at, used_over)"
        f" SELECT contract, account, id, n, n, lpad(n::text, 8, '0'), '000', repeat('A', 107) || '=', {NOW}, ''"
        f" FROM mailbox, generate_series(1, {number}) n WHERE account = {HIS}"
    )


@dataclass(frozen=True)
class Meanwhile:
    """What happens to the change of a walk, and why it is refused; some reasons the page does not know."""

    walk: str
    happens: str
    reason: str
    on_the_page: bool = True


GONE = "お手続きの対象が、すでに削除されています。"
OVER = "すでに承認、却下、取り下げ、または期限切れ"
NO_CARD, EXPIRED = "お支払い方法が登録されていないため", "有効期限が切れているため"
WAITS = "名義を確認しているため"
NEEDED = "UCOM光のメールアドレスを登録すると、ご利用いただけます。"

REFUSED = [
    Meanwhile("an account ID is registered", THE_CONTRACT_IS_FULL, "5個まで登録できます"),
    Meanwhile("an account ID is registered", THE_NAME_IS_TAKEN, "すでに使われているか", on_the_page=False),
    Meanwhile("an account ID is edited", HE_IS_DELETED, GONE),
    Meanwhile("a user corrects the own names", THE_SAME_NAMES, "変更された項目がありません"),
    Meanwhile("the password of an account ID", HE_IS_DELETED, GONE),
    Meanwhile("an account ID is deleted with all that it has", HE_IS_DELETED, GONE),
    Meanwhile("the customer moves", "UPDATE contract SET phone = '0'", "もう一度内容を", on_the_page=False),
    Meanwhile("a paper is asked for", ASKED_FOR, "すでにご請求を受け付け", on_the_page=False),
    Meanwhile("the line is to end", ASKED_FOR, "解約のお申し出を、すでに受け付けています", on_the_page=False),
    Meanwhile("a guide is asked for", ASKED_FOR, "すでにご請求を受け付け", on_the_page=False),
    Meanwhile("the mail service is bought", bought("mail-web"), "すでに購入されています"),
    Meanwhile("the mail service is bought", THE_CARD_GOES, NO_CARD),
    Meanwhile("the mail service is bought", A_CARD_WAITS, WAITS),
    Meanwhile("an address of ours", EVERY_PURCHASE_ENDS, "購入が必要です"),
    Meanwhile("an address of ours", HE_IS_DELETED, GONE),
    Meanwhile(
        "another address of ours",
        taken_by_a_stranger("hikari.jiro@s2.spaaqs.ne.jp"),
        "すでに使われているか",
        on_the_page=False,
    ),
    Meanwhile("an address of another company", HE_IS_DELETED.replace(HIS, HERS), GONE),
    Meanwhile("the mailbox grows", bought("mailbox-10gb", HIS), "すでに10GBです"),
    Meanwhile("the mailbox grows", HIS_ADDRESS_ENDS, NEEDED),
    Meanwhile("the mailbox grows", THE_CARD_EXPIRES, EXPIRED),
    Meanwhile("the mailbox shrinks", EVERY_PURCHASE_ENDS, "すでに1GBです"),
    Meanwhile(
        "the mailbox shrinks",
        "INSERT INTO mail_state_v1.quota_usage (mailbox, bytes) SELECT id, 1073741825 FROM mailbox",
        "1GBを超えているため",
    ),
    Meanwhile("mail is forwarded and kept", HIS_ADDRESS_ENDS, NEEDED),
    Meanwhile("mail is forwarded and kept", HE_IS_DELETED, GONE),
    Meanwhile("the auto-reply is switched on", HIS_ADDRESS_ENDS, NEEDED),
    Meanwhile("the auto-reply is switched on", HE_IS_DELETED, GONE),
    Meanwhile("a mail program gets a password", HIS_ADDRESS_ENDS, NEEDED),
    Meanwhile("a mail program gets a password", HE_IS_DELETED, GONE),
    Meanwhile("a mail program gets a password", app_passwords_of_his(10), "10個まで作成できます"),
    Meanwhile("the last password of a mail program is removed", "DELETE FROM app_password", GONE),
    Meanwhile("a web space is registered", HIS_ADDRESS_ENDS, NEEDED),
    Meanwhile("a web space is registered", EVERY_PURCHASE_ENDS, "購入が必要です"),
    Meanwhile(
        "a web space is registered",
        "INSERT INTO web_space (contract, account, name, registered_at)"
        f" SELECT contract, id, 'taro.home', {NOW} FROM account WHERE login = 'tanin-001'",
        "すでに使われているか",
        on_the_page=False,
    ),
    Meanwhile(
        "a web space is deleted", "UPDATE web_space SET released_at = registered_at", "登録されていません"
    ),
    Meanwhile("an option is bought", bought("security-360", HERS), "すでに購入されています"),
    Meanwhile("an option is bought", THE_CARD_GOES, NO_CARD),
    Meanwhile(
        "an option is bought", "UPDATE account SET other_address = NULL", "メールアドレスの登録が必要です"
    ),
    Meanwhile("an option is bought", "DELETE FROM licence", "ライセンスの準備中"),
    Meanwhile("his filter is bought", "UPDATE contract SET user_purchases = 'no'", "許可されていません"),
    Meanwhile("a filter is asked for", "UPDATE contract SET user_purchases = 'no'", "許可されていません"),
    Meanwhile("a filter is asked for", "UPDATE contract SET user_purchases = 'yes'", "申請しなくても"),
    Meanwhile("a filter is asked for", bought("kids-filter", HIS), "すでに購入されています"),
    Meanwhile("a filter is asked for", ASKED_ELSEWHERE, "すでに申請しています"),
    Meanwhile("what was asked for is approved", THE_CARD_GOES, NO_CARD),
    Meanwhile("what was asked for is approved", A_CARD_WAITS, WAITS),
    Meanwhile("what was asked for is approved", bought("kids-filter", HIS), "すでに購入されています"),
    Meanwhile("what was asked for is approved", HE_IS_DELETED, GONE),
    Meanwhile("what was asked for is approved", "DELETE FROM licence", "ライセンスの準備中"),
    Meanwhile("what was asked for is approved", IT_LAPSES, OVER),
    Meanwhile("what was asked for is approved", IT_IS_REFUSED, OVER),
    Meanwhile("what was asked for is refused", IT_LAPSES, OVER),
    Meanwhile("what was asked for is refused", IT_IS_REFUSED, OVER),
    Meanwhile("what was asked for is taken back", IT_LAPSES, OVER),
    Meanwhile("what was asked for is taken back", IT_IS_REFUSED, OVER),
    Meanwhile("an option is cancelled", EVERY_PURCHASE_ENDS, "購入されていません"),
    Meanwhile("remote support is bought", bought("remote-support"), "すでに購入されています"),
    Meanwhile("remote support is bought", THE_CARD_EXPIRES, EXPIRED),
    Meanwhile("remote support is cancelled", EVERY_PURCHASE_ENDS, "購入されていません"),
    Meanwhile(
        "the contractor's card",
        "UPDATE change SET data = jsonb_set(data, '{card,expires}', '\"2025-12\"') WHERE kind = 'card'",
        "有効期限",
    ),
    Meanwhile(
        "an authenticator app is registered",
        "INSERT INTO totp (contract, secret, data_key, last_step, registered_at)"
        f" SELECT id, 'x', '12345678', 0, {NOW} FROM contract WHERE customer_number = '90000000000000'",
        "すでに登録されています",
        on_the_page=False,
    ),
    Meanwhile(
        "a passkey is the first factor",
        "INSERT INTO passkey (contract, account, slot, name, credential_id, public_key, sign_count, registered_at, session)"
        f" SELECT contract, id, taken.slot, 'x', taken.slot::text::bytea, 'x', 0, {NOW}, 0"
        " FROM account CROSS JOIN generate_series(1, 5) AS taken (slot) WHERE login = 'arteri-an-001'",
        "5個まで登録できます",
        on_the_page=False,
    ),
    Meanwhile("a passkey is removed", "DELETE FROM passkey", "登録内容が変わりました", on_the_page=False),
    Meanwhile("the last factor is removed", "DELETE FROM totp", "登録内容が変わりました", on_the_page=False),
    Meanwhile("new recovery codes", "DELETE FROM totp", "登録している場合に", on_the_page=False),
]


@pytest.mark.parametrize("meanwhile", REFUSED, ids=lambda one: one.walk)
async def test_what_became_impossible_while_its_confirm_page_was_open_is_refused(
    visitor: Browser, meanwhile: Meanwhile
) -> None:
    walk = EVERY[meanwhile.walk]
    await begin(visitor, walk)
    await ask(visitor, walk)
    path, heading = visitor.path, visitor.heading
    sent = {str(field["name"]): str(field["value"]) for field in visitor.form().select("input")}
    await database.rows(meanwhile.happens)
    before = (await last_mail(), await applied())
    for body in (sent, {**sent, "seen": ""} if meanwhile.on_the_page else sent):
        await visitor.press(path, body)
        assert (visitor.answer.status_code, visitor.heading) == (422, "お手続きできません")
        assert meanwhile.reason in visitor.text
        mended = bool(visitor.page.select("main a[href='/payment']"))
        assert mended is (meanwhile.reason in (NO_CARD, EXPIRED, WAITS))
    await visitor.open(path)
    assert (visitor.heading == heading) is not meanwhile.on_the_page
    assert (meanwhile.reason in visitor.text) is meanwhile.on_the_page
    assert (await last_mail(), await applied()) == before


@pytest.mark.parametrize("seen", [None, "", "x", "another page"])
async def test_a_press_that_does_not_say_what_its_page_said_shows_the_page_again(
    visitor: Browser, seen: str | None
) -> None:
    walk = EVERY["users may buy no more"]
    await begin(visitor, walk)
    await ask(visitor, walk)
    path = visitor.path
    sent = {str(field["name"]): str(field["value"]) for field in visitor.form().select("input")}
    right = sent.pop("seen")
    before = await applied()
    if seen == "another page":
        await visitor.open("/application")
        await visitor.submit(paper="name")
        seen = filled_in(visitor.form())["seen"]
    await visitor.press(path, sent if seen is None else {**sent, "seen": seen})
    assert (visitor.heading, "differs=yes" in visitor.path) == ("ユーザー権限による購入の設定変更確認", True)
    assert await applied() == before
    await visitor.press(path, {**sent, "seen": right})
    assert visitor.heading == "ユーザー権限による購入の設定変更完了"


def test_every_other_kind_of_change_is_refused_for_some_reason() -> None:
    refused = {EVERY[meanwhile.walk].kind for meanwhile in REFUSED}
    assert {walk.kind for walk in EVERY.values()} - refused == NEVER


async def applied() -> int:
    (row,) = await database.rows("SELECT count(*) AS changes FROM change WHERE applied_at IS NOT NULL")
    return int(row["changes"])
