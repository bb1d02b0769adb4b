"""What each kind of change declares, as one literal: adding a kind, or changing who is told, is a line here."""

from __future__ import annotations

import pytest

from app import routes
from app.domain.access.matrix import Permission
from app.domain.access.proofs import Step
from app.domain.changes.kinds import KINDS, OfContract
from app.domain.letters.recipients import Told
from app.web.pages import collected

DECLARED: dict[str, tuple[Permission, Step | None, Told]] = {
    # kind                         permission                   step         who is told
    "account-registration":        (Permission.ACCOUNTS,         None,        Told.CONTRACT),
    "account-edit":                (Permission.ACCOUNTS,         None,        Told.ACCOUNT_ALONE),
    "account-password":            (Permission.ACCOUNT_PASSWORD, None,        Told.ACCOUNT_ALONE),
    "account-deletion":            (Permission.ACCOUNTS,         Step.RECENT, Told.LEAVING),
    "user-purchases":              (Permission.ACCOUNTS,         None,        Told.NOBODY),
    "customer":                    (Permission.CONTRACT,         Step.RECENT, Told.CONTRACT),
    "contact-address":             (Permission.CONTRACT,         None,        Told.OLD_AND_NEW_ADDRESS),
    "customer-password":           (Permission.CONTRACT,         Step.RECENT, Told.CONTRACT),
    "card":                        (Permission.PAYMENT,          Step.RECENT, Told.CONTRACT),
    "paper-request":               (Permission.CONTRACT,         None,        Told.CONTRACT),
    "guide-request":               (Permission.CONTRACT,         None,        Told.CONTRACT),
    "mail-service-purchase":       (Permission.MAIL_SERVICE,     None,        Told.CONTRACT),
    "mail-address-ucom":           (Permission.MAIL_ADDRESS,     None,        Told.NEW_ADDRESS),
    "mail-address-other":          (Permission.MAIL_ADDRESS,     None,        Told.NEW_ADDRESS),
    "mailbox-size":                (Permission.MAIL_SERVICE,     None,        Told.ACCOUNT),
    "forwarding":                  (Permission.FORWARDING,       None,        Told.ACCOUNT),
    "auto-reply":                  (Permission.AUTO_REPLY,       None,        Told.ACCOUNT),
    "web-space-registration":      (Permission.WEB_SPACE,        None,        Told.ACCOUNT),
    "web-space-deletion":          (Permission.WEB_SPACE,        None,        Told.ACCOUNT),
    "security-purchase":           (Permission.SECURITY,         None,        Told.ACCOUNT),
    "security-cancellation":       (Permission.SECURITY,         None,        Told.ACCOUNT),
    "remote-support-purchase":     (Permission.REMOTE_SUPPORT,   None,        Told.CONTRACT),
    "remote-support-cancellation": (Permission.REMOTE_SUPPORT,   None,        Told.CONTRACT),
}  # fmt: skip


def test_every_kind_declares_the_permission_the_step_and_the_recipients_that_it_must_have() -> None:
    assert collected(routes)  # whoever serves pages has loaded every kind
    assert {
        kind: (change.permission, change.step, change.tells) for kind, change in KINDS.items()
    } == DECLARED


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


def test_no_two_kinds_are_stored_under_one_name() -> None:
    declared = {"name": "二度目", "permission": Permission.CONTRACT, "page": "/", "tells": Told.NOBODY}
    with pytest.raises(TypeError, match=r"ChangeCustomer are both of the kind"):
        type("Again", (OfContract,), {}, kind="customer", **declared)
    assert KINDS["customer"].__name__ == "ChangeCustomer"
