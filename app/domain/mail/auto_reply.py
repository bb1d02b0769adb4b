"""自動返信 of an account ID with a UCOM address: one reply a day per sender, between two days (spec 8)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from app.domain import tables
from app.domain.access.graph import Account, AutoReply
from app.domain.access.matrix import Permission
from app.domain.access.members import Member
from app.domain.changes.words import Link, Receipt, Review, Row, edited
from app.domain.clock import TOKYO
from app.domain.letters.recipients import Told
from app.domain.mail.consent import OfOwnersMail

ORDER = "終了日は、開始日と同じ日か、それより後の日にしてください。"
OVER = "終了日を過ぎているため、この設定では返信しません。"
NOTICE = "返信は、同じ差出人に対して1日に1回だけ送ります。メールマガジンなどの一斉配信には返信しません。"


@dataclass(frozen=True)
class SetAutoReply(
    OfOwnersMail,
    kind="auto-reply",
    name="メール自動返信設定",
    permission=Permission.AUTO_REPLY,
    page="auto-reply",
    tells=Told.ACCOUNT,
    private=("件名", "本文"),
):
    """Switch the auto-reply on or off; its text is kept when it is off."""

    enabled: bool
    reply_subject: str
    body: str
    starts_on: date | None
    ends_on: date | None

    @property
    def _new(self) -> AutoReply:
        return AutoReply(self.enabled, self.reply_subject, self.body, self.starts_on, self.ends_on)

    def changes(self, account: Account) -> bool:
        """Whether it is anything else than what is set."""
        return self._new != (account.auto_reply or AutoReply(False, "", "", None, None))

    def review(self, member: Member, now: datetime) -> Review:
        account = self.account(member)
        return Review(
            title="メール自動返信設定確認",
            rows=self._rows(account) + self.consent_rows(member),
            notices=self._notices(now),
            button="登録",
        )

    def _notices(self, now: datetime) -> tuple[str, ...]:
        over = self.ends_on is not None and self.ends_on < now.astimezone(TOKYO).date()
        return (NOTICE, *((OVER,) if over else ())) if self.enabled else ()

    async def apply(self, member: Member, now: datetime) -> Receipt:
        account = self.account(member)
        await tables.AutoReply.delete().where(tables.AutoReply.account == account.id)
        await tables.AutoReply(
            contract=member.contract.id,
            account=account.id,
            enabled=self.enabled,
            subject=self.reply_subject,
            body=self.body,
            starts_on=self.starts_on,
            ends_on=self.ends_on,
        ).save()
        facts: dict[str, object] = {
            "state": _state(self._new),
            "period": _days(self._new) if self.enabled else "",
        }
        await self.tell_of_it(member, now, "auto-reply", owner=facts, others=facts)
        return Receipt(
            title="メール自動返信設定完了",
            lead="自動返信の設定を登録しました。",
            rows=self._rows(account) + self.consent_rows(member),
            notices=self._notices(now),
            next=(Link("ご契約情報一覧", f"/?open={self.login}"),),
        )

    def _rows(self, account: Account) -> list[Row]:
        new = self._new
        old = account.auto_reply or new
        return [
            Row("アカウントID", self.login),
            Row("メールアドレス", account.ucom_address or ""),
            edited("自動返信", _state(account.auto_reply), _state(new)),
            edited("件名", old.subject or "（なし）", new.subject or "（なし）"),
            edited("本文", old.body or "（なし）", new.body or "（なし）"),
            edited("期間", _days(old), _days(new)),
        ]


@dataclass(frozen=True)
class InWords:
    """An auto-reply as it is set, in words."""

    state: str
    period: str
    """"" where it has neither a first nor a last day, or is switched off."""
    silent: str
    """Why it is switched on and answers nobody today; "": it answers, or is switched off."""

    @property
    def in_one_line(self) -> str:
        return " ".join(filter(None, (self.state, self.period, "期間外" if self.silent else "")))


def in_words(reply: AutoReply | None, today: date) -> InWords:
    """`today`: the day in Asia/Tokyo, by which the mail server counts, too (mail_v1.sieve)."""
    if reply is None or not reply.enabled:
        return InWords(_state(reply), "", "")
    period = _days(reply) if reply.starts_on or reply.ends_on else ""
    return InWords(_state(reply), period, _silent(reply, today))


def _silent(reply: AutoReply, today: date) -> str:
    """The first day and the last one are within the period."""
    if reply.starts_on and today < reply.starts_on:
        return f"まだ返信していません。{reply.starts_on:%Y/%m/%d}から返信します。"
    if reply.ends_on and today > reply.ends_on:
        return f"{reply.ends_on:%Y/%m/%d}で期間が終わったため、返信していません。"
    return ""


def _state(reply: AutoReply | None) -> str:
    return "利用する" if reply and reply.enabled else "利用しない"


def _days(reply: AutoReply) -> str:
    starts = f"{reply.starts_on:%Y/%m/%d} から " if reply.starts_on else "すぐに開始、"
    ends = f"{reply.ends_on:%Y/%m/%d} まで" if reply.ends_on else "終了日の指定なし"
    return f"{starts}{ends}"
