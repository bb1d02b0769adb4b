"""What becomes of every table: how long its rows are kept, and what erasing a contract does with them.

One declaration for housekeeping's documents, erasing and disclosure. A table or column that is added fails a test until it
stands here. What is not deleted is listed column by column: it is replaced, or it says nothing of a person.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from piccolo.table import Table

from app.domain import installation, keeping, tables
from app.domain.keeping import Keep

ERASED = "消去済み"
_PLACEHOLDER = "erased_name_of(id)"
"""What stands in the place of a name (migrations/m26_retention.py)."""


@dataclass(frozen=True)
class Deleted:
    """Its rows of the contract are deleted; `statement`: where that is more than by the contract's key, $1."""

    statement: str = ""


@dataclass(frozen=True)
class Replaced:
    """Its rows stay, without a person: SQL by column, and why the other columns may stay. `where`: which rows."""

    by: Mapping[str, str]
    stays: str
    columns: tuple[str, ...]
    where: str = "contract = $1"


@dataclass(frozen=True)
class Stays:
    """Its rows stay as they are."""

    why: str


@dataclass(frozen=True)
class Fate:
    """`kept`: from the list of settings, or in words for members."""

    kept: Keep | tuple[Keep, ...] | str
    erasing: Deleted | Replaced | Stays = field(default_factory=Deleted)

    @property
    def in_words(self) -> str:
        """How long its rows are kept on this installation, for members."""
        if self.kept is keeping.CONTRACTS:
            return f"ご契約が続くあいだと、終了のあと{installation.kept(self.kept).in_words}"
        if isinstance(self.kept, Keep):
            return installation.kept(self.kept).in_words
        if isinstance(self.kept, tuple):
            return "、".join(f"{one.title}は{installation.kept(one).in_words}" for one in self.kept)
        return self.kept


OPEN = keeping.CONTRACTS
"""With the contract, until that is erased."""
SHORT = "1日以内"
NOBODY = Stays("it is about no contract")
_OF_MONTHS = "month = ANY (ARRAY(SELECT b.month FROM bill_close b)) AND contract = $1"
"""By the ledger's indexes, which begin with the month."""
_KEYS = "keys, days and words of short lists"
_OF_ITS_REF = (
    "erased_name_of((SELECT min(o.id) FROM other_charge o"
    " WHERE o.contract = other_charge.contract AND o.ref = other_charge.ref))"
)
"""The versions of a ref stay those of one ref: where one is not billed yet, a month that is closed later bills the
difference (money/other_charges.py)."""

FATES: dict[type[Table], Fate] = {
    # What others hang on goes last, and the contract's row first: see erasing.py.
    tables.Consent: Fate(keeping.CHANGES),
    tables.Change: Fate(keeping.CHANGES),
    tables.PurchaseRequest: Fate(keeping.CHANGES),
    tables.PaperRequest: Fate(keeping.PAPERS),
    tables.Call: Fate(keeping.CALLS),
    tables.Outbox: Fate((keeping.SENT_MAILS, keeping.REFUSED_MAILS)),
    tables.LoginEvent: Fate(keeping.LOGINS),
    tables.Session: Fate("ログアウト、または時間切れのあと1日"),
    tables.KeptForm: Fate("30分"),
    tables.Alert: Fate(OPEN),
    tables.PasswordLink: Fate(SHORT),
    tables.OneTimePassword: Fate("使われるまで、または期限まで（最長90日）"),
    tables.UsedPassword: Fate(OPEN),
    tables.PasskeyUser: Fate(OPEN),
    tables.Passkey: Fate(OPEN),
    tables.Totp: Fate(OPEN),
    tables.RecoveryCode: Fate(OPEN),
    tables.EmailCheck: Fate(SHORT),
    tables.FormerAddress: Fate("変更の日から30日"),
    tables.Forwarding: Fate(OPEN),
    tables.AutoReply: Fate(OPEN),
    tables.OwnerNotice: Fate("お読みになってから30日"),
    tables.AppPassword: Fate(OPEN),
    tables.VaultCard: Fate(
        OPEN,
        Deleted(
            "DELETE FROM vault_card WHERE token IN (SELECT token FROM card WHERE contract = $1"
            " UNION SELECT token FROM card_check WHERE contract = $1)"
        ),
    ),
    # The gateway drops an erased contract's cards by visits: one is left for each payer, until that is done.
    tables.CardVisit: Fate(
        SHORT,
        Deleted(
            """
WITH visits AS (DELETE FROM card_visit WHERE contract = $1 RETURNING payer)
INSERT INTO card_visit (id, contract, session, payer, asked_at)
SELECT gen_random_uuid(), $1, 'erased-' || gen_random_uuid(), payer, timestamptz '2000-01-01' FROM (
    SELECT payer FROM visits UNION SELECT payer FROM card WHERE contract = $1
    UNION SELECT payer FROM card_check WHERE contract = $1) AS payers WHERE payer <> ''"""
        ),
    ),
    tables.CardReminder: Fate(OPEN),
    tables.Card: Fate(OPEN),
    tables.CardCheck: Fate(keeping.CHANGES),
    tables.FeedLine: Fate(OPEN),
    tables.FieldHold: Fate(OPEN),
    tables.FeedCase: Fate(keeping.FEEDS),
    tables.BillName: Fate(keeping.BILLS, Deleted(f"DELETE FROM bill_name WHERE {_OF_MONTHS}")),  # noqa: S608
    tables.Charge: Fate(
        keeping.BILLS,
        Replaced(
            {
                "login": "CASE WHEN login IS NOT NULL THEN coalesce((SELECT erased_name_of(p.account)"
                " FROM service_period p WHERE p.id = charge.period), 'erased-') END",
                "name": f"CASE WHEN other IS NULL THEN name ELSE '{ERASED}' END",
            },
            "the ledger's sums, products, months and days",
            (
                *("id", "contract", "period", "other", "product", "started_on", "ended_on"),
                *("month", "billed", "yen", "tax_rate"),
            ),
            f"{_OF_MONTHS} AND num_nonnulls(login, other) > 0",
        ),
    ),
    tables.OtherCharge: Fate(
        keeping.BILLS,
        Replaced(
            {"ref": _OF_ITS_REF, "label": f"'{ERASED}'"},
            "the ledger's sums, months and days",
            (
                *("id", "contract", "month", "yen", "tax_rate", "started_on", "ended_on"),
                *("loaded_at", "billed"),
            ),
        ),
    ),
    tables.BillTax: Fate(keeping.BILLS, Stays("sums of a bill")),
    tables.MailAddress: Fate(
        OPEN,
        Replaced(
            {"address": f"{_PLACEHOLDER} || '@' || split_part(address, '@', 2)"},
            f"{_KEYS}; the mail server knows our domains by it",
            ("id", "contract", "account", "registered_at", "released_at"),
        ),
    ),
    tables.WebSpace: Fate(
        OPEN,
        Replaced(
            {"name": _PLACEHOLDER}, _KEYS, ("id", "contract", "account", "registered_at", "released_at")
        ),
    ),
    tables.Mailbox: Fate(OPEN, Stays("a number, by which the mail server deletes what is stored")),
    tables.Account: Fate(
        OPEN,
        Replaced(
            {
                "login": _PLACEHOLDER,
                "password_hash": "'$argon2id$erased'",
                **dict.fromkeys(("family", "given", "family_kana", "given_kana", "user_name"), "''"),
                "other_address": "NULL",
            },
            f"{_KEYS}: a tombstone",
            ("id", "contract", "slot", "role", "registered_at", "deleted_at"),
        ),
    ),
    tables.ServicePeriod: Fate(keeping.BILLS, Stays("what the ledger's lines are of: products and moments")),
    tables.Licence: Fate(OPEN, Stays("a PIN, encrypted, that is never given again")),
    tables.Contract: Fate(
        keeping.CONTRACTS,
        Replaced(
            {
                # One statement, so that no event tells of a change before that of the erasing (m25_events.py).
                "erased_at": "$2",
                "customer_number": _PLACEHOLDER,
                "password_hash": "'$argon2id$erased'",
                **dict.fromkeys(("company", "company_kana", "family", "given", "family_kana"), "''"),
                **dict.fromkeys(("given_kana", "building", "address", "occupation", "phone"), "''"),
                **dict.fromkeys(("fax", "mobile", "email"), "''"),
                **dict.fromkeys(("birth_date", "sex", "household"), "NULL"),
            },
            _KEYS,
            (
                *("id", "contract_type", "mail_product", "opened_on", "holder_kind", "user_purchases"),
                *("imported_at", "closed_on", "ended_at"),
            ),
            "id = $1",
        ),
    ),
    tables.Event: Fate(keeping.EVENTS, Stays("keys and values that say nothing of a person")),
    tables.Erasure: Fate(
        "無期限（氏名などは含みません）",
        Replaced(
            {"reason": "''", "done_at": "greatest($2, ordered_at)"},
            _KEYS,
            ("contract", "ordered_at", "kept_elsewhere"),
        ),
    ),
    tables.ErasedName: Fate("", Stays("keyed hashes, so that nobody is brought back")),
    tables.FeedRun: Fate(keeping.FEEDS, Stays("numbers, and a digest of a plan")),
    tables.Attempt: Fate("", Stays("keyed hashes, for 15 minutes")),
    tables.AskedCount: Fate("", Stays("keyed hashes, for a day")),
    tables.UsedChallenge: Fate("", Stays("hashes, for some minutes")),
    tables.CallFile: Fate("", Stays("a digest of a file")),
    **{
        table: Fate("", NOBODY)
        for table in (
            *(tables.CatalogueInUse, tables.CatalogueItem, tables.CataloguePrice, tables.CatalogueTax),
            *(tables.CatalogueTerms, tables.TelephoneService, tables.BillClose, tables.BillIssuer),
            *(tables.FirstStart, tables.Notice, tables.Pepper, tables.EventEpoch),
        )
    },
}
"""Of every table. What is not Piccolo's is in OUTSIDE."""

OUTSIDE: dict[str, str] = {
    "mail_state_v1.quota_usage": "DELETE FROM mail_state_v1.quota_usage WHERE mailbox IN "
    "(SELECT id FROM mailbox WHERE contract = $1)",
    "mail_state_v1.submission": "DELETE FROM mail_state_v1.submission WHERE mailbox IN "
    "(SELECT id FROM mailbox WHERE contract = $1)",
    "mail_v1.selector_salt": "",
    "events_v1.reader": "",
    "public.migration": "",
}
"""Tables of other schemas, and Piccolo's own: what erasing does with them; "": they are about no contract."""


def statement(table: type[Table]) -> str | None:
    """What erasing does with the table, $1 the contract and $2 now; None: nothing."""
    name, erasing = table._meta.tablename, FATES[table].erasing
    if isinstance(erasing, Deleted):
        return erasing.statement or f"DELETE FROM {name} WHERE contract = $1"  # noqa: S608 - names of tables
    if isinstance(erasing, Replaced):
        sets = ", ".join(f"{column} = {value}" for column, value in erasing.by.items())
        return f"UPDATE {name} SET {sets} WHERE {erasing.where}"  # noqa: S608
    return None
