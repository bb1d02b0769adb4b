"""Where the folders are that come with the program and lie beside app/ in a checkout, but below it in a wheel."""

from __future__ import annotations

from pathlib import Path

import app

APP = Path(app.__file__).parent


def static_folder() -> Path:
    """The stylesheet, the script, htmx and the icon."""
    return _folder("static")


def ops_folder() -> Path:
    """What belongs to other programs: nginx, the mail server, PostgreSQL."""
    return _folder("ops")


def _folder(name: str) -> Path:
    # First where a wheel has it: the folder beside app/ is then site-packages/static, somebody else's if it is there.
    inside = APP / name
    return inside if inside.is_dir() else APP.parent / name
