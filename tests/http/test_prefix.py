"""Behind a real nginx that shows the service under a path: no link of any kind leads out of it, and every one works."""

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urldefrag, urljoin, urlsplit

import pytest

from service.app import create_app
from service.settings import Settings
from tests import made, sites
from tests.http.proxy import PREFIX, proxy

START = ["/", "/docs", "/openapi.json", "/mirrors", "/mirrors?format=json", "/problems", "/v1/datasets?format=json"]
START += [
    "/v1/datasets/made/train/rows?limit=2",
    "/v1/datasets/made/train/samples/0",
    "/no/such/page",
    "/explorer/none",
]
START += ["/v1/datasets/made/train/labels", "/v1/datasets/made/train/batches/plan?batch_size=4", "/?a=1"]
START += ["/v1/datasets/made/train/batches?batch_size=4", "/v1/datasets/made/train/grid.json?limit=4"]

UNFOLLOWED = (f"{PREFIX}/mirrors/", f"{PREFIX}/exdb/")
"""Files of the real datasets, which are not behind this proxy."""


@pytest.fixture(scope="module", params=["keeps", "removes"])
def shown(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[sites.Site]:
    """The service as clients of a proxy see it, which keeps the prefix in the path or removes it."""
    settings = Settings(root_path=PREFIX, trusted_proxies=("127.0.0.1",))
    with sites.serving(create_app(settings, [made.source()]), settings) as behind:
        upstream = behind.url if request.param == "keeps" else f"{behind.url}/"
        with proxy(upstream, tmp_path_factory.mktemp("nginx")) as site:
            yield site


class Addresses(HTMLParser):
    """The addresses in a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.feed(page)

    def handle_starttag(self, _: str, attrs: list[tuple[str, str | None]]) -> None:
        names = ("href", "src", "srcset", "action", "poster", "data", "data-document", "content")
        for name, value in attrs:
            if name in names and value and (name != "content" or "/" in value):
                self.found.add(value)


def find_addresses(answer: sites.Answer) -> set[str]:
    """Every address in an answer: in its headers, and in its body by the kind of text."""
    kind = answer.headers.get("Content-Type", "").partition(";")[0]
    text = answer.body.decode() if kind.startswith("text/") or kind.endswith("json") else ""
    found = set(re.findall(r"<([^>]*)>", answer.headers.get("Link", ""))) | set(answer.headers.get_all("Location", []))
    if kind == "text/html":
        found |= Addresses(text).found | find_absolute(text)
    elif kind == "text/css":
        found |= set(re.findall(r"url\([\"']?([^)\"']+)", text))
    elif kind == "text/javascript":
        found |= set(re.findall(r"""^(?:import|export)\b[^"';]*["'](\.[^"']+)["']""", text, re.MULTILINE))
    elif kind.endswith("json") and kind != "application/x-ndjson":
        document = json.loads(text)
        found |= {one["url"] for one in document["servers"]} if "openapi" in document else set(walk(document))
    return found


def find_absolute(text: str) -> set[str]:
    """Addresses of the service in a text, such as the code of a recipe."""
    return set(re.findall(r"https?://127\.0\.0\.1(?::\d+)?[^\s\"'<>`&;,)\\]*", text))


def walk(value: Any) -> Iterator[str]:  # noqa: ANN401 - JSON
    """The texts of a document that are addresses."""
    if isinstance(value, dict):
        for one in value.values():
            yield from walk(one)
    elif isinstance(value, list):
        for one in value:
            yield from walk(one)
    elif isinstance(value, str) and re.match(r"/[^/\s]", value) and "{" not in value:
        yield value
    elif isinstance(value, str):
        yield from find_absolute(value)


def test_no_link_leads_out_of_the_prefix(shown: sites.Site) -> None:
    host = urlsplit(shown.url).netloc
    waiting, seen = [f"{PREFIX}{path}" for path in START], {PREFIX}  # nginx itself redirects this one
    wrong = []
    for target in waiting:
        for accept in ("text/html,*/*;q=0.8", "*/*"):
            answer = shown.get(target, {"Accept": accept})
            if answer.status >= 400 and target.removeprefix(PREFIX) not in START:
                wrong.append(f"{target}: {answer.status}")
            for address in find_addresses(answer):
                found = urlsplit(urljoin(f"https://{host}{target}", urldefrag(address).url))
                if found.netloc != host or found.scheme not in ("http", "https"):
                    continue  # a licence, a source
                if found.scheme != "https" or not f"{found.path}/".startswith(f"{PREFIX}/"):
                    wrong.append(f"{target}: {address}")
                elif (family := re.sub(r"\d+", "0", found.path)) not in seen:
                    seen.add(family)
                    if not family.startswith(UNFOLLOWED):
                        waiting.append(found.path + (f"?{found.query}" if found.query else ""))
    assert not wrong, "\n".join(wrong)
    assert len(seen) > 150
