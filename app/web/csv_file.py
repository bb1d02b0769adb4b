"""A CSV file to download: UTF-8 with BOM, so that a spreadsheet reads Japanese, and no cell that it would calculate."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from litestar import Response

BOM = "\ufeff"
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a spreadsheet may take for the beginning of a formula, some of them in full width too."""


def csv_file(name: str, header: Sequence[str], rows: Iterable[Sequence[str | int | None]]) -> Response[bytes]:
    """The download; `name` is ASCII, with its ending. Numbers stay numbers, a text that looks like a formula gets a '."""
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
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
