"""The outbox: no mail without its change, each mail to one recipient once, and none that is lost."""

from __future__ import annotations

import asyncio
import itertools
import re
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest

from app.domain import clock, tables
from app.domain.letters import outbox
from app.domain.letters.outbox import Away, Delivered, DueMail, NotNow, RefusedForGood
from app.postgres import database
from tests import households

MAILS = Path(outbox.__file__).parents[2] / "partials" / "mails"
WHO = "アカウントID「taro-01」（管理者権限）でログインした方"
CARD: dict[str, object] = {"brand": "VISA", "expires": "01月 / 2030年", "last4": "0000"}
OPTION: dict[str, object] = {
    "product": "UCOM光 リモートサポート",
    "environment": "電話",
    "costs": ("今月の料金：550円", "来月からの料金：かかりません"),
    "date": date(2026, 1, 10),
    "by": WHO,
}
DEVICE: dict[str, object] = {
    "login": "お客様番号（末尾0000）",
    "moment": datetime(2026, 1, 9, 15, 4, tzinfo=UTC),
    "browser": "Safari（iPhone）",
    "network": "192.0.2.*",
}
FACTS: dict[str, dict[str, object]] = {
    "account-deleted": {
        "login": "taro-01",
        "name": "髙﨑 太郎",
        "address": "未登録",
        "losses": (
            "失われるメール：保存されているメールすべて（使用量 約3MB）",
            "なくなるホームページ：https://x",
        ),
        "products": "なし",
        "costs": ("安心 Kidsフィルター：今月（2026年1月）の料金：330円",),
        "by": WHO,
    },
    "account-edited": {"login": "taro-01", "items": "ユーザーネーム、パスワード", "by": WHO},
    "account-password-changed": {"login": "taro-01", "by": WHO},
    "user-purchases": {"before": "許可する", "after": "許可しない", "by": WHO},
    "bill-corrected": {"month": "2026年2月", "said": "・回線料：-400円", "total": "4,000円"},
    "new-browser": DEVICE,
    "step-guessed": {
        "login": "アカウントID「taro-01」",
        "moment": datetime(2026, 1, 9, 15, 4, tzinfo=UTC),
        "browser": "Safari（iPhone）",
        "network": "192.0.2.*",
    },
    "line-cancellation": {
        "received": datetime(2026, 1, 10, 9, 0, tzinfo=clock.TOKYO),
        "wanted": date(2026, 3, 10),
        "most": "合計 1,650円（税込、日割りなし）",
        "by": WHO,
    },
    "login-locked": {**DEVICE, "browser": "不明なブラウザー"},
    "account-registered": {"login": "taro-01", "name": "髙﨑 太郎", "role": "ユーザー権限", "by": WHO},
    "auto-reply": {"login": "taro-01", "state": "利用する", "period": "2026/01/10 から 指定なし まで"},
    "contact-address-changed": {"by": WHO},
    "contact-address-check": {"url": "https://mypage.example.jp/customer/check/x"},
    "customer-changed": {"items": "電話番号、FAX番号", "by": WHO},
    "customer-password-changed": {"number_end": "0000", "by": WHO},
    "forwarding": {"login": "taro-01", "settings": ("転送先：a@example.jp", "サーバーのメール：残す")},
    "mail-address-registered": {
        "login": "taro-01",
        "address": "taro@example.jp",
        "kind": "他社",
        "deed": "変更",
        "products": "メールボックス 10GB",
        "losses": ("失われるメール：保存されているメールすべて（使用量 約3MB）",),
        "costs": ("メールボックス 10GB：今月の料金：220円（税込、日割りなし）",),
    },
    "mail-set-by-other": {"login": "taro-01", "what": "メール転送設定", "by": WHO},
    "forgotten": {
        "login": "お客様番号（末尾0000）",
        "moment": datetime(2026, 1, 9, 15, 4, tzinfo=UTC),
        "url": "https://mypage.example.jp/forgotten/new?token=x",
    },
    "new-password": {
        "login": "アカウントID「taro-01」",
        "browser": "Safari（iPhone）",
        "network": "192.0.2.*",
        "by": "メールのリンクを開いた方",
    },
    "one-time-issued": {
        "login": "アカウントID「taro-01」",
        "until": datetime(2026, 1, 23, 15, 4, tzinfo=UTC),
        "by": "インフォメーションセンター",
    },
    "mail-password-new": {"login": "taro-01", "called": "スマホ", "by": WHO},
    "mail-password-removal": {
        "login": "taro-01",
        "called": "スマホ",
        "by": WHO,
        "outcome": "このパスワードでは、メールを送受信できなくなりました。",
    },
    "mail-service-ended": {
        "product": "メールパック",
        "cause": "削除したため",
        "costs": ("今月の料金：330円",),
    },
    "mail-service-purchased": OPTION,
    "mailbox-size": {"login": "taro-01", "size": "10GB", "costs": ("来月からの料金：220円",)},
    "paper-requested": {"paper": "GATE CALL050 申込書", "by": WHO},
    "paper-sent": {"paper": "GATE CALL050 申込書", "date": date(2026, 1, 10)},
    "by-operator": {"items": "設置先住所", "by": "運営会社"},
    "contract-closing": {
        "closed_on": date(2026, 1, 31),
        "readable_until": date(2026, 4, 30),
        "by": "運営会社",
    },
    "contract-reopened": {
        "closed_on": date(2026, 1, 31),
        "then": "そのままお使いいただけます。",
        "by": "運営会社",
    },
    "paper-received": {"paper": "GATE CALL050 申込書", "date": date(2026, 1, 10)},
    "paper-entered": {"paper": "GATE CALL050 申込書", "date": date(2026, 1, 10)},
    "passkey-registered": {"login": "アカウントID「taro-01」", "label": "太郎の電話", "by": WHO},
    "passkey-removed": {"login": "アカウントID「taro-01」", "label": "太郎の電話", "by": WHO},
    "payment-approved": CARD,
    "payment-changed": {**CARD, "by": WHO},
    "payment-expiring": CARD,
    "payment-refused": CARD,
    "payment-waiting": {**CARD, "by": WHO},
    "purchase-approved": {
        "login": "taro-01",
        "product": "セキュリティ360°",
        "environment": "Windows",
        "costs": ("数量：1", "料金：今月 0円（2026/01/31までに解約した場合は550円）"),
        "date": "2026/01/10",
        "by": WHO,
    },
    "purchase-refused": {
        "login": "taro-01",
        "product": "セキュリティ360°",
        "reason": ("いまは必要ないと思います。", "来月また相談してください。"),
        "by": WHO,
    },
    "purchase-request-closed": {
        "login": "taro-01",
        "product": "セキュリティ360°",
        "state": "却下",
        "reason": "許可しない設定に変わったため",
        "by": WHO,
    },
    "purchase-request-lapsed": {
        "login": "taro-01",
        "product": "セキュリティ360°",
        "asked": "2026/01/10 09:00",
    },
    "purchase-requested": {
        "login": "taro-01",
        "name": "髙﨑 太郎",
        "product": "セキュリティ360°",
        "price": "550円／月（税込）",
        "until": "2026/01/24 09:00",
        "url": "https://mypage.example.jp/purchase-requests/x",
        "by": WHO,
    },
    "purchase-withdrawn": {"login": "taro-01", "product": "セキュリティ360°", "by": WHO},
    "recovery-code-used": {**DEVICE, "left": 9},
    "recovery-codes-made": {"login": "アカウントID「taro-01」", "by": WHO},
    "remote-support-cancelled": OPTION,
    "remote-support-purchased": OPTION,
    "second-factor-failed": DEVICE,
    "second-factor-removed": {"login": "アカウントID「taro-01」", "by": "インフォメーションセンター"},
    "security-cancelled": {
        "login": "taro-01",
        "product": "セキュリティ360°",
        "costs": ("今月の料金：550円", "来月からの料金：かかりません"),
        "last_day": "2026/01/31",
    },
    "security-purchased": {
        "login": "taro-01",
        "product": "セキュリティ360°",
        "environment": "Windows",
        "costs": ("数量：1", "料金：今月 0円（2026/01/31までに解約した場合は550円）"),
        "date": "2026/01/10",
    },
    "totp-registered": {"login": "アカウントID「taro-01」", "by": WHO},
    "totp-removed": {"login": "アカウントID「taro-01」", "by": WHO},
    "web-space": {"login": "taro-01", "state": "登録", "url": "https://home.example.jp/taro/", "costs": ()},
}


@pytest.fixture
async def contract(empty_database: str) -> int:
    return await households.new_contract()


async def posted(contract: int, *recipients: str, login: str = "taro-01") -> None:
    """Post a mail in a transaction of its own."""
    async with database.engine().transaction():
        await outbox.post(contract, recipients, "account-password-changed", login=login)


async def kept() -> list[tables.Outbox]:
    return (await outbox.newest(1000))[::-1]


async def only() -> tables.Outbox:
    (mail,) = await kept()
    return mail


def later(by: timedelta) -> None:
    """Move the clock on."""
    clock.start_at(clock.now() + by)


class Server:
    """A mail server that answers as it is told; what it was sent stays."""

    def __init__(self, answer: Callable[[DueMail], BaseException | None] = lambda _: None) -> None:
        self.answer = answer
        self.sent: list[DueMail] = []

    async def send(self, mail: DueMail) -> None:
        self.sent.append(mail)
        await asyncio.sleep(0)
        if (error := self.answer(mail)) is not None:
            raise error


def refusing(error: BaseException) -> Server:
    return Server(lambda _: error)


# --- texts ------------------------------------------------------------------------------------------------------------


def test_every_text_is_tried_here() -> None:
    assert sorted(FACTS) == sorted(path.stem for path in MAILS.glob("*.txt") if path.stem != "frame")


def said(fact: object) -> str:
    """How a mail says it: a moment in Asia/Tokyo."""
    if isinstance(fact, datetime):
        return clock.minute(fact)
    return f"{fact:%Y/%m/%d}" if isinstance(fact, date) else str(fact)


@pytest.mark.parametrize("mail", FACTS)
def test_a_mail_says_what_was_done_when_by_whom_and_where_to_call(mail: str, templates: object) -> None:
    subject, body = outbox.rendered(mail, datetime(2026, 1, 9, 15, 4, tzinfo=UTC), FACTS[mail])
    assert subject.startswith("【マイページ】")
    assert "\n" not in subject
    lines = [fact if isinstance(fact, tuple) else (fact,) for fact in FACTS[mail].values()]
    for fact in itertools.chain.from_iterable(lines):
        assert fact == "他社" or said(fact) in body
    assert ("お手続き日時：2026/01/10 00:04\n" in body) == (mail not in outbox.NOTHING_DONE)
    assert ("お手続きした方：" in body) == ("by" in FACTS[mail])
    for line in ("試験通信株式会社", "0120-000-0000", "9時～17時（年中無休）"):
        assert line in body
    assert "パスワード、暗証番号、カード番号をメールでお尋ねすることはありません" in body
    assert not re.search(r"\n{3}|None|\{|\}", body)


def test_a_deletion_that_ended_nothing_speaks_of_no_fees(templates: object) -> None:
    _, body = outbox.rendered(
        "account-deleted", clock.now(), {**FACTS["account-deleted"], "products": "", "costs": ()}
    )
    assert "同時に解約されたオプションサービス：なし" in body
    assert "月額利用料" not in body


def test_a_deletion_tells_what_was_cancelled_earlier_in_the_month_and_is_charged_in_it(
    templates: object,
) -> None:
    facts = {**FACTS["account-deleted"], "products": "", "costs": ("セキュリティ360°：550円",)}
    _, body = outbox.rendered("account-deleted", clock.now(), facts)
    assert "同時に解約されたオプションサービス：なし" in body
    assert "セキュリティ360°：550円" in body


def test_a_fact_that_a_text_needs_may_not_be_missing(templates: object) -> None:
    with pytest.raises(Exception, match="login"):
        outbox.rendered("account-password-changed", clock.now(), {})


@pytest.mark.parametrize(
    "name",
    ["password", "new_password", "password_hash", "PIN", "pin", "card", "card_number", "token", "secret"],
)
def test_a_secret_is_no_fact(templates: object, name: str) -> None:
    with pytest.raises(ValueError, match="may not carry"):
        outbox.rendered("account-password-changed", clock.now(), {"login": "taro-01", name: "abc12345"})


@pytest.mark.parametrize(
    "value", [households.HASH, "a\r\nBcc: x@example.jp", "a\nb", "a\rb", "a\x00b", "a\u2028b", "\ud800"]
)
def test_a_fact_is_one_line_and_no_hash(templates: object, value: str) -> None:
    with pytest.raises(ValueError, match="login"):
        outbox.rendered("account-password-changed", clock.now(), {"login": value})


@pytest.mark.parametrize("value", [None, True, b"taro-01", ["taro-01"]])
def test_a_fact_is_a_word_or_a_number(templates: object, value: object) -> None:
    with pytest.raises(TypeError, match="login"):
        outbox.rendered("account-password-changed", clock.now(), {"login": value})


# --- posting ----------------------------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_a_mail_is_kept_for_each_distinct_recipient(contract: int) -> None:
    await posted(contract, "a@example.jp", "b@example.jp", "", "a@example.jp", login="髙﨑①")
    first, second = await kept()
    assert (first.recipient, second.recipient) == ("a@example.jp", "b@example.jp")
    assert "髙﨑①" in first.body
    assert first.tries == 0
    assert not first.sent_at
    assert not first.refused_at
    assert first.message_id != second.message_id
    for mail in (first, second):
        assert re.fullmatch(r"<[0-9a-f-]{36}@example\.jp>", mail.message_id)


@pytest.mark.slow
async def test_without_a_recipient_there_is_no_mail(contract: int) -> None:
    await posted(contract)
    await posted(contract, "")
    assert await kept() == []


async def test_a_mail_outside_a_transaction_is_a_defect(contract: int) -> None:
    with pytest.raises(RuntimeError, match="outside the transaction"):
        await outbox.post(contract, ["a@example.jp"], "account-password-changed", login="taro-01")


async def test_what_is_rolled_back_posted_nothing(contract: int) -> None:
    async def fail_after_posting() -> None:
        async with database.engine().transaction():
            await outbox.post(contract, ["a@example.jp"], "account-password-changed", login="taro-01")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail_after_posting()
    assert await outbox.deliver_due(Server().send) == Delivered(0, 0, 0)
    assert await kept() == []


async def test_before_the_commit_nobody_sees_or_sends_it_and_the_commit_wakes_the_deliverer(
    contract: int,
) -> None:
    server, woken = Server(), asyncio.Event()
    listener = await database.engine().get_new_connection()
    await listener.add_listener(outbox.CHANNEL, lambda *_: woken.set())

    async def elsewhere() -> Delivered:
        database.engine().current_transaction.set(None)
        return await outbox.deliver_due(server.send)

    async with database.engine().transaction():
        await outbox.post(contract, ["a@example.jp"], "account-password-changed", login="taro-01")
        assert await asyncio.create_task(elsewhere()) == Delivered(0, 0, 0)
        await listener.fetch("SELECT 1")  # whatever was notified has arrived
        assert not woken.is_set()
    await asyncio.wait_for(woken.wait(), 5)
    assert await outbox.deliver_due(server.send) == Delivered(1, 0, 0)
    await listener.close()


async def test_the_table_takes_no_line_break_in_a_subject(contract: int) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        await database.rows(
            "INSERT INTO outbox (contract, recipient, subject, body, message_id, posted_at, due_at, tries)"
            " VALUES ($1, 'a@example.jp', $2, '', '<x@y>', $3, $3, 0)",
            *(contract, "x\r\nBcc: b@example.jp", clock.now()),
        )


# --- delivering -------------------------------------------------------------------------------------------------------


async def test_what_is_due_is_sent_once_oldest_first(contract: int) -> None:
    await posted(contract, "a@example.jp", "b@example.jp")
    await posted(contract, "c@example.jp")
    server = Server()
    assert await outbox.deliver_due(server.send, limit=2) == Delivered(2, 0, 0)
    assert await outbox.deliver_due(server.send) == Delivered(1, 0, 0)
    assert await outbox.deliver_due(server.send) == Delivered(0, 0, 0)
    assert [mail.recipient for mail in server.sent] == ["a@example.jp", "b@example.jp", "c@example.jp"]
    assert all(mail.sent_at and mail.tries == 1 for mail in await kept())
    assert await outbox.undelivered() == []


async def test_deliverers_at_once_send_each_mail_once(contract: int) -> None:
    await posted(contract, *(f"a{number}@example.jp" for number in range(40)))
    server = Server()
    done = await asyncio.gather(*(outbox.deliver_due(server.send) for _ in range(6)))
    assert sum(one.sent for one in done) == 40
    assert sum(one.sent > 0 for one in done) > 1
    assert set(Counter(mail.id for mail in server.sent).values()) == {1}


async def test_no_transaction_is_open_while_a_mail_is_sent(contract: int) -> None:
    await posted(contract, "a@example.jp")

    async def send(_: DueMail) -> None:
        open_ones = "SELECT count(*) AS n FROM pg_stat_activity WHERE state LIKE 'idle in transaction%'"
        assert (await database.rows(open_ones + " AND datname = current_database()"))[0]["n"] == 0
        assert database.engine().current_transaction.get() is None

    assert (await outbox.deliver_due(send)).sent == 1


class Killed(BaseException):
    """The deliverer dies on the spot."""


async def test_a_deliverer_that_dies_after_sending_leaves_a_mail_that_is_sent_again_the_same(
    contract: int,
) -> None:
    await posted(contract, "a@example.jp")
    dying, server = refusing(Killed()), Server()
    with pytest.raises(Killed):
        await outbox.deliver_due(dying.send)
    assert await outbox.deliver_due(server.send) == Delivered(0, 0, 0)
    later(outbox.LEASE)
    assert await outbox.deliver_due(server.send) == Delivered(1, 0, 0)
    (first,), (second,) = dying.sent, server.sent
    assert (first.message_id, first.posted_at) == (second.message_id, second.posted_at)


async def test_a_mail_that_every_deliverer_dies_of_is_given_up_and_the_others_go_out(contract: int) -> None:
    await posted(contract, "a@example.jp", "b@example.jp")
    deadly = Server(lambda mail: Killed() if mail.recipient == "a@example.jp" else None)
    for _ in range(outbox.TRIES):
        with pytest.raises(Killed):
            await outbox.deliver_due(deadly.send)
        later(outbox.LEASE)
    assert await outbox.deliver_due(deadly.send) == Delivered(0, 0, 1)
    (mail,) = await outbox.undelivered()
    assert mail.recipient == "a@example.jp"
    assert mail.refused_at
    assert Counter(sent.recipient for sent in deadly.sent) == {
        "a@example.jp": outbox.TRIES,
        "b@example.jp": 1,
    }


async def test_a_mail_that_cannot_go_now_waits_longer_each_time_and_is_given_up_after_two_days(
    contract: int,
) -> None:
    await posted(contract, "a@example.jp")
    server, start = refusing(NotNow("450 try later")), clock.now()
    waits = []
    for _ in range(outbox.TRIES - 1):
        assert await outbox.deliver_due(server.send) == Delivered(0, 1, 0)
        mail = await only()
        waits.append(mail.due_at - clock.now())
        assert await outbox.deliver_due(server.send) == Delivered(0, 0, 0)
        clock.start_at(mail.due_at)
    assert mail.problem == "450 try later"
    assert not mail.refused_at
    doubled = [wait for wait in waits if wait < outbox.LONGEST * 0.7]
    assert all(after > before * 1.5 for before, after in itertools.pairwise(doubled))
    assert timedelta(seconds=55) < waits[0] < timedelta(seconds=76)
    assert outbox.LONGEST * 0.99 < waits[-1] < outbox.LONGEST * 1.26
    assert timedelta(days=1.75) < clock.now() - start < timedelta(days=2.5)
    assert await outbox.deliver_due(server.send) == Delivered(0, 0, 1)
    mail = await only()
    assert mail.problem == f"given up after {outbox.TRIES} tries: 450 try later"
    assert mail.tries == len(server.sent) == outbox.TRIES
    later(timedelta(days=30))
    assert await outbox.deliver_due(server.send) == Delivered(0, 0, 0)


def test_mails_that_failed_together_do_not_come_back_together() -> None:
    assert len({outbox.pause(3) for _ in range(20)}) > 1


async def test_a_refusal_for_good_is_kept_with_its_reason_and_never_tried_again(contract: int) -> None:
    await posted(contract, "a@example.jp", "b@example.jp")
    refused = RefusedForGood("550 no\x00 such\x1b[31m\nuser " + "x" * 1000)
    server = Server(lambda mail: refused if mail.recipient == "a@example.jp" else None)
    assert await outbox.deliver_due(server.send) == Delivered(1, 0, 1)
    later(timedelta(days=30))
    assert await outbox.deliver_due(server.send) == Delivered(0, 0, 0)
    (mail,) = await outbox.undelivered()
    assert mail.refused_at is not None
    assert mail.problem is not None
    assert mail.problem.startswith("550 no such [31m user xxx")
    assert len(mail.problem) == outbox.PROBLEM


async def test_while_the_mail_server_is_away_one_mail_is_tried_and_no_try_counts(contract: int) -> None:
    await posted(contract, "a@example.jp", "b@example.jp")
    server = refusing(Away("nobody answers"))
    for _ in range(outbox.TRIES + 4):
        assert await outbox.deliver_due(server.send) == Delivered(0, 1, 0, "nobody answers")
        later(timedelta(hours=6))
    assert len(server.sent) == outbox.TRIES + 4
    assert all(mail.tries == 0 and mail.refused_at is None for mail in await outbox.undelivered())
    assert await outbox.deliver_due(Server().send) == Delivered(2, 0, 0)
    assert [mail.problem for mail in await kept()] == [None, None]


async def test_a_defect_of_ours_shows_itself_and_the_other_mails_go_out(contract: int) -> None:
    await posted(contract, "a@example.jp", "b@example.jp")
    server = Server(lambda mail: KeyError("defect") if mail.recipient == "a@example.jp" else None)
    with pytest.raises(KeyError):
        await outbox.deliver_due(server.send)
    assert await outbox.deliver_due(server.send) == Delivered(1, 0, 0)


@pytest.mark.parametrize("late", [NotNow("late"), RefusedForGood("late"), Away("late")])
async def test_a_deliverer_that_comes_too_late_does_not_undo_what_another_has_done(
    contract: int, late: Exception
) -> None:
    await posted(contract, "a@example.jp")
    server = Server()

    async def slow(_: DueMail) -> None:
        later(outbox.LEASE)
        assert await outbox.deliver_due(server.send) == Delivered(1, 0, 0)
        raise late

    await outbox.deliver_due(slow)
    mail = await only()
    assert mail.sent_at
    assert not mail.refused_at
    assert not mail.problem


@pytest.mark.parametrize("late", [NotNow("late"), RefusedForGood("late"), Away("late")])
async def test_a_deliverer_that_comes_too_late_does_not_end_the_wait_that_another_began(
    contract: int, late: Exception
) -> None:
    await posted(contract, "a@example.jp")

    async def slow(_: DueMail) -> None:
        later(outbox.LEASE)
        assert await outbox.deliver_due(refusing(NotNow("450")).send) == Delivered(0, 1, 0)
        raise late

    await outbox.deliver_due(slow)
    mail = await only()
    assert not mail.refused_at
    assert (mail.problem, mail.tries) == ("450", 2)


async def test_what_was_sent_late_is_not_refused_by_who_took_it_over(contract: int) -> None:
    await posted(contract, "a@example.jp")
    taken_over, sent = asyncio.Event(), asyncio.Event()

    async def slow(_: DueMail) -> None:
        later(outbox.LEASE)
        others.append(asyncio.create_task(outbox.deliver_due(refused)))
        await taken_over.wait()

    async def refused(_: DueMail) -> None:
        taken_over.set()
        await sent.wait()
        raise RefusedForGood("550")

    others: list[asyncio.Task[Delivered]] = []
    assert await outbox.deliver_due(slow) == Delivered(1, 0, 0)
    sent.set()
    await asyncio.gather(*others)
    mail = await only()
    assert mail.sent_at
    assert not mail.refused_at
    assert not mail.problem


async def test_sent_is_sent_even_when_another_was_refused_meanwhile(contract: int) -> None:
    await posted(contract, "a@example.jp")
    server = refusing(RefusedForGood("550"))

    async def slow(_: DueMail) -> None:
        later(outbox.LEASE)
        assert await outbox.deliver_due(server.send) == Delivered(0, 0, 1)

    assert await outbox.deliver_due(slow) == Delivered(1, 0, 0)
    assert await outbox.undelivered() == []
