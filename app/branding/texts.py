"""The brand's texts: Markdown with its HTML off, made into sections once, with words in braces that a page puts in."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

from app.branding.shape import Passage, Text

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

WORDS = frozenset(
    {
        "service",
        "tagline",
        "short",
        "prefix",
        "center",
        "operator",
        "address",
        "representative",
        "phone",
        "hours",
    }
    | {"host", "base_url", "sender", "card_keeper", "admin_may", "payment_day", "checked"}
    | {"keep_logins", "keep_mails", "keep_addresses", "keep_bills", "keep_calls", "keep_changes"}
    | {"keep_sent_mails", "keep_refused_mails", "keep_papers", "keep_events", "keep_feeds", "keep_contracts"}
)
"""What may stand in braces; app/web/brand_words.py gives each."""
_WORD = re.compile(r"\{([^{}\s]*)\}")
_ADDRESS = re.compile(
    r"(https://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[!-~]*)?|/[a-z0-9/#?=&-]*|mailto:[!-~]+|tel:[0-9+-]+)"
)
LARGEST = 200_000
"""Characters of a text."""


class BadText(Exception):
    """What is wrong with a text, on which line."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line, self.reason = line, reason


def read(path: Path, source: str) -> Text:
    """The text of a file. Raises BadText."""
    if len(source) > LARGEST:
        raise BadText(1, f"is longer than {LARGEST:,} characters: split it")
    for number, line in enumerate(source.splitlines(), 1):
        for word in _WORD.findall(line):
            if word not in WORDS:
                raise BadText(number, f"has {{{word}}}, which stands for nothing{_near(word)}")
    markdown = _markdown()
    tokens = markdown.parse(source)
    _only_what_is_shown(tokens)
    if not tokens or (tokens[0].type, tokens[0].tag) != ("heading_open", "h1"):
        raise BadText(1, "begins with no title: let its first line be `# …`")
    title, rest = tokens[1].content, tokens[3:]
    starts = [at for at, token in enumerate(rest) if (token.type, token.tag) == ("heading_open", "h2")]
    if again := next((one for one in rest if (one.type, one.tag) == ("heading_open", "h1")), None):
        raise BadText(_line(again), "has a second title (`# …`): make it a heading (`## …`)")
    ends = [*starts, len(rest)][1:]  # none where the text has no heading
    lead = _html(markdown, rest[: starts[0]] if starts else rest)
    sections = tuple(
        Passage(rest[start + 1].content, _html(markdown, rest[start + 3 : end]), _line(rest[start]))
        for start, end in zip(starts, ends, strict=True)
    )
    return Text(path, title, lead, sections)


def _near(word: str) -> str:
    near = difflib.get_close_matches(word, WORDS, 1)
    return f": {{{near[0]}}} is meant?" if near else f": known are {', '.join(sorted(WORDS))}"


def _line(token: Token) -> int:
    return token.map[0] + 1 if token.map else 1


def _markdown() -> MarkdownIt:
    """CommonMark with tables; what is no Markdown is text, so no HTML comes out of it but what it makes itself."""
    from markdown_it import MarkdownIt

    made = MarkdownIt("commonmark", {"html": False}).enable("table")
    made.disable(["html_block", "html_inline"])
    made.add_render_rule("link_open", _link)
    return made


def _link(self: Any, tokens: Sequence[Token], at: int, options: Any, environment: Any) -> str:
    token, href = tokens[at], str(tokens[at].attrGet("href"))
    if href.startswith("https://"):
        token.attrSet("rel", "noreferrer external")
    token.attrSet("class", "tel" if href.startswith("tel:") else "act")
    rendered: str = self.renderToken(tokens, at, options, environment)
    return rendered


def _only_what_is_shown(tokens: Sequence[Token]) -> None:
    line = 1
    for token in tokens:
        line = _line(token) if token.map else line
        if token.type == "inline":
            for part in token.children or ():
                if part.type == "image":
                    raise BadText(line, "has an image: texts show none, so take it out")
                href = str(part.attrGet("href")) if part.type == "link_open" else ""
                if href and not _ADDRESS.fullmatch(href):
                    raise BadText(
                        line,
                        f"leads to {href[:60]!r}: an https:// address, a path of the portal or mailto: is wanted",
                    )


def _html(markdown: MarkdownIt, tokens: Sequence[Token]) -> str:
    made: str = markdown.renderer.render(tokens, markdown.options, {})
    return made.strip()


def put_in(html: str, words: Mapping[str, object]) -> Markup:
    """The HTML with what its words in braces stand for; Markup as it is, all else escaped."""
    return Markup(_WORD.sub(lambda found: str(escape(words[found[1]])), html))  # noqa: S704 - made by _html
