"""The explorer: a page of files that use the public interface alone, and the JavaScript module they stand on."""

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import PurePosixPath

from fastapi import Response

from service.errors import Unknown
from service.web.answers import respond
from service.web.route import Asked, Route

ROOT = files("service") / "explorer"
"""Where the files lie."""

FOR_A_MINUTE = "public, max-age=60"
"""Pages, scripts and styles of one release belong together, so no cache may keep one much longer than the others."""

SELF_ONLY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
"""Content-Security-Policy of the page: nothing from anywhere else, and nothing inline."""

MEDIA_TYPES = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "ts": "text/plain; charset=utf-8",
    "svg": "image/svg+xml",
    "woff2": "font/woff2",
}
"""Media types by suffix; files of other kinds are not served."""


@dataclass(frozen=True)
class Page:
    """A file of the explorer, pinned by its content."""

    name: str
    media_type: str
    text: bool
    content: bytes
    digest: str

    @property
    def rev(self) -> str:
        """The first 12 hex digits of the digest."""
        return self.digest[:12]


@cache
def page(name: str) -> Page:
    """The file of this name, read once."""
    content = (ROOT / name).read_bytes()
    suffix = PurePosixPath(name).suffix[1:]
    return Page(name, MEDIA_TYPES[suffix], suffix != "woff2", content, hashlib.sha256(content).hexdigest())


@cache
def names() -> frozenset[str]:
    """The names of all files that are served, a folder before a slash."""
    folders = {"": ROOT, **{f"{one.name}/": one for one in ROOT.iterdir() if one.is_dir()}}
    every = {prefix + one.name for prefix, folder in folders.items() for one in folder.iterdir()}
    return frozenset(name for name in every if PurePosixPath(name).suffix[1:] in MEDIA_TYPES)


async def home(asked: Asked) -> Response:
    """The explorer."""
    return await _answer(asked, "index.html", {"Content-Security-Policy": SELF_ONLY, "Referrer-Policy": "no-referrer"})


async def client(asked: Asked) -> Response:
    """The JavaScript module."""
    return await _answer(asked, "client.js")


async def types(asked: Asked) -> Response:
    """The module's types."""
    return await _answer(asked, "client.d.ts")


async def part(asked: Asked, name: str) -> Response:
    """A file of the explorer."""
    if name not in names():
        raise Unknown("file of the explorer", name, "those that the page at / names")
    return await _answer(asked, name)


async def _answer(asked: Asked, name: str, headers: dict[str, str] | None = None) -> Response:
    file = page(name)
    return await respond(
        asked, file, file, lambda: file.content, headers={"Cache-Control": FOR_A_MINUTE, **(headers or {})}
    )


ROUTES = (
    Route("/client.js", client, include_in_schema=False),
    Route("/client.d.ts", types, include_in_schema=False),
    Route("/explorer/{name:path}", part, include_in_schema=False),
    Route("/", home, include_in_schema=False),
)
