#!/usr/bin/env python3
"""Loads the files that lie in a folder, in the order of their names: `python -m app.ops.incoming KIND FOLDER`.

KIND is contracts (`--update`, as a feed), calls, charges, licences or notices. A file that was loaded moves to FOLDER/done. At
the first one that is refused it stops, with the exit status of `mypage import` (3: a guard of the feed), and leaves it and
all that come after it where they are. Names that begin with a dot, or end with .part or .tmp, are files that are still written.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

KINDS = {kind: ("import", kind) for kind in ("contracts", "calls", "charges", "licences", "notices")}
MORE = {"contracts": ("--update",)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("kind", choices=sorted(KINDS))
    parser.add_argument("folder", type=Path)
    chosen = parser.parse_args()
    try:
        return load(chosen.kind, chosen.folder)
    except OSError as error:
        print(f"{chosen.folder}: {error}", file=sys.stderr)
        return 1


def load(kind: str, folder: Path) -> int:
    """The exit status of the last import; 0 where there is nothing to load."""
    for file in sorted(path for path in folder.iterdir() if _whole(path)):
        print(f"{file}:", flush=True)
        command = [sys.executable, "-m", "app", *KINDS[kind], str(file), *MORE.get(kind, ())]
        status = subprocess.run(command, check=False).returncode  # noqa: S603 - no shell
        if status:
            print(f"{file} was not loaded and stays there, with what comes after it", file=sys.stderr)
            return status
        done = folder / "done"
        done.mkdir(mode=0o700, exist_ok=True)
        file.rename(done / f"{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}-{file.name}")
    return 0


def _whole(path: Path) -> bool:
    return path.is_file() and not path.name.startswith(".") and path.suffix not in (".part", ".tmp")


if __name__ == "__main__":
    sys.exit(main())
