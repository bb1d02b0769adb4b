"""`python -m tests.repeated FOLDER`: templates that say the same thing in two places.

A run of LINES lines, blank ones and indentation apart, may stand once.
"""

from __future__ import annotations

import sys
from pathlib import Path

LINES = 6


def repeated(folder: Path) -> list[str]:
    """Each pair of places that share a run of LINES lines."""
    seen: dict[tuple[str, ...], str] = {}
    found = []
    for path in sorted(folder.rglob("*.html")):
        lines = [(number, line.strip()) for number, line in enumerate(path.read_text().splitlines(), 1)]
        filled = [(number, line) for number, line in lines if len(line) > 3]
        for start in range(len(filled) - LINES + 1):
            run = tuple(line for _, line in filled[start : start + LINES])
            place = f"{path}:{filled[start][0]}"
            if run in seen:
                found.append(f"{place} repeats {seen[run]}")
            seen.setdefault(run, place)
    return found


if __name__ == "__main__":
    places = repeated(Path(sys.argv[1]))
    print("\n".join(places))
    sys.exit(1 if places else 0)
