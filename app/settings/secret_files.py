"""Secrets that stand in files: each variable of SECRETS may be given as the path of one, in `<its name>_FILE`.

So a secret is in no environment, which a child process inherits and a crash report copies. systemd's LoadCredential= and
the secrets of container engines are such files. A file is read each time the setting is.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping

SECRETS = (
    "DATABASE_URL",
    "MYPAGE_SECRET_KEYS",
    "MYPAGE_PEPPERS",
    "MYPAGE_DATA_KEYS",
    "MYPAGE_STRIPE_SECRET_KEY",
    "MYPAGE_SMTP_PASSWORD",
    "MYPAGE_INTERNAL_SECRET",
)
"""The variables that hold a secret; no other may come from a file."""
FILE = "_FILE"
LARGEST = 64 * 1024
"""Bytes of a file."""


class _Unfit(Exception):
    """What is wrong with a file, and what to do; never a sign of what stands in it."""


def given(environment: Mapping[str, str], name: str, wrong: list[str]) -> str | None:
    """What a variable holds, or the file that is named in its place; "": neither is set.

    None where something is wrong with that, which is said in `wrong` then.
    """
    value = environment.get(name, "")
    path = environment.get(name + FILE, "") if name in SECRETS else ""
    if not path:
        return value
    if value.strip():
        wrong.append(f"{name} and {name}{FILE} are both set: take one of them away")
        return None
    try:
        return _read(path)
    except OSError as error:
        wrong.append(f"{name}{FILE} is {path!r}, which cannot be read: {error.strerror}")
    except _Unfit as problem:
        wrong.append(f"{name}{FILE} is {path!r}, which {problem}")
    return None


def is_given(environment: Mapping[str, str], name: str) -> bool:
    """Whether anything is said of a secret, right or wrong."""
    return bool(environment.get(name, "").strip() or environment.get(name + FILE))


def misplaced(environment: Mapping[str, str], wrong: list[str]) -> None:
    """Names what looks like the file of a setting and is none, which would be passed over."""
    known = {name + FILE for name in SECRETS}
    lost = [
        name
        for name, value in environment.items()
        if name.startswith("MYPAGE_") and name.endswith(FILE) and name not in known and value
    ]
    wrong += [
        f"{name} is set, and no such setting comes from a file: {', '.join(SECRETS)} may"
        for name in sorted(lost)
    ]


def _read(path: str) -> str:
    """The text without the end of its one line. Raises OSError and _Unfit."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            raise _Unfit("is no file")
        if mode & 0o007:
            raise _Unfit(
                f"everybody on this machine may open (mode {stat.S_IMODE(mode):04o}): chmod o= it, "
                "and change the secret if others may have read it"
            )
        content = os.read(descriptor, LARGEST + 1)
    finally:
        os.close(descriptor)
    if len(content) > LARGEST:
        raise _Unfit(f"is bigger than {LARGEST:,} bytes: is it the right file?")
    try:
        text = content.decode()
    except UnicodeDecodeError:
        raise _Unfit("is not in UTF-8") from None
    text = text.removesuffix("\n").removesuffix("\r")
    if not text.strip():
        raise _Unfit("is empty")
    if not text.isprintable():
        raise _Unfit(
            "holds more than one line, or signs that cannot be seen: only the secret may stand in it"
        )
    return text
