"""Cards and kinds of problems as pages: every fact, every link, one entity tag for each representation."""

import re
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from typing import Any

import pytest

from service.app import create_app
from service.datasets.source import Source
from service.http.problems import KINDS
from service.settings import Settings
from tests import made, sites
from tests.http.expect import assert_problem, stable_headers
from tests.http.test_accept import BROWSERS
from tests.sites import Answer, Site

BROWSER = {"Accept": BROWSERS[0]}

HTML = "text/html; charset=utf-8"

CARDS = ["/v1/datasets/mnist", "/v1/datasets/digits", "/v1/datasets/mnist/train", "/v1/datasets/digits/all"]

DOCUMENTS = ["/v1/datasets", "/v1/datasets/made", "/v1/datasets/made/train", "/problems", "/problems/too-large"]

HIDDEN = {"labels": "as rows of a table", "splits": "on pages of their own", "links": "as links"}
"""Parts of a card whose keys are not text of the page."""

every_document = pytest.mark.parametrize("path", DOCUMENTS)


class Reader(HTMLParser):
    """Collects the words and the links of a page."""

    def __init__(self, page: Answer) -> None:
        """Read a page."""
        super().__init__()
        self.text = ""
        self.links: dict[str, str] = {}
        self.pictures: list[dict[str, str | None]] = []
        self.opened: list[str] = []
        self.feed(page.body.decode())
        self.text = " ".join(self.text.split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remember addresses."""
        values = dict(attrs)
        if tag in ("a", "link", "script") and (target := values.get("href") or values.get("src")):
            self.links[target] = tag
        if tag == "img":
            self.pictures.append(values)
        self.opened.append(tag)

    def handle_data(self, data: str) -> None:
        """Remember words."""
        self.text += f" {data}"


def list_facts(value: Any, name: str = "") -> Iterator[tuple[str, str]]:  # noqa: ANN401 - JSON
    """Every value of a card as a page writes it, by its name."""
    if isinstance(value, dict):
        for key, one in value.items():
            if key not in HIDDEN:
                yield from list_facts(one, key)
    elif isinstance(value, list):
        for one in value:
            yield from list_facts(one, name)
    elif value is not None:
        if name in ("count", "first"):
            yield name, f"{value:,}"
        else:
            whole = isinstance(value, float) and value.is_integer()
            yield name, " ".join(str(int(value) if whole else value).split())


@pytest.mark.parametrize("path", CARDS)
def test_every_fact_of_a_card_stands_on_its_page(live: Site, path: str) -> None:
    card = live.get(path).json
    page = Reader(live.get(path, BROWSER))
    facts = dict.fromkeys(list_facts(card))
    assert len(facts) > 15
    whole = page.text + " ".join(page.links)
    assert [(name, fact) for name, fact in facts if fact not in whole] == []
    if "splits" in card:
        for name, split in card["splits"].items():
            assert f"{name} {split['count']:,} {split['first']:,} {' × '.join(map(str, split['shape']))}" in page.text
    else:
        for label, count in card["labels"].items():
            assert f"{label} {count:,} rows" in page.text


@pytest.mark.parametrize("path", ["/v1/datasets/made", "/v1/datasets/made/test"])
def test_every_link_of_a_card_is_one_of_its_page_and_pins_the_revision(site: Site, path: str) -> None:
    card = site.get(path).json
    links = Reader(site.get(path, BROWSER)).links
    for relation, link in card["links"].items():
        assert link in links or (relation == "self" and f"{link}&format=json" in links), relation


@every_document
def test_everything_that_a_page_names_is_there(site: Site, path: str) -> None:
    page = Reader(site.get(path, BROWSER))
    local = [one for one in page.links if one.startswith("/")]
    pictures = [str(one["src"]) for one in page.pictures]
    assert len(local) > 8
    assert [one for one in [*local, *pictures] if site.get(one.partition("#")[0]).status != 200] == []
    for one in page.pictures:
        assert one["alt"]
        assert one["width"]


@every_document
def test_a_page_is_for_who_likes_html_better_and_json_for_everybody_else(site: Site, path: str) -> None:
    programs: tuple[dict[str, str], ...] = (
        {},
        {"Accept": "*/*"},
        {"Accept": "application/json, text/html;q=0.9"},
        {"Accept": "audio/ogg"},
    )
    for headers in programs:
        answer = site.get(path, headers)
        assert (answer.status, answer["Content-Type"]) == (200, "application/json")
        assert answer["Vary"] == "Accept, Accept-Encoding"
    for accept in BROWSERS:
        page = site.get(path, {"Accept": accept})
        assert (page.status, page["Content-Type"]) == (200, HTML)
        assert page["Vary"] == "Accept, Accept-Encoding"
        assert page["Cache-Control"] == "public, max-age=60"
        assert "default-src 'none'" in page["Content-Security-Policy"]


@every_document
def test_format_decides_before_accept(site: Site, path: str) -> None:
    assert site.get(f"{path}?format=json", BROWSER).body == site.get(path).body
    page = site.get(f"{path}?format=html", {"Accept": "application/json"})
    assert page.body == site.get(path, BROWSER).body
    assert page["Vary"] == "Accept-Encoding"
    problem = assert_problem(site.get(f"{path}?format=xml"), "not-acceptable")
    assert "one of json, html" in problem["detail"]


@every_document
def test_each_representation_has_an_entity_tag_of_its_own_and_none_is_answered_for_another(
    site: Site, path: str
) -> None:
    accepts = [BROWSER, {}, {"Accept-Encoding": "gzip"}, {**BROWSER, "Accept-Encoding": "gzip"}]
    for _ in range(2):  # made, and from the cache
        answers = [site.get(path, accept) for accept in accepts]
        assert len({answer["ETag"] for answer in answers}) == len(accepts)
        assert len({answer.body for answer in answers}) == len(accepts)
        for one, accept in enumerate(accepts):
            for other, answer in enumerate(answers):
                again = site.get(path, {**accept, "If-None-Match": answer["ETag"]})
                assert (again.status, again.body == b"") == ((304, True) if one == other else (200, False))


@every_document
def test_head_of_a_page_has_the_headers_of_get(site: Site, path: str) -> None:
    get, head = site.get(path, BROWSER), site.head(path, BROWSER)
    assert (head.status, head.body, stable_headers(head)) == (200, b"", stable_headers(get))


@every_document
def test_a_page_has_no_code_and_no_style_within(site: Site, path: str) -> None:
    page = site.get(path, BROWSER)
    assert Reader(page).opened.count("script") == 1
    assert re.findall(rb"<style|style=| on\w+=|javascript:", page.body) == []


def test_what_a_dataset_says_is_text_on_its_page() -> None:
    hostile = "<script>alert('&')</script>"
    source = made.source()
    card = replace(source.card, title=hostile)
    strange = Source(card, lambda: replace(source.load(), card=card, notes=hostile))
    with sites.serving(create_app(Settings(), [strange])) as running:
        for path in ("/v1/datasets", "/v1/datasets/made", "/v1/datasets/made/train", "/"):
            body = running.get(path, BROWSER).body.decode()
            assert "<script>alert" not in body
            assert "&lt;script&gt;alert" in body


def test_pages_link_below_the_path_at_which_a_proxy_shows_them() -> None:
    with sites.serving(create_app(Settings(root_path="/digits"), [made.source()])) as running:
        for path in [*DOCUMENTS, "/nothing", "/"]:
            answer = running.get(path, BROWSER)
            page = Reader(answer)
            for target in [*page.links, *(str(one["src"]) for one in page.pictures)]:
                outside = target.startswith(("http", "#")) or not target.startswith("/")
                assert outside or target.startswith("/digits/"), target


def test_without_scripts_the_home_page_has_pictures_facts_and_files(site: Site) -> None:
    home = site.get("/").body.decode()
    inside = unescape(home.partition("<body>")[2].partition("<noscript>")[2].partition("</noscript>")[0])
    assert "Made insects and beasts" in inside
    for target in (
        "/v1/datasets/made?",
        "/v1/datasets/made/test.csv?",
        "/v1/datasets/made/train/grid.png?",
        "/problems",
    ):
        assert f'"{target}' in inside
    targets = re.findall(r'(?:href|src)="(/[^"]*)"', inside)
    assert [one for one in targets if site.get(one).status != 200] == []
    assert "needs JavaScript" in inside


def test_the_home_page_changes_its_entity_tag_with_the_data(site: Site) -> None:
    with sites.serving(create_app(Settings(), [made.source(seed=5)])) as other:
        tags = {other.get("/")["ETag"], site.get("/")["ETag"]}
    assert len(tags) == 2


def test_every_kind_of_problem_is_listed_with_its_remedy(site: Site) -> None:
    listed = site.get("/problems").json
    assert [one["type"] for one in listed["problems"]] == [f"/problems/{name}" for name in KINDS]
    for one in listed["problems"]:
        assert site.get(one["type"]).json == one
        page = Reader(site.get(one["type"], BROWSER))
        assert f"{one['title']}" in page.text
        assert re.sub(r"[`\s]+", "", one["remedy"]) in re.sub(r"\s+", "", page.text)
    page = Reader(site.get("/problems", BROWSER))
    assert {one["type"] for one in listed["problems"]} <= set(page.links)
