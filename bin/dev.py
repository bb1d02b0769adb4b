"""`make dev`: the demo, started again whenever its code, templates, static files or migrations change.

    python bin/dev.py [--port 8000] [--data-dir DIR]

What `mypage demo` cannot start with, a syntax error say, it says itself; the next change is the next try.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from pathlib import Path

from watchfiles import watch

ROOT = Path(__file__).resolve().parent.parent
WATCHED = (ROOT / "app", ROOT / "static", ROOT / "migrations")
LOOK = 200
"""Milliseconds between two looks at whether the demo still runs."""
PATIENCE = 15.0
"""Seconds that the demo has to end in order."""


def main() -> int:
    """Until Ctrl-C, SIGTERM or the end of the terminal; then the demo has ended too."""
    # No KeyboardInterrupt: one that comes up in a destructor, or in the watcher's own code, is lost.
    ending = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: ending.set())
    demo, told = _start(), False
    try:
        for changes in watch(*WATCHED, rust_timeout=LOOK, yield_on_timeout=True, stop_event=ending):
            if changes:
                _say(f"{_names({path for _, path in changes})} changed, the demo starts again")
                _end(demo)
                demo, told = _start(), False
            elif not told and demo.poll() is not None:
                _say(f"the demo ended with status {demo.returncode}; it starts again at the next change")
                told = True
    finally:
        _end(demo)
    return 0


def _start() -> subprocess.Popen[bytes]:
    # Its own process group: a Ctrl-C in the terminal comes to us alone, and from us to the demo, once.
    return subprocess.Popen(  # noqa: S603 - what the developer typed
        [sys.executable, "-m", "app", "demo", *sys.argv[1:]],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        process_group=0,
    )


def _end(demo: subprocess.Popen[bytes]) -> None:
    if demo.poll() is None:
        demo.send_signal(signal.SIGINT)
    try:
        demo.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        demo.kill()
        demo.wait()


def _names(paths: set[str]) -> str:
    """The changed files, or how many they are."""
    names = sorted(str(Path(path).relative_to(ROOT)) for path in paths)
    return ", ".join(names) if len(names) <= 3 else f"{len(names)} files"


def _say(what: str) -> None:
    print(f"dev: {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
