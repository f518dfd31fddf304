"""Problems as pages: what a person sees who follows a wrong link, and that programs still get JSON."""

import re
from html import unescape

import pytest

from service.http.problems import KINDS
from tests.http.expect import assert_problem, stable_headers
from tests.http.test_accept import BROWSERS
from tests.sites import Answer, Site

BROWSER = {"Accept": BROWSERS[0]}

HERE = "/v1/datasets/made/train"

WRONG = {
    "/nothing": "unknown-resource",
    "/v1/datasets/made/": "unknown-resource",
    "/v1/datasets/made%2Ftrain": "unknown-resource",
    "/v1/datasets/iris": "unknown-resource",
    f"{HERE}/samples/99": "unknown-resource",
    "/problems/none": "unknown-resource",
    f"{HERE}/rows?limit=0&colour=red": "invalid-request",
    f"{HERE}/samples/x": "invalid-request",
    f"{HERE}/rows?format=xml": "not-acceptable",
    f"{HERE}/rows?rev=wrong": "changed-data",
    f"{HERE}?rev=wrong": "changed-data",
    f"{HERE}/batches?start=99": "end-of-epoch",
    "/" + "a" * 8_200: "uri-too-long",
}
"""Addresses that a browser can open, and the kind of problem that it meets."""


def read_text(answer: Answer) -> str:
    """The words of a page."""
    return unescape(re.sub(r"<[^>]*>", " ", answer.body.decode()))


@pytest.mark.parametrize(("target", "name"), WRONG.items(), ids=lambda one: str(one)[:40])
def test_a_problem_is_a_page_for_a_browser_and_says_the_same(site: Site, target: str, name: str) -> None:
    problem = assert_problem(site.get(target), name)
    page = site.get(target, BROWSER)
    assert (page.status, page["Content-Type"]) == (problem["status"], "text/html; charset=utf-8")
    assert page["Cache-Control"] == "no-store"
    assert page["Vary"] == "Accept"
    assert "ETag" not in page.headers
    text = read_text(page)
    for word in (str(problem["status"]), problem["title"], problem["detail"], problem["instance"]):
        assert word in text
    for fault in problem.get("errors", []):
        assert fault["name"] in text
        assert fault["reason"] in text
    assert f'href="{problem["type"]}"' in page.body.decode()


@pytest.mark.parametrize("target", WRONG, ids=lambda one: str(one)[:40])
def test_head_of_a_problem_has_the_headers_of_get(site: Site, target: str) -> None:
    for accept in ({}, BROWSER):
        get, head = site.get(target, accept), site.head(target, accept)
        assert (head.status, head.body, stable_headers(head)) == (get.status, b"", stable_headers(get))


@pytest.mark.parametrize(
    "accept",
    [None, "*/*", "application/json", "application/problem+json", "image/avif,image/webp,*/*;q=0.8", "text/html, */*"],
)
def test_programs_pictures_and_scripts_get_json(site: Site, accept: str | None) -> None:
    headers = {} if accept is None else {"Accept": accept}
    answer = site.get("/v1/datasets/iris", headers)
    assert_problem(answer, "unknown-resource")
    assert answer["Vary"] == "Accept"


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "'\"><img src=x onerror=alert(1)>", "{{ 7*7 }}", "&lt;"])
@pytest.mark.parametrize(
    "template", ["/v1/datasets/{}", "/{}", f"{HERE}/rows?{{}}=1", f"{HERE}/rows?scale={{}}", f"{HERE}/rows?rev={{}}"]
)
def test_nothing_of_an_address_becomes_a_part_of_the_page(site: Site, template: str, text: str) -> None:
    encoded = "".join(f"%{byte:02X}" for byte in text.encode() if chr(byte) != "/")
    page = site.get(template.format(encoded), BROWSER)
    assert page["Content-Type"] == "text/html; charset=utf-8"
    body = page.body.decode()
    assert body.count("<script") == 1  # that of the theme
    assert "<img" not in body
    assert "onerror=alert(1)>" not in body
    assert "49" not in re.findall(r"<p class=\"lead\">(.*)</p>", body)[0]


def test_other_answers_are_for_a_browser_what_they_are_for_programs(site: Site) -> None:
    for target in (f"{HERE}/rows", f"{HERE}/samples/0", f"{HERE}/labels", "/openapi.json"):
        for_program, for_browser = site.get(target), site.get(target, BROWSER)
        assert for_browser.body == for_program.body
        assert for_browser["Content-Type"] == "application/json"


def test_a_condition_that_fails_and_a_wrong_range_are_pages_too(site: Site) -> None:
    for headers, name in (
        ({"If-Match": '"x"'}, "precondition-failed"),
        ({"Range": "bytes=999999-"}, "range-not-satisfiable"),
    ):
        for _ in range(2):  # made, and from the cache
            page = site.get(f"{HERE}/rows", {**BROWSER, **headers})
            assert (page.status, page["Content-Type"]) == (KINDS[name].status, "text/html; charset=utf-8")
