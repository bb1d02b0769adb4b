"""mark.svg: an icon that draws itself from what it holds, runs nothing and fetches nothing."""

from __future__ import annotations

import re
from collections.abc import Callable
from xml.parsers import expat

LARGEST = 32 * 1024
"""Bytes."""
_ELEMENTS = frozenset(
    {
        "svg",
        "g",
        "defs",
        "symbol",
        "use",
        "path",
        "rect",
        "circle",
        "ellipse",
        "line",
        "polyline",
        "polygon",
        "text",
    }
    | {"tspan", "title", "desc", "metadata", "clipPath", "mask", "linearGradient", "radialGradient", "stop"}
)

_ELSEWHERE = re.compile(r"url\(\s*['\"]?(?!#)|@import|javascript:|expression\(", re.IGNORECASE)


class BadMark(Exception):
    """What is wrong with the file, on which line."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line, self.reason = line, reason


def check(content: bytes) -> None:
    """Raises BadMark for a file that is no SVG, or holds more than shapes, text and colours."""
    if len(content) > LARGEST:
        raise BadMark(1, f"has {len(content):,} bytes, {LARGEST:,} at most: draw it simpler")
    parser = expat.ParserCreate(namespace_separator=" ")
    seen: list[str] = []

    def wrong(reason: str) -> Callable[..., None]:
        def refuse(*_: object) -> None:
            raise BadMark(parser.CurrentLineNumber, reason)

        return refuse

    def element(name: str, attributes: dict[str, str]) -> None:
        _judge(name, attributes, parser.CurrentLineNumber, first=not seen)
        seen.append(name)

    parser.StartElementHandler = element
    parser.StartDoctypeDeclHandler = wrong("has a DOCTYPE, which may name things elsewhere: take it out")
    parser.ProcessingInstructionHandler = wrong("has a processing instruction (<?…?>): take it out")
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        raise BadMark(error.lineno, f"is no XML: {expat.ErrorString(error.code)}") from error


def _judge(name: str, attributes: dict[str, str], line: int, *, first: bool) -> None:
    namespace, _, local = name.rpartition(" ")
    if first and (local != "svg" or namespace != "http://www.w3.org/2000/svg"):
        raise BadMark(line, 'begins with no <svg xmlns="http://www.w3.org/2000/svg">: save it as a plain SVG')
    if local not in _ELEMENTS:
        raise BadMark(line, f"has <{local}>: take it out, only shapes, text and gradients are drawn")
    for attribute, value in attributes.items():
        bare = attribute.rpartition(" ")[2].lower()
        if bare.startswith("on"):
            raise BadMark(line, f"has a script ({bare}): take it out")
        if bare in ("href", "src") and not value.startswith("#"):
            raise BadMark(line, f"fetches {value[:60]!r}: put it into the file, or take it out")
        if _ELSEWHERE.search(value):
            raise BadMark(
                line, f"fetches something in {bare}: only what is in the file (url(#…)) may be named"
            )
