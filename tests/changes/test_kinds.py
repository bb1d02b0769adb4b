"""What each kind of change declares, as one literal: adding a kind, or changing who is told, is a line here."""

from __future__ import annotations

import pytest

from app import routes
from app.domain.access.matrix import Permission
from app.domain.access.proofs import Step
from app.domain.changes.kinds import KINDS, OfContract
from app.domain.letters.recipients import Told
from app.web.pages import collected

DECLARED: dict[str, tuple[Permission, Step | None, Told, bool]] = {
    # kind                         permission                   step         who is told               and at former addresses
    "account-registration":        (Permission.ACCOUNTS,         Step.RECENT, Told.CONTRACT,            True),
    "account-edit":                (Permission.ACCOUNTS,         Step.RECENT, Told.ACCOUNT,             False),
    "account-names":               (Permission.ACCOUNT_NAMES,    None,        Told.ACCOUNT,             False),
    "account-password":            (Permission.ACCOUNT_PASSWORD, Step.RECENT, Told.ACCOUNT,             True),
    "account-deletion":            (Permission.ACCOUNTS,         Step.RECENT, Told.LEAVING,             True),
    "user-purchases":              (Permission.ACCOUNTS,         None,        Told.CONTRACT,            True),
    "customer":                    (Permission.CONTRACT,         Step.RECENT, Told.CONTRACT,            False),
    "contact-address":             (Permission.CONTRACT,         Step.RECENT, Told.OLD_AND_NEW_ADDRESS, True),
    "by-operator":                 (Permission.CONTRACT,         None,        Told.CONTRACT,            False),
    "customer-password":           (Permission.CONTRACT,         Step.HOLDER, Told.CONTRACT,            True),
    "customer-password-reset":     (Permission.CONTRACT,         None,        Told.CONTRACT,            True),
    "account-password-reset":      (Permission.ACCOUNT_PASSWORD, None,        Told.ACCOUNT,             True),
    "card":                        (Permission.PAYMENT,          Step.RECENT, Told.CONTRACT,            False),
    "paper-request":               (Permission.CONTRACT,         None,        Told.CONTRACT,            False),
    "line-cancellation":           (Permission.BY_PHONE,         Step.RECENT, Told.CONTRACT,            True),
    "guide-request":               (Permission.CONTRACT,         None,        Told.CONTRACT,            False),
    "mail-service-purchase":       (Permission.MAIL_SERVICE,     None,        Told.CONTRACT,            False),
    "mail-address-ucom":           (Permission.MAIL_ADDRESS,     Step.RECENT, Told.NEW_ADDRESS,         True),
    "mail-address-other":          (Permission.MAIL_ADDRESS,     Step.RECENT, Told.NEW_ADDRESS,         True),
    "mailbox-size":                (Permission.MAIL_SERVICE,     None,        Told.ACCOUNT,             False),
    "forwarding":                  (Permission.FORWARDING,       Step.RECENT, Told.ACCOUNT,             True),
    "auto-reply":                  (Permission.AUTO_REPLY,       None,        Told.ACCOUNT,             False),
    "web-space-registration":      (Permission.WEB_SPACE,        None,        Told.ACCOUNT,             False),
    "mail-password-new":           (Permission.MAIL_ADDRESS,     Step.RECENT, Told.ACCOUNT,             True),
    "mail-password-removal":       (Permission.MAIL_ADDRESS,     Step.RECENT, Told.ACCOUNT,             True),
    "web-space-deletion":          (Permission.WEB_SPACE,        None,        Told.ACCOUNT,             False),
    "security-purchase":           (Permission.SECURITY,         None,        Told.ACCOUNT,             False),
    "security-cancellation":       (Permission.SECURITY,         None,        Told.ACCOUNT,             False),
    "purchase-request":            (Permission.SECURITY,         None,        Told.PAYERS,              False),
    "purchase-request-withdrawal": (Permission.PURCHASE_REQUESTS, None,       Told.PAYERS,              False),
    "purchase-approval":           (Permission.PURCHASE_DECISIONS, None,      Told.ACCOUNT,             False),
    "purchase-refusal":            (Permission.PURCHASE_DECISIONS, None,      Told.ACCOUNT,             False),
    "remote-support-purchase":     (Permission.REMOTE_SUPPORT,   None,        Told.CONTRACT,            False),
    "remote-support-cancellation": (Permission.REMOTE_SUPPORT,   None,        Told.CONTRACT,            False),
    "passkey-registration":        (Permission.SECOND_FACTOR,    Step.RECENT, Told.ACCOUNT,             True),
    "totp-registration":           (Permission.SECOND_FACTOR,    Step.RECENT, Told.ACCOUNT,             True),
    "passkey-removal":             (Permission.SECOND_FACTOR,    Step.RECENT, Told.ACCOUNT,             True),
    "totp-removal":                (Permission.SECOND_FACTOR,    Step.RECENT, Told.ACCOUNT,             True),
    "recovery-codes":              (Permission.SECOND_FACTOR,    Step.RECENT, Told.ACCOUNT,             True),
}  # fmt: skip


def test_every_kind_declares_the_permission_the_step_and_the_recipients_that_it_must_have() -> None:
    assert collected(routes)  # whoever serves pages has loaded every kind
    assert {
        kind: (change.permission, change.step, change.tells, change.grave) for kind, change in KINDS.items()
    } == DECLARED


def test_every_kind_has_a_limit_for_a_day_and_a_lower_one_where_it_uses_up_names() -> None:
    assert {kind: change.a_day for kind, change in KINDS.items() if change.a_day != 50} == {
        "account-registration": 20,
        "line-cancellation": 5,
        "mail-address-ucom": 10,
        "mail-address-other": 10,
        "purchase-request": 5,
        "purchase-request-withdrawal": 20,
    }


def test_who_may_do_it_reads_it_and_of_a_decision_also_who_asked_for_it() -> None:
    assert {kind: change.read_with for kind, change in KINDS.items() if change.read_with} == {
        "purchase-approval": Permission.PURCHASE_REQUESTS,
        "purchase-refusal": Permission.PURCHASE_REQUESTS,
    }


def test_a_kind_that_lacks_a_declaration_is_refused_when_it_is_made() -> None:
    with pytest.raises(TypeError, match="Hasty does not declare name, permission, page, tells"):
        type("Hasty", (OfContract,), {}, kind="hasty")
    assert "hasty" not in KINDS


def test_a_misspelt_declaration_is_refused_when_it_is_made() -> None:
    with pytest.raises(TypeError, match="stepp"):
        type("Hasty", (OfContract,), {}, kind="hasty", stepp=Step.RECENT)
    assert "hasty" not in KINDS


def test_a_misspelt_declaration_in_the_class_body_is_refused_too() -> None:
    with pytest.raises(TypeError, match="Hasty declares stepp, which no change has"):
        type("Hasty", (OfContract,), {"stepp": Step.RECENT})


def test_a_kind_that_asks_consent_for_an_unknown_text_is_refused_when_it_is_made() -> None:
    declared = {"name": "同意", "permission": Permission.CONTRACT, "page": "/", "tells": Told.CONTRACT}
    with pytest.raises(
        TypeError, match=r"Hasty asks consent for nothing-known: consents\.py has no such text"
    ):
        type("Hasty", (OfContract,), {}, kind="hasty", consents=("nothing-known",), **declared)
    assert "hasty" not in KINDS


def test_no_two_kinds_are_stored_under_one_name() -> None:
    declared = {"name": "二度目", "permission": Permission.CONTRACT, "page": "/", "tells": Told.CONTRACT}
    with pytest.raises(TypeError, match=r"ChangeCustomer are both of the kind"):
        type("Again", (OfContract,), {}, kind="customer", **declared)
    assert KINDS["customer"].__name__ == "ChangeCustomer"
