import gzip
from collections.abc import Iterator
from pathlib import Path

import brotli  # type: ignore[import-untyped]
import pytest
from litestar import Litestar
from litestar.testing import TestClient

from app.domain.access.matrix import Permission
from app.web.pages import open_to, page_of
from app.web.request import Request
from app.web.static_files import StaticFiles, for_browsers

STYLE = "body { color: black; }\n" * 50


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "mypage.css").write_text(STYLE)
    (tmp_path / "icon.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
    (tmp_path / "notes.secret").write_text("not for the web")
    return tmp_path


@pytest.fixture
def static(folder: Path) -> StaticFiles:
    return StaticFiles(folder)


@pytest.fixture
def client(static: StaticFiles) -> Iterator[TestClient[Litestar]]:
    with TestClient(Litestar(static.routes(), request_class=Request, openapi_config=None)) as client:
        yield client


@pytest.mark.slow
def test_a_url_carries_a_hash_of_the_content(static: StaticFiles, folder: Path) -> None:
    before = static.url("mypage.css")
    assert before.startswith("/static/mypage.")
    assert before.endswith(".css")
    assert StaticFiles(folder).url("mypage.css") == before
    (folder / "mypage.css").write_text(STYLE + "p { margin: 0; }")
    assert StaticFiles(folder).url("mypage.css") != before


def test_a_file_may_be_kept_for_ever(client: TestClient[Litestar], static: StaticFiles) -> None:
    answer = client.get(static.url("mypage.css"))
    assert answer.status_code == 200
    assert answer.text == STYLE
    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize(
    ("accept", "coding"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("BR", "br"),
        ("gzip", "gzip"),
        ("br;q=0, gzip;q=0.5", "gzip"),
        ("br; q=0.0, *", "gzip"),
        ("*", "br"),
        ("*;q=0", None),
        ("deflate", None),
        ("identity", None),
        ("", None),
    ],
)
def test_the_browser_gets_the_best_coding_it_takes(
    client: TestClient[Litestar], static: StaticFiles, accept: str, coding: str | None
) -> None:
    with client.stream("GET", static.url("mypage.css"), headers={"accept-encoding": accept}) as answer:
        body = b"".join(answer.iter_raw())
    assert answer.headers.get("content-encoding") == coding
    assert answer.headers["vary"] == "Accept-Encoding"
    unpack = {"br": brotli.decompress, "gzip": gzip.decompress}.get(coding or "", bytes)
    assert unpack(body) == STYLE.encode()
    assert int(answer.headers["content-length"]) == len(body)


def test_a_file_that_the_browser_has_is_not_sent_again(
    client: TestClient[Litestar], static: StaticFiles
) -> None:
    etag = client.get(static.url("mypage.css")).headers["etag"]
    for sent in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        answer = client.get(static.url("mypage.css"), headers={"if-none-match": sent})
        assert answer.status_code == 304
        assert answer.content == b""
        assert answer.headers["etag"] == etag
    assert client.get(static.url("mypage.css"), headers={"if-none-match": '"other"'}).status_code == 200


def test_each_coding_has_its_own_etag(client: TestClient[Litestar], static: StaticFiles) -> None:
    etags = {
        client.get(static.url("mypage.css"), headers={"accept-encoding": coding}).headers["etag"]
        for coding in ("br", "gzip", "identity")
    }
    assert len(etags) == 3


@pytest.mark.parametrize(
    "path",
    [
        "/static/mypage.css",
        "/static/notes.secret",
        "/static/mypage.0000000000000000.css",
        "/static/..%2fmypage.css",
        "/static/",
    ],
)
def test_anything_else_is_not_found(client: TestClient[Litestar], path: str) -> None:
    assert client.get(path).status_code == 404


def test_a_post_is_refused(client: TestClient[Litestar], static: StaticFiles) -> None:
    assert client.post(static.url("mypage.css")).status_code == 405


def test_the_favicon_is_the_icon(client: TestClient[Litestar]) -> None:
    answer = client.get("/favicon.ico")
    assert answer.headers["content-type"] == "image/svg+xml; charset=utf-8"
    assert answer.headers["cache-control"] == "public, max-age=86400"


def test_a_folder_without_an_icon_has_no_favicon(tmp_path: Path) -> None:
    with TestClient(
        Litestar(StaticFiles(tmp_path).routes(), request_class=Request, openapi_config=None)
    ) as client:
        assert client.get("/favicon.ico").status_code == 404


def test_a_name_that_is_not_there_is_a_mistake_in_the_template(static: StaticFiles) -> None:
    with pytest.raises(KeyError):
        static.url("missing.css")


def test_each_handler_names_its_permission(static: StaticFiles) -> None:
    assert [page_of(handler) for handler in static.routes()] == [open_to(Permission.PUBLIC)["page"]] * 2


def test_our_own_files_stay_within_their_budgets() -> None:
    own = Path(__file__).parents[2] / "static"
    assert (own / "mypage.css").stat().st_size <= 40_960
    assert len(for_browsers(own / "mypage.js")) <= 4_096
    files = StaticFiles(own)
    packed = sum(len(file.bodies["br"]) for file in files._files.values())
    assert packed <= 28_000, "a first page may cost 40 KB over the wire, the page itself included"


def test_our_scripts_go_out_without_comments_and_indentation(folder: Path) -> None:
    (folder / "own.js").write_text("// Why.\nif (true) {\n  // Because.\n  act(); // here\n}\n\n")
    (folder / "other-1.min.js").write_text("// theirs\n  act();\n")
    assert for_browsers(folder / "own.js") == b"if (true) {\nact(); // here\n}"
    assert for_browsers(folder / "other-1.min.js") == b"// theirs\n  act();\n"


@pytest.mark.parametrize("name", ["mypage.js", "passkey.js", "passwords.js", "kana.js"])
def test_no_text_of_our_scripts_goes_over_lines(name: str) -> None:
    """Its lines would lose what they begin with."""
    lines = (Path(__file__).parents[2] / "static" / name).read_text().splitlines()
    assert [line for line in lines if line.count("`") % 2 or line.endswith("\\") or "/*" in line] == []
