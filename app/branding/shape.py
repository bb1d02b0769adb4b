"""What a brand is made of: frozen objects, so that every thread may read them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Annotated

import msgspec

from app.mistake import Mistake

Line = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=r"^\S([^\x00-\x1f\x7f]*\S)?$")]
"""One line of text without blanks around it."""
Word = Annotated[str, msgspec.Meta(pattern="^[a-z0-9]{3,30}$")]
Key = Annotated[str, msgspec.Meta(pattern="^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=40)]


SAID = ("prefix", "short", "service")
"""Words that stand in braces in texts which are kept without a brand's: `Brand.said`."""


TELEPHONY: Mapping[str, str] = MappingProxyType(
    {"gate-call-050": "050電話サービス", "hikari-denwa": "光電話"}
)
"""The telephone services by their names in files and paths, and what they are called where a brand does not name them."""


class BrandError(Mistake):
    """The brand's folder is not fit; the text names file, line and what to do."""


class Window(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a member asks: a phone number, its hours, and the ways for whoever cannot phone. What is missing here may be
    said by a variable of the environment (app/settings/)."""

    phone: Line | None = None
    hours: Line | None = None
    mail: Line | None = None
    fax: Line | None = None
    form: Line | None = None
    """https address of a form."""
    relay: bool = False
    """Calls by way of 電話リレーサービス are taken."""

    @property
    def ways(self) -> tuple[tuple[str, str], ...]:
        """The ways beside the phone, each with what it is called."""
        relay = "電話リレーサービスからのお電話も承ります。" if self.relay else None
        given = (
            ("お問い合わせフォーム", self.form),
            ("メール", self.mail),
            ("FAX", self.fax),
            ("お電話が難しい方", relay),
        )
        return tuple((name, way) for name, way in given if way)


class Operator(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who runs the portal, where the brand says so; else variables of the environment do."""

    name: Line | None = None
    address: Line | None = None
    representative: Line | None = None
    """Title and name of whoever represents the company, 代表取締役 例示 太郎."""


class Partner(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A partner's service that the menu leads to."""

    key: Key
    """Its path in the portal."""
    name: Line
    text: Line
    """What it is, in a sentence."""
    address: Line | None = None
    """https address of its own site, or `$NAME` of the variable that gives it; None: one asks by phone."""


class Colours(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Tokens of static/mypage.css by scheme."""

    light: dict[str, str]
    dark: dict[str, str]


class MailFoot(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What every mail ends with; {operator}, {center}, {phone} and {hours} stand for what is set."""

    foot: Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]


class Names(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """brand.toml."""

    service: Line
    """What the portal is called."""
    tagline: Line
    """What stands before that in the head of every page."""
    short: Line
    """The operator as its members call it: 「…の提供するメールアドレス」."""
    prefix: Line
    """Before the names of products: see `Brand.named`."""
    center: Line
    """What the desk for general questions is called."""
    colours: Colours
    mail: MailFoot
    telephony: dict[str, Line] = {}
    """What the telephone services are called, by their names in files and paths; an ISP without any names none."""
    reserved_names: tuple[Word, ...] = ()
    """Names of the operator in letters: no member may have them, and they make no password better."""
    operator: Operator = Operator()
    contact: Window = Window()
    fault: Window = Window()
    remote_support: Window = Window()
    partners: tuple[Partner, ...] = ()


@dataclass(frozen=True)
class Passage:
    """A heading of a text, and what stands below it as HTML, in which words in braces are put in as a page is shown."""

    heading: str
    html: str
    line: int
    """Of the heading in its file."""


@dataclass(frozen=True)
class Text:
    """A text of the brand: a file in Markdown, read and checked."""

    path: Path
    title: str
    lead: str
    """HTML before the first section."""
    sections: tuple[Passage, ...]

    @property
    def empty(self) -> tuple[Passage, ...]:
        """Headings that nobody has written anything below."""
        return tuple(section for section in self.sections if not section.html)


@dataclass(frozen=True)
class Brand:
    """A brand's folder."""

    folder: Path
    names: Names
    mark: bytes
    """mark.svg."""
    texts: Mapping[str, Text]
    """The pages that the law or good manners ask for, by the name of their file without .md."""
    documents: Mapping[str, Text]
    """What マニュアル・利用規約 lists, likewise."""

    @property
    def service(self) -> str:
        return self.names.service

    @property
    def tagline(self) -> str:
        return self.names.tagline

    @property
    def short(self) -> str:
        return self.names.short

    @property
    def prefix(self) -> str:
        return self.names.prefix

    @property
    def center(self) -> str:
        return self.names.center

    @property
    def partners(self) -> tuple[Partner, ...]:
        return self.names.partners

    @property
    def telephony(self) -> Mapping[str, str]:
        return {**TELEPHONY, **self.names.telephony}

    @property
    def reserved_names(self) -> frozenset[str]:
        return frozenset(self.names.reserved_names)

    def named(self, product: str) -> str:
        """The name of a product that carries the brand: リモートサポート is UCOM光 リモートサポート."""
        return f"{self.prefix} {product}"

    def said(self, text: str) -> str:
        """A text that was kept without the brand's words, with them: {prefix}, {short}, {service}."""
        for word in SAID:
            text = text.replace(f"{{{word}}}", getattr(self, word))
        return text

    def foot(self, operator: str, phone: str, hours: str) -> str:
        """What every mail ends with."""
        words = {"operator": operator, "center": self.center, "phone": phone, "hours": hours}
        return re.sub(r"\{(\w+)\}", lambda word: words[word[1]], self.names.mail.foot.strip())

    def variables(self) -> dict[str, str]:
        """What the brand says of what variables of the environment say, too; where one is set, it goes before the brand."""
        names = self.names
        said = {
            "MYPAGE_OPERATOR": names.operator.name,
            "MYPAGE_OPERATOR_ADDRESS": names.operator.address,
            "MYPAGE_CONTACT_PHONE": names.contact.phone,
            "MYPAGE_CONTACT_HOURS": names.contact.hours,
            "MYPAGE_FAULT_PHONE": names.fault.phone,
            "MYPAGE_FAULT_HOURS": names.fault.hours,
            "MYPAGE_REMOTE_SUPPORT_PHONE": names.remote_support.phone,
            "MYPAGE_REMOTE_SUPPORT_HOURS": names.remote_support.hours,
        }
        return {name: value for name, value in said.items() if value}
