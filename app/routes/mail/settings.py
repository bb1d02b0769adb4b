"""メールソフトの設定 and Webスペースの設定: what members type into their programs. Pages to read; nothing is changed here."""

from __future__ import annotations

from litestar import Response, get
from litestar.params import FromPath

from app.domain.access.matrix import Permission
from app.domain.mail import app_passwords, mailbox, web_space
from app.domain.mail import system as mail_system
from app.web.pages import open_to
from app.web.render import page
from app.web.request import Request


@get("/accounts/{login:str}/mail-settings", opt=open_to(Permission.MAIL_ADDRESS))
async def mail_settings(request: Request, login: FromPath[str]) -> Response[str]:
    account = request.member.account(login)
    address = account.ucom_address
    return page(
        request,
        "mail/settings/mail.html",
        title=mail_system.MAIL_SETTINGS,
        account=account,
        refused=None if address else mailbox.no_address(login),
        guide=mail_system.program_settings(login, address, app_passwords.wanted(account)) if address else (),
        app_password=app_passwords.TITLE,
        box=mailbox.size(account),
    )


@get("/accounts/{login:str}/web-settings", opt=open_to(Permission.WEB_SPACE))
async def web_settings(request: Request, login: FromPath[str]) -> Response[str]:
    account, system = request.member.account(login), mail_system.current()
    needed = web_space.none_yet(login) if account.ucom_address else mailbox.no_address(login)
    return page(
        request,
        "mail/settings/web.html",
        title=mail_system.WEB_SETTINGS,
        account=account,
        refused=None if account.web_space else needed,
        guide=mail_system.upload_settings(account),
        protocol=mail_system.PROTOCOLS[system.upload.protocol] if system.upload else "",
        capacity_known=system.web_megabytes is not None,
        contact=request.settings.contact,
    )
