"""A CSV file to download: UTF-8 with BOM, so that a spreadsheet reads Japanese, and no cell that it would calculate."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence

from litestar import Response

BOM = "\ufeff"
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a spreadsheet may take for the beginning of a formula, some of them in full width too."""


class Identifier(str):
    """A number or name that a spreadsheet has to show as it stands: a customer number, a telephone number, an account ID.

    Excel would make 9E+13 of fourteen digits, drop the 0 that a telephone number begins with, and read `jan-10` as a day.
    """

    __slots__ = ()


_PLAIN = re.compile(r"[0-9A-Za-z+*#()./-]{1,64}")
"""Signs that cannot end the text of a formula, nor begin another one."""
_CONVERTED = re.compile(
    r"[+(-]?[0-9].*|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*[./-]?[0-9].*", re.I
)
"""What a spreadsheet would take for a number or a day."""


def csv_file(name: str, header: Sequence[str], rows: Iterable[Sequence[str | int | None]]) -> Response[bytes]:
    """The download; `name` is ASCII, with its ending. Numbers stay numbers, a text that looks like a formula gets a '.

    An Identifier that would be converted becomes ="…", the one form that spreadsheets open as a text without a sign more.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return Response(
        (BOM + text.getvalue()).encode(),
        media_type="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _cell(value: str | int | None) -> str | int | None:
    if isinstance(value, Identifier) and _PLAIN.fullmatch(value) and _CONVERTED.fullmatch(value):
        return f'="{value}"'
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
