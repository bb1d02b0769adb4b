"""Secrets from files: each of the list, read as if it stood in the environment, and whatever is wrong is said in words."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

import pytest

from app import settings
from app.settings import SettingsError
from app.settings.secret_files import LARGEST, SECRETS
from tests.test_settings import COMPLETE, KEY, reasons

WITH_ALL = {
    **COMPLETE,
    "DATABASE_URL": "postgresql://mypage:pass%0Aword@db/mypage",
    "MYPAGE_INTERNAL_PORT": "8010",
    "MYPAGE_INTERNAL_SECRET": KEY,
}


def from_files(folder: Path, *names: str, mode: int = 0o600, end: str = "\n") -> dict[str, str]:
    """The complete environment, these of it in files."""
    kept = {name: value for name, value in WITH_ALL.items() if name not in names}
    for name in names:
        file = folder / name.lower()
        file.write_text(WITH_ALL[name] + end)
        file.chmod(mode)
        kept[f"{name}_FILE"] = str(file)
    return kept


def why(environment: dict[str, str]) -> str:
    """The one thing that is wrong."""
    [line] = reasons(environment)
    assert KEY not in line
    return line


def test_every_setting_that_is_called_like_a_secret_is_in_the_list() -> None:
    named = {
        name for name in settings.VARIABLES if re.search("SECRET|KEY|PEPPER|PASSWORD|TOKEN|DATABASE", name)
    }
    assert named == set(SECRETS)


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
@pytest.mark.parametrize("mode", [0o400, 0o440, 0o600, 0o640])
def test_all_of_them_are_taken_from_files_as_from_the_environment(
    tmp_path: Path, end: str, mode: int
) -> None:
    """0440 is what systemd's LoadCredential= makes for the user of a unit."""
    environment = from_files(tmp_path, *SECRETS, mode=mode, end=end)
    assert settings.production(environment) == settings.production(WITH_ALL)
    assert settings.database_url(environment) == WITH_ALL["DATABASE_URL"]
    assert settings.peppers(environment) == settings.peppers(WITH_ALL)
    assert settings.data_keys(environment) == settings.data_keys(WITH_ALL)
    assert settings.importing(environment) == settings.importing(WITH_ALL)
    assert settings.delivery(environment) == settings.delivery(WITH_ALL)


def test_a_file_that_has_changed_is_read_anew(tmp_path: Path) -> None:
    environment = from_files(tmp_path, "MYPAGE_SECRET_KEYS")
    (tmp_path / "mypage_secret_keys").write_text(f"{KEY[::-1]},{KEY}\n")
    assert settings.production(environment).secret_keys == (KEY[::-1].encode(), KEY.encode())


@pytest.mark.parametrize("name", SECRETS)
def test_both_are_refused_and_an_empty_variable_beside_its_file_is_none(tmp_path: Path, name: str) -> None:
    environment = from_files(tmp_path, name)
    assert reasons({**environment, name: " "}) == []
    assert why({**environment, name: WITH_ALL[name]}).startswith(f"{name} and {name}_FILE are both set")


def test_a_file_alone_asks_for_what_belongs_to_it(tmp_path: Path) -> None:
    environment = from_files(tmp_path, "MYPAGE_INTERNAL_SECRET", "MYPAGE_SMTP_PASSWORD")
    del environment["MYPAGE_INTERNAL_PORT"], environment["MYPAGE_SMTP_USER"]
    loopback = {"MYPAGE_SMTP_HOST": "127.0.0.1", "MYPAGE_SMTP_SECURITY": "none"}
    assert [line.split()[0] for line in reasons({**environment, **loopback})] == [
        "MYPAGE_SMTP_USER",
        "MYPAGE_INTERNAL_PORT",
    ]


def test_on_a_demos_data_a_file_goes_before_the_demos_own_keys(tmp_path: Path) -> None:
    settings.demo(tmp_path)
    demos = {"MYPAGE_DATA_DIR": str(tmp_path)}
    given = from_files(tmp_path, "MYPAGE_PEPPERS", "MYPAGE_DATA_KEYS")
    files = {name: path for name, path in given.items() if name.endswith("_FILE")}
    assert settings.made_by_demo({**demos, **files})
    assert settings.peppers({**demos, **files}) == settings.peppers(WITH_ALL) != settings.peppers(demos)
    assert settings.data_keys({**demos, **files}) == settings.data_keys(WITH_ALL) != settings.data_keys(demos)


@pytest.mark.parametrize("name", SECRETS)
def test_one_that_is_not_there_is_named_with_its_variable_once(tmp_path: Path, name: str) -> None:
    environment = from_files(tmp_path, name)
    (tmp_path / name.lower()).unlink()
    assert (
        why(environment)
        == f"{name}_FILE is '{tmp_path / name.lower()}', which cannot be read: No such file or directory"
    )


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o602, 0o601, 0o444])
def test_one_that_everybody_may_open_is_refused_with_its_mode(tmp_path: Path, mode: int) -> None:
    said = why(from_files(tmp_path, "MYPAGE_PEPPERS", mode=mode))
    assert f"(mode {mode:04o})" in said
    assert "chmod" in said


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"\n", "is empty"),
        (b" \n", "is empty"),
        (KEY.encode() + b"\n\n", "more than one line"),
        (KEY.encode() + b"\n" + KEY.encode(), "more than one line"),
        (KEY.encode() + b"\0", "signs that cannot be seen"),
        (b"\xef\xbb\xbf" + KEY.encode(), "signs that cannot be seen"),
        (KEY.encode() + b"\xff", "not in UTF-8"),
        (KEY.encode() * (LARGEST // len(KEY) + 1), "bigger than"),
    ],
)
def test_what_holds_no_secret_is_said_and_not_repeated(tmp_path: Path, content: bytes, said: str) -> None:
    environment = from_files(tmp_path, "MYPAGE_SECRET_KEYS")
    (tmp_path / "mypage_secret_keys").write_bytes(content)
    assert said in why(environment)


@pytest.mark.parametrize("made", [Path.mkdir, os.mkfifo])
def test_what_is_no_file_holds_nobody_up(tmp_path: Path, made: object) -> None:
    path = tmp_path / "other"
    assert callable(made)
    made(path)
    assert "which is no file" in why(
        {**from_files(tmp_path, "MYPAGE_DATA_KEYS"), "MYPAGE_DATA_KEYS_FILE": str(path)}
    )


def test_a_device_without_end_is_no_file(tmp_path: Path) -> None:
    assert stat.S_ISCHR(Path("/dev/zero").stat().st_mode)
    environment = {**from_files(tmp_path, "MYPAGE_DATA_KEYS"), "MYPAGE_DATA_KEYS_FILE": "/dev/zero"}
    assert "which is no file" in why(environment)


@pytest.mark.parametrize("name", ["MYPAGE_PEPPER_FILE", "MYPAGE_SMTP_USER_FILE"])
def test_the_file_of_what_is_no_secret_is_named_instead_of_passed_over(name: str) -> None:
    assert why({**COMPLETE, name: "/run/x"}).startswith(
        f"{name} is set, and no such setting comes from a file"
    )


@pytest.mark.parametrize("command", [settings.database_url, settings.production])
def test_a_command_says_what_is_wrong_with_the_address_of_the_database(command: object) -> None:
    assert callable(command)
    with pytest.raises(SettingsError, match="DATABASE_URL_FILE is '/none', which cannot be read"):
        command({**COMPLETE, "DATABASE_URL_FILE": "/none"})
