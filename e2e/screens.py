"""Every screen in every state, and how it is reached: a new route or state gets a line here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from app.domain.mail.consent import LABEL
from app.domain.months import Month
from e2e import ways
from e2e.device import Device
from e2e.households import Town
from e2e.ways import Visit, Way, press, with_mail


@dataclass(frozen=True)
class Screen:
    """A screen in a state: what was `before`, then `path` with the names of the household, then the `way` from there."""

    name: str
    path: str
    who: Literal["nobody", "customer", "admin", "user"] = "customer"
    way: Way | None = None
    before: Way | None = None
    account_ids: int = 2
    status: int = 200

    async def reach(self, device: Device, town: Town) -> None:
        """Bring the device there, with a household made for it."""
        visit = Visit(device, town, await town.household(self.account_ids))
        if self.status != 200:
            device.expect_status(self.status)
        if self.who != "nobody":
            logins = {"customer": None, "admin": visit.household.wife, "user": visit.household.son}
            await town.log_in(device, visit.household, logins[self.who])
        if self.before:
            await self.before(visit)
        await visit.open(self.path)
        if self.way:
            await self.way(visit)


HOUSE = [
    Screen("login", "/login", "nobody"),
    Screen("login, nothing typed", "/login", "nobody", press("アカウントIDでログイン"), status=422),
    Screen("login, the session ended", "/login?expired=1&next=/accounts", "nobody"),
    Screen("login, after logout", "/login?out=1", "nobody"),
    Screen("login, with a new password", "/login?reset=1", "nobody"),
    Screen("login, locked", "/login", "nobody", way=ways.log_in_where_it_is_locked, status=429),
    Screen("overview, by the other form", "/?said=by-customer"),
    Screen("forgotten", "/forgotten", "nobody"),
    Screen("forgotten, nothing typed", "/forgotten", "nobody", press("送信する"), status=422),
    Screen("forgotten, sent", "/forgotten/sent", "nobody"),
    Screen("forgotten, the link", "/login", "nobody", way=ways.open_a_link_for_the_password),
    Screen(
        "forgotten, the link and a weak password",
        "/login",
        "nobody",
        way=ways.along(
            ways.open_a_link_for_the_wifes_password, ways.with_password("新パスワード", "abc", "変更")
        ),
        status=422,
    ),
    Screen("forgotten, unusable link", "/forgotten/new?token=x", "nobody"),
    Screen("new password", "/new-password", before=ways.logged_in_with_a_one_time_password),
    Screen(
        "new password, complete",
        "/new-password",
        "user",
        way=ways.with_password("新パスワード", "hik-7q2mzw", "変更"),
        before=ways.logged_in_with_a_one_time_password,
    ),
    Screen("well-known, change the password", "/.well-known/change-password", "admin"),
    Screen("contact, nobody logged in", "/contact", "nobody"),
    Screen("outages, nobody logged in", "/outages", "nobody"),
    Screen("seller, nobody logged in", "/seller", "nobody"),
    Screen("our mails, nobody logged in", "/our-mails", "nobody"),
    Screen("privacy, nobody logged in", "/privacy", "nobody"),
    Screen("404, nobody logged in", "/nowhere", "nobody", status=404),
    Screen("overview", "/"),
    Screen("overview, no account ID", "/", account_ids=0),
    Screen("overview, opened rows", "/", way=ways.open_every_account_id),
    Screen("overview, opened by its link", "/?open={wife}"),
    Screen("overview, menu of a phone", "/", way=ways.open_the_menu),
    Screen("overview, time-out", "/", way=ways.show_the_time_out),
    Screen("overview, admin", "/", "admin"),
    Screen("overview, deleted", "/", "admin", before=ways.delete_oneself),
    Screen("account ID, a page of its own", "/accounts/{wife}"),
    Screen("user", "/", "user"),
    Screen("user, 403", "/accounts", "user", status=403),
    Screen("404", "/changes/00000000-0000-0000-0000-000000000000", status=404),
    Screen("contact", "/contact"),
    Screen("privacy", "/privacy"),
    Screen("history, nothing done", "/changes"),
    Screen("history", "/changes", before=ways.change_password),
    Screen("history, user", "/changes", "user"),
    Screen(
        "history, of a deleted account ID",
        "/changes?account={son}",
        before=ways.on("/accounts/{son}/delete", press("次へ進む", "削除")),
    ),
    Screen("mails of the demo", "/demo/mailbox", before=ways.change_password),
    Screen("elsewhere, in the demo", "/demo/elsewhere/club-off"),
]

NEW, EDIT, DELETE, PASSWORD = (
    "/accounts/new",
    "/accounts/{son}/edit",
    "/accounts/{son}/delete",
    "/accounts/{son}/password",
)
account_password = ways.with_password("パスワード", "hik-7q2mzw")
ACCOUNTS = [
    Screen("account IDs", "/accounts"),
    Screen("deletion of all that there is", DELETE, before=ways.with_all),
    Screen("deletion of all that there is, confirm", DELETE, way=press("次へ進む"), before=ways.with_all),
    Screen("deletion of oneself", "/accounts/{wife}/delete", "admin"),
    Screen("account IDs, none", "/accounts", account_ids=0),
    Screen("account IDs, full", "/accounts", account_ids=5),
    Screen("registration", NEW),
    Screen("registration, led to by a first login", f"{NEW}?first=yes", account_ids=0),
    Screen(
        "registration, led to by a first login, nothing typed",
        f"{NEW}?first=yes",
        way=press("次へ進む"),
        account_ids=0,
        status=422,
    ),
    Screen("registration, full", NEW, account_ids=5),
    Screen("registration, nothing typed", NEW, way=press("次へ進む"), status=422),
    Screen("registration, back from confirm", NEW, way=ways.back_to_the_input_page),
    Screen("registration, confirm", NEW, way=ways.registration("次へ進む")),
    Screen("registration, complete", NEW, way=ways.registration("次へ進む", "登録")),
    Screen("registration, refused", NEW, way=ways.full_in_the_meantime, account_ids=4, status=422),
    Screen("edit", EDIT),
    Screen("edit, confirm", EDIT, way=ways.with_password("パスワード", "hik-7q2mzw", "次へ進む")),
    Screen(
        "edit, complete",
        EDIT,
        "admin",
        ways.along(ways.type_in("ユーザーネーム", "ひかり"), press("次へ進む", "登録")),
    ),
    Screen("account password", PASSWORD, "admin"),
    Screen("account password, deleted", PASSWORD, "admin", before=ways.delete_oneself, status=403),
    Screen("account password, wrong", PASSWORD, "user", press("次へ進む"), status=422),
    Screen("account password, confirm", PASSWORD, "user", ways.along(account_password, press("次へ進む"))),
    Screen(
        "account password, complete",
        PASSWORD,
        "user",
        ways.along(account_password, press("次へ進む", "変更")),
    ),
    Screen("deletion", DELETE),
    Screen("deletion, confirm", DELETE, way=press("次へ進む")),
    Screen("deletion, complete", DELETE, way=press("次へ進む", "削除")),
    Screen("deletion of oneself, complete", "/accounts/{wife}/delete", "admin", press("次へ進む", "削除")),
    Screen("password asked for again", "/proof?step=recent&next=/"),
    Screen("customer's login asked for again", "/proof?step=customer&next=/", "admin"),
    Screen("customer's login, nothing typed", "/proof?step=customer", way=press("次へ進む"), status=422),
    Screen("customer password", "/customer-password"),
    Screen("customer password, wrong", "/customer-password", way=press("次へ進む"), status=422),
    Screen("customer password, confirm", "/customer-password", way=ways.customer_password("次へ進む")),
    Screen(
        "customer password, complete", "/customer-password", way=ways.customer_password("次へ進む", "変更")
    ),
    Screen("customer password, too late", "/customer-password", way=ways.too_late),
]

ADDRESS, BOX, APPS, FORWARDING, REPLY, WEB = (
    f"/accounts/{{son}}/{part}"
    for part in ("mail-address", "mailbox", "mail-passwords", "forwarding", "auto-reply", "web-space")
)
MAIL_SETTINGS, WEB_SETTINGS = "/accounts/{son}/mail-settings", "/accounts/{son}/web-settings"
MAIL = [
    Screen("mail service", "/mail-service"),
    Screen("mail service, not agreed", "/mail-service", way=press("購入する"), status=422),
    Screen("mail service, confirm", "/mail-service", way=ways.agree("購入する")),
    Screen("mail service, complete", "/mail-service", way=ways.agree("購入する", "決定")),
    Screen("mail service, bought", "/mail-service", before=with_mail),
    Screen("mail address, of another company only", ADDRESS),
    Screen("mail address, nothing typed", ADDRESS, way=press("次へ進む"), status=422),
    Screen("mail address of another company, confirm", ADDRESS, way=ways.other_address("次へ進む")),
    Screen(
        "mail address of another company, complete", ADDRESS, "user", ways.other_address("次へ進む", "登録")
    ),
    Screen("mail address, both", ADDRESS, before=with_mail),
    Screen(
        "mail address, wrong", ADDRESS, way=ways.own_address("", "次へ進む"), before=with_mail, status=422
    ),
    Screen("mail address, confirm", ADDRESS, way=ways.own_address("hikari", "次へ進む"), before=with_mail),
    Screen(
        "mail address, complete", ADDRESS, way=ways.own_address("an", "次へ進む", "登録"), before=with_mail
    ),
    Screen("mail box, without an address", BOX),
    Screen("mail box", BOX, before=with_mail),
    Screen("mail box, confirm", BOX, way=ways.agree("10GBに変更する"), before=with_mail),
    Screen("mail box, complete", BOX, way=ways.agree("10GBに変更する", "決定"), before=with_mail),
    Screen("app passwords, without an address", APPS),
    Screen("app passwords, none", APPS, "user", before=with_mail),
    Screen("app passwords, nothing typed", APPS, way=press("次へ進む"), before=with_mail, status=422),
    Screen("app password, confirm", APPS, way=ways.app_password("次へ進む"), before=with_mail),
    Screen("app password, complete", APPS, way=ways.app_password("次へ進む", "作成"), before=with_mail),
    Screen(
        "app passwords, removal",
        APPS,
        way=press("「スマートフォン」の削除へ進む"),
        before=ways.along(with_mail, ways.on(APPS, ways.app_password("次へ進む", "作成"))),
    ),
    Screen(
        "app passwords, made",
        APPS,
        before=ways.along(with_mail, ways.on(APPS, ways.app_password("次へ進む", "作成"))),
    ),
    Screen("forwarding, without an address", FORWARDING, "user"),
    Screen("forwarding", FORWARDING, "user", before=with_mail),
    Screen("forwarding, wrong", FORWARDING, way=ways.forward("x", "次へ進む"), before=with_mail, status=422),
    Screen("forwarding, confirm", FORWARDING, way=ways.forward("a@example.jp", "次へ進む"), before=with_mail),
    Screen("forwarding of somebody else's mail", FORWARDING, before=with_mail),
    Screen("own page, others changed the mail", "/", "user", before=ways.with_notice),
    Screen("auto-reply of somebody else's mail", REPLY, before=with_mail),
    Screen("auto-reply, without an address", REPLY),
    Screen("auto-reply", REPLY, "user", before=with_mail),
    Screen("auto-reply, out of its period", REPLY, "user", before=ways.replying_no_more),
    Screen(
        "auto-reply, nothing typed",
        REPLY,
        way=ways.along(ways.tick("利用する"), press("次へ進む")),
        before=with_mail,
        status=422,
    ),
    Screen("auto-reply, unchanged", REPLY, way=press("次へ進む"), before=with_mail, status=422),
    Screen(
        "auto-reply, confirm",
        REPLY,
        way=ways.along(ways.type_in("件名", "不在"), ways.tick(LABEL), press("次へ進む")),
        before=with_mail,
    ),
    Screen("web space, without an address", WEB),
    Screen("web space", WEB, before=with_mail),
    Screen("web space, nothing typed", WEB, way=press("次へ進む"), before=with_mail, status=422),
    Screen("web space, confirm", WEB, way=ways.web_space("次へ進む"), before=with_mail),
    Screen("web space, complete", WEB, way=ways.web_space("次へ進む", "登録"), before=with_mail),
    Screen(
        "web space, deletion",
        WEB,
        before=ways.along(with_mail, ways.on(WEB, ways.web_space("次へ進む", "登録"))),
    ),
    Screen("overview, mail in use", "/", "user", before=with_mail),
    Screen("overview, all in use", "/?open={son}", before=ways.replying_no_more),
    Screen("mail settings, without an address", MAIL_SETTINGS),
    Screen("mail settings", MAIL_SETTINGS, "user", before=with_mail),
    Screen(
        "mail settings, with an app password",
        MAIL_SETTINGS,
        before=ways.along(with_mail, ways.on(APPS, ways.app_password("次へ進む", "作成"))),
    ),
    Screen("web settings, without a web space", WEB_SETTINGS, before=with_mail),
    Screen("web settings", WEB_SETTINGS, before=ways.with_all),
]

SECURITY, STATUS, SUPPORT = "/accounts/{wife}/security", "/accounts/{wife}/security/status", "/remote-support"
PERMISSION = "/accounts/user-purchase-permission"
REQUEST = "/purchase-requests/{request}"
OPTIONS = [
    Screen("security", SECURITY),
    Screen("security, without an address", "/accounts/{son}/security", "user"),
    Screen("security, deleted", SECURITY, "admin", before=ways.delete_oneself),
    Screen("security, not agreed", SECURITY, way=press("セキュリティ360°を購入する"), status=422),
    Screen("security, confirm", SECURITY, way=ways.consent("セキュリティ360°を購入する")),
    Screen("security, complete", SECURITY, way=ways.consent("セキュリティ360°を購入する", "決定")),
    Screen("security, bought", SECURITY, before=ways.with_option),
    Screen(
        "security, cancellation", SECURITY, way=press("セキュリティ360°を解約する"), before=ways.with_option
    ),
    Screen("security, panel in the accordion", "/?open={wife}", way=ways.open_a_panel),
    Screen("security, bought in the accordion", "/?open={wife}", way=ways.decide_in_the_panel),
    Screen("security, not to be bought in the accordion", "/?open={son}"),
    Screen("security status", STATUS),
    Screen("security status, cancelled and bought", STATUS, before=ways.with_cancelled_option),
    Screen("download, too late", "/accounts/{wife}/security/download"),
    Screen("remote support", SUPPORT),
    Screen("remote support, not agreed", SUPPORT, way=press("購入する"), status=422),
    Screen("remote support, confirm", SUPPORT, way=ways.agree("購入する")),
    Screen("remote support, complete", SUPPORT, way=ways.agree("購入する", "決定")),
    Screen("remote support, bought", SUPPORT, before=ways.with_support),
    Screen("remote support, cancellation", SUPPORT, way=press("解約する"), before=ways.with_support),
    Screen("security, to be asked for", "/accounts/{son}/security", "user", before=ways.has_to_ask),
    Screen(
        "security, asking, confirm",
        "/accounts/{son}/security",
        "user",
        way=ways.consent("セキュリティ360°の購入を申請する"),
        before=ways.has_to_ask,
    ),
    Screen(
        "security, asking, complete",
        "/accounts/{son}/security",
        "user",
        way=ways.consent("セキュリティ360°の購入を申請する", "決定"),
        before=ways.has_to_ask,
    ),
    Screen("security, asked for", "/accounts/{son}/security", "user", before=ways.with_request),
    Screen("own page, asked for", "/", "user", before=ways.with_request),
    Screen("overview, asked for", "/?open={son}", before=ways.with_request),
    Screen("account IDs, asked for", "/accounts", before=ways.with_request),
    Screen("purchase requests", "/purchase-requests", before=ways.with_request),
    Screen("purchase requests, none", "/purchase-requests", "user"),
    Screen("purchase request", REQUEST, "user", before=ways.with_request),
    Screen("purchase request, refused", REQUEST, "user", before=ways.with_refused_request),
    Screen(
        "purchase request, taking back",
        REQUEST,
        "user",
        way=press("申請を取り下げる"),
        before=ways.with_request,
    ),
    Screen("purchase request, decision", f"{REQUEST}/decision", before=ways.with_request),
    Screen(
        "purchase request, no reason",
        f"{REQUEST}/decision",
        way=press("却下へ進む"),
        before=ways.with_request,
        status=422,
    ),
    Screen(
        "purchase request, approval",
        f"{REQUEST}/decision",
        "admin",
        way=press("承認へ進む"),
        before=ways.with_request,
    ),
    Screen(
        "purchase request, refusal, complete",
        f"{REQUEST}/decision",
        way=ways.along(ways.type_in("却下の理由", "いまは必要ないと思います。"), press("却下へ進む", "決定")),
        before=ways.with_request,
    ),
    Screen("own names", "/accounts/{son}/edit", "user"),
    Screen("own names, nothing changed", "/accounts/{son}/edit", "user", way=press("次へ進む"), status=422),
    Screen("purchases by users", PERMISSION),
    Screen(
        "purchases by users, confirm", PERMISSION, way=ways.along(ways.tick("許可しない"), press("次へ進む"))
    ),
]

THIS = Month.this()
MONEY = [
    Screen("statements", "/statements", before=ways.with_charges),
    Screen("statement, forecast", f"/statements/{THIS.iso}", before=ways.with_charges),
    Screen("statement, nothing charged", f"/statements/{THIS.previous.iso}", "admin", before=ways.proved),
    Screen("calls", "/calls/gate-call-050", before=ways.with_charges),
    Screen("calls of a month", f"/calls/hikari-denwa/{THIS.previous.iso}", before=ways.with_charges),
    Screen("calls of a month, none", f"/calls/hikari-denwa/{THIS.iso}", before=ways.proved),
]


CUSTOMER = [
    Screen("payment", "/payment"),
    Screen("payment, wrong", "/payment", way=ways.card("次へ進む", number="6011111111111117"), status=422),
    Screen("payment, confirm", "/payment", way=ways.card("次へ進む", given="KICHI")),
    Screen("payment, complete", "/payment", way=ways.card("次へ進む", "登録")),
    Screen("payment, received", "/payment", way=ways.card("次へ進む", "登録", given="KICHI")),
    Screen("payment, waiting", "/payment", before=ways.with_waiting_card),
    Screen("payment, received and refused since", "/payment", way=ways.with_refused_card),
    Screen("payment, after a refused card", "/payment", before=ways.with_refused_card),
    Screen("mail service, while a card waits", "/mail-service", before=ways.with_waiting_card),
    Screen("payment, back from a page that the vault has not", "/payment/return", status=404),
    Screen("customer", "/customer"),
    Screen("customer, of an earlier login", "/customer", way=ways.after_another_login, status=422),
    Screen("customer, of another login", "/customer", way=ways.while_another_logs_in, status=422),
    Screen("customer, too long", "/customer", way=ways.type_too_much, status=413),
    Screen("customer, the session ended", "/customer", way=ways.when_the_session_is_over),
    Screen("customer, back after the login", "/customer", way=ways.back_from_the_login),
    Screen("change of what was deleted", "/accounts/{son}/edit", way=ways.deleted_meanwhile, status=404),
    Screen(
        "customer, wrong",
        "/customer",
        way=ways.along(ways.type_in("電話番号", "012"), press("次へ進む")),
        status=422,
    ),
    Screen("customer, back from the step", "/customer", way=ways.back_from_the_step),
    Screen("customer, confirm", "/customer", way=ways.customer("次へ進む")),
    Screen("customer, complete", "/customer", way=ways.customer("次へ進む", "登録")),
    Screen("customer, an address waits", "/customer", before=ways.open_the_mailed_link),
    Screen("contact address", "/", way=ways.open_the_mailed_link),
    Screen("contact address, verified", "/", way=ways.along(ways.open_the_mailed_link, press("変更"))),
    Screen("contact address, unusable link", "/customer/email?token=x"),
]

REST = [
    Screen("application", "/application"),
    Screen("application, nothing chosen", "/application", way=press("次へ進む"), status=422),
    Screen("guide request", "/guide-request", "admin"),
    Screen("guide request, complete", "/guide-request", way=ways.paper("ご利用ガイド")),
    Screen(
        "guide request, on its way",
        "/guide-request",
        before=ways.on("/guide-request", ways.paper("利用規約")),
    ),
    Screen("application, papers under way", "/application", before=ways.with_papers),
    Screen("application, complete", "/application", way=ways.paper("氏名・名義変更の申請書")),
    Screen("cancellation, a paper under way", "/cancellation", before=ways.with_papers),
    Screen("GATE CALL050, a paper under way", "/gate-call-050", before=ways.with_papers),
    Screen("cancellation", "/cancellation"),
    Screen("cancellation, all in use", "/cancellation", before=ways.with_all),
    Screen("UCOM光電話", "/hikari-denwa"),
    Screen("GATE CALL050", "/gate-call-050"),
    Screen("ギガシネマ", "/giga-cinema", before=ways.proved),
    Screen("クラブオフ", "/club-off", "admin", before=ways.proved),
    Screen("notices", "/notices"),
    Screen("outages", "/notices/outage"),
    Screen("maintenance", "/notices/maintenance", "user"),
    Screen("banners, closed", "/", way=ways.close_the_banner),
    Screen("documents", "/documents"),
    Screen("terms", "/documents/mail-address", "user"),
    Screen("accessibility, nobody logged in", "/accessibility", "nobody"),
    Screen("logins", "/logins", before=ways.logged_in_elsewhere),
    Screen("own data", "/own-data", before=ways.proved),
    Screen("history, narrowed down", "/changes?account={son}", before=ways.edit_the_son),
]

FACTOR, APP = "/second-factor", "/second-factor/totp"
SECOND_FACTOR = [
    Screen("second factor", FACTOR, "user"),
    Screen("second factor, an app", FACTOR, before=ways.with_app),
    Screen("second factor, wanted", FACTOR, before=ways.second_factor_wanted),
    Screen("second factor, deleted", FACTOR, "admin", before=ways.delete_oneself),
    Screen("passkey, at an address without a name", "/second-factor/passkeys/new", status=404),
    Screen("app", APP),
    Screen(
        "app, wrong code", APP, way=ways.along(ways.type_in("確認コード", "1"), press("次へ進む")), status=422
    ),
    Screen("app, confirm", APP, way=ways.along(ways.code_of_the_app, press("次へ進む"))),
    Screen("app, complete", APP, way=ways.app_registered),
    Screen("app, removal", FACTOR, way=press("認証アプリを削除"), before=ways.with_app),
    Screen(
        "recovery codes, complete", FACTOR, way=press("回復コードを再発行する", "決定"), before=ways.with_app
    ),
    Screen("login, second factor", "/login/second", before=ways.second_factor_awaited),
    Screen(
        "login, second factor, wrong code",
        "/login/second",
        way=ways.along(ways.type_in("確認コード", "1"), press("次へ進む")),
        before=ways.second_factor_awaited,
        status=422,
    ),
    Screen("login, second factor, removed", "/login/second", before=ways.factor_gone),
]

SCREENS = [*SECOND_FACTOR, *HOUSE, *ACCOUNTS, *MAIL, *MONEY, *CUSTOMER, *OPTIONS, *REST]

WITH_PASSWORDS = frozenset(
    {
        "well-known, change the password",
        "login",
        "login, nothing typed",
        "login, the session ended",
        "login, after logout",
        "login, with a new password",
        "login, locked",
        "forgotten, the link",
        "forgotten, the link and a weak password",
        "new password",
        "registration",
        "registration, led to by a first login",
        "registration, led to by a first login, nothing typed",
        "registration, nothing typed",
        "registration, back from confirm",
        "edit",
        "account password",
        "account password, wrong",
        "password asked for again",
        "customer's login asked for again",
        "customer's login, nothing typed",
        "customer password",
        "customer password, wrong",
        "customer, the session ended",
    }
)
"""The screens that ask for a password: all of them, and no others (test_accessibility.py)."""
