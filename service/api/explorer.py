"""The explorer: a page of files that use the public interface alone, and the JavaScript module they stand on."""

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import PurePosixPath

from service.api.dependencies import CatalogState
from service.api.module_package import MEDIA_TYPE as PACKAGE_TYPE
from service.api.module_package import build_package
from service.api.pages.cards import show_without_scripts
from service.api.static_file import StaticFile
from service.errors import DamagedData, Unknown
from service.http.pages import FOR_A_MINUTE, secure
from service.http.representation import NO_HEADERS, Representation, Whole
from service.http.request import ApiRequest
from service.http.route import ApiRoute

ROOT = files("service") / "explorer"
"""Where the files are."""

SELF_ONLY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
"""Content-Security-Policy of the page: nothing from anywhere else, and nothing inline."""

HOME = "index.html"
"""The page itself, which `/` answers with."""

HEADERS = secure(SELF_ONLY)
"""Headers of the page."""

WITHOUT_SCRIPTS = b"<noscript>\n"
"""Where the page takes what a browser shows that runs no JavaScript."""

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
class Joined:
    """What depends on a file and on the data."""

    file_digest: str
    data_digest: str

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of both digests."""
        return hashlib.sha256(f"{self.file_digest};{self.data_digest}".encode()).hexdigest()

    @property
    def rev(self) -> str:
        """The first 12 hex digits of the digest."""
        return self.digest[:12]


@cache
def read_page(name: str) -> StaticFile:
    """The file of this name, read once.

    Raises:
        DamagedData: it cannot be read, or lacks what the service looks for in it.
    """
    try:
        content = (ROOT / name).read_bytes()
    except OSError as error:
        raise DamagedData(f"explorer/{name} cannot be read ({error.strerror}); reinstall the package.") from None
    if name == HOME and WITHOUT_SCRIPTS not in content:
        raise DamagedData(f"explorer/{name} has no place for browsers without JavaScript; reinstall the package.")
    return StaticFile(MEDIA_TYPES[PurePosixPath(name).suffix[1:]], content)


@cache
def read_package() -> StaticFile:
    """The npm package of the module, made once."""
    return StaticFile(PACKAGE_TYPE, build_package(read_page("client.js").content, read_page("client.d.ts").content))


@cache
def list_names() -> frozenset[str]:
    """The names of all files that are served, a folder before a slash."""
    folders = {"": ROOT, **{f"{one.name}/": one for one in ROOT.iterdir() if one.is_dir()}}
    every = {prefix + one.name for prefix, folder in folders.items() for one in folder.iterdir()}
    return frozenset(name for name in every if PurePosixPath(name).suffix[1:] in MEDIA_TYPES)


def prepare() -> None:
    """Read every file, so that no answer opens one.

    Raises:
        DamagedData: one cannot be read.
    """
    for name in {HOME, *list_names()}:
        _ = read_page(name).digest
    _ = read_package().digest


def get_home(request: ApiRequest, catalog: CatalogState) -> Representation:
    """The explorer; without JavaScript, a picture of each dataset and links."""
    file = read_page(HOME)
    before, marker, after = file.content.partition(WITHOUT_SCRIPTS)
    return Representation(
        media_type=file.media_type,
        body=Whole(lambda: b"".join([before, marker, show_without_scripts(request, catalog), after])),
        version=Joined(file.digest, catalog.digest),
        headers=HEADERS,
        cache_control=FOR_A_MINUTE,
    )


def get_module() -> Representation:
    """The JavaScript module."""
    return read_page("client.js").represent(cache_control=FOR_A_MINUTE)


def get_module_types() -> Representation:
    """The types of the JavaScript module."""
    return read_page("client.d.ts").represent(cache_control=FOR_A_MINUTE)


def get_module_package() -> Representation:
    """The JavaScript module and its types as an npm package."""
    return read_package().represent(cache_control=FOR_A_MINUTE)


def get_part(name: str) -> Representation:
    """A file of the explorer."""
    if name not in list_names():
        raise Unknown("file of the explorer", name, "those that the page at / names")
    file = read_page(name)
    headers = HEADERS if file.media_type == MEDIA_TYPES["html"] else NO_HEADERS
    return file.represent(cache_control=FOR_A_MINUTE, headers=headers)


ROUTES = (
    ApiRoute("/client.js", get_module, include_in_schema=False),
    ApiRoute("/client.tgz", get_module_package, include_in_schema=False),
    ApiRoute("/client.d.ts", get_module_types, include_in_schema=False),
    ApiRoute("/explorer/{name:path}", get_part, include_in_schema=False),
    ApiRoute("/", get_home, include_in_schema=False),
)
