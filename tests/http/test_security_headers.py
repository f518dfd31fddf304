"""Every answer that a browser shows as a page has a policy without inline code, and the page has none."""

import re
from html.parser import HTMLParser

import pytest

from service.api import ROUTES as API_ROUTES
from service.api.explorer import list_names
from service.app import create_app
from service.credentials import write_api_key
from service.http.problems import KINDS
from service.http.route import ApiRoute
from service.mirrors import FILES
from service.mirrors import ROUTES as MIRROR_ROUTES
from service.settings import Settings
from tests import made, sites
from tests.http.wire import exchange, split

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}

VALUES = {"dataset": "made", "split": "train", "index": "0", "label": "0", "suffix": "csv", "name": "none"}
"""What stands for the parameters of paths."""

ROUTES = sorted({route.path for route in [*API_ROUTES, *MIRROR_ROUTES] if isinstance(route, ApiRoute)})

PATHS = [re.sub(r"{(\w+)[^}]*}", lambda found: VALUES.get(found[1], "none"), route) for route in ROUTES]
"""A path of every route."""

PAGES = ["/", "/docs", "/mirrors", "/v1/datasets", "/v1/datasets/made", "/v1/datasets/made/train", "/problems"]
PAGES += ["/explorer/index.html", *(f"/problems/{name}" for name in KINDS)]
"""What is a page for a browser."""

FAULTY = [
    *(f"{path}?no-such-parameter=1" for path in PATHS),
    "/no/such/page",
    "/v1/datasets/made/train/rows?limit=0",
    f"/?{'a' * 9_000}",
    "/a%2Fb",
]
"""What is a page about a problem for a browser."""


class Reader(HTMLParser):
    """Finds code in a page that does not come from a file of the service."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.inline: list[str] = []
        self.element = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.element = tag if tag == "style" or (tag == "script" and "src" not in given) else ""
        self.inline += [f"<{tag} {name}>" for name in given if name == "style" or name.startswith("on")]
        for name in ("src", "href", "action"):
            address = given.get(name) or ""
            local = name == "href" and tag == "a"  # links may lead elsewhere
            if re.match(r"javascript:", address) or (re.match(r"(https?:)?//", address) and not local):
                self.inline.append(f"<{tag} {name}={address}>")

    def handle_endtag(self, _: str) -> None:
        self.element = ""

    def handle_data(self, data: str) -> None:
        if self.element and data.strip():
            self.inline.append(f"<{self.element}>{data}")


def assert_safe(page: sites.Answer) -> None:
    """The policy allows no code but that of files of the service; so there is none, or the page would not work."""
    assert page["Content-Type"] == "text/html; charset=utf-8"
    policy = dict(one.split(" ", 1) for one in page["Content-Security-Policy"].split("; "))
    for kind in ("script-src", "style-src", "object-src", "connect-src", "font-src", "img-src"):
        allowed = set(policy.get(kind, policy["default-src"]).split())
        assert allowed <= {"'self'", "'none'"} | ({"data:", "blob:"} if kind == "img-src" else set())
    assert policy["base-uri"] == policy["form-action"] == policy["frame-ancestors"] == "'none'"
    assert page["Referrer-Policy"] == "no-referrer"
    assert page["X-Content-Type-Options"] == "nosniff"
    assert page["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "camera=()" in page["Permissions-Policy"]
    assert Reader(page.body.decode()).inline == []


@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_safe(site: sites.Site, path: str) -> None:
    made_new, page = site.get(path, BROWSER), site.get(path, BROWSER)  # the second one comes from memory
    for one in (made_new, page):
        assert one.status == 200
        assert_safe(one)
    unchanged = site.get(path, {**BROWSER, "If-None-Match": page["ETag"]})
    assert unchanged.status == 304
    assert unchanged["Content-Security-Policy"] == page["Content-Security-Policy"]


@pytest.mark.parametrize("path", FAULTY)
def test_every_page_about_a_problem_is_safe(site: sites.Site, path: str) -> None:
    page = site.get(path, BROWSER)
    assert page.status in (404, 405, 414, 422)
    assert_safe(page)


def test_pages_about_refused_keys_and_limits_are_safe() -> None:
    settings = Settings(api_keys=(write_api_key("a", "b"),), rate_limit=1)
    with sites.serving(create_app(settings, [made.source()])) as site:
        for status in (401, 429):
            page = site.get("/", BROWSER)
            assert page.status == status
            assert_safe(page)


def test_no_other_route_answers_with_a_page(site: sites.Site) -> None:
    """A page that is added has to be added here."""
    others = {*PATHS, *FILES, *(f"/explorer/{name}" for name in list_names())} - {*PAGES}
    for path in sorted(others):
        answer = site.get(path, BROWSER)
        if answer["Content-Type"].startswith("text/html"):
            assert answer.status >= 400, path
            assert_safe(answer)


def test_what_the_server_itself_refuses_is_no_page(site: sites.Site) -> None:
    for head in (b"GET / HTTP/1.1\r\nHo st: a\r\n\r\n", b"\x16\x03\x01", b"GET / HTTP/9.9\r\n\r\n"):
        (answer,) = split(exchange(site, head, *[b"\r\n\r\n"] * (b"\r\n" not in head)))
        assert answer.status == 400
        assert answer["Content-Type"] == "application/problem+json"
        assert answer.json["type"] == "/problems/bad-request"
