"""The page at `/`, its files and the JavaScript module over HTTP."""

import re
from html import unescape
from urllib.parse import urljoin

import pytest

from service.api.explorer import list_names
from tests import sites

LOCAL = re.compile(r'(?:href|src)="([^"#:]+)"')
IMPORTED = re.compile(r'(?:from|import\()\s*"(\.[^"]+)"')
LOADED_LATER = re.compile(r'\bstyle\("([^"]+)"\)')
LOADED = re.compile(r'url\("([^"]+\.woff2)"\)')


def test_the_page_may_load_nothing_from_elsewhere(site: sites.Site) -> None:
    page = site.get("/")
    assert page["Content-Type"] == "text/html; charset=utf-8"
    policy = page["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert b"<style" not in page.body
    assert b"style=" not in page.body


def test_everything_that_the_page_names_is_there(site: sites.Site) -> None:
    parts = {urljoin("/", unescape(part)).removeprefix("/") for part in LOCAL.findall(site.get("/").body.decode())}
    assert {"client.js", "docs", "v1/datasets"} <= parts
    assert [part for part in parts if site.get(f"/{part}").status != 200] == []
    parts |= set(LOCAL.findall(site.get("/problems?format=html").body.decode()))
    named = {part.lstrip("/").removeprefix("explorer/") for part in parts}
    scripts = "".join(site.get(f"/explorer/{name}").body.decode() for name in list_names() if name.endswith(".js"))
    named |= {f"{style}.css" for style in LOADED_LATER.findall(scripts)}
    assert {name for name in list_names() if name.endswith((".css", ".woff2", ".svg"))} <= named


@pytest.mark.parametrize("name", sorted(name for name in list_names() if name.endswith((".js", ".css"))))
def test_everything_that_a_file_names_is_there(site: sites.Site, name: str) -> None:
    answer = site.get(f"/explorer/{name}")
    assert answer.status == 200
    text = answer.body.decode()
    code = re.sub(r"^\s*(\*|//).*", "", text, flags=re.MULTILINE).replace("https://digits.example", "")
    assert "https://" not in code, "it must work offline"
    for part in (*IMPORTED.findall(text), *LOADED.findall(text)):
        path = part.removeprefix("../") if part.startswith("../") else f"explorer/{part.removeprefix('./')}"
        assert site.get(f"/{path}").status == 200, part


@pytest.mark.parametrize(
    ("path", "media"),
    [
        ("/client.js", "text/javascript; charset=utf-8"),
        ("/client.d.ts", "text/plain; charset=utf-8"),
        ("/explorer/icon.svg", "image/svg+xml"),
        ("/explorer/fonts/ibm-plex-sans-latin-400-normal.woff2", "font/woff2"),
    ],
)
def test_files_are_kept_for_a_minute_and_checked_by_their_content(site: sites.Site, path: str, media: str) -> None:
    answer = site.get(path, {"Accept-Encoding": "gzip"})
    assert (answer.status, answer["Content-Type"]) == (200, media)
    assert answer["Cache-Control"] == "public, max-age=60"
    assert answer["Access-Control-Allow-Origin"] == "*"
    assert ("Content-Encoding" in answer.headers) == (media != "font/woff2")
    again = site.get(path, {"Accept-Encoding": "gzip", "If-None-Match": answer["ETag"]})
    assert (again.status, again.body) == (304, b"")


@pytest.mark.parametrize("name", ["nothing.js", "fonts", "fonts/LICENSE", "../settings.py", "..", "__init__.py", ""])
def test_other_files_are_not_there(site: sites.Site, name: str) -> None:
    assert site.get(f"/explorer/{name}").status == 404
