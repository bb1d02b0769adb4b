"""What came of a run: a line for each journey as it ends, report.json, report.html, and pictures of what failed."""

from __future__ import annotations

import html
import json
import os
import sys
from collections import Counter
from collections.abc import Generator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.async_api import Error

from acceptance.hiding import clean

if TYPE_CHECKING:
    from e2e.device import Device

FAILED = pytest.StashKey[bool]()
REPORT = pytest.StashKey["Report"]()
PICTURES = pytest.StashKey[list[str]]()
NOT_RUN = "not run: "
VALUES = "dd, td, tbody th, input, textarea, select, #who, summary, [translate=no], .on-paper, main h2, main h3, main p, main li"
"""Where a page shows somebody's data; a masked picture has a grey box there."""
STYLE = """body { font: 16px/1.5 sans-serif; margin: 2em auto; max-width: 60em; padding: 0 1em } td, th { text-align: start;
vertical-align: top; padding: .2em .8em .2em 0 } .failed { font-weight: bold; color: #a00 }
pre { white-space: pre-wrap; margin: 0 } img { max-width: 20em; border: 1px solid }"""


class Report:
    """Listens to pytest; its console is the one that pytest's own capturing leaves alone."""

    def __init__(self, config: pytest.Config) -> None:
        config.stash[REPORT] = self
        self.folder = Path(config.getoption("--report"))
        self.journeys: list[dict[str, Any]] = []
        self._console = os.fdopen(
            os.dup(sys.__stdout__.fileno()) if sys.__stdout__ else 1, "w", encoding="utf-8"
        )
        self._begun = datetime.now(UTC)
        self._parts: dict[str, list[pytest.TestReport]] = {}
        self._forget_the_last()

    def _forget_the_last(self) -> None:
        """The pictures of the run before go: nobody takes them for this one's."""
        former = self.folder / "report.json"
        journeys = json.loads(former.read_text())["journeys"] if former.exists() else []
        for journey in journeys:
            for name in journey["pictures"]:
                (self.folder / Path(name).name).unlink(missing_ok=True)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """No traceback leaves this process, whose lines hold what was typed: the reason alone, and nothing that is hidden."""
        report = yield
        report.sections = []
        report.user_properties = [(name, clean(str(text))) for name, text in report.user_properties]
        if report.failed and call.excinfo:
            report.longrepr = clean(_reason(call.excinfo.value))
            item.stash[FAILED] = True
        elif report.skipped and isinstance(report.longrepr, tuple):
            file, line, reason = report.longrepr
            report.longrepr = (file, line, clean(reason.removeprefix("Skipped: ")))
        if report.when == "teardown":
            report.user_properties += [("picture", name) for name in item.stash.get(PICTURES, [])]
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        parts = self._parts.setdefault(report.nodeid, [])
        parts.append(report)
        if report.when == "teardown":
            self._note(report.nodeid, self._parts.pop(report.nodeid))

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self._add(report.nodeid or "the files", "failed", clean(str(report.longrepr)), 0.0)

    def _note(self, nodeid: str, parts: list[pytest.TestReport]) -> None:
        failed = [str(part.longrepr) for part in parts if part.failed]
        skipped = [part.longrepr[2] for part in parts if part.skipped and isinstance(part.longrepr, tuple)]
        state = "failed" if failed else "not applicable" if skipped else "passed"
        reason = "\n".join(dict.fromkeys(failed or skipped))
        if state == "not applicable" and reason.startswith(NOT_RUN):
            state, reason = "not run", reason.removeprefix(NOT_RUN)
        properties = dict.fromkeys((name, str(text)) for part in parts for name, text in part.user_properties)
        said = [text for name, text in properties if name == "said"]
        pictures = [text for name, text in properties if name == "picture"]
        self._add(nodeid, state, reason, sum(part.duration for part in parts), said, pictures)

    def _add(
        self,
        nodeid: str,
        state: str,
        reason: str,
        seconds: float,
        said: Sequence[str] = (),
        pictures: Sequence[str] = (),
    ) -> None:
        name = nodeid.rpartition("::")[2].removeprefix("test_").replace("_", " ")
        self.journeys.append(
            {
                "journey": name,
                "state": state,
                "reason": reason,
                "seconds": round(seconds, 1),
                "said": list(said),
                "pictures": list(pictures),
            }
        )
        print(
            f"{state.upper() if state == 'failed' else state:<15} {name} ({seconds:.1f} s)",
            file=self._console,
        )
        for text in reason.splitlines():
            print(f"{'':<15}   {text}", file=self._console)
        self._console.flush()

    def say(self, text: str) -> None:
        """A line on the console at once: before what it is about happens."""
        print(f"{'':<15}   {clean(text)}", file=self._console, flush=True)

    def pytest_keyboard_interrupt(self) -> None:
        print(
            "interrupted; with CHANGE=1 the next run deletes the account ID that this one may leave",
            file=self._console,
        )

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        counted = Counter(journey["state"] for journey in self.journeys)
        if counted["failed"]:
            session.exitstatus = 1
        elif not counted["passed"] and session.exitstatus == 0:
            session.exitstatus = 1  # nothing was proved
        summary = ", ".join(
            f"{counted[state]} {state}" for state in ("passed", "failed", "not applicable", "not run")
        )
        self._write(summary)
        print(f"\n{summary}; report: {self.folder / 'report.html'}", file=self._console, flush=True)

    def _write(self, summary: str) -> None:
        about = {
            "portal": os.environ.get("URL", ""),
            "begun": f"{self._begun:%Y-%m-%dT%H:%M:%SZ}",
            "summary": summary,
            "journeys": self.journeys,
        }
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "report.json").write_text(json.dumps(about, ensure_ascii=False, indent=2) + "\n")
        rows = "".join(_row(journey) for journey in self.journeys)
        title = html.escape(f"Acceptance of {about['portal']}")
        (self.folder / "report.html").write_text(
            f'<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>{title}</title><style>{STYLE}</style><h1>{title}</h1>'
            f"<p>{about['begun']}: {summary}</p><table><tr><th>journey<th>state<th>why</tr>{rows}</table></html>\n"
        )


def _row(journey: dict[str, Any]) -> str:
    state = journey["state"].replace(" ", "-")
    told = html.escape("\n".join([*journey["said"], journey["reason"]]).strip())
    pictures = "".join(
        f'<p><img src="{html.escape(name)}" alt="what was shown"></p>' for name in journey["pictures"]
    )
    return f'<tr><td>{html.escape(journey["journey"])}<td class="{state}">{journey["state"]}<td><pre>{told}</pre>{pictures}</tr>'


def _reason(error: BaseException) -> str:
    """An error in words; of one that is no complaint of ours, its kind too."""
    text = str(error)
    return (
        text
        if isinstance(error, AssertionError | pytest.fail.Exception)
        else f"{type(error).__name__}: {text}"
    )


async def screenshot_of(node: pytest.Item, device: Device, place: int, *, whole: bool) -> None:
    """A picture of what the device shows into the report's folder; masked unless `whole`, passwords in any case."""
    folder = node.config.getoption("--report")
    name = f"{node.name.removeprefix('test_')}-{place}.png"
    masked = "input" if whole else VALUES
    try:
        await device.page.screenshot(
            path=f"{folder}/{name}", mask=[device.page.locator(masked)], mask_color="#8a8a8a", timeout=5_000
        )
    except Error as error:  # a page that is going just now: the journey's own failure is what counts
        node.user_properties.append(("said", f"no picture: {error.message.splitlines()[0]}"))
        return
    node.stash.setdefault(PICTURES, []).append(name)
