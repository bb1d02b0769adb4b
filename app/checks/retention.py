"""How long what is kept: the settings, what the brand's privacy text says of them, and the list of erasures."""

from __future__ import annotations

from collections.abc import Iterator

from app.branding import BRAND
from app.checks.finding import Finding, Looked, failure, ok, warning
from app.domain import keeping
from app.settings import erasures, parts

CHECK, TEXT, LIST = "kept how long", "privacy text", "erasures"
SAID = (keeping.BILLS, keeping.CHANGES, keeping.CALLS, keeping.LOGINS, keeping.PAPERS, keeping.CONTRACTS)
"""What members have to be told of; of mails either word will do."""


def periods(looked: Looked) -> Iterator[Finding]:
    """The times that hold here; a failure for each that is none, or too short."""
    wrong: list[str] = []
    kept = parts.keep(looked.environment, parts.closed_months(looked.environment, wrong), wrong)
    for problem in wrong:
        yield failure(CHECK, problem, "no command and no server starts with it", "mend the variable")
    if not wrong:
        times = (f"{one.what.partition(';')[0]} {kept[one.name].in_english}" for one in keeping.KEPT)
        yield ok(CHECK, "; ".join(times))


def told(looked: Looked) -> Iterator[Finding]:
    """Whether 個人情報保護方針 says it, in the words that take the times from the settings."""
    text = BRAND.texts["privacy"]
    whole = text.lead + "".join(passage.html for passage in text.sections)
    missing = [f"{{keep_{one.name}}} ({one.title})" for one in SAID if f"{{keep_{one.name}}}" not in whole]
    if missing:
        yield warning(
            TEXT,
            f"{text.path} does not say how long is kept",
            "members have to be told",
            f"put in {', '.join(missing)}",
        )
    else:
        yield ok(TEXT, f"{text.path} says it from the settings")


def listed(looked: Looked) -> Iterator[Finding]:
    """Whether erasures are known outside of the database, for the day on which a backup is restored."""
    path = erasures(looked.environment)
    lost = "a backup that is restored brings back whoever was erased after it was taken"
    if path is None:
        yield warning(
            LIST, "MYPAGE_ERASURES is not set", lost, "name a file that no backup of the database holds"
        )
    elif not path.parent.is_dir():
        yield failure(LIST, f"MYPAGE_ERASURES is {path}, and {path.parent} is no folder", lost, "make it")
    elif not path.is_file():
        daily = "run `mypage contracts erase --due` daily, from a timer: it writes it"
        yield warning(LIST, f"{path} is not there yet", lost, daily)
    else:
        yield ok(LIST, f"they are listed in {path}")
