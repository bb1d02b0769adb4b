"""`make acceptance`: asks for the passwords that the environment lacks, then plays the journeys.

    python -m acceptance [FILE_OR_FOLDER_OF_YOUR_OWN …] [-k WORDS]

Exit status: 0 all that applies passed; 1 something failed, or nothing was proved; 2 the run could not begin.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from acceptance import target

HERE = Path(__file__).parent
ORDER = ("test_open.py", "test_reading.py", "test_changing.py", "test_leaving.py")


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m acceptance", description="Plays journeys against a running portal."
    )
    parser.add_argument("own", nargs="*", type=Path, help="tests of your own, played beside ours")
    parser.add_argument(
        "-k", dest="only", default=os.environ.get("ONLY", ""), help="the journeys with these words alone"
    )
    chosen = parser.parse_args()
    try:
        target.ask()
        found = target.read(os.environ)
    except target.Unfit as unfit:
        print(f"acceptance: {unfit}", file=sys.stderr)
        return 2
    print(_announced(found), flush=True)
    return _play(chosen.own, chosen.only)


def _announced(found: target.Target) -> str:
    what = "things are changed and put back" if found.change else "nothing is changed"
    return f"{found.url}: {what}\n"


def _play(own: list[Path], only: str) -> int:
    import pytest

    folder = Path(os.environ.get("REPORT") or target.ROOT / ".build" / "acceptance").resolve()
    ours = [str(HERE / name) for name in ORDER]
    return int(
        pytest.main(
            [
                *(
                    "-c",
                    str(target.ROOT / "pyproject.toml"),
                    f"--rootdir={target.ROOT}",
                    "-o",
                    "addopts=--strict-markers",
                ),
                *("-p", "no:terminal", "-p", "no:cacheprovider", "-p", "acceptance.plugin"),
                *("--junitxml", str(folder / "junit.xml"), "--report", str(folder)),
                *(("-k", only) if only else ()),
                *ours[:-1],
                *map(str, own),
                ours[-1],
            ]
        )
    )


if __name__ == "__main__":
    sys.exit(main())
