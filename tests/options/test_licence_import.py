"""The `licences` file: what is loaded, what is refused with which line, and that a refusal leaves nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from app.commands import servers
from app.domain import data_keys, tables
from app.domain.imports import ImportRefused
from app.domain.options import licence_import, licences
from app.domain.options.licence_import import LicencesImported, import_licences
from app.postgres import database
from tests.conftest import Installed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("empty_database")


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str | bytes], Path]:
    """Writes a file."""

    def file(text: str | bytes) -> Path:
        path = tmp_path / "licences.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return file


async def load(path: Path) -> LicencesImported:
    return await import_licences(path, lambda _: None)


async def problems(path: Path) -> list[tuple[int, str]]:
    """What is wrong with the file, which loaded nothing."""
    before = await tables.Licence.count()
    with pytest.raises(ImportRefused) as refused:
        await load(path)
    assert await tables.Licence.count() == before
    return [(line, reason) for line, reason in refused.value.problems]


async def stock() -> list[tuple[str, str]]:
    """Product and PIN of every key, readable."""
    rows = await database.rows("SELECT product, pin FROM licence ORDER BY id")
    return [(row["product"], data_keys.current().decrypt(row["pin"])) for row in rows]


async def test_a_file_is_loaded_in_its_order_with_or_without_heading(
    write: Callable[[str | bytes], Path],
) -> None:
    first = write("product,pin\r\nsecurity-360,AAAA-0001\r\nkids-filter, BBBB \r\n\r\n")
    assert await load(first) == LicencesImported(2, 0)
    assert await load(write('\ufeffsecurity-online,"C,C""C"')) == LicencesImported(1, 0)
    wanted = [("security-360", "AAAA-0001"), ("kids-filter", "BBBB"), ("security-online", 'C,C"C')]
    assert await stock() == wanted


async def test_the_same_file_twice_changes_nothing_and_a_longer_one_adds_its_new_lines(
    write: Callable[[str | bytes], Path],
) -> None:
    await load(write("security-360,AAAA\nsecurity-360,BBBB\n"))
    before = await database.rows("SELECT * FROM licence ORDER BY id")
    assert await load(write("security-360,AAAA\nsecurity-360,BBBB\n")) == LicencesImported(0, 2)
    assert await database.rows("SELECT * FROM licence ORDER BY id") == before
    assert await load(write("security-360,CCCC\nsecurity-360,AAAA\n")) == LicencesImported(1, 1)


async def test_every_bad_line_is_named_and_no_pin_is_repeated(write: Callable[[str | bytes], Path]) -> None:
    await load(write("security-360,KNOWN-PIN"))
    found = await problems(
        write(
            b"product,pin\nmail-pack,AAAA\nsecurity-360,abc\nsecurity-360\nkids-filter,A A A A\n"
            b"kids-filter,\xff\xfe\xff\xfe\nsecurity-online,GOOD-PIN\nsecurity-online,GOOD-PIN\n"
            b"kids-filter,KNOWN-PIN\nsecurity-360," + b"x" * 5000 + b'\nsecurity-360,"open\nproduct,pin\n'
        )
    )
    assert found == [
        (2, "product: must be one of security-360, security-online, kids-filter"),
        (3, "pin: must be 4 to 64 ASCII characters without spaces"),
        (4, "must be two columns, product,pin"),
        (5, "pin: must be 4 to 64 ASCII characters without spaces"),
        (6, "pin: must be 4 to 64 ASCII characters without spaces"),
        (8, "pin: stands on line 7 already; keep one of the two"),
        (9, "pin: was loaded before, as one of security-360"),
        (10, "is longer than 1,000 characters"),
        (11, "must be two columns, product,pin"),
        (12, "product: must be one of security-360, security-online, kids-filter"),
    ]


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=300))
async def test_any_file_at_all_is_loaded_or_refused_with_its_lines(
    write: Callable[[str | bytes], Path], content: bytes
) -> None:
    wide = content.startswith((b"\xff\xfe", b"\xfe\xff")) or content.count(0) * 5 > len(content)
    assume(not wide)
    lines = list(licence_import.read(write(content)))
    assert all(line.problem or (line.product and line.pin) for line in lines)
    assert [line.number for line in lines] == sorted({line.number for line in lines})


async def test_progress_names_the_last_line_of_each_batch(
    write: Callable[[str | bytes], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(licence_import, "BATCH", 2)
    reached: list[int] = []
    path = write("product,pin\n" + "".join(f"kids-filter,PIN-{number}\n" for number in range(5)))
    await import_licences(path, reached.append)
    assert reached == [3, 5, 6]


async def test_a_pin_is_nowhere_in_the_database_as_it_is(write: Callable[[str | bytes], Path]) -> None:
    await load(servers.DEMO_LICENCES)
    dump = "".join(
        str([bytes(part) if isinstance(part, bytes) else part for part in row])
        for row in await database.rows("SELECT * FROM licence")
    )
    pins = [pin for _, pin in await stock()]
    assert len(set(pins)) == 60
    assert not any(pin in dump for pin in pins)


async def test_keys_rotate_new_pins_by_the_newest_old_ones_still_found_and_renewed(
    write: Callable[[str | bytes], Path], monkeypatch: pytest.MonkeyPatch, installed: Installed
) -> None:
    old, new = b"the first key of the rotation tests", b"the second key of the rotation test"
    installed(data_keys=(old,))
    await load(write("security-360,AAAA\nsecurity-360,BBBB\nsecurity-360,CCCC\n"))
    installed(data_keys=(new, old))
    assert await load(write("security-360,BBBB\nsecurity-360,DDDD")) == LicencesImported(1, 1)
    assert await problems(write("product,pin\nkids-filter,AAAA")) == [
        (2, "pin: was loaded before, as one of security-360")
    ]
    installed(data_keys=(new,))
    with pytest.raises(data_keys.WrongDataKeys, match="3 PINs"):
        await licences.recognise()
    installed(data_keys=(new, old))
    await licences.recognise()
    monkeypatch.setattr(licences, "BATCH", 2)
    assert await licences.renew() == 3
    assert await licences.renew() == 0
    installed(data_keys=(new,))
    await licences.recognise()
    assert [pin for _, pin in await stock()] == ["AAAA", "BBBB", "CCCC", "DDDD"]
    assert await load(write("security-360,AAAA\nsecurity-360,EEEE")) == LicencesImported(1, 1)


async def test_a_key_is_read_through_what_a_document_made_of_it(write: Callable[[str | bytes], Path]) -> None:
    file = "\ufeffproduct,pin\r\n security−360 ,\u200bABCD–1234－5678\xa0\r\n"
    assert await load(write(file)) == LicencesImported(1, 0)
    assert await load(write("security-360,ABCD-1234-5678\n")) == LicencesImported(0, 1)


async def test_a_file_of_wide_characters_is_named(write: Callable[[str | bytes], Path]) -> None:
    [(_, reason)] = await problems(write("security-360,ABCD-1234\n".encode("utf-16")))
    assert reason.startswith("the file is UTF-16: save it as UTF-8")
