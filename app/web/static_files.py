"""Static files under names that carry a hash of the content, so that a browser may keep them for ever."""

import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType

import brotli  # type: ignore[import-untyped]
from litestar import Response, get
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from app.domain.access.matrix import Permission
from app.web.pages import open_to
from app.web.request import Request

FOREVER = "public, max-age=31536000, immutable"
ONE_DAY = "public, max-age=86400"

# Litestar adds the charset to text/*, and to no other.
CONTENT_TYPES = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml; charset=utf-8",
    ".txt": "text/plain",
}


@dataclass(frozen=True)
class StaticFile:
    content_type: str
    digest: str
    bodies: dict[str, bytes]
    """Content coding -> bytes, the best coding first; "identity" is the file itself."""


class StaticFiles:
    """The files of one folder, read and compressed once; `given` ones, by their names, go before the folder's."""

    def __init__(self, folder: Path, given: Mapping[str, bytes] = MappingProxyType({})) -> None:
        self._urls: dict[str, str] = {}
        self._files: dict[str, StaticFile] = {}
        for path in sorted({*folder.iterdir(), *map(folder.joinpath, given)}):
            if path.suffix in CONTENT_TYPES:
                file = _compressed(path.suffix, given.get(path.name) or for_browsers(path))
                name = f"{path.stem}.{file.digest}{path.suffix}"
                self._urls[path.name] = f"/static/{name}"
                self._files[name] = file

    def url(self, name: str) -> str:
        """Where a page finds a file, for templates. KeyError for a file that is not in the folder."""
        return self._urls[name]

    def routes(self) -> list[HTTPRouteHandler]:
        @get("/static/{name:str}", opt=open_to(Permission.PUBLIC))
        async def static_file(name: FromPath[str], request: Request) -> Response[bytes]:
            file = self._files.get(name)
            if file is None:
                raise NotFoundException
            return _answer(file, request, FOREVER)

        @get("/favicon.ico", opt=open_to(Permission.PUBLIC))
        async def favicon(request: Request) -> Response[bytes]:
            url = self._urls.get("icon.svg")
            if url is None:
                raise NotFoundException
            return _answer(self._files[url.removeprefix("/static/")], request, ONE_DAY)

        return [static_file, favicon]


def _compressed(suffix: str, content: bytes) -> StaticFile:
    bodies = {"br": brotli.compress(content), "gzip": gzip.compress(content, mtime=0), "identity": content}
    return StaticFile(CONTENT_TYPES[suffix], sha256(content).hexdigest()[:16], bodies)


def for_browsers(path: Path) -> bytes:
    """The content; of our own scripts without comments and indentation, which are for whoever reads them here."""
    content = path.read_bytes()
    if path.suffix != ".js" or path.name.endswith(".min.js"):
        return content
    lines = (line.strip() for line in content.splitlines())
    return b"\n".join(line for line in lines if line and not line.startswith(b"//"))


def _answer(file: StaticFile, request: Request, cache_control: str) -> Response[bytes]:
    coding = _coding(request.headers.get("accept-encoding", ""), file.bodies)
    etag = f'"{file.digest}-{coding}"'
    headers = {"Cache-Control": cache_control, "ETag": etag, "Vary": "Accept-Encoding"}
    if _matches(request.headers.get("if-none-match", ""), etag):
        return Response(b"", status_code=304, headers=headers)
    body = file.bodies[coding]
    if coding != "identity":
        headers["Content-Encoding"] = coding
    return Response(body, headers=headers, media_type=file.content_type)


def _coding(accept: str, bodies: dict[str, bytes]) -> str:
    """The first coding we have that the browser takes (RFC 9110, 12.5.3), else the file itself."""
    weights: dict[str, bool] = {}
    for item in accept.lower().split(","):
        coding, _, parameter = item.partition(";")
        weights[coding.strip()] = not _is_zero(parameter)
    return next((coding for coding in bodies if weights.get(coding, weights.get("*", False))), "identity")


def _is_zero(parameter: str) -> bool:
    weight = parameter.strip().removeprefix("q=").strip()
    return bool(weight) and weight.strip("0.") == ""


def _matches(if_none_match: str, etag: str) -> bool:
    tags = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
    return "*" in tags or etag in tags
