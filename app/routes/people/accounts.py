"""アカウントID管理 (manual 7, 8, 9): the list, and the input pages of registering, changing and deleting."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath

from app.domain import catalogue, clock, fields
from app.domain.access.graph import Account
from app.domain.access.matrix import Permission
from app.domain.access.members import Member
from app.domain.access.passwords import NewPassword
from app.domain.access.proofs import Step
from app.domain.changes import asking
from app.domain.options import user_purchases
from app.domain.people import account_password, accounts, weak_passwords
from app.domain.people.account_deletion import DeleteAccount
from app.domain.people.account_names import AccountNames, EditNames
from app.domain.people.account_password import ChangeAccountPassword
from app.domain.people.accounts import AccountDetails, EditAccount, RegisterAccount
from app.routes.changes.drafts import came_from, draft
from app.web import forms
from app.web.forms import Form
from app.web.pages import Menu, Place, open_to
from app.web.render import page, see_other
from app.web.request import Request

UNCHANGED = NewPassword("")
"""An empty password on the input page of a change keeps the old one."""


@get("/accounts", opt=open_to(Permission.ACCOUNTS, menu=Place(Menu.ACCOUNTS, 10, "アカウントID管理")))
async def account_list(request: Request) -> Response[str]:
    return page(
        request,
        "people/accounts/list.html",
        title="アカウントID管理",
        most=catalogue.limits().account_ids,
        full=accounts.full(),
        licences=user_purchases.there(),
        purchases=user_purchases.CHOICES,
        waiting=sum(len(account.requests) for account in request.member.accounts),
        purchases_title=user_purchases.TITLE,
        purchases_path=user_purchases.PATH,
    )


# --- register ---------------------------------------------------------------------------------------------------------


@get("/accounts/new", opt=open_to(Permission.ACCOUNTS, step=Step.RECENT))
async def registration_page(request: Request) -> Response[str]:
    drafted = await draft(request, None, RegisterAccount)
    first = "yes" if "first" in request.query_params else ""
    form = (
        _filled(drafted[0].login, drafted[0].details) if drafted else Form({"role": "user", "first": first})
    )
    return await _input(request, form, None, kept=drafted is not None)


@post("/accounts/new", opt=open_to(Permission.ACCOUNTS, step=Step.RECENT))
async def register(request: Request) -> Response[Any]:
    member, form = request.member, await request.read_form()
    form.refuse(accounts.too_many(member))
    login = await _free_name(form, member)
    kept = await _kept_password(request, RegisterAccount, login)
    details = _details(form)
    password = await _password(form, member, login, None, details, kept)
    if password is None or details is None or not form.valid:
        return await _input(request, form, None, kept=kept is not None)
    change = RegisterAccount(login, details, password.hash)
    return see_other(f"/changes/{await asking.ask(member, change, password.peek)}")


# --- change -----------------------------------------------------------------------------------------------------------


@get("/accounts/{login:str}/edit", opt=open_to(Permission.ACCOUNT_NAMES, step=Step.RECENT))
async def edit_page(request: Request, login: FromPath[str]) -> Response[str]:
    """All of the account ID for customer and admins, its names for its owner with ユーザー権限."""
    account = request.member.account(login)
    if not request.member.may(Permission.ACCOUNTS):
        typed = await draft(request, login, EditNames)
        names = typed[0].names if typed else AccountNames.of(account)
        return _names_input(request, _filled(login, names), account)
    drafted = await draft(request, login, EditAccount)
    form = _filled(login, drafted[0].details if drafted else AccountDetails.of(account))
    return await _input(request, form, account, kept=bool(drafted and drafted[0].password_hash))


@post("/accounts/{login:str}/edit", opt=open_to(Permission.ACCOUNT_NAMES, step=Step.RECENT))
async def edit(request: Request, login: FromPath[str]) -> Response[Any]:
    member, form = request.member, await request.read_form()
    account = member.account(login)
    if not member.may(Permission.ACCOUNTS):
        return await _edit_names(request, form, account)
    kept = await _kept_password(request, EditAccount, login) or UNCHANGED
    details = _details(form, account)
    password = await _password(form, member, login, account, details, kept)
    form.must_change(password != UNCHANGED or details != AccountDetails.of(account))
    if password is None or details is None or not form.valid:
        return await _input(request, form, account, kept=kept is not UNCHANGED)
    change = EditAccount(login, details, password.hash)
    return see_other(f"/changes/{await asking.ask(member, change, password.peek)}")


async def _edit_names(request: Request, form: Form, account: Account) -> Response[Any]:
    """Of whatever was sent, the names."""
    names = _names(form, account)
    form.must_change(names != AccountNames.of(account))
    if names is None or not form.valid:
        return _names_input(request, form, account)
    return see_other(f"/changes/{await asking.ask(request.member, EditNames(account.login, names))}")


# --- password alone ---------------------------------------------------------------------------------------------------


@get("/accounts/{login:str}/password", opt=open_to(Permission.ACCOUNT_PASSWORD, step=Step.RECENT))
async def password_page(request: Request, login: FromPath[str]) -> Response[str]:
    return _password_input(request, Form(), request.member.account(login))


@post("/accounts/{login:str}/password", opt=open_to(Permission.ACCOUNT_PASSWORD, step=Step.RECENT))
async def change_password(request: Request, login: FromPath[str]) -> Response[Any]:
    member, form = request.member, await request.read_form()
    account = member.account(login)
    password = await _password(form, member, login, account, None, None)
    if password is None:
        return _password_input(request, form, account)
    change = ChangeAccountPassword(login, password.hash)
    return see_other(f"/changes/{await asking.ask(member, change, password.peek)}")


# --- delete -----------------------------------------------------------------------------------------------------------


@get("/accounts/{login:str}/delete", opt=open_to(Permission.ACCOUNTS))
async def deletion_page(request: Request, login: FromPath[str]) -> Response[str]:
    member = request.member
    account = member.account(login)
    return page(
        request,
        "people/accounts/delete.html",
        title="アカウントID情報削除",
        account=account,
        review=DeleteAccount(login).review(member, clock.now()),
    )


@post("/accounts/{login:str}/delete", opt=open_to(Permission.ACCOUNTS))
async def delete(request: Request, login: FromPath[str]) -> Response[Any]:
    member = request.member
    change = DeleteAccount(member.account(login).login)
    return see_other(f"/changes/{await asking.ask(member, change)}")


# --- reading the input pages ------------------------------------------------------------------------------------------


def _filled(login: str, details: AccountNames) -> Form:
    """The form as it was typed, or as the account ID is registered: its names, and of AccountDetails the role."""
    return Form({"login": login, **asdict(details)})


async def _free_name(form: Form, member: Member) -> str:
    """The account ID to register, if it has the right form and was never given to anybody."""
    login = form.take("login", fields.account_id)
    if login:
        await form.accept("login", accounts.free_name(member, login))
    return login or ""


def _details(form: Form, account: Account | None = None) -> AccountDetails | None:
    names, role = _names(form, account), form.take("role", fields.role)
    return AccountDetails(**asdict(names), role=role) if names and role else None


def _names(form: Form, account: Account | None = None) -> AccountNames | None:
    """What mails to others name the person by; of `account` as it is, whatever it is."""
    kept = AccountNames.of(account) if account else AccountNames("", "", "", "", "")

    def take(name: str, rule: Callable[..., str], label: str, there: str) -> str | None:
        labelled = rule if rule is fields.user_name else partial(rule, label=label)
        return form.take(name, fields.to_others(labelled, label, there))

    family = take("family", fields.name, "氏名（姓）", kept.family)
    given = take("given", fields.name, "氏名（名）", kept.given)
    family_kana = take("family_kana", fields.kana, "氏名カナ（姓カナ）", kept.family_kana)
    given_kana = take("given_kana", fields.kana, "氏名カナ（名カナ）", kept.given_kana)
    user_name = take("user_name", fields.user_name, "ユーザーネーム", kept.user_name)
    if family and given and family_kana and given_kana and user_name:
        return AccountNames(family, given, family_kana, given_kana, user_name)
    return None


async def _kept_password(
    request: Request, wanted: type[RegisterAccount | EditAccount], login: str
) -> NewPassword | None:
    """The password typed before for the same account ID, when the form came back from its confirm page."""
    drafted = await draft(request, login, wanted)
    return NewPassword(drafted[0].password_hash, drafted[1]) if drafted and drafted[0].password_hash else None


async def _password(
    form: Form,
    member: Member,
    login: str,
    account: Account | None,
    details: AccountDetails | None,
    kept: NewPassword | None,
) -> NewPassword | None:
    """The password to set: the typed one, else `kept`; None with what is wrong in the form."""
    if kept and not form.typed.get("password") and not form.typed.get("password_again"):
        return kept
    rule = partial(fields.account_password, login=login)
    its = weak_passwords.of_account(login, member.customer_number, account, details)
    about = await weak_passwords.of_member(member, its)
    hashed = partial(account_password.new_password, member, account)
    return await forms.password_typed_twice(form, rule, about, hashed)


async def _input(request: Request, form: Form, account: Account | None, *, kept: bool) -> Response[str]:
    return page(
        request,
        "people/accounts/input.html",
        title="アカウントID登録／変更",
        form=form,
        account=account,
        action=f"/accounts/{account.login}/edit" if account else "/accounts/new",
        change=await came_from(request),
        kept=kept,
        full=accounts.full(),
        allows=user_purchases.allows(request.member),
    )


def _names_input(request: Request, form: Form, account: Account) -> Response[str]:
    return page(
        request, "people/accounts/names.html", title="氏名・ユーザーネーム変更", form=form, account=account
    )


def _password_input(request: Request, form: Form, account: Account) -> Response[str]:
    return page(
        request,
        "people/accounts/password.html",
        title="アカウントIDパスワード変更",
        form=form,
        account=account,
    )
